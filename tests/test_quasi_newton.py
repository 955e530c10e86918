"""The quasi-Newton method: its metric, and its descent on functions with known minima."""

import math

import numpy as np
import pytest
from conftest import dense, positive_definite
from hypothesis import given
from hypothesis import strategies as st

from ggd_helpers.training.quasi_newton import Descent, InverseHessian


@given(st.integers(0, 10**6), st.integers(1, 8), st.floats(1e-3, 1e3))
def test_metric_satisfies_the_secant_equation_and_stays_positive_definite(seed, size, scale):
    random = np.random.default_rng(seed)
    hessian = positive_definite(random, size)
    metric = InverseHessian(size, scale)
    for _ in range(6):  # the first one finds the metric fresh
        step = random.normal(size=size)
        change = hessian @ step
        metric.update(step, change, step @ np.linalg.solve(dense(metric, size), step))
        h = dense(metric, size)
        np.testing.assert_allclose(metric @ change, step, rtol=1e-8, atol=1e-8 * np.abs(step).max())
        np.testing.assert_allclose(h, h.T, rtol=1e-9, atol=1e-12 * np.abs(h).max())
        assert np.linalg.eigvalsh(h)[0] > 0


def test_metric_is_the_self_scaled_bfgs_formula():
    random, size = np.random.default_rng(0), 5
    hessian = np.diag([1.0, 2.0, 3.0, 4.0, 50.0])
    metric, taus = InverseHessian(size, 1.0), []
    for _ in range(8):
        step = random.normal(size=size)
        change, old = hessian @ step, dense(metric, size)
        first = metric.fresh
        step_b_step = step @ np.linalg.solve(old, step)
        metric.update(step, change, step_b_step)
        if not first:
            tau, rho = min(1.0, step @ change / step_b_step), 1 / (step @ change)
            taus.append(tau)
            project = np.eye(size) - rho * np.outer(step, change)
            expected = project @ old @ project.T / tau + rho * np.outer(step, step)
            np.testing.assert_allclose(dense(metric, size), expected, rtol=1e-9, atol=1e-11)
    assert min(taus) < 0.9  # the scaling took part
    assert max(taus) == 1.0


def test_metric_ignores_steps_of_negative_curvature():
    metric = InverseHessian(3, 0.5)
    metric.update(np.ones(3), -np.ones(3), 1.0)
    np.testing.assert_array_equal(dense(metric, 3), 0.5 * np.eye(3))


@pytest.mark.parametrize("condition", [1.0, 1e4])
def test_descent_finds_the_minimum_of_a_quadratic(condition):
    random, size = np.random.default_rng(0), 12
    turn, _ = np.linalg.qr(random.normal(size=(size, size)))
    hessian = turn @ np.diag(np.geomspace(1, condition, size)) @ turn.T
    target = random.normal(size=size)

    def function(theta):
        slope = hessian @ (theta - target)
        return 0.5 * slope @ (theta - target), slope

    descent, losses = Descent.start(function, np.zeros(size)), []
    for _ in range(100):
        losses.append(descent.loss)
        if descent.loss < 1e-24:
            break
        descent.step(function)
    np.testing.assert_allclose(descent.theta, target, rtol=0, atol=1e-9)
    assert losses == sorted(losses, reverse=True)


def test_descent_survives_a_wall():
    """A function that is infinite beyond x = 1, with its minimum close to the wall."""

    def function(theta):
        (x,) = theta
        return (math.inf, np.zeros(1)) if x >= 1 else (-2 * x - math.log(1 - x), np.array([-2 + 1 / (1 - x)]))

    descent = Descent.start(function, np.array([-30.0]))
    for _ in range(60):
        if descent.failures < 3:
            descent.step(function)
    assert descent.theta[0] == pytest.approx(0.5, abs=1e-6)
