"""The methods of the race (`tests/benchmarks/racing`): on functions with known minima, and beside other formulas."""

import math
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from conftest import dense, positive_definite
from hypothesis import given
from hypothesis import strategies as st
from racing.clock import Turn, run_in_turns
from racing.hager_zhang import DELTA, EPSILON, SIGMA, HagerZhangDescent, LineSearch, Trial
from racing.levenberg_marquardt import LeastSquares, Normal, descend
from racing.opponents import BroydenWithHagerZhang
from racing.ss_broyden import BroydenDescent, SelfScaledBroyden
from racing.table import first_below, spread

from ggd_helpers.dynamics.gradient import GradientDynamics
from ggd_helpers.potentials.general import ConcaveEntropy, ConvexDissipation
from ggd_helpers.recordings.simulate import simulate
from ggd_helpers.systems.particle import OverdampedParticle
from ggd_helpers.training.objectives import Differences, FlowMatching
from ggd_helpers.training.quasi_newton import InverseHessian

DESCENTS = [BroydenDescent, HagerZhangDescent, BroydenWithHagerZhang]


def rosenbrock(theta):
    a, b = theta
    slope = np.array([-400 * a * (b - a**2) - 2 * (1 - a), 200 * (b - a**2)])
    return 100 * (b - a**2) ** 2 + (1 - a) ** 2, slope


def quadratic(size, condition, seed=0):
    random = np.random.default_rng(seed)
    turn, _ = np.linalg.qr(random.normal(size=(size, size)))
    return turn @ np.diag(np.geomspace(1, condition, size)) @ turn.T, random.normal(size=size)


# --- SSBroyden ---


@given(st.integers(0, 10**6), st.integers(2, 8), st.floats(1e-3, 1e3))
def test_the_metric_of_ssbroyden_satisfies_the_secant_equation_and_stays_positive_definite(seed, size, scale):
    random = np.random.default_rng(seed)
    hessian = positive_definite(random, size)
    metric = SelfScaledBroyden(size, scale)
    for _ in range(6):
        step = random.normal(size=size)
        change = hessian @ step
        metric.update(step, change, step @ np.linalg.solve(dense(metric, size), step))
        h = dense(metric, size)
        np.testing.assert_allclose(h @ change, step, rtol=1e-7, atol=1e-7 * np.abs(step).max())
        assert np.linalg.eigvalsh(h)[0] > 0


@pytest.mark.parametrize("phi", [0.0, 0.3, 1.0, 1.4])
@pytest.mark.parametrize("tau", [0.4, 1.0])
def test_the_metric_of_ssbroyden_is_the_formula_of_broydens_family(monkeypatch, phi, tau):
    random, size = np.random.default_rng(3), 5
    metric = SelfScaledBroyden(size, 0.7)
    metric.update(random.normal(size=size) + 3, random.normal(size=size) + 3, 1.0)  # the first one scales
    monkeypatch.setattr(metric, "factors", lambda b, h: (phi, tau))
    old, step = dense(metric, size), random.normal(size=size)
    change = np.diag([1.0, 2.0, 3.0, 4.0, 50.0]) @ step
    metric.update(step, change, 1.0)
    w = old @ change
    v = (change @ w) ** 0.5 * (step / (change @ step) - w / (change @ w))
    inner = old - np.outer(w, w) / (change @ w) + phi * np.outer(v, v)
    expected = inner / tau + np.outer(step, step) / (change @ step)
    np.testing.assert_allclose(dense(metric, size), expected, rtol=1e-9, atol=1e-11)


def test_ssbroyden_with_phi_1_is_self_scaled_bfgs(monkeypatch):
    random, size = np.random.default_rng(0), 5
    ours, theirs = InverseHessian(size, 1.0), SelfScaledBroyden(size, 1.0)
    monkeypatch.setattr(theirs, "factors", lambda b, h: (1.0, min(1.0, 1 / b)))
    for _ in range(8):
        step = random.normal(size=size)
        change = np.diag([1.0, 2.0, 3.0, 4.0, 50.0]) @ step
        step_b_step = step @ np.linalg.solve(dense(ours, size), step)
        for metric in (ours, theirs):
            metric.update(step, change, step_b_step)
        np.testing.assert_allclose(dense(theirs, size), dense(ours, size), rtol=1e-8, atol=1e-10)


