"""The recipe for measurements: the most probable law and starts of all records, by Levenberg and Marquardt's method."""

import math
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from ggd_helpers.initialisation import restart_
from ggd_helpers.ranges import check
from ggd_helpers.recordings.measured import Measurements
from ggd_helpers.training.checkpoint import check_same_loss
from ggd_helpers.training.normal_equations import NormalEquations, Pull
from ggd_helpers.training.record_likelihood import Point, RecordLikelihood, RecordPosterior

MOST_TRIES = 12  # of shorter and shorter steps, each with four times the damping
AHEAD = 0.1  # the share of a step over which its bend is measured

MOST_BEND = 0.75  # of a step, by its length
NEAR = 0.1  # standard deviations of the posterior from its maximum
PATIENCE, LITTLE = 8, 0.1  # iterations, and how little the misfit falls in all of them at the end: odds of 1.1


class LevenbergMarquardt:
    """Levenberg and Marquardt's method from a point downwards, along curved valleys.

    A step is `v + a/2`: `v` solves the damped normal equations, and `a` does so for the second derivative of the misses
    along `v` (geodesic acceleration). Without it a law whose weights the data tell very unequally goes nowhere: where
    it may change most freely, the way bends.

    Source: Transtrum and Sethna, arXiv:1201.5885 (2012).
    """

    def __init__(self, posterior: RecordPosterior, point: Point, damping: float | None = None):
        self.posterior, self.point, self.damping = posterior, point, damping
        self.distance, self.gains = math.inf, [math.inf] * PATIENCE

    @property
    def arrived(self) -> bool:
        """Whether it is as good as at the end: near it in standard deviations, or as probable as it will get."""
        return self.distance < NEAR or sum(self.gains) < LITTLE

    def step(self) -> None:
        """Go down, as far as a step leads there.

        Afterwards `distance` is how far the last point was from the most probable one, in standard deviations of the
        posterior as Gauss and Newton see it, over all weights and starts.
        """
        before, noise = self.point, self.posterior.noise(self.point.misses)
        equations = self.posterior.normal_equations(before, noise)
        pull = self.posterior.pull(before, equations, noise)
        self.distance = pull.dot(equations.solve(pull)).clamp_min(0).sqrt().item()
        damping = self.damping or 1e-3 * equations.weights.diagonal().max().item()
        for _ in range(MOST_TRIES):
            tried = self._tried(equations.damped(damping), pull, noise)
            if tried is not None and tried.misfit < before.misfit:
                self.point, self.damping = tried, damping / 5
                break
            damping *= 4
        else:
            self.damping, self.gains = damping, [0.0] * PATIENCE
        self.gains = [*self.gains[1:], before.misfit - self.point.misfit]

    def _tried(self, equations: NormalEquations, pull: Pull, noise: Tensor) -> Point | None:
        """The point that a step leads to; `None` where the way bends so much that a step of this length is too long."""
        v, theta, raw = equations.solve(pull), self.point.theta, self.point.raw
        near = self.posterior.at(theta + AHEAD * v.weights, raw + AHEAD * v.starts)
        turn = ((near.misses - self.point.misses) / noise).flatten(1, 2) / AHEAD - equations.along(v)
        a = equations.solve(equations.pull(2 / AHEAD * turn))
        if not a.dot(a) < MOST_BEND**2 * v.dot(v):
            return None
        return self.posterior.at(theta + v.weights + 0.5 * a.weights, raw + v.starts + 0.5 * a.starts)

    def state(self) -> dict[str, Any]:
        """Where it is."""
        return {"theta": self.point.theta, "raw": self.point.raw, "damping": self.damping, "misfit": self.point.misfit,
                "distance": self.distance, "gains": self.gains}  # fmt: skip

    @classmethod
    def from_state(cls, posterior: RecordPosterior, state: dict[str, Any]) -> "LevenbergMarquardt":
        """Go back to where `state` was taken.

        Raises:
            ValueError: the misfit is another there.
        """
        theta, raw = (state[name].to(posterior.values) for name in ("theta", "raw"))
        descent = cls(posterior, posterior.at(theta, raw), state["damping"])
        check_same_loss(state["misfit"], descent.point.misfit, 1.0, state["theta"].dtype)
        descent.distance, descent.gains = state["distance"], state["gains"]
        return descent


