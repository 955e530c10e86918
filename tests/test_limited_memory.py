"""L-BFGS: its metric beside the formula of BFGS, its descent, and that models too large for BFGS are trained by it."""

import numpy as np
import pytest
import torch
from conftest import dense, positive_definite
from hypothesis import given
from hypothesis import strategies as st

from ggd_helpers.architectures.plain import PlainNetwork
from ggd_helpers.recordings.simulate import simulate
from ggd_helpers.systems.particle import OverdampedParticle
from ggd_helpers.training import quasi_newton
from ggd_helpers.training.fit import fit
from ggd_helpers.training.limited_memory import LimitedMemory
from ggd_helpers.training.self_scaled_bfgs import SelfScaledBFGS


@pytest.fixture
def few(monkeypatch):
    """Three parameters are already too many for a dense metric."""
    monkeypatch.setattr(quasi_newton, "MOST_DENSE", 2)


@given(st.integers(0, 10**6), st.integers(2, 6), st.integers(1, 4))
def test_the_metric_is_that_of_bfgs_with_the_last_pairs_alone(seed, size, remembered):
    random = np.random.default_rng(seed)
    hessian = positive_definite(random, size)
    metric, pairs = LimitedMemory(2.0), []
    metric.pairs = type(metric.pairs)(maxlen=remembered)
    for _ in range(6):
        step = random.normal(size=size)
        pairs.append((step, hessian @ step))
        metric.update(*pairs[-1], 1.0)
    step, change = pairs[-1]
    expected = (step @ change) / (change @ change) * np.eye(size)
    for step, change in pairs[-remembered:]:
        project = np.eye(size) - np.outer(step, change) / (step @ change)
        expected = project @ expected @ project.T + np.outer(step, step) / (step @ change)
    found = dense(metric, size)
    np.testing.assert_allclose(found, expected, rtol=1e-7, atol=1e-8 * np.abs(expected).max())
    np.testing.assert_allclose(found @ change, step, rtol=1e-7, atol=1e-8 * np.abs(step).max())


def test_steps_of_negative_curvature_are_ignored():
    metric = LimitedMemory(0.5)
    metric.update(np.ones(3), -np.ones(3), 1.0)
    np.testing.assert_array_equal(dense(metric, 3), 0.5 * np.eye(3))


@pytest.mark.filterwarnings("ignore:.*more than a dense metric")
def test_a_descent_of_many_parameters_finds_the_minimum_of_rosenbrocks_valley(few):
    def function(theta):
        a, b = theta[:-1], theta[1:]
        slope = np.zeros_like(theta)
        slope[:-1] = -400 * a * (b - a**2) - 2 * (1 - a)
        slope[1:] += 200 * (b - a**2)
        return (100 * (b - a**2) ** 2 + (1 - a) ** 2).sum(), slope

    descent = quasi_newton.Descent.start(function, np.full(6, -0.5))
    assert isinstance(descent.metric, LimitedMemory)
    for _ in range(150):
        if descent.failures < 3:
            descent.step(function)
    assert descent.loss < 1e-20 or np.abs(descent.theta - 1).max() < 1e-8


def large_model():
    return PlainNetwork(1, width=20, seed=1)


def test_a_model_too_large_for_a_dense_metric_learns_by_lbfgs_and_the_history_says_so(few):
    data = simulate(OverdampedParticle(), trajectories=10, points=24, dt=0.1, seed=3)
    model = large_model()
    recipe = SelfScaledBFGS(iterations=120, points=6, restarts=2, trial=5)
    with pytest.warns(UserWarning, match="parameters are more than a dense metric can hold"):
        history = fit(model, data, recipe, progress=False)
    assert "L-BFGS" in repr(history)
    with torch.no_grad():
        assert (model(data.states) + data.states).square().mean() < 1e-6 * data.states.square().mean()


def test_a_model_of_the_usual_size_keeps_its_recipe():
    data = simulate(OverdampedParticle(), trajectories=10, points=24, dt=0.1, seed=3)
    history = fit(large_model(), data, SelfScaledBFGS(iterations=2, restarts=1), progress=False)
    assert history.recipe == "SelfScaledBFGS"


@pytest.mark.filterwarnings("ignore:.*more than a dense metric")
def test_resumed_lbfgs_equals_uninterrupted(few, tmp_path, monkeypatch):
    monkeypatch.setattr("ggd_helpers.training.fit.CHECKPOINT_EVERY", 1)
    data = simulate(OverdampedParticle(), trajectories=10, points=24, dt=0.1, seed=3)
    recipe = SelfScaledBFGS(iterations=30, points=6, restarts=2, trial=5, tolerance=0.0)
    whole, parted = large_model(), large_model()
    fit(whole, data, recipe, progress=False)

    def stop(iteration, _):
        if iteration == 18:
            raise KeyboardInterrupt

    path = tmp_path / "run.pt"
    fit(parted, data, recipe, progress=False, checkpoint=path, watch=stop)
    parted = large_model()
    fit(parted, data, recipe, progress=False, checkpoint=path)
    ours, theirs = (torch.nn.utils.parameters_to_vector(m.parameters()) for m in (whole, parted))
    torch.testing.assert_close(theirs, ours, rtol=1e-9, atol=1e-12)
