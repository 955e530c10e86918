"""The diffusion explorer without a browser: every control answers, the curves are right, and it learns."""

import numpy as np
import pytest
from conftest import check_control, check_learning

from ggd_helpers.explorers.diffusion import SHAPES, DiffusionExplorer

CONTROLS = {"diffusivity": 0.02, "time": 1.0, "shape": "spikes", "cells": 256}  # values that none starts at


@pytest.fixture(scope="module")
def explorer():
    """One for all tests, since laying out its picture takes seconds; each test sets what it needs."""
    return DiffusionExplorer()


@pytest.mark.parametrize("name", CONTROLS)
def test_every_control_redraws_the_picture(explorer, name):
    check_control(explorer, name, CONTROLS[name])


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("cells", [32, 256])
def test_a_larger_diffusivity_flattens_the_profile(explorer, shape, cells):
    explorer.shape.value, explorer.cells.value, explorer.time.value = shape, cells, 0.5
    spreads, entropies = [], []
    for explorer.diffusivity.value in (1e-4, 1e-3, 1e-2, 1e-1):
        curves = explorer.curves()
        spreads.append(np.ptp(curves["profile"]["known"][1]))
        entropies.append(curves["entropy"]["now"][1].item())
    assert spreads == sorted(spreads, reverse=True)
    assert spreads[-1] < 0.3 * spreads[0]
    assert entropies == sorted(entropies)


@pytest.mark.parametrize("shape", SHAPES)
def test_the_curves_are_those_of_ficks_law(explorer, shape):
    explorer.diffusivity.value, explorer.cells.value, explorer.shape.value, explorer.time.value = 5e-3, 128, shape, 0.2
    curves = explorer.curves()
    x, c = curves["profile"]["known"]
    np.testing.assert_allclose(x, np.arange(128) / 128)
    faces, flux = curves["flux"]["known"]
    np.testing.assert_allclose(faces, x + 1 / 256)
    np.testing.assert_allclose(flux, -128 * (np.roll(c, -1) - c), atol=1e-7)  # in units of D
    assert c.mean() == pytest.approx(curves["profile"]["start"][1].mean(), rel=1e-9)
    times, gain = curves["entropy"]["known"]
    assert gain[0] == pytest.approx(-1)
    assert (np.diff(gain) >= 0).all()
    rates, production = curves["production"]["known"]
    flat = explorer.path[0].mean().expand(128)
    unit = (explorer.system.entropy(flat) - explorer.system.entropy(explorer.path[0])).item()
    assert production[79] == pytest.approx(unit * np.gradient(gain, times)[80], rel=1e-2)
    np.testing.assert_array_equal(rates, times[1:])


def test_learn_it_finds_the_diffusivity_serves_on_every_grid_and_is_forgotten_with_its_law(explorer):
    explorer.diffusivity.value = 2e-2
    assert "learned" not in explorer.curves()["law"]
    check_learning(explorer, "relative error")
    for cells, shape in ((64, "discontinuous"), (256, "spikes")):
        explorer.cells.value, explorer.shape.value = cells, shape
        curves = explorer.curves()
        np.testing.assert_allclose(curves["law"]["learned"][1][2:61], 2e-2, rtol=1e-2)
        size = np.abs(curves["flux"]["known"][1]).max()
        np.testing.assert_allclose(curves["flux"]["learned"][1], curves["flux"]["known"][1], atol=1e-2 * size)
    explorer.diffusivity.value = 5e-2
    assert "learned" not in explorer.curves()["law"]
    assert "learned" not in explorer.curves()["flux"]


def test_any_grid_is_shown_and_a_diffusivity_beyond_the_pictures_is_said():
    explorer = DiffusionExplorer(1.0, cells=48)
    assert explorer.cells.value == explorer.system.grid.cells == 48
    assert explorer.diffusivity.value == pytest.approx(0.1)
    assert "D = 1 is beyond this explorer" in explorer.status.value
    assert "beyond" not in DiffusionExplorer(0.01, cells=32).status.value
