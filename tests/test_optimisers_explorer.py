"""The explorer of optimisers without a kernel or a browser: what its controls say is what is drawn."""

import pytest
import torch
from conftest import check_control, check_legend, controls, put_back

from ggd_helpers.explorers.optimisers import DescentExplorer
from ggd_helpers.training.landscapes import LANDSCAPES, methods

OTHER = {
    "landscape_menu": "valley",
    "first": "Adam",
    "second": "momentum",
    "start_1": -1.0,
    "start_2": 0.52,
    "gradients": 5,
}


@pytest.fixture(scope="module")
def shared():
    explorer = DescentExplorer()
    return explorer, {name: getattr(explorer, name).value for name in OTHER}


@pytest.fixture
def explorer(shared):
    explorer, first = shared
    put_back(explorer, first)
    return explorer


@pytest.mark.parametrize("name", OTHER)
def test_every_control_changes_the_picture_and_a_control_put_back_brings_it_back(explorer, name):
    check_control(explorer, name, OTHER[name])


def test_controls_are_described_have_a_legend_and_wait_for_the_release(explorer):
    check_legend(explorer.panel, 6)
    found = [control for control in controls(explorer.panel) if hasattr(control, "continuous_update")]
    assert all(not control.continuous_update for control in found)


@pytest.mark.parametrize("title", LANDSCAPES)
def test_a_landscape_brings_its_own_start_within_what_is_drawn(explorer, title):
    explorer.landscape_menu.value = title
    landscape = LANDSCAPES[title]
    assert (explorer.start_1.value, explorer.start_2.value) == landscape.start
    left, right, bottom, top = landscape.reach
    assert (explorer.start_1.min, explorer.start_1.max) == (left, right)
    assert (explorer.start_2.min, explorer.start_2.max) == (bottom, top)


def test_ways_begin_at_the_start_that_is_set_and_end_when_the_gradients_are_spent(explorer):
    explorer.start_1.value, explorer.start_2.value, explorer.gradients.value = -0.5, 1.2, 25
    for way in explorer.ways().values():
        assert way.points[0].tolist() == [-0.5, 1.2]
        assert way.gradients[-1] < 25 + 20


def test_newton_ends_where_its_parabola_says_and_the_status_says_where(explorer):
    assert "Newton: 60 gradients, at (0.00, 0.00), 2.5e-01 above" in explorer.status.value
    explorer.start_2.value = 0.52
    torch.testing.assert_close(explorer.ways()["first"].points[-1], torch.tensor([0.0, -1.0]).double())
    assert "Newton: 60 gradients, at (0.00, -1.00), " in explorer.status.value


@pytest.mark.parametrize("name", methods(1.0))
def test_from_the_ridge_itself_nobody_leaves(explorer, name):
    explorer.start_2.value, explorer.first.value, explorer.gradients.value = 0.0, name, 300
    assert explorer.ways()["first"].points[:, 1].abs().max() == 0
