"""Entropies and dissipation potentials: from networks, from quadratic forms, or from any formula."""

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from ggd_helpers.derived import Derived
from ggd_helpers.initialisation import draw_normal_
from ggd_helpers.networks import FICNN, PICNN
from ggd_helpers.ranges import check


class Entropy(nn.Module):
    """An entropy `S(x)`: a subclass writes its formula in `forward`, `(..., n)` to `(...)`."""

    def conjugate(self, x: Tensor) -> Tensor:
        """The entropic conjugate `x* = dS/dx`, `(..., n)` to `(..., n)` (thesis 1.2)."""
        return torch.func.grad(lambda x: self(x).sum())(x)


class DissipationPotential(nn.Module):
    """A dissipation potential `Xi(x, x*)`: a subclass writes its formula in `forward`, `(..., n)` twice to `(...)`.

    The formula must have `Xi(x, 0) = 0`, `Xi >= 0`, and be convex in `x*` (thesis 1.2).
    """

    def flux(self, x: Tensor, x_star: Tensor) -> Tensor:
        """The flux `dXi/dx*(x, x*)`, `(..., n)` twice to `(..., n)`."""
        return torch.func.grad(lambda x_star: self(x, x_star).sum())(x_star)

    def at(self, u: Tensor) -> "DissipationPotential":
        """The same under any input: none changes it."""
        return self


class FormulaEntropy(Entropy):
    """An entropy from any function of torch tensors, `(..., n)` to `(...)`; concavity is the author's promise.

    Args:
        formula: `S(x)`.
        slope: the conjugate `dS/dx`, where it is known by hand: several times faster than differentiation.

    Example:
        >>> import torch
        >>> import ggd_helpers as ggd
        >>> entropy = ggd.FormulaEntropy(lambda x: -0.5 * (x**2).sum(-1))
        >>> entropy.conjugate(torch.tensor([0.5, -2.0]))
        tensor([-0.5000,  2.0000])
    """

    def __init__(self, formula: Callable[[Tensor], Tensor], slope: Callable[[Tensor], Tensor] | None = None):
        super().__init__()
        self.formula, self.slope = formula, slope

    def forward(self, x: Tensor) -> Tensor:
        """The formula's value, `(..., n)` to `(...)`."""
        return self.formula(x)

    def conjugate(self, x: Tensor) -> Tensor:
        """The entropic conjugate, `(..., n)` to `(..., n)`."""
        return super().conjugate(x) if self.slope is None else self.slope(x)


class FormulaDissipation(DissipationPotential):
    """A dissipation potential from any function of `(x, x*)`; the three conditions are the author's promise.

    Args:
        formula: `Xi(x, x*)`.
        slope: the flux `dXi/dx*`, where it is known by hand: several times faster than differentiation.
    """

    def __init__(
        self, formula: Callable[[Tensor, Tensor], Tensor], slope: Callable[[Tensor, Tensor], Tensor] | None = None
    ):
        super().__init__()
        self.formula, self.slope = formula, slope

    def forward(self, x: Tensor, x_star: Tensor) -> Tensor:
        """The formula's value, `(..., n)` twice to `(...)`."""
        return self.formula(x, x_star)

    def flux(self, x: Tensor, x_star: Tensor) -> Tensor:
        """The flux, `(..., n)` twice to `(..., n)`."""
        return super().flux(x, x_star) if self.slope is None else self.slope(x, x_star)


class ConcaveEntropy(Entropy):
    """An entropy that is concave by construction: `S(x) = -FICNN(x)`.

    The defaults are the thesis's: an input layer and four hidden positive layers of width 8.

    Source: thesis 3.2.1.
    """

    def __init__(self, dim: int, width: int = 8, depth: int = 5, seed: int = 0, dtype: torch.dtype = torch.float64):
        super().__init__()
        self.network = FICNN(dim, width=width, depth=depth, seed=seed, dtype=dtype)
        self.network.level_origin()

    def forward(self, x: Tensor) -> Tensor:
        """The entropy, `(..., n)` to `(...)`."""
        return -self.network(x)

    def reset_parameters(self, generator: torch.Generator) -> None:
        """Draw the network afresh, with the maximum of `S` at the origin to begin with."""
        self.network.reset_parameters(generator)
        self.network.level_origin()

    def conjugate(self, x: Tensor) -> Tensor:
        """The entropic conjugate, `(..., n)` to `(..., n)`."""
        return -self.network.gradient(x)


