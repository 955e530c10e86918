"""Figures of measured data: what is drawn is what was given."""

import matplotlib.pyplot as plt
import numpy as np
import torch

import ggd_helpers as ggd


def test_a_band_lies_between_its_edges():
    along = torch.linspace(0, 1, 5).double()
    band = ggd.Band(along**2, 0.1 + along)
    panel = ggd.figures.BandPanel(along, band, known=along, xlabel="$x$", ylabel="$S$")
    figure = ggd.figures.error_bands({"entropy": panel, "again": panel}, level=0.6827)
    ax = figure.axes[0]
    drawn = ax.collections[0].get_paths()[0].vertices
    for x, middle, deviation in zip(along, band.value, band.deviation, strict=True):
        heights = drawn[np.isclose(drawn[:, 0], x), 1]
        assert np.isclose(heights.min(), middle - deviation, atol=1e-4)
        assert np.isclose(heights.max(), middle + deviation, atol=1e-4)
    assert (ax.get_title(), ax.get_xlabel(), ax.get_ylabel()) == ("entropy", "$x$", "$S$")
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["68 % band", "known", "learned"]


def test_records_are_drawn_where_they_were_measured():
    system = ggd.OverdampedParticle()
    clean = ggd.simulate(system, trajectories=4, points=21, dt=0.1, seed=20)
    data = ggd.measure(clean, ggd.uneven_instants(clean, 6, seed=20), noise=0.05, seed=20, lost=0.2)
    law = ggd.OverdampedParticle(gamma=1.1)
    law.dissipation.requires_grad_(True)
    fitted = ggd.Laplace.of(law, data)
    figure = ggd.figures.fitted_records(data, fitted, chosen=1)
    marks, line = figure.axes[0].lines
    seen = data.observed[0, :, 0]
    np.testing.assert_allclose(marks.get_ydata(), data.values[0, seen, 0])
    start, times = fitted.starts[0, 0].item(), data.times[0, seen]
    np.testing.assert_allclose(line.get_ydata(), start * torch.exp(-1.1 * times), atol=1e-4)
    plt.close("all")


def test_laws_are_judged_on_what_lies_behind_the_cut():
    times, values = torch.arange(1, 7).double(), torch.tensor([3.0, 2.0, 1.5, 1.2, 1.1, 1.0]).double()
    paths = {"first": values + 0.1, "second": values - torch.tensor([0, 0, 0, 0.2, 0.3, 0.4]).double()}
    left, right = ggd.figures.held_out(times, values, paths, 3, "time", "$M$").axes
    np.testing.assert_allclose(left.lines[0].get_ydata(), values)
    np.testing.assert_allclose(right.lines[0].get_ydata(), 0.1)
    np.testing.assert_allclose(right.lines[1].get_ydata()[3:], [0.2, 0.3, 0.4])
    grey = left.patches[0].get_extents().transformed(left.transData.inverted())
    np.testing.assert_allclose([grey.x0, grey.x1], [3.0, 6.0])
    assert left.get_xscale() == right.get_xscale() == right.get_yscale() == "log"


def test_functions_that_were_found_stand_beside_the_known_one():
    along = torch.linspace(-1, 1, 5).double()
    panel = ggd.figures.FoundPanel(along, along, {"far off": 10 * along, "near": 1.01 * along}, "$x$", "$S'$")
    figure = ggd.figures.found_functions({"slope": panel})
    (ax,) = figure.axes
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["known", "far off", "near"]
    np.testing.assert_allclose(ax.lines[2].get_ydata(), 1.01 * along)
    assert ax.get_ylim() == (-2.0, 2.0)  # what is far off does not press the others flat
