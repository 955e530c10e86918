"""Figures of the chapter on phase change: drawn without a warning, labelled, left to the page alone, and true."""

from functools import partial

import numpy as np
import pytest
import torch
from conftest import check_drawn, functions_of

from ggd_helpers import figures
from ggd_helpers.evaluation import chain as measures
from ggd_helpers.figures.phase_change import twins
from ggd_helpers.internal_variables.chain import ChainVariables
from ggd_helpers.internal_variables.decoders import TwoPhases
from ggd_helpers.recordings.ensembles import pool
from ggd_helpers.recordings.simulate_ensembles import simulate_groups
from ggd_helpers.systems import protocols
from ggd_helpers.systems.spring_chain import SpringChain

pytestmark = pytest.mark.filterwarnings("error")


class Scene:
    """Two pulls of a chain of three springs, and an untrained model."""

    def __init__(self):
        self.chain = SpringChain(springs=3)
        drive = partial(protocols.inputs_of, [protocols.stretch(4.0), protocols.stretch(5.0)])
        self.data = pool(simulate_groups(self.chain, drive, 200, points=61, dt=0.1, seed=20, bins=40))
        self.model = ChainVariables.for_ensembles(self.data, TwoPhases, seed=20)
        self.force, self.share = self.chain.pull(self.data), self.chain.upper_share(self.data)
        self.rolled = measures.roll_out_by_pull(self.model, self.data, self.chain)
        self.lengths = self.data.inputs[..., 0]

    def hysteresis(self):
        rest = torch.stack([self.lengths[0], self.force[0, :, 0]])
        lost = {"simulated": torch.tensor([1.0, 2.0]), "predicted": torch.tensor([1.1, 1.9])}
        rolled = self.rolled.force[..., 0]
        return figures.hysteresis(self.lengths, self.force[..., 0], rolled, rest, [0.3, 0.5], lost)


@pytest.fixture(scope="module")
def scene():
    return Scene()


DRAWINGS = {
    "same_mean": lambda s: figures.same_mean(s.data, [(0, 3, 1), (1, 4, 2)], s.force),
    "marginals": lambda s: figures.marginals(s.data, {"gmm": s.model}, (0, 30), [0, 2], s.data.shares[0, 0]),
    "phase_space": lambda s: figures.phase_space(s.data, s.model, s.share),
    "free_energy_plane": lambda s: figures.free_energy_plane(s.data, s.model),
    "over_time": lambda s: figures.over_time(s.data, s.model, s.rolled, 1, s.force, [0, 2]),
    "shares_against": lambda s: figures.shares_against({"one": (s.share, s.share), "two": (s.share, s.share)}),
    "hysteresis": lambda s: s.hysteresis(),
    "closure": lambda s: figures.closure(s.share, {"one": s.share, "two": s.share}),
}


def test_every_function_is_tried():
    assert functions_of(figures, "ggd_helpers.figures.phase_change") == set(DRAWINGS)


@pytest.mark.parametrize("name", DRAWINGS)
def test_it_draws_labels_every_axis_and_leaves_no_figure_behind(scene, name, caplog):
    figure = check_drawn(lambda: DRAWINGS[name](scene), caplog)
    assert all(ax.get_xlabel() for ax in figure.axes if ax.get_label() != "<colorbar>")


def test_the_curves_over_time_are_data_and_prediction(scene):
    axes = figures.over_time(scene.data, scene.model, scene.rolled, 1, scene.force, [0, 2]).axes
    known, found, *_ = axes[0].lines
    np.testing.assert_array_equal(known.get_ydata(), scene.data.mean[1, :, 0])
    np.testing.assert_array_equal(found.get_ydata(), scene.rolled.strain[1, :, 0])
    assert [line.get_xdata().size for line in axes[2].lines] == [61, 31]


def test_twins_have_one_mean_and_the_most_different_shares():
    mean = torch.tensor([[[1.0, 1.001], [0.9, 1.002]], [[1.0, 2.0], [0.999, 1.0]]])
    share = torch.tensor([[[0.5, 0.1], [0.0, 0.4]], [[0.7, 1.0], [0.6, 0.2]]])
    assert twins(mean, share, near=1.0) == ((0, 0, 1), (1, 0, 0))
