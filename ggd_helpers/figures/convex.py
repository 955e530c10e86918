"""Figures of the chapter on convex networks: each function takes curves and returns a matplotlib Figure."""

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from ggd_helpers.figures.style import COLOURS, DASHES, KNOWN, LEARNED, styled
from ggd_helpers.training.landscapes import Landscape, Way, gap

Curve = tuple[Tensor, Tensor]
TWO: tuple[dict[str, Any], ...] = (
    {"color": COLOURS[0], "ls": "-", "lw": 1.4, "marker": "o", "ms": 3},
    {"color": COLOURS[1], "ls": "--", "lw": 1.4, "marker": "^", "ms": 4},
)
LOWEST = 1e-12  # losses are drawn down to here: below, all are at the bottom


@styled
def approximation(x: Tensor, target: Tensor, fits: Mapping[int, Tensor], errors: Mapping[int, float]) -> Figure:
    """One hidden layer of growing width on the same target, and its error."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(8.5, 2.9))
    left.plot(x, target, **KNOWN, label="target")
    for i, (width, fit) in enumerate(fits.items()):
        left.plot(x, fit, color=COLOURS[i % 6], ls=DASHES[i + 1], lw=1.5, label=f"width {width}")
    right.loglog(list(errors), list(errors.values()), "o-", color=COLOURS[0], ms=4)
    right.set_xticks(list(errors), list(errors))
    right.minorticks_off()
    left.set(xlabel="$x$", ylabel="$y$", title="wider is closer", ylim=(-1.1, 2.6))
    right.set(xlabel="width of the hidden layer", ylabel="mean squared error", title="universal approximation")
    left.legend(ncols=2, loc="upper center")
    return figure


@styled
def minibatches(sizes: Tensor, spread: Tensor, curvatures: Mapping[str, Tensor]) -> Figure:
    """The spread of a minibatch's gradient over its size; curvatures that second-order methods would read off."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(8.5, 2.8))
    left.loglog(sizes, spread, "o", color=COLOURS[0], ms=4, label="measured")
    left.loglog(sizes, spread[0] * (sizes / sizes[0]) ** -0.5, ":", color="0.4", label="batch$^{-1/2}$")
    left.set(xlabel="batch size", ylabel="relative error", title="noise of the gradient")
    left.set_xticks(sizes.tolist(), sizes.tolist())
    left.set_yticks([0.1, 0.2, 0.5], ["10 %", "20 %", "50 %"])
    left.minorticks_off()
    bins = torch.linspace(-4, 6, 41).numpy()
    for i, (label, values) in enumerate(curvatures.items()):
        right.hist(values.clamp(-4, 6), bins=bins, color=COLOURS[i], alpha=0.6, label=label)
    right.axvline(0, color="0.2", lw=0.8)
    right.set(xlabel="curvature found / true curvature", ylabel="how often", title="noise of the curvature")
    left.legend()
    right.legend(loc="upper right", handlelength=1)
    return figure


@styled
def landscapes(drawn: Mapping[str, tuple[Landscape, Mapping[str, Way]]]) -> Figure:
    """Two ways down each landscape: above where they go between its level lines, below what it costs."""
    figure, axes = plt.subplots(2, len(drawn), figsize=(3.3 * len(drawn), 5.8), height_ratios=(3, 2))
    for (top, bottom), (title, (landscape, ways)) in zip(axes.T, drawn.items(), strict=True):
        level_lines(top, landscape)
        top.plot(*landscape.start, "o", color="k", ms=7, mfc="none")
        for style, (label, way) in zip(TWO, ways.items(), strict=False):
            top.plot(*way.points.T, **style, label=label)
            bottom.semilogy(way.gradients, gap(landscape, way).clamp_min(LOWEST), **style | {"ms": 2.5})
        top.set(title=title, xlabel="$\\theta_1$", ylabel="$\\theta_2$")
        bottom.set(xlabel="gradients computed", ylabel="loss - lowest loss", ylim=(LOWEST / 3, 1e2))
        if bottom is not axes[1, 0]:
            bottom.sharey(axes[1, 0])
            bottom.label_outer()
        top.legend(loc="lower center", bbox_to_anchor=(0.5, 1.1), handlelength=3)
    return figure


def level_lines(axes: Axes, landscape: Landscape) -> None:
    """The level lines of a landscape, at heights in equal ratios."""
    left, right, bottom, top = landscape.reach
    x, y = torch.meshgrid(torch.linspace(left, right, 81), torch.linspace(bottom, top, 81), indexing="xy")
    height = landscape.loss(torch.stack([x, y])) - landscape.lowest
    axes.contour(x, y, height, levels=torch.logspace(-1.5, 2, 12), colors="0.8", linewidths=0.8)
    axes.set(xlim=(left, right), ylim=(bottom, top))


@styled
def losses(curves: Mapping[str, tuple[Sequence[int], Sequence[float]]]) -> Figure:
    """Training losses over the number of gradients that were computed."""
    figure, axes = plt.subplots(figsize=(7.5, 3.1))
    for i, (label, (gradients, values)) in enumerate(curves.items()):
        axes.loglog(gradients, values, color=COLOURS[i], ls=DASHES[i], label=label)
    axes.set(xlabel="gradients computed", ylabel="training loss")
    figure.legend(loc="outside right center", handlelength=3)
    return figure


