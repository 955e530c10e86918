"""The trap explorer without a browser: every control answers, the curves are right, and it finds a number."""

import numpy as np
import pytest
from conftest import check_control, check_learning, check_legend

from ggd_helpers.explorers.trap import BEADS, SHAPES, TrapExplorer

CONTROLS = {"speed": 0.3, "shape": "ramp", "stiffness": 0.5, "temperature": 0.05, "time": 2.5}  # none starts there


@pytest.fixture(scope="module")
def explorer():
    """One for all tests, since laying out its picture takes seconds; each test leaves it as it was."""
    return TrapExplorer(seed=20)


def test_the_panel_is_explained(explorer):
    check_legend(explorer.panel, 6)


@pytest.mark.parametrize("name", CONTROLS)
def test_every_control_changes_the_picture(explorer, name):
    check_control(explorer, name, CONTROLS[name])


@pytest.mark.parametrize("shape", SHAPES)
def test_the_curves_obey_the_equation_of_motion(explorer, shape):
    """By differences of the curves that are drawn: `m' = -m + k (u - m)`, `F = k (u - m)`, lost power `m'^2`."""
    first = explorer.shape.value, explorer.stiffness.value
    explorer.shape.value, explorer.stiffness.value = shape, 0.5
    curves = explorer.curves()
    times, trap = curves["place"]["trap"]
    mean, force = curves["place"]["known"][1], curves["force"]["known"][1]
    np.testing.assert_allclose(force, 0.5 * (trap - mean), atol=1e-12)
    slope = np.gradient(mean, times)
    np.testing.assert_allclose(slope[1:-1], (-mean + force)[1:-1], atol=0.02 * np.abs(slope).max())
    _, lost = curves["loss"]["known"]
    power = (-mean + force) ** 2
    steps = 0.5 * (power[1:] + power[:-1]) * np.diff(times)
    np.testing.assert_allclose(lost[1:], np.maximum(np.cumsum(steps), 1e-30), rtol=1e-9)
    explorer.shape.value, explorer.stiffness.value = first


def test_the_beads_lie_about_the_exact_mean_with_the_exact_width(explorer):
    explorer.temperature.value, old = 0.05, explorer.temperature.value
    off, _ = explorer.curves()["cloud"]["beads"]
    assert off.mean() == pytest.approx(0, abs=4 * np.sqrt(0.025 / BEADS))
    assert off.std() == pytest.approx(np.sqrt(0.025), rel=4 / np.sqrt(2 * BEADS))
    places, density = curves_of(explorer, "cloud", "known")
    assert np.trapezoid(density, places) == pytest.approx(1, abs=1e-4)
    places, counted = curves_of(explorer, "cloud", "counted")
    assert counted.sum() * (places[1] - places[0]) == pytest.approx(1, abs=0.02)
    explorer.temperature.value = old


def curves_of(explorer, panel, kind):
    return explorer.curves()[panel][kind]


def test_find_it_predicts_every_pull_and_is_forgotten_with_its_bead(explorer):
    assert "learned" not in explorer.curves()["force"]
    check_learning(explorer, "relative error")
    for explorer.shape.value in ("smooth ramp", "swings, growing"):
        curves = explorer.curves()
        for panel, bound in (("force", 0.02), ("number", 0.1)):
            known, learned = curves[panel]["known"][1][::2], curves[panel]["learned"][1]
            assert np.linalg.norm(learned - known) < bound * np.linalg.norm(known), panel
        assert (np.diff(curves["loss"]["learned"][1]) >= 0).all()
        assert np.trapezoid(curves["cloud"]["learned"][1], curves["cloud"]["learned"][0]) == pytest.approx(1, abs=0.02)
    explorer.temperature.value = 0.03
    assert "learned" not in explorer.curves()["force"]
