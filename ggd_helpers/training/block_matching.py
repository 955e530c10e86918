"""What training on a driven chain minimises: rates integrated over blocks of time, and the decoded densities."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from torch import Tensor
from torch.nn import functional

from ggd_helpers.internal_variables.chain import ChainVariables
from ggd_helpers.internal_variables.decoders import log_density_on
from ggd_helpers.potentials.chain import by_spring
from ggd_helpers.ranges import check
from ggd_helpers.recordings.ensembles import Ensembles
from ggd_helpers.training.integral_matching import divergence, log_size


class Blocks(NamedTuple):
    """Time cut into blocks: distributions at the edges, averages over each block, `(protocol, edge or block, ...)`."""

    edges: Tensor
    averages: Tensor
    loads: Tensor
    grid: Tensor
    duration: float
    noise: Tensor  # variance of the sampling error of the internal variables at the edges


@dataclass(frozen=True)
class BlockMatching:
    """The profile likelihood of positions, internal variables and densities, with weights that nobody sets.

    `sum over lags (1/n sum_i 1/2 ln mean r_i^2 + 1/2 ln(1 + mean a^2)) + 1/2 ln mean KL`. Over a lag of some blocks,
    `r_i = x_i(end) - x_i(start) - int v_i dt` is the residual of particle `i`, `a` that of the internal variables over
    its sampling error, KL the divergence of the histogram from the decoded density. That sampling error is measured
    before a stage and frozen in it (`measure_noise`): an encoder that could change it would sell what it knows for less
    noise.

    Rates are integrated by the midpoint rule, from averages over blocks: means of finite clouds are noisy. Positions,
    `x_i = eps_1 + ... + eps_i`, since there the noise of one particle is not that of the next. Several lags, since
    short ones see fast motion and long ones small drifts.

    Args:
        pull: the mean force on the end, of ensembles to `(protocol, time, 1)`.
        block: stored steps of a block.
        lags: over how many blocks rates are integrated.
        held_floor: variance of the residual of the held particle below which nothing is gained: nothing kicks it.
        thin: densities are compared at every so many edges of blocks.

    Source: IB-VONN, (51) to (53), there with three weights set by hand.
    """

    pull: Callable[[Ensembles], Tensor] = field(repr=False)
    block: int = 5
    lags: tuple[int, ...] = (4, 16, 40)
    held_floor: float = 1e-6
    thin: int = 4

    def batch(self, data: Ensembles, count: int | None = None) -> Blocks:
        """All blocks, however many points are asked for.

        Raises:
            ValueError: `block` or a lag is too long for the protocols.
        """
        steps = data.shares.shape[1] - 1
        check("block", self.block, f"a whole number, 1 to {max(steps, 1)}", "it is how many stored steps a block has")
        blocks = steps // self.block
        for lag in self.lags:
            check("lags", lag, f"a whole number, 1 to {blocks}", "it is how many blocks a rate is integrated over")
        trapezoid = data.shares.new_ones(self.block + 1) / self.block
        trapezoid[[0, -1]] /= 2

        def averaged(series: Tensor) -> Tensor:
            return series[:, : blocks * self.block + 1].unfold(1, self.block + 1, self.block) @ trapezoid

        edges = data.shares[:, : blocks * self.block + 1 : self.block]
        loads, noise = averaged(self.pull(data)), edges.new_full((*edges.shape[:3], 1), 1 / data.realisations)
        return Blocks(edges, averaged(data.shares), loads, data.grid, self.block * data.dt, noise)

    def measure_noise(self, model: ChainVariables, batch: Blocks, realisations: int) -> Blocks:
        """The batch with the sampling variance of the internal variables, as the encoder now is."""
        return batch._replace(noise=model.encoder.sampling_variance(batch.edges, realisations).detach())

    def states(self, model: ChainVariables, batch: Blocks) -> tuple[Tensor, Tensor]:
        """The encoded states at the edges of blocks, and of the average over each block."""
        return model.encode(batch.edges), model.encode(batch.averages)

    def motion_loss(self, model: ChainVariables, batch: Blocks, edges: Tensor, averages: Tensor) -> Tensor:
        """What the states say of the rates."""
        n = model.chain.line.cells
        rates = model.dynamics.at(batch.loads)(averages)
        integral = functional.pad(rates.cumsum(1) * batch.duration, (0, 0, 1, 0))
        strains, alpha = by_spring(edges - integral, n)
        places = strains.squeeze(-1).cumsum(-1)
        floor = places.new_zeros(n)
        floor[-1] = self.held_floor
        loss = places.new_zeros(())
        for lag in self.lags:
            loss = loss + log_size(places[:, lag:] - places[:, :-lag], floor) / n
            deviation = (batch.noise[:, lag:] + batch.noise[:, :-lag]).sqrt()
            loss = loss + log_size((alpha[:, lag:] - alpha[:, :-lag]) / deviation, 1.0)
        return loss

    def density_loss(self, model: ChainVariables, batch: Blocks, edges: Tensor) -> Tensor:
        """What the histograms say of the densities that are decoded from their states."""
        log_density = log_density_on(batch.grid, model.decode(edges[:, :: self.thin]))
        off = divergence(batch.edges[:, :: self.thin], log_density, batch.grid[1] - batch.grid[0])
        return 0.5 * off.mean().log()

    def loss(self, model: ChainVariables, batch: Blocks) -> Tensor:
        """Minus the profile log-likelihood, a scalar."""
        edges, averages = self.states(model, batch)
        return self.motion_loss(model, batch, edges, averages) + self.density_loss(model, batch, edges)

    def unit(self, data: Ensembles) -> float:
        """1: a likelihood has no unit to be measured in."""
        return 1.0
