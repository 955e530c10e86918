"""Where the states of a system are: where trajectories start, and the box that they stay in."""

from typing import ClassVar

import torch
from torch import Tensor

Box = tuple[tuple[float, float], ...]
"""Lowest and highest value of each coordinate."""


def uniform_in(box: Box, count: int, generator: torch.Generator) -> Tensor:
    """States drawn evenly in a box, `(count, n)`."""
    low, high = torch.tensor(box, dtype=torch.float64).T
    return low + (high - low) * torch.rand(count, len(box), generator=generator, dtype=torch.float64)


class InABox:
    """What systems have that live in a box: `start`, where trajectories begin, and `box`, where those stay for long."""

    start: ClassVar[Box]
    box: ClassVar[Box]

    def sample_initial_states(self, count: int, generator: torch.Generator) -> Tensor:
        """Draw `count` initial states, `(count, n)`."""
        return uniform_in(self.start, count, generator)

    def sample_states(self, count: int, generator: torch.Generator) -> Tensor:
        """Draw `count` states of the whole box, `(count, n)`."""
        return uniform_in(self.box, count, generator)
