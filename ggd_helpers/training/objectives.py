"""What training minimises: the mismatch of velocities, or of the flow over short segments."""

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn

from ggd_helpers.integrators import rk4
from ggd_helpers.trajectories import Trajectories


class Batch(NamedTuple):
    """States `(..., n)` and what the model should make of them."""

    states: Tensor
    targets: Tensor
    dt: float


def logarithmic_times(points: int, count: int) -> Tensor:
    """At most `count` indices of `points` times, dense at first and sparse later, as relaxation is."""
    spaced = torch.logspace(0, torch.log10(torch.tensor(float(points))).item(), count, dtype=torch.float64)
    return (spaced.round().long().clamp(1, points) - 1).unique()


@dataclass(frozen=True)
class Differences:
    """Match the model's velocity to finite differences: `mean |dx/dt(model) - dx/dt(differences)|^2`.

    `order` is 2 (central, the thesis's) or 6. Source: thesis 3.2.
    """

    order: int = 6

    def batch(self, data: Trajectories, count: int | None = None) -> Batch:
        """The states and their differenced velocities at `count` times a trajectory (all when `None`)."""
        points = data.states.shape[1]
        at = slice(None) if count is None else logarithmic_times(points, count)
        return Batch(data.states[:, at], data.differences(self.order)[:, at], data.dt)

    def loss(self, model: nn.Module, batch: Batch) -> Tensor:
        """The mean squared error of the velocity, a scalar."""
        return (model(batch.states) - batch.targets).square().mean()


@dataclass(frozen=True)
class FlowMatching:
    """Match where the model's flow goes: RK4 over `segment` stored steps, compared with the stored states.

    `mean |x_j(model) - x_j|^2 / (j dt)^2` over `j = 1 ... segment`: the units of a squared velocity. Free of the error
    of differences on coarse data; on noisy, dense data take longer segments (8, say), since the error of the first
    state biases a single step.
    """

    segment: int = 1

    def batch(self, data: Trajectories, count: int | None = None) -> Batch:
        """Segments starting at `count` times a trajectory (at all times when `None`)."""
        starts = data.states.shape[1] - self.segment
        if self.segment < 1 or starts < 1:
            raise ValueError(f"segment must be from 1 to {data.states.shape[1] - 1}, the steps of a trajectory "
                             f"(got {self.segment!r}).")  # fmt: skip
        at = torch.arange(starts) if count is None else logarithmic_times(starts, count)
        targets = torch.stack([data.states[:, at + j] for j in range(1, self.segment + 1)], dim=-2)
        return Batch(data.states[:, at], targets, data.dt)

    def loss(self, model: nn.Module, batch: Batch) -> Tensor:
        """The mean squared mismatch per squared time, a scalar."""
        path = rk4(model, batch.states, batch.dt, self.segment + 1)[..., 1:, :]
        elapsed = batch.dt * torch.arange(1, self.segment + 1).to(path)
        return ((path - batch.targets) / elapsed[:, None]).square().mean()


Objective = Differences | FlowMatching
