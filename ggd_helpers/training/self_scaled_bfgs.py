"""The default recipe: dense self-scaled BFGS on few well-placed points, started several times."""

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import nn

from ggd_helpers.initialisation import restart_
from ggd_helpers.ranges import check
from ggd_helpers.recordings.recording import Recording
from ggd_helpers.training.checkpoint import check_same_loss
from ggd_helpers.training.contracts import Objective
from ggd_helpers.training.flat_parameters import FlatParameters
from ggd_helpers.training.objectives import Differences
from ggd_helpers.training.quasi_newton import Descent, fits_a_dense_metric


@dataclass(frozen=True)
class SelfScaledBFGS:
    """The default recipe: exact, fast, for models of up to some thousand parameters and data of any size.

    Few points carry all that long trajectories know: `points` times of each, well spread over distance and time. A
    share of the trajectories is set aside for validation. `restarts` starts (the model as given, then fresh draws) run
    for `trial` iterations each; the best on the validation trajectories goes on, until the loss falls under `tolerance`
    times its unit (the mean squared velocity), or stops falling for `patience` iterations, or `iterations` are spent.
    The weights best on validation are kept. A model with more than `MOST_DENSE` = 10,000 parameters, too many for a
    dense metric, is trained by L-BFGS instead, in the same steps; the history says so.

    Source: our own measurements; `tests/benchmarks/thesis_recipe.py` trains the same data the thesis's way.
    """

    objective: Objective = field(default_factory=Differences)
    iterations: int = 900
    points: int = 11
    restarts: int = 3
    trial: int = 60
    validation_fraction: float = 0.1
    tolerance: float = 1e-11
    patience: int = 200
    threads: int | None = 1

    def start(self, model: nn.Module, data: Recording, generator: torch.Generator) -> "BFGSRun":
        """Prepare a run; see `fit`."""
        for name, low in (("iterations", 1), ("points", 3), ("restarts", 1), ("trial", 1), ("patience", 1)):
            check(name, getattr(self, name), f"a whole number, {low} or more", "see SelfScaledBFGS")
        fraction = self.validation_fraction
        check("validation_fraction", fraction, "positive and at most 0.9", "it is the share of trajectories set aside")
        return BFGSRun(self, model, data, generator)


