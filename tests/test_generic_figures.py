"""Figures of the chapter on GENERIC: drawn without a warning, labelled, left to the page alone, and true."""

import math

import numpy as np
import pytest
import torch
from conftest import check_drawn, functions_of

import ggd_helpers as ggd
from ggd_helpers import figures

pytestmark = pytest.mark.filterwarnings("error")
SEED = 20


class Scene:
    """A system with two pairs, recorded, and an untrained law beside it."""

    def __init__(self):
        self.system = ggd.ChemicalMotor()
        self.data = ggd.simulate(self.system, trajectories=3, points=21, dt=0.1, seed=SEED)
        self.model = ggd.learned_beside(self.system, ggd.LearnedEnergy(4), seed=SEED)
        q, p = self.data.states[0, :, 0], self.data.states[0, :, 1]
        self.parts = {"kinetic": p**2 / 2, "potential": q**2 / 2}
        self.friction = figures.Friction(self.system, {"learned": self.model}, self.data.states, 1, "affinity")


@pytest.fixture(scope="module")
def scene():
    return Scene()


KEPT = {"a/48": {"error": [1e-3, math.inf, 1e9]}, "a/4": {"error": [1e-1, 1e-2, 1e-2]}, "b/1": {"error": [1.0, 1, 2]}}
LEARNERS = {"a": ["a/48", "a/4"], "b": ["b/1"]}
TIMES = torch.linspace(0, 2, 21)
DRAWINGS = {
    "where_energy_goes": lambda s: figures.where_energy_goes(s.data.times, s.data.states, s.parts, s.parts["kinetic"]),
    "there_and_back": lambda s: figures.there_and_back({"a": (s.data.states[0], s.data.states[1])}),
    "learned_paths": lambda s: figures.learned_paths(s.data.states, dict.fromkeys("abcd", s.data.states)),
    "learners_over_seeds": lambda s: figures.learners_over_seeds(KEPT, LEARNERS, {"error": "error"}),
    "friction_laws": lambda s: figures.friction_laws({"motor": s.friction}),
    "energy_drifts": lambda s: figures.energy_drifts(TIMES, {"motor": {"plain": TIMES**2, "none": 0 * TIMES}}),
}


def test_every_function_is_tried():
    assert functions_of(figures, "ggd_helpers.figures.generic") == set(DRAWINGS)


@pytest.mark.parametrize("name", DRAWINGS)
def test_a_figure_is_drawn_labelled_and_left_to_the_page(scene, name, caplog):
    for ax in check_drawn(lambda: DRAWINGS[name](scene), caplog).axes:
        assert ax.get_xlabel() or ax.get_ylabel() or ax.get_title(), name


def test_parts_of_the_energy_add_up_to_the_last_line(scene):
    _, energies, _ = DRAWINGS["where_energy_goes"](scene).axes
    *parts, total = (np.asarray(line.get_ydata()) for line in energies.lines)
    assert np.allclose(sum(parts), total)
    assert np.allclose(parts[0], scene.data.states[0, :, 1] ** 2 / 2)


def test_the_way_back_is_drawn_with_its_momentum_turned(scene):
    (ax,) = DRAWINGS["there_and_back"](scene).axes
    assert np.allclose(ax.lines[1].get_ydata(), -scene.data.states[1, :, 1])


def test_a_friction_law_is_the_slope_of_the_known_potential_at_the_median_state(scene):
    (ax,) = DRAWINGS["friction_laws"](scene).axes
    known, learned = ax.lines
    _, _, n, s = scene.data.states.flatten(0, 1).median(0).values
    temperature = (s + n * n.log() + (1 - n) * (1 - n).log()).exp()
    affinity = torch.as_tensor(known.get_xdata())
    by_hand = (n * (1 - n)).sqrt() * (affinity / (2 * temperature)).sinh() / temperature  # of mass action
    assert np.allclose(known.get_ydata(), by_hand)
    assert not np.allclose(learned.get_ydata(), by_hand)
    assert affinity.max() == pytest.approx(scene.system.force(scene.data.states)[..., 1].max().item())


def test_what_is_beyond_the_axis_is_a_triangle_at_its_end(scene):
    (ax,) = DRAWINGS["learners_over_seeds"](scene).axes
    marks = {(line.get_marker(), float(line.get_xdata()[0])) for line in ax.lines}
    assert (">", 1e4) in marks
    assert sum(line.get_marker() == ">" for line in ax.lines) == 2
    assert len(ax.lines) == 9


def test_a_drift_of_zero_has_a_place_on_the_logarithmic_axis(scene):
    (ax,) = DRAWINGS["energy_drifts"](scene).axes
    assert ax.lines[1].get_ydata().min() > 0
