"""The reactions explorer without a kernel or a browser."""

import io
from itertools import pairwise

import ipywidgets as widgets
import matplotlib.pyplot as plt
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from PIL import Image

from ggd_helpers.explorers import reactions as module
from ggd_helpers.explorers.reactions import ReactionsExplorer
from ggd_helpers.figures.reactions_live import ReactionsPicture, apart
from ggd_helpers.systems.reaction_text import Reaction
from ggd_helpers.systems.reactions import PRESETS

pytestmark = pytest.mark.filterwarnings("error")


@pytest.fixture
def explorer():
    return ReactionsExplorer()


def all_controls(explorer):
    return [*rates(explorer), *explorer.initial.children, explorer.time]


def rates(explorer):
    return [slider for pair in explorer.rates.children for slider in pair.children]


def test_the_menu_says_whose_text_it_is(explorer):
    assert explorer.preset.value == explorer.text.value
    explorer.text.value = "A <-> 2 C"
    assert explorer.preset.label == "your own"
    explorer.preset.value = PRESETS["an enzyme"]
    assert explorer.text.value == PRESETS["an enzyme"]
    explorer.text.value = PRESETS["autocatalysis"]
    assert explorer.preset.label == "autocatalysis"


def test_every_slider_changes_the_picture(explorer):
    for slider in all_controls(explorer):
        before = explorer.image.value
        slider.value = slider.value * 2.5
        assert explorer.image.value != before, slider.description


def test_the_chosen_reaction_changes_the_picture(explorer):
    before, title = explorer.image.value, explorer.view().title
    explorer.along.index = 1
    assert explorer.image.value != before
    assert explorer.view().title != title


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_draws_its_own_network(explorer, name):
    explorer.preset.value = PRESETS[name]
    view = explorer.view()
    assert list(view.concentrations) == explorer.system.species
    assert len(view.affinities) == len(explorer.system.reactions) == len(explorer.along.options)
    assert [slider.description for slider in explorer.initial.children] == [f"c {s}" for s in explorer.system.species]
    assert min(Image.open(io.BytesIO(explorer.image.value)).size) > 300


def test_the_view_is_the_physics(explorer):
    explorer.text.value = "A <-> B | kf=2, kb=0.5"
    explorer.time.value = 5.0
    view = explorer.view()
    a0, b0 = (slider.value for slider in explorer.initial.children)
    rest = (a0 + b0) / (1 + 4)  # c_B / c_A = kf / kb
    assert_allclose(view.concentrations["A"], rest + (a0 - rest) * np.exp(-2.5 * view.times), rtol=1e-5)
    assert_allclose(view.conserved["A + B"], a0 + b0, rtol=1e-9)
    assert_allclose(view.affinities["A <-> B"], np.log(0.25 * view.concentrations["B"] / view.concentrations["A"]),
                    rtol=1e-6, atol=1e-9)  # fmt: skip
    assert (np.diff(view.entropy) >= -1e-9).all()
    assert view.entropy[-1] <= view.highest + 1e-9
    affinity, xi, parabola = view.law
    mobility = 4 * np.sqrt(2 * 0.5 * a0 * b0)
    assert_allclose(xi, mobility * (np.cosh(affinity / 2) - 1), rtol=1e-9, atol=1e-12)
    assert_allclose(parabola, mobility * affinity**2 / 8, rtol=1e-9, atol=1e-12)
    assert (xi >= parabola - 1e-12).all()


@pytest.mark.parametrize(("more_of", "way"), [("A", "forward"), ("B", "backward")])
def test_the_side_of_the_dot_says_which_way_the_motion_goes(explorer, more_of, way):
    explorer.text.value = "A <-> B"
    for species, slider in zip(explorer.system.species, explorer.initial.children, strict=True):
        slider.value = 1.0 if species == more_of else 0.1
    view, law = explorer.view(), explorer.picture.axes[-1]
    assert law.get_xlabel().endswith("(forward < 0 < backward)")
    assert (view.dot[0] < 0) == (way == "forward") == bool(view.concentrations["A"][1] < view.concentrations["A"][0])
    assert view.affinities["A <-> B"][0] == pytest.approx(view.dot[0])


