"""What training minimises: the mismatch of velocities, or of the flow over short segments."""

import math
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from ggd_helpers.integrators import rk4
from ggd_helpers.ranges import check
from ggd_helpers.recordings.regular import Trajectories
from ggd_helpers.training.in_blocks import mean_in_blocks


class Batch(NamedTuple):
    """States `(..., n)` and what the model should make of them."""

    states: Tensor
    targets: Tensor
    dt: float


def well_spread_times(states: Tensor, count: int) -> Tensor:
    """Choose `count` times of each trajectory, as indices `(trajectory, count)`.

    They are evenly spaced in a progress that is two thirds the share of the way travelled and one third the logarithm
    of the share that remains (down to a millionth): the first part covers the states where things happen, the second
    the many scales of the slow approach to rest. First and last time are always among them; the others are shifted from
    one trajectory to the next by the golden ratio, so that together they leave no gap.
    """
    distance = functional.pad(states.diff(dim=1).norm(dim=-1).cumsum(dim=1), (1, 0))
    travelled = distance / distance[:, -1:].clamp_min(torch.finfo(distance.dtype).tiny)
    remains = (1 - travelled).clamp_min(0) + 1e-6
    progress = (2 * travelled + remains.log() / math.log(1e-6)) / 3
    shift = torch.arange(len(states), dtype=torch.float64) * (math.sqrt(5) - 1) / 2 % 1
    levels = ((torch.arange(count - 2) + shift[:, None]) / (count - 2)).to(progress)
    between = torch.searchsorted(progress.contiguous(), levels).clamp(max=states.shape[1] - 1)
    return functional.pad(functional.pad(between, (1, 0)), (0, 1), value=states.shape[1] - 1)


def _chosen(states: Tensor, count: int | None, every: int = 1) -> Tensor:
    """Indices `(trajectory, chosen time)`: `count` well-spread ones, or one in `every`."""
    if count is not None:
        return well_spread_times(states, count)
    times = torch.arange(0, states.shape[1], every, device=states.device)
    return times.expand(len(states), -1)


def mean_squared_velocity(data: Trajectories) -> float:
    """The mean squared velocity of trajectories, from one state to the next."""
    return float(((data.states[:, 1:] - data.states[:, :-1]) / data.dt).square().mean())


def _velocity(model: nn.Module, states: Tensor) -> Tensor:
    """The model's velocity: of another shape, it would be stretched over all coordinates without a word."""
    velocity = model(states)
    if velocity.shape != states.shape:
        raise ValueError(f"the model's velocities must have the shape of the states, {tuple(states.shape)} (got "
                         f"{tuple(velocity.shape)}): it maps (..., n) to (..., n).")  # fmt: skip
    return velocity


def _squared_error(model: nn.Module, states: Tensor, targets: Tensor) -> Tensor:
    return (_velocity(model, states) - targets).square()


@dataclass(frozen=True)
class Differences:
    """Match the model's velocity to finite differences: `mean |dx/dt(model) - dx/dt(differences)|^2`.

    `order` is 2 (central, the thesis's) or 6. Source: thesis 3.2.
    """

    order: int = 6
    every: int = 1

    def batch(self, data: Trajectories, count: int | None = None) -> Batch:
        """The states and their differenced velocities at `count` times a trajectory (one in `every` when `None`)."""
        check("every", self.every, "a whole number, 1 or more", "one state in so many is taken")
        row, at = torch.arange(len(data))[:, None], _chosen(data.states, count, self.every)
        return Batch(data.states[row, at], data.differences(self.order)[row, at], data.dt)

    def loss(self, model: nn.Module, batch: Batch) -> Tensor:
        """The mean squared error of the velocity, a scalar."""
        return mean_in_blocks(partial(_squared_error, model), model, batch.states, batch.targets)

    def unit(self, data: Trajectories) -> float:
        """The mean squared velocity."""
        return mean_squared_velocity(data)


@dataclass(frozen=True)
class ScaledDifferences(Differences):
    """Match velocities each in units of its own spread: `mean_i |dx_i/dt(model) - dx_i/dt(differences)|^2 / var_i`.

    `var_i` is the variance of the i-th component over the batch: where one is far smaller than the others, it counts as
    much. One that never varies counts in units of its size. The loss is 1 for a model that knows the mean velocity.
    """

    def loss(self, model: nn.Module, batch: Batch) -> Tensor:
        """The mean squared error of the velocity over the variance of its component, a scalar."""
        components = batch.targets.flatten(0, -2)
        size = components.square().mean(0)
        variance = components.var(0, correction=0)
        unit = torch.where(variance > 1e-12 * size, variance, size).clamp_min(torch.finfo(size.dtype).tiny)

        def error(states: Tensor, targets: Tensor) -> Tensor:
            return _squared_error(model, states, targets) / unit

        return mean_in_blocks(error, model, batch.states, batch.targets)

    def unit(self, data: Trajectories) -> float:
        """1: the loss has no unit."""
        return 1.0


@dataclass(frozen=True)
class FlowMatching:
    """Match where the model's flow goes: RK4 over `segment` stored steps, compared with the stored states.

    `mean |x_j(model) - x_j|^2 / (j dt)^2` over `j = 1 ... segment`: the units of a squared velocity. Free of the error
    of differences on coarse data; on noisy, dense data take longer segments (8, say), since the error of the first
    state biases a single step. `substeps` RK4 steps make each stored one, for motion that is fast between two frames.
    """

    segment: int = 1
    substeps: int = 1

    def batch(self, data: Trajectories, count: int | None = None) -> Batch:
        """Segments starting at `count` times a trajectory (at all times when `None`)."""
        starts = data.states.shape[1] - self.segment
        if self.segment < 1 or starts < 1:
            raise ValueError(f"segment must be from 1 to {data.states.shape[1] - 1}, the steps of a trajectory "
                             f"(got {self.segment!r}).")  # fmt: skip
        row, at = torch.arange(len(data))[:, None], _chosen(data.states[:, :starts], count)
        targets = torch.stack([data.states[row, at + j] for j in range(1, self.segment + 1)], dim=-2)
        return Batch(data.states[row, at], targets, data.dt)

    def loss(self, model: nn.Module, batch: Batch) -> Tensor:
        """The mean squared mismatch per squared time, a scalar."""
        elapsed = batch.dt * torch.arange(1, self.segment + 1).to(batch.states)

        def error(states: Tensor, targets: Tensor) -> Tensor:
            path = rk4(partial(_velocity, model), states, batch.dt, self.segment + 1, self.substeps)[..., 1:, :]
            return ((path - targets) / elapsed[:, None]).square()

        return mean_in_blocks(error, model, batch.states, batch.targets)

    def unit(self, data: Trajectories) -> float:
        """The mean squared velocity."""
        return mean_squared_velocity(data)
