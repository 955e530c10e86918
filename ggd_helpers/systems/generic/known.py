"""What is known of a system besides its law: where trajectories start and stay, and what its friction depends on."""

from typing import ClassVar

import torch
from torch import Tensor

from ggd_helpers.dynamics.generic import GENERIC

Box = tuple[tuple[float, float], ...]
"""Lowest and highest value of each coordinate."""


def uniform_in(box: Box, count: int, generator: torch.Generator) -> Tensor:
    """States drawn evenly in a box, `(count, n)`."""
    low, high = torch.tensor(box, dtype=torch.float64).T
    return low + (high - low) * torch.rand(count, len(box), generator=generator, dtype=torch.float64)


class Known:
    """What known systems have beside their law.

    Attributes:
        start: the box where trajectories begin.
        box: the box that those stay in for long.
        sees: the coordinates that Xi depends on besides its force; a learned Xi is to see no others.
    """

    start: ClassVar[Box]
    box: ClassVar[Box]
    sees: ClassVar[tuple[int, ...]]

    def sample_initial_states(self, count: int, generator: torch.Generator) -> Tensor:
        """Draw `count` initial states, `(count, n)`."""
        return uniform_in(self.start, count, generator)

    def sample_states(self, count: int, generator: torch.Generator) -> Tensor:
        """Draw `count` states of the whole box, `(count, n)`."""
        return uniform_in(self.box, count, generator)


class KnownGENERIC(Known, GENERIC):
    """A known system of the form of GENERIC."""
