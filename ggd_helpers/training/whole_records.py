"""The recipe for measurements: the most probable law, with every record's start, by Levenberg and Marquardt's method."""

import math
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn

from ggd_helpers.networks import redraw_
from ggd_helpers.ranges import check
from ggd_helpers.recordings.measured import Measurements
from ggd_helpers.training.checkpoint import check_same_loss
from ggd_helpers.training.record_likelihood import Point, RecordLikelihood, RecordPosterior

MOST_TRIES = 12  # of shorter and shorter steps, each with four times the damping


class Descent:
    """Levenberg and Marquardt's method from a point downwards."""

    def __init__(self, posterior: RecordPosterior, point: Point, damping: float | None = None):
        self.posterior, self.point, self.damping = posterior, point, damping
        self.distance, self.stuck = math.inf, False

    def step(self) -> None:
        """Go down, if any step leads there.

        Afterwards `distance` is how far the last point was from the most probable one, in standard deviations of the
        posterior as Gauss and Newton see it, over all weights and starts.
        """
        before = self.point
        equations = self.posterior.normal_equations(before, self.posterior.noise(before.misses))
        weights, starts = equations.step(0.0)
        gain = (weights * equations.pull_weights).sum() + (starts * equations.pull_starts).sum()
        self.distance = gain.clamp_min(0).sqrt().item()
        damping = self.damping or 1e-3 * equations.weights.diagonal().max().item()
        for _ in range(MOST_TRIES):
            weights, starts = equations.step(damping)
            tried = self.posterior.at(before.theta + weights, before.raw + starts)
            if tried.misfit < before.misfit:
                self.point, self.damping = tried, damping / 5
                return
            damping *= 4
        self.damping, self.stuck = damping, True

    def state(self) -> dict[str, Any]:
        """Where it is."""
        return {"theta": self.point.theta, "raw": self.point.raw, "damping": self.damping, "misfit": self.point.misfit,
                "distance": self.distance, "stuck": self.stuck}  # fmt: skip

    @classmethod
    def from_state(cls, posterior: RecordPosterior, state: dict[str, Any]) -> "Descent":
        """Go back to where `state` was taken.

        Raises:
            ValueError: the misfit is another there.
        """
        descent = cls(posterior, posterior.at(state["theta"], state["raw"]), state["damping"])
        check_same_loss(state["misfit"], descent.point.misfit, 1.0, state["theta"].dtype)
        descent.distance, descent.stuck = state["distance"], state["stuck"]
        return descent


@dataclass(frozen=True)
class WholeRecords:
    """The recipe for measurements that are few, noisy, uneven or full of gaps: every record as a whole.

    Each record is one path of the law from a start that is free; what is minimised is `RecordPosterior`'s misfit, over
    all weights and starts at once, so that its last Hessian tells how sure they are (`Laplace`). Records are not cut
    into pieces: every piece needs a start of its own, which its few values must tell, and takes from the weights what
    they could have learned. (For even, dense data with little noise, `FlowMatching` on pieces is as good, and faster.)

    `restarts` starts (the model as given, then fresh draws) take `trial` iterations each; that with the lowest misfit
    on the same data goes on, until Gauss and Newton see it within `tolerance` standard deviations of the most probable
    weights, or no step leads down, or `iterations` are spent.
    """

    likelihood: RecordLikelihood = field(default_factory=RecordLikelihood)
    iterations: int = 200
    restarts: int = 2
    trial: int = 12
    tolerance: float = 0.1
    threads: int | None = 1

    def start(self, model: nn.Module, data: Measurements, generator: torch.Generator) -> "WholeRecordsRun":
        """Prepare a run; see `fit`."""
        for name in ("iterations", "restarts", "trial"):
            check(name, getattr(self, name), "a whole number, 1 or more", "see WholeRecords")
        check("tolerance", self.tolerance, "positive", "it is how near to come to the most probable weights")
        return WholeRecordsRun(self, model, data, generator)


class WholeRecordsRun:
    """The state of a run of `WholeRecords`: which start, how far, the best so far."""

    MOST_DRAWS = 20  # of weights with which the law can be followed through all records

    def __init__(self, recipe: WholeRecords, model: nn.Module, data: Measurements, generator: torch.Generator):
        self.recipe, self.model, self.generator = recipe, model, generator
        self.posterior = recipe.likelihood.of(model, data)
        self.total, self.iteration, self.finished = recipe.iterations, 0, False
        self.trials_left = recipe.restarts if recipe.restarts > 1 else 0
        self.leader: Descent | None = None
        torch.rand((), generator=generator)  # a model drawn from the same seed must not be drawn a second time
        self.descent = self._start()

    @torch.no_grad()
    def _start(self) -> Descent:
        for _ in range(self.MOST_DRAWS):
            point = self.posterior.begin(self.posterior.weights.read())
            if math.isfinite(point.misfit):
                return Descent(self.posterior, point)
            redraw_(self.model, self.generator)
        raise ValueError(f"The law could not be followed through the records with any of {self.MOST_DRAWS} draws of "
                         "its weights: values may lie outside its domain, or it is stiff (integrator=Radau()), or "
                         "values and times are far from 1 in size.")  # fmt: skip

    @torch.no_grad()
    def step(self) -> float:
        """One iteration; returns the misfit."""
        descent = self.descent
        if not self._arrived(descent):
            descent.step()
        self.iteration += 1
        self.posterior.weights.write(descent.point.theta)  # for whoever watches
        if self.iteration == self.total:
            self.finished = True
        elif self.trials_left:
            if self._arrived(descent) or self.iteration % self.recipe.trial == 0:
                self._end_trial()
        else:
            self.finished = self._arrived(descent)
        return descent.point.misfit

    def _arrived(self, descent: Descent) -> bool:
        return descent.stuck or descent.distance < self.recipe.tolerance

    def _end_trial(self) -> None:
        """Compare this start with the best one so far; then take the next start, or go on with the best."""
        self.leader = self._better()
        self.trials_left -= 1
        if self.trials_left:
            redraw_(self.model, self.generator)
            self.descent = self._start()
        else:
            self.descent, self.leader = self.leader, None
            self.finished = self._arrived(self.descent)

    def _better(self) -> Descent:
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
        self.descent = Descent.from_state(self.posterior, state["descent"])
        self.leader = None if state["leader"] is None else Descent.from_state(self.posterior, state["leader"])
        self.generator.set_state(state["generator"])
