"""Figures of how models were trained, for all chapters alike."""

import json
from collections.abc import Mapping
from pathlib import Path
from statistics import median

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from ggd_helpers.figures.style import COLOURS, DASHES, legend_outside, styled
from ggd_helpers.training.fit import History


@styled
def loss_curves(panels: Mapping[str, Mapping[str, History]]) -> Figure:
    """The training loss against iterations (above) and time (below), a column each with the recipes side by side.

    Source: thesis, Fig. 4.3, against iterations.
    """
    figure, axes = plt.subplots(
        2, len(panels), figsize=(max(5.2, 3.6 * len(panels)), 4.8), sharex="row", sharey=True, squeeze=False
    )
    labels = list(dict.fromkeys(label for histories in panels.values() for label in histories))
    styles = {label: {"color": COLOURS[i], "ls": DASHES[i]} for i, label in enumerate(labels)}
    for column, (title, histories) in zip(axes.T, panels.items(), strict=True):
        for label, history in histories.items():
            column[0].loglog(range(1, len(history.losses) + 1), history.losses, **styles[label], label=label)
            column[1].loglog(history.seconds, history.losses, **styles[label])
        column[0].set(title=title, xlabel="iteration or epoch")
        column[1].set(xlabel="training time (s)")
    for ax in axes[:, 0]:
        ax.set_ylabel("loss (velocity$^2$)")
    legend_outside(figure, *axes[0])
    return figure


@styled
def ablation(path: Path) -> Figure:
    """The error of every combination of optimiser, precision, target and points: median and range over seeds.

    `path` is that of `data/ablation_CASE.json`, written by tests/benchmarks/ablation.py.
    """
    rows = json.loads(path.read_text(encoding="utf-8"))["rows"]
    points, targets = (list(dict.fromkeys(row[name] for row in rows)) for name in ("points", "target"))
    lines = list(dict.fromkeys((row["optimiser"], row["precision"]) for row in rows))
    figure, axes = plt.subplots(1, len(points), figsize=(8, 3.4), sharex=True, sharey=True, squeeze=False)
    for row in rows:
        ax, target = axes[0, points.index(row["points"])], targets.index(row["target"])
        y, errors = -lines.index((row["optimiser"], row["precision"])) - 0.22 * (target - 1), row["velocity_mse"]
        ax.plot([min(errors), max(errors)], [y, y], color=COLOURS[target], lw=1.2)
        ax.plot(median(errors), y, "os^"[target], color=COLOURS[target], label=row["target"], ms=5)
    for ax, count in zip(axes[0], points, strict=True):
        ax.set(title=f"{count} points a trajectory", xlabel="mean squared error of the velocity", xscale="log")
        ax.set_yticks([-i for i in range(len(lines))], [f"{optimiser}, {precision}" for optimiser, precision in lines])
        ax.minorticks_off()
        ax.grid(axis="y", color="0.9")
    axes[0, 0].set_ylabel("optimiser, precision")
    legend_outside(figure, axes[0, 0])
    return figure
