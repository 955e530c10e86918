"""The first page: its explorer climbs the hill by the exact law, and its figures show what they are given."""

import io

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from conftest import check_legend, controls
from numpy.testing import assert_allclose
from PIL import Image

from ggd_helpers.dynamics.gradient import GradientDynamics
from ggd_helpers.evaluation.freedoms import Gauge
from ggd_helpers.explorers.start import ClimbExplorer
from ggd_helpers.figures.start import growing, rough_laws
from ggd_helpers.potentials.general import IsotropicDissipation, QuadraticEntropy
from ggd_helpers.recordings.simulate import simulate
from ggd_helpers.systems.particle import OverdampedParticle

pytestmark = pytest.mark.filterwarnings("error")


@pytest.mark.parametrize("gamma", [0.5, 1.0, 20.0])
@pytest.mark.parametrize("start", [-1.0, 0.35])
def test_the_state_climbs_by_the_exact_law(gamma, start):
    explorer = ClimbExplorer(gamma=gamma)
    explorer.start.value = start
    for explorer.frame.value in (0, 30, 60):
        curves = explorer.curves()
        time = explorer.frame.value / 60 * 5 / gamma
        x = start * np.exp(-gamma * time)
        assert_allclose(curves["hill"]["now"], [[x], [-(x**2) / 2]], rtol=1e-4)
        assert_allclose(curves["rise"]["now"], [[time], [-(x**2) / 2]], rtol=1e-4)
        assert_allclose(curves["hill"]["start"], [[start], [-(start**2) / 2]])
        assert len(curves["rise"]["way"][0]) == explorer.frame.value + 1
        assert f"x = {x:.3f}" in explorer.status.value
        assert f"from x = {start:.2f}, S = {-(start**2) / 2:.3f} to x = {x:.2f}" in explorer.image.tooltip


def test_every_control_moves_the_picture_and_the_film_runs_over_its_frames():
    explorer = ClimbExplorer()
    for control, value in ((explorer.start, 0.5), (explorer.frame, 40)):
        before = explorer.image.value
        control.value = value
        assert explorer.image.value != before
    assert {control.description for control in controls(explorer.panel)} == {"start", "play", "frame"}
    check_legend(explorer.panel, 3)
    assert (explorer.play.min, explorer.play.max) == (explorer.frame.min, explorer.frame.max)
    assert not plt.get_fignums()


def test_pictures_are_drawn_with_two_dots_a_pixel_of_the_page():
    explorer = ClimbExplorer()
    width, _ = Image.open(io.BytesIO(explorer.image.value)).size
    shown = explorer.still().width
    assert explorer.image.layout.width == f"{shown}px"
    assert width == 2 * shown


def test_growing_pairs_stand_at_their_rest_in_the_unit_that_is_given():
    system = OverdampedParticle(2.0)
    model = GradientDynamics(QuadraticEntropy(torch.full((1, 1), 3.0)), IsotropicDissipation(0.5))
    figure = growing({"before": model, "trained": system}, system, Gauge(scale=1.5, shift=7.0))
    x = np.linspace(-1, 1, 101)
    drawn = [[line.get_ydata() for line in ax.lines] for ax in figure.axes]
    known, xi = -(x**2) / 2, x**2
    assert_allclose(drawn[0], [known, -(x**2)], atol=1e-12)  # S = -3/2 x^2 in the unit 1.5, without the shift
    assert_allclose(drawn[1], [known, known / 1.5], atol=1e-12)
    assert_allclose(drawn[2], [xi, 0.25 * 1.5 * x**2], atol=1e-12)  # Xi(C x*)/C
    assert [ax.get_title() for ax in figure.axes[:2]] == ["before", "trained"]


def test_rough_laws_shows_both_velocities_and_where_states_go():
    system, other = OverdampedParticle(1.0), OverdampedParticle(3.0)
    data = simulate(system, trajectories=4, points=20, dt=0.1, seed=0)
    figure = rough_laws(data, {"pair": system, "plain network": other}, system, horizon=4.0)
    left, *paths = figure.axes
    x = np.linspace(-1, 1, 401)
    assert_allclose([line.get_ydata().squeeze() for line in left.lines[2:]], [-x, -3 * x], atol=1e-12)
    assert len(left.lines[0].get_xdata()) == 80
    for ax, rate in zip(paths, (1, 3), strict=True):
        ends = [line.get_ydata()[-1] for line in ax.lines]
        assert_allclose(ends, np.linspace(-1, 1, 9) * np.exp(-4 * rate), atol=1e-6)
    assert [text.get_text() for text in left.get_legend().get_texts()] == ["known", "pair", "plain network"]
