"""The paths of a law that is not stiff: RK4 on a grid of its own, read off at the times of the measurements."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from ggd_helpers.integrators import VelocityField
from ggd_helpers.ranges import check
from ggd_helpers.training.record_paths import Paths, linearised, own_clocks
from ggd_helpers.training.weights import Weights


class GradedGrid(NamedTuple):
    """RK4's steps for every record, and where between two of its nodes each measurement lies.

    Attributes:
        lengths: of the steps, `(steps, k, 1)`.
        left: the node before each measurement, `(k, m)`.
        hermite: the weights of the states left and right and of the velocities left and right, `(4, k, m)`.
    """

    lengths: Tensor
    left: Tensor
    hermite: Tensor

    @classmethod
    def over(cls, times: Tensor, steps: int, power: float) -> "GradedGrid":
        """Nodes at `T (j/steps)^power` on each record's own clock, for measurements at `times`, `(k, m)`."""
        elapsed = own_clocks(times)
        nodes = elapsed[:, -1:] * (torch.arange(steps + 1).to(elapsed) / steps) ** power
        lengths = nodes.diff(dim=1)
        left = (torch.searchsorted(nodes, elapsed, right=True) - 1).clamp(0, steps - 1)
        h = lengths.gather(1, left)
        s = (elapsed - nodes.gather(1, left)) / h.clamp_min(torch.finfo(h.dtype).tiny)
        weights = (1 + 2 * s) * (1 - s) ** 2, s**2 * (3 - 2 * s), h * s * (1 - s) ** 2, h * s**2 * (s - 1)
        return cls(lengths.T[..., None], left, torch.stack(weights))

    def read(self, states: Tensor, velocities: Tensor) -> Tensor:
        """Cubic Hermite interpolation at the measurements, from the nodes, `(steps + 1, k, ...)` to `(k, m, ...)`."""
        records = torch.arange(len(self.left))[:, None]
        weights = self.hermite.view(*self.hermite.shape, *[1] * (states.dim() - 2))
        ends = [values[node, records] for values in (states, velocities) for node in (self.left, self.left + 1)]
        return sum(weight * end for weight, end in zip(weights, ends, strict=True))


STAGES = (0.0, 0.5, 0.5, 1.0)  # where in its step each stage of RK4 lies


def rk4_stages(law: VelocityField, starts: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
    """RK4 from `starts` `(k, n)`, keeping the states of all stages and their velocities, `(steps + 1, 4, k, n)` each.

    Stage 0 of a step is its node; of the last entry, the end of the path, it is the only one that is used.
    """
    x, states, velocities = starts, [], []
    for h in [*lengths, torch.zeros_like(lengths[0])]:
        k = [torch.zeros_like(x)]
        for share in STAGES:
            states.append(x + share * h * k[-1])
            k.append(law(states[-1]))
        velocities += k[1:]
        x = x + h / 6 * (k[1] + 2 * k[2] + 2 * k[3] + k[4])
    shape = (len(lengths) + 1, 4)
    return torch.stack(states).unflatten(0, shape), torch.stack(velocities).unflatten(0, shape)


def rk4_tangents(by_weights: Tensor, by_state: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
    """How the nodes and their velocities move with weights and start, `(steps + 1, k, n, p + n)` each.

    RK4 of `dX/dt = f_x X + f_theta` with `X = [dx/d theta, dx/d start]`, the derivative of each step to rounding.
    Given are `f_theta` and `f_x` at all stages, `(steps + 1, 4, k, n, p)` and `(steps + 1, 4, k, n, n)`.
    """
    *_, k, n, p = by_weights.shape
    tangents = torch.cat([by_weights.new_zeros(n, p), torch.eye(n).to(by_weights)], dim=-1).expand(k, n, p + n)
    source = functional.pad(by_weights, (0, n))
    nodes, velocities = [], []
    for h, f_x, f_theta in zip([*lengths, torch.zeros_like(lengths[0])], by_state, source, strict=True):
        h = h[..., None]
        slopes = [torch.zeros_like(tangents)]
        for i, share in enumerate(STAGES):
            slopes.append(f_x[i] @ (tangents + share * h * slopes[-1]) + f_theta[i])
        nodes.append(tangents)
        velocities.append(slopes[1])
        tangents = tangents + h / 6 * (slopes[1] + 2 * slopes[2] + 2 * slopes[3] + slopes[4])
    return torch.stack(nodes), torch.stack(velocities)


@dataclass(frozen=True)
class GradedRK4:
    """RK4 on a grid of the law's own, finer where a record begins: for laws that are not stiff.

    The path is read off by cubic Hermite interpolation, of fourth order like RK4, so that times, lengths and gaps of
    the measurements change nothing in what it costs.

    Attributes:
        steps: of every record.
        power: nodes lie at `T (j/steps)^power`; most happens at the beginning.
    """

    steps: int = 16
    power: float = 1.5

    def through(self, weights: Weights, times: Tensor) -> Callable[[Tensor, Tensor], Paths]:
        """Prepare for the times `(k, m)`; see `Integrator`."""
        check("steps", self.steps, "a whole number, 1 or more", "it is how many RK4 steps a record takes")
        check("power", self.power, "1 to 4", "it is how much finer the first steps are")
        grid = GradedGrid.over(times, self.steps, self.power)

        def follow(theta: Tensor, starts: Tensor) -> Paths:
            stages, velocities = weights.ask(lambda law: rk4_stages(law, starts, grid.lengths), theta)

            def slopes() -> tuple[Tensor, Tensor]:
                tangents = rk4_tangents(*linearised(weights, theta, stages), grid.lengths)
                by_weights, by_start = grid.read(*tangents).split([len(theta), starts.shape[-1]], dim=-1)
                return by_weights, by_start

            return Paths(grid.read(stages[:, 0], velocities[:, 0]), slopes)

        return follow

    def finer(self) -> "GradedRK4":
        """With twice as many steps."""
        return replace(self, steps=2 * self.steps)
