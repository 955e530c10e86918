"""A small menu of entropies and dissipation potentials, each with one number to turn: examples to play with."""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from ggd_helpers.potentials.general import (
    CoshDissipation,
    DissipationPotential,
    Entropy,
    IsotropicDissipation,
    QuadraticDissipation,
)

Function = Callable[[Tensor], Tensor]


class SeparableEntropy(Entropy):
    """An entropy of the plane, `S = s_1(x_1) + s_2(x_2)`, from the two functions and their slopes."""

    def __init__(self, values: tuple[Function, Function], slopes: tuple[Function, Function]):
        super().__init__()
        self.values, self.slopes = values, slopes

    def forward(self, x: Tensor) -> Tensor:
        """The entropy, `(..., 2)` to `(...)`."""
        return self.values[0](x[..., 0]) + self.values[1](x[..., 1])

    def conjugate(self, x: Tensor) -> Tensor:
        """The entropic conjugate `(ds_1/dx_1, ds_2/dx_2)`, `(..., 2)` to `(..., 2)`."""
        return torch.stack([self.slopes[0](x[..., 0]), self.slopes[1](x[..., 1])], dim=-1)


def _stretched(value: Function, slope: Function, shape: float) -> SeparableEntropy:
    """`S = s(x_1) + a s(x_2)`."""
    return SeparableEntropy((value, lambda x: shape * value(x)), (slope, lambda x: shape * slope(x)))


def paraboloid(shape: float) -> Entropy:
    """`S = -1/2 (x_1^2 + a x_2^2)`, with the `shape` `a`."""
    return _stretched(lambda x: -(x**2) / 2, lambda x: -x, shape)


def _mixing(x: Tensor) -> Tensor:
    left, right = (1 + x) / 2, (1 - x) / 2
    return -torch.xlogy(left, left) - torch.xlogy(right, right)


def two_boxes(shape: float) -> Entropy:
    """Particles in the halves of two boxes, `S = s(x_1) + a s(x_2)`, with excesses `x_i` on the left in (-1, 1).

    `s(x) = -(1+x)/2 ln((1+x)/2) - (1-x)/2 ln((1-x)/2)`.
    """
    return _stretched(_mixing, lambda x: -torch.atanh(x), shape)


def flat_top(shape: float) -> Entropy:
    """`S = -1/4 (x_1^4 + a x_2^4)`: concave, yet with no curvature at its maximum."""
    return _stretched(lambda x: -(x**4) / 4, lambda x: -(x**3), shape)


def two_hills(shape: float) -> Entropy:
    """`S = -(x_1^2 - 1/2)^2 - a/2 x_2^2`: two maxima, not concave between them."""
    return SeparableEntropy(
        (lambda x: -((x**2 - 0.5) ** 2), lambda x: -shape * x**2 / 2),
        (lambda x: -4 * x * (x**2 - 0.5), lambda x: -shape * x),
    )


class DryFriction(DissipationPotential):
    """Sliding with a threshold, `Xi = m/2 (|x*| - mu)_+^2`: forces weaker than `mu` move nothing."""

    def __init__(self, threshold: float, mobility: float = 1.0):
        super().__init__()
        self.threshold, self.mobility = threshold, mobility

    def forward(self, x: Tensor, x_star: Tensor) -> Tensor:
        """The dissipation potential, `(..., n)` twice to `(...)`."""
        return 0.5 * self.mobility * (x_star.norm(dim=-1) - self.threshold).relu() ** 2

    def flux(self, x: Tensor, x_star: Tensor) -> Tensor:
        """The flux `m (1 - mu/|x*|)_+ x*`, `(..., n)` twice to `(..., n)`."""
        size = x_star.norm(dim=-1, keepdim=True).clamp_min(torch.finfo(x_star.dtype).tiny)
        return self.mobility * (1 - self.threshold / size).relu() * x_star


class Inadmissible(DissipationPotential):
    """`Xi = sum_i (1 - cos(k x*_i)) / k^2`: zero at 0, nowhere negative, convex near 0, and yet not admissible.

    Its slope turns back at `k x* = pi`, so that `x* . dXi/dx* < 0` for stronger forces (thesis 1.2, condition 2).
    """

    def __init__(self, steepness: float):
        super().__init__()
        self.steepness = steepness

    def forward(self, x: Tensor, x_star: Tensor) -> Tensor:
        """The potential, `(..., n)` twice to `(...)`."""
        return ((1 - torch.cos(self.steepness * x_star)) / self.steepness**2).sum(-1)

    def flux(self, x: Tensor, x_star: Tensor) -> Tensor:
        """The flux `sin(k x*) / k`, `(..., n)` twice to `(..., n)`."""
        return torch.sin(self.steepness * x_star) / self.steepness


def easy_direction(ratio: float) -> DissipationPotential:
    """`Xi = 1/2 x* . M x*`, where `M` has the eigenvalue 1 along 30 degrees and `ratio` across."""
    along = torch.tensor([[math.cos(math.pi / 6), math.sin(math.pi / 6)]], dtype=torch.float64)
    return QuadraticDissipation(ratio * torch.eye(2, dtype=torch.float64) + (1 - ratio) * along.T @ along)


ENTROPIES: dict[str, Callable[[float], Entropy]] = {
    "paraboloid": paraboloid,
    "two boxes": two_boxes,
    "flat top": flat_top,
    "two hills (not concave)": two_hills,
}
DISSIPATIONS: dict[str, Callable[[float], DissipationPotential]] = {
    "parabola": IsotropicDissipation,
    "easy direction": easy_direction,
    "cosh": lambda steepness: CoshDissipation(1.0, steepness),
    "dry friction": DryFriction,
    "1 - cos (not admissible)": Inadmissible,
}
