"""Figures: labelled, drawn without a warning, and left to the page alone."""

import inspect
import io

import matplotlib.pyplot as plt
import pytest
import torch
from conftest import check_drawn
from matplotlib.figure import Figure
from matplotlib.text import Text

from ggd_helpers import figures
from ggd_helpers.dynamics.gradient import GradientDynamics
from ggd_helpers.evaluation.freedoms import Gauge
from ggd_helpers.evaluation.measures import against
from ggd_helpers.evaluation.report import evaluate
from ggd_helpers.figures import particle_live
from ggd_helpers.figures.style import SIZES, STYLE
from ggd_helpers.files import DATA
from ggd_helpers.potentials.general import (
    ConcaveEntropy,
    ConvexDissipation,
    CoshDissipation,
    IsotropicDissipation,
)
from ggd_helpers.recordings.simulate import simulate
from ggd_helpers.systems.particle import OverdampedParticle, SteepParticle
from ggd_helpers.training.fit import History

pytestmark = pytest.mark.filterwarnings("error")


@pytest.fixture(autouse=True)
def _one_failure_is_one_failure():
    yield
    plt.close("all")


class Scene:
    """A system in one or two dimensions, its data, and models that miss it by little and by much."""

    def __init__(self, dim):
        self.system = OverdampedParticle(1.2, dim)
        self.data = simulate(self.system, trajectories=12, points=700, dt=0.01, seed=1)
        self.near = GradientDynamics(self.system.entropy, CoshDissipation(1.3, 0.5))
        self.far = GradientDynamics(ConcaveEntropy(dim), ConvexDissipation(dim), seed=1)
        self.models = {
            "near": (self.near, Gauge.fix(self.near, self.system, self.data.states)),
            "far": (self.far, Gauge.fix(self.far, self.system, self.data.states)),
        }
        self.report = evaluate(self.near, self.data, against(self.system))
        self.history = History("SelfScaledBFGS", losses=[1.0, 1e-3, 1e-9], seconds=[0.1, 0.2, 0.3])


@pytest.fixture(scope="module")
def scenes():
    return {1: Scene(1), 2: Scene(2)}


EYE = torch.eye(2, dtype=torch.float64)
FRICTION = torch.tensor([[1.0, 0.4], [0.4, 0.5]], dtype=torch.float64)

# Every function of the module, with the dimensions that it is for.
DRAWINGS = {
    ("trajectories_1d", 1): lambda s: figures.trajectories_1d(s.data),
    ("trajectories_2d", 2): lambda s: figures.trajectories_2d(s.data, chosen=(0, 3, 5)),
    ("ablation", 1): lambda s: figures.ablation(DATA / "ablation_particle.json"),
    ("loss_curves", 1): lambda s: figures.loss_curves({"1D": {"ours": s.history, "the thesis's": s.history}}),
    ("loss_curves", 2): lambda s: figures.loss_curves({"1D": {"ours": s.history}, "2D": {"ours": s.history}}),
    ("prediction", 1): lambda s: figures.prediction(s.report.rollout, chosen=2),
    ("prediction", 2): lambda s: figures.prediction(s.report.rollout),
    ("error_histogram", 1): lambda s: figures.error_histogram({"1D": {"ours": s.report.velocity_errors}}),
    ("error_histogram", 2): lambda s: figures.error_histogram(
        {"a": {"ours": s.report.velocity_errors, "plain": torch.rand(26)}, "b": {"ours": torch.rand(26)}}
    ),
    ("potentials", 1): lambda s: figures.potentials(s.models, s.system),
    ("potentials", 2): lambda s: figures.potentials(s.models, s.system),
    ("potentials_2d", 2): lambda s: figures.potentials_2d(s.near, s.system, s.models["near"][1]),
    ("same_motion", 1): lambda s: figures.same_motion(s.models, s.system),
    ("ellipses", 2): lambda s: figures.ellipses({"known": (EYE, FRICTION), "one": (FRICTION, EYE)}),
    ("beyond_the_data", 1): lambda s: figures.beyond_the_data(s.system, {"near": s.near, "far": s.far}, reach=5.0),
    ("entropy_hill", 1): lambda s: figures.entropy_hill(s.system, s.data),
}


