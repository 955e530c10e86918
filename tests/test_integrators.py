"""Integrators against exact solutions: order, substeps, shapes, stiffness, failures."""

import math

import numpy as np
import pytest
import torch
from conftest import normal, refused
from scipy.integrate import solve_ivp

from ggd_helpers import integrators
from ggd_helpers.effort import check_rk4
from ggd_helpers.integrators import adaptive, fastest_rate, rk4, rk4_along, rk4_step, stiff

X0 = torch.tensor([[0.1], [0.5], [0.9]], dtype=torch.float64)


def logistic(x):
    return x * (1 - x)


def logistic_solution(x0, t):
    return 1 / (1 + (1 / x0 - 1) * math.exp(-t))


def along(solution, x0, dt, points):
    return torch.stack([solution(x0, dt * i) for i in range(points)], dim=-2)


def test_rk4_is_of_order_four():
    steps = np.array([4, 8, 16, 32, 64])
    errors = [(rk4(logistic, X0, 2.0 / n, n + 1)[..., -1, :] - logistic_solution(X0, 2.0)).abs().max() for n in steps]
    order = -np.polyfit(np.log(steps), np.log(errors), 1)[0]
    assert order == pytest.approx(4.0, abs=0.15)
    assert errors[-1] < 1e-8


def test_rk4_step_is_exact_to_fourth_order_of_the_exponential():
    """On dx/dt = a x one step multiplies by 1 + z + z^2/2 + z^3/6 + z^4/24 with z = a dt."""
    z = -1.3
    growth = rk4_step(lambda x: -2.6 * x, X0, 0.5) / X0
    expected = sum(z**k / math.factorial(k) for k in range(5))
    torch.testing.assert_close(growth, torch.full_like(X0, expected), rtol=1e-14, atol=0)


@pytest.mark.parametrize("solve", [rk4, adaptive, stiff])
@pytest.mark.parametrize("batch", [(), (3,), (2, 3)])
def test_first_state_is_the_start_and_states_are_dt_apart(solve, batch):
    x0 = torch.rand((*batch, 2), generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    states = solve(logistic, x0, 0.01, 6)
    assert states.shape == (*batch, 6, 2)
    assert states.dtype == torch.float64
    assert torch.equal(states[..., 0, :], x0)
    torch.testing.assert_close(states, along(logistic_solution, x0, 0.01, 6), rtol=1e-9, atol=1e-10)


@pytest.mark.parametrize("solve", [rk4, adaptive, stiff])
def test_a_single_point_is_the_start(solve):
    assert torch.equal(solve(logistic, X0, 0.1, 1), X0[:, None])


@pytest.mark.parametrize("solve", [rk4, adaptive, stiff])
def test_float32_stays_float32(solve):
    states = solve(logistic, X0.float(), 0.1, 5)
    assert states.dtype == torch.float32
    torch.testing.assert_close(states.double(), along(logistic_solution, X0, 0.1, 5), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("solve", [rk4, adaptive, stiff])
def test_coordinates_may_be_coupled(solve):
    """A rotation by the angle t."""
    x0 = normal((3, 2), 1)
    states = solve(lambda x: torch.stack([-x[..., 1], x[..., 0]], -1), x0, 0.02, 51)
    turn = torch.tensor([[math.cos(1.0), -math.sin(1.0)], [math.sin(1.0), math.cos(1.0)]], dtype=torch.float64)
    torch.testing.assert_close(states[:, -1], x0 @ turn.T, rtol=0, atol=1e-8)


@pytest.mark.parametrize("substeps", [2, 5])
def test_substeps_are_smaller_steps_of_which_some_are_stored(substeps):
    fine = rk4(logistic, X0, 0.1 / substeps, 4 * substeps + 1)
    coarse = rk4(logistic, X0, 0.1, 5, substeps)
    torch.testing.assert_close(coarse, fine[:, ::substeps], rtol=1e-14, atol=0)


def test_adaptive_reaches_its_tolerance_with_long_steps():
    states = adaptive(logistic, X0, 2.0, 5)
    torch.testing.assert_close(states, along(logistic_solution, X0, 2.0, 5), rtol=1e-9, atol=1e-10)


def test_stiff_linear_system_with_rates_1_and_10000():
    angle, rates = 0.3, np.array([1.0, 1e4])
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    matrix = torch.from_numpy(turn @ np.diag(-rates) @ turn.T)
    calls = 0

    def field(x):
        nonlocal calls
        calls += 1
        return x @ matrix

    x0 = torch.tensor([[1.0, 0.5], [-0.3, 2.0]], dtype=torch.float64)
    states = stiff(field, x0, 0.5, 5)
    times = 0.5 * np.arange(5)
    decay = np.exp(-np.outer(times, rates))  # (time, mode)
    exact = np.einsum("ij,tj,bj->bti", turn, decay, x0.numpy() @ turn)
    np.testing.assert_allclose(states.numpy(), exact, rtol=0, atol=1e-8)
    assert calls < 20_000  # an explicit method needs 2 / 3e-4 steps of four calls or more for each start: above 50 000


def test_stiff_robertson_agrees_with_scipy():
    def robertson(x):
        a, b, c = x.unbind(-1)
        slow, fast, mixed = 0.04 * a, 3e7 * b * b, 1e4 * b * c
        return torch.stack([mixed - slow, slow - mixed - fast, fast], -1)

    def reference(_, x):
        return [
            -0.04 * x[0] + 1e4 * x[1] * x[2],
            0.04 * x[0] - 1e4 * x[1] * x[2] - 3e7 * x[1] ** 2,
            3e7 * x[1] ** 2,
        ]

    x0, times = torch.tensor([1.0, 0.0, 0.0], dtype=torch.float64), 10.0 * np.arange(5)
    expected = solve_ivp(reference, (0, times[-1]), x0.numpy(), "BDF", times, rtol=1e-10, atol=1e-14).y.T
    np.testing.assert_allclose(stiff(robertson, x0, 10.0, 5).numpy(), expected, rtol=1e-6, atol=1e-10)


@pytest.mark.parametrize("solve", [adaptive, stiff])
def test_a_motion_that_ends_before_the_horizon_is_an_error(solve):
    """dx/dt = x^2 from 1 is infinite at t = 1."""
    with pytest.raises(ValueError, match=r"solver stopped at t = \d"):
        solve(lambda x: x**2, torch.ones(1, dtype=torch.float64), 0.1, 21)


@pytest.mark.parametrize("solve", [adaptive, stiff])
def test_a_field_that_is_not_finite_at_the_start_is_an_error(solve):
    calls = 0

    def field(x):
        nonlocal calls
        calls += 1
        if calls > 1000:
            pytest.fail("the solver goes on for ever")
        return x * math.nan

    with pytest.raises(ValueError, match=r"solver|not finite"):
        solve(field, torch.ones(1, dtype=torch.float64), 0.1, 5)


def test_a_solver_that_stops_before_the_first_stored_time_says_so():
    """`x' = 1e30 x^2` is infinite at 1e-30: less than SciPy's first step for rates far from the size of numbers."""
    with refused("solver stopped at t = 0", "shorter horizon"):
        adaptive(lambda x: 1e30 * x**2, torch.ones(1, 3, dtype=torch.float64), 0.1, 5)


@pytest.mark.parametrize("solve", [adaptive, stiff])
@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"dt": 0.0}, ["dt", "positive", "0.0"]),
        ({"dt": -0.1}, ["dt", "positive", "-0.1"]),
        ({"dt": math.nan}, ["dt", "positive", "nan"]),
        ({"points": 0}, ["points", "1 or more", "0"]),
        ({"points": 2.5}, ["points", "a whole number", "2.5"]),
    ],
)
def test_solvers_refuse_bad_parameters(solve, options, words):
    with refused(*words):
        solve(logistic, X0, **({"dt": 0.1, "points": 5} | options))


