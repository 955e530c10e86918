"""The chain explorer without a browser: every control answers, the curves are the simulation's, and it learns."""

import numpy as np
import pytest
import torch
from conftest import check_control, check_learning

from ggd_helpers.explorers import phase_change
from ggd_helpers.explorers.phase_change import ChainExplorer

CONTROLS = {"speed": 0.3, "temperature": 0.1, "distance": 2.3, "time": 20.0}  # values that none starts at


@pytest.fixture(scope="module")
def explorer():
    """One for all tests, since laying out its picture takes seconds; each test sets what it needs."""
    return ChainExplorer()


@pytest.mark.parametrize("name", CONTROLS)
def test_every_control_redraws_the_picture(explorer, name):
    check_control(explorer, name, CONTROLS[name])


def test_the_curves_are_those_of_the_simulation(explorer):
    explorer.speed.value, explorer.time.value = 0.5, 10.0
    curves = explorer.curves()
    length, force = curves["force"]["known"]
    np.testing.assert_allclose(length[0], 14.0)
    assert curves["force"]["now"][0] == pytest.approx(length[100])
    assert curves["force"]["now"][1] == pytest.approx(force[100])
    strain, density = curves["springs"]["known 4"]
    assert np.trapezoid(density, strain) == pytest.approx(1, abs=1e-9)
    assert np.trapezoid(density * strain, strain) == pytest.approx(explorer.data.mean[0, 100, 4].item(), abs=1e-9)


def test_a_faster_pull_needs_more_force(explorer):
    explorer.temperature.value, explorer.distance.value = 0.05, 2.0
    forces = []
    for explorer.speed.value in (0.1, 0.4, 0.7):
        length, force = explorer.curves()["force"]["known"]
        forces.append(np.interp(16.0, length, force))
    assert forces == sorted(forces)


def test_find_it_lays_a_prediction_over_the_simulation_and_is_forgotten_with_its_chain(explorer, monkeypatch):
    explorer.speed.value = 0.5
    monkeypatch.setattr(phase_change, "FEW", 100)
    monkeypatch.setattr(phase_change, "ITERATIONS", (5, 5, 30, 5, 5))
    assert "learned" not in explorer.curves()["force"]
    check_learning(explorer, "off by")
    curves = explorer.curves()
    assert torch.tensor(curves["force"]["learned"][1]).isfinite().all()
    explorer.speed.value = 0.4
    assert "learned" in explorer.curves()["force"]  # the law stays
    explorer.temperature.value = 0.08
    assert "learned" not in explorer.curves()["force"]


def test_a_speed_beyond_the_pictures_is_said():
    assert "speed = 2 is beyond this explorer" in ChainExplorer(speed=2.0).status.value
