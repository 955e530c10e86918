"""A small menu of entropies and dissipation potentials, each with one number to turn: examples to play with."""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from ggd_helpers.potentials.general import (
    CoshDissipation,
    DissipationPotential,
    Entropy,
    FormulaDissipation,
    FormulaEntropy,
    IsotropicDissipation,
    QuadraticDissipation,
)


def paraboloid(shape: float) -> Entropy:
    """`S = -1/2 (x_1^2 + a x_2^2)`, with the `shape` `a`."""
    return FormulaEntropy(lambda x: -0.5 * (x[..., 0] ** 2 + shape * x[..., 1] ** 2))


def _mixing(x: Tensor) -> Tensor:
    left, right = (1 + x) / 2, (1 - x) / 2
    return -left * left.log() - right * right.log()


def two_boxes(shape: float) -> Entropy:
    """Particles in the halves of two boxes, `S = s(x_1) + a s(x_2)`, with excesses `x_i` on the left in (-1, 1).

    `s(x) = -(1+x)/2 ln((1+x)/2) - (1-x)/2 ln((1-x)/2)`.
    """
    return FormulaEntropy(lambda x: _mixing(x[..., 0]) + shape * _mixing(x[..., 1]))


def flat_top(shape: float) -> Entropy:
    """`S = -1/4 (x_1^4 + a x_2^4)`: concave, yet with no curvature at its maximum."""
    return FormulaEntropy(lambda x: -0.25 * (x[..., 0] ** 4 + shape * x[..., 1] ** 4))


def two_hills(shape: float) -> Entropy:
    """`S = -(x_1^2 - 1/2)^2 - a/2 x_2^2`: two maxima, not concave between them."""
    return FormulaEntropy(lambda x: -((x[..., 0] ** 2 - 0.5) ** 2) - 0.5 * shape * x[..., 1] ** 2)


def dry_friction(threshold: float, mobility: float = 1.0) -> DissipationPotential:
    """Sliding with a threshold, `Xi = m/2 (|x*| - mu)_+^2`: forces weaker than `mu` move nothing."""
    return FormulaDissipation(lambda x, y: 0.5 * mobility * (torch.linalg.norm(y, dim=-1) - threshold).relu() ** 2)


def easy_direction(ratio: float) -> DissipationPotential:
    """`Xi = 1/2 x* . M x*`, where `M` has the eigenvalue 1 along 30 degrees and `ratio` across."""
    along = torch.tensor([[math.cos(math.pi / 6), math.sin(math.pi / 6)]], dtype=torch.float64)
    return QuadraticDissipation(ratio * torch.eye(2, dtype=torch.float64) + (1 - ratio) * along.T @ along)


def inadmissible(steepness: float) -> DissipationPotential:
    """`Xi = sum_i (1 - cos(k x*_i)) / k^2`: zero at 0, nowhere negative, convex near 0, and yet not admissible.

    Its slope turns back at `k x* = pi`, so that `x* . dXi/dx* < 0` for stronger forces (thesis 1.2, condition 2).
    """
    return FormulaDissipation(lambda x, y: ((1 - torch.cos(steepness * y)) / steepness**2).sum(-1))


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
    "dry friction": dry_friction,
    "1 - cos (not admissible)": inadmissible,
}