class ConvexDissipation(DissipationPotential):
    """A dissipation potential that is admissible by construction, from a PICNN `Psi` by an affine change.

    `Xi(x, x*) = Psi(x, x*) - Psi(x, 0) - x* . dPsi/dx*(x, 0)`, hence `Xi(x, 0) = 0` and `dXi/dx*(x, 0) = 0`;
    convexity then gives `Xi >= 0` and `x* . dXi/dx* >= Xi >= 0`: the second law.
    `forces` is the length of `x*`, where it is not the state's `dim`.

    Source: thesis 3.2.2 and (3.4).
    """

    def __init__(
        self,
        dim: int,
        width: int = 8,
        depth: int = 2,
        seed: int = 0,
        dtype: torch.dtype = torch.float64,
        forces: int | None = None,
    ):
        super().__init__()
        self.network = PICNN(dim, forces or dim, width=width, depth=depth, seed=seed, dtype=dtype)

    def forward(self, x: Tensor, x_star: Tensor) -> Tensor:
        """The dissipation potential, `(..., n)` twice to `(...)`."""
        psi, zero = self.network, torch.zeros_like(x_star)
        return psi(x, x_star) - psi(x, zero) - (x_star * psi.gradient(x, zero)).sum(-1)

    def flux(self, x: Tensor, x_star: Tensor) -> Tensor:
        """The flux `dPsi/dx*(x, x*) - dPsi/dx*(x, 0)`, `(..., n)` twice to `(..., n)`."""
        return self.network.gradient_beyond_zero(x, x_star)


class _QuadraticForm(Derived[Tensor]):
    """A learnable symmetric positive-definite matrix `A = L L^T`, `L` lower triangular with diagonal `exp(.)`."""

    def __init__(self, matrix: Tensor):
        super().__init__()
        factor = torch.linalg.cholesky(matrix)
        self.raw = nn.Parameter(factor.tril(-1) + factor.diagonal().log().diag())

    def derive(self) -> Tensor:
        factor = self.raw.tril(-1) + self.raw.diagonal().exp().diag()
        return factor @ factor.T

    matrix = Derived.derived

    def reset_parameters(self, generator: torch.Generator) -> None:
        draw_normal_(self.raw, 0.5, generator)


def positive_definite(name: str, matrix: Sequence[Sequence[float]] | Tensor) -> Tensor:
    """Read a symmetric positive-definite matrix, `(n, n)`, or refuse it with a sentence naming `name`."""
    matrix = torch.as_tensor(matrix, dtype=torch.float64)
    if matrix.dim() != 2 or matrix.shape[0] != matrix.shape[1]:
        raise ValueError(f"{name} must be a square matrix (got shape {tuple(matrix.shape)}).")
    if not torch.isfinite(matrix).all():
        raise ValueError(f"{name} holds NaN or infinity: {matrix.tolist()}.")
    if (matrix - matrix.T).abs().max() > 1e-12 * matrix.abs().max():  # products of matrices round
        raise ValueError(f"{name} must be symmetric (Onsager's reciprocity); the one given is not: {matrix.tolist()}.")
    if not torch.linalg.eigvalsh(matrix)[0] > 0:
        raise ValueError(
            f"{name} must be positive definite; its eigenvalues are {torch.linalg.eigvalsh(matrix).tolist()}."
        )
    return matrix


