"""Particles that come to rest, with any friction law."""

from collections.abc import Sequence

import torch
from torch import Tensor

from ggd_helpers.dynamics.gradient import GradientDynamics
from ggd_helpers.potentials.general import (
    CoshDissipation,
    DissipationPotential,
    IsotropicDissipation,
    QuadraticDissipation,
    QuadraticEntropy,
    positive_definite,
)
from ggd_helpers.ranges import check


class Particle(GradientDynamics):
    """A particle in the entropy `S(x) = -1/2 |x|^2`, slowed down by any dissipation potential.

    Initial states are uniform in `[-1, 1]^dim` (thesis 4.1.1).
    """

    def __init__(self, dissipation: DissipationPotential, dim: int):
        check("dim", dim, "a whole number, 1 or more", "it is the number of dimensions")
        super().__init__(entropy=QuadraticEntropy(torch.eye(dim)), dissipation=dissipation)
        self.dim = dim
        self.requires_grad_(False)

    def sample_initial_states(self, count: int, generator: torch.Generator) -> Tensor:
        """Draw `count` initial states, `(count, dim)`."""
        return 2 * torch.rand(count, self.dim, generator=generator, dtype=torch.float64) - 1


class OverdampedParticle(Particle):
    """The deterministic overdamped particle `dx/dt = -gamma x`.

    `S = -1/2 |x|^2`, `Xi = gamma/2 |x*|^2`, with the damping rate `gamma > 0` in 1/time.

    Raises:
        ValueError: `gamma` is not positive, or `dim` is not 1 or more.

    Source: thesis (4.1).

    Example:
        >>> import torch
        >>> import ggd_helpers as ggd
        >>> ggd.OverdampedParticle(gamma=2.0, dim=1).velocity(torch.ones(1, dtype=torch.float64)).round(decimals=6)
        tensor([-2.], dtype=torch.float64)
    """

    def __init__(self, gamma: float = 1.0, dim: int = 1):
        check("gamma", gamma, "positive", "it is the damping rate in 1/time")
        super().__init__(IsotropicDissipation(gamma), dim)


class AnisotropicParticle(Particle):
    """A particle with direction-dependent friction, `dx/dt = -Gamma x`.

    `S = -1/2 |x|^2`, `Xi = 1/2 x* . Gamma x*`, with a symmetric positive-definite `Gamma` `(n, n)` in 1/time.

    Raises:
        ValueError: `friction` is not a symmetric positive-definite matrix.
    """

    def __init__(self, friction: Sequence[Sequence[float]] | Tensor):
        matrix = positive_definite("friction", friction)
        super().__init__(QuadraticDissipation(matrix), dim=len(matrix))


class SteepParticle(Particle):
    """A particle with non-quadratic friction, `dx_i/dt = -gamma/k sinh(k x_i)`, where `k` is the `steepness`.

    `S = -1/2 |x|^2`, `Xi = gamma/k^2 sum_i (cosh(k x*_i) - 1)`; for small `k` it is the overdamped particle.

    Raises:
        ValueError: `gamma` or `steepness` is not positive, or `dim` is not 1 or more.
    """

    dissipation: CoshDissipation

    def __init__(self, gamma: float = 1.0, steepness: float = 1.0, dim: int = 1):
        super().__init__(CoshDissipation(gamma, steepness), dim)

    def solution(self, x0: Tensor, times: Tensor) -> Tensor:
        """The exact motion, `tanh(k x/2) = tanh(k x0/2) exp(-gamma t)`: `(..., n)`, `(time,)` to `(..., time, n)`."""
        k, gamma_t = self.dissipation.steepness, self.dissipation.gamma * times[:, None]
        s = torch.sinh(0.5 * k * x0)[..., None, :]  # the same law in sinh, which does not saturate as tanh does
        return 2 / k * torch.asinh(s * torch.exp(-gamma_t) / torch.sqrt(1 - s**2 * torch.expm1(-2 * gamma_t)))
