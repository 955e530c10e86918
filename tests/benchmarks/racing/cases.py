"""What the opponents learn: the cases of chapters 3, 4 and 5, with the chapter's data, weights, target and points."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import torch
from torch import nn

import ggd_helpers as ggd
from ggd_helpers.systems import profiles

ALONG = 1600  # test states, of all trajectories and times, at which a curve is judged


@dataclass(frozen=True)
class Task:
    """One case from one seed: a model as it starts, what it learns from, and what it is judged by.

    Attributes:
        model: with its first weights; every opponent gets a copy.
        system: the known law.
        train, test: recordings.
        recipe: the chapter's.
        seed: of the weights and the splits.
        stride: of the rollouts, in stored steps.
    """

    model: nn.Module
    system: Any
    train: ggd.Trajectories
    test: ggd.Trajectories
    recipe: ggd.SelfScaledBFGS
    seed: int
    stride: int
    batch: Any = field(init=False)
    unit: float = field(init=False)

    def __post_init__(self) -> None:
        """The very points that the recipe trains on: without its validation trajectories."""
        training, _ = self.train.split(self.recipe.validation_fraction, self.seed)
        object.__setattr__(self, "batch", self.recipe.objective.batch(training, self.recipe.points))
        object.__setattr__(self, "unit", self.recipe.objective.unit(self.train))

    @property
    def mean_squared_velocity(self) -> float:
        """Of the test trajectories: the unit of all errors here."""
        return self.system(self.test.states).square().mean().item()

    @torch.no_grad()
    def velocity_error(self, model: nn.Module) -> float:
        """The mean squared error of the velocity on a part of the test states, over the mean squared velocity."""
        states = self.test.states.flatten(0, 1)
        states = states[:: max(1, len(states) // ALONG)]
        exact = self.system(states)
        return ((model(states) - exact).square().mean() / exact.square().mean()).item()

    def judged(self, model: nn.Module) -> dict[str, float]:
        """`velocity_mse` and `rollout_mse` on all test states, and the first over the mean squared velocity."""
        asked = ggd.measures.of_law(self.system)
        metrics = ggd.evaluate(model, self.test, asked, stride=self.stride).metrics
        found = {name: metrics[name] for name in ("velocity_mse", "rollout_mse")}
        return found | {"velocity_error": found["velocity_mse"] / self.mean_squared_velocity}


@dataclass(frozen=True)
class Case:
    """A case by its name, with the seconds that each opponent gets, and settings chosen on seeds 20 and 21.

    Three values or more of each were tried (`race_tuning.py`), some on seed 20 alone, further ones by hand where the
    best lay at an end; the damping for dense diffusion was left as it was.

    Attributes:
        build: the task of a seed.
        seconds: the time of each opponent.
        adam_rate: Adam's first learning rate.
        damping: the first one of Levenberg and Marquardt, as a share of the largest diagonal entry.
    """

    name: str
    build: Callable[[int], Task]
    seconds: float
    adam_rate: float
    damping: float


@cache
def _recorded(make: Callable[..., Any], *args: Any) -> tuple[Any, ggd.Trajectories]:
    """A system and its 128 trajectories of 2048 states, as in chapters 3 and 4."""
    system = make(*args)
    return system, ggd.simulate(system, trajectories=128, points=2048, dt=0.005, seed=21)


def particle(dim: int, seed: int) -> Task:
    """Chapter 3: both potentials free."""
    system, data = _recorded(ggd.OverdampedParticle, 1.0, dim)
    train, test = data.split(test_fraction=0.2, seed=seed)
    model = ggd.GradientDynamics(ggd.ConcaveEntropy(dim), ggd.ConvexDissipation(dim), seed=seed)
    return Task(model, system, train, test, ggd.SelfScaledBFGS(), seed, stride=8)


def reactions(structured: bool, seed: int) -> Task:
    """Chapter 4, both potentials learned: the dense networks, or mixing, stoichiometry and one cosh a reaction."""
    system, data = _recorded(ggd.MassActionReactions, "A + 2 B <-> C; C + D <-> A")
    train, test = data.split(test_fraction=0.2, seed=seed)
    n, nu = system.dim, system.stoichiometry
    dense = ggd.ConcaveEntropy(n, width=10), ggd.ConvexDissipation(n, width=10)
    known = ggd.MixingEntropy(n), ggd.AffinityDissipation(nu, ggd.CoshHead(n, nu.shape[1]))
    model = ggd.GradientDynamics(*(known if structured else dense), seed=seed)
    recipe = ggd.SelfScaledBFGS(iterations=700, restarts=2)
    return Task(model, system, train, test, recipe, seed, stride=8)


@cache
def _films() -> tuple[ggd.FickianDiffusion, ggd.Trajectories, ggd.Trajectories]:
    """The films of chapter 5, and new ones of the same kind."""
    system, sampling = ggd.FickianDiffusion(), {"points": 64, "dt": 0.03, "substeps": 1}
    starts_like = ggd.FickianDiffusion(profile=profiles.TEST_SETS["fourier"])
    test = ggd.simulate(starts_like, trajectories=200, seed=100, **sampling)
    return system, ggd.simulate(system, trajectories=1024, seed=21, **sampling), test


def diffusion_dense(seed: int) -> Task:
    """Chapter 5: a pair of dense networks in the components that describe all films."""
    system, train, test = _films()
    components = ggd.Components.of(train.states[:, 0])
    k = len(components.analysis)
    model = ggd.GradientDynamics(
        ggd.EntropyInComponents(ggd.ConcaveEntropy(k, width=16, depth=1), components),
        ggd.DissipationInComponents(ggd.ConvexDissipation(k, width=16, depth=1), components),
    )
    ggd.kaiming_normal_(model, seed)
    recipe = ggd.SelfScaledBFGS(iterations=180, restarts=3, trial=30, points=3)
    return Task(model, system, train, test, recipe, seed, stride=1)


def diffusion_local(seed: int) -> Task:
    """Chapter 5: the local law, from the four steepest films, by flow matching."""
    system, train, test = _films()
    steepest = system.grid.gradient(train.states[:, 0]).abs().amax((1, 2)).argsort(descending=True)
    units = ggd.Components.in_units_of(16.0)
    entropy = ggd.EntropyInComponents(ggd.ConcaveEntropy(dim=1, width=4, depth=2), units)
    mobility = ggd.MobilityDissipation(scale=system.grid.width**2 / train.dt, width=4)
    model = ggd.local_dynamics(entropy, ggd.DissipationInComponents(mobility, units), system.grid, seed=seed)
    recipe = ggd.SelfScaledBFGS(ggd.FlowMatching(), iterations=200, restarts=1, points=3, tolerance=1e-15)
    return Task(model, system, train.select(steepest[:4]), test, recipe, seed, stride=1)


CASES = {
    case.name: case
    for case in (
        Case("particle, 1D", lambda seed: particle(1, seed), 12, 3e-2, 1e-7),
        Case("particle, 2D", lambda seed: particle(2, seed), 22, 1e-2, 1e-7),
        Case("reactions, dense", lambda seed: reactions(False, seed), 32, 1e-2, 1e-3),
        Case("reactions, structured", lambda seed: reactions(True, seed), 8, 3e-2, 1e-3),
        Case("diffusion, dense", diffusion_dense, 24, 3e-2, 1e-3),
        Case("diffusion, local", diffusion_local, 6, 3e-2, 1e-5),
    )
}
