"""Diffusion on a periodic grid: Fick's law, and its nonlinear sibling, the porous medium equation."""

import math
from collections.abc import Callable

import torch
from torch import Generator, Tensor

from ggd_helpers.dynamics.gradient import GradientDynamics
from ggd_helpers.grids import PeriodicGrid
from ggd_helpers.potentials.general import DissipationPotential, Entropy, FormulaDissipation, FormulaEntropy
from ggd_helpers.potentials.local import LocalDissipation, LocalEntropy, Mean, arithmetic_mean, logarithmic_mean
from ggd_helpers.ranges import check
from ggd_helpers.systems import profiles

Profile = Callable[[PeriodicGrid, int, Generator], Tensor]


def mixing_entropy() -> Entropy:
    """The density `s(c) = -c ln c` of an ideal mixture (thesis 4.3)."""
    return FormulaEntropy(lambda c: -torch.special.xlogy(c, c).sum(-1))


def mobility_dissipation(mobility: Callable[[Tensor], Tensor | float]) -> DissipationPotential:
    """The density `xi(c, g) = 1/2 M(c) g^2` for any mobility `M(c) >= 0` (thesis 4.3, where it is `D~`)."""
    return FormulaDissipation(lambda c, g: 0.5 * (mobility(c) * g**2).sum(-1))


class LocalDynamics(GradientDynamics):
    """The dynamics of a field whose two potentials are sums over a grid of the densities `s(c)` and `xi(c, g)`."""

    entropy: LocalEntropy
    dissipation: LocalDissipation


def local_dynamics(
    entropy: Entropy,
    dissipation: DissipationPotential,
    grid: PeriodicGrid,
    mean: Mean = arithmetic_mean,
    seed: int | None = None,
) -> LocalDynamics:
    """The dynamics of a field from two densities: `S = sum s(c) h^dim`, `Xi = sum xi(c_face, grad c*) h^dim`.

    With a `seed`, every network in them is drawn afresh.
    """
    return LocalDynamics(LocalEntropy(entropy, grid), LocalDissipation(dissipation, grid, mean), seed)


def on_grid(model: LocalDynamics, grid: PeriodicGrid) -> LocalDynamics:
    """The same local law on another grid, of any dimension: the densities are shared, nothing is copied or trained."""
    return local_dynamics(model.entropy.density, model.dissipation.density, grid, model.dissipation.mean)


def effective_diffusivity(model: LocalDynamics, c: Tensor) -> Tensor:
    """The diffusivity that a local law amounts to, `D(c) = -xi''(c, 0) s''(c)`, `(..., 1)` to `(..., 1)`.

    In a smooth field the flux is `J = xi'(c, s''(c) grad c)`, nearly `-D(c) grad c`. Many pairs share one `D(c)`.
    """
    ones, zero = torch.ones_like(c), torch.zeros_like(c)
    mobility = torch.func.jvp(lambda g: model.dissipation.density.flux(c, g), (zero,), (ones,))[1]
    curvature = torch.func.jvp(model.entropy.density.conjugate, (c,), (ones,))[1]
    return -mobility * curvature


class FickianDiffusion(LocalDynamics):
    """Fick's law on a periodic grid, `dc/dt = D (c_{i+1} - 2 c_i + c_{i-1}) / h^2` along each axis.

    `S = -sum c ln c h^dim`, `Xi = 1/2 sum over faces D c_face |grad c*|^2 h^dim`, with the logarithmic mean of two
    neighbours for `c_face`: then the pair gives the 3-point Laplacian exactly. The velocity is written as that
    Laplacian, which, unlike the pair, knows negative concentrations as well (the thesis trains on them).

    Args:
        diffusivity: `D > 0`, in length^2/time.
        cells, dim: of the grid.
        profile: draws initial states; `profiles.fourier` on a line, `profiles.blobs` in the plane.

    Raises:
        ValueError: a parameter out of range.

    Source: thesis (4.7) and 4.3.1.
    """

    def __init__(self, diffusivity: float = 3e-3, cells: int = 64, dim: int = 1, profile: Profile | None = None):
        check("diffusivity", diffusivity, "positive", "it is the coefficient D of Fick's law in length²/time")
        grid = PeriodicGrid(cells, dim)
        density = mobility_dissipation(lambda c: diffusivity * c)
        super().__init__(LocalEntropy(mixing_entropy(), grid), LocalDissipation(density, grid, logarithmic_mean))
        self.diffusivity, self.grid = diffusivity, grid
        self.profile = profile or (profiles.fourier if dim == 1 else profiles.blobs)

    def velocity(self, c: Tensor) -> Tensor:
        """The velocity `D laplacian(c)`, `(..., n)` to `(..., n)`; for positive `c` it is what the pair gives."""
        return self.diffusivity * self.grid.laplacian(c)

    def quadratic_pair(self) -> LocalDynamics:
        """The other pair with the same motion: `S = -1/2 sum c^2 h^dim`, `Xi = 1/2 sum D |grad c*|^2 h^dim`."""
        entropy = FormulaEntropy(lambda c: -0.5 * (c**2).sum(-1))
        return local_dynamics(entropy, mobility_dissipation(lambda c: self.diffusivity), self.grid)

    def sample_initial_states(self, count: int, generator: Generator) -> Tensor:
        """Draw `count` initial states, `(count, n)`."""
        return self.profile(self.grid, count, generator)

    def substeps(self, dt: float) -> int:
        """RK4 steps that a stored step of length `dt` needs; see `PeriodicGrid.stable_substeps`."""
        return self.grid.stable_substeps(self.diffusivity, dt)

    def solution(self, c0: Tensor, times: Tensor) -> Tensor:
        """The exact motion on the grid, by the fast Fourier transform: `(..., n)`, `(time,)` to `(..., time, n)`.

        Wave `k` decays at the rate `D (2/h)^2 sum_axes sin^2(pi k h)`.
        """
        h, dim = self.grid.width, self.grid.dim
        side = (2 / h * torch.sin(math.pi * h * torch.arange(self.grid.cells, dtype=c0.dtype))) ** 2
        rate = self.diffusivity * sum(torch.meshgrid(*[side] * dim, indexing="ij"))
        axes = tuple(range(-dim, 0))
        waves = torch.fft.fftn(c0.unflatten(-1, self.grid.shape), dim=axes).unsqueeze(-1 - dim)
        decay = torch.exp(-rate * times.reshape(-1, *[1] * dim))
        return torch.fft.ifftn(waves * decay, dim=axes).real.flatten(-dim)


