"""Measures: each takes a report and returns numbers under the names that all chapters share.

A measure that compares with a known system is made from it: `velocity(system)`. A number that cannot be measured is
left out, never set to zero.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from ggd_helpers.dynamics.gradient import GradientDynamics
from ggd_helpers.dynamics.law import KnownPair, Law
from ggd_helpers.evaluation.blocks import in_blocks
from ggd_helpers.evaluation.errors import relative_error
from ggd_helpers.evaluation.freedoms import Freedom, potential_errors
from ggd_helpers.evaluation.report import Findings, Measure, Report, velocities
from ggd_helpers.recordings.regular import Trajectories


def velocity(system: Law) -> Measure:
    """`velocity_mse` against the known velocity, `velocity_mse_data` against differences, `noise_floor` between these.

    The differences are central ones with an error of `dt^2/6 |d3x/dt3|`, and one-sided ones at the two ends, as the
    thesis reports them. Those are off by `dt/2 |d2x/dt2|` and may be most of `noise_floor`: `noise_floor_inside` leaves
    both ends out. `velocity_errors` are the mean squared errors of the velocity on each trajectory.

    Source: thesis 3.2.
    """

    def measure(report: Report[Trajectories]) -> Findings:
        exact, found, differences = velocities(report.data, system), report.velocities, report.data.differences(order=2)
        errors, floor = (found - exact).square(), (exact - differences).square()
        return {
            "velocity_errors": errors.mean(dim=(1, 2)),
            "velocity_mse": errors.mean().item(),
            "velocity_mse_data": (found - differences).square().mean().item(),
            "noise_floor": floor.mean().item(),
            "noise_floor_inside": floor[:, 1:-1].mean().item(),
        }

    return measure


def rollout(report: Report) -> Findings:
    """`rollout_mse`: RK4 from the recorded initial states over the whole horizon, against the recorded states.

    `rollout_errors` are the same for each trajectory.
    """
    errors = (report.rollout.states - report.rollout.known).square().mean(dim=(1, 2))
    return {"rollout_errors": errors, "rollout_mse": errors.mean().item()}


def final_state(report: Report) -> Findings:
    """`final_state_error`: the relative L2 error of the rollout at the horizon."""
    return {"final_state_error": relative_error(report.rollout.states[:, -1], report.rollout.known[:, -1])}


def conservation_drift(paths: Tensor, quantities: Tensor) -> float:
    """The largest change of any conserved quantity `q . x` over any of the paths, `(..., time, n)` and `(..., n)`."""
    values = paths @ torch.atleast_2d(quantities).T
    return (values - values[..., :1, :]).abs().max().item() if values.numel() else 0.0


def drift(quantities: Tensor) -> Measure:
    """`conservation_drift` of the rollout, for the conserved quantities `q`, `(n,)` or `(quantities, n)`."""
    return lambda report: {"conservation_drift": conservation_drift(report.rollout.states, quantities)}


def second_law(report: Report[Trajectories]) -> Findings:
    """`min_entropy_production`: the smallest `dS/dt` on the recorded states."""
    return {"min_entropy_production": in_blocks(report.model.entropy_production, report.data.states).min().item()}


@torch.no_grad()
def min_entropy_production(
    model: GradientDynamics, sample: Callable[[int, torch.Generator], Tensor], count: int = 100_000, seed: int = 0
) -> float:
    """The smallest `dS/dt` over `count` random states from `sample(count, generator)`: the second law, tried out."""
    states = sample(count, torch.Generator().manual_seed(seed))
    return in_blocks(model.entropy_production, states).min().item()


def second_law_at_random(system: Law, count: int = 100_000, seed: int = 0) -> Measure:
    """`min_entropy_production` over `count` random states, drawn where the system's trajectories start."""
    return lambda report: {
        "min_entropy_production": min_entropy_production(report.model, system.sample_initial_states, count, seed)
    }


def known_entropy(system: KnownPair, count: int = 100_000, seed: int = 0) -> Measure:
    """How the *known* entropy `S` moves under any law `x' = v(x)`: over random states, `dS/dt = dS/dx . v(x)`.

    `min_known_entropy_production` is the smallest rate, `falling_share` the share of states at which it is below
    `-1e-12`. Those of the `count` states where the system rests are left out: any leak would count there, up or down.
    A pair that was learned raises its own entropy always; it need not raise this one.
    """

    def measure(report: Report) -> Findings:
        states = system.sample_initial_states(count, torch.Generator().manual_seed(seed))
        with torch.no_grad():
            speeds = system(states).norm(dim=-1)
            states = states[speeds > 1e-12 * speeds.max()]
            rate = (system.conjugate(states) * report.model(states)).sum(-1)
        falling = (rate < -1e-12).double().mean().item()
        return {"min_known_entropy_production": rate.min().item(), "falling_share": falling}

    return measure


def potentials(system: GradientDynamics, freedom: type[Freedom], every: int = 16) -> Measure:
    """`entropy_error` and `dissipation_error`, once a freedom is fixed on one recorded state in `every`."""

    def measure(report: Report[Trajectories]) -> Findings:
        states = report.data.states[:, ::every]
        return potential_errors(report.model, system, states, freedom.fix(report.model, system, states))

    return measure


def of_law(system: Law) -> list[Measure]:
    """What is measured of every law beside a known one: velocities and rollouts."""
    return [velocity(system), rollout]


def against(system: Law) -> list[Measure]:
    """What is measured of every pair beside a known system: velocities, rollouts, the second law on recorded states."""
    return [*of_law(system), second_law]
