"""A plain network for the velocity: a law without a pair, as the other side of every comparison."""

import itertools

import torch
from torch import Tensor, nn

from ggd_helpers.initialisation import redraw_from_
from ggd_helpers.networks import softplus
from ggd_helpers.potentials.coordinates import Components
from ggd_helpers.ranges import check_sizes


class PlainNetwork(nn.Module):
    """An ordinary network that maps states to velocities, `(..., n)` to `(..., n)`, and promises nothing else.

    `x' = W_d softplus(... softplus(W_0 x + b_0) ...) + b_d`, the activation that the convex networks have.

    Args:
        dim: `n`.
        width, depth: units in each hidden layer, and how many of these there are.
        seed: of its first weights.
    """

    def __init__(self, dim: int, width: int = 24, depth: int = 2, seed: int = 0):
        super().__init__()
        check_sizes("the network", dim=dim, width=width, depth=depth)
        sizes = [dim, *[width] * depth, dim]
        self.layers = nn.ModuleList(
            nn.Linear(before, after, dtype=torch.float64) for before, after in itertools.pairwise(sizes)
        )
        redraw_from_(self, seed)

    @classmethod
    def like(cls, model: nn.Module, dim: int, seed: int = 0) -> "PlainNetwork":
        """Two hidden layers, as wide as makes the number of weights closest to what a model learns."""
        wanted = count_learned(model)

        def off(width: int) -> int:
            return abs(width * (2 * dim + 1) + width * (width + 1) + dim - wanted)

        return cls(dim, min(range(1, wanted + 2), key=off), seed=seed)

    def forward(self, x: Tensor) -> Tensor:
        """The velocity, `(..., n)`."""
        for layer in self.layers[:-1]:
            x = softplus(layer(x))
        return self.layers[-1](x)


class LawInComponents(nn.Module):
    """The law `x' = Q f(P x)` of an inner law `f` of the components: without potentials, to compare with.

    Shapes: `(..., n)` to `(..., n)`.
    """

    analysis: Tensor
    synthesis: Tensor

    def __init__(self, inner: nn.Module, components: Components):
        super().__init__()
        self.inner = inner
        self.register_buffer("analysis", components.analysis)
        self.register_buffer("synthesis", components.synthesis)

    def forward(self, x: Tensor) -> Tensor:
        """The velocity, `(..., n)` to `(..., n)`."""
        return self.inner(x @ self.analysis.T) @ self.synthesis.T


def count_learned(model: nn.Module) -> int:
    """How many numbers a model learns."""
    return sum(parameter.numel() for parameter in model.parameters() if parameter.requires_grad)
