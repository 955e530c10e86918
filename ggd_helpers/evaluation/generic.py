"""How well a law keeps energy and raises entropy, and how far learned energies and dissipation potentials are off.

Nothing but the constant of the energy is free where a law knows `L` and `S`, or is damped mechanics; `tau` and `S`
learned as well leave scales free, which no measure here removes.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from ggd_helpers.dynamics.generic import GENERIC, DampedMechanics
from ggd_helpers.evaluation.errors import relative_error
from ggd_helpers.evaluation.measures import of_law
from ggd_helpers.evaluation.report import Findings, Measure, Report
from ggd_helpers.integrators import VelocityField
from ggd_helpers.potentials.generic import Energy
from ggd_helpers.recordings.regular import Trajectories
from ggd_helpers.systems.generic.known import KnownGENERIC

Sample = Callable[[int, torch.Generator], Tensor]


@torch.no_grad()
def degeneracy(law: VelocityField, energy: Energy, states: Tensor) -> float:
    """The largest `|dE . x'|` over the size of its terms, `sum_i |dE_i x'_i|`, over states `(..., n)`: 0 to 1.

    1e-16 is rounding; 1 is a law for which every flow of energy has the same sign.
    """
    terms = energy.gradient(states) * law(states)
    return (terms.sum(-1).abs() / terms.abs().sum(-1).clamp_min(1e-300)).max().item()


@torch.no_grad()
def energy_error(found: Energy, known: Energy, states: Tensor) -> float:
    """The relative L2 error of an energy on states `(..., n)`, both less their means: its constant is free."""
    learned, true = found(states), known(states)
    return relative_error(learned - learned.mean(), true - true.mean())


def laws_at_random(sample: Sample, count: int = 100_000, seed: int = 0) -> Measure:
    """Both laws by a model's own potentials, over `count` random states: `degeneracy` and `min_entropy_production`."""

    def measure(report: Report) -> Findings:
        states = sample(count, torch.Generator().manual_seed(seed))
        return {
            "degeneracy": degeneracy(report.model, report.model.energy, states),
            "min_entropy_production": report.model.entropy_production(states).min().item(),
        }

    return measure


def energy_drift(system: GENERIC) -> Measure:
    """`energy_drift`: the largest change of the known energy on the rollouts, `|E(t) - E(0)|`."""

    def measure(report: Report) -> Findings:
        energy = system.energy(report.rollout.states)
        return {"energy_drift": (energy - energy[..., :1]).abs().max().item()}

    return measure


def potentials(system: GENERIC | DampedMechanics, every: int = 5) -> Measure:
    """`E_error` and `Xi_error`, relative L2 errors on one recorded state in `every`, Xi at the known force there."""

    def measure(report: Report[Trajectories]) -> Findings:
        states = report.data.states[:, ::every]
        force = system.force(states)
        return {
            "E_error": energy_error(report.model.energy, system.energy, states),
            "Xi_error": relative_error(report.model.dissipation(states, force), system.dissipation(states, force)),
        }

    return measure


def of_motion(system: KnownGENERIC) -> list[Measure]:
    """What is measured of any law beside a known GENERIC: velocities, rollouts, the drift of the known energy."""
    return [*of_law(system), energy_drift(system)]


def against(system: KnownGENERIC) -> list[Measure]:
    """What is measured of a learned GENERIC: its motion, its potentials, and both laws on random states."""
    return [*of_motion(system), potentials(system), laws_at_random(system.sample_states)]
