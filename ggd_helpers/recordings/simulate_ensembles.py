"""Many realisations of a driven system that jitters, all at once, kept as histograms while they run."""

import math
from collections.abc import Callable
from typing import Protocol

import torch
from torch import Tensor

from ggd_helpers.effort import check_memory, check_time
from ggd_helpers.integrators import VelocityField
from ggd_helpers.ranges import check, check_seed
from ggd_helpers.recordings.ensembles import Ensembles, share_linearly

Drive = Callable[[Tensor], Tensor]  # the inputs at given times, (time,) to (protocol, time, k)


class Microscopic(Protocol):
    """A driven system of particles in a bath: `dx = v(x, u) dt + sqrt(2 D) dB`."""

    diffusivity: float

    def at(self, u: Tensor, /) -> VelocityField:
        """The velocity without the bath's kicks, while the input stays at `u`."""
        ...

    def sample_equilibrium(self, u: Tensor, realisations: int, generator: torch.Generator) -> Tensor:
        """Draw states at rest with the input `(protocol, k)`: `(realisations, protocol, n)`."""
        ...

    def observe(self, x: Tensor, u: Tensor) -> Tensor:
        """The coordinates that histograms are kept of."""
        ...

    def measure(self, x: Tensor, u: Tensor) -> Tensor:
        """What is averaged beside, the force that holds the input among it."""
        ...

    def grid(self, inputs: Tensor, dt: float, bins: int) -> Tensor:
        """The points of the histograms, wide enough for these inputs."""
        ...


def heun(system: Microscopic, x: Tensor, start: Tensor, end: Tensor, dt: float, generator: torch.Generator) -> Tensor:
    """One step of the stochastic Heun scheme, `(..., n)` to `(..., n)`; the input goes from `start` to `end`.

    With noise that does not depend on the state, means and variances have errors of the order `dt^2`, where
    Euler-Maruyama has `dt`: one percent of the variance of the trapped bead at the paper's `dt`.

    Source: Kloeden and Platen (1992), 15.1.
    """
    kick = torch.randn(x.shape, generator=generator, dtype=x.dtype) * math.sqrt(2 * system.diffusivity * dt)
    drift = system.at(start)(x)
    predicted = x + dt * drift + kick
    return x + dt / 2 * (drift + system.at(end)(predicted)) + kick


@torch.no_grad()
def simulate_groups(
    system: Microscopic,
    drive: Drive,
    realisations: int,
    points: int,
    dt: float,
    seed: int,
    groups: int = 2,
    bins: int = 200,
    substeps: int = 1,
) -> list[Ensembles]:
    """Independent groups of realisations of the same protocols, from equilibrium on; `pool` puts groups together.

    Groups tell how far the data themselves are off: two halves differ by their sampling errors. Only the histograms
    are kept, never all positions. The outputs of each are the means of what the system measures.

    Args:
        system: what jitters.
        drive: the inputs at given times, `(time,)` to `(protocol, time, k)`; see `protocols.inputs_of`.
        realisations: how many of each protocol, a multiple of `groups`.
        points, dt, substeps: how many stored times, the time between them, and how many steps make a stored one.
        seed: of the starts and the kicks.
        bins: points of the histograms.

    Raises:
        ValueError: a parameter out of range, more than a laptop does in an hour, a protocol that is refused, or a
            motion that leaves the grid.
    """
    check("groups", groups, "a whole number, 2 or more", "their differences are the sampling error")
    check("realisations", realisations, f"a whole number, {groups} or more", "a distribution needs many")
    check("points", points, "a whole number, 4 or more", "it is how many times are stored")
    check("dt", dt, "positive", "it is the time between two stored times")
    check("bins", bins, "a whole number, 8 or more", "it is how many points a histogram has")
    check("substeps", substeps, "a whole number, 1 or more", "it is how many steps make a stored one")
    check_seed(seed)
    if realisations % groups:
        raise ValueError(f"realisations must be a multiple of groups = {groups} (got {realisations}).")
    fine = drive(dt / substeps * torch.arange(substeps * (points - 1) + 1, dtype=torch.float64))
    inputs, generator = fine[:, ::substeps], torch.Generator().manual_seed(seed)
    one = system.sample_equilibrium(inputs[:, 0], 1, torch.Generator().manual_seed(0))
    coordinates = system.observe(one, inputs[:, 0]).numel()
    _check_effort(coordinates * realisations, points, substeps, coordinates * groups * bins)
    grid = system.grid(inputs, dt, bins)
    x = system.sample_equilibrium(inputs[:, 0], realisations, generator)
    kept: list[Tensor] = []  # of all times, made once it is known how many coordinates there are
    for i in range(points):
        if i:
            for j in range((i - 1) * substeps, i * substeps):
                x = heun(system, x, fine[:, j], fine[:, j + 1], dt / substeps, generator)
        by_group, u = x.unflatten(0, (-1, groups)), inputs[:, i]
        now = share_linearly(system.observe(by_group, u), grid), system.measure(by_group, u).mean(0)
        kept = kept or [each.new_empty(*each.shape[:2], points, *each.shape[2:]) for each in now]
        for series, each in zip(kept, now, strict=True):
            series[:, :, i] = each
    shares, outputs = kept
    metadata = {"system": type(system).__name__, "seed": seed, "integrator": f"stochastic Heun, {substeps} steps"}
    return [
        Ensembles(shares[g], grid, inputs, dt, realisations // groups, outputs[g], metadata | {"group": g})
        for g in range(groups)
    ]


def _check_effort(coordinates: int, points: int, substeps: int, kept: int) -> None:
    """Measured: 60 ns a coordinate and stored time, 35 ns a coordinate and step."""
    seconds = coordinates * points * (6e-8 + 3.5e-8 * substeps)
    what = f"{coordinates} coordinates at {points} points"
    check_time(what, seconds, "take fewer realisations, protocols or points")
    check_memory(what, coordinates + kept * points // 8, "take fewer realisations, groups or bins")