class BFGSRun:
    """The state of a run of `SelfScaledBFGS`: which start, how far, the best so far."""

    CHECK = 20  # iterations between two looks at the validation trajectories

    def __init__(self, recipe: SelfScaledBFGS, model: nn.Module, data: Recording, generator: torch.Generator):
        self.recipe, self.model, self.generator = recipe, model, generator
        self.flat = FlatParameters([p for p in model.parameters() if p.requires_grad])
        training, validation = data, data
        if len(data) > 1:
            training, validation = data.split(recipe.validation_fraction, generator.initial_seed())
        self.batch = recipe.objective.batch(training, recipe.points)
        self.validation = recipe.objective.batch(validation, recipe.points)
        self.unit = recipe.objective.unit(data) or 1.0
        self.total, self.iteration, self.finished = recipe.iterations, 0, False
        self.trials_left = recipe.restarts if recipe.restarts > 1 else 0
        self.leader: Descent | None = None
        self.leader_validation = math.inf
        self.best, self.best_validation = self.flat.read(), math.inf
        self.reference, self.reference_at = math.inf, 0
        self.descent = self._start()

    @property
    def name(self) -> str:
        """The recipe's, unless the model is too large for its metric."""
        parameters = len(self.flat.read())
        if fits_a_dense_metric(parameters):
            return "SelfScaledBFGS"
        return f"L-BFGS, since {parameters} parameters are too many for SelfScaledBFGS"

    def _loss_and_gradient(self, theta: np.ndarray) -> tuple[float, np.ndarray]:
        """The loss in its unit, and its slope."""
        return self.flat.loss_and_gradient(
            lambda: self.recipe.objective.loss(self.model, self.batch) / self.unit, theta
        )

    def _start(self) -> Descent:
        descent = Descent.start(self._loss_and_gradient, self.flat.read())
        if not math.isfinite(descent.loss):
            raise ValueError("The loss is not finite at the start of training: the states may lie outside the model's "
                             "domain, or be far from 1 in size. Rescale the data.")  # fmt: skip
        return descent

    def step(self) -> float:
        """One iteration; returns the loss in the units of the objective."""
        descent = self.descent
        if descent.failures < 3:
            descent.step(self._loss_and_gradient)
            if descent.failures == 3:
                self._check_still_finite()
        self.iteration += 1
        loss = descent.loss * self.unit
        solved = descent.loss < self.recipe.tolerance
        if solved or self.iteration == self.total:
            self._validate()
            self.finished = True
        elif self.trials_left:
            if self.iteration % self.recipe.trial == 0:
                self._end_trial()
        elif descent.failures >= 3 or self.iteration % self.CHECK == 0:
            self._validate()
            self.finished = descent.failures >= 3 or self._stalled()
        if self.finished and self.best_validation == math.inf:
            raise ValueError("The loss on the validation trajectories was never finite: their states may lie outside "
                             "the model's domain. Rescale the data.")  # fmt: skip
        self.flat.write(descent.theta)  # for whoever watches
        return loss

    def _check_still_finite(self) -> None:
        """Tell a descent that has arrived from one that can go nowhere, since the loss is NaN wherever it looks."""
        here, _ = self._loss_and_gradient(self.descent.theta)
        if not math.isfinite(here):
            raise ValueError(f"The loss is not finite from iteration {self.iteration - 1} on, with the weights that "
                             f"had the loss {self.descent.loss * self.unit:.3g} before: the model gives NaN or "
                             "infinity where it gave numbers.")  # fmt: skip

    def _validate(self) -> float:
        """Score the current weights on the validation trajectories, and keep them when they are the best."""
        self.flat.write(self.descent.theta)
        with torch.no_grad():
            score = self.recipe.objective.loss(self.model, self.validation).item() / self.unit
        if score < self.best_validation:
            self.best, self.best_validation = self.descent.theta, score
        return score

    def _end_trial(self) -> None:
        """Compare this start with the best one so far; then take the next start, or go on with the best."""
        score = self._validate()
        if score < self.leader_validation:
            self.leader, self.leader_validation = self.descent, score
        self.trials_left -= 1
        while self.trials_left:
            restart_(self.model, self.generator)
            self.descent = Descent.start(self._loss_and_gradient, self.flat.read())
            if math.isfinite(self.descent.loss):
                return
            self.trials_left -= 1  # a draw from which no path can be followed is a start that lost
        if self.leader is not None:
            self.descent, self.leader = self.leader, None
        self.reference_at = self.iteration

    def _stalled(self) -> bool:
        """Over the last `patience` iterations neither loss has fallen by a tenth (early stop)."""
        progress = min(self.descent.loss, self.best_validation)
        if progress < 0.9 * self.reference:
            self.reference, self.reference_at = progress, self.iteration
        return self.iteration - self.reference_at >= self.recipe.patience

    def keep_best(self) -> None:
        """Leave the model with the weights that did best on the validation trajectories."""
        if not self.finished:  # interrupted since the last look
            self._validate()
        self.flat.write(self.best)

    _PLAIN = ("iteration", "finished", "trials_left", "leader_validation", "best_validation", "reference",
              "reference_at")  # fmt: skip

    def state_dict(self) -> dict[str, Any]:
        """All that a resumed run needs to go on exactly like an uninterrupted one."""
        return {name: getattr(self, name) for name in self._PLAIN} | {
            "best": torch.from_numpy(self.best.copy()),
            "descent": self.descent.state(),
            "leader": None if self.leader is None else self.leader.state(),
            "generator": self.generator.get_state(),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go back to where `state_dict` was taken.

        Raises:
            ValueError: the weights have another loss in this model than the one that they were kept with.
        """
        for name in self._PLAIN:
            setattr(self, name, state[name])
        self.best = state["best"].numpy()
        self.descent = Descent.from_state(state["descent"])
        here, _ = self._loss_and_gradient(self.descent.theta)
        check_same_loss(self.descent.loss, here, 1.0, self.flat.parameters[0].dtype)
        self.leader = None if state["leader"] is None else Descent.from_state(state["leader"])
        self.generator.set_state(state["generator"])
