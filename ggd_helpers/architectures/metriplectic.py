"""Metriplectic networks: `x' = L dE + M dS`, whose two laws hold as far as `L dS = 0` and `M dE = 0` do."""

from torch import Tensor, nn

from ggd_helpers.free_networks import Perceptron
from ggd_helpers.initialisation import redraw_from_
from ggd_helpers.potentials.general import Entropy
from ggd_helpers.potentials.generic import Energy, Poisson
from ggd_helpers.ranges import check_sizes


class Friction(nn.Module):
    """A friction operator `M(x)`, symmetric and never negative: a subclass writes what it makes of a slope."""

    def forward(self, x: Tensor, slope: Tensor, energy_slope: Tensor) -> Tensor:
        """`M(x)` times a slope of the entropy or of any other quantity, `(..., n)` three times to `(..., n)`."""
        raise NotImplementedError


class Metriplectic(nn.Module):
    """Energy, entropy and two operators, and the evolution `x' = L dE + M dS` that they generate: quadratic GENERIC.

    `dE . x' = dE . M dS`, since `L` is skew, and `dS . x' = dS . L dE + dS . M dS`: energy is conserved where
    `M dE = 0`, and entropy never falls where `L dS = 0`. Whether they are so is a matter of the operators passed.

    Shapes: `(..., n)` to `(..., n)`.

    Args:
        energy, entropy: `E(x)` and `S(x)`.
        poisson: `L(x)`.
        friction: `M(x)`.
        seed: when given, every network is drawn afresh from this seed.

    Source: thesis (3.2); Morrison (1986).
    """

    def __init__(self, energy: Energy, entropy: Entropy, poisson: Poisson, friction: Friction, seed: int | None = None):
        super().__init__()
        self.energy, self.entropy, self.poisson, self.friction = energy, entropy, poisson, friction
        redraw_from_(self, seed)

    def forward(self, x: Tensor) -> Tensor:
        """The velocity, `(..., n)` to `(..., n)`."""
        e, s = self.energy.gradient(x), self.entropy.conjugate(x)
        return self.poisson(x, e, s) + self.friction(x, s, e)

    def entropy_production(self, x: Tensor) -> Tensor:
        """The rate `dS/dt = dS . x'`, `(..., n)` to `(...)`."""
        return (self.entropy.conjugate(x) * self(x)).sum(-1)

    def violations(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """`L dS` and `M dE`, `(..., n)` each: what should vanish."""
        e, s = self.energy.gradient(x), self.entropy.conjugate(x)
        return self.poisson(x, s, s), self.friction(x, e, e)


class SoftMetriplectic(Metriplectic):
    """A metriplectic network with free operators, whose degeneracy is only asked for: `PenalisedDegeneracies`.

    `L` is skew and `M = A^T A`, both from free networks of `x`. With the penalty not at zero, `E` leaks and `S` may
    fall.

    Simplified: the papers let a network give `L` and `M` for each step of time, or take constant ones.

    Args:
        energy, entropy, seed: as of `Metriplectic`.
        dim: of the state.
        width: units in each of the two hidden layers of either operator.

    Source: Gonzalez, Chinesta, Cueto (2019); Hernandez, Badias, Gonzalez, Chinesta, Cueto (2021), Structure-preserving
    neural networks; thesis 3.1.2.
    """

    def __init__(self, energy: Energy, entropy: Entropy, dim: int, width: int = 8, seed: int | None = None):
        super().__init__(energy, entropy, FreePoisson(dim, width), FreeFriction(dim, width), seed)


class FreePoisson(Poisson):
    """A free skew operator, `L(x) = B - B^T`: nothing makes `L dS` vanish."""

    def __init__(self, dim: int, width: int = 8, seed: int = 0):
        super().__init__()
        self.matrix = Matrix(dim, width, seed)

    def forward(self, x: Tensor, slope: Tensor, entropy_slope: Tensor) -> Tensor:
        """`L(x)` times a slope, `(..., n)`."""
        matrix = self.matrix(x)
        return apply(matrix - matrix.mT, slope)


class FreeFriction(Friction):
    """A free operator that is never negative, `M(x) = A^T A`: nothing makes `M dE` vanish."""

    def __init__(self, dim: int, width: int = 8, seed: int = 0):
        super().__init__()
        self.factor = Matrix(dim, width, seed)

    def forward(self, x: Tensor, slope: Tensor, energy_slope: Tensor) -> Tensor:
        """`M(x)` times a slope, `(..., n)`."""
        factor = self.factor(x)
        return apply(factor.mT, apply(factor, slope))


class Matrix(nn.Module):
    """A square matrix as a free function of the state, `(..., dim)` to `(..., dim, dim)`."""

    def __init__(self, dim: int, width: int = 8, seed: int = 0):
        super().__init__()
        check_sizes("an operator's network", dim=dim, width=width)
        self.dim, self.network = dim, Perceptron([dim, width, width, dim**2], seed)

    def forward(self, x: Tensor) -> Tensor:
        """The matrix, `(..., dim, dim)`."""
        return self.network(x).unflatten(-1, (self.dim, self.dim))


def apply(matrix: Tensor, vector: Tensor) -> Tensor:
    """Matrix times vector, `(..., m, n)` and `(..., n)` to `(..., m)`."""
    return (matrix @ vector.unsqueeze(-1)).squeeze(-1)