class PorousMedium(LocalDynamics):
    """Gas in a porous medium, `dc/dt = div(D(c) grad c)` with `D(c) = c^(m-1)`: the front stays sharp.

    `S = -sum c^m / (m (m - 1)) h^dim`, `Xi = 1/2 sum over faces c_face |grad c*|^2 h^dim` with the arithmetic mean for
    `c_face`: Fick's dissipation with another entropy. For `m = 2` the velocity is `1/2 laplacian(c^2)`.

    Args:
        exponent: `m > 1`.
        cells, dim: of the grid.
        profile: draws initial states, none of them negative; `profiles.blobs` unless another is given.

    Raises:
        ValueError: a parameter out of range.

    Source: Otto (2001); Vazquez, The Porous Medium Equation (2007).
    """

    def __init__(self, exponent: float = 2.0, cells: int = 64, dim: int = 1, profile: Profile = profiles.blobs):
        check("exponent", exponent, "greater than 1 and at most 10", "it is the m of the porous medium equation")
        grid, m = PeriodicGrid(cells, dim), exponent
        entropy = FormulaEntropy(lambda c: -(c**m).sum(-1) / (m * (m - 1)))
        super().__init__(
            LocalEntropy(entropy, grid), LocalDissipation(mobility_dissipation(lambda c: c), grid, arithmetic_mean)
        )
        self.exponent, self.grid, self.profile = exponent, grid, profile

    def sample_initial_states(self, count: int, generator: Generator) -> Tensor:
        """Draw `count` initial states, `(count, n)`.

        Raises:
            ValueError: the profile draws negative concentrations, of which this law has no meaning.
        """
        states = self.profile(self.grid, count, generator)
        if states.min() < 0:
            raise ValueError("the profile of a porous medium draws negative concentrations: take blobs, spikes, "
                             "polynomial, discontinuous or positive_fourier.")  # fmt: skip
        return states

    def substeps(self, dt: float, highest: float) -> int:
        """RK4 steps that a stored step of length `dt` needs, where no concentration is above `highest`."""
        return self.grid.stable_substeps(self.exponent * highest ** (self.exponent - 1), dt)


def barenblatt(grid: PeriodicGrid, exponent: float, age: float, mass: float) -> Tensor:
    """Barenblatt's self-similar solution on a line: a spot of `mass` that was a point at the time `-age`, `(n,)`.

    `c(x, t) = t^-a (K - b x^2 t^-2a)_+^(1/(m-1))` solves `dc/dt = (c^m)_xx` for `a = 1/(m+1)`, `b = a (m-1)/(2m)`; our
    time runs `m` times as fast, since `div(c^(m-1) grad c) = (c^m)_xx / m`. The spot sits in the middle and knows
    nothing of the period: it must not reach the ends.

    Raises:
        ValueError: the spot is wider than the period.

    Source: Barenblatt (1952); Vazquez (2007), chapter 4.
    """
    m, t = exponent, age / exponent
    a, p = 1 / (m + 1), 1 / (m - 1)
    b = a * (m - 1) / (2 * m)
    # mass = K^(p + 1/2) b^(-1/2) Beta(1/2, p + 1)
    beta = math.exp(math.lgamma(0.5) + math.lgamma(p + 1) - math.lgamma(p + 1.5))
    k = (mass * math.sqrt(b) / beta) ** (1 / (p + 0.5))
    if math.sqrt(k / b) * t**a > 0.5:
        raise ValueError(f"the spot is {2 * math.sqrt(k / b) * t**a:.3g} wide at the age {age:.3g}, "
                         "more than the period 1: take a smaller age or mass.")  # fmt: skip
    x = grid.coordinates()[0] - 0.5
    return t**-a * (k - b * x**2 * t ** (-2 * a)).clamp_min(0) ** p
