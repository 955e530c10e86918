"""Recipes for encoder, decoder and dynamics: first what is told, then how it moves, then both together."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

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
    """Self-scaled BFGS in five stages, since a law of a variable that says nothing yet leads nowhere.

    1. *Candidates*: a few encoders and decoders (the model as given, then fresh draws) learn the densities for a while;
       one in three gets stuck.
    2. *Tell*: the best of them goes on.
    3. *Move*: free energy and dissipation learn how its variables move; they stay what they are.
    4. *All*: everything, together.
    5. *All* again, since what one of these variables says has changed, and with it the noise that it is read with.

    Args:
        objective: what is minimised; the first two stages use its densities only, the third its motion only.
        candidates: how many.
        iterations: of each candidate, and of the other four stages.
    """

    objective: BlockMatching
    candidates: int = 3
    iterations: tuple[int, int, int, int, int] = (50, 80, 200, 300, 250)
    threads: int | None = 1

    def start(self, model: Any, data: Any, generator: torch.Generator) -> "StagedRun":
        """Prepare a run of a `ChainVariables` on `Ensembles`; see `fit`."""
        check("candidates", self.candidates, "a whole number, 1 or more", "it is how many encoders are tried")
        tried, *others = _plan([_tell, _tell, _move, _all, _all], self.iterations)
        return StagedRun(self, [tried] * self.candidates + others, self.candidates, model, data, generator)


@dataclass(frozen=True)
class AfterExchange:
    """Self-scaled BFGS for a trained model whose decoder was exchanged (`with_decoder`): it alone, then everything.

    Were the encoder to learn the densities with the new decoder, it would lose the variable that it has found.

    Args:
        objective: what is minimised; the decoder learns from its densities.
        iterations: of the decoder, and of everything.
    """

    objective: BlockMatching
    iterations: tuple[int, int] = (200, 250)
    threads: int | None = 1

    def start(self, model: Any, data: Any, generator: torch.Generator) -> "StagedRun":
        """Prepare a run of a `ChainVariables` on `Ensembles`; see `fit`."""
        return StagedRun(self, _plan([_decode, _all], self.iterations), 0, model, data, generator)


class _Stage(NamedTuple):
    """What is minimised, over which parameters."""

    loss: Callable[[], Tensor]
    parameters: list[nn.Parameter]


def _tell(run: "StagedRun") -> _Stage:
    """Encoder and decoder learn the densities."""
    objective, model, batch = run.objective, run.model, run.batch
    telling = [*model.encoder.parameters(), *model.decoder.parameters()]
    return _Stage(lambda: objective.density_loss(model, batch, model.encode(batch.edges)), telling)


def _decode(run: "StagedRun") -> _Stage:
    """The decoder alone learns them, from states as they are."""
    edges, _ = run.states()
    return _Stage(lambda: run.objective.density_loss(run.model, run.batch, edges), [*run.model.decoder.parameters()])


def _move(run: "StagedRun") -> _Stage:
    """The pair learns how states as they are move."""
    run.measure_noise()
    states = run.states()
    return _Stage(lambda: run.objective.motion_loss(run.model, run.batch, *states), [*run.model.dynamics.parameters()])


def _all(run: "StagedRun") -> _Stage:
    """Everything is learned together."""
    run.measure_noise()
    return _Stage(lambda: run.objective.loss(run.model, run.batch), [*run.model.parameters()])


Plan = list[tuple[Callable[["StagedRun"], _Stage], int]]


def _plan(stages: Sequence[Callable[["StagedRun"], _Stage]], iterations: Sequence[int]) -> Plan:
    """Each stage with its iterations.

    Raises:
        ValueError: not as many numbers as stages, or one that is none.
    """
    if len(iterations) != len(stages):
        raise ValueError(f"iterations must be {len(stages)} numbers, one for each stage (got {iterations!r}).")
    for count in iterations:
        check("iterations", count, "a whole number, 1 or more", "each stage needs some")
    return list(zip(stages, iterations, strict=True))


class StagedRun:
    """The state of a run in stages: which one, how far; the best candidate so far, where the first stages are some."""

    def __init__(
        self,
        recipe: StagedBFGS | AfterExchange,
        plan: Plan,
        candidates: int,
        model: ChainVariables,
        data: Ensembles,
        generator: torch.Generator,
    ):
        self.name, self.objective = type(recipe).__name__, recipe.objective
        self.plan, self.candidates = plan, candidates
        self.model, self.generator = model, generator
        self.batch, self.realisations = recipe.objective.batch(data), data.realisations
        self.every = FlatParameters(list(model.parameters()))
        self.total = sum(iterations for _, iterations in plan)
        self.iteration, self.stage, self.left, self.finished = 0, 0, 0, False
        self.best, self.best_loss = self.every.read(), math.inf
        self._begin()

    @torch.no_grad()
    def states(self) -> tuple[Tensor, Tensor]:
        """The states that the encoder as it is makes of the data, at the edges of blocks and over each block."""
        return self.objective.states(self.model, self.batch)

    @torch.no_grad()
    def measure_noise(self) -> None:
        """Read the noise of the internal variables off the encoder as it is."""
        self.batch = self.objective.measure_noise(self.model, self.batch, self.realisations)

    def _begin(self) -> None:
        begin, self.left = self.plan[self.stage]
        self.now = begin(self)
        self.flat = FlatParameters(self.now.parameters)
        self.descent = Descent.start(self._loss_and_gradient, self.flat.read())
        drawn = self._is_tried and self.stage > 0  # afresh: one that leads nowhere has lost, no more
        if not math.isfinite(self.descent.loss) and not drawn:
            raise ValueError("The loss is not finite at the start of a stage of training: rescale the data, or take "
                             "another seed.")  # fmt: skip

    @property
    def _is_tried(self) -> bool:
        """Whether a candidate is at work."""
        return self.stage < self.candidates

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
        if self.stage == len(self.plan):
            self.finished = True
            return
        if self._is_tried:
            restart_(self.model, self.generator)
        elif self.stage == self.candidates:
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
        self.stage = state["stage"]
        if not state["finished"]:
            self._begin()
        self.batch = self.batch._replace(noise=state["noise"].to(self.batch.noise))
        for name in self._PLAIN:
            setattr(self, name, state[name])
        self.best, self.descent = state["best"].numpy(), Descent.from_state(state["descent"])
        here, _ = self._loss_and_gradient(self.descent.theta)
        check_same_loss(self.descent.loss, here, 1.0, self.flat.parameters[0].dtype)
        self.generator.set_state(state["generator"])
