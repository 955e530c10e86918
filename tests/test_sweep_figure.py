"""The figure of a sweep: medians and ranges are where the numbers say, and nothing lies over them."""

import itertools

import numpy as np
import pytest
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure

from ggd_helpers.figures.sweep import MOST_LINES, against_parameters


def runs(**values) -> list[dict]:
    """Every combination, with a number that is the product of all but the seed, times 1 + the seed."""
    found = [dict(zip(values, each, strict=True)) for each in itertools.product(*values.values())]
    for run in found:
        numbers = [value for name, value in run.items() if name != "seed" and not isinstance(value, str)]
        run["1d.mse"] = float(np.prod(numbers)) * (1 + run.get("seed", 0))
    return found


def lines(figure: Figure, panel: int = 0) -> list[tuple[list[float], list[float]]]:
    return [(list(line.get_xdata()), list(line.get_ydata())) for line in figure.axes[panel].lines]


def bands(figure: Figure, panel: int = 0) -> list[tuple[float, float]]:
    """The lowest and the highest of each band."""
    found = [each for each in figure.axes[panel].collections if isinstance(each, PolyCollection)]
    heights = [band.get_paths()[0].vertices[:, 1] for band in found]
    return [(float(y.min()), float(y.max())) for y in heights]


def test_the_line_is_the_median_and_the_band_the_range_of_the_seeds():
    figure = against_parameters(runs(gamma=[1.0, 2.0], seed=[0.0, 1.0, 4.0]), ["gamma", "seed"], "1d.mse")
    assert len(figure.axes) == 1
    assert lines(figure) == [([1.0, 2.0], [2.0, 4.0])]
    assert bands(figure) == [(1.0, 10.0)]
    assert figure.get_suptitle() == "median and range over 3 seeds"
    assert figure.axes[0].get_xlabel() == "gamma"
    assert figure.axes[0].get_ylabel() == "1d.mse"


def test_every_parameter_has_a_panel_and_the_values_of_the_others_lines():
    figure = against_parameters(runs(gamma=[1.0, 100.0], points=[2.0, 3.0]), ["gamma", "points"], "1d.mse")
    assert [axis.get_xlabel() for axis in figure.axes] == ["gamma", "points"]
    assert lines(figure, 0) == [([1.0, 100.0], [2.0, 200.0]), ([1.0, 100.0], [3.0, 300.0])]
    assert [axis.get_xscale() for axis in figure.axes] == ["log", "linear"]
    assert figure.axes[0].get_yscale() == "log"
    assert bands(figure) == []
    labels = [[text.get_text() for text in axis.get_legend().get_texts()] for axis in figure.axes]
    assert labels == [["points = 2", "points = 3"], ["gamma = 1", "gamma = 100"]]


def test_legends_and_title_lie_over_nothing():
    values = {"gamma": [0.1, 1.0, 10.0, 100.0], "points": [2.0, 3.0, 5.0], "seed": [0.0, 1.0, 2.0]}
    figure = against_parameters(runs(**values), list(values), "1d.mse")
    figure.draw_without_rendering()
    boxes = [figure._suptitle.get_window_extent()]
    for axis in figure.axes:
        boxes += [axis.get_legend().get_window_extent(), axis.get_window_extent()]
    touching = [(a, b) for a, b in itertools.combinations(boxes, 2) if a.shrunk(0.99, 0.99).overlaps(b)]
    assert not touching


def test_more_lines_than_can_be_told_apart_become_a_band():
    many = [float(i) for i in range(1, MOST_LINES + 2)]
    figure = against_parameters(runs(gamma=[1.0, 2.0], points=many), ["gamma", "points"], "1d.mse")
    assert lines(figure) == [([1.0, 2.0], [4.0, 8.0])]
    assert bands(figure) == [(1.0, 14.0)]


def test_the_seed_alone_and_texts_have_panels_too():
    figure = against_parameters(runs(seed=[0.0, 1.0]), ["seed"], "1d.mse")
    assert lines(figure) == [([0.0, 1.0], [1.0, 2.0])]
    assert figure.get_suptitle() == ""
    texts = ["A <-> B | kf=2, a long one", "C <-> D"]
    figure = against_parameters(runs(reactions=texts, seed=[0.0, 1.0]), ["reactions", "seed"], "1d.mse")
    assert lines(figure) == [([0, 1], [1.5, 1.5])]
    assert [label.get_text() for label in figure.axes[0].get_xticklabels()] == ["A <-> B | kf=2,…", "C <-> D"]


@pytest.mark.parametrize("values", [[0.0, 50.0], [-1.0, 1.0]])
def test_what_has_no_logarithm_stands_on_an_even_axis(values: list[float]):
    figure = against_parameters(runs(gamma=values), ["gamma"], "1d.mse")
    assert (figure.axes[0].get_xscale(), figure.axes[0].get_yscale()) == ("linear", "linear")