def test_a_wrong_text_shows_its_sentence_and_keeps_the_last_picture(explorer):
    picture, species = explorer.image.value, explorer.system.species
    explorer.text.value = "A + <-> B"
    assert "not a species" in explorer.status.value
    assert explorer.image.value == picture
    assert explorer.system.species == species
    explorer.text.value = "A <-> B"
    assert "conserved: A + B" in explorer.status.value
    assert explorer.image.value != picture


def test_a_text_with_markup_is_shown_as_text(explorer):
    explorer.text.value = "<img src=x> <-> B"
    assert "<img" not in explorer.status.value
    assert "&lt;img" in explorer.status.value


def test_the_rate_sliders_change_the_rates_alone(explorer):
    explorer.text.value = "A + 2 B <-> C | kf=2, kb=0.5; C + D <-> A"
    rates(explorer)[3].value = 0.3
    expected = [Reaction({"A": 1, "B": 2}, {"C": 1}, 2.0, 0.5), Reaction({"C": 1, "D": 1}, {"A": 1}, 1.0, 0.3)]
    assert explorer.system.reactions == expected


def test_the_two_rates_of_a_reaction_stand_in_one_row(explorer):
    explorer.text.value = "A <-> B; B <-> C; C <-> D"
    names = [[slider.description for slider in pair.children] for pair in explorer.rates.children]
    assert names == [["kf 1", "kb 1"], ["kf 2", "kb 2"], ["kf 3", "kb 3"]]
    assert all(isinstance(pair, widgets.HBox) and pair.layout.flex_flow is None for pair in explorer.rates.children)


def test_every_curve_and_every_name_lies_in_its_panel(explorer):
    for text in (*PRESETS.values(), "A <-> B | kf=300; A + 3 C <-> D | kb=0.01"):
        explorer.text.value = text
        for slider, value in zip(explorer.initial.children, (3.0, 0.02, 7.0, 0.5), strict=False):
            slider.value = value
        picture = explorer.picture
        for ax in picture.axes:
            (left, right), (bottom, top) = ax.get_xlim(), ax.get_ylim()
            for line in (line for line in ax.lines if len(line.get_xdata())):
                x, y = np.asarray(line.get_xdata()), np.asarray(line.get_ydata())
                assert left <= x.min() <= x.max() <= right, text
                assert bottom <= y.min() <= y.max() <= top, text
        boxes = sorted((label.get_window_extent() for label in picture.labels), key=lambda box: box.y0)
        frame = picture.axes[0].get_window_extent()
        assert all(frame.x0 < box.x0 and box.x1 < frame.x1 for box in boxes), text
        assert all(below.y1 <= above.y0 + 4 for below, above in pairwise(boxes)), text  # of 2 dots a pixel


def test_legends_cover_no_curve(explorer):
    for text in PRESETS.values():
        explorer.text.value = text
        for ax in explorer.picture.axes[2:]:  # the lower ones, with room above their curves
            box = ax.get_legend().get_window_extent()
            for line in (line for line in ax.lines if len(line.get_xdata())):
                points = ax.transData.transform(line.get_xydata())
                inside = (box.x0 < points[:, 0]) & (points[:, 0] < box.x1) & (points[:, 1] > box.y0)
                assert not inside.any(), f"{ax.get_title()}: {text}"


def test_a_panel_that_is_drawn_again_alone_leaves_no_trace_of_itself(explorer):
    fresh = ReactionsPicture()
    for value in (0.9, 2.5, 0.05, 0.4):
        explorer.initial.children[0].value = value
    view = explorer.view()
    kept, anew = (
        np.asarray(Image.open(io.BytesIO(picture.png(view))), dtype=int) for picture in (explorer.picture, fresh)
    )
    assert np.abs(kept - anew).max() <= 64  # dots of letters may be rounded another way
    assert (np.abs(kept - anew).max(axis=-1) > 8).mean() < 1e-4


