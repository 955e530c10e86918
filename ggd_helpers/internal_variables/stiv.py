"""Internal variables without training: assume a family of distributions, and let its parameters fall in free energy.

That is stochastic thermodynamics with internal variables (STIV): `a' = -M^-1 dF/da` for the parameters `a` of the
family, with `F = <U> - T S` of its members and a mobility from the Fokker-Planck equation. Nothing is fitted; but the
potential, the drag, the temperature and a good family must be known.

Source: Leadbetter, Purohit and Reina (2023), "A statistical mechanics framework for constructing nonequilibrium
thermodynamic models".
"""

import math
from typing import NamedTuple

import torch
from torch import Tensor

from ggd_helpers.dynamics.driven import DrivenDynamics
from ggd_helpers.integrators import Driven, VelocityField, rk4_along
from ggd_helpers.internal_variables.kramers import Kramers, free_ends
from ggd_helpers.potentials.driven import DrivenEntropy
from ggd_helpers.potentials.general import DissipationPotential, IsotropicDissipation, cosh_less_one
from ggd_helpers.ranges import check
from ggd_helpers.recordings.driven import with_middles
from ggd_helpers.recordings.recording import check_finite
from ggd_helpers.systems.spring_chain import SpringChain
from ggd_helpers.systems.trapped_bead import TrappedBead

SAFE = 1.5  # a rate times a step that RK4 follows
LEAST = 1e-12  # share of a phase: its logarithm stays finite


class GaussianCloud(DrivenEntropy):
    """Minus the free energy of a Gaussian cloud of beads in the trap, with the state `z = (m, w)`: mean and deviation.

    `F(z, u) = k0/2 (m^2 + w^2) + k/2 ((m - u)^2 + w^2) - kB T ln w`. Shapes: `(..., 2)` and `(..., 1)` to `(...)`.
    """

    def __init__(self, bead: TrappedBead):
        super().__init__()
        self.springs, self.thermal_energy = bead.entropy, bead.thermal_energy

    def forward(self, z: Tensor, u: Tensor) -> Tensor:
        """The entropy `-F`."""
        mean, width = z[..., :1], z[..., 1]
        stiffness = self.springs.anchor + self.springs.stiffness
        return self.springs(mean, u) - 0.5 * stiffness * width**2 + self.thermal_energy * width.log()


class Cloud(NamedTuple):
    """Mean and variance of a cloud, and the mean force on the trap, each `(protocol, time, 1)`."""

    mean: Tensor
    variance: Tensor
    force: Tensor


def gaussian(bead: TrappedBead) -> DrivenDynamics:
    """The pair that moves mean and deviation of a Gaussian cloud; exact for this bead, whose forces are linear."""
    return DrivenDynamics(GaussianCloud(bead), bead.dissipation)


@torch.no_grad()
def trap(bead: TrappedBead, inputs: Tensor, dt: float) -> Cloud:
    """The Gaussian family from rest on, under `inputs` `(protocol, time, 1)`."""
    law, first = gaussian(bead), inputs[:, 0]
    start = torch.cat([bead.equilibrium_mean(first), torch.full_like(first, math.sqrt(bead.variance))], dim=-1)
    path = rk4_along(law, start, with_middles(inputs), dt)
    return Cloud(path[..., :1], path[..., 1:] ** 2, law.force(path, inputs))


class LoadedPhases(DrivenEntropy):
    """Minus the free energy of a chain under a load, its springs independent and in equilibrium within each well.

    `S(z, F) = F sum_i e_i - sum_i (k/2 (e_i - d p_i)^2 + kB T (p_i ln p_i + (1 - p_i) ln(1 - p_i)))` with mean strains
    `e` and shares `p` of the upper well: two Gaussians of variance `kB T / k`, `d` apart, their overlap neglected.

    Shapes: states `z = (e_1 ... e_n, p_1 ... p_n)`, `(..., 2 n)`, and loads `(..., 1)` to `(...)`.
    """

    def __init__(self, chain: SpringChain):
        super().__init__()
        self.springs, self.thermal_energy = chain.entropy, chain.thermal_energy

    def stress(self, z: Tensor) -> Tensor:
        """The mean tension `k (e - d p)` of every spring, `(..., n)`."""
        strain, share = z.chunk(2, dim=-1)
        return self.springs.stiffness * (strain - self.springs.distance * share)

    def forward(self, z: Tensor, u: Tensor) -> Tensor:
        """The entropy under the load `u`."""
        strain, share = z.chunk(2, dim=-1)
        share = share.clamp(LEAST, 1 - LEAST)
        mixing = torch.xlogy(share, share) + torch.xlogy(1 - share, 1 - share)
        elastic = 0.5 * self.stress(z) ** 2 / self.springs.stiffness
        return u.squeeze(-1) * strain.sum(-1) - (elastic + self.thermal_energy * mixing).sum(-1)


