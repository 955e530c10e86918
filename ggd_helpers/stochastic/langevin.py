"""Gradient flow with noise: sample paths, their Onsager-Machlup action, and the most probable path."""

import math
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from ggd_helpers.dynamics.gradient import GradientDynamics
from ggd_helpers.potentials.general import DissipationPotential, Entropy


def langevin(
    entropy: Entropy, mobility: float, noise: float, x0: Tensor, dt: float, points: int, generator: torch.Generator
) -> Tensor:
    """Sample paths of the overdamped Langevin equation `dx = m dS/dx dt + sqrt(2 m eps) dW` (Euler-Maruyama).

    Its stationary density is `exp(S/eps)`; without noise it is the gradient flow of `(S, m/2 |x*|^2)`.

    Shapes: `x0` `(..., n)`; the answer is `(..., points, n)`, its first state `x0`. `noise` is `eps`.

    Source: thesis 1.3, after Onsager and Machlup (1953).
    """
    deviation = torch.tensor(math.sqrt(2 * mobility * noise * dt), dtype=x0.dtype)
    return _paths(lambda x: (mobility * dt * entropy.conjugate(x), deviation), x0, points, generator)


def langevin_of(
    pair: GradientDynamics, noise: float, x0: Tensor, dt: float, points: int, generator: torch.Generator
) -> Tensor:
    """Sample paths of a pair with `Xi = M(x) |x*|^2 / 2`, `dx = (M dS + eps dM) dt + sqrt(2 eps M) dW`.

    The drift `eps dM` belongs to a mobility that depends on the state: with it the stationary density is `exp(S/eps)`.
    Steps are those of Euler and Maruyama.

    Shapes: `x0` `(..., n)`; the answer is `(..., points, n)`, its first state `x0`. `noise` is `eps`.

    Source: thesis 1.3.
    """

    def step(x: Tensor) -> tuple[Tensor, Tensor]:
        mobility, slope = mobility_and_slope(pair.dissipation, x)
        return dt * (pair.velocity(x) + noise * slope), (2 * noise * dt * mobility).sqrt()[..., None]

    return _paths(step, x0, points, generator)


def _paths(
    step: Callable[[Tensor], tuple[Tensor, Tensor]], x0: Tensor, points: int, generator: torch.Generator
) -> Tensor:
    """Paths of normal steps, whose mean and deviation the state decides, `(..., points, n)`."""
    x, states = x0, [x0]
    for _ in range(points - 1):
        kick = torch.randn(x.shape, generator=generator, dtype=x.dtype)
        mean, deviation = step(x)
        x = x + mean + deviation * kick
        states.append(x)
    return torch.stack(states, dim=-2)


def mobility_and_slope(dissipation: DissipationPotential, x: Tensor) -> tuple[Tensor, Tensor]:
    """`M(x)` of `Xi = M(x) |x*|^2 / 2` and its slope `dM/dx`, `(..., n)` to `(...)` and `(..., n)`."""
    unit = torch.zeros_like(x)
    unit[..., 0] = 1.0
    slope, mobility = torch.func.grad(lambda x: ((m := 2 * dissipation(x, unit)).sum(), m), has_aux=True)(x)
    return mobility, slope


def onsager_machlup_action(entropy: Entropy, mobility: float, path: Tensor, dt: float) -> Tensor:
    """The action `int L dt` of a path, with the Lagrangian `L(x, v) = |v - m dS/dx|^2 / 4m`.

    At small noise `eps` a path has the probability `exp(-action/eps)`. The integrand is taken in the middle of each
    step. Shapes: `path` `(..., points, n)`; the answer is `(...)`.

    Source: thesis (1.3), after Onsager and Machlup (1953).
    """
    velocity, middle = path.diff(dim=-2) / dt, (path[..., 1:, :] + path[..., :-1, :]) / 2
    misses = velocity - mobility * entropy.conjugate(middle)
    return misses.square().sum(dim=(-1, -2)) * dt / (4 * mobility)


def most_probable_path(entropy: Entropy, mobility: float, start: Tensor, end: Tensor, dt: float, points: int) -> Tensor:
    """The path between two states that has the least Onsager-Machlup action, `(points, n)`.

    Newton's method in a trust region, from the straight line; both ends stay where they are. Shapes: `start` and `end`
    `(n,)`.

    Raises:
        ValueError: fewer than 3 points, or the minimisation did not converge.
    """
    from scipy.optimize import minimize  # here, for it takes 0.6 s

    if points < 3:
        raise ValueError(f"points must be a whole number, 3 or more (got {points!r}).")
    share = torch.linspace(0, 1, points, dtype=start.dtype)[1:-1, None]
    straight = start + share * (end - start)

    def action(inner: Tensor) -> Tensor:
        path = torch.cat([start[None], inner.view_as(straight), end[None]])
        return onsager_machlup_action(entropy, mobility, path, dt)

    def on_arrays(function: Callable[[Tensor], Tensor]) -> Callable[[np.ndarray], np.ndarray]:
        return lambda inner: function(torch.from_numpy(inner)).numpy()

    slope, curvature = torch.func.grad(action), torch.func.hessian(action)
    tolerance = 1e-9 * (1 + action(straight).item())  # of the slope, which grows with the action
    found = minimize(on_arrays(action), straight.flatten().numpy(), jac=on_arrays(slope), hess=on_arrays(curvature),
                     method="trust-exact", options={"gtol": tolerance})  # fmt: skip
    if not (found.success and np.isfinite(found.x).all()):
        raise ValueError(f"No most probable path was found: {found.message} Try a shorter duration or more points.")
    return torch.cat([start[None], torch.from_numpy(found.x).view_as(straight), end[None]])