@pytest.mark.parametrize(("solve", "rate"), [(adaptive, 1e30), (stiff, 1e300)])
def test_a_solver_that_would_go_on_for_ever_gives_up(solve, rate, monkeypatch):
    monkeypatch.setattr(integrators, "MOST_CALLS", 2000)
    calls = 0

    def field(x):
        nonlocal calls
        calls += 1
        if calls > 3000:
            pytest.fail("the solver goes on for ever")
        return -rate * x

    with refused("solver stopped at t = ", "2000 velocities", "slower rates"):
        solve(field, torch.full((1, 1), 1.0, dtype=torch.float64), 0.1, 5)


def never(x):
    pytest.fail("it was started")


def test_more_steps_than_fit_into_an_hour_are_refused_before_the_first():
    """Between them lies what chapters do: 1024 trajectories of 64 cells, 10^4 steps."""
    for points, substeps, x0 in ((10**9, 1, X0), (3, 10**9, X0), (10**5, 1, torch.zeros(10**7, 1)), (2, 10**300, X0)):
        with refused("RK4 steps", "hours", "take fewer points"):
            rk4(never, x0, 0.1, points, substeps)
    with refused("RK4 steps", "hours"):
        rk4_along(never, torch.zeros(10**7, 1), torch.zeros(10**5 + 1, 1), 0.1)
    with refused("1000000 stiff trajectories", "hours", "take fewer"):
        stiff(never, torch.zeros(10**6, 1), 0.1, 16)
    check_rk4(10**4, 1024 * 64)


def test_the_fastest_rate_is_the_largest_eigenvalue():
    matrix = torch.tensor([[-3.0, 1.0], [0.5, -40.0]], dtype=torch.float64)
    fastest = np.abs(np.linalg.eigvals(matrix.numpy())).max()
    assert fastest_rate(lambda x: x @ matrix.T, normal((5, 2), 1)) == pytest.approx(fastest, rel=1e-6)
    with refused("4096 coordinates", "hours", "substeps"):
        fastest_rate(never, torch.zeros(1, 4096))
    with refused("not finite", "rates"):
        fastest_rate(lambda x: 1e308 * x, 2 * X0)


class Ramp:
    """`x' = u`."""

    def at(self, u):
        return lambda x: u.expand_as(x)


def test_rk4_along_is_simpsons_rule_when_only_the_input_counts():
    """Exact for cubics, with steps of different lengths, one set of them for each trajectory."""
    steps = torch.tensor([[0.1, 0.4, 0.2], [0.3, 0.05, 0.5]], dtype=torch.float64)
    ends = torch.nn.functional.pad(steps.cumsum(-1), (1, 0))
    times = torch.stack([ends[:, :-1], ends[:, :-1] + steps / 2], -1).flatten(1)
    times = torch.cat([times, ends[:, -1:]], -1)[..., None]
    path = rk4_along(Ramp(), torch.zeros(2, 1, dtype=torch.float64), 4 * times**3, steps)
    torch.testing.assert_close(path[..., 0], ends**4, rtol=1e-13, atol=1e-15)


def test_rk4_along_refuses_inputs_without_middles():
    with refused("inputs", "odd", "2 steps + 1", "4"):
        rk4_along(Ramp(), torch.zeros(1), torch.zeros(4, 1), 0.1)