class JumpingPhases(DissipationPotential):
    """Friction of the particles, and jumps of the springs, whose potential is a cosh.

    `Xi = sum_i g_i^2 / (2 eta) + 4 kB T sum_i W_i (cosh(p*_i / (2 kB T)) - 1)`, `g_i = e*_i - e*_(i+1)`, where
    `W = n sqrt(up(s) down(s) p (1 - p))` at the spring's own mean tension `s`, and `n` is the number of its free ends;
    hence `p' = n (up (1 - p) - down p)`.
    """

    phases: LoadedPhases
    friction: IsotropicDissipation

    def __init__(self, chain: SpringChain):
        super().__init__()
        self.phases, self.kramers = LoadedPhases(chain), Kramers(chain)
        self.friction, self.thermal_energy, self.ends = chain.dissipation, chain.thermal_energy, free_ends(chain)

    def _log_often(self, z: Tensor) -> Tensor:
        """`ln W`, `(..., n)`; beyond the tension where the barrier is gone, `up` stays and `up / down` rises."""
        share, s = z.chunk(2, dim=-1)[1].clamp(LEAST, 1 - LEAST), self.phases.stress(z)
        beyond = (s.abs() - self.kramers.most).clamp(min=0) * self.phases.springs.distance / self.thermal_energy
        rates = self.ends**2 * self.kramers.up(s) * self.kramers.down(s)
        return 0.5 * ((rates * share * (1 - share)).log() - beyond)

    def forward(self, z: Tensor, z_star: Tensor) -> Tensor:
        """The dissipation potential, states twice to `(...)`."""
        pull, g = z_star.chunk(2, dim=-1)
        on_particles = -pull.diff(dim=-1, append=torch.zeros_like(pull[..., :1]))
        jumps = 4 * self.thermal_energy * self._log_often(z).exp() * cosh_less_one(g / (2 * self.thermal_energy))
        return self.friction(on_particles, on_particles) + jumps.sum(-1)

    def flux(self, z: Tensor, z_star: Tensor) -> Tensor:
        """The rates, states twice to a state; exponents are added before an exponential is taken."""
        pull, g = z_star.chunk(2, dim=-1)
        zero, often, half = torch.zeros_like(pull[..., :1]), self._log_often(z), g / (2 * self.thermal_energy)
        speed = self.friction.flux(pull, -pull.diff(dim=-1, append=zero))
        return torch.cat([speed.diff(dim=-1, prepend=zero), (often + half).exp() - (often - half).exp()], dim=-1)


class LocalPhases(DrivenDynamics):
    """The family as a pair: each spring jumps under its own mean tension. The input is the load."""

    entropy: LoadedPhases
    chain: SpringChain

    def __init__(self, chain: SpringChain):
        super().__init__(LoadedPhases(chain), JumpingPhases(chain))
        self.chain, self.kramers = chain, Kramers(chain)


class PhasesWithNeighbours:
    """The family with jumps under the tension that the neighbours give: `s_i + eta e'_i / (free ends)`.

    That is what the Fokker-Planck equation of one spring says when its neighbours are averaged; for a spring inside the
    chain it is `(s_(i-1) + s_(i+1)) / 2`. It follows the chain better than `LocalPhases`, but is no pair: the rate of a
    jump depends on how fast the spring is stretched. The input is the load.
    """

    def __init__(self, chain: SpringChain):
        self.chain, self.kramers, self.entropy = chain, Kramers(chain), LoadedPhases(chain)
        self.ends = free_ends(chain)

    def at(self, u: Tensor) -> VelocityField:
        """The rates of the state while the load stays at `u`."""

        def rates(z: Tensor) -> Tensor:
            stress, share = self.entropy.stress(z), z.chunk(2, dim=-1)[1]
            drag = torch.cat([stress, u.expand(*stress.shape[:-1], 1)], dim=-1).diff(dim=-1)
            drag_by_stretch = drag.diff(dim=-1, prepend=torch.zeros_like(drag[..., :1]))
            tension = stress + drag_by_stretch / self.ends
            jumps = self.kramers.up(tension) * (1 - share) - self.kramers.down(tension) * share
            return torch.cat([drag_by_stretch / self.chain.viscosity, self.ends * jumps], dim=-1)

        return rates


