"""Figures of the diffusion chapter: drawn without a warning, labelled, left to the page alone, and true."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from conftest import check_drawn, functions_of
from matplotlib.text import Text

from ggd_helpers import figures
from ggd_helpers.evaluation.laplace import Band
from ggd_helpers.evaluation.measures import against
from ggd_helpers.evaluation.report import evaluate
from ggd_helpers.figures import diffusion_live
from ggd_helpers.grids import PeriodicGrid
from ggd_helpers.recordings.simulate import simulate
from ggd_helpers.systems import profiles
from ggd_helpers.systems.diffusion import FickianDiffusion

pytestmark = pytest.mark.filterwarnings("error")


class Scene:
    """Diffusion on 16 cells, a law that misses it by little, and the exact one."""

    def __init__(self):
        self.system = FickianDiffusion(0.01, 16, profile=profiles.spikes)
        self.test = simulate(self.system, trajectories=10, points=22, dt=0.05, seed=1)
        self.report = evaluate(FickianDiffusion(0.011, 16), self.test, against(self.system))
        self.rollouts = {"near": self.report.rollout.states[0, ::7], "exact": self.test.states[0, ::7]}
        self.errors = {"near": self.report.velocity_errors, "exact": torch.zeros(10)}
        self.c = torch.linspace(0.01, 0.3, 9, dtype=torch.float64)[:, None]


@pytest.fixture(scope="module")
def scene():
    return Scene()


PLANE = PeriodicGrid(8, 2)
DRAWINGS = {
    "profiles": lambda s: figures.profiles({"spikes": s.test, "again": s.test}, chosen=3),
    "field_comparison": lambda s: figures.field_comparison(s.test, s.rollouts, s.errors),
    "floor_by_frame": lambda s: figures.floor_by_frame({"central": torch.rand(22), "exact": torch.zeros(22)}, 0.05),
    "waves": lambda s: figures.waves({"training": torch.zeros(9), "test": torch.rand(9)}, highest=4),
    "densities": lambda s: figures.densities(s.c, *[{"known": s.c, "learned": 2 * s.c}] * 3),
    "diffusivities": lambda s: figures.diffusivities(s.c, {"known": s.c, "learned": 2 * s.c}, s.test.states),
    "pictures": lambda s: figures.pictures(PLANE, {"learned": torch.rand(3, 64)}, [0.0, 0.1, 0.2]),
    "spot": lambda s: figures.spot(s.system.grid, torch.rand(16), {"exact": torch.rand(16), "ours": torch.rand(16)}),
}
ONE_QUANTITY = {"profiles"}  # the first panel's label is for all, though each has its own scale


def test_a_band_shades_what_lies_between_its_edges():
    c = torch.linspace(0, 1, 5, dtype=torch.float64)[:, None]
    band = Band(2 * c, 0.1 + c)
    above = figures.diffusivities(c, {"known": c, "learned": 2 * c}, c, {"learned": band}).axes[0]
    corners = torch.from_numpy(above.collections[0].get_paths()[0].vertices)
    for x, low, high in zip(c[:, 0], *(edge[:, 0] for edge in band.edges(0.9)), strict=True):
        heights = corners[(corners[:, 0] - x).abs() < 1e-9, 1]
        torch.testing.assert_close(torch.stack([heights.min(), heights.max()]), torch.stack([low, high]))


def test_every_function_is_tried():
    assert functions_of(figures, "ggd_helpers.figures.diffusion") == set(DRAWINGS)


@pytest.mark.parametrize("name", DRAWINGS)
def test_a_figure_is_drawn_labelled_and_left_to_the_page(scene, name, caplog):
    figure = check_drawn(lambda: DRAWINGS[name](scene), caplog)
    assert not any(text.get_usetex() for text in figure.findobj(Text))
    for axes in figure.axes:
        assert axes.lines or axes.collections or axes.patches or axes.images
        if axes.images:  # without scales: its time stands above
            assert axes.get_title().startswith("$t = ")
            assert any(each.get_ylabel() for each in figure.axes if each.images)  # the name of the row
        else:
            beside = figure.axes if name in ONE_QUANTITY else [axes, *axes.get_shared_y_axes().get_siblings(axes)]
            below = [axes, *axes.get_shared_x_axes().get_siblings(axes)]
            assert any(each.get_xlabel() for each in below) or axes.get_label() == "<colorbar>"
            assert any(each.get_ylabel() for each in beside)


def test_the_comparison_shows_the_four_frames_of_the_data(scene):
    figure = figures.field_comparison(scene.test, scene.rollouts, scene.errors, chosen=0)
    for axes, frame in zip(figure.axes, (0, 7, 14, 21), strict=False):
        known, near, exact = (torch.as_tensor(line.get_ydata()) for line in axes.lines)
        assert torch.equal(known, scene.test.states[0, frame])
        assert torch.equal(exact, known)
        assert (near - known).norm() < 0.2 * known.norm()


@pytest.fixture(scope="module")
def picture():
    return figures.DiffusionPicture()


class TestDiffusionPicture:
    @staticmethod
    def png(picture, curves=None, time=0.5, field=None):
        return picture.png(curves or {}, np.eye(8) if field is None else field, time)

    def test_its_panels_are_labelled(self, picture):
        assert not plt.get_fignums()
        assert len(picture.figure.axes) == len(diffusion_live.PANELS) + 1
        assert all(axes.get_title() and axes.get_xlabel() and axes.get_ylabel() for axes in picture.figure.axes)

    @pytest.mark.parametrize("panel", diffusion_live.PANELS)
    @pytest.mark.parametrize("kind", diffusion_live.KINDS)
    def test_every_curve_shows(self, picture, panel, kind):
        x = np.linspace(0.1, 0.35, 5)
        y = {"flux": 3.0, "entropy": -0.5}.get(panel, 0.1) * np.ones(5)
        assert self.png(picture, {panel: {kind: (x, y)}}) != self.png(picture)

    def test_field_and_time_show(self, picture):
        first = self.png(picture)
        assert first == self.png(picture)
        assert first != self.png(picture, time=1.0)
        assert first != self.png(picture, field=np.ones((8, 8)) * np.arange(1, 9))