@dataclass(frozen=True)
class WholeRecords:
    """The recipe for measurements that are few, noisy, uneven or full of gaps: every record as a whole.

    Each record is one path of the law from a start that is free; what is minimised is `RecordPosterior`'s misfit, over
    all weights and starts at once, so that its last Hessian tells how sure they are (`Laplace`). Records are not cut
    into pieces: every piece needs a start of its own, which its few values must tell, and takes from the weights what
    they could have learned. (For even, dense data with little noise, `FlowMatching` on pieces is as good, and faster.)

    `restarts` starts (the model as given, then fresh draws) take `trial` iterations each; that with the lowest misfit
    on the same data goes on, until Gauss and Newton see it within a tenth of a standard deviation of the most probable
    weights, or the misfit hardly falls any more, or `iterations` are spent.
    """

    likelihood: RecordLikelihood = field(default_factory=RecordLikelihood)
    iterations: int = 200
    restarts: int = 2
    trial: int = 12
    threads: int | None = 1

    def start(self, model: nn.Module, data: Measurements, generator: torch.Generator) -> "WholeRecordsRun":
        """Prepare a run; see `fit`."""
        for name in ("iterations", "restarts", "trial"):
            check(name, getattr(self, name), "a whole number, 1 or more", "see WholeRecords")
        return WholeRecordsRun(self, model, data, generator)


class WholeRecordsRun:
    """The state of a run of `WholeRecords`: which start, how far, the best so far."""

    name = "WholeRecords"
    MOST_DRAWS = 20  # of weights with which the law can be followed through all records

    def __init__(self, recipe: WholeRecords, model: nn.Module, data: Measurements, generator: torch.Generator):
        self.recipe, self.model, self.generator = recipe, model, generator
        self.posterior = recipe.likelihood.of(model, data)
        self.total, self.iteration, self.finished = recipe.iterations, 0, False
        self.trials_left = recipe.restarts if recipe.restarts > 1 else 0
        self.leader: LevenbergMarquardt | None = None
        self.descent = self._start()

    @torch.no_grad()
    def _start(self) -> LevenbergMarquardt:
        for _ in range(self.MOST_DRAWS):
            point = self.posterior.begin(self.posterior.weights.read())
            if math.isfinite(point.misfit):
                return LevenbergMarquardt(self.posterior, point)
            restart_(self.model, self.generator)
        raise ValueError(f"The law could not be followed through the records with any of {self.MOST_DRAWS} draws of "
                         "its weights: values may lie outside its domain, or it is stiff (integrator=Radau()), or "
                         "values and times are far from 1 in size.")  # fmt: skip

    @torch.no_grad()
    def step(self) -> float:
        """One iteration; returns the misfit."""
        descent = self.descent
        if not descent.arrived:
            descent.step()
        self.iteration += 1
        self.posterior.weights.write(descent.point.theta)  # for whoever watches
        if self.iteration == self.total:
            self.finished = True
        elif self.trials_left:
            if descent.arrived or self.iteration % self.recipe.trial == 0:
                self._end_trial()
        else:
            self.finished = descent.arrived
        return descent.point.misfit

    def _end_trial(self) -> None:
        """Compare this start with the best one so far; then take the next start, or go on with the best."""
        self.leader = self._better()
        self.trials_left -= 1
        if self.trials_left:
            restart_(self.model, self.generator)
            self.descent = self._start()
        else:
            self.descent, self.leader = self.leader, None
            self.finished = self.descent.arrived

    def _better(self) -> LevenbergMarquardt:
        """The descent that has come lower: this one or the leader."""
        if self.leader is None or self.descent.point.misfit < self.leader.point.misfit:
            return self.descent
        return self.leader

    def keep_best(self) -> None:
        """Leave the model with the weights of the lowest misfit."""
        self.posterior.weights.write(self._better().point.theta)

    _PLAIN = ("iteration", "finished", "trials_left")

    def state_dict(self) -> dict[str, Any]:
        """All that a resumed run needs to go on exactly like an uninterrupted one."""
        return {name: getattr(self, name) for name in self._PLAIN} | {
            "descent": self.descent.state(),
            "leader": None if self.leader is None else self.leader.state(),
            "generator": self.generator.get_state(),
        }

    @torch.no_grad()
    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go back to where `state_dict` was taken.

        Raises:
            ValueError: the weights have another misfit in this model than the one that they were kept with.
        """
        for name in self._PLAIN:
            setattr(self, name, state[name])
        self.descent = LevenbergMarquardt.from_state(self.posterior, state["descent"])
        leader = state["leader"]
        self.leader = None if leader is None else LevenbergMarquardt.from_state(self.posterior, leader)
        self.generator.set_state(state["generator"])
