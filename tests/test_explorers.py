"""Explorers without a kernel or a browser: every control moves the picture, and the curves are the physics."""

import io
import itertools
import re

import ipywidgets as widgets
import matplotlib.pyplot as plt
import numpy as np
import pytest
from conftest import controls, put_back
from numpy.testing import assert_allclose
from PIL import Image

from ggd_helpers.explorers import particle as explorers
from ggd_helpers.explorers.particle import ParticleExplorer
from ggd_helpers.initialisation import redraw_

pytestmark = pytest.mark.filterwarnings("error")

SLIDERS = {"gamma": 2.0, "steepness": 1.0, "start": -0.5, "time": 1.0}  # a value for each that it does not start at
OWN_PANELS = {  # where something other than the dot must change
    "gamma": {"dissipation", "flux", "path", "production"},
    "steepness": {"dissipation", "flux", "path", "production"},
    "start": {"path", "production"},
    "time": set(),
}


@pytest.fixture(scope="module")
def shared():
    """One explorer for most tests: laying out its picture takes seconds."""
    explorer = ParticleExplorer()
    return explorer, {name: getattr(explorer, name).value for name in SLIDERS}


@pytest.fixture
def explorer(shared):
    """An explorer as it opens: sliders at their first values, nothing learned."""
    explorer, first = shared
    explorer.gamma.value = SLIDERS["gamma"]  # another law, so that what was learned is forgotten
    put_back(explorer, first)
    return explorer


@pytest.fixture(scope="module")
def taught():
    """An explorer whose button has been pressed, to be looked at and not moved."""
    explorer = ParticleExplorer()
    explorer.learn_button.click()
    return explorer


def error_in(status: str) -> float:
    return float(re.search(r"relative error (\S+?),", status)[1])


def differ(a, b) -> bool:
    return any(not np.array_equal(x, y) for x, y in zip(a, b, strict=True))


def test_the_picture_is_an_image_that_a_page_can_show(explorer):
    size = Image.open(io.BytesIO(explorer.image.value)).size
    assert min(size) > 300
    assert explorer.still().data == explorer.image.value


@pytest.mark.parametrize("name", SLIDERS)
def test_every_slider_changes_the_picture_and_its_own_panels(explorer, name):
    picture, before = explorer.image.value, explorer.curves()
    getattr(explorer, name).value = SLIDERS[name]
    after = explorer.curves()
    assert explorer.image.value != picture
    changed = {panel for panel in before if differ(before[panel]["known"], after[panel]["known"])}
    assert changed == OWN_PANELS[name]
    assert differ(before["path"]["now"], after["path"]["now"])


@pytest.mark.parametrize("name", SLIDERS)
def test_a_slider_put_back_brings_the_picture_back(explorer, name):
    slider, picture = getattr(explorer, name), explorer.image.value
    old, slider.value = slider.value, SLIDERS[name]
    slider.value = old
    assert explorer.image.value == picture


def test_every_control_has_a_description_and_every_slider_a_legend(explorer):
    found = list(controls(explorer.panel))
    assert {control.description for control in found} == {*SLIDERS, "learn it"}
    assert all(control.layout.visibility != "hidden" and control.layout.display != "none" for control in found)
    legends = "".join(child.value for child in explorer.panel.children if isinstance(child, widgets.HTML))
    assert all(f"<b>{name}</b>" in legends for name in SLIDERS)


@pytest.mark.parametrize("gamma", [0.1, 1.0, 3.0])
@pytest.mark.parametrize("steepness", [0.05, 1.5, 4.0])
@pytest.mark.parametrize("start", [-1.0, 0.35])
def test_curves_are_those_of_the_steep_particle(explorer, gamma, steepness, start):
    explorer.gamma.value, explorer.steepness.value, explorer.start.value = gamma, steepness, start
    gamma, k = explorer.gamma.value, explorer.steepness.value
    curves = explorer.curves()

    x, entropy = curves["entropy"]["known"]
    assert_allclose(entropy, -(x**2) / 2, rtol=1e-12)
    x, conjugate = curves["conjugate"]["known"]
    assert_allclose(conjugate, -x, rtol=1e-12)
    force, dissipation = curves["dissipation"]["known"]
    assert_allclose(dissipation, gamma / k**2 * (np.cosh(k * force) - 1), rtol=1e-10, atol=1e-12)
    force, flux = curves["flux"]["known"]
    assert_allclose(flux, gamma / k * np.sinh(k * force), rtol=1e-12)
    t, path = curves["path"]["known"]
    assert_allclose(np.tanh(k * path / 2), np.tanh(k * start / 2) * np.exp(-gamma * t), rtol=1e-10, atol=1e-15)
    _, production = curves["production"]["known"]
    assert_allclose(production, path * gamma / k * np.sinh(k * path), rtol=1e-10)
    assert (production >= 0).all()

    assert_allclose(curves["path"]["parabola"][1], start * np.exp(-gamma * t), rtol=1e-12)
    assert_allclose(curves["dissipation"]["parabola"][1], gamma * force**2 / 2, rtol=1e-12)
    assert_allclose(curves["flux"]["parabola"][1], gamma * force, rtol=1e-12)


