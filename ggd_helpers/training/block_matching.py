"""What training on a driven chain minimises: rates integrated over blocks of time, and the decoded densities."""

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from ggd_helpers.internal_variables.chain import ChainVariables
from ggd_helpers.potentials.chain import by_spring, of_chain
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


@dataclass(frozen=True)
class BlockMatching:
    """The profile likelihood of positions, internal variables and densities, with weights that nobody sets.

    Source: IB-VONN, (51) to (53), there with three weights set by hand.
    """

    block: int = 5
    lags: tuple[int, ...] = (4, 16, 40)
    thin: int = 4
    held_floor: float = 1e-6
    mode: str = "log"
    weight: float = 1.0
    lagsum: bool = True
    kl0: float = 0.0

    def batch(self, data: Ensembles, count: int | None = None) -> Blocks:
        blocks = (data.shares.shape[1] - 1) // self.block
        last = blocks * self.block + 1
        weights = data.shares.new_ones(self.block + 1) / self.block
        weights[[0, -1]] /= 2
        averages = data.shares[:, :last].unfold(1, self.block + 1, self.block) @ weights
        loads = data.measured[:, :last].unfold(1, self.block + 1, self.block) @ weights
        return Blocks(data.shares[:, : last : self.block], averages, loads, data.grid, self.block * data.dt)

    def decoding(self, model: ChainVariables, batch: Blocks, x: Tensor) -> Tensor:
        """The mean divergence of the histograms from the decoded densities, at every fourth edge."""
        log_density = model.decode(x[:, :: self.thin]).log_prob(batch.grid[:, None, None, None]).movedim(0, -1)
        return divergence(batch.edges[:, :: self.thin], log_density, batch.grid[1] - batch.grid[0]).mean()

    def motion(self, model: ChainVariables, batch: Blocks, x: Tensor, mean: Tensor) -> Tensor:
        n = model.chain.line.cells
        rate = model.dynamics.at(batch.loads)(mean)
        change = torch.cat([torch.zeros_like(rate[:, :1]), rate.cumsum(1) * batch.duration], dim=1)
        strain, alpha = by_spring(x - change, n)
        place = strain.squeeze(-1).cumsum(-1)
        floor = place.new_zeros(n)
        floor[-1] = self.held_floor
        total = 0
        for lag in self.lags:
            total = total + log_size(place[:, lag:] - place[:, :-lag], floor) / n
            total = total + log_size(alpha[:, lag:] - alpha[:, :-lag])
        return total if self.lagsum else total / len(self.lags)

    def loss(self, model: ChainVariables, batch: Blocks) -> Tensor:
        x, mean = model.encode(batch.edges), model.encode(batch.averages)
        kl = self.decoding(model, batch, x)
        motion = self.motion(model, batch, x, mean)
        if self.mode == "log":
            return motion + self.weight * 0.5 * kl.log()
        if self.mode == "linear":
            return motion + self.weight * kl
        return motion + self.weight * torch.nn.functional.softplus((kl - self.kl0) / self.kl0 * 100)

    def unit(self, data: Ensembles) -> float:
        """1: a likelihood has no unit to be measured in."""
        return 1.0
