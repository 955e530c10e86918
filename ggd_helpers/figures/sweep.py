"""A figure of a sweep: a number against each parameter that was swept."""

from collections.abc import Mapping, Sequence
from statistics import median

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ggd_helpers.figures.style import COLOURS, DASHES, styled

MOST_LINES = 6
WIDE = 30.0  # largest over smallest, from which on an axis is logarithmic
Value = float | str


@styled
def against_parameters(runs: Sequence[Mapping[str, Value]], parameters: Sequence[str], metric: str) -> Figure:
    """A panel for each parameter but the seed (unless it is the only one), with `metric` against its values.

    A line goes through the medians, its band from the smallest to the largest of the seeds. The values of the other
    parameters have lines of their own, up to six; more of them are in the band, too.

    Args:
        runs: each with a value for every parameter, and for `metric`.
        parameters: those that were swept.
        metric: what is shown, under this name in every run.
    """
    panels = [name for name in parameters if name != "seed"] or list(parameters)
    figure, axes = plt.subplots(1, len(panels), figsize=(1.2 + 3.6 * len(panels), 3.4), sharey=True, squeeze=False)
    for axis, name in zip(axes[0], panels, strict=True):
        _panel(axis, runs, name, [other for other in panels if other != name], metric)
    seeds = {run["seed"] for run in runs if "seed" in run and "seed" not in panels}
    if len(seeds) > 1:
        figure.suptitle(f"median and range over {len(seeds)} seeds")
    numbers = [run[metric] for run in runs]
    if _wide(numbers):
        axes[0, 0].set_yscale("log")
    axes[0, 0].set_ylabel(metric.replace("_", " "))
    return figure


def _panel(axis: Axes, runs: Sequence[Mapping[str, Value]], name: str, others: Sequence[str], metric: str) -> None:
    groups: dict[tuple[Value, ...], list[Mapping[str, Value]]] = {}
    for run in runs:
        groups.setdefault(tuple(run[other] for other in others), []).append(run)
    if len(groups) > MOST_LINES:
        groups = {(): list(runs)}
    values = sorted({run[name] for run in runs}, key=lambda value: (isinstance(value, str), value))
    places = {value: i if _has_texts(values) else float(value) for i, value in enumerate(values)}
    for i, (key, members) in enumerate(groups.items()):
        label = ", ".join(f"{other} = {_short(value)}" for other, value in zip(others, key, strict=False))
        _line(axis, places, members, name, metric, {"color": COLOURS[i], "ls": DASHES[i], "label": label or None})
    if others and len(groups) > 1:  # above the panel, for the lines of another panel stand for other things
        axis.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2)
    axis.set_xlabel(name.replace("_", " "))
    if _has_texts(values):
        axis.set_xticks(list(places.values()), [_short(value) for value in values])
    elif _wide(values):
        axis.set_xscale("log")


def _line(axis: Axes, places: Mapping[Value, float], runs, name: str, metric: str, style: dict) -> None:
    found = {value: [float(run[metric]) for run in runs if run[name] == value] for value in places}
    found = {value: numbers for value, numbers in found.items() if numbers}
    x = [places[value] for value in found]
    axis.plot(x, [median(numbers) for numbers in found.values()], marker="o", ms=4, **style)
    if any(len(numbers) > 1 for numbers in found.values()):
        low, high = ([side(numbers) for numbers in found.values()] for side in (min, max))
        axis.fill_between(x, low, high, color=style["color"], alpha=0.2, lw=0)


def _has_texts(values: Sequence[Value]) -> bool:
    return any(isinstance(value, str) for value in values)


def _wide(values: Sequence[Value]) -> bool:
    if _has_texts(values):
        return False
    numbers = [float(value) for value in values]
    return min(numbers) > 0 and max(numbers) >= WIDE * min(numbers)


def _short(value: Value) -> str:
    text = value if isinstance(value, str) else f"{value:g}"
    return text if len(text) <= 16 else text[:15] + "…"
