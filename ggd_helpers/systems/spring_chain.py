"""A chain of springs that have two rest lengths each, pulled at its end: the second example of the IB-VONN paper."""

import math

import torch
from torch import Tensor

from ggd_helpers.dynamics.driven import DrivenDynamics
from ggd_helpers.potentials.driven import DrivenEntropy
from ggd_helpers.potentials.general import Entropy, FormulaEntropy, IsotropicDissipation
from ggd_helpers.ranges import check
from ggd_helpers.recordings.ensembles import Ensembles
from ggd_helpers.recordings.simulate_ensembles import heun

SCOUTS, FEWEST = 1024, 64  # realisations in all, and of each protocol, that go ahead to see how far strains reach
FARTHEST = 7.0  # deviations of a spring beyond its wells that the grid of histograms reaches at least
MARGIN = 3.0  # deviations beyond the farthest scout


class TwoWellSprings(DrivenEntropy):
    """Minus the energy of a chain from a wall at 0 to its end at `u`, `S = -sum_i k/2 min(e_i^2, (e_i - d)^2)`.

    The strains are `e_i = x_i - x_(i-1) - 1`: lengths are told in those of an unstretched spring. A spring pulls with
    `k e_i` in its lower well, `e_i <= d/2`, and with `k (e_i - d)` in its upper one. `S` is not concave: two wells.

    Shapes: `x` `(..., springs - 1)`, the places of all particles but the held one, and `u` `(..., 1)` to `(...)`.

    Source: IB-VONN, (36) and (37).
    """

    def __init__(self, springs: int, stiffness: float, distance: float):
        super().__init__()
        self.springs, self.stiffness, self.distance = springs, stiffness, distance

    def strains(self, x: Tensor, u: Tensor) -> Tensor:
        """How far each spring is stretched, `(..., springs - 1)` and `(..., 1)` to `(..., springs)`."""
        u = u.expand(*x.shape[:-1], 1)
        return torch.cat([x, u], dim=-1).diff(dim=-1, prepend=torch.zeros_like(u)) - 1

    def tension(self, strains: Tensor) -> Tensor:
        """What a spring pulls with, `k (e - d [e > d/2])`, any shape to the same."""
        return self.stiffness * torch.where(strains > self.distance / 2, strains - self.distance, strains)

    def forward(self, x: Tensor, u: Tensor) -> Tensor:
        """The entropy, `(..., springs - 1)` and `(..., 1)` to `(...)`."""
        return -0.5 * (self.tension(self.strains(x, u)) ** 2).sum(-1) / self.stiffness

    def at(self, u: Tensor) -> Entropy:
        """The same while the length stays at `u`, `(..., 1)`."""
        return FormulaEntropy(lambda x: self(x, u), lambda x: self.tension(self.strains(x, u)).diff(dim=-1))

    def force(self, x: Tensor, u: Tensor) -> Tensor:
        """What holds a resting end, the tension of the last spring, to `(..., 1)`."""
        return self.tension(u - x[..., -1:] - 1)