@styled
def building_blocks(x: Tensor, units: Tensor, good: Tensor, bad: Tensor, ruined: Tensor) -> Figure:
    """Softplus units; a positive combination and a mixed one; a convex function under a map that turns back."""
    figure, axes = plt.subplots(1, 3, figsize=(10, 2.8))
    for i, unit in enumerate(units.T):
        axes[0].plot(x, unit, color=COLOURS[i], ls=DASHES[i])
    axes[0].set(title="units: softplus of a line", ylabel="$z$")
    axes[1].plot(x, good, color=COLOURS[0], label="all weights positive")
    axes[1].plot(x, bad, color=COLOURS[1], **LEARNED, label="one weight negative")
    axes[1].set(title="sums", ylabel="$\\sum W z$")
    axes[2].plot(x, torch.nn.functional.softplus(good - 3), color=COLOURS[0], label="softplus: increasing")
    axes[2].plot(x, ruined, color=COLOURS[1], **LEARNED, label="square: not increasing")
    axes[2].set(title="the next activation", ylabel="$\\varphi(\\sum W z - 3)$")
    for ax in axes:
        ax.set_xlabel("$x$")
    for ax in axes[1:]:
        ax.legend()
    return figure


@styled
def spreads(panels: Mapping[str, Mapping[str, list[float]]], quantity: str) -> Figure:
    """A dot for each seed and variant, a bar at the median; a panel for each task."""
    figure, axes = plt.subplots(1, len(panels), figsize=(2.6 * len(panels) + 1, 3), sharey=True, squeeze=False)
    for ax, (title, variants) in zip(axes[0], panels.items(), strict=True):
        for i, values in enumerate(variants.values()):
            dots = torch.tensor(values)
            ax.plot([i] * len(dots), dots, "o", color=COLOURS[i % 6], ms=4, alpha=0.7)
            ax.plot([i - 0.3, i + 0.3], [dots.median()] * 2, color=COLOURS[i % 6], lw=2)
        ax.set_xticks(range(len(variants)), list(variants), rotation=35, ha="right")
        ax.minorticks_off()
        ax.set(title=title, yscale="log", ylabel=quantity, xlabel="variant")
        ax.label_outer()
    return figure


@styled
def positive_maps(raw: Tensor, maps: Mapping[str, Tensor], slopes: Mapping[str, Tensor]) -> Figure:
    """From a free weight to a positive one, and the slope that a gradient passes through."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(8.5, 2.9))
    for i, label in enumerate(maps):  # the first one wide: another lies on it
        style = {"color": COLOURS[i], "ls": DASHES[i], "lw": 1.3 if i else 3.5, "alpha": 1.0 if i else 0.5}
        left.plot(raw, maps[label], **style, label=label)
        right.semilogy(raw, slopes[label].clamp_min(1e-9), **style)
    left.set(xlabel="free weight $\\tilde W$", ylabel="positive weight $W$", ylim=(-0.2, 4))
    right.set(xlabel="free weight $\\tilde W$", ylabel="$dW / d\\tilde W$", ylim=(1e-4, 20))
    figure.legend(loc="outside right center", handlelength=3)
    return figure


@styled
def depths(values: Mapping[str, Curve], slopes: Mapping[str, Curve]) -> Figure:
    """The untrained network's value and largest slope over its depth, for each initialisation."""
    figure, axes = plt.subplots(1, 2, figsize=(8.5, 2.8))
    for ax, curves, name in zip(axes, (values, slopes), ("value at 0", "largest slope"), strict=True):
        for i, (label, (depth, size)) in enumerate(curves.items()):
            ax.semilogy(depth, size, color=COLOURS[i], ls=DASHES[i], marker="os^"[i], ms=4, label=label)
        ax.set(xlabel="hidden layers", ylabel=name)
        ax.legend()
    return figure


@styled
def envelope(x: Tensor, target: Tensor, curves: Mapping[str, tuple[Tensor, Tensor]]) -> Figure:
    """A target that is not convex, and the best convex answers to two questions: known (grey) and learned."""
    figure, axes = plt.subplots(1, len(curves), figsize=(4.2 * len(curves), 2.9), sharey=True, squeeze=False)
    for ax, (title, (known, learned)) in zip(axes[0], curves.items(), strict=True):
        ax.plot(x, target, color=COLOURS[0], lw=1, label="target")
        ax.plot(x, known, **KNOWN, label="best convex function")
        ax.plot(x, learned, color=COLOURS[1], **LEARNED, label="network")
        ax.set(title=title, xlabel="$x$", ylabel="$y$")
        ax.label_outer()
    axes[0, 0].legend()
    return figure


@styled
def caught(y: Tensor, sound: Tensor, wrong: Tensor, excess: Mapping[str, Tensor]) -> Figure:
    """A potential of the right class and of one with a mistake; how far each lies above its chords."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(8.5, 2.8))
    left.plot(y, sound, color=COLOURS[0], label="as it should be")
    left.plot(y, wrong, color=COLOURS[1], **LEARNED, label="with one mistake")
    left.set(xlabel="$x^*$ along $(1, 1/2)$", ylabel="$\\Xi(x, x^*)$, largest size 1")
    for i, (label, values) in enumerate(excess.items()):
        right.hist(values, bins=40, color=COLOURS[i], alpha=0.6, label=label, log=True)
    right.axvline(0, color="0.2", lw=0.8)
    right.set(xlabel="height above the chord, largest size 1", ylabel="random chords")
    left.legend()
    right.legend()
    return figure
