"""Gauge fixing, errors against the known system, rollouts, the second law."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from scipy.optimize import minimize_scalar
from torch import Tensor

from ggd_helpers.dynamics import GradientDynamics
from ggd_helpers.integrators import rk4
from ggd_helpers.trajectories import Trajectories


@dataclass(frozen=True)
class Gauge:
    """The freedom that no velocity can see: `S -> S/scale + shift`, `Xi(x, x*) -> Xi(x, scale x*)/scale`.

    For a quadratic Xi that is the thesis's `S/C + K`, `C Xi`.

    Attributes:
        scale, shift: the thesis's `C` and `K`.
        residual: the relative L2 error of Xi that is left at the best scale.
    """

    scale: float = 1.0
    shift: float = 0.0
    residual: float = 0.0

    def entropy(self, model: GradientDynamics, x: Tensor) -> Tensor:
        """The model's entropy in this gauge, `(..., n)` to `(...)`."""
        return model.entropy(x) / self.scale + self.shift

    def dissipation(self, model: GradientDynamics, x: Tensor, x_star: Tensor) -> Tensor:
        """The model's dissipation potential in this gauge, `(..., n)` twice to `(...)`."""
        return model.dissipation(x, self.scale * x_star) / self.scale


def relative_error(found: Tensor, true: Tensor) -> float:
    """The relative L2 error `|found - true| / |true|` over all elements."""
    return ((found - true).norm() / true.norm()).item()


@torch.no_grad()
def fix_gauge(model: GradientDynamics, system: GradientDynamics, states: Tensor) -> Gauge:
    """Choose the scale and shift that bring a model's potentials closest to the known ones.

    The scale minimises `sum |Xi_known(x, x*) - Xi_model(x, C x*)/C|^2` at the known conjugates `x*` of the `states`;
    for a quadratic Xi that is `C = <Xi_known, Xi_model> / <Xi_model, Xi_model>`. (The thesis prints the ratio
    `<Xi_known, Xi_known> / <Xi_known, Xi_model>`, which is not the least-squares one.) The shift makes the mean
    entropies equal.

    Shapes: `states` `(..., n)`. Source: thesis 4.1.2, corrected.
    """
    x_star = system.conjugate(states)
    known = system.dissipation(states, x_star)

    def residual(log_scale: float) -> float:
        scale = math.exp(log_scale)
        return relative_error(Gauge(scale).dissipation(model, states, x_star), known)

    # A first guess from the conjugates: x*_model = C x*_known wherever both pairs are of one kind.
    learned = model.conjugate(states)
    guess = (learned.norm() / x_star.norm()).log().item()
    best = minimize_scalar(residual, bracket=(guess - 0.1, guess + 0.1), tol=1e-12)
    scale = math.exp(best.x)
    shift = (system.entropy(states) - model.entropy(states) / scale).mean().item()
    return Gauge(scale, shift, residual(best.x))


@torch.no_grad()
def potential_errors(
    model: GradientDynamics, system: GradientDynamics, states: Tensor, gauge: Gauge
) -> dict[str, float]:
    """`entropy_error` and `dissipation_error`: relative L2 errors of the potentials in a gauge.

    They say something only where data determine the potentials up to the gauge: see the chapter. Errors of the entropy
    are relative to its variation, `S - mean S`, since its mean is free.
    """
    x_star = system.conjugate(states)
    known = system.entropy(states)
    found = gauge.entropy(model, states)
    return {
        "entropy_error": ((found - known).norm() / (known - known.mean()).norm()).item(),
        "dissipation_error": relative_error(
            gauge.dissipation(model, states, x_star), system.dissipation(states, x_star)
        ),
    }


@dataclass(frozen=True)
class Report:
    """What `evaluate` found.

    Attributes:
        metrics: numbers under the names that all chapters share.
        velocity_errors: the mean squared error of the velocity on each test trajectory, `(trajectory,)`.
        rollout: the model's own trajectories from the true initial states, `(trajectory, time, n)`, at
            every `stride`-th time.
    """

    metrics: dict[str, float]
    velocity_errors: Tensor
    rollout: Tensor

    def __repr__(self) -> str:
        return "\n".join(f"{name:24s} {value:.1e}" for name, value in self.metrics.items())


@torch.no_grad()
def evaluate(
    model: torch.nn.Module, system: GradientDynamics, test: Trajectories, stride: int = 1, substeps: int = 1
) -> Report:
    """Compare a model with the known system on test trajectories.

    `velocity_mse` is against the exact velocity, `velocity_mse_data` against central differences, as the thesis reports
    it, and `noise_floor` is what the exact velocity itself scores there. `rollout_mse` is of RK4 from the true initial
    states over the whole horizon, in steps of `stride` stored ones, each made of `substeps`. `min_entropy_production`
    is the smallest `dS/dt` on the test states. Model, system and states must be of one device and dtype: bring a model
    home by `model.to("cpu")`.
    """
    exact = system(test.states)
    found = model(test.states)
    differences = test.differences(order=2)
    known = test.states[:, ::stride]
    rollout = rk4(model, known[:, 0], stride * test.dt, known.shape[1], substeps)
    errors = (found - exact).square()
    metrics = {
        "velocity_mse": errors.mean().item(),
        "velocity_mse_data": (found - differences).square().mean().item(),
        "noise_floor": (exact - differences).square().mean().item(),
        "rollout_mse": (rollout - known).square().mean().item(),
        "min_entropy_production": model.entropy_production(test.states).min().item(),
    }
    return Report(metrics, errors.mean(dim=(1, 2)), rollout)


@torch.no_grad()
def conservation_drift(paths: Tensor, quantities: Tensor) -> float:
    """The largest change of any conserved quantity `q . x` over any of the paths, `(..., time, n)` and `(..., n)`."""
    values = paths @ torch.atleast_2d(quantities).T
    return (values - values[..., :1, :]).abs().max().item() if values.numel() else 0.0


@torch.no_grad()
def min_entropy_production(
    model: GradientDynamics, sample: Callable[[int, torch.Generator], Tensor], count: int = 100_000, seed: int = 0
) -> float:
    """The smallest `dS/dt` over `count` random states from `sample(count, generator)`: the second law, tried out."""
    states = sample(count, torch.Generator().manual_seed(seed))
    return model.entropy_production(states).min().item()
