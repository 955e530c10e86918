"""Rates over a barrier: how often the springs of a chain change phase."""

import math

import torch
from torch import Tensor

from ggd_helpers.systems.spring_chain import SpringChain


class Kramers:
    """How often a spring under a constant tension is kicked over the barrier between its wells, 1/time.

    `up = D / (integral of exp(-W) over the lower well * integral of exp(W) over the barrier)`,
    `W = (U(e) - s e) / kB T`, for a tension `s` up to `k d/2`, where the barrier is gone; beyond, the rate there.
    `D = kB T / eta` is that of a spring of which one end is free. By symmetry `down(s) = up(-s)`.

    Source: Kramers (1940); Risken, The Fokker-Planck Equation, 5.10.
    """

    def __init__(self, chain: SpringChain, tensions: int = 401):
        springs, bath = chain.entropy, chain.thermal_energy
        self.most = springs.stiffness * springs.distance / 2
        tension = torch.linspace(-self.most, self.most, tensions, dtype=torch.float64)[:, None]
        reach, top = 8 * math.sqrt(chain.variance), springs.distance / 2
        strain = torch.linspace(-top - reach, 3 * top + reach, 4001, dtype=torch.float64)
        energy = (0.5 * springs.tension(strain) ** 2 / springs.stiffness - tension * strain) / bath
        offset = energy.amin(1, keepdim=True)  # keeps the exponentials finite; it cancels in the product
        lowest, other = tension / springs.stiffness, tension / springs.stiffness + springs.distance
        well = torch.exp(offset - energy) * (strain <= top)
        barrier = torch.exp(energy - offset) * ((strain >= lowest) & (strain <= other))
        integrals = torch.trapezoid(well, strain).log() + torch.trapezoid(barrier, strain).log()
        self.log_up = math.log(chain.diffusivity) - integrals

    def up(self, tension: Tensor) -> Tensor:
        """The rate from the lower well to the upper one, any shape to the same."""
        last = len(self.log_up) - 1
        place = (tension.clamp(-self.most, self.most) / self.most + 1) / 2 * last
        left = place.floor().clamp(max=last - 1)
        low, high = self.log_up[left.long()], self.log_up[left.long() + 1]
        return torch.exp(low + (place - left) * (high - low))

    def down(self, tension: Tensor) -> Tensor:
        """The rate from the upper well to the lower one."""
        return self.up(-tension)

    @property
    def fastest(self) -> float:
        """The rate where the barrier is gone."""
        return self.log_up[-1].exp().item()


def free_ends(chain: SpringChain) -> Tensor:
    """How many ends of each spring move freely, `(springs,)`: the wall and the hand do not."""
    ends = torch.full((chain.springs,), 2.0, dtype=torch.float64)
    ends[0] = ends[-1] = 1.0
    return ends