def draw(figure: Figure) -> None:
    """Draw as a page does; what goes wrong in a figure goes wrong here."""
    figure.savefig(io.BytesIO(), format="png")


def test_every_function_is_tried():
    functions = inspect.getmembers(figures, inspect.isfunction)
    homes = {"ggd_helpers.figures.particle", "ggd_helpers.figures.training"}
    own = {name for name, f in functions if f.__module__ in homes}
    assert {name for name, _ in DRAWINGS} == own


@pytest.mark.parametrize(("name", "dim"), DRAWINGS)
class TestEveryFigure:
    def test_it_is_drawn_without_latex_or_a_complaint_and_no_pyplot_holds_it(self, scenes, name, dim, caplog):
        figure = check_drawn(lambda: DRAWINGS[name, dim](scenes[dim]), caplog)
        assert isinstance(figure, Figure)
        assert not any(text.get_usetex() for text in figure.findobj(Text))

    def test_all_axes_are_labelled(self, scenes, name, dim):
        figure = DRAWINGS[name, dim](scenes[dim])
        for axes in figure.axes:
            beside = [axes, *axes.get_shared_y_axes().get_siblings(axes)]  # one label for panels with a common axis
            assert axes.get_xlabel()
            assert any(each.get_ylabel() for each in beside)

    def test_every_axes_shows_something(self, scenes, name, dim):
        for axes in DRAWINGS[name, dim](scenes[dim]).axes:
            assert axes.lines or axes.collections or axes.patches


def test_the_style_needs_no_latex():
    with plt.style.context(STYLE), plt.rc_context(SIZES):
        assert plt.rcParams["text.usetex"] is False


def test_the_same_call_draws_the_same_picture(scenes):
    pictures = []
    for _ in range(2):
        file = io.BytesIO()
        figures.potentials(scenes[1].models, scenes[1].system).savefig(file, format="png")
        pictures.append(file.getvalue())
    assert pictures[0] == pictures[1]


@pytest.mark.parametrize("points", [16, 100, 601, 2048])
def test_figures_of_any_number_of_points(points):
    """`points` is a parameter of the chapter, 16 or more."""
    system = OverdampedParticle()
    data = simulate(system, trajectories=10, points=points, dt=0.005, seed=1)
    report = evaluate(OverdampedParticle(1.1), data, against(system))
    for figure in (
        figures.entropy_hill(system, data),
        figures.trajectories_1d(data),
        figures.prediction(report.rollout),
    ):
        draw(figure)


@pytest.mark.parametrize("gamma", [0.01, 100.0])
def test_contours_at_any_gamma(gamma):
    system = OverdampedParticle(gamma, dim=2)
    draw(figures.potentials_2d(system, system, Gauge()))


def test_contours_of_an_untrained_model(scenes):
    """What a student sees after too few iterations is a wrong figure, not a warning."""
    scene = scenes[2]
    draw(figures.potentials_2d(scene.far, scene.system, scene.models["far"][1]))


class TestPerfectModel:
    """The known system scored against itself has errors of exactly zero, which no logarithm likes."""

    def test_prediction(self, scenes):
        system, data = scenes[1].system, scenes[1].data
        draw(figures.prediction(evaluate(system, data, []).rollout))

    def test_error_histogram(self, scenes):
        draw(figures.error_histogram({"1D": {"exact": torch.zeros(12), "ours": scenes[1].report.velocity_errors}}))


