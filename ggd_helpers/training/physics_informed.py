"""The loss of a physics-informed network: measured positions, and a law along the curve."""

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from ggd_helpers.architectures.physics_informed import PhysicsInformedOscillator
from ggd_helpers.ranges import check
from ggd_helpers.recordings.regular import Trajectories


class Positions(NamedTuple):
    """Positions `(m,)` at times `(m,)`, and the times at which the law is asked for, `(collocation,)`."""

    times: Tensor
    positions: Tensor
    everywhere: Tensor


@dataclass(frozen=True)
class PhysicsInformed:
    """`mean |q(t_i) - q_i|^2 / noise^2 + weight mean |q'' - a q + b q^3 + c q'|^2` at `collocation` even times.

    Of one trajectory only the first coordinate is looked at, at all its times.

    Args:
        noise: the deviation of the measured positions.
        weight: of the law, in 1/acceleration squared.
        collocation: how many times.

    Source: Raissi, Perdikaris, Karniadakis (2019); the weight is set by hand, there (as 1) and here.
    """

    noise: float = 0.01
    weight: float = 100.0
    collocation: int = 200

    def batch(self, data: Trajectories, count: int | None = None) -> Positions:
        """All positions of the trajectory.

        Raises:
            ValueError: more than one trajectory, or a number out of range.
        """
        check("noise", self.noise, "positive", "it is the deviation of the measured positions")
        check("weight", self.weight, "positive", "it says how much the law counts beside the positions")
        check("collocation", self.collocation, "a whole number, 2 or more", "it is where the law is asked for")
        check("the number of trajectories", len(data), "a whole number, 1 to 1", "a curve is of one; select it")
        everywhere = torch.linspace(0, float(data.times[-1]), self.collocation).to(data.times)
        return Positions(data.times, data.states[0, :, 0], everywhere)

    def loss(self, model: PhysicsInformedOscillator, batch: Positions) -> Tensor:
        """The misfit of positions and of the law, a scalar."""
        miss = (model(batch.times) - batch.positions) / self.noise
        return miss.square().mean() + self.weight * model.residual(batch.everywhere).square().mean()

    def unit(self, data: Trajectories) -> float:
        """The mean squared position, in units of the noise."""
        return float(data.states[..., 0].square().mean()) / self.noise**2
