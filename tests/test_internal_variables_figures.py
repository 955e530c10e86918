"""Figures of the chapter on internal variables: drawn without a warning, labelled, left to the page alone, and true."""

from functools import partial

import numpy as np
import pytest
import torch
from conftest import check_drawn, functions_of

from ggd_helpers import figures
from ggd_helpers.evaluation import internal_variables as measures
from ggd_helpers.evaluation.report import evaluate
from ggd_helpers.internal_variables.decoders import SigmoidalFlow
from ggd_helpers.internal_variables.model import InternalVariables
from ggd_helpers.recordings.ensembles import pool
from ggd_helpers.recordings.simulate_ensembles import simulate_groups
from ggd_helpers.systems import protocols
from ggd_helpers.systems.trapped_bead import TrappedBead

pytestmark = pytest.mark.filterwarnings("error")


class Scene:
    """Two pulls of 41 times, and an untrained model with two variables."""

    def __init__(self):
        self.bead = TrappedBead()
        drive = partial(protocols.inputs_of, [protocols.paper(0.5), protocols.ramp(1.0)])
        self.data = pool(simulate_groups(self.bead, drive, 40, points=41, dt=0.05, seed=20, bins=60))
        self.model = InternalVariables.for_ensembles(self.data, variables=2, seed=20)
        self.single = InternalVariables.for_ensembles(self.data, variables=1, decoder=SigmoidalFlow, seed=20)
        self.report = evaluate(self.model, self.data, [measures.dynamics], stride=2)
        self.rest = self.bead.force(self.bead.equilibrium_mean(self.data.inputs), self.data.inputs)


@pytest.fixture(scope="module")
def scene():
    return Scene()


NAMES = ["slow", "fast"]
MEMBERS = [[1.0] * 41, [2.0] * 41, [3.0] * 41]
SHOWN = {
    "times": torch.linspace(0, 2, 41).tolist(),
    "members": dict.fromkeys(["force", "free_energy", "dissipation"], MEMBERS),
    "truth": dict.fromkeys(["force", "free_energy", "dissipation"], [1.0] * 41),
}
ERRORS = {"data": 1.0, "force": 0.5, "free_energy": 0.4, "dissipation": 2.0}
BY_NUMBER = {"rows": {"100": [ERRORS] * 2, "400": [{name: value / 2 for name, value in ERRORS.items()}] * 2}}
BY_WEIGHTS = {"rows": {label: [{"trap": {"f_error": 0.1}}, {"trap": {"f_error": 0.3}}] for label in ("automatic", "x")}}
DRAWINGS = {
    "clouds": lambda s: figures.clouds(s.data, [0, 1], NAMES),
    "loops": lambda s: figures.loops(s.data, [0, 1], NAMES, s.rest),
    "moments": lambda s: figures.moments(s.data, s.model, s.bead, [0, 1]),
    "collapse": lambda s: figures.collapse(s.data, s.model),
    "surface": lambda s: figures.surface(s.data, s.single),
    "potentials_along": lambda s: figures.potentials_along(s.data, s.model, s.bead, [0, 1]),
    "roll_outs": lambda s: figures.roll_outs({"test": s.report}, {"test": s.rest}),
    "errors_against_number": lambda s: figures.errors_against_number(BY_NUMBER),
    "errors_by_weights": lambda s: figures.errors_by_weights(BY_WEIGHTS, {"f_error": "$f$"}),
    "bands": lambda s: figures.bands(SHOWN),
}


def test_every_function_is_tried():
    assert functions_of(figures, "ggd_helpers.figures.internal_variables") == set(DRAWINGS)


@pytest.mark.parametrize("name", DRAWINGS)
def test_a_figure_is_drawn_labelled_and_left_to_the_page(scene, name, caplog):
    for ax in check_drawn(lambda: DRAWINGS[name](scene), caplog).axes:
        assert ax.get_xlabel() or ax.get_ylabel() or ax.get_title(), name


def lines(ax):
    return [np.asarray(line.get_ydata(), dtype=float) for line in ax.lines if len(line.get_ydata()) > 2]


def test_loops_show_the_measured_force_and_the_one_at_rest(scene):
    left, right = DRAWINGS["loops"](scene).axes
    assert np.allclose(lines(left)[1], scene.data.outputs[1, :, 0])
    assert np.allclose(lines(right)[0], scene.data.mean[0, :, 0])
    assert np.allclose(lines(left)[-1], scene.rest.flatten()[scene.data.inputs.flatten().argsort()])


