"""Learned potentials of isothermal systems: a free energy under an input, and the dual dissipation potential.

Each is a network on a base parabola, in physical units: a parabola is what both are near equilibrium, and without one
some starts collapse onto a potential of zero.
"""

import math

import torch
from torch import Tensor, nn

from ggd_helpers.free_networks import ConvexInPart, Dense
from ggd_helpers.networks import softplus
from ggd_helpers.potentials.driven import DrivenEntropy
from ggd_helpers.potentials.general import ConvexDissipation, Entropy, FormulaEntropy
from ggd_helpers.ranges import check

UNIT_BASE = math.log(math.e - 1)  # softplus of it is 1


def _reset_base(raw: nn.Parameter) -> None:
    nn.init.constant_(raw, UNIT_BASE)


class FreeEnergy(DrivenEntropy):
    """Minus a learned free energy, `S = -f`, `f(x, u) = E (N(z) + 1/2 sum_i b_i z_i^2)`.

    Here `z = (x, (u - center) / scale)`, `N` is free (`Dense`), every `b_i` positive. The states `x` are about 1 in
    size already: internal variables are.

    Shapes: `x` `(..., dim)` and `u` `(..., inputs)` to `(...)`.

    Args:
        dim: of the state; 0 where nothing but the input is known.
        center, scale: of the input, `(inputs,)` each.
        energy: the size of `f`, in its unit.

    Source: IB-VONN, section 2.3.
    """

    center: Tensor
    scale: Tensor

    def __init__(self, dim: int, center: Tensor, scale: Tensor, energy: float, width: int = 12, seed: int = 0):
        super().__init__()
        check("energy", energy, "positive", "it is the size of the free energy")
        self.energy, self.dim = energy, dim
        self.register_buffer("center", center)
        self.register_buffer("scale", scale)
        self.network: Dense | ConvexInPart = Dense(dim + len(center), width, seed=seed)
        self.raw_base = nn.Parameter(torch.empty(dim + len(center), dtype=center.dtype))
        _reset_base(self.raw_base)

    def reset_parameters(self, generator: torch.Generator) -> None:
        """Draw the network afresh; the base is 1 to begin with."""
        self.network.reset_parameters(generator)
        _reset_base(self.raw_base)

    def _joined(self, x: Tensor, u: Tensor) -> Tensor:
        scaled = (u - self.center) / self.scale
        batch = torch.broadcast_shapes(x.shape[:-1], u.shape[:-1])
        return torch.cat([x.expand(*batch, -1), scaled.expand(*batch, -1)], dim=-1)

    def forward(self, x: Tensor, u: Tensor) -> Tensor:
        """The entropy `-f`, `(..., dim)` and `(..., inputs)` to `(...)`."""
        z = self._joined(x, u)
        return -self.energy * (self.network(z) + 0.5 * (softplus(self.raw_base) * z**2).sum(-1))

    def slopes(self, x: Tensor, u: Tensor) -> tuple[Tensor, Tensor]:
        """`df/dx`, `(..., dim)`, and `df/du`, `(..., inputs)`, from one pass through the network."""
        z = self._joined(x, u)
        slope = self.energy * (self.network.gradient(z) + softplus(self.raw_base) * z)
        return slope[..., : self.dim], slope[..., self.dim :] / self.scale

    def force(self, x: Tensor, u: Tensor) -> Tensor:
        """What holds the input, `F = df/du`, `(..., inputs)`."""
        return self.slopes(x, u)[1]

    def at(self, u: Tensor) -> Entropy:
        """The entropy while the input stays at `u`."""
        return FormulaEntropy(lambda x: self(x, u), lambda x: -self.slopes(x, u)[0])


class ConvexFreeEnergy(FreeEnergy):
    """A `FreeEnergy` that is convex in the state, free in the input: while `u` stays, `x` has one place to rest.

    Args:
        dim: of the state, 1 or more.
        center, scale, energy: as of `FreeEnergy`.
    """

    def __init__(self, dim: int, center: Tensor, scale: Tensor, energy: float, width: int = 12, seed: int = 0):
        super().__init__(dim, center, scale, energy)
        self.network = ConvexInPart(dim, len(center), width, seed)


class DualDissipation(ConvexDissipation):
    """The dual dissipation potential `phi*(g; x) = E r (Xi(x, g/E) + 1/2 sum_i b_i (g_i/E)^2)`, admissible always.

    `Xi` is the package's convex network with its value and slope at 0 taken off, every `b_i` positive. `E` is an
    energy and `r` a rate, so that forces and velocities are about 1 inside.

    Shapes: `x` `(..., dim)` and `g` `(..., forces)` to `(...)`.

    Source: IB-VONN, (24); thesis (3.4).
    """

    def __init__(
        self,
        dim: int,
        energy: float,
        rate: float,
        width: int = 10,
        seed: int = 0,
        forces: int | None = None,
        depth: int = 2,
    ):
        super().__init__(dim, width=width, depth=depth, seed=seed, forces=forces)
        check("energy", energy, "positive", "it is the size of a force times a state")
        check("rate", rate, "positive", "it is how fast the state changes, 1/time")
        self.energy, self.rate = energy, rate
        self.raw_base = nn.Parameter(torch.empty(forces or dim, dtype=torch.float64))
        _reset_base(self.raw_base)

    def reset_parameters(self, generator: torch.Generator) -> None:
        """Draw the network afresh; the base is 1 to begin with."""
        self.network.reset_parameters(generator)
        _reset_base(self.raw_base)

    def forward(self, x: Tensor, x_star: Tensor) -> Tensor:
        """The potential, `(..., dim)` and `(..., forces)` to `(...)`."""
        g = x_star / self.energy
        parabola = 0.5 * (softplus(self.raw_base) * g**2).sum(-1)
        return self.energy * self.rate * (super().forward(x, g) + parabola)

    def flux(self, x: Tensor, x_star: Tensor) -> Tensor:
        """The rates `dphi*/dg`, `(..., dim)` and `(..., forces)` to `(..., forces)`."""
        g = x_star / self.energy
        return self.rate * (super().flux(x, g) + softplus(self.raw_base) * g)