@given(st.lists(st.floats(-5, 5), min_size=1, max_size=8), st.floats(0.01, 1))
def test_names_are_put_apart_in_their_order_and_near_their_curves(places, gap):
    found = apart(places, gap)
    order = np.argsort(places, kind="stable")
    assert (np.diff(found[order]) >= gap - 1e-9).all()
    assert_allclose(found.mean(), np.mean(places), atol=1e-9)  # least squares
    if np.diff(np.sort(places)).min(initial=np.inf) >= gap:
        assert_allclose(found, places, atol=1e-9)


def test_rates_that_break_detailed_balance_are_refused_by_a_sentence(explorer):
    explorer.text.value = "A <-> B; B <-> C; C <-> A"
    picture = explorer.image.value
    rates(explorer)[0].value = 10.0
    assert "detailed balance" in explorer.status.value
    assert explorer.image.value == picture
    rates(explorer)[1].value = 10.0
    assert "conserved" in explorer.status.value
    assert explorer.image.value != picture


def test_a_stiff_network_is_drawn(explorer):
    explorer.text.value = "A <-> B | kf=1e4; B <-> C"
    assert all(np.isfinite(curve).all() for curve in explorer.view().concentrations.values())


def test_learn_it_finds_the_motion_and_forgets_it_with_the_next_network(explorer):
    explorer.preset.value = PRESETS["A <-> B"]
    explorer.learn_button.click()
    view = explorer.view()
    for name, curve in view.concentrations.items():
        assert_allclose(view.learned[name], curve, atol=1e-3)
    assert "velocities" in explorer.status.value
    explorer.preset.value = PRESETS["2A + B <-> 2C"]
    assert explorer.view().learned == {}


def test_learning_shows_progress_and_the_button_works_again_after_a_failure(explorer, monkeypatch):
    seen = []

    def fail(model, data, recipe, watch, **options):
        watch(100, 0.5)
        seen.append((explorer.learn_button.disabled, explorer.status.value))
        raise ValueError("no luck")

    monkeypatch.setattr(module, "fit", fail)
    explorer.learn()
    assert seen[0][0]
    assert "100" in seen[0][1]
    assert "no luck" in explorer.status.value
    assert not explorer.learn_button.disabled


def test_every_control_has_a_description(explorer):
    kinds = (widgets.FloatLogSlider, widgets.Dropdown, widgets.Textarea, widgets.Button)
    found = []

    def walk(widget):
        if isinstance(widget, kinds):
            found.append(widget)
        for child in getattr(widget, "children", ()):
            walk(child)

    walk(explorer.panel)
    assert len(found) == 3 + 1 + 4 + 4 + 1
    assert all(control.description for control in found)


def test_no_figure_is_left_open(explorer):
    explorer.time.value = 3.0
    assert not plt.get_fignums()


def test_a_rate_beyond_the_usual_stays_what_it_is_when_another_slider_moves():
    explorer = ReactionsExplorer("A <-> B | kf=1e6, kb=0.5")
    assert [slider.value for slider in rates(explorer)] == [1e6, 0.5]
    rates(explorer)[1].value = 2.0
    (reaction,) = explorer.system.reactions
    assert (reaction.kf, reaction.kb) == (1e6, 2.0)


def test_a_motion_that_cannot_be_followed_is_said_under_the_old_picture():
    explorer = ReactionsExplorer("A <-> B")
    before = explorer.image.value
    explorer.text.value = "A <-> C | kf=1e30, kb=1e-30"
    assert explorer.image.value == before
    assert "The solver stopped" in explorer.status.value
    explorer.text.value = "A <-> C"
    assert explorer.image.value != before
    assert "conserved" in explorer.status.value