@given(st.floats(1e-4, 1e4), st.floats(1.0001, 1e6))
def test_the_factors_of_ssbroyden_keep_within_their_bounds(b, product):
    """`1 + a theta` is positive, so that the metric stays positive definite, and `tau` never grows beyond 1."""
    h = product / b  # Cauchy and Schwarz: h b is 1 or more
    phi, tau = SelfScaledBroyden(40, 1.0).factors(b, h)
    a = h * b - 1
    theta = (1 - phi) / (1 + a * phi)
    assert 1 + a * theta > 0
    assert 0 < tau <= 1


@pytest.mark.parametrize("kind", [BroydenDescent, BroydenWithHagerZhang])
def test_with_exact_line_searches_a_convex_quadratic_takes_as_many_steps_as_it_has_dimensions(kind):
    """Every method of Broyden's family goes the way of conjugate gradients there, whatever its factors are."""
    size = 7
    hessian, target = quadratic(size, 50.0)

    def function(theta):
        slope = hessian @ (theta - target)
        return 0.5 * slope @ (theta - target), slope

    class Exact(kind):
        def _search(self, function, direction):
            length = -(direction @ self.gradient) / (direction @ hessian @ direction)
            return length, *function(self.theta + length * direction)

    descent = Exact.start(function, np.zeros(size))
    for _ in range(size - 1):
        descent.step(function)
    assert descent.loss > 1e-12  # not yet
    descent.step(function)
    np.testing.assert_allclose(descent.theta, target, rtol=0, atol=1e-8)


# --- line search ---


@pytest.mark.parametrize("kind", DESCENTS)
@pytest.mark.parametrize("condition", [1.0, 1e4])
def test_descents_find_the_minimum_of_a_quadratic(kind, condition):
    hessian, target = quadratic(12, condition)

    def function(theta):
        slope = hessian @ (theta - target)
        return 0.5 * slope @ (theta - target), slope

    descent = kind.start(function, np.zeros(12))
    for _ in range(150):
        if descent.failures < 3 and descent.loss > 1e-26:
            descent.step(function)
    np.testing.assert_allclose(descent.theta, target, rtol=0, atol=1e-9)


@pytest.mark.parametrize("kind", DESCENTS)
def test_descents_find_the_end_of_rosenbrocks_valley(kind):
    descent = kind.start(rosenbrock, np.array([-1.2, 1.0]))
    for _ in range(100):
        if descent.failures < 3:
            descent.step(rosenbrock)
    np.testing.assert_allclose(descent.theta, [1.0, 1.0], rtol=0, atol=1e-8)


def searched(value, slope, first):
    """Search along a function of one number from 0."""

    def at(t):
        return Trial(t, value(t), slope(t))

    return LineSearch(at, at(0.0)).run(first)


@given(st.floats(0.01, 100.0), st.floats(1e-3, 1e3), st.floats(-0.4, 0.4))
def test_a_search_ends_where_one_of_wolfes_conditions_holds(minimum, first, skew):
    def value(t):
        return (t / minimum - 1) ** 2 + skew * math.sin(t / minimum)

    def slope(t):
        return (2 * (t / minimum - 1) + skew * math.cos(t / minimum)) / minimum

    found, down = searched(value, slope, first), slope(0.0)
    assert found.slope >= SIGMA * down
    exact = found.loss - value(0.0) <= DELTA * found.length * down
    approximate = (2 * DELTA - 1) * down >= found.slope and found.loss <= value(0.0) + EPSILON * abs(value(0.0))
    assert exact or approximate


def test_a_search_finds_a_minimum_that_losses_no_longer_show():
    """The loss lies 1 above a parabola whose depth is below rounding: only the slope tells where its minimum is."""
    found = searched(lambda t: 1 + 1e-20 * (t - 3) ** 2, lambda t: 2e-20 * (t - 3), 0.01)
    assert abs(found.slope) <= SIGMA * 6e-20
    assert 0.2 < found.length < 5.5


@pytest.mark.parametrize("first", [0.5, 2.0, 50.0])
def test_a_search_turns_back_from_a_wall(first):
    found = searched(
        lambda t: math.inf if t >= 1 else -2 * t - math.log(1 - t), lambda t: 0.0 if t >= 1 else -2 + 1 / (1 - t), first
    )
    assert 0 < found.length < 1
    assert found.loss < 0


