"""Figures of the chapter on convex networks: each function takes curves and returns a matplotlib Figure."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure
from torch import Tensor

from ggd_helpers.figures.style import COLOURS, KNOWN, LEARNED, styled
from ggd_helpers.training.landscapes import Landscape

Curve = tuple[Tensor, Tensor]
STYLES = ("-", "--", "-.", ":", (0, (5, 1)), (0, (3, 1, 1, 1)), (0, (1, 1)))


@styled
def approximation(x: Tensor, target: Tensor, fits: Mapping[int, Tensor], errors: Mapping[int, float]) -> Figure:
    """One hidden layer of growing width on the same target, and its error."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(8.5, 2.9))
    left.plot(x, target, **KNOWN, label="target")
    for i, (width, fit) in enumerate(fits.items()):
        left.plot(x, fit, color=COLOURS[i % 6], ls=STYLES[i + 1], lw=1.5, label=f"width {width}")
    right.loglog(list(errors), list(errors.values()), "o-", color=COLOURS[0], ms=4)
    left.set(xlabel="$x$", ylabel="$y$", title="wider is closer", ylim=(-1.1, 2.4))
    right.set(xlabel="width of the hidden layer", ylabel="mean squared error", title="universal approximation")
    left.legend(fontsize=8, ncols=2, loc="upper center")
    return figure


@styled
def minibatches(sizes: Tensor, spread: Tensor, curvatures: Mapping[str, Tensor]) -> Figure:
    """The spread of a minibatch's gradient over its size; curvatures that second-order methods would read off."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(8.5, 2.8))
    left.loglog(sizes, spread, "o", color=COLOURS[0], ms=4, label="measured")
    left.loglog(sizes, spread[0] * (sizes / sizes[0]) ** -0.5, ":", color="0.4", label="batch$^{-1/2}$")
    left.set(xlabel="batch size", ylabel="relative error of the gradient", title="noise of the slope")
    bins = torch.linspace(-4, 6, 41).numpy()
    for i, (label, values) in enumerate(curvatures.items()):
        right.hist(values.clamp(-4, 6), bins=bins, color=COLOURS[i], alpha=0.6, label=label)
    right.axvline(0, color="0.2", lw=0.8)
    right.set(xlabel="curvature found / true curvature", ylabel="how often", title="noise of the curvature")
    left.legend(fontsize=8)
    right.legend(fontsize=8)
    return figure


@styled
def landscapes(drawn: Mapping[str, tuple[Landscape, Mapping[str, Tensor]]]) -> Figure:
    """The way down: level lines of each landscape, and the way of each optimiser."""
    figure, axes = plt.subplots(1, len(drawn), figsize=(3.6 * len(drawn), 3.9))
    for ax, (title, (landscape, ways)) in zip(axes, drawn.items(), strict=True):
        left, right, bottom, top = landscape.reach
        x, y = torch.meshgrid(torch.linspace(left, right, 81), torch.linspace(bottom, top, 81), indexing="xy")
        height = landscape.loss(torch.stack([x, y])) - landscape.lowest
        levels = torch.logspace(-1.5, 2, 12)
        ax.contour(x, y, height, levels=levels, colors="0.8", linewidths=0.8)
        for i, (label, way) in enumerate(ways.items()):
            colour = "k" if i == 6 else COLOURS[i]
            ax.plot(*way.T, color=colour, ls=STYLES[i], lw=1.4, marker=".", ms=4, label=label)
        ax.plot(*landscape.start, "o", color="k", ms=6, mfc="none")
        ax.set(title=title, xlabel="$\\theta_1$", ylabel="$\\theta_2$", xlim=(left, right), ylim=(bottom, top))
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=4, fontsize=8)
    return figure


@styled
def losses(curves: Mapping[str, tuple[Sequence[int], Sequence[float]]], switch: int) -> Figure:
    """Training losses over the number of gradients that were computed; a line where a recipe switches."""
    figure, axes = plt.subplots(figsize=(5.5, 3))
    for i, (label, (gradients, values)) in enumerate(curves.items()):
        axes.loglog(gradients, values, color=COLOURS[i], ls=STYLES[i], label=label)
    axes.axvline(switch, color="0.6", lw=0.8, ls=":")
    axes.set(xlabel="gradients computed", ylabel="training loss")
    axes.legend(fontsize=8)
    return figure


@styled
def building_blocks(x: Tensor, units: Tensor, good: Tensor, bad: Tensor, ruined: Tensor) -> Figure:
    """Softplus units; a positive combination and a mixed one; a convex function under a map that turns back."""
    figure, axes = plt.subplots(1, 3, figsize=(10, 2.8))
    axes[0].plot(x, units)
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
        ax.legend(fontsize=8)
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
        ax.set_xticks(range(len(variants)), list(variants), rotation=35, ha="right", fontsize=8)
        ax.minorticks_off()
        ax.set(title=title, yscale="log", ylabel=quantity, xlabel="variant")
        ax.label_outer()
    return figure


@styled
def positive_maps(raw: Tensor, maps: Mapping[str, Tensor], slopes: Mapping[str, Tensor]) -> Figure:
    """From a free weight to a positive one, and the slope that a gradient passes through."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(8.5, 2.9))
    for i, label in enumerate(maps):
        style = {"color": COLOURS[i], "ls": STYLES[i]}
        left.plot(raw, maps[label], **style, label=label)
        right.semilogy(raw, slopes[label].clamp_min(1e-9), **style)
    left.set(xlabel="free weight $\\tilde W$", ylabel="positive weight $W$", ylim=(-0.2, 4))
    right.set(xlabel="free weight $\\tilde W$", ylabel="$dW / d\\tilde W$", ylim=(1e-4, 20))
    left.legend(fontsize=8)
    return figure


@styled
def depths(values: Mapping[str, Curve], slopes: Mapping[str, Curve]) -> Figure:
    """The untrained network's value and largest slope over its depth, for each initialisation."""
    figure, axes = plt.subplots(1, 2, figsize=(8.5, 2.8))
    for ax, curves, name in zip(axes, (values, slopes), ("value at 0", "largest slope"), strict=True):
        for i, (label, (depth, size)) in enumerate(curves.items()):
            ax.semilogy(depth, size, "o-", color=COLOURS[i], ms=4, label=label)
        ax.set(xlabel="hidden layers", ylabel=name)
        ax.legend(fontsize=8)
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
    axes[0, 0].legend(fontsize=8)
    return figure


@styled
def caught(y: Tensor, sound: Tensor, wrong: Tensor, excess: Mapping[str, Tensor]) -> Figure:
    """A potential of the right class and of one with a mistake; how far each lies above its chords."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(8.5, 2.8))
    left.plot(y, sound, color=COLOURS[0], label="as it should be")
    left.plot(y, wrong, color=COLOURS[1], **LEARNED, label="with one mistake")
    left.set(xlabel="$x^*$", ylabel="$\\Xi(x, x^*)$")
    for i, (label, values) in enumerate(excess.items()):
        right.hist(values, bins=40, color=COLOURS[i], alpha=0.6, label=label, log=True)
    right.axvline(0, color="0.2", lw=0.8)
    right.set(xlabel="height above the chord (convex: never positive)", ylabel="random chords")
    left.legend(fontsize=8)
    right.legend(fontsize=8)
    return figure
