"""The reactions explorer without a kernel or a browser."""

import io

import ipywidgets as widgets
import matplotlib.pyplot as plt
import numpy as np
import pytest
from numpy.testing import assert_allclose
from PIL import Image

from ggd_helpers.explorers import reactions as module
from ggd_helpers.explorers.reactions import ReactionsExplorer
from ggd_helpers.systems.reaction_text import Reaction
from ggd_helpers.systems.reactions import PRESETS

pytestmark = pytest.mark.filterwarnings("error")


@pytest.fixture
def explorer():
    return ReactionsExplorer()


def all_controls(explorer):
    return [*explorer.rates.children, *explorer.initial.children, explorer.time]


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
    explorer.rates.children[3].value = 0.3
    expected = [Reaction({"A": 1, "B": 2}, {"C": 1}, 2.0, 0.5), Reaction({"C": 1, "D": 1}, {"A": 1}, 1.0, 0.3)]
    assert explorer.system.reactions == expected


def test_rates_that_break_detailed_balance_are_refused_by_a_sentence(explorer):
    explorer.text.value = "A <-> B; B <-> C; C <-> A"
    picture = explorer.image.value
    explorer.rates.children[0].value = 10.0
    assert "detailed balance" in explorer.status.value
    assert explorer.image.value == picture
    explorer.rates.children[1].value = 10.0
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
    assert [slider.value for slider in explorer.rates.children] == [1e6, 0.5]
    explorer.rates.children[1].value = 2.0
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
