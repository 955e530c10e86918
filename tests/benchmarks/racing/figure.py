"""The figure of the race: error against time, a panel for each case."""

from collections.abc import Iterable

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from ggd_helpers.figures.style import COLOURS, DASHES, legend_outside, styled
from racing.opponents import OURS
from racing.results import Row
from racing.table import grouped

STEPS = 80  # points of a median over seeds


def held(row: Row, at: np.ndarray) -> np.ndarray:
    """The error of what an opponent had at given seconds; before its first snapshot, not a number."""
    seconds, errors = np.array(row["curve"]["seconds"]), np.array(row["curve"]["velocity_error"])
    last = np.searchsorted(seconds, at, side="right") - 1
    return np.where(last < 0, np.nan, errors[last.clip(0)])


@styled
def error_against_time(rows: Iterable[Row]) -> Figure:
    """The median over seeds of the velocity's error, and the range of ours."""
    by_case = grouped(rows)
    columns = min(3, len(by_case))
    lines = -(-len(by_case) // columns)
    figure, axes = plt.subplots(lines, columns, figsize=(3.6 * columns, 3.0 * lines), sharey=True, squeeze=False)
    for ax, (case, by_opponent) in zip(axes.flat, by_case.items(), strict=False):
        longest = max(row["seconds"] for each in by_opponent.values() for row in each)
        at = np.geomspace(0.05, longest, STEPS)
        for i, (name, each) in enumerate(by_opponent.items()):
            curves = np.stack([held(row, at) for row in each])
            style = {"color": COLOURS[i % len(COLOURS)], "ls": DASHES[(i // len(COLOURS) * 2 + i) % len(DASHES)]}
            if name == OURS:
                style = {"color": "black", "lw": 2.0}
                ax.fill_between(at, curves.min(0), curves.max(0), color="0.85", lw=0)
            ax.loglog(at, np.median(curves, axis=0), **style, label=name)
        ax.set(title=case, xlabel="seconds", ylim=(1e-15, 10))
    for ax in axes[:, 0]:
        ax.set_ylabel("error of the velocity")
    for ax in axes.flat[len(by_case) :]:
        ax.set_visible(False)
    legend_outside(figure, *axes.flat[: len(by_case)], place="outside lower center", columns=3)
    return figure
