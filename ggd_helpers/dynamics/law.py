"""What a law is, whatever it is made of: a physical system, a learned pair, a plain network."""

from typing import Protocol

import torch
from torch import Tensor


class Law(Protocol):
    """Maps states to velocities, `(..., n)` to `(..., n)`, and knows where its trajectories start."""

    def __call__(self, x: Tensor, /) -> Tensor:
        """The velocity `dx/dt`."""
        ...

    def sample_initial_states(self, count: int, generator: torch.Generator) -> Tensor:
        """Draw `count` initial states, `(count, n)`."""
        ...


class KnownPair(Law, Protocol):
    """A law whose entropy is known, too."""

    def conjugate(self, x: Tensor, /) -> Tensor:
        """The entropic conjugate `x* = dS/dx`."""
        ...
