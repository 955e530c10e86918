"""Figures of laws learned from measurements: what was measured, what was fitted, and how sure it is."""

from collections.abc import Mapping
from dataclasses import dataclass

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure
from torch import Tensor

from ggd_helpers.evaluation.laplace import Band, Laplace
from ggd_helpers.figures.style import COLOURS, KNOWN, LEARNED, learned_line, legend_outside, styled
from ggd_helpers.recordings.measured import Measurements

MARKERS = "os^Dvp"


@dataclass(frozen=True)
class BandPanel:
    """One panel of `error_bands`.

    Attributes:
        along: what is drawn along the axis, `(points,)`.
        band: numbers with deviations, `(points,)`.
        known: the truth, where it is known, `(points,)`.
        xlabel, ylabel: of the axes.
    """

    along: Tensor
    band: Band
    known: Tensor | None = None
    xlabel: str = ""
    ylabel: str = ""


@styled
def error_bands(panels: Mapping[str, BandPanel], level: float = 0.9) -> Figure:
    """Learned functions with the bands that hold the truth with a probability `level`, a panel each."""
    figure, axes = plt.subplots(1, len(panels), figsize=(max(4.2, 3.1 * len(panels)), 3.1), squeeze=False)
    for ax, (title, panel) in zip(axes[0], panels.items(), strict=True):
        low, high = panel.band.edges(level)
        ax.fill_between(panel.along, low, high, color=COLOURS[0], alpha=0.25, lw=0, label=f"{100 * level:.0f} % band")
        if panel.known is not None:
            ax.plot(panel.along, panel.known, **KNOWN, label="known")
        ax.plot(panel.along, panel.band.value, color=COLOURS[0], **LEARNED, label="learned")
        ax.set(title=title, xlabel=panel.xlabel, ylabel=panel.ylabel)
    legend_outside(figure, *axes[0], place="outside lower center")
    return figure


@styled
def fitted_records(data: Measurements, fitted: Laplace, chosen: int = 3) -> Figure:
    """The first records with what was fitted to them, and what is left over of all records.

    Several quantities have a colour each; records of a single one do.
    Axes are as the likelihood saw the values: logarithmic where it took their logarithm.
    """
    seen_at_all = data.observed.any(dim=(0, 1)).tolist()
    names = {c: str(each) for c, each in enumerate(data.quantities) if seen_at_all[c]}
    figure, (left, right) = plt.subplots(1, 2, figsize=(8, 3.1 if len(names) == 1 else 3.7))
    looks = {c: (MARKERS[c % len(MARKERS)], COLOURS[c % len(COLOURS)]) for c in names}
    for k in range(min(chosen, len(data))):
        of_record = MARKERS[k % len(MARKERS)], COLOURS[k % len(COLOURS)]
        for c in names:
            seen, (mark, colour) = data.observed[k, :, c], looks[c] if len(names) > 1 else of_record
            left.plot(data.times[k][seen], data.values[k, :, c][seen], mark, color=colour, ms=4)
            left.plot(data.times[k][seen], fitted.fitted[k, :, c][seen], color=colour, **LEARNED)
    for c, (mark, colour) in looks.items():
        right.plot(data.times, fitted.residuals[..., c], mark, color=colour, ms=3)
        right.plot([], [], mark, color=colour, ms=5, label=names[c])
    if len(names) > 1:
        legend_outside(figure, right, columns=min(len(names), 6))
    time, scale = f"time {data.clock}", "log" if fitted.likelihood.scale is torch.log else "linear"
    quantity = names[0] if len(names) == 1 else "value"
    left.set(xlabel=time, ylabel=f"{quantity}: measured, fitted", yscale=scale)
    for height in (-2, 0, 2):
        right.axhline(height, color="0.7", lw=0.8, zorder=0)
    right.set(xlabel=time, ylabel="value less path (deviations of the noise)")
    return figure


@styled
def held_out(times: Tensor, values: Tensor, paths: Mapping[str, Tensor], cut: int, clock: str, quantity: str) -> Figure:
    """One record, laws that were fitted to its first `cut` values, and how far each is off, before and after.

    Shapes: `times`, `values` and each path `(points,)`.
    """
    figure, (left, right) = plt.subplots(1, 2, figsize=(8.6, 3.4))
    left.plot(times, values, "o", color="0.6", ms=3.5, label="measured")
    for i, (name, path) in enumerate(paths.items()):
        left.plot(times, path, label=name, **learned_line(i))
        right.plot(times, (path - values).abs(), **learned_line(i))
    for ax in (left, right):
        ax.axvspan(times[cut - 1], times[-1], color="0.93", lw=0, zorder=0)
        ax.set(xlabel=clock, xscale="log")
    left.set(ylabel=quantity)
    right.set(ylabel=f"off in {quantity}, absolute", yscale="log", ylim=(1e-5, None))
    legend_outside(figure, left)
    return figure


@dataclass(frozen=True)
class FoundPanel:
    """One panel of `found_functions`.

    Attributes:
        along: what is drawn along the axis, `(points,)`.
        known: the truth, `(points,)`.
        found: what was learned, by its name, `(points,)` each.
        xlabel, ylabel: of the axes.
    """

    along: Tensor
    known: Tensor
    found: Mapping[str, Tensor]
    xlabel: str = ""
    ylabel: str = ""


@styled
def found_functions(panels: Mapping[str, FoundPanel], beyond: float = 0.5) -> Figure:
    """Functions that were learned in several ways beside the known ones; axes reach `beyond` the known one's range."""
    figure, axes = plt.subplots(1, len(panels), figsize=(max(4.2, 3.4 * len(panels)), 3.2), squeeze=False)
    for ax, (title, panel) in zip(axes[0], panels.items(), strict=True):
        ax.plot(panel.along, panel.known, **KNOWN, label="known")
        for i, (name, values) in enumerate(panel.found.items()):
            ax.plot(panel.along, values, label=name, **learned_line(i))
        low, high = panel.known.min().item(), panel.known.max().item()
        margin = beyond * (high - low)
        ax.set(title=title, xlabel=panel.xlabel, ylabel=panel.ylabel, ylim=(low - margin, high + margin))
    legend_outside(figure, *axes[0], place="outside lower center")
    return figure
