"""Solve `dx/dt = f(x)`: fixed-step RK4 for a whole batch at once, and SciPy's solvers where the step must adapt."""

import itertools
import math
from collections.abc import Callable
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from ggd_helpers.effort import check_rk4, check_time
from ggd_helpers.ranges import check

MOST_CALLS = 300_000  # of a velocity field by one of SciPy's solvers: above that it shortens its steps for ever

VelocityField = Callable[[Tensor], Tensor]


class Driven(Protocol):
    """A velocity field that also depends on an input `u`, `(..., k)`: the place of a trap, a force."""

    def at(self, u: Tensor, /) -> VelocityField:
        """The velocity field while the input stays at `u`."""
        ...


def rk4_step(f: VelocityField, x: Tensor, dt: float) -> Tensor:
    """One step of the classical fourth-order Runge-Kutta scheme, `(..., n)` to `(..., n)`."""
    k1 = f(x)
    k2 = f(x + 0.5 * dt * k1)
    k3 = f(x + 0.5 * dt * k2)
    k4 = f(x + dt * k3)
    return x + dt / 6 * (k1 + 2 * k2 + 2 * k3 + k4)


def rk4(f: VelocityField, x0: Tensor, dt: float, points: int, substeps: int = 1) -> Tensor:
    """Integrate with RK4 from `x0` `(..., n)`, and return `points` states `dt` apart, `(..., points, n)`.

    Each stored step is made of `substeps` equal steps. The first state is `x0` itself.

    Raises:
        ValueError: a number out of range, or more steps than a laptop does in an hour.
    """
    check("points", points, "a whole number, 1 or more", "it is how many states are returned")
    check("substeps", substeps, "a whole number, 1 or more", "it is how many steps make a stored one")
    check_rk4((points - 1) * substeps, x0.numel())
    x, states = x0, [x0]
    for _ in range(points - 1):
        for _ in range(substeps):
            x = rk4_step(f, x, dt / substeps)
        states.append(x)
    return torch.stack(states, dim=-2)


def rk4_along(law: Driven, x0: Tensor, inputs: Tensor, dt: float | Tensor) -> Tensor:
    """Integrate `dx/dt = law.at(u)(x)` with RK4 while the input changes.

    A step asks for the input three times: at its start, in its middle, at its end.

    Shapes: `x0` `(..., n)`, `inputs` `(..., 2 steps + 1, k)`, every second one in the middle of a step; `dt` is one
    number, or one for each step, `(..., steps)`. The answer is `(..., steps + 1, n)`, its first state `x0`.

    Raises:
        ValueError: an even number of inputs, or more steps than a laptop does in an hour.
    """
    if inputs.shape[-2] % 2 == 0:
        raise ValueError(f"inputs must be an odd number, 2 steps + 1: start, middle and end of each step "
                         f"(got {inputs.shape[-2]}).")  # fmt: skip
    steps = inputs.shape[-2] // 2
    check_rk4(steps, x0.numel())
    durations = torch.as_tensor(dt, dtype=x0.dtype, device=x0.device).expand(*inputs.shape[:-2], steps)
    x, states = x0, [x0]
    for i in range(steps):
        start, middle, end = (law.at(inputs[..., 2 * i + j, :]) for j in range(3))
        h = durations[..., i, None]
        k1 = start(x)
        k2 = middle(x + 0.5 * h * k1)
        k3 = middle(x + 0.5 * h * k2)
        k4 = end(x + h * k3)
        x = x + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
        states.append(x)
    return torch.stack(states, dim=-2)


def adaptive(f: VelocityField, x0: Tensor, dt: float, points: int, rtol: float = 1e-10, atol: float = 1e-12) -> Tensor:
    """Like `rk4`, by SciPy's adaptive DOP853 on the whole batch as one system: tight errors for smooth motion.

    Raises:
        ValueError: a number out of range; the solver gives up, and the message holds its reason.
    """

    def flat(t: float, y: np.ndarray) -> np.ndarray:
        return _finite(t, f(torch.from_numpy(y).to(x0).view(x0.shape))).ravel()

    path = _solve(flat, _numpy(x0).ravel(), dt, points, method="DOP853", rtol=rtol, atol=atol)
    return torch.from_numpy(path).to(x0).view(points, *x0.shape).movedim(0, -2)


