"""An experiment: a model, what it learns from and how, and how it is judged; and its outcome, kept and read back."""

import copy
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Self

import torch
from torch import Tensor, nn

from ggd_helpers.evaluation.report import Measure, Report, evaluate
from ggd_helpers.files import written_whole
from ggd_helpers.recordings.recording import Recording
from ggd_helpers.training.contracts import Recipe
from ggd_helpers.training.fit import History, fit
from ggd_helpers.training.self_scaled_bfgs import SelfScaledBFGS
from ggd_helpers.training.side_by_side import side_by_side


@dataclass
class Outcome:
    """What came out of an experiment, just now or read back from a file.

    Attributes:
        name: of the experiment.
        history: how the loss fell.
        metrics: numbers by test set, under the names that all chapters share.
        by_trajectory: by test set, what was measured on each trajectory, `(trajectory,)` each.
        frames: by test set, the rollout of one trajectory at four times, `(4, n)`.
        about: how it came about (seed, recipe; command, date and chapter's parameters where it was kept).
        model: the trained model, on the CPU in float64; `None` when read back.
        reports: by test set, with whole rollouts; none when read back.
    """

    name: str
    history: History
    metrics: dict[str, dict[str, float]]
    by_trajectory: dict[str, dict[str, Tensor]]
    frames: dict[str, Tensor]
    about: dict[str, Any]
    model: Any = None
    reports: dict[str, Report] = field(default_factory=dict)

    @property
    def velocity_errors(self) -> dict[str, Tensor]:
        """By test set, the mean squared error of the velocity on each trajectory, `(trajectory,)`."""
        return {test: values["velocity_errors"] for test, values in self.by_trajectory.items()}

    @property
    def rollout_errors(self) -> dict[str, Tensor]:
        """By test set, the mean squared error of the rollout of each trajectory, `(trajectory,)`."""
        return {test: values["rollout_errors"] for test, values in self.by_trajectory.items()}

    @property
    def report(self) -> Report:
        """The report of the only test set."""
        (report,) = self.reports.values()
        return report

    def keep(self, path: Path, **about: Any) -> None:
        """Write all but the model to a JSON file, with what else is to be known about it."""
        content = {
            "name": self.name,
            "about": self.about | about,
            "metrics": self.metrics,
            "history": asdict(self.history),
            "by_trajectory": {test: _lists(values) for test, values in self.by_trajectory.items()},
            "frames": _lists(self.frames),
        }
        with written_whole(path) as partial:
            partial.write_text(json.dumps(content) + "\n", encoding="utf-8")

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read what `keep` wrote.

        Raises:
            ValueError: the file is cut short, or is not of this kind.
        """
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            return cls(
                content["name"],
                History(**content["history"]),
                content["metrics"],
                {test: _tensors(values) for test, values in content["by_trajectory"].items()},
                _tensors(content["frames"]),
                content["about"],
            )
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ValueError(
                f"{path} is cut short or was not written by Outcome.keep ({error}): make it again."
            ) from error


def _lists(tensors: Mapping[str, Tensor]) -> dict[str, list]:
    return {name: tensor.tolist() for name, tensor in tensors.items()}


def _tensors(lists: Mapping[str, list]) -> dict[str, Tensor]:
    return {name: torch.tensor(values, dtype=torch.float64) for name, values in lists.items()}


@dataclass(frozen=True)
class Experiment:
    """A model, the recording that it learns from, and the test sets that it is judged on.

    Args:
        name: of the experiment, and of its entry in results.json where there is one test set.
        model: what is trained; a copy of it, so that an experiment can be run again.
        train: the recording to learn from.
        tests: the test sets, by the name of their entry in results.json.
        measures: what is measured on each.
        recipe: how to train.
        seed: of the training.
        device, dtype: where and in which precision to train; judged is on the CPU in float64.
        stride, substeps: of the rollouts; see `Report`.
    """

    name: str
    model: nn.Module
    train: Recording
    tests: Mapping[str, Recording]
    measures: Sequence[Measure]
    recipe: Recipe = field(default_factory=SelfScaledBFGS)
    seed: int = 0
    device: torch.device | str = "cpu"
    dtype: torch.dtype = torch.float64
    stride: int = 1
    substeps: int = 1

    def run(self, progress: bool = True, checkpoint: Path | None = None) -> Outcome:
        """Train, bring the model home, and take the measures on every test set; see `fit` for the checkpoint."""
        model = copy.deepcopy(self.model).to(self.device, self.dtype)
        history = fit(model, self.train, self.recipe, seed=self.seed, checkpoint=checkpoint, progress=progress)
        return self.judge(model.to("cpu", torch.float64), history)

    def judge(self, model: nn.Module, history: History) -> Outcome:
        """Take the measures of a trained model on every test set."""
        reports = {
            test: evaluate(model, data, self.measures, self.stride, self.substeps) for test, data in self.tests.items()
        }
        seconds = {"train_seconds": history.seconds[-1]} if history.seconds else {}
        return Outcome(
            self.name,
            history,
            {test: report.metrics | seconds for test, report in reports.items()},
            {test: report.by_trajectory for test, report in reports.items()},
            {test: four_frames(report) for test, report in reports.items() if "rollout_mse" in report.metrics},
            {"seed": self.seed, "recipe": repr(self.recipe)},
            model,
            reports,
        )


def run_all(experiments: Sequence[Experiment], progress: bool = True) -> list[Outcome]:
    """Run experiments on all cores at once (on a GPU one after another); their outcomes, in the same order.

    The numbers are those of running each by itself. `train_seconds` counts the time in its own process.
    """
    runs = [partial(each.run, progress=False) for each in experiments]
    if any(torch.device(each.device).type != "cpu" for each in experiments):
        return [run() for run in runs]
    return side_by_side(runs, progress)


def four_frames(report: Report, trajectory: int = 2) -> Tensor:
    """A rollout of one trajectory (the last, if there are fewer) at its beginning, one and two thirds, and its end."""
    states = report.rollout.states
    chosen = states[min(trajectory, len(states) - 1)]
    return chosen[torch.linspace(0, len(chosen) - 1, 4).long()]