def test_nearly_quadratic_friction_relaxes_exponentially(explorer):
    explorer.gamma.value, explorer.steepness.value, explorer.start.value = 2.0, 0.05, 0.8
    t, path = explorer.curves()["path"]["known"]
    assert_allclose(path, 0.8 * np.exp(-explorer.gamma.value * t), rtol=1e-3)


def test_the_dot_climbs_the_hill_as_time_goes_on(explorer):
    heights = []
    for time in np.linspace(0, 5, 11):
        explorer.time.value = time
        x, height = explorer.curves()["entropy"]["now"]
        assert_allclose(height, -(x**2) / 2)
        heights.append(height.item())
    assert np.all(np.diff(heights) > 0)
    assert heights[-1] <= 0


def test_all_dots_show_the_same_moment(explorer):
    explorer.time.value = 1.3
    dots = {panel: (kinds["now"][0].item(), kinds["now"][1].item()) for panel, kinds in explorer.curves().items()}
    time, x = dots["path"]
    assert time == pytest.approx(1.3)
    assert x == pytest.approx(np.interp(time, *explorer.curves()["path"]["known"]), rel=1e-2)
    x_star, velocity = dots["flux"]
    assert dots["conjugate"] == pytest.approx((x, -x))
    assert x_star == pytest.approx(-x)
    assert dots["dissipation"][0] == pytest.approx(-x)
    assert dots["production"] == pytest.approx((time, x_star * velocity))


@pytest.mark.parametrize(
    ("gamma", "steepness"),
    [
        (0.1, 0.05),
        (0.1, 4.0),
        (1.0, 1.5),
        (10.0, 0.05),
        (10.0, 4.0),
    ],
)
def test_the_dot_stays_inside_every_linear_panel(explorer, gamma, steepness):
    explorer.gamma.value, explorer.steepness.value = gamma, steepness
    outside = []
    for explorer.start.value, explorer.time.value in itertools.product((-1.0, 1.0), (0.0, 5.0)):
        for panel, kinds in explorer.curves().items():
            axes = explorer.picture.lines[panel]["now"].axes
            (left, right), (bottom, top) = axes.get_xlim(), axes.get_ylim()
            x, y = (values.item() for values in kinds["now"])
            if axes.get_yscale() == "linear" and not (left <= x <= right and bottom <= y <= top):
                outside.append(f"{panel}: ({x:.3g}, {y:.3g}) is not in ({left}, {right}) x ({bottom}, {top})")
    assert not outside


def test_a_state_at_rest_stays_there(explorer):
    explorer.start.value = 0.0
    curves = explorer.curves()
    assert not curves["path"]["known"][1].any()
    assert not curves["production"]["known"][1].any()


def test_learn_it_finds_the_entropy(taught):
    assert error_in(taught.status.value) < 1e-3
    curves = taught.curves()
    x, learned = curves["entropy"]["learned"]
    assert_allclose(learned, -(x**2) / 2, atol=1e-3)
    x, slope = curves["conjugate"]["learned"]
    assert_allclose(slope, -x, atol=5e-3)
    assert_allclose(curves["production"]["learned"][1], curves["production"]["known"][1], rtol=0.05, atol=1e-4)
    assert not taught.learn_button.disabled


def test_learning_shows_in_the_picture(taught, explorer):
    assert all("learned" not in kinds for kinds in explorer.curves().values())
    assert taught.image.value != explorer.image.value


