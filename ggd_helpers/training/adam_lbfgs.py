"""The thesis's recipe: Adam for the first half of the epochs, L-BFGS for the second."""

import math
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from ggd_helpers.ranges import check
from ggd_helpers.recordings.recording import Recording
from ggd_helpers.training.checkpoint import check_same_loss
from ggd_helpers.training.contracts import Objective
from ggd_helpers.training.objectives import Differences


@dataclass(frozen=True)
class AdamThenLBFGS:
    """The thesis's recipe, to reproduce it and to compare with it; slow.

    The first half of `epochs`: Adam (amsgrad, learning rate 1e-3) over batches of `batch` trajectories. The second:
    L-BFGS on all trajectories (learning rate 0.1, at most 10 inner iterations, history 20, strong Wolfe line search).
    The thesis trains in float32 on central differences at every state; `Differences(order=2, every=16)` takes each
    sixteenth of them, which costs little accuracy and saves most of the time.

    Source: thesis 3.2.3 and 4.1.1, after Rathore et al. (2024).
    """

    epochs: int = 1000
    batch: int = 64
    objective: Objective = field(default_factory=lambda: Differences(order=2))
    threads: int | None = None

    def start(self, model: nn.Module, data: Recording, generator: torch.Generator) -> "AdamLBFGSRun":
        """Prepare a run; see `fit`."""
        check("epochs", self.epochs, "a whole number, 2 or more", "half of them are Adam's, half L-BFGS's")
        check("batch", self.batch, "a whole number, 1 or more", "it is how many trajectories Adam takes at a time")
        return AdamLBFGSRun(self, model, data, generator)


class AdamLBFGSRun:
    """The state of a run of `AdamThenLBFGS`; one step is one epoch."""

    name = "AdamThenLBFGS"

    def __init__(self, recipe: AdamThenLBFGS, model: nn.Module, data: Recording, generator: torch.Generator):
        self.recipe, self.model, self.data, self.generator = recipe, model, data, generator
        self.parameters = [p for p in model.parameters() if p.requires_grad]
        self.all = recipe.objective.batch(data)
        self.total, self.iteration = recipe.epochs, 0
        self.best, self.best_loss = self._weights(), math.inf
        self.adam = torch.optim.Adam(self.parameters, lr=1e-3, amsgrad=True)
        self.lbfgs = torch.optim.LBFGS(
            self.parameters, lr=0.1, max_iter=10, history_size=20, line_search_fn="strong_wolfe"
        )

    @property
    def finished(self) -> bool:
        """Whether all epochs are done."""
        return self.iteration >= self.total

    def _weights(self) -> list[Tensor]:
        return [p.detach().clone() for p in self.parameters]

    def _whole_loss(self) -> float:
        """The loss of the weights as they are, on all trajectories."""
        with torch.no_grad():
            return self.recipe.objective.loss(self.model, self.all).item()

    def step(self) -> float:
        """One epoch; returns its loss (Adam: the mean over its batches; L-BFGS: before its inner iterations)."""
        before = self._weights()
        loss = self._adam_epoch() if self.iteration < self.total // 2 else self._lbfgs_epoch()
        self.iteration += 1
        if not math.isfinite(loss):
            raise ValueError(f"The loss is not finite in epoch {self.iteration}: rescale the data, or start from "
                             "another seed.")  # fmt: skip
        if loss < self.best_loss:
            self.best, self.best_loss = before, loss
        return loss

    def _adam_epoch(self) -> float:
        objective, total = self.recipe.objective, 0.0
        for chosen in torch.randperm(len(self.data), generator=self.generator).split(self.recipe.batch):
            self.adam.zero_grad()
            loss = objective.loss(self.model, objective.batch(self.data.select(chosen)))
            loss.backward()
            self.adam.step()
            total += loss.item() * len(chosen) / len(self.data)
        return total

    def _lbfgs_epoch(self) -> float:
        def closure() -> Tensor:
            self.lbfgs.zero_grad()
            loss = self.recipe.objective.loss(self.model, self.all)
            loss.backward()
            return loss

        return self.lbfgs.step(closure).item()

    def keep_best(self) -> None:
        """Leave the model with the weights of the lowest loss: the last ones, unless an earlier epoch was better."""
        if not self._whole_loss() <= self.best_loss:
            with torch.no_grad():
                for parameter, weights in zip(self.parameters, self.best, strict=True):
                    parameter.copy_(weights)

    def state_dict(self) -> dict[str, Any]:
        """All that a resumed run needs to go on exactly like an uninterrupted one."""
        return {
            "iteration": self.iteration,
            "weights": self._weights(),
            "loss": self._whole_loss(),
            "best": self.best,
            "best_loss": self.best_loss,
            "adam": self.adam.state_dict(),
            "lbfgs": self.lbfgs.state_dict(),
            "generator": self.generator.get_state(),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go back to where `state_dict` was taken.

        Raises:
            ValueError: the weights have another loss in this model than the one that they were kept with.
        """
        self.iteration, self.best, self.best_loss = state["iteration"], state["best"], state["best_loss"]
        with torch.no_grad():
            for parameter, weights in zip(self.parameters, state["weights"], strict=True):
                parameter.copy_(weights)
        unit, dtype = self.recipe.objective.unit(self.data), self.parameters[0].dtype
        check_same_loss(state["loss"], self._whole_loss(), unit, dtype)
        self.adam.load_state_dict(state["adam"])
        self.lbfgs.load_state_dict(state["lbfgs"])
        self.generator.set_state(state["generator"])