def test_a_search_that_never_ends_gives_the_lowest_and_one_that_climbs_gives_nothing():
    falling = searched(lambda t: -t, lambda t: -1.0, 1.0)
    assert falling.length > 1
    assert searched(lambda t: t, lambda t: -1.0, 1.0) is None  # a slope that lies


# --- Levenberg and Marquardt ---


def pair():
    return GradientDynamics(ConcaveEntropy(2, width=3, depth=2), ConvexDissipation(2, width=3, depth=1), seed=4)


@pytest.mark.parametrize("objective", [Differences(), FlowMatching(2)], ids=str)
def test_least_squares_are_the_loss_and_its_slope(objective):
    data, model = simulate(OverdampedParticle(dim=2), trajectories=4, points=24, dt=0.1, seed=3), pair()
    batch = objective.batch(data, 5)
    squares = LeastSquares(objective, model, batch, unit=0.7)
    found = squares.normal(squares.weights.read())
    loss = objective.loss(model, batch) / 0.7
    slopes = torch.nn.utils.parameters_to_vector(torch.autograd.grad(loss, list(model.parameters())))
    assert found.loss == pytest.approx(loss.item(), rel=1e-10)
    torch.testing.assert_close(2 * found.pull, slopes, rtol=1e-9, atol=1e-12)


def curve_fit():
    """`exp(-a t) + b` through exact values: the sum of squares is 0 at (0.7, 0.2)."""
    t = torch.linspace(0, 3, 12, dtype=torch.float64)
    values = torch.exp(-0.7 * t) + 0.2

    def misses(theta):
        return torch.exp(-theta[0] * t) + theta[1] - values

    def normal(theta):
        jacobian, r = torch.func.jacfwd(misses)(theta), misses(theta)
        return Normal(r.square().sum().item(), jacobian.T @ jacobian, jacobian.T @ r)

    return normal, lambda theta: misses(theta).square().sum().item()


@pytest.mark.parametrize("damping", [1e-6, 1e-3, 10.0])
def test_levenberg_and_marquardt_fit_a_curve_and_stop(damping):
    normal, loss = curve_fit()
    start = torch.tensor([3.0, -1.0], dtype=torch.float64)
    steps = list(descend(normal, loss, start, damping))
    losses = [loss(theta) for theta in steps]
    assert losses == sorted(losses, reverse=True)
    torch.testing.assert_close(steps[-1], torch.tensor([0.7, 0.2], dtype=torch.float64), rtol=0, atol=1e-8)


# --- the clock, the table ---


def counting(order, name):
    def work(turn):
        for i in range(6):
            order.append(name)
            turn.lowest(np.full(1, float(i)), 1.0 / (1 + i) if i < 4 else 9.0)

    return work


def test_turns_are_taken_one_at_a_time_and_the_lowest_is_kept(monkeypatch):
    monkeypatch.setattr("racing.clock.SLICE", 0.0)  # hand over at every report
    order = []
    turns = [Turn(counting(order, name), 60.0, np.zeros(1)) for name in "ab"]
    run_in_turns(turns)
    assert order == ["a", "b"] * 6
    for turn in turns:
        assert turn.snapshots[-1].loss == 0.25
        assert turn.snapshots[-1].theta == 3.0
        assert turn.evaluations == 6
        assert turn.error is None


def test_what_comes_after_the_end_does_not_count_and_errors_are_told(monkeypatch):
    now = [0.0]
    monkeypatch.setattr("racing.clock.time", SimpleNamespace(process_time=lambda: now[0], perf_counter=lambda: now[0]))

    def late(turn):
        turn.latest(np.ones(1), 1.0)
        now[0] += 0.2
        turn.latest(np.zeros(1), 0.0)

    def broken(turn):
        raise ValueError("no")

    turns = [Turn(work, 0.1, np.full(1, 5.0)) for work in (late, broken)]
    run_in_turns(turns)
    assert turns[0].snapshots[-1].theta == 1.0
    assert turns[1].snapshots[-1].theta == 5.0
    assert "no" in turns[1].error


def test_the_table_tells_medians_ranges_and_who_came_there():
    rows = [{"seconds_to": {"1e-06": seconds}} for seconds in (2.0, None, 4.0)]
    assert first_below(rows, 1e-6) == "3.0 s (2 of 3)"
    assert first_below(rows[1:2], 1e-6) == "–"
    assert spread([1e-9, 3e-9, 2e-9]) == "2e-09 (1e-09 to 3e-09)"
