"""A recipe for encoder, decoder and dynamics: first what is told, then how it moves, then both together."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from ggd_helpers.initialisation import restart_
from ggd_helpers.internal_variables.chain import ChainVariables
from ggd_helpers.ranges import check
from ggd_helpers.recordings.ensembles import Ensembles
from ggd_helpers.training.block_matching import BlockMatching
from ggd_helpers.training.checkpoint import check_same_loss
from ggd_helpers.training.flat_parameters import FlatParameters
from ggd_helpers.training.quasi_newton import Descent


@dataclass(frozen=True)
class StagedBFGS:
    """Self-scaled BFGS in four stages, since a law of a variable that says nothing yet leads nowhere.

    1. *Candidates*: a few encoders and decoders (the model as given, then fresh draws) learn the densities for a while;
       one in three gets stuck.
    2. *Decode*: the best of them goes on.
    3. *Move*: free energy and dissipation learn how its variables move; they stay what they are.
    4. *All*: everything, together.

    Args:
        objective: what is minimised; the first two stages use its densities only, the third its motion only.
        candidates: how many.
        iterations: of each candidate, and of the other three stages.
    """

    objective: BlockMatching
    candidates: int = 3
    iterations: tuple[int, int, int, int] = (50, 80, 200, 300)
    threads: int | None = 1

    def start(self, model: Any, data: Any, generator: torch.Generator) -> "StagedRun":
        """Prepare a run of a `ChainVariables` on `Ensembles`; see `fit`."""
        check("candidates", self.candidates, "a whole number, 1 or more", "it is how many encoders are tried")
        for count in self.iterations:
            check("iterations", count, "a whole number, 1 or more", "each stage needs some")
        return StagedRun(self, model, data, generator)


def after_exchange(objective: BlockMatching) -> StagedBFGS:
    """The recipe for a trained model whose decoder was exchanged (`with_decoder`): shorter, from the one candidate."""
    return StagedBFGS(objective, candidates=1, iterations=(80, 20, 60, 250))


@dataclass(frozen=True)
class _Stage:
    """What is minimised, over which parameters, for how many iterations."""

    loss: Callable[[], Tensor]
    parameters: list[nn.Parameter]
    iterations: int


class StagedRun:
    """The state of a run of `StagedBFGS`: which stage, how far, the best candidate so far."""

    name = "StagedBFGS"

    def __init__(self, recipe: StagedBFGS, model: ChainVariables, data: Ensembles, generator: torch.Generator):
        self.recipe, self.model, self.generator = recipe, model, generator
        self.batch, self.realisations = recipe.objective.batch(data), data.realisations
        self.every = FlatParameters(list(model.parameters()))
        trial, *others = recipe.iterations
        self.total = recipe.candidates * trial + sum(others)
        self.iteration, self.stage, self.left, self.finished = 0, 0, 0, False
        self.best, self.best_loss = self.every.read(), math.inf
        self._begin()

    def _now(self) -> _Stage:
        """The present stage; the third sees the variables as they are."""
        objective, model, batch = self.recipe.objective, self.model, self.batch
        telling = [*model.encoder.parameters(), *model.decoder.parameters()]
        number = max(self.stage - self.recipe.candidates + 1, 0)
        if number < 2:
            return _Stage(lambda: objective.density_loss(model, batch), telling, self.recipe.iterations[number])
        if number == 3:
            return _Stage(lambda: objective.loss(model, batch), list(model.parameters()), self.recipe.iterations[3])
        with torch.no_grad():
            batch = self.batch = objective.measure_noise(model, batch, self.realisations)
            states = objective.states(model, batch)
        moving = list(model.dynamics.parameters())
        return _Stage(lambda: objective.motion_loss(model, batch, *states), moving, self.recipe.iterations[2])

    def _begin(self) -> None:
        self.now = self._now()
        self.flat, self.left = FlatParameters(self.now.parameters), self.now.iterations
        self.descent = Descent.start(self._loss_and_gradient, self.flat.read())
        drawn = self._is_tried and self.stage > 0  # afresh: one that leads nowhere has lost, no more
        if not math.isfinite(self.descent.loss) and not drawn:
            raise ValueError("The loss is not finite at the start of a stage of training: rescale the data, or take "
                             "another seed.")  # fmt: skip

    @property
    def _is_tried(self) -> bool:
        """Whether a candidate is at work."""
        return self.stage < self.recipe.candidates

    def _loss_and_gradient(self, theta: Any) -> tuple[float, Any]:
        return self.flat.loss_and_gradient(self.now.loss, theta)

    def step(self) -> float:
        """One iteration; returns the loss of its stage."""
        self.descent.step(self._loss_and_gradient)
        self.iteration, self.left = self.iteration + 1, self.left - 1
        self.flat.write(self.descent.theta)
        if self.descent.failures >= 3 or not self.left:
            self.iteration += self.left
            self._end_stage()
        return self.descent.loss

    def _end_stage(self) -> None:
        """Keep the best candidate and draw the next one, or go on with what there is."""
        if self._is_tried and self.descent.loss < self.best_loss:
            self.best, self.best_loss = self.every.read(), self.descent.loss
        self.stage += 1
        if self.stage == self.recipe.candidates + 3:
            self.finished = True
            return
        if self._is_tried:
            restart_(self.model, self.generator)
        elif self.stage == self.recipe.candidates:
            self.every.write(self.best)
        self._begin()
        if not math.isfinite(self.descent.loss):
            self.iteration += self.left
            self._end_stage()

    def keep_best(self) -> None:
        """Leave the model with the weights of the last step, while candidates are tried with those of the best."""
        if self._is_tried and self.best_loss < self.descent.loss:
            self.every.write(self.best)
        else:
            self.flat.write(self.descent.theta)

    _PLAIN = ("iteration", "stage", "left", "finished", "best_loss")

    def state_dict(self) -> dict[str, Any]:
        """All that a resumed run needs to go on exactly like an uninterrupted one."""
        return {name: getattr(self, name) for name in self._PLAIN} | {
            "weights": torch.from_numpy(self.every.read().copy()),
            "best": torch.from_numpy(self.best.copy()),
            "noise": self.batch.noise,
            "descent": self.descent.state(),
            "generator": self.generator.get_state(),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go back to where `state_dict` was taken.

        Raises:
            ValueError: the weights have another loss in this model than the one that they were kept with.
        """
        self.every.write(state["weights"].numpy())
        self.stage, self.batch = state["stage"], self.batch._replace(noise=state["noise"].to(self.batch.noise))
        if not state["finished"]:
            self._begin()
        for name in self._PLAIN:
            setattr(self, name, state[name])
        self.best, self.descent = state["best"].numpy(), Descent.from_state(state["descent"])
        here, _ = self._loss_and_gradient(self.descent.theta)
        check_same_loss(self.descent.loss, here, 1.0, self.flat.parameters[0].dtype)
        self.generator.set_state(state["generator"])