def stiff(f: VelocityField, x0: Tensor, dt: float, points: int, rtol: float = 1e-10, atol: float = 1e-13) -> Tensor:
    """Like `rk4`, by SciPy's LSODA, one trajectory after the other.

    For systems whose rates differ by orders of magnitude, where RK4 would need a step of the fastest one.

    Raises:
        ValueError: a number out of range; the solver gives up, and the message holds its reason.
    """

    def solve_one(start: Tensor) -> np.ndarray:
        def slope(t: float, y: np.ndarray) -> np.ndarray:
            return _finite(t, f(torch.from_numpy(y).to(x0)))

        return _solve(slope, _numpy(start), dt, points, method="LSODA", rtol=rtol, atol=atol)

    count = math.prod(x0.shape[:-1])
    check_time(f"{count} stiff trajectories", 0.02 * count, "take fewer of them, or a system that is not stiff")
    paths = np.stack([solve_one(start) for start in x0.reshape(-1, x0.shape[-1])])
    return torch.from_numpy(paths).to(x0).view(*x0.shape[:-1], points, x0.shape[-1])


def fastest_rate(f: VelocityField, x: Tensor) -> float:
    """The largest eigenvalue of `df/dx` in size, 1/time, over a batch of states `(count, n)`, by differences.

    Raises:
        ValueError: a slope that is not finite, or more coordinates than a laptop does in an hour.
    """
    n, step = x.shape[-1], 1e-6
    check_time(f"the eigenvalues of a motion of {n} coordinates", 1.5e-7 * n**3, "say how many substeps to take")
    columns = [(f(x + step * direction) - f(x)) / step for direction in torch.eye(n).to(x)]
    slopes = torch.stack(columns, dim=-1)
    if not torch.isfinite(slopes).all():
        raise ValueError("The velocity, or its slope, is not finite (NaN or infinity) at the start: are the initial "
                         "states in the domain, and the rates not above 1e100?")  # fmt: skip
    return torch.linalg.eigvals(slopes).abs().max().item()


def _numpy(x: Tensor) -> np.ndarray:
    return x.detach().cpu().double().numpy()


def _finite(t: float, slope: Tensor) -> np.ndarray:
    if not torch.isfinite(slope).all():  # SciPy would shorten its steps for ever
        raise ValueError(f"The solver stopped at t = {t:.4g}: the velocity is not finite (NaN or infinity). Are all "
                         "states on the way in the domain?")  # fmt: skip
    return _numpy(slope)


def _solve(f: Callable, y0: np.ndarray, dt: float, points: int, **options: object) -> np.ndarray:
    from scipy.integrate import solve_ivp  # here, for it takes 0.7 s

    check("dt", dt, "positive", "it is the time between two stored states")
    check("points", points, "a whole number, 1 or more", "it is how many states are returned")
    if points == 1:
        return y0[None]
    times, calls = dt * np.arange(points), itertools.count(1)

    def counted(t: float, y: np.ndarray) -> np.ndarray:
        if next(calls) > MOST_CALLS:
            raise ValueError(f"The solver stopped at t = {t:.4g}: {MOST_CALLS} velocities did not lead to the end, "
                             f"t = {times[-1]:.4g}. Take a shorter horizon, or slower rates.")  # fmt: skip
        return f(t, y)

    solution = solve_ivp(counted, (0.0, times[-1]), y0, t_eval=times[1:], **options)
    if not solution.success:
        reached = [0.0, *solution.t][-1]  # SciPy tells of stored times only, and there may be none
        raise ValueError(f"The solver stopped at t = {reached:.4g}: {solution.message} Try a shorter horizon.")
    return np.vstack([y0, solution.y.T])