def test_same_seed_same_status_and_same_picture(taught, explorer):
    explorer.learn()
    assert explorer.status.value == taught.status.value
    assert explorer.image.value == taught.image.value


@pytest.mark.parametrize("name", ["gamma", "steepness"])
def test_a_new_law_removes_what_was_learned(explorer, monkeypatch, name):
    monkeypatch.setattr(explorers, "fit", lambda *args, **kwargs: None)
    untaught = explorer.status.value
    explorer.learn()
    assert "learned" in explorer.curves()["entropy"]
    getattr(explorer, name).value = SLIDERS[name]
    assert all("learned" not in kinds for kinds in explorer.curves().values())
    assert explorer.status.value == untaught


@pytest.mark.parametrize("name", ["start", "time"])
def test_another_state_of_the_same_law_keeps_what_was_learned(explorer, monkeypatch, name):
    monkeypatch.setattr(explorers, "fit", lambda *args, **kwargs: None)
    explorer.learn()
    getattr(explorer, name).value = SLIDERS[name]
    assert "learned" in explorer.curves()["entropy"]


@pytest.mark.parametrize(("gamma", "steepness"), [(0.1, 0.05), (10.0, 4.0)])
def test_learn_it_works_in_the_corners_of_the_sliders(explorer, gamma, steepness):
    explorer.gamma.value, explorer.steepness.value = gamma, steepness
    explorer.learn()
    assert error_in(explorer.status.value) < 1e-3


def test_learning_shows_its_progress_and_locks_the_button(explorer, monkeypatch):
    seen = []

    def fit(model, data, recipe, watch, **options):
        for iteration in (20, 40):
            picture = explorer.image.value
            redraw_(model, explorers.torch.Generator().manual_seed(iteration))
            watch(iteration, 1.0 / iteration)
            seen.append((explorer.learn_button.disabled, explorer.status.value, explorer.image.value != picture))

    monkeypatch.setattr(explorers, "fit", fit)
    explorer.learn()
    assert [(locked, moved) for locked, _, moved in seen] == [(True, True), (True, True)]
    assert "20" in seen[0][1]
    assert "40" in seen[1][1]
    assert not explorer.learn_button.disabled


def test_the_button_works_again_after_a_failure(explorer, monkeypatch):
    def fail(*args, **kwargs):
        raise ValueError("no luck")

    monkeypatch.setattr(explorers, "fit", fail)
    with pytest.raises(ValueError, match="no luck"):
        explorer.learn()
    assert not explorer.learn_button.disabled


def test_the_button_works_again_after_a_failure_before_training(explorer, monkeypatch):
    def fail(*args, **kwargs):
        raise ValueError("no data")

    monkeypatch.setattr(explorers, "simulate", fail)
    with pytest.raises(ValueError, match="no data"):
        explorer.learn()
    assert not explorer.learn_button.disabled


def test_no_figure_is_left_open(explorer):
    for name, value in SLIDERS.items():
        getattr(explorer, name).value = value
    assert not plt.get_fignums()


def test_a_gamma_beyond_the_pictures_is_said_and_not_shown_as_another():
    for gamma, shown in ((300.0, 10.0), (0.02, 0.1)):
        explorer = ParticleExplorer(gamma=gamma)
        assert explorer.gamma.value == pytest.approx(shown)
        assert f"gamma = {gamma:g} is beyond this explorer" in explorer.status.value
    assert "beyond" not in ParticleExplorer(gamma=3.0).status.value


@pytest.mark.parametrize(("start", "time"), [(0.9, 0.4), (-0.5, 2.0)])
def test_the_picture_is_told_as_it_is_now(explorer, start, time):
    explorer.start.value, explorer.time.value = start, time
    k, gamma = explorer.steepness.value, explorer.gamma.value
    x = 2 / k * np.arctanh(np.tanh(k * start / 2) * np.exp(-gamma * time))
    told = explorer.image.tooltip
    assert f"S = {-(x**2) / 2:.3f} at the state x = {x:.2f}" in told
    assert f"force {-x:.2f}" in told
    assert f"S grows at {x * gamma / k * np.sinh(k * x):.2g}" in told
    assert "learned" not in told


def test_what_was_learned_is_told(taught):
    assert "learned" in taught.image.tooltip
