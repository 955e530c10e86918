"""The picture of the reactions explorer: five panels, drawn afresh for any number of species and reactions."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from ggd_helpers.figures.live import LIVE, png_of
from ggd_helpers.figures.style import COLOURS, LEARNED, STYLE

if TYPE_CHECKING:
    from matplotlib.typing import RcKeyType

FAST: dict["RcKeyType", Any] = {  # what costs most of a redraw: the layout, tick labels set as formulas, small ticks
    **LIVE,
    "figure.constrained_layout.use": False,
    "axes.formatter.use_mathtext": False,
    "xtick.minor.visible": False,
    "ytick.minor.visible": False,
    "legend.fontsize": 7,
}


@dataclass(frozen=True)
class ReactionsView:
    """What the panels show: times `(time,)`, and curves `(time,)` by name.

    Attributes:
        times: the common axis.
        concentrations, affinities, conserved: a curve a species, a reaction, a conserved quantity.
        learned: concentrations by the learned model, or nothing.
        entropy: of the path.
        highest: the entropy at equilibrium.
        law: affinity, Xi, its parabola (linear response) along the chosen reaction, `(point,)` each.
        dot: affinity and Xi of the present state along the chosen reaction.
        title: the chosen reaction.

    Above 0 an affinity drives its reaction backwards.
    """

    times: np.ndarray
    concentrations: Mapping[str, np.ndarray]
    affinities: Mapping[str, np.ndarray]
    conserved: Mapping[str, np.ndarray]
    entropy: np.ndarray
    highest: float
    law: tuple[np.ndarray, np.ndarray, np.ndarray]
    dot: tuple[float, float]
    title: str
    learned: Mapping[str, np.ndarray] = field(default_factory=dict)


class ReactionsPicture:
    """Draws a `ReactionsView` as PNG bytes; axes and lines are made when the names change, else only moved."""

    def __init__(self) -> None:
        self.names: tuple = ()
        with plt.style.context(STYLE), plt.rc_context(FAST):
            self.figure = Figure(figsize=(11, 5.8))
            self.canvas = FigureCanvasAgg(self.figure)
            self.figure.subplots_adjust(0.06, 0.09, 0.99, 0.94, wspace=0.25, hspace=0.38)
            grid = self.figure.add_gridspec(2, 6)
            places = (grid[0, :4], grid[0, 4:], grid[1, :2], grid[1, 2:4], grid[1, 4:])
            self.axes = [self.figure.add_subplot(place) for place in places]

    def png(self, view: ReactionsView) -> bytes:
        """Draw all panels."""
        names = tuple(tuple(curves) for curves in (view.concentrations, view.affinities, view.conserved))
        with plt.style.context(STYLE), plt.rc_context(FAST):
            if names != self.names:
                self.names = names
                self._lay_out(view)
            self._fill(view)
            self.canvas.draw()
        return png_of(self.canvas)

    def _lay_out(self, view: ReactionsView) -> None:
        """New axes for new names: a line and a label each, still without data."""
        for ax in self.axes:
            ax.clear()
            ax.margins(y=0.1)
        path, climb, force, kept, law = self.axes
        self.labels, self.learned = {}, {}
        for i, name in enumerate(view.concentrations):
            colour = COLOURS[i % len(COLOURS)]
            (self.learned[name],) = path.plot([], [], color="k", **LEARNED)
            self.labels[name] = path.annotate(name, (0, 0), (4, -3), textcoords="offset points", color=colour)
        self.lines = {
            key: [ax.plot([], [], color=COLOURS[i % len(COLOURS)], label=name)[0] for i, name in enumerate(curves)]
            for key, ax, curves in (
                ("concentrations", path, view.concentrations),
                ("entropy", climb, ["$S$"]),
                ("affinities", force, view.affinities),
                ("conserved", kept, view.conserved),
                ("law", law, ["$\\Xi$"]),
            )
        }
        self.highest = climb.axhline(0, color="0.4", ls=":", label="highest reachable")
        (self.parabola,) = law.plot([], [], ":", color="0.4", label="linear response")
        (self.dot,) = law.plot([], [], "o", color=COLOURS[1], ms=8, label=" ")
        path.set(ylabel="concentration", title="concentrations (dashed: learned)")
        climb.set(title="entropy")
        force.set(title="affinities $X$ (backward above 0)", xlabel="time $t$")
        kept.set(title="conserved quantities", xlabel="time $t$")
        law.set(xlabel="affinity $X$ (forward < 0 < backward)")
        for ax in (climb, force, kept, law):
            legend = ax.legend(loc="lower right" if ax is climb else "upper center" if ax is law else "upper right")
        self.direction = legend.get_texts()[-1]
        for ax in (force, kept):
            ax.margins(y=0.3)

    def _fill(self, view: ReactionsView) -> None:
        curves = {"concentrations": view.concentrations, "affinities": view.affinities, "conserved": view.conserved}
        for key, named in curves.items():
            for line, curve in zip(self.lines[key], named.values(), strict=True):
                line.set_data(view.times, curve)
        for name, curve in view.concentrations.items():
            self.labels[name].xy = (view.times[-1], curve[-1])
            learned = view.learned.get(name, view.times[:0])
            self.learned[name].set_data(view.times[: len(learned)], learned)
        self.lines["entropy"][0].set_data(view.times, view.entropy)
        self.highest.set_ydata([view.highest, view.highest])
        affinity, xi, parabola = view.law
        self.lines["law"][0].set_data(affinity, xi)
        self.parabola.set_data(affinity, parabola)
        self.dot.set_data([view.dot[0]], [view.dot[1]])
        self.direction.set_text(f"at time 0: {direction(view.dot[0])}")
        self.axes[-1].set_title(f"$\\Xi$ along {view.title}")
        for ax in self.axes:
            ax.relim()
            ax.autoscale_view()


def direction(affinity: float) -> str:
    """Which way a reaction runs at this affinity."""
    return "at rest" if abs(affinity) < 1e-9 else "forward" if affinity < 0 else "backward"
