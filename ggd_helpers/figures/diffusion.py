"""Figures of the diffusion chapter: profiles over place and time, errors by frame and by wave, learned densities."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure
from torch import Tensor

from ggd_helpers.evaluation.laplace import Band
from ggd_helpers.figures.style import COLOURS, DASHES, KNOWN, LEARNED, legend_outside, styled
from ggd_helpers.grids import PeriodicGrid
from ggd_helpers.recordings.regular import Trajectories

HATCHES = ("", "///", "...", "xxx")


def _thirds(frames: int) -> list[int]:
    """The first frame, those at one third and two thirds, and the last."""
    return [0, (frames - 1) // 3, 2 * (frames - 1) // 3, frames - 1]


def _place(fields: Tensor) -> Tensor:
    cells = fields.shape[-1]
    return torch.arange(cells, dtype=torch.float64) / cells


@styled
def profiles(sets: Mapping[str, Trajectories], chosen: int = 0) -> Figure:
    """A trajectory of each set: the concentration at the beginning, 1/3, 2/3 and the end (thesis, Fig. 4.17)."""
    figure, axes = plt.subplots(1, len(sets), figsize=(2.1 * len(sets), 2.6))
    shades = plt.get_cmap("viridis")(torch.linspace(0, 0.85, 4).tolist())
    for ax, (title, data) in zip(axes, sets.items(), strict=True):
        for frame, shade, dashes in zip(_thirds(data.states.shape[1]), shades, DASHES, strict=False):
            label = f"$t = {data.times[frame]:.2g}$"
            ax.plot(_place(data.states), data.states[chosen, frame], dashes, color=shade, label=label)
        ax.set(title=title, xlabel="place $x$")
    axes[0].set(ylabel="concentration $c$")
    legend_outside(figure, axes[0], columns=4)
    return figure


@styled
def field_comparison(
    test: Trajectories, rollouts: Mapping[str, Tensor], errors: Mapping[str, Tensor], chosen: int = 0
) -> Figure:
    """A test trajectory against each model's own at four times, and the errors of all (thesis, Fig. 4.19 to 4.21).

    `rollouts` holds the four frames of each model, `(4, n)`; `errors` its mean squared errors, `(trajectory,)`. What
    leaves the simulated range by far leaves the picture.
    """
    figure = plt.figure(figsize=(8, 4.6))
    above, below = figure.subfigures(2, 1, squeeze=False, height_ratios=[1.25, 1])[:, 0]
    axes = above.subplots(1, 4, sharey=True)
    for j, (ax, frame) in enumerate(zip(axes, _thirds(test.states.shape[1]), strict=True)):
        ax.plot(_place(test.states), test.states[chosen, frame], **KNOWN, label="simulated")
        for i, (label, path) in enumerate(rollouts.items()):
            ax.plot(_place(path), path[j], DASHES[1 + i], color=COLOURS[i], lw=1.6, label=label)
        ax.set(title=f"$t = {test.times[frame]:.2g}$", xlabel="place $x$")
    low, high = test.states[chosen].min().item(), test.states[chosen].max().item()
    axes[0].set(ylabel="concentration $c$", ylim=(low - 0.2 * (high - low), high + 0.2 * (high - low)))
    legend_outside(above, axes[0])
    spread = below.subplots()
    logarithms = [values[values.isfinite()].clamp_min(1e-32).log10() for values in errors.values()]
    for i, (label, values) in enumerate(zip(errors, logarithms, strict=True)):
        reach = (torch.cat(logarithms).min().item(), torch.cat(logarithms).max().item())
        spread.hist(values, bins=40, range=reach, alpha=0.6, label=label, color=COLOURS[i], hatch=HATCHES[i])
    spread.set(xlabel="$\\log_{10}$ of the mean squared velocity error (1/time$^2$), one count a test trajectory")
    spread.set(ylabel="trajectories")
    legend_outside(below, spread, place="outside right center", columns=1)
    return figure


@styled
def floor_by_frame(floors: Mapping[str, Tensor], dt: float) -> Figure:
    """What the exact law scores against each target, frame by frame, `(time,)` each."""
    figure, axes = plt.subplots(figsize=(6.4, 2.9))
    for i, (label, values) in enumerate(floors.items()):
        times = dt * torch.arange(len(values))
        line = {"color": COLOURS[i], "ls": DASHES[i], "marker": "os^"[i], "ms": 3, "lw": 0.8}
        axes.semilogy(times, values.clamp_min(1e-22), **line, label=label)
    axes.set(xlabel="time of the frame", ylabel="error of the $\\mathit{exact}$ law (1/time$^2$)")
    legend_outside(figure, axes, columns=len(floors))
    return figure


@styled
def waves(spectra: Mapping[str, Tensor], highest: int) -> Figure:
    """Mean squares by wave number, `(waves,)` each; beyond `highest` the training data hold nothing."""
    figure, axes = plt.subplots(figsize=(6.8, 3.4))
    for i, (label, values) in enumerate(spectra.items()):
        line = {"color": COLOURS[i], "ls": DASHES[i % 4], "marker": "os^d"[i % 4], "ms": 3}
        axes.semilogy(range(1, len(values)), values[1:].clamp_min(1e-12), **line, label=label)
    last = len(next(iter(spectra.values())))
    axes.axvspan(highest + 0.5, last - 0.5, color="0.9", zorder=0)
    axes.text(0.5 * (highest + last), 1.02, f"above {highest}: never in the training set",
              transform=axes.get_xaxis_transform(), ha="center", color="0.3", fontsize=9)  # fmt: skip
    axes.set(xlabel="wave number $n$", ylabel="mean square of velocity (1/time$^2$)")
    legend_outside(figure, axes, columns=2)
    return figure


@styled
def densities(
    c: Tensor, conjugates: Mapping[str, Tensor], mobilities: Mapping[str, Tensor], products: Mapping[str, Tensor]
) -> Figure:
    """Slopes `s'(c)`, mobilities and their product, the diffusivity; the first entry of each is the known one."""
    figure, axes = plt.subplots(1, 3, figsize=(9, 3))
    for ax, curves in zip(axes, (conjugates, mobilities, products), strict=True):
        for i, (label, values) in enumerate(curves.items()):
            style = KNOWN if i == 0 else LEARNED | {"color": COLOURS[i - 1], "ls": DASHES[i % 4]}
            ax.plot(c.squeeze(), values.squeeze(), **style, label=label)
        ax.set(xlabel="concentration $c$")
    axes[2].set_ylim(0, 1.6 * next(iter(products.values())).max().item())
    axes[0].set(ylabel="$c^* = s'(c)$", title="slope of the entropy density")
    axes[1].set(ylabel="$\\tilde D(c)$ (length$^2$/time)", title="mobility")
    axes[2].set(ylabel="$-\\tilde D(c)\\, s''(c)$ (length$^2$/time)", title="their product: the diffusivity")
    legend_outside(figure, axes[0], columns=len(conjugates))
    return figure


@styled
def diffusivities(
    c: Tensor, curves: Mapping[str, Tensor], seen: Tensor, bands: Mapping[str, Band] | None = None
) -> Figure:
    """Diffusivities `D(c)`, and below them how often each concentration occurs in the training data `seen`.

    `bands` holds what shades 90 % about some of the curves, by their labels, of the shape of `c`.
    """
    bands = bands or {}
    figure, (above, below) = plt.subplots(2, 1, figsize=(6.4, 3.9), sharex=True, height_ratios=[3, 1])
    for i, (label, values) in enumerate(curves.items()):
        line = KNOWN if label == "known" else {"color": COLOURS[i], "ls": DASHES[i % 4], "lw": 1.6}
        above.plot(c.squeeze(), values.squeeze(), **line, label=label)
        if label in bands:
            low, high = (edge.squeeze() for edge in bands[label].edges())
            above.fill_between(c.squeeze(), low, high, color=COLOURS[i], alpha=0.25, lw=0, label="90 % band")
    above.set(ylabel="$D(c)$ (length$^2$/time)", ylim=(0, None))
    below.hist(seen.flatten(), bins=60, range=(c.min().item(), c.max().item()), color="0.6")
    below.set(xlabel="concentration $c$", ylabel="cells seen", yscale="log")
    legend_outside(figure, above, columns=len(curves) + len(bands))
    return figure


@styled
def pictures(grid: PeriodicGrid, rows: Mapping[str, Tensor], times: Sequence[float]) -> Figure:
    """Fields in the plane at several times, `(time, n)` for each row."""
    figure, axes = plt.subplots(len(rows), len(times), figsize=(1.7 * len(times), 1.9 * len(rows)), squeeze=False)
    for line, (label, fields) in zip(axes, rows.items(), strict=True):
        for ax, field, time in zip(line, fields, times, strict=True):
            image = ax.imshow(field.unflatten(-1, grid.shape).numpy(), cmap="viridis", vmin=0, vmax=rows[label].max())
            ax.set(title=f"$t = {time:.2g}$", xticks=[], yticks=[])
        line[0].set_ylabel(label)
        figure.colorbar(image, ax=list(line), shrink=0.8, label="concentration $c$")
    return figure


@styled
def spot(grid: PeriodicGrid, start: Tensor, curves: Mapping[str, Tensor]) -> Figure:
    """A spot that spreads, and how far each curve is from the first one."""
    x = grid.coordinates()[0]
    figure, (left, right) = plt.subplots(1, 2, figsize=(8.4, 3.1))
    left.plot(x, start, ":", color="0.5", label="start")
    (first, exact), *others = curves.items()
    left.plot(x, exact, **KNOWN, label=first)
    for i, (label, values) in enumerate(others):
        left.plot(x, values, color=COLOURS[i], ls=DASHES[1 + i], lw=1.6, label=label)
        right.plot(x, values - exact, color=COLOURS[i], lw=2.5 - i, ls=DASHES[1 + i])
    left.set(xlabel="place $x$", ylabel="concentration $c$")
    right.set(xlabel="place $x$", ylabel=f"distance from {first}")
    legend_outside(figure, left, columns=2 + len(others))
    return figure
