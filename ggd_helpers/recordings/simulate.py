"""Make recordings of a law whose trajectories start at random."""

import math

import torch

from ggd_helpers.dynamics.law import Law
from ggd_helpers.effort import check_memory
from ggd_helpers.integrators import fastest_rate, rk4, stiff
from ggd_helpers.ranges import check, check_seed
from ggd_helpers.recordings.regular import Trajectories

MOST_SUBSTEPS = 20  # a system that needs more of them is stiff
STIFFEST = 1e30  # the fastest rate by dt, above which no solver finds its first step


def simulate(
    system: Law, trajectories: int, points: int, dt: float, seed: int, substeps: int | None = None
) -> Trajectories:
    """Integrate a law from random initial states; the metadata say with which integrator.

    RK4 takes all trajectories at once, with as many steps for each stored one as keep a step under a tenth of the
    fastest time scale at the start. Where that needs more than 20, SciPy's solver for stiff systems takes over.

    Args:
        system: maps states to velocities, and has `sample_initial_states(count, generator)`.
        trajectories, points, dt: how many, how long, and the time between stored states.
        seed: of the initial states.
        substeps: RK4 steps for each stored one; chosen as said above unless given.

    Raises:
        ValueError: a parameter out of range, more than a laptop holds or does in an hour, or a motion that leaves the
            finite numbers.
    """
    check("trajectories", trajectories, "a whole number, 1 or more", "it is how many trajectories are simulated")
    check("points", points, "a whole number, 1 or more", "it is how many states of each trajectory are stored")
    check("dt", dt, "positive", "it is the time between two stored states")
    check_seed(seed)
    n = system.sample_initial_states(1, torch.Generator().manual_seed(seed)).shape[-1]
    what = f"{trajectories} trajectories of {points} points of {n} numbers"
    check_memory(what, trajectories * points * n, "take fewer trajectories or points")
    x0 = system.sample_initial_states(trajectories, torch.Generator().manual_seed(seed))
    with torch.no_grad():
        if substeps is None:
            substeps = _substeps(fastest_rate(system, x0[:32]), dt)
        if substeps > MOST_SUBSTEPS:
            integrator, states = "LSODA (stiff)", stiff(system, x0, dt, points)
        else:
            integrator, states = f"RK4, {substeps} steps a point", rk4(system, x0, dt, points, substeps)
        if not torch.isfinite(states).all():
            raise ValueError(f"The simulation left the finite numbers: dt = {dt} with substeps = {substeps} is too "
                             "coarse for this system; take a smaller dt or more substeps.")  # fmt: skip
        velocities = system(states)
    metadata = {"system": type(system).__name__, "trajectories": trajectories, "points": points, "seed": seed}
    return Trajectories(states, dt, velocities, metadata | {"integrator": integrator})


def _substeps(rate: float, dt: float) -> int:
    if not dt * rate <= STIFFEST:
        raise ValueError(f"the fastest rate of the system is {rate:.3g} in 1/time, too fast for dt = {dt:.3g}: take "
                         "slower rates, or a smaller dt.")  # fmt: skip
    return max(1, math.ceil(dt * rate / 0.1))
