"""Figures of the diffusion chapter: profiles over place and time, errors by frame and by wave, learned densities."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure
from torch import Tensor

from ggd_helpers.figures.style import COLOURS, KNOWN, LEARNED, styled
from ggd_helpers.grids import PeriodicGrid
from ggd_helpers.recordings.regular import Trajectories


def _thirds(frames: int) -> list[int]:
    """The first frame, those at one third and two thirds, and the last."""
    return [0, (frames - 1) // 3, 2 * (frames - 1) // 3, frames - 1]


def _place(fields: Tensor) -> Tensor:
    cells = fields.shape[-1]
    return torch.arange(cells, dtype=torch.float64) / cells


@styled
def profiles(sets: Mapping[str, Trajectories], chosen: int = 0) -> Figure:
    """A trajectory of each set: the concentration at the beginning, 1/3, 2/3 and the end (thesis, Fig. 4.17)."""
    figure, axes = plt.subplots(1, len(sets), figsize=(2.2 * len(sets), 2.3))
    shades = plt.get_cmap("viridis")(torch.linspace(0, 0.85, 4).tolist())
    for ax, (title, data) in zip(axes, sets.items(), strict=True):
        for frame, shade in zip(_thirds(data.states.shape[1]), shades, strict=True):
            ax.plot(
                _place(data.states), data.states[chosen, frame], color=shade, label=f"$t = {data.times[frame]:.2g}$"
            )
        ax.set(title=title, xlabel="place $x$")
    axes[0].set(ylabel="concentration $c$")
    axes[0].legend(fontsize=7)
    return figure


@styled
def field_comparison(
    test: Trajectories, rollouts: Mapping[str, Tensor], errors: Mapping[str, Tensor], chosen: int = 0
) -> Figure:
    """A test trajectory against each model's own at four times, and the errors of all (thesis, Fig. 4.19 to 4.21).

    `rollouts` holds the four frames of each model, `(4, n)`; `errors` its mean squared errors, `(trajectory,)`. What
    leaves the simulated range by far leaves the picture.
    """
    figure, axes = plt.subplots(1, 5, figsize=(10.5, 2.3), width_ratios=[1, 1, 1, 1, 1.5])
    for j, (ax, frame) in enumerate(zip(axes, _thirds(test.states.shape[1]), strict=False)):
        ax.plot(_place(test.states), test.states[chosen, frame], **KNOWN, label="simulated")
        for i, (label, path) in enumerate(rollouts.items()):
            ax.plot(_place(path), path[j], color=COLOURS[i], **LEARNED, label=label)
        ax.set(title=f"$t = {test.times[frame]:.2g}$", xlabel="place $x$")
        ax.sharey(axes[0])
        ax.label_outer()
    low, high = test.states[chosen].min().item(), test.states[chosen].max().item()
    axes[0].set(ylabel="concentration $c$", ylim=(low - 0.2 * (high - low), high + 0.2 * (high - low)))
    axes[0].legend(fontsize=7)
    for i, (label, values) in enumerate(errors.items()):
        axes[4].hist(values.clamp_min(1e-32).log10(), bins=12, alpha=0.6, label=label, color=COLOURS[i])
    axes[4].set(xlabel="$\\log_{10}$ mean squared velocity error", ylabel="test trajectories", title="all of them")
    axes[4].legend(fontsize=7)
    return figure


@styled
def floor_by_frame(floors: Mapping[str, Tensor], dt: float) -> Figure:
    """What the exact law scores against each target, frame by frame, `(time,)` each."""
    figure, axes = plt.subplots(figsize=(5, 2.8))
    for i, (label, values) in enumerate(floors.items()):
        times = dt * torch.arange(len(values))
        axes.semilogy(times, values.clamp_min(1e-22), ".-", ms=3, lw=0.8, color=COLOURS[i], label=label)
    axes.set(xlabel="time of the frame", ylabel="error of the $\\mathit{exact}$ law")
    axes.legend()
    return figure


@styled
def waves(spectra: Mapping[str, Tensor], highest: int) -> Figure:
    """Mean squares by wave number, `(waves,)` each; beyond `highest` the training data hold nothing."""
    figure, axes = plt.subplots(figsize=(5.6, 3))
    for i, (label, values) in enumerate(spectra.items()):
        axes.semilogy(range(1, len(values)), values[1:].clamp_min(1e-12), ".-", color=COLOURS[i], label=label)
    axes.axvspan(highest + 0.5, len(next(iter(spectra.values()))) - 0.5, color="0.9", zorder=0)
    middle = 0.5 * (highest + len(next(iter(spectra.values()))))
    axes.text(middle, 0.5, "never seen\nin training", transform=axes.get_xaxis_transform(), ha="center", color="0.3")
    axes.set(xlabel="wave number $n$", ylabel="mean square of the velocity")
    axes.legend(fontsize=8, loc="upper left", bbox_to_anchor=(1, 1))
    return figure


@styled
def densities(
    c: Tensor, conjugates: Mapping[str, Tensor], mobilities: Mapping[str, Tensor], products: Mapping[str, Tensor]
) -> Figure:
    """Slopes `s'(c)`, mobilities and their product, the diffusivity; the first entry of each is the known one."""
    figure, axes = plt.subplots(1, 3, figsize=(9, 2.6))
    for ax, curves in zip(axes, (conjugates, mobilities, products), strict=True):
        for i, (label, values) in enumerate(curves.items()):
            style = KNOWN if i == 0 else LEARNED | {"color": COLOURS[i - 1]}
            ax.plot(c.squeeze(), values.squeeze(), **style, label=label)
        ax.set(xlabel="concentration $c$")
    axes[0].legend(fontsize=8)
    axes[2].set_ylim(0, 1.6 * next(iter(products.values())).max().item())
    axes[0].set(ylabel="$c^* = s'(c)$", title="slope of the entropy density")
    axes[1].set(ylabel="$\\tilde D(c)$", title="mobility")
    axes[2].set(ylabel="$-\\tilde D(c)\\, s''(c)$", title="their product: the diffusivity")
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
        figure.colorbar(image, ax=list(line), shrink=0.8, label="$c$")
    return figure


@styled
def spot(grid: PeriodicGrid, start: Tensor, curves: Mapping[str, Tensor]) -> Figure:
    """A spot that spreads, and how far each curve is from the first one."""
    x = grid.coordinates()[0]
    figure, (left, right) = plt.subplots(1, 2, figsize=(8.4, 2.8))
    left.plot(x, start, ":", color="0.5", label="start")
    (first, exact), *others = curves.items()
    left.plot(x, exact, **KNOWN, label=first)
    for i, (label, values) in enumerate(others):
        left.plot(x, values, color=COLOURS[i], **LEARNED, label=label)
        right.plot(x, values - exact, color=COLOURS[i], lw=2.5 - i, ls="-" if i == 0 else "--", label=label)
    left.set(xlabel="place $x$", ylabel="concentration $c$")
    right.set(xlabel="place $x$", ylabel=f"distance from {first}")
    left.legend()
    right.legend()
    return figure
