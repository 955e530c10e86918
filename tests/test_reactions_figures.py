"""Figures of the reactions chapter: what is drawn is what formulas written by hand say, with labels to read."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from conftest import check_drawn, functions_of, normal
from matplotlib.legend import Legend
from matplotlib.text import Text
from numpy.testing import assert_allclose
from scipy.integrate import solve_ivp

from ggd_helpers import figures
from ggd_helpers.dynamics.gradient import GradientDynamics
from ggd_helpers.evaluation.report import Rollout
from ggd_helpers.potentials.general import FormulaDissipation, FormulaEntropy, IsotropicDissipation, QuadraticEntropy
from ggd_helpers.potentials.reactions import AffinityDissipation
from ggd_helpers.recordings.simulate import simulate
from ggd_helpers.systems.reactions import MassActionReactions

pytestmark = pytest.mark.filterwarnings("error")

RATE = 3.0  # of the second reaction, both ways: every reference value Q is -1 then, and formulas are short
SYSTEM = MassActionReactions(f"A + 2 B <-> C; C + D <-> A | kf={RATE}, kb={RATE}")
OTHER = GradientDynamics(
    FormulaEntropy(lambda c: -(c**2).sum(-1)), FormulaDissipation(lambda c, y: c[..., 0] * (y**2).sum(-1))
)
C = np.linspace(0.01, 1, 80)  # along a concentration
X = np.linspace(-8, 8, 161)  # along an affinity


def entropy(c):
    return -(c * (np.log(c) - 1)).sum(-1)


def velocity(t, c):
    first, second = c[0] * c[1] ** 2 - c[2], RATE * (c[2] * c[3] - c[0])
    return [second - first, -2 * first, first - second, -second]


def concentrations(data):
    path = data.states[2].numpy()
    a, b, c, d = path.T
    end = solve_ivp(velocity, (0, 1000), path[0], "Radau", rtol=1e-9, atol=1e-12).y[:, -1]
    amounts = {"A + C": a + c, "2 A - B + 2 D": 2 * a - b + 2 * d}
    figure = figures.concentrations(SYSTEM, data, chosen=2)
    assert [line.get_label() for line in figure.axes[2].lines] == list(amounts)
    t = 0.05 * np.arange(64)
    return figure, [
        [(t, curve) for curve in (a, b, c, d)],
        [(t, entropy(path)), ([0, 1], 2 * [entropy(end)])],
        [(t, amount) for amount in amounts.values()],
    ]


def predicted_concentrations(data):
    off = torch.linspace(0, 1, 32, dtype=torch.float64)[:, None]
    rollout = Rollout(data.states[:, ::2] + off, data.states[:, ::2], data.times[::2])
    known, t = data.states[3, ::2].T.numpy(), 0.1 * np.arange(32)
    made = known + off[:, 0].numpy()
    both = [(t, curve) for pair in zip(known, made, strict=True) for curve in pair]
    figure = figures.predicted_concentrations(SYSTEM, rollout, chosen=3)
    return figure, [both, [(t[1:], 2 * off[1:, 0].numpy())]]  # four species, each off by that much


def dissipation_slices(data):
    along = np.linspace(-1.5, 1.5, 81)
    first, second = 4 * np.sqrt(0.5**4), 4 * RATE * np.sqrt(0.5**3)
    nu = {"A": (-1, 1), "B": (-2, 0), "C": (1, -1), "D": (0, -1)}
    known = [first * (np.cosh(n * along / 2) - 1) + second * (np.cosh(m * along / 2) - 1) for n, m in nu.values()]
    figure = figures.dissipation_slices({"other": OTHER.dissipation}, SYSTEM)
    return figure, [[(along, curve), (along, 0.5 * along**2)] for curve in known]


def entropy_slices(data):
    known = -C * (np.log(C) - 1) + 3 * 0.5 * (np.log(2) + 1)
    first, others = 2 * C, np.ones_like(C)  # of 2 c_A, along c_A and where c_A = 1/2
    constant = known.mean() - (first.mean() + 3 * others.mean()) / 4  # one for all four panels
    figure = figures.entropy_slices({"line": lambda c: 7 + 2 * c[..., 0]}, SYSTEM)
    return figure, [[(C, known), (C, line + constant)] for line in (first, others, others, others)]


def entropy_derivatives(data):
    return figures.entropy_derivatives({"other": OTHER.conjugate}, SYSTEM), [[(C, -np.log(C)), (C, -2 * C)]] * 4


def visited(data):
    a, b = -np.log(data.states[:, ::32, :2].flatten(0, 1).numpy().T)
    cross = [([-1.5, 1.5], [0, 0]), ([0, 0], [-1.5, 1.5])]
    return figures.visited(SYSTEM, data), [[(a, b), *cross], [([0, 0], [0, 1])]]


def worth_of_knowledge(data):
    return figures.worth_of_knowledge(WORTH), [[], [], []]


def linear_regime(data):
    c = torch.tensor([0.2, 0.4, 0.9, 0.5], dtype=torch.float64)
    w = 4 * RATE * np.sqrt(0.9 * 0.5 * 0.2)
    xi, rate = w * (np.cosh(X / 2) - 1), -w / 2 * np.sinh(X / 2)  # above X = 0 a reaction runs backwards
    figure = figures.linear_regime(SYSTEM, c, reaction=1)
    assert figure.get_suptitle() == "C + D <-> A"
    return figure, [[(X, xi), (X, w * X**2 / 8)], [(X, rate), (X, -w * X / 4)]]


def fixed_or_along(data):
    """`A <-> B`: along `c_A + c_B = 1` the rate is `c_A - c_B = -tanh(X/2)`, at `c = 1/2` it is `-sinh(X/2)`."""
    a = np.linspace(0.01, 0.99, 197)
    x = np.log((1 - a) / a)
    mobilities = [(x, np.full_like(x, 2)), (x, 4 * np.sqrt(a * (1 - a)))]
    return figures.fixed_or_along(MassActionReactions("A <-> B")), [
        [(x, -np.sinh(x / 2)), (x, -np.tanh(x / 2)), (x, -x / 2)], mobilities,
    ]  # fmt: skip


def from_outside(data):
    t, paths = torch.arange(5), {name: normal((5, 4), seed) for seed, name in enumerate(("law", "one", "two"))}
    figure = figures.from_outside(SYSTEM, paths, t)
    return figure, [[(t, path[:, i]) for path in paths.values()] for i in range(4)]


def same_reaction(data):
    """`A <-> B` from a cosh, and from two parabolas: `c* = -c`, `dc/dt = nu nu^T c*`."""
    system = MassActionReactions("A <-> B | kf=2, kb=0.5")
    parabola = AffinityDissipation(system.stoichiometry, IsotropicDissipation())
    a = np.linspace(0.02, 0.98, 97)
    b = 1 - a
    curves = [
        (-a * (np.log(a) + np.log(2) - 1) - b * (np.log(b) - np.log(2) - 1), np.log(b / a / 4), b / 2 - 2 * a),
        (-(a**2 + b**2) / 2, b - a, b - a),
    ]
    models = {"mass action": system, "parabolas": GradientDynamics(QuadraticEntropy(torch.eye(2)), parabola)}
    return figures.same_reaction(models, system), [
        [(a, s - s.max()) for s, _, _ in curves],
        [(a, force) for _, force, _ in curves],
        [(force, flux) for _, force, flux in curves],
        [(a, flux) for _, _, flux in curves],
    ]


WORTH = {
    "nothing": {"velocity_mse": 1e-3, "outside_mse": 2.0, "conservation_drift": 0.4, "entropy_error": 9.0},
    "all": {"velocity_mse": 1e-9, "outside_mse": 1e-5, "conservation_drift": 0.0, "entropy_error": 8.0},
}
DRAWINGS = {
    drawing.__name__: drawing
    for drawing in (
        concentrations, predicted_concentrations, dissipation_slices, entropy_slices, entropy_derivatives, visited,
        worth_of_knowledge, linear_regime, fixed_or_along, from_outside, same_reaction,
    )
}  # fmt: skip
# Their first panel's label is for all.
ONE_QUANTITY = {"dissipation_slices", "entropy_slices", "entropy_derivatives", "from_outside"}


@pytest.fixture(scope="module")
def data():
    return simulate(SYSTEM, trajectories=10, points=64, dt=0.05, seed=1)


def test_every_function_is_tried():
    assert functions_of(figures, "ggd_helpers.figures.reactions") == set(DRAWINGS)


@pytest.mark.parametrize("name", DRAWINGS)
def test_the_lines_are_the_formulas(data, name):
    figure, truth = DRAWINGS[name](data)
    assert len(figure.axes) == len(truth)
    for axes, curves in zip(figure.axes, truth, strict=True):
        assert len(axes.lines) == len(curves)
        for line, (x, y) in zip(axes.lines, curves, strict=True):
            assert_allclose(line.get_xdata(), x, rtol=1e-9, atol=1e-12)
            assert_allclose(line.get_ydata(), y, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("name", DRAWINGS)
def test_a_figure_is_drawn_with_labels_to_read_and_left_to_the_page(data, name, caplog):
    figure = check_drawn(lambda: DRAWINGS[name](data)[0], caplog)
    for axes in figure.axes:
        assert axes.get_xlabel()
        assert (figure.axes[0] if name in ONE_QUANTITY else axes).get_ylabel() or name == "worth_of_knowledge"  # rows
    assert not any(text.get_usetex() for text in figure.findobj(Text))
    for text in words(figure):
        box, page = text.get_window_extent(), figure.bbox
        assert text.get_fontsize() >= 7
        assert page.x0 <= box.x0 < box.x1 <= page.x1, text
        assert page.y0 <= box.y0 < box.y1 <= page.y1, text


def words(figure):
    """Every title, label of an axis and entry of a legend that is not empty."""
    texts = [text for axes in figure.axes for text in (axes.title, axes.xaxis.label, axes.yaxis.label)]
    texts += [text for legend in figure.findobj(Legend) for text in legend.get_texts()]
    return [text for text in texts if text.get_text()]


@pytest.mark.parametrize(
    ("name", "legend"),
    [
        ("concentrations", ["A", "B", "C", "D"]),
        ("predicted_concentrations", ["A", "B", "C", "D"]),
        ("dissipation_slices", ["known", "other"]),
        ("entropy_slices", ["known", "line"]),
        ("entropy_derivatives", ["known", "other"]),
        ("visited", ["visited", "slices of $\\Xi$"]),
        ("linear_regime", ["$W (\\cosh(X/2) - 1)$", "$W X^2/8$"]),
        ("fixed_or_along", ["at fixed $c$", "along the states", "Onsager's line"]),
        ("from_outside", ["known", "one", "two"]),
        ("same_reaction", ["mass action", "parabolas"]),
    ],
)
def test_the_legend_names_the_lines(data, name, legend):
    figure, _ = DRAWINGS[name](data)
    (shown, *_) = figure.legends or [figure.axes[0].get_legend()]
    assert [text.get_text() for text in shown.get_texts()] == legend


def test_the_histogram_counts_visited_states_by_their_distance_from_the_middle(data):
    figure, _ = visited(data)
    distance = np.abs(data.states[:, ::32].flatten(0, 1).numpy() - 0.5).max(-1)
    counts, edges = np.histogram(distance, bins=40)
    assert_allclose([bar.get_height() for bar in figure.axes[1].patches], counts)
    assert_allclose([bar.get_x() for bar in figure.axes[1].patches], edges[:-1], rtol=1e-9)


def test_bars_are_the_errors_of_their_rows_from_the_top(data):
    figure, _ = worth_of_knowledge(data)
    widths = [[bar.get_width() for bar in axes.patches] for axes in figure.axes]
    assert_allclose(widths, [[1e-3, 1e-9], [2.0, 1e-5], [0.4, 1e-17]])  # a logarithm shows no 0
    assert [axes.get_xscale() for axes in figure.axes] == ["log"] * 3
    assert [axes.get_title() for axes in figure.axes] == [
        "velocity, test data", "velocity, outside", "conserved quantities",
    ]  # fmt: skip
    first = figure.axes[0]
    assert [label.get_text() for label in first.get_yticklabels()] == ["nothing", "all"]
    assert first.get_ylim()[0] > first.get_ylim()[1]


@pytest.mark.parametrize("drawing", [linear_regime, from_outside])
def test_the_band_marks_where_the_law_is_linear_or_trained(data, drawing):
    figure, _ = drawing(data)
    low, high = {"linear_regime": (-1, 1), "from_outside": (0.001, 1)}[drawing.__name__]
    for axes in figure.axes:
        (band,) = axes.patches
        box = band.get_bbox()
        assert (box.intervalx if drawing is linear_regime else box.intervaly).tolist() == [low, high]


@pytest.mark.parametrize("species", [1, 2, 5, 9])
def test_every_species_has_a_panel(species):
    names = "ABCDEFGHI"[:species]
    text = "A <-> 2 A" if species == 1 else "; ".join(f"{a} <-> {b}" for a, b in pairwise(names))
    figure = figures.entropy_derivatives({}, MassActionReactions(text))
    shown = [axes for axes in figure.axes if axes.get_visible()]
    assert [axes.get_xlabel() for axes in shown] == [f"$c_{{{name}}}$" for name in names]
    assert all(len(axes.lines) == 1 for axes in shown)
