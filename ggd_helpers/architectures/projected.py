"""Metriplectic networks whose degeneracy is exact, by projection (GFINN)."""

import torch
from torch import Tensor, nn

from ggd_helpers.architectures.metriplectic import Friction, Matrix, Metriplectic, apply
from ggd_helpers.initialisation import draw_normal_
from ggd_helpers.potentials.general import Entropy
from ggd_helpers.potentials.generic import Energy, Poisson
from ggd_helpers.ranges import check


class ProjectedMetriplectic(Metriplectic):
    """GFINN: `x' = L dE + M dS` with `M = Q_E^T A^T A Q_E`, `Q_E dE = 0`, and an `L` with `L dS = 0` that is passed.

    Both laws hold for any weights: `dE . x' = 0`, `dS . x' = |A Q_E dS|^2 >= 0`. Friction is quadratic in `dS`.

    Simplified: one matrix of rows for all states, where the paper's rows may depend on the state, and velocities are
    matched, not steps of time.

    Args:
        energy, entropy, seed: as of `Metriplectic`; either learned or prescribed.
        poisson: `ProjectedPoisson(dim)` to learn `L`, or a known one, such as `CanonicalPoisson()`.
        dim: of the state.
        width: units in each of the two hidden layers of the friction operator.

    Source: Zhang, Shin, Karniadakis (2022), GFINNs: GENERIC formalism informed neural networks.
    """

    def __init__(
        self, energy: Energy, entropy: Entropy, poisson: Poisson, dim: int, width: int = 8, seed: int | None = None
    ):
        super().__init__(energy, entropy, poisson, ProjectedFriction(dim, width), seed)


class Orthogonal(nn.Module):
    """A matrix `Q(v)` with `Q v = 0` for every vector: its rows are `A_k v`, with learned skew `A_k`, as many as `dim`.

    `v . A_k v = 0` since `A_k` is skew.
    """

    def __init__(self, dim: int, seed: int = 0):
        super().__init__()
        check("dim", dim, "a whole number, 2 or more", "in one dimension nothing is orthogonal to a slope")
        self.halves = nn.Parameter(torch.empty(dim, dim, dim, dtype=torch.float64))
        self.reset_parameters(torch.Generator().manual_seed(seed))

    def reset_parameters(self, generator: torch.Generator) -> None:
        """Draw the matrices afresh."""
        draw_normal_(self.halves, 0.5, generator)

    def forward(self, v: Tensor) -> Tensor:
        """`Q(v)`, `(..., dim)` to `(..., dim, dim)`."""
        return ((self.halves - self.halves.mT) @ v[..., None, :, None]).squeeze(-1)


class ProjectedPoisson(Poisson):
    """A learned skew operator with `L dS = 0`: `L = Q_S^T (B - B^T) Q_S`, where `Q_S dS = 0` and `B(x)` is free.

    The Jacobi identity is not asked for.
    """

    def __init__(self, dim: int, width: int = 8, seed: int = 0):
        super().__init__()
        self.orthogonal, self.matrix = Orthogonal(dim, seed), Matrix(dim, width, seed)

    def forward(self, x: Tensor, slope: Tensor, entropy_slope: Tensor) -> Tensor:
        """`L(x)` times a slope, `(..., n)`."""
        q, matrix = self.orthogonal(entropy_slope), self.matrix(x)
        return apply(q.mT, apply(matrix - matrix.mT, apply(q, slope)))


class ProjectedFriction(Friction):
    """A learned operator that is never negative, with `M dE = 0`: `M = Q_E^T A^T A Q_E`, `Q_E dE = 0`, `A(x)` free."""

    def __init__(self, dim: int, width: int = 8, seed: int = 0):
        super().__init__()
        self.orthogonal, self.factor = Orthogonal(dim, seed), Matrix(dim, width, seed)

    def forward(self, x: Tensor, slope: Tensor, energy_slope: Tensor) -> Tensor:
        """`M(x)` times a slope, `(..., n)`."""
        rows = self.factor(x) @ self.orthogonal(energy_slope)
        return apply(rows.mT, apply(rows, slope))