PhaseLaw = LocalPhases | PhasesWithNeighbours


class PulledPhases:
    """The same where the velocity of the end is the input, `(..., 1)`; the load is then `F = s_n + eta v`."""

    def __init__(self, law: PhaseLaw):
        self.law = law

    def force(self, z: Tensor, u: Tensor) -> Tensor:
        """The load that moves the end at the velocity `u`, `(..., 2 n)` and `(..., 1)` to `(..., 1)`."""
        return self.law.entropy.stress(z)[..., -1:] + self.law.chain.viscosity * u

    def at(self, u: Tensor) -> VelocityField:
        """The rates of the state while the end moves at `u`."""
        return lambda z: self.law.at(self.force(z, u))(z)


class Phases(NamedTuple):
    """Mean strains and shares of the upper well, `(protocol, time, springs)`, and the load, `(protocol, time, 1)`."""

    strain: Tensor
    share: Tensor
    force: Tensor


@torch.no_grad()
def under_force(law: PhaseLaw, strain: Tensor, share: Tensor, force: Tensor, dt: float) -> Phases:
    """The chain under known loads `(protocol, time, 1)`, from mean strains and shares `(protocol, springs)` on.

    Raises:
        ValueError: what `check_start` refuses, or fewer than 4 times.
    """
    strain, share = _follow(law, law, strain, share, force, dt).chunk(2, dim=-1)
    return Phases(strain, share, force)


@torch.no_grad()
def under_pull(law: PhaseLaw, strain: Tensor, share: Tensor, lengths: Tensor, dt: float) -> Phases:
    """The chain while its end is moved, lengths `(protocol, time, 1)`, from strains and shares `(protocol, springs)`.

    Raises:
        ValueError: what `check_start` refuses, or fewer than 4 times.
    """
    pulled, speed = PulledPhases(law), law.chain.speed(lengths, dt)
    path = _follow(law, pulled, strain, share, speed, dt)
    return Phases(path[..., : law.chain.springs], path[..., law.chain.springs :], pulled.force(path, speed))


def check_start(chain: SpringChain, strain: Tensor, share: Tensor, inputs: Tensor, dt: float) -> None:
    """Refuse a start that no chain can have, or inputs of other protocols.

    Raises:
        ValueError: naming what does not fit.
    """
    check("dt", dt, "positive", "it is the time between two inputs")
    wanted = (len(inputs), chain.springs)
    if strain.shape != wanted or share.shape != wanted:
        raise ValueError(f"strain and share must have shape (protocol, springs) = {wanted} "
                         f"(got {tuple(strain.shape)} and {tuple(share.shape)}).")  # fmt: skip
    check_finite(strain=strain, inputs=inputs)
    if not ((share > -1e-9) & (share < 1 + 1e-9)).all():
        raise ValueError(f"share must be 0 to 1 (got {share.min():g} to {share.max():g}): it is the part of the "
                         "realisations in the upper well.")  # fmt: skip


def _follow(law: PhaseLaw, driven: Driven, strain: Tensor, share: Tensor, inputs: Tensor, dt: float) -> Tensor:
    """By RK4, in steps that the fastest jumps and the stiffest motion of the particles allow."""
    chain = law.chain
    check_start(chain, strain, share, inputs, dt)
    rate = max(2 * law.kramers.fastest, chain.fastest)
    halvings = max(0, math.ceil(math.log2(dt * rate / SAFE)))
    for _ in range(halvings):
        inputs = with_middles(inputs)
    start, steps = torch.cat([strain, share], dim=-1), 2**halvings
    return rk4_along(driven, start, with_middles(inputs), dt / steps)[..., ::steps, :]
