"""A bead in a moving optical trap: the first example of the IB-VONN paper, with all that is known of it exactly."""

import math

import torch
from torch import Tensor

from ggd_helpers.dynamics.driven import DrivenDynamics
from ggd_helpers.integrators import rk4_along
from ggd_helpers.potentials.driven import DrivenEntropy
from ggd_helpers.potentials.general import Entropy, FormulaEntropy, IsotropicDissipation
from ggd_helpers.ranges import check
from ggd_helpers.recordings.driven import with_middles

FARTHEST = 7.0  # deviations from the mean that the grid of histograms reaches: one bead in 10^12 lies farther


class TwoSprings(DrivenEntropy):
    """Minus the energy of a bead between a spring to the origin and a trap at `u`, `S = -(k0/2 x^2 + k/2 (x - u)^2)`.

    Shapes: `x` and `u` `(..., 1)` to `(...)`.
    """

    def __init__(self, anchor: float, stiffness: float):
        super().__init__()
        self.anchor, self.stiffness = anchor, stiffness

    def forward(self, x: Tensor, u: Tensor) -> Tensor:
        """The entropy, `(..., 1)` twice to `(...)`."""
        return -0.5 * (self.anchor * x**2 + self.stiffness * (x - u) ** 2).squeeze(-1)

    def at(self, u: Tensor) -> Entropy:
        """The same while the trap stays at `u`, `(..., 1)`."""
        return FormulaEntropy(lambda x: self(x, u), lambda x: -self.anchor * x + self.stiffness * (u - x))

    def force(self, x: Tensor, u: Tensor) -> Tensor:
        """What holds the trap, `F = k (u - x)`, `(..., 1)` twice to `(..., 1)`."""
        return self.stiffness * (u - x)


class TrappedBead(DrivenDynamics):
    """A colloidal bead between a spring to the origin and an optical trap that is moved.

        |/\\/\\/ o \\/\\/\\| u(t)        eta dx = -(k0 x + k (x - u)) dt + sqrt(2 kB T eta) dB

    As a law it is the pair `S = -(k0/2 x^2 + k/2 (x - u)^2)`, `Xi = |x*|^2 / (2 eta)`. The forces are linear in `x`, so
    the mean `m` of a cloud of beads obeys the very same law: `f(m, u) = -S(m, u)` and `phi*(g) = g^2 / (2 eta)` are the
    exact answers to what chapter 6 learns, up to constants. The variance stays `kB T / (k0 + k)`.

    Shapes: positions and trap `(..., 1)`.

    Args:
        stiffness: `k` of the trap, force/length.
        anchor: `k0` of the spring to the origin, force/length.
        viscosity: `eta`, force time/length.
        thermal_energy: `kB T`.

    Raises:
        ValueError: one of them is not positive.

    Source: IB-VONN, (17) to (26); there both springs have the same stiffness.
    """

    entropy: TwoSprings

    def __init__(
        self, stiffness: float = 1.0, anchor: float = 1.0, viscosity: float = 1.0, thermal_energy: float = 0.01
    ):
        check("stiffness", stiffness, "positive", "it is the stiffness of the trap")
        check("anchor", anchor, "positive", "it is the stiffness of the spring to the origin")
        check("viscosity", viscosity, "positive", "it is the drag on the bead")
        check("thermal_energy", thermal_energy, "positive", "it is kB T, without which nothing jitters")
        super().__init__(TwoSprings(anchor, stiffness), IsotropicDissipation(1 / viscosity))
        self.thermal_energy, self.diffusivity = thermal_energy, thermal_energy / viscosity
        self.variance = thermal_energy / (anchor + stiffness)
        self.fastest = (anchor + stiffness) / viscosity
        self.requires_grad_(False)

    def equilibrium_mean(self, u: Tensor) -> Tensor:
        """Where beads rest on average while the trap stays at `u`: `k u / (k0 + k)`, same shape."""
        return self.entropy.stiffness / (self.entropy.anchor + self.entropy.stiffness) * u

    def sample_equilibrium(self, u: Tensor, realisations: int, generator: torch.Generator) -> Tensor:
        """Draw beads at rest with the trap, exactly: `u` `(..., 1)` to `(realisations, ..., 1)`."""
        jitter = torch.randn(realisations, *u.shape, generator=generator, dtype=u.dtype)
        return self.equilibrium_mean(u) + math.sqrt(self.variance) * jitter

    def observe(self, x: Tensor, u: Tensor) -> Tensor:
        """What histograms are kept of: the position itself."""
        return x

    def measure(self, x: Tensor, u: Tensor) -> Tensor:
        """What is averaged beside: the force on the trap, `(..., 1)`."""
        return self.force(x, u)

    def mean(self, inputs: Tensor, dt: float) -> Tensor:
        """The exact mean from equilibrium on, `(protocol, time, 1)`, by RK4 (the trap between stored times: cubics)."""
        return rk4_along(self, self.equilibrium_mean(inputs[:, 0]), with_middles(inputs), dt)

    def grid(self, inputs: Tensor, dt: float, bins: int) -> Tensor:
        """Points `(bins,)` that cover every place where beads come under these inputs, `(protocol, time, 1)`."""
        mean, reach = self.mean(inputs, dt), FARTHEST * math.sqrt(self.variance)
        low, high = mean.min().item() - reach, mean.max().item() + reach
        return torch.linspace(low, high, bins, dtype=inputs.dtype)
