"""Potentials of a chain under a load: a free energy for every spring, friction for every particle."""

import torch
from torch import Tensor

from ggd_helpers.grids import OpenLine
from ggd_helpers.potentials.driven import DrivenEntropy
from ggd_helpers.potentials.general import DissipationPotential, Entropy, FormulaEntropy, IsotropicDissipation
from ggd_helpers.potentials.isothermal import DualDissipation, FreeEnergy


def by_spring(x: Tensor, springs: int) -> tuple[Tensor, Tensor]:
    """The state of a chain taken apart: mean strains `(..., n, 1)` and internal variables `(..., n, variables)`.

    A state is `(..., n (1 + variables))`: first all strains, then all first internal variables, and so on.
    """
    table = x.unflatten(-1, (-1, springs)).transpose(-1, -2)
    return table[..., :1], table[..., 1:]


def of_chain(strain: Tensor, alpha: Tensor) -> Tensor:
    """The state of a chain put together from `by_spring`'s two parts."""
    return torch.cat([strain, alpha], dim=-1).transpose(-1, -2).flatten(-2)


class LoadedChain(DrivenEntropy):
    """Minus the free energy of a chain under a load `F`, `S(x, F) = -(sum_i f(eps_i, alpha_i) - F sum_i eps_i)`.

    All springs are alike, so one `f` serves them all. Its conjugates are `F - s_i` with the stress `s = df/deps`, and
    `g_i = -df/dalpha`.

    Shapes: states of a chain, loads `(..., 1)`.

    Source: IB-VONN, (39) to (46).
    """

    def __init__(self, free_energy: FreeEnergy, line: OpenLine):
        super().__init__()
        self.free_energy, self.line = free_energy, line

    def forward(self, x: Tensor, u: Tensor) -> Tensor:
        """The entropy, a state and a load to `(...)`."""
        strain, alpha = by_spring(x, self.line.cells)
        return self.free_energy(alpha, strain).sum(-1) + u.squeeze(-1) * strain.sum((-1, -2))

    def slopes(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """The stresses `df/deps`, `(..., n, 1)`, and `df/dalpha`, `(..., n, variables)`."""
        strain, alpha = by_spring(x, self.line.cells)
        by_alpha, stress = self.free_energy.slopes(alpha, strain)
        return stress, by_alpha

    def at(self, u: Tensor) -> Entropy:
        """The entropy while the load stays at `u`."""

        def slope(x: Tensor) -> Tensor:
            stress, by_alpha = self.slopes(x)
            return of_chain(u[..., None, :] - stress, -by_alpha)

        return FormulaEntropy(lambda x: self(x, u), slope)


class ChainDissipation(DissipationPotential):
    """`Xi(x, x*) = sum over particles m/2 g_v^2 + sum over springs phi*(g_i; alpha_i, eps_i)`, `g_v = -grad x*_eps`.

    The force on a particle is the difference of the stresses beside it, `s_{i+1} - s_i`, and `F - s_n` on the last one;
    its velocity `v = m g_v` stretches the spring below and lets go of the one above: strains follow `eps' = div v`. As
    for reactions and diffusion the forces are linear in `x*`, and the motion comes back by the transposed map.

    Args:
        friction: of a particle; its mobility is learned.
        jumps: `phi*`, which moves the internal variables; it sees them and the strain `(eps - center) / scale`.

    Source: IB-VONN, (39) to (46).
    """

    def __init__(
        self,
        friction: IsotropicDissipation,
        jumps: DualDissipation,
        line: OpenLine,
        center: float = 0.0,
        scale: float = 1.0,
    ):
        super().__init__()
        self.friction, self.jumps, self.line, self.center, self.scale = friction, jumps, line, center, scale

    def reset_parameters(self, generator: torch.Generator) -> None:
        """Draw the network afresh; the mobility stays what it is: it is as good a guess as any."""
        self.jumps.reset_parameters(generator)

    def _parts(self, x: Tensor, x_star: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Forces on particles `(..., n)`, states of springs, and forces on their internal variables."""
        strain, alpha = by_spring(x, self.line.cells)
        pull, g = by_spring(x_star, self.line.cells)
        return -self.line.gradient(pull.squeeze(-1)), torch.cat([alpha, (strain - self.center) / self.scale], -1), g

    def forward(self, x: Tensor, x_star: Tensor) -> Tensor:
        """The dissipation potential, states twice to `(...)`."""
        g_v, springs, g = self._parts(x, x_star)
        return self.friction(g_v, g_v) + self.jumps(springs, g).sum(-1)

    def flux(self, x: Tensor, x_star: Tensor) -> Tensor:
        """The rates `dXi/dx*`, states twice to a state."""
        g_v, springs, g = self._parts(x, x_star)
        return of_chain(self.line.divergence(self.friction.flux(x, g_v))[..., None], self.jumps.flux(springs, g))
