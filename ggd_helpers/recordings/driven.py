"""Recordings of a system that is driven: what was done to it, and what it answered."""

from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import Tensor

from ggd_helpers.dynamics.driven import DrivenDynamics
from ggd_helpers.effort import check_memory, check_rk4
from ggd_helpers.integrators import rk4_along
from ggd_helpers.ranges import check
from ggd_helpers.recordings.recording import check_alongside, check_finite
from ggd_helpers.recordings.regular import Trajectories


@dataclass(frozen=True)
class DrivenTrajectories(Trajectories):
    """Trajectories with the input at every stored time, and with what was measured beside the states.

    Attributes:
        inputs: `u`, `(trajectory, time, k)`.
        outputs: for example the force that holds the input, `(trajectory, time, m)`; `None` where nothing was measured.

    Raises:
        ValueError: as `Trajectories`; inputs or outputs of other trajectories or times, or not finite.
    """

    inputs: Tensor = field(kw_only=True)
    outputs: Tensor | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        check_alongside("states", self.states, inputs=self.inputs, outputs=self.outputs)
        check_finite(inputs=self.inputs, outputs=self.outputs)

    def inputs_with_middles(self) -> Tensor:
        """The inputs at the stored times and half-way between, for `rk4_along`: `(trajectory, 2 time - 1, k)`.

        Half-way stands the cubic through the four nearest (the parabola through three beside an end).

        Raises:
            ValueError: fewer than 4 stored times.
        """
        return with_middles(self.inputs)


def with_middles(u: Tensor) -> Tensor:
    """Inputs at stored times, and half-way between by cubics: `(..., time, k)` to `(..., 2 time - 1, k)`.

    Raises:
        ValueError: fewer than 4 stored times.
    """
    if u.shape[-2] < 4:
        raise ValueError(f"inputs half-way between the stored ones need 4 times or more (got {u.shape[-2]}).")
    first = (3 * u[..., :1, :] + 6 * u[..., 1:2, :] - u[..., 2:3, :]) / 8
    inside = (9 * (u[..., 1:-2, :] + u[..., 2:-1, :]) - u[..., :-3, :] - u[..., 3:, :]) / 16
    last = (3 * u[..., -1:, :] + 6 * u[..., -2:-1, :] - u[..., -3:-2, :]) / 8
    middles = torch.cat([first, inside, last], dim=-2)
    return torch.cat([torch.stack([u[..., :-1, :], middles], dim=-2).flatten(-3, -2), u[..., -1:, :]], dim=-2)


def drive(
    law: DrivenDynamics, x0: Tensor, protocol: Callable[[Tensor], Tensor], dt: float, points: int, substeps: int = 1
) -> DrivenTrajectories:
    """Integrate a driven law with RK4 from given states, under a protocol.

    Args:
        law: the pair; its `force` becomes the output.
        x0: initial states, `(trajectory, n)`.
        protocol: the input at given times, `(time,)` to `(trajectory, time, k)`.
        dt, points, substeps: the time between stored states, how many, and how many steps make a stored one.

    Raises:
        ValueError: a parameter out of range, more than a laptop holds or does in an hour, or a motion or protocol that
            leaves the finite numbers.
    """
    check("dt", dt, "positive", "it is the time between two stored states")
    check("points", points, "a whole number, 2 or more", "it is how many states of each trajectory are stored")
    check("substeps", substeps, "a whole number, 1 or more", "it is how many steps make a stored one")
    halves = 2 * substeps * (points - 1)
    check_rk4(halves // 2, x0.numel())
    check_memory(f"{len(x0)} trajectories of {halves} inputs", halves * x0.numel(), "take fewer points or substeps")
    fine = protocol(dt / (2 * substeps) * torch.arange(halves + 1, dtype=x0.dtype, device=x0.device))
    inputs = fine[:, :: 2 * substeps]
    with torch.no_grad():
        states = rk4_along(law, x0, fine, dt / substeps)[:, ::substeps]
        velocities, outputs = law.at(inputs)(states), law.force(states, inputs)
    metadata = {"system": type(law).__name__, "integrator": f"RK4, {substeps} steps a point"}
    return DrivenTrajectories(states, dt, velocities, metadata, inputs=inputs, outputs=outputs)
