"""Variational Onsager networks (VONN): an entropy and a dual potential, alone or in a balance of momentum."""

import torch
from torch import Tensor, nn
from torch.func import jacrev

from ggd_helpers.dynamics.generic import DampedMechanics
from ggd_helpers.initialisation import redraw_from_
from ggd_helpers.potentials.channels import Seeing
from ggd_helpers.potentials.general import DissipationPotential, Entropy
from ggd_helpers.potentials.generic import Energy
from ggd_helpers.ranges import check


class OnsagerNetwork(nn.Module):
    """VONN: the velocity makes the Rayleighian `Xi*(x, v) - v . dS/dx` smallest, hence `dXi*/dv(x, v) = dS/dx`.

    `Xi*` is convex in `v`, with its minimum, 0, at `v = 0`; hence `dS/dt = v . dXi*/dv >= 0`. A measured velocity is
    put into the equation, which is not solved in training: `OnsagerResidual`. Beware: that loss is in units of
    `dS/dx`, which is learned as well, and `S = const`, `Xi* = 0` makes it 0 for any motion.

    Simplified: a state of few numbers, where the paper has fields with densities of both potentials.

    Shapes: `(..., n)` to `(..., n)`.

    Args:
        entropy: `S(x)`, the paper's free energy with the other sign.
        dual: `Xi*(x, v)`, an admissible potential of the velocity.
        seed: when given, every network is drawn afresh from this seed.

    Source: Huang, He, Chem, Reina (2022), Variational Onsager Neural Networks (VONNs), arXiv:2112.09085; thesis 3.1.3
    with `dS/dx` in (3.3).
    """

    STEPS = 25  # of Newton, at most

    def __init__(self, entropy: Entropy, dual: DissipationPotential, seed: int | None = None):
        super().__init__()
        self.entropy, self.dual = entropy, dual
        redraw_from_(self, seed)

    def residual(self, x: Tensor, v: Tensor) -> Tensor:
        """`dXi*/dv - dS/dx`, `(..., n)` twice to `(..., n)`: 0 where `v` is the velocity."""
        return self.dual.flux(x, v) - self.entropy.conjugate(x)

    def forward(self, x: Tensor) -> Tensor:
        """The velocity, `(..., n)` to `(..., n)`, by Newton's method; its slopes are those of the implicit function.

        Where `dXi*/dv` does not reach `dS/dx` there is no velocity, and the nearest that was found is given.
        """
        states = x.reshape(-1, x.shape[-1])
        with torch.no_grad():
            v = self._solved(states)
            slope = self._slope(states, v)
        return (v - torch.linalg.solve(slope, self.residual(states, v))).reshape(x.shape)

    def _slope(self, x: Tensor, v: Tensor) -> Tensor:
        """`d^2 Xi*/dv^2`, `(m, n, n)`, a little of 1 and of its own size added so that it can be inverted."""
        bend = jacrev(lambda v: self.dual.flux(x, v).sum(0))(v).movedim(0, 1)  # a flux sees its own velocity only
        little = 1e-12 * (1 + bend.diagonal(dim1=-2, dim2=-1).sum(-1))
        return bend + little[:, None, None] * torch.eye(x.shape[-1]).to(x)

    def _solved(self, x: Tensor) -> Tensor:
        v, wanted = torch.zeros_like(x), self.entropy.conjugate(x)
        miss = self.dual.flux(x, v) - wanted
        for _ in range(self.STEPS):
            step = -torch.linalg.solve(self._slope(x, v), miss)
            farthest = 1 + v.norm(dim=-1, keepdim=True)  # at once
            step = step / (step.norm(dim=-1, keepdim=True) / farthest).clamp_min(1)
            for _ in range(4):  # halved where it does not help
                tried = self.dual.flux(x, v + step) - wanted
                helps = tried.norm(dim=-1, keepdim=True) < 0.99 * miss.norm(dim=-1, keepdim=True)
                if helps.all():
                    break
                step = torch.where(helps, step, step / 2)
            if not helps.any():
                break
            v, miss = torch.where(helps, v + step, v), torch.where(helps, tried, miss)
        return v


class OnsagerInBalance(DampedMechanics):
    """VONN in a known balance of momentum, mass 1: `q' = p`, `p' = -dF/dq - dXi*/dv(q, v)` at `v = q' = p`.

    The measured `p'` is in units of force: potentials that vanish no longer fit, nothing collapses. It is damped
    mechanics in which the kinetic energy is given.

    Simplified: as `OnsagerNetwork`; the paper's balance is that of a continuum.

    Shapes: states `(..., 2 d)`, first the coordinates, then the momenta.

    Args:
        free_energy: `F(q)`, of `(..., d)`.
        dual: an admissible `Xi*(q, v)`, of `(..., d)` twice.
        degrees: `d`.
        seed: when given, every network is drawn afresh from this seed.

    Source: as of `OnsagerNetwork`.
    """

    def __init__(self, free_energy: Energy, dual: DissipationPotential, degrees: int = 1, seed: int | None = None):
        check("degrees", degrees, "a whole number, 1 or more", "it is the number of degrees of freedom")
        super().__init__(_KineticAndFree(free_energy, degrees), Seeing(dual, tuple(range(degrees))), seed)


class _KineticAndFree(Energy):
    """`p^2/2 + F(q)`."""

    def __init__(self, free_energy: Energy, degrees: int):
        super().__init__()
        self.free_energy, self.degrees = free_energy, degrees

    def forward(self, x: Tensor) -> Tensor:
        q, p = x.split(self.degrees, dim=-1)
        return p.square().sum(-1) / 2 + self.free_energy(q)

    def gradient(self, x: Tensor) -> Tensor:
        q, p = x.split(self.degrees, dim=-1)
        return torch.cat([self.free_energy.gradient(q), p], dim=-1)
