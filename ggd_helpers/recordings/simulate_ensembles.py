"""Many realisations of a driven system that jitters, all at once, kept as histograms while they run."""

import math
from collections.abc import Callable, Iterator
from typing import Protocol

import torch
from torch import Tensor

from ggd_helpers.effort import check_memory, check_time
from ggd_helpers.integrators import VelocityField
from ggd_helpers.ranges import check, check_seed
from ggd_helpers.recordings.ensembles import Ensembles, share_linearly

Drive = Callable[[Tensor], Tensor]  # the inputs at given times, (time,) to (protocol, time, k)
STABLE = 1.0  # a step times the fastest rate: Heun's scheme diverges from 2 on


class Microscopic(Protocol):
    """A driven system of particles in a bath: `dx = v(x, u) dt + sqrt(2 D) dB`."""

    diffusivity: float
    fastest: float  # of its rates, 1/time

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
    Euler-Maruyama has `dt`: one percent of the variance of the trapped bead at the paper's `dt`, and 12 percent of
    that of a spring of its chain. Where the force jumps, as between two wells, the order is lost for both schemes.

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
    check("bins", bins, "a whole number, 8 or more", "it is how many points a histogram has")
    if realisations % groups:
        raise ValueError(f"realisations must be a multiple of groups = {groups} (got {realisations}): all groups are "
                         "equally large.")  # fmt: skip
    check_seed(seed)
    fine = _fine_inputs(system, drive, points, dt, substeps)
    coordinates = _check_effort(system, fine, realisations, points, substeps, groups * bins)
    inputs, grid = fine[:, ::substeps], system.grid(fine, dt / substeps, bins)
    shares = fine.new_empty(groups, len(fine), points, coordinates, bins)
    outputs = []
    for i, (x, u) in enumerate(_motion(system, fine, realisations, dt / substeps, substeps, seed)):
        by_group = x.unflatten(0, (-1, groups))
        shares[:, :, i] = share_linearly(system.observe(by_group, u), grid)
        outputs.append(system.measure(by_group, u).mean(0))
    measured = torch.stack(outputs, dim=2)
    metadata = {"system": type(system).__name__, "seed": seed, "integrator": f"stochastic Heun, {substeps} steps"}
    return [
        Ensembles(shares[g], grid, inputs, dt, realisations // groups, measured[g], metadata | {"group": g})
        for g in range(groups)
    ]


@torch.no_grad()
def simulate_paths(
    system: Microscopic, drive: Drive, realisations: int, points: int, dt: float, seed: int, substeps: int = 1
) -> Tensor:
    """A few realisations one by one: what is observed of each, `(protocol, realisation, time, n)`.

    Args:
        realisations: how many of each protocol; all others as in `simulate_groups`.

    Raises:
        ValueError: as `simulate_groups`.
    """
    check("realisations", realisations, "a whole number, 1 or more", "it is how many paths are kept of each protocol")
    check_seed(seed)
    fine = _fine_inputs(system, drive, points, dt, substeps)
    _check_effort(system, fine, realisations, points, substeps, realisations)
    motion = _motion(system, fine, realisations, dt / substeps, substeps, seed)
    return torch.stack([system.observe(x, u) for x, u in motion], dim=2).transpose(0, 1)


def _fine_inputs(system: Microscopic, drive: Drive, points: int, dt: float, substeps: int) -> Tensor:
    """The inputs at every step, `(protocol, substeps (points - 1) + 1, k)`, once it is known that steps are small."""
    check("points", points, "a whole number, 4 or more", "it is how many times are stored")
    check("dt", dt, "positive", "it is the time between two stored times")
    check("substeps", substeps, "a whole number, 1 or more", "it is how many steps make a stored one")
    if not dt / substeps * system.fastest <= STABLE:
        raise ValueError(f"dt / substeps must be at most {STABLE / system.fastest:.3g} for this system "
                         f"(got {dt / substeps:.3g}): take more substeps, or store more points.")  # fmt: skip
    return drive(dt / substeps * torch.arange(substeps * (points - 1) + 1, dtype=torch.float64))


def _motion(
    system: Microscopic, fine: Tensor, realisations: int, dt: float, substeps: int, seed: int
) -> Iterator[tuple[Tensor, Tensor]]:
    """States `(realisation, protocol, n)` and inputs at the stored times, from equilibrium on; `dt` is a step's."""
    generator = torch.Generator().manual_seed(seed)
    x = system.sample_equilibrium(fine[:, 0], realisations, generator)
    yield x, fine[:, 0]
    for j in range(1, fine.shape[1]):
        x = heun(system, x, fine[:, j - 1], fine[:, j], dt, generator)
        if j % substeps == 0:
            yield x, fine[:, j]


def _check_effort(system: Microscopic, fine: Tensor, realisations: int, points: int, substeps: int, kept: int) -> int:
    """How many coordinates a realisation has, if `kept` numbers of each are not too many.

    Measured: 60 ns a coordinate and stored time, 35 ns a coordinate and step.
    """
    one = system.sample_equilibrium(fine[:1, 0], 1, torch.Generator().manual_seed(0))
    coordinates = system.observe(one, fine[:1, 0]).shape[-1]
    moving = coordinates * len(fine) * realisations
    what = f"{realisations} realisations of {len(fine)} protocols at {points} points"
    check_time(what, moving * points * (6e-8 + 3.5e-8 * substeps), "take fewer realisations, protocols or points")
    check_memory(what, moving + coordinates * len(fine) * points * kept // 8, "take fewer realisations, groups or bins")
    return coordinates
