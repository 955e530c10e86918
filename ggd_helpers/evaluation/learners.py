"""How learners of one oscillator are judged, whatever they are made of: by what is known, and by what they believe.

    velocity_mse, rollout_mse   on test trajectories, against the known law
    outside                     mean squared error of the velocity over its mean square, in a shell of 1 to 1.25 boxes
    energy_drift                largest error of the known energy on the rollouts; with a bath that is its drift
    energy_error                relative error of what the learner takes for the energy, after the best scale and shift
    degeneracy_*                largest |dE . x'| over the size of its terms, own energy; with a bath only
    min_entropy_production_*    smallest own dS/dt on random states of the box; at one temperature, of -dH/dt
    min_known_entropy_production    the same of the known entropy (energy), after training

`*` is `untrained` or `trained`. What a learner does not have is left out; what is not a number is infinite.
"""

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from ggd_helpers.architectures.onsager import OnsagerNetwork
from ggd_helpers.dynamics.generic import DampedMechanics
from ggd_helpers.evaluation.errors import relative_error
from ggd_helpers.evaluation.generic import degeneracy
from ggd_helpers.integrators import VelocityField, rk4
from ggd_helpers.recordings.regular import Trajectories
from ggd_helpers.systems.generic.known import KnownGENERIC
from ggd_helpers.systems.generic.oscillators import DuffingOscillator

Numbers = dict[str, float]
KnownOscillator = DuffingOscillator | KnownGENERIC


def own_energy(learner: Any) -> Callable[[Tensor], Tensor] | None:
    """What a learner takes for the energy; of a VONN without one, the free energy `-S`; `None` if there is nothing."""
    if isinstance(learner, OnsagerNetwork):
        return lambda x: -learner.entropy(x)
    return getattr(learner, "energy", None)


@torch.no_grad()
def rate(quantity: Callable[[Tensor], Tensor], velocity: Tensor, x: Tensor) -> Tensor:
    """How fast a function of the state changes, its slope times the velocity, `(..., n)` twice to `(...)`."""
    return (torch.func.grad(lambda x: quantity(x).sum())(x) * velocity).sum(-1)


@torch.no_grad()
def own_laws(learner: Any, system: KnownOscillator, when: str, states: int = 10_000) -> Numbers:
    """Both laws by a learner's own potentials on random states of the box; one without an entropy has `-H` instead."""
    energy, entropy, found = own_energy(learner), getattr(learner, "entropy", None), {}
    if energy is None:
        return {}
    x = system.sample_states(states, torch.Generator().manual_seed(0))
    if isinstance(system, KnownGENERIC) and not isinstance(learner, OnsagerNetwork):
        found[f"degeneracy_{when}"] = degeneracy(learner, learner.energy, x)
    if entropy is not None or isinstance(system, DampedMechanics):
        risen = rate(entropy or (lambda x: -energy(x)), learner(x), x)
        found[f"min_entropy_production_{when}"] = risen.min().item()
    return found


@torch.no_grad()
def judged(learner: Any, system: KnownOscillator, test: Trajectories, states: int = 10_000) -> Numbers:
    """Velocities, rollouts, the known energy and entropy, the world outside, and both laws by its own potentials."""
    known = test.states[:, ::5]
    flat, beyond = known.flatten(0, 1), shell(system, 2000)
    box = system.sample_states(states, torch.Generator().manual_seed(0))
    path = rk4(learner, test.states[:, 0], 5 * test.dt, known.shape[1])
    entropy = system.entropy if isinstance(system, KnownGENERIC) else (lambda x: -system.energy(x))
    found = {
        "velocity_mse": (learner(flat) - system(flat)).square().mean(),
        "rollout_mse": (path - known).square().mean(),
        "outside": (learner(beyond) - system(beyond)).square().mean() / system(beyond).square().mean(),
        "energy_drift": (system.energy(path) - system.energy(known)).abs().max(),
        "min_known_entropy_production": rate(entropy, learner(box), box).min(),
    }
    numbers = {name: value.item() for name, value in found.items()}
    if (energy := own_energy(learner)) is not None:
        numbers["energy_error"] = relative_misfit(energy(flat), system.energy(flat))
    numbers |= own_laws(learner, system, "trained", states)
    return {name: math.inf if math.isnan(value) else value for name, value in numbers.items()}


def relative_misfit(found: Tensor, true: Tensor) -> float:
    """`|c found - true| / |true|` with the best scale `c`, both less their means, `(m,)` each."""
    found, true = found - found.mean(), true - true.mean()
    scale = (found @ true) / (found @ found).clamp_min(1e-300)
    return relative_error(scale * found, true)


def shell(system: KnownOscillator, count: int, seed: int = 1) -> Tensor:
    """States in the box stretched by 1.25 about its centre, but outside the box itself, `(count, n)`."""
    low, high = torch.tensor(system.box, dtype=torch.float64).T
    unit = torch.rand(8 * count, len(low), generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    away = 1.25 * (2 * unit - 1)
    return (low + high) / 2 + (high - low) / 2 * away[away.abs().amax(-1) > 1][:count]


@torch.no_grad()
def drift_over(learner: VelocityField, system: KnownOscillator, starts: Tensor, dt: float, points: int) -> float:
    """The largest change of the known energy on rollouts from `(m, n)`, `points` of them `dt` apart, 0.025 a step."""
    energy = system.energy(rk4(learner, starts, dt, points, substeps=round(dt / 0.025)))
    return (energy - energy[:, :1]).abs().max().item()