class SpringChain(DrivenDynamics):
    """Particles in a row, joined by springs with two wells, from a wall to an end that is pulled.

        |~~o~~o~~o~~ ... ~~o~~> u(t)      eta dx_i = (f(e_(i+1)) - f(e_i)) dt + sqrt(2 kB T eta) dB_i

    As a law it is the pair `S = -sum_i U(e_i)`, `Xi = |x*|^2 / (2 eta)`; see `TwoWellSprings`. A spring changes phase
    when it is kicked over the barrier `k d^2 / 8` between its wells.

    Shapes: places `(..., springs - 1)`, the length `u` `(..., 1)`. In the paper's units, `uc`, `eta/k` and `k uc^2`,
    its chain is the one of the defaults.

    Args:
        springs: how many; the end of the last is held.
        thermal_energy: `kB T`; below the barrier, or there are no phases.
        distance: `d` between the wells, in lengths of an unstretched spring.
        stiffness: `k` of a spring in either well, force/length.
        viscosity: `eta`, the drag on a particle, force time/length.

    Raises:
        ValueError: one of them is out of range.

    Source: IB-VONN, section 4.1.
    """

    entropy: TwoWellSprings
    dissipation: IsotropicDissipation

    def __init__(
        self,
        springs: int = 10,
        thermal_energy: float = 0.05,
        distance: float = 2.0,
        stiffness: float = 1.0,
        viscosity: float = 1.0,
    ):
        check("springs", springs, "a whole number, 2 to 100", "it is the number of springs in the chain")
        check("distance", distance, "positive", "it is the distance between the two wells of a spring")
        check("stiffness", stiffness, "positive", "it is the stiffness of a spring in either well")
        check("viscosity", viscosity, "positive", "it is the drag on a particle")
        barrier = stiffness * distance**2 / 8
        words = f"positive and at most {barrier:.6g}"
        check("thermal_energy", thermal_energy, words, "it is kB T, and above the barrier k d^2 / 8 no two phases")
        super().__init__(TwoWellSprings(springs, stiffness, distance), IsotropicDissipation(1 / viscosity))
        self.viscosity, self.thermal_energy = viscosity, thermal_energy
        self.diffusivity = thermal_energy / viscosity
        self.variance = thermal_energy / stiffness  # of one spring in one well, under a constant force
        self.fastest = 4 * stiffness / viscosity  # neighbours that move against each other
        self.requires_grad_(False)

    @property
    def springs(self) -> int:
        """How many springs."""
        return self.entropy.springs

    def observe(self, x: Tensor, u: Tensor) -> Tensor:
        """What histograms are kept of: the strains, `(..., springs)`."""
        return self.entropy.strains(x, u)

    def measure(self, x: Tensor, u: Tensor) -> Tensor:
        """What is averaged beside: the tension of every spring, `(..., springs)`."""
        return self.entropy.tension(self.entropy.strains(x, u))

    def speed(self, inputs: Tensor, dt: float) -> Tensor:
        """How fast the end moves, by differences of the lengths, `(protocol, time, 1)` to the same."""
        return torch.gradient(inputs, spacing=dt, dim=1, edge_order=2)[0]

    def pull(self, data: Ensembles) -> Tensor:
        """The mean force on the end, `F = <f(e_n)> + eta du/dt`: spring and drag, `(protocol, time, 1)`."""
        return data.measured[..., -1:] + self.viscosity * self.speed(data.inputs, data.dt)

    def upper_share(self, data: Ensembles) -> Tensor:
        """The share of every spring in its upper well, `p = (<e> - <f>/k) / d`, `(protocol, time, springs)`."""
        return (data.mean - data.measured / self.entropy.stiffness) / self.entropy.distance

    def sample_equilibrium(self, u: Tensor, realisations: int, generator: torch.Generator) -> Tensor:
        """Draw chains at rest with their length, exactly: `u` `(protocol, 1)` to `(realisations, protocol, n - 1)`.

        The number of springs in the upper well, which ones, and Gaussians with the given sum; where one of these lies
        in the other well, all is drawn again.
        """
        stretch = (u[:, 0] - self.springs).expand(realisations, -1).flatten()
        strains = torch.empty(len(stretch), self.springs, dtype=u.dtype)
        missing = torch.arange(len(stretch))
        while len(missing):
            drawn, fits = self._propose(stretch[missing], generator)
            strains[missing[fits]] = drawn[fits]
            missing = missing[~fits]
        return (strains + 1).cumsum(-1)[:, :-1].unflatten(0, (realisations, len(u)))

    def _propose(self, stretch: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Strains `(count, springs)` with the given sums, and which of them lie in the wells that were meant."""
        n, d = self.springs, self.entropy.distance
        upper = torch.arange(n + 1, dtype=stretch.dtype)
        ways = math.lgamma(n + 1) - torch.lgamma(upper + 1) - torch.lgamma(n - upper + 1)
        weights = (ways - (stretch[:, None] - d * upper) ** 2 / (2 * n * self.variance)).softmax(-1)
        count = torch.multinomial(weights, 1, generator=generator).to(stretch)
        order = torch.rand(len(stretch), n, generator=generator).argsort(-1).argsort(-1)
        in_upper = (order < count).to(stretch)
        jitter = torch.randn(len(stretch), n, generator=generator, dtype=stretch.dtype) * math.sqrt(self.variance)
        strains = jitter - jitter.mean(-1, keepdim=True) + (stretch[:, None] - d * count) / n + d * in_upper
        return strains, ((strains > d / 2) == (in_upper > 0)).all(-1)

    def grid(self, inputs: Tensor, dt: float, bins: int) -> Tensor:
        """Points `(bins,)` that cover every strain under these inputs, `(protocol, time, 1)`: a few chains go ahead.

        Raises:
            ValueError: a length at which all springs are far outside their wells.
        """
        longest = self.springs * (1 + 2 * self.entropy.distance)
        low, high = (each.item() for each in inputs.aminmax())
        if not (low > 0 and high <= longest):
            raise ValueError(f"the length of the chain must stay above 0 and at most {longest:g} (got {low:g} to "
                             f"{high:g}): pull less, or take more springs.")  # fmt: skip
        generator = torch.Generator().manual_seed(0)
        x = self.sample_equilibrium(inputs[:, 0], max(FEWEST, SCOUTS // len(inputs)), generator)
        deviation = math.sqrt(self.variance)
        first, last = -FARTHEST * deviation, self.entropy.distance + FARTHEST * deviation
        for i in range(inputs.shape[1]):
            if i:
                x = heun(self, x, inputs[:, i - 1], inputs[:, i], dt, generator)
            least, most = self.observe(x, inputs[:, i]).aminmax()
            first, last = min(first, least.item() - MARGIN * deviation), max(last, most.item() + MARGIN * deviation)
        return torch.linspace(first, last, bins, dtype=inputs.dtype)
