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
