"""The record of a chapter: its checked parameters, figures, experiments, and what it leaves behind in one folder."""

import json
import math
import os
import platform
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from importlib import metadata
from pathlib import Path
from typing import Any

import torch
from IPython.display import Markdown
from matplotlib.figure import Figure
from safetensors.torch import save

from ggd_helpers.claims import Claims
from ggd_helpers.devices import choose_device
from ggd_helpers.experiments import Outcome
from ggd_helpers.files import CHAPTERS, DATA, MANIFEST, commit, data_path, sha256, written_whole
from ggd_helpers.parameters import load_notebook, parameters_of
from ggd_helpers.tables import OverSeeds, Table


class Record:
    """What a chapter is run with and what it finds; `save` writes it down.

    Made right after the parameters cell, it takes the parameters that the chapter declares there from the notebook's
    variables, and refuses a value outside its range.

    Args:
        chapter: the name of the notebook, without `.ipynb`.
        variables: `globals()` of the notebook.

    Attributes:
        parameters: the values by name.
        device: where to train, as the parameter `device` says.
        metrics: numbers by experiment.
        models: whose weights are written, by name.
        claims: what the chapter claims, with values and verdicts.

    Raises:
        ValueError: a parameter out of its range, or not defined.
    """

    def __init__(self, chapter: str, variables: Mapping[str, Any]):
        self.chapter, self._started = chapter, time.perf_counter()
        beside = Path(f"{chapter}.ipynb")
        notebook = beside if beside.is_file() else CHAPTERS / beside
        declared = parameters_of(load_notebook(notebook))
        missing = [name for name in declared if name not in variables]
        if missing:
            raise ValueError(f"{missing[0]} is not defined: run the cell with the parameters first.")
        self.parameters = {name: variables[name] for name in declared}
        for name, parameter in declared.items():
            parameter.check(self.parameters[name])
        self.device = choose_device(self.parameters.get("device", "cpu"))
        self.metrics: dict[str, dict[str, float]] = {}
        self.models: dict[str, torch.nn.Module] = {}
        self.claims = Claims()
        self._data = _files_named_by(self.parameters)
        self._sha256 = {notebook.name: sha256(notebook)} | {name: sha256(path) for name, path in self._data.items()}
        self._commit = commit()

    @property
    def folder(self) -> Path:
        """Where everything goes: the parameter `out`."""
        return Path(self.parameters["out"])

    def figure(self, figure: Figure, name: str) -> Figure:
        """Keep a figure as `OUT/figures/NAME.png`, and hand it back for the page, laid out as it is there."""
        with self._writing(f"figures/{name}.png") as partial:
            figure.savefig(partial, dpi=150, format="png")
        figure.set_layout_engine("none")  # finding where things lie takes as long as to draw them
        return figure

    def page(self, text: str, name: str) -> Markdown:
        """Keep a text in Markdown as `OUT/NAME.md`, and hand it back for the page."""
        with self._writing(f"{name}.md") as partial:
            partial.write_text(text, encoding="utf-8")
        return Markdown(text)

    def add(self, outcome: Outcome) -> Outcome:
        """Take in the numbers and the model of an experiment, and hand it back."""
        self.metrics |= outcome.metrics
        if outcome.model is not None:
            self.models[outcome.name] = outcome.model
        return outcome

    def kept(self, name: str) -> Outcome | None:
        """The outcome that the course keeps in `data/NAME`; `None` where it is of other parameters than this run."""
        outcome = Outcome.read(data_path(name))
        own = self.parameters.items()
        return outcome if outcome.about["parameters"].items() <= own else None

    def claim(self, claims: Mapping[str, tuple[float, str]]) -> Claims:
        """State what the chapter claims: by text, the value and its bound in words, as in `"1e-9 or less"`.

        Raises:
            ValueError: a bound in other words than those of `ranges.read_range`.
        """
        self.claims = Claims.of(claims)
        return self.claims

    def table(self, rows: Mapping[str, str], columns: Sequence[str]) -> Table:
        """The numbers of experiments (by the label of their row) under some names, and what is kept over seeds."""
        return Table(self.metrics, rows, columns, self._over_seeds())

    def _over_seeds(self) -> OverSeeds | None:
        """What the course keeps of this chapter over seeds; `None` where it is of other parameters than this run."""
        path = DATA / f"{self.chapter}_seeds.json"
        kept = OverSeeds.read(path) if path.is_file() else None
        return kept if kept and kept.about["parameters"].items() <= self.parameters.items() else None

    def save(self) -> Path:
        """Write `OUT/results.json`, and the weights of every model as `OUT/NAME.safetensors`, each whole or not at all.

        A number that was not measured is left out, never set to zero; one that is not finite stands under `failed`, not
        under `metrics`. `seconds` counts from the making of the record.
        """
        metrics, failed = self._sorted_out()
        for name, model in self.models.items():
            weights = {key: value.cpu().clone().contiguous() for key, value in model.state_dict().items()}  # unshared
            with self._writing(f"{name}.safetensors") as partial:
                partial.write_bytes(save(weights))
        content = {
            "chapter": self.chapter,
            "parameters": self._portable_parameters(),
            "seconds": round(time.perf_counter() - self._started, 1),
            "device": str(self.device),
            "seed": self.parameters.get("seed"),
            "commit": self._commit,
            "sha256": self._sha256,
            "threads": torch.get_num_threads(),
            "cpu_capability": torch.backends.cpu.get_cpu_capability(),
            "platform": platform.platform(),
            "versions": {"python": platform.python_version()}
            | {name: metadata.version(name) for name in ("ggd_helpers", "torch", "numpy", "scipy")},
            "metrics": metrics,
            "claims": self.claims.as_json(),
        } | ({"failed": failed} if failed else {})
        with self._writing("results.json") as partial:
            partial.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
        return self.folder / "results.json"

    @contextmanager
    def _writing(self, name: str) -> Iterator[Path]:
        """A place to write a file of the folder to; the manifest lists it then, so that a later run may replace it."""
        path, manifest = self.folder / name, self.folder / MANIFEST
        path.parent.mkdir(parents=True, exist_ok=True)
        with written_whole(path) as partial:
            yield partial
        with suppress(ValueError, KeyError, TypeError):  # a file of that name that is a user's own stays as it is
            listed = json.loads(manifest.read_text(encoding="utf-8"))["files"] if manifest.is_file() else {}
            content = {"files": listed | {name: sha256(path)}}
            with written_whole(manifest) as partial:
                partial.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")

    def _portable_parameters(self) -> dict[str, Any]:
        """The parameters with paths as seen from the folder; a file that the course ships goes by its name."""
        seen = {
            name: path.name if path.parent == DATA else os.path.relpath(path, self.folder.resolve())
            for name, path in self._data.items()
        }
        return self.parameters | seen | ({"out": "."} if "out" in self.parameters else {})

    def _sorted_out(self) -> tuple[dict[str, dict[str, float]], dict[str, dict[str, str]]]:
        """The finite numbers by experiment, and the reason why the others are none."""
        metrics: dict[str, dict[str, float]] = {}
        failed: dict[str, dict[str, str]] = {}
        for experiment, numbers in self.metrics.items():
            metrics[experiment] = {name: float(value) for name, value in numbers.items() if math.isfinite(value)}
            for name in numbers.keys() - metrics[experiment].keys():
                reason = f"{float(numbers[name])}: the training or the rollout left the finite numbers"
                failed.setdefault(experiment, {})[name] = reason
        return metrics, failed


def _files_named_by(parameters: Mapping[str, Any]) -> dict[str, Path]:
    """Where the files lie that parameters called `..._file` name; what is not there is the chapter's to refuse."""
    found = {}
    for name, value in parameters.items():
        if name.endswith("_file"):
            with suppress(FileNotFoundError):
                found[name] = data_path(value).resolve()
    return found