class QuadraticEntropy(Entropy):
    """The concave paraboloid `S(x) = -1/2 x . A x` with a symmetric positive-definite `A`, learnable."""

    def __init__(self, matrix: Sequence[Sequence[float]] | Tensor):
        super().__init__()
        self.form = _QuadraticForm(positive_definite("the matrix of the entropy", matrix))

    def forward(self, x: Tensor) -> Tensor:
        """The entropy, `(..., n)` to `(...)`."""
        return -0.5 * (x * (x @ self.form.matrix().to(x))).sum(-1)

    def conjugate(self, x: Tensor) -> Tensor:
        """The entropic conjugate `-A x`, `(..., n)` to `(..., n)`."""
        return -x @ self.form.matrix().to(x)


class QuadraticDissipation(DissipationPotential):
    """Onsager's linear regime, `Xi = 1/2 x* . M x*`, with a learnable positive-definite `M` (thesis (1.2))."""

    def __init__(self, matrix: Sequence[Sequence[float]] | Tensor):
        super().__init__()
        self.form = _QuadraticForm(positive_definite("the matrix of the dissipation potential", matrix))

    def forward(self, x: Tensor, x_star: Tensor) -> Tensor:
        """The dissipation potential, `(..., n)` twice to `(...)`."""
        return 0.5 * (x_star * (x_star @ self.form.matrix().to(x))).sum(-1)

    def flux(self, x: Tensor, x_star: Tensor) -> Tensor:
        """The flux `M x*`, `(..., n)` twice to `(..., n)`."""
        return x_star @ self.form.matrix().to(x)


class IsotropicDissipation(DissipationPotential):
    """The isotropic parabola `Xi = m/2 |x*|^2` with a learnable mobility `m > 0` (thesis 4.1)."""

    def __init__(self, mobility: float = 1.0, dtype: torch.dtype = torch.float64):
        super().__init__()
        check("mobility", mobility, "positive", "it is the flux for a unit force")
        self.log_mobility = nn.Parameter(torch.tensor(math.log(mobility), dtype=dtype))

    def mobility(self) -> Tensor:
        """The mobility `m`, a positive scalar."""
        return self.log_mobility.exp()

    def forward(self, x: Tensor, x_star: Tensor) -> Tensor:
        """The dissipation potential, `(..., n)` twice to `(...)`."""
        return 0.5 * self.mobility() * (x_star**2).sum(-1)

    def flux(self, x: Tensor, x_star: Tensor) -> Tensor:
        """The flux `m x*`, `(..., n)` twice to `(..., n)`."""
        return self.mobility() * x_star

    def reset_parameters(self, generator: torch.Generator) -> None:
        """Draw the logarithm of the mobility afresh."""
        draw_normal_(self.log_mobility, 0.5, generator)


def cosh_less_one(x: Tensor) -> Tensor:
    """`cosh(x) - 1`, any shape to the same, written as `2 sinh(x/2)^2`, which loses no digits near 0."""
    return 2 * torch.sinh(x / 2).square()


class CoshDissipation(DissipationPotential):
    """A steep friction law, `Xi = gamma/k^2 sum_i (cosh(k x*_i) - 1)`: a parabola near 0, steep farther out.

    Args:
        gamma: the slope of the flux at rest, 1/time.
        steepness: `k`, how fast the law leaves that slope.

    Raises:
        ValueError: `gamma` is not positive, or `steepness` not positive and at most 20.
    """

    def __init__(self, gamma: float, steepness: float):
        super().__init__()
        check("gamma", gamma, "positive", "it is the damping rate in 1/time")
        check("steepness", steepness, "positive and at most 20", "it is how fast the friction law leaves its tangent")
        self.gamma, self.steepness = gamma, steepness

    def forward(self, x: Tensor, x_star: Tensor) -> Tensor:
        """The dissipation potential, `(..., n)` twice to `(...)`."""
        return self.gamma / self.steepness**2 * cosh_less_one(self.steepness * x_star).sum(-1)

    def flux(self, x: Tensor, x_star: Tensor) -> Tensor:
        """The flux `gamma/k sinh(k x*)`, `(..., n)` twice to `(..., n)`."""
        return self.gamma / self.steepness * torch.sinh(self.steepness * x_star)
