"""The default recipe: dense self-scaled BFGS on few well-placed points, started several times."""

import inspect
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from scipy.linalg.blas import dsymv, dsyr2
from torch import nn

from ggd_helpers.training.flat_parameters import FlatParameters
from ggd_helpers.training.objectives import Differences, Objective
from ggd_helpers.trajectories import Trajectories

ValueAndGradient = Callable[[np.ndarray], tuple[float, np.ndarray]]


class InverseHessian:
    """The metric `H` of a quasi-Newton method: dense, symmetric, kept as `scale * lower`, lower triangle only.

    Self-scaled BFGS update with `s = step`, `y = change of gradient`, `rho = 1 / y.s`:
    `H <- (1 - rho s y^T) H/tau (1 - rho y s^T) + rho s s^T`, `tau = min(1, y.s / s.B.s)`.

    Source: Oren and Luenberger (1974); Al-Baali (1998).
    """

    def __init__(self, size: int, scale: float):
        self.lower, self.scale, self.fresh = np.asfortranarray(np.eye(size)), scale, True

    def __matmul__(self, vector: np.ndarray) -> np.ndarray:
        return self.scale * dsymv(1.0, self.lower, vector, lower=1)

    def update(self, step: np.ndarray, change: np.ndarray, step_b_step: float) -> None:
        """Take in one step; `step_b_step` is `s.B.s` under the old metric `B = 1/H`."""
        curvature = change @ step
        if curvature <= 1e-300:
            return
        if self.fresh:  # the usual first scaling of BFGS
            self.scale, self.fresh = float(curvature / (change @ change)), False
            tau = 1.0
        else:
            tau = max(min(1.0, float(curvature / max(step_b_step, 1e-300))), 1e-3)
        moved = self @ change
        self.scale /= tau
        direction = -moved / (curvature * tau) + 0.5 * step * ((change @ moved) / (tau * curvature**2) + 1 / curvature)
        self.lower = dsyr2(1 / self.scale, direction, step, lower=1, a=self.lower, overwrite_a=1)
        if not 1e-12 < self.scale < 1e12:
            self.lower, self.scale = self.lower * self.scale, 1.0


def _between(low: float, low_loss: float, low_slope: float, high: float, high_loss: float) -> float:
    """Where the parabola through two ends, with the slope at the lower one, is lowest; never next to an end."""
    width = high - low
    bend = high_loss - low_loss - width * low_slope
    share = -0.5 * width * low_slope / bend if 0 < bend < math.inf else 0.5
    return low + width * min(max(share, 0.1), 0.9)


@dataclass
class Descent:
    """One run of self-scaled BFGS with a weak Wolfe line search, from one start."""

    theta: np.ndarray
    loss: float
    gradient: np.ndarray
    metric: InverseHessian
    failures: int = 0

    @classmethod
    def start(cls, function: ValueAndGradient, theta: np.ndarray) -> "Descent":
        loss, gradient = function(theta)
        return cls(theta, loss, gradient, cls._fresh_metric(gradient))

    @staticmethod
    def _fresh_metric(gradient: np.ndarray) -> InverseHessian:
        return InverseHessian(len(gradient), 1 / max(1.0, float(np.linalg.norm(gradient))))

    def _search(self, function: ValueAndGradient, direction: np.ndarray) -> tuple[float, float, np.ndarray] | None:
        """A step length that fulfils the weak Wolfe conditions, with loss and gradient there; `None` if none lowers it.

        A length that climbs bounds the interval from above, one where the slope is still steep from below; the next try
        is the minimum of the parabola through what is known, kept away from the ends (or twice the length, while
        nothing climbs).

        Source: Lewis and Overton (2013), with interpolation.
        """
        slope = float(direction @ self.gradient)
        if not slope < 0:
            return None
        low, high, length = (0.0, self.loss, self.gradient), None, 1.0
        for _ in range(20):
            loss, gradient = function(self.theta + length * direction)
            if not loss <= self.loss + 1e-4 * length * slope:
                high = (length, loss)
            elif direction @ gradient < 0.9 * slope:
                low = (length, loss, gradient)
            else:
                return length, loss, gradient
            length = 2 * length if high is None else _between(low[0], low[1], float(direction @ low[2]), *high)
        return low if low[0] > 0 else None

    def step(self, function: ValueAndGradient) -> None:
        """Go along `-H g`; when no step there helps, forget the metric (three times in a row end a run)."""
        direction = -(self.metric @ self.gradient)
        found = self._search(function, direction)
        if found is None:
            self.metric, self.failures = self._fresh_metric(self.gradient), self.failures + 1
            return
        length, loss, gradient = found
        step = length * direction
        self.metric.update(step, gradient - self.gradient, -length * (self.gradient @ step))
        self.theta, self.loss, self.gradient, self.failures = self.theta + step, loss, gradient, 0

    def state(self) -> dict[str, Any]:
        metric = self.metric
        arrays = {"theta": self.theta, "gradient": self.gradient, "lower": metric.lower}
        return {name: torch.from_numpy(array.copy()) for name, array in arrays.items()} | {
            "loss": self.loss,
            "failures": self.failures,
            "scale": metric.scale,
            "fresh": metric.fresh,
        }

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> "Descent":
        metric = InverseHessian(0, state["scale"])
        metric.lower, metric.fresh = np.asfortranarray(state["lower"].numpy()), state["fresh"]
        theta, gradient = state["theta"].numpy(), state["gradient"].numpy()
        return cls(theta, state["loss"], gradient, metric, state["failures"])