def test_potentials_draws_each_pair_in_its_gauge():
    system = SteepParticle(1.0, 2.0)
    model = GradientDynamics(ConcaveEntropy(1), IsotropicDissipation(3.0), seed=0)
    gauge = Gauge(scale=2.0, shift=0.7)
    figure = figures.potentials({"learned": (model, gauge)}, system)
    (x, known), (_, learned) = (line.get_data() for line in figure.axes[0].lines)
    states = torch.as_tensor(x)[:, None]
    torch.testing.assert_close(torch.as_tensor(known), system.entropy(states))
    torch.testing.assert_close(torch.as_tensor(learned), gauge.entropy(model, states).detach())
    for axes, at in zip(figure.axes[1:], (0 * states, -states), strict=True):
        (_, known), (_, learned) = (line.get_data() for line in axes.lines)
        torch.testing.assert_close(torch.as_tensor(known), system.dissipation(at, states))
        torch.testing.assert_close(torch.as_tensor(learned), gauge.dissipation(model, at, states).detach())


def test_a_law_that_runs_away_or_is_no_number_does_not_spoil_the_picture(scenes):
    runaway = {"runs away": lambda x: 4 * x, "no number": lambda x: x * float("nan")}
    figure = figures.beyond_the_data(scenes[1].system, runaway, reach=5.0)
    draw(figure)
    known = figure.axes[1].lines[0].get_data()
    assert abs(known[1][0]) == pytest.approx(5.0)
    assert figure.axes[1].get_ylim()[1] < 10


def test_every_test_trajectory_stands_in_the_histogram():
    errors = {"ours": torch.logspace(-14, -12, 26), "thesis": torch.logspace(-7, -5, 11), "exact": torch.zeros(3)}
    (axes,) = figures.error_histogram({"1D": errors}).axes
    filled = [patch for patch in axes.patches if patch.get_fill()]
    for patch, values in zip(filled, errors.values(), strict=True):
        heights = patch.get_xy()[1 : 2 * 40 : 2, 1]  # the outline of 40 bins
        assert heights.sum() == len(values)


def test_contours_are_labelled_with_the_known_values(scenes):
    scene = scenes[2]
    figure = figures.potentials_2d(scene.near, scene.system, scene.models["near"][1])
    for axes, value in zip(figure.axes, (lambda at: -at @ at / 2, lambda at: 1.2 * at @ at / 2), strict=True):
        labels = [text for text in axes.texts if text.get_text()]
        assert len(labels) == 4  # of five lines; the last one runs too near the frame
        for label in labels:
            at = torch.tensor(label.get_position())
            assert float(label.get_text().replace("−", "-")) == pytest.approx(value(at).item(), abs=0.03)


@pytest.fixture(scope="module")
def picture():
    return figures.ParticlePicture()


class TestParticlePicture:
    def test_its_panels_are_labelled_and_no_pyplot_holds_it(self, picture):
        assert not plt.get_fignums()
        assert len(picture.figure.axes) == len(particle_live.PANELS)
        for axes in picture.figure.axes:
            assert axes.get_title()
            assert axes.get_xlabel()
            assert axes.get_ylabel()

    def test_curves_that_are_not_given_vanish(self, picture):
        empty = picture.png({})
        line = torch.linspace(-1, 1, 5).numpy()
        full = picture.png({"entropy": {"known": (line, -(line**2) / 2)}})
        assert full.startswith(b"\x89PNG")
        assert full != empty
        assert picture.png({}) == empty

    @pytest.mark.parametrize("panel", particle_live.PANELS)
    @pytest.mark.parametrize("kind", ["known", "learned", "parabola", "now"])
    def test_every_curve_shows(self, picture, panel, kind):
        line = torch.linspace(0.1, 1, 5).numpy()
        assert picture.png({panel: {kind: (line, line / 10)}}) != picture.png({})


def test_a_figure_that_fails_is_not_left_open(scenes):
    with pytest.raises(IndexError):
        figures.trajectories_1d(scenes[1].data, chosen=(99,))
    assert not plt.get_fignums()


def test_drawing_writes_no_file(scenes, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for (_, dim), drawing in DRAWINGS.items():
        drawing(scenes[dim])
    assert not list(tmp_path.iterdir())
