"""Networks that learn an energy: Hamiltonian (HNN), and Hamiltonian with a free gradient beside it (D-HNN)."""

import torch
from torch import Tensor, nn

from ggd_helpers.initialisation import redraw_from_
from ggd_helpers.potentials.generic import Energy, Poisson


class HamiltonianNetwork(nn.Module):
    """HNN: `x' = J dH`. The learned energy cannot change, `dH . J dH = 0`, so that friction cannot be learned.

    Simplified: the paper's network is tanh, ours is the energy that is passed; velocities are matched, as there.

    Shapes: `(..., n)` to `(..., n)`.

    Args:
        energy: `H(x)`, learned (`LearnedEnergy`) or prescribed.
        poisson: `J`; `CanonicalPoisson()` is mechanics in `(q, p)`.
        seed: when given, every network is drawn afresh from this seed.

    Source: Greydanus, Dzamba, Yosinski (2019), Hamiltonian Neural Networks; thesis 3.1.1.
    """

    def __init__(self, energy: Energy, poisson: Poisson, seed: int | None = None):
        super().__init__()
        self.energy, self.poisson = energy, poisson
        redraw_from_(self, seed)

    def reversible(self, x: Tensor) -> Tensor:
        """`J dH`, `(..., n)` to `(..., n)`: it conserves `H`."""
        slope = self.energy.gradient(x)
        return self.poisson(x, slope, torch.zeros_like(slope))

    def forward(self, x: Tensor) -> Tensor:
        """The velocity, `(..., n)` to `(..., n)`."""
        return self.reversible(x)


class DissipativeHamiltonianNetwork(HamiltonianNetwork):
    """D-HNN: `x' = J dH + dD` with a second free scalar, the Rayleigh function `D(x)`.

    In the plane every motion is such a sum (Helmholtz), in many ways: `H -> H + h`, `D -> D + d` with `dd = -J dh`
    changes nothing (`h` and `d` are harmonic then). `H` need not be the energy, and nothing keeps `dD` from driving.

    Simplified: as `HamiltonianNetwork`; the paper lets both scalars see further inputs (a friction coefficient).

    Args:
        energy, poisson, seed: as of `HamiltonianNetwork`.
        rayleigh: `D(x)`, a scalar with a slope like an energy.

    Source: Sosanya and Greydanus (2022), Dissipative Hamiltonian Neural Networks.
    """

    def __init__(self, energy: Energy, rayleigh: Energy, poisson: Poisson, seed: int | None = None):
        super().__init__(energy, poisson)
        self.rayleigh = rayleigh
        redraw_from_(self, seed)

    def forward(self, x: Tensor) -> Tensor:
        """The velocity, `(..., n)` to `(..., n)`."""
        return self.reversible(x) + self.rayleigh.gradient(x)