@dataclass(frozen=True)
class SelfScaledBFGS:
    """The default recipe: exact, fast, for models of up to about 3000 parameters and data of any size.

    Few points carry all that long trajectories know: `points` times of each, well spread over distance and time. A
    share of the trajectories is set aside for validation. `restarts` starts (the model as given, then fresh draws) run
    for `trial` iterations each; the best on the validation trajectories goes on, until the loss falls under `tolerance`
    times the mean squared velocity, or stops falling for `patience` iterations, or `iterations` are spent. The weights
    best on validation are kept.

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

    def start(self, model: nn.Module, data: Trajectories, generator: torch.Generator) -> "BFGSRun":
        """Prepare a run; see `fit`."""
        for name, low in (("iterations", 1), ("points", 3), ("restarts", 1), ("trial", 1), ("patience", 1)):
            if getattr(self, name) < low:
                raise ValueError(f"{name} must be a whole number, {low} or more (got {getattr(self, name)!r}).")
        if not 0 < self.validation_fraction <= 0.9:
            raise ValueError(
                f"validation_fraction must be positive and at most 0.9 (got {self.validation_fraction!r})."
            )
        if self.restarts > 1 and not _can_be_redrawn(model):
            raise ValueError(f"restarts = {self.restarts} needs a model with reset_parameters(generator); "
                             f"{type(model).__name__} has none: use SelfScaledBFGS(restarts=1).")  # fmt: skip
        return BFGSRun(self, model, data, generator)


class BFGSRun:
    """The state of a run of `SelfScaledBFGS`: which start, how far, the best so far."""

    CHECK = 20  # iterations between two looks at the validation trajectories

    def __init__(self, recipe: SelfScaledBFGS, model: nn.Module, data: Trajectories, generator: torch.Generator):
        self.recipe, self.model, self.generator = recipe, model, generator
        self.flat = FlatParameters([p for p in model.parameters() if p.requires_grad])
        training, validation = data, data
        if len(data) > 1:
            training, validation = data.split(recipe.validation_fraction, generator.initial_seed())
        self.batch = recipe.objective.batch(training, recipe.points)
        self.validation = recipe.objective.batch(validation, recipe.points)
        self.unit = float(((data.states[:, 1:] - data.states[:, :-1]) / data.dt).square().mean()) or 1.0
        self.total, self.iteration, self.finished = recipe.iterations, 0, False
        self.trials_left = recipe.restarts if recipe.restarts > 1 else 0
        self.leader, self.leader_validation = None, math.inf
        self.best, self.best_validation = self.flat.read(), math.inf
        self.reference, self.reference_at = math.inf, 0
        self.descent = self._start()

    def _loss_and_gradient(self, theta: np.ndarray) -> tuple[float, np.ndarray]:
        """The loss in units of the mean squared velocity, and its slope."""
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
        self.flat.write(descent.theta)  # for whoever watches
        return loss

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
        if self.trials_left:
            self.model.reset_parameters(self.generator)
            self.descent = self._start()
        else:
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
        """Go back to where `state_dict` was taken."""
        for name in self._PLAIN:
            setattr(self, name, state[name])
        self.best = state["best"].numpy()
        self.descent = Descent.from_state(state["descent"])
        self.leader = None if state["leader"] is None else Descent.from_state(state["leader"])
        self.generator.set_state(state["generator"])


def _can_be_redrawn(model: nn.Module) -> bool:
    """Whether the model has our `reset_parameters(generator)` (torch's own layers have one without a generator)."""
    reset = getattr(model, "reset_parameters", None)
    return reset is not None and "generator" in inspect.signature(reset).parameters