def test_moments_show_the_exact_mean_and_the_decoded_one(scene):
    left, right = DRAWINGS["moments"](scene).axes
    with torch.no_grad():
        decoded = scene.model.decode(scene.model.encode(scene.data.shares), scene.data.inputs)
    assert np.allclose(lines(left)[0], scene.bead.mean(scene.data.inputs, 0.05)[0, :, 0])
    assert np.allclose(lines(left)[1], decoded.mean[0], atol=2e-3)  # the figure sums over a grid that ends
    assert np.allclose(lines(right)[1], decoded.stddev[1], atol=5e-3)


def test_potentials_begin_at_the_known_ones_on_average(scene):
    left, right = DRAWINGS["potentials_along"](scene).axes
    known, found = lines(left)[::2], lines(left)[1::2]
    assert sum(a[0] - b[0] for a, b in zip(known, found, strict=True)) == pytest.approx(0, abs=1e-12)
    mean, u = scene.bead.mean(scene.data.inputs, 0.05), scene.data.inputs
    assert np.allclose(known[1], -scene.bead.entropy(mean, u)[1])
    assert np.allclose(lines(right)[0], 0.5 * (u - 2 * mean)[0, :, 0] ** 2)


def test_roll_outs_show_the_predicted_force(scene):
    force_axes, alpha_axes, other_axes = DRAWINGS["roll_outs"](scene).axes
    made = scene.report.rollout.states
    with torch.no_grad():
        force = scene.model.dynamics.force(made, scene.data.inputs[:, ::2])
    assert np.allclose(lines(force_axes)[1], force[0, :, 0])
    assert np.allclose(lines(alpha_axes)[1], made[0, :, 0])
    assert np.allclose(lines(other_axes)[1], made[0, :, 1])


@pytest.mark.parametrize("variables", [0, 1])
def test_roll_outs_have_a_panel_for_every_variable_and_one_for_the_force(scene, variables):
    model = InternalVariables.for_ensembles(scene.data, variables, seed=20)
    report = evaluate(model, scene.data, [], stride=2)
    figure = figures.roll_outs({"test": report, "again": report})
    assert [len(lines(ax)) for ax in figure.axes] == [4] * 2 * (1 + variables)  # two pulls, measured and predicted


def test_the_last_panel_of_two_variables_is_one_against_the_other(scene):
    with torch.no_grad():
        alpha = scene.model.encode(scene.data.shares)
    *_, last = DRAWINGS["collapse"](scene).axes
    assert np.allclose(last.lines[1].get_xdata(), alpha[1, :, 0])
    assert np.allclose(last.lines[1].get_ydata(), alpha[1, :, 1])


def test_the_dots_of_the_surface_are_the_measured_forces_at_their_places(scene):
    ax = DRAWINGS["surface"](scene).axes[0]
    dots = ax.collections[-1]
    with torch.no_grad():
        alpha = scene.single.encode(scene.data.shares)
    assert np.allclose(dots.get_offsets()[:, 0], scene.data.inputs[1, ::6, 0])
    assert np.allclose(dots.get_offsets()[:, 1], alpha[1, ::6, 0])
    assert np.allclose(dots.get_array(), scene.data.outputs[1, ::6, 0])


def test_errors_are_drawn_with_their_medians_and_ranges():
    left, right = figures.errors_against_number(BY_NUMBER).axes
    assert np.allclose([line.get_ydata() for line in left.lines[:2]], [[1.0, 0.5], [0.5, 0.25]])
    assert np.allclose(left.lines[2].get_ydata()[0] / left.lines[2].get_ydata()[1], 2)  # slope -1/2
    assert np.allclose(right.lines[1].get_ydata(), [2.0, 1.0])
    (ax,) = figures.errors_by_weights(BY_WEIGHTS, {"f_error": "$f$"}).axes
    assert np.allclose(ax.collections[0].get_segments()[0][:, 0], [0.1, 0.3])


def test_bands_are_twice_the_deviation_wide_and_less_the_truth(scene):
    ax = DRAWINGS["bands"](scene).axes[0]
    wide = ax.collections[0].get_paths()[0].vertices[:, 1]
    assert wide.min() == pytest.approx(2 - 1 - 2)
    assert wide.max() == pytest.approx(2 - 1 + 2)
