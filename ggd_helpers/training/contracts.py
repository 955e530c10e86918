"""What training asks of its parts: an objective says what is minimised, a recipe how.

An objective makes a batch from its kind of recording, and scores a model on it; whatever a batch is, only the
objective looks inside. A recipe turns a model and a recording into a run, which the loop of `fit` steps through.
"""

from typing import Any, Protocol, TypeVar

import torch
from torch import Tensor, nn

from ggd_helpers.recordings.recording import Recording

Data = TypeVar("Data", bound=Recording, contravariant=True)
Batch = TypeVar("Batch")


class Objective(Protocol[Data, Batch]):
    """What is minimised."""

    def batch(self, data: Data, count: int | None = None, /) -> Batch:
        """What the loss needs of a recording: of `count` points a trajectory, or of all when `None`."""
        ...

    def loss(self, model: Any, batch: Batch, /) -> Tensor:
        """The loss of a kind of module that it knows, a scalar that can be differentiated by its parameters."""
        ...

    def unit(self, data: Data, /) -> float:
        """The size that a loss has when nothing is learned, for example the mean squared velocity."""
        ...


class Run(Protocol):
    """A training under way."""

    total: int
    iteration: int

    @property
    def name(self) -> str:
        """What the history calls it."""
        ...

    @property
    def finished(self) -> bool:
        """Whether there is nothing left to do."""
        ...

    def step(self) -> float:
        """One iteration; returns its loss."""
        ...

    def keep_best(self) -> None:
        """Leave the model with the best weights so far."""
        ...

    def state_dict(self) -> dict[str, Any]:
        """All that a resumed run needs to go on exactly like an uninterrupted one; tensors and plain values."""
        ...

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go back to where `state_dict` was taken."""
        ...


class Recipe(Protocol):
    """How a loss is minimised; `threads` is how many torch may use meanwhile (`None`: as many as before)."""

    @property
    def threads(self) -> int | None:
        """The number of threads."""
        ...

    def start(self, model: nn.Module, data: Any, generator: torch.Generator) -> Run:
        """Prepare a run."""
        ...
