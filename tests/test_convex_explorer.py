"""The explorers on networks without a kernel or a browser: every control starts a fit that is what it says."""

import io

import matplotlib.pyplot as plt
import numpy as np
import pytest
from conftest import check_control, check_legend, controls, put_back
from numpy.testing import assert_allclose
from PIL import Image

from ggd_helpers.explorers import convex
from ggd_helpers.explorers.convex import TARGETS, ConvexExplorer, WidthExplorer, X

OTHER = {"width": 2, "depth": 1, "epsilon": 1.0, "target_menu": "parabola", "question": "least squares"}


@pytest.fixture(scope="module")
def shared():
    explorer = ConvexExplorer()
    return explorer, {name: getattr(explorer, name).value for name in OTHER}


@pytest.fixture
def explorer(shared):
    explorer, first = shared
    put_back(explorer, first)
    return explorer


@pytest.fixture
def hasty(monkeypatch):
    """One that fits in few iterations, where it does not matter how well."""
    monkeypatch.setattr(convex, "ITERATIONS", 5)
    return ConvexExplorer()


@pytest.fixture(scope="module")
def width_explorer():
    return WidthExplorer()


@pytest.mark.parametrize("name", OTHER)
def test_every_control_changes_the_picture_and_a_control_put_back_brings_it_back(hasty, name):
    check_control(hasty, name, OTHER[name])


def test_controls_are_described_have_a_legend_and_wait_for_the_release(explorer, width_explorer):
    for one, count in ((explorer, 5), (width_explorer, 1)):
        check_legend(one.panel, count)
        found = [control for control in controls(one.panel) if hasattr(control, "continuous_update")]
        assert all(not control.continuous_update for control in found)


@pytest.mark.parametrize("target", TARGETS)
def test_the_fit_is_convex_whatever_the_target(explorer, target):
    explorer.target_menu.value = target
    curves = explorer.curves()
    for panel, order in (("value", 2), ("slope", 1)):
        _, fit = curves[panel]["fit"]
        assert (np.diff(fit, n=order) >= -1e-9).all()
    x, fit = curves["value"]["fit"]
    assert_allclose(curves["slope"]["fit"][1][1:-1], ((fit[2:] - fit[:-2]) / (x[2:] - x[:-2])), atol=0.5)


def test_a_convex_target_is_its_own_envelope_and_is_fitted(explorer):
    explorer.target_menu.value, explorer.question.value = "parabola", "least squares"
    curves = explorer.curves()["value"]
    assert_allclose(curves["target"][1], 1 + X.numpy() ** 2)
    assert_allclose(curves["envelope"][1], curves["target"][1], rtol=1e-12)
    assert_allclose(curves["fit"][1], curves["target"][1], atol=0.1)


def test_from_below_finds_the_envelope_of_the_double_well(explorer):
    curves = explorer.curves()["value"]
    x, envelope = curves["envelope"]
    assert_allclose(envelope, np.where(np.abs(x) < 1, 1.0, 1 + (x**2 - 1) ** 2), atol=1e-2)
    miss = curves["fit"][1] - envelope
    assert np.sqrt(np.mean(miss**2)) < 0.08
    assert miss.max() < 0.1


def test_one_unit_is_not_enough_for_three_hills_and_many_are(width_explorer):
    reached = {}
    for width in (1, 4, 16):
        width_explorer.width.value = width
        reached[width] = width_explorer.losses[-1]
        assert f"{reached[width]:.1e}" in width_explorer.status.value
    assert reached[1] > 0.1
    assert reached[16] < reached[4] < reached[1]


def test_the_same_seed_gives_the_same_picture(width_explorer):
    width_explorer.width.value = 3
    again = WidthExplorer(width=3)
    assert again.image.value == width_explorer.image.value
    assert WidthExplorer(width=3, seed=5).image.value != again.image.value


def test_pictures_are_images_that_a_page_can_show_and_no_figure_is_left_open(explorer, width_explorer):
    for one in (explorer, width_explorer):
        assert min(Image.open(io.BytesIO(one.image.value)).size) > 250
        assert one.still().data == one.image.value
    assert not plt.get_fignums()
