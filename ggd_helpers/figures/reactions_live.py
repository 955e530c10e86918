"""The picture of the reactions explorer: five panels for any number of species and reactions."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from ggd_helpers.figures.live import LIVE, LivePicture
from ggd_helpers.figures.style import COLOURS, LEARNED, STYLE

if TYPE_CHECKING:
    from matplotlib.typing import RcKeyType

FAST: dict["RcKeyType", Any] = {  # what costs most of a new background: numbers set as formulas
    **LIVE,
    "figure.constrained_layout.use": False,
    "axes.formatter.use_mathtext": False,
}
CELL = (0.06, 0.09, 0.02, 0.05)  # what belongs to a panel beside its frame: left, below, right, above, of the figure
TITLES = (
    "concentrations (dashed: learned)",
    "entropy $S$",
    "affinities $X$ (above 0: backward)",
    "conserved quantities",
)
LEGEND_ROW = 0.13  # of a lower panel's height
LABEL_GAP = 0.07  # of the upper panel's height, from one name to the next
Limits = tuple[float, float]


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
        dot: affinity and Xi of the present state along the chosen reaction; above 0 that runs backward.
        title: the chosen reaction.
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


class ReactionsPicture(LivePicture):
    """Draws a `ReactionsView` as PNG bytes.

    Lines are made when the names change; a panel's background is drawn again when its title or a limit does, and limits
    are round numbers, so that they seldom do.
    """

    rc = FAST

    def __init__(self) -> None:
        self.names: tuple = ()
        self.framed: dict[Axes, tuple[str, Limits, Limits]] = {}
        super().__init__("aaaabb;ccddee", (9.8, 5.6))

    def frame(self) -> list[Artist]:
        """Five panels at fixed places; what moves in them is made when the names are known."""
        self.figure.subplots_adjust(0.06, 0.1, 0.99, 0.94, wspace=1.0, hspace=0.42)
        return []

    def png(self, view: ReactionsView) -> bytes:
        """Draw all panels."""
        names = tuple(tuple(curves) for curves in (view.concentrations, view.affinities, view.conserved))
        with plt.style.context(STYLE), plt.rc_context(FAST):
            if names != self.names:
                self.names, self.framed = names, {}
                self._lay_out(view)
            self._fill(view)
            self._follow(view)
        return self.snapshot()

    def _lay_out(self, view: ReactionsView) -> None:
        """New lines for new names, still without data."""
        for ax in self.axes:
            ax.clear()
            ax.locator_params(nbins=5)
        path, climb, force, kept, law = self.axes
        path.set(ylabel="concentration")
        for ax, label in ((force, "time $t$"), (kept, "time $t$"), (law, "$X$ at time 0 (forward < 0 < backward)")):
            ax.set(xlabel=label)
        numbers = [str(i) for i, _ in enumerate(view.affinities, 1)]
        self.curves = {
            "concentrations": _coloured(path, view.concentrations),
            "affinities": _coloured(force, numbers),
            "conserved": _coloured(kept, view.conserved),
        }
        self.learned = [path.plot([], [], color="k", **LEARNED)[0] for _ in view.concentrations]
        self.labels = [
            path.text(0, 0, name, color=line.get_color(), va="center")
            for name, line in zip(view.concentrations, self.curves["concentrations"], strict=True)
        ]
        (self.entropy,) = climb.plot([], [], COLOURS[0])
        (self.highest,) = climb.plot([], [], ":", color="0.4", label="highest reachable")
        (self.law,) = law.plot([], [], COLOURS[0], label="$\\Xi$")
        (self.parabola,) = law.plot([], [], ":", color="0.4", label="linear response")
        (self.dot,) = law.plot([], [], "o", color=COLOURS[1], ms=8, label="at time 0")
        climb.legend(loc="lower right")
        force.legend(loc="upper center", ncols=4, columnspacing=1, handlelength=1.5)
        kept.legend(loc="upper center")
        law.legend(loc="upper center")
        lines = [line for group in self.curves.values() for line in group]
        singles = [self.entropy, self.highest, self.law, self.parabola, self.dot]
        self.animate([*lines, *self.learned, *self.labels, *singles])

    def _fill(self, view: ReactionsView) -> None:
        for group in self.curves:
            for line, curve in zip(self.curves[group], getattr(view, group).values(), strict=True):
                line.set_data(view.times, curve)
        for name, line in zip(view.concentrations, self.learned, strict=True):
            curve = view.learned.get(name, view.times[:0])
            line.set_data(view.times[: len(curve)], curve)
        self.entropy.set_data(view.times, view.entropy)
        self.highest.set_data(view.times[[0, -1]], [view.highest, view.highest])
        affinity, xi, parabola = view.law
        self.law.set_data(affinity, xi)
        self.parabola.set_data(affinity, parabola)
        self.dot.set_data([view.dot[0]], [view.dot[1]])

    def _follow(self, view: ReactionsView) -> None:
        """Names at the ends of their curves; limits that hold every curve, in a background that shows them."""
        end, reach = view.times[-1], view.law[0][-1]
        room = 0.04 + 0.016 * max(map(len, view.concentrations))  # for the names
        ends = [curve[-1] for curve in view.concentrations.values()]
        ylims = _limits(view)
        for label, y in zip(self.labels, apart(ends, LABEL_GAP * (ylims[0][1] - ylims[0][0])), strict=True):
            label.set_position((1.01 * end, y))
        xlims = [(-0.03 * end, (1 + room) * end), *3 * [(-0.03 * end, 1.03 * end)], (-1.05 * reach, 1.05 * reach)]
        titles = [*TITLES, f"$\\Xi$ along {view.title}"]
        frames = dict(zip(self.axes, zip(titles, xlims, ylims, strict=True), strict=True))
        new = [ax for ax, frame in frames.items() if frame != self.framed.get(ax)]
        for ax in new:
            title, xlim, ylim = frames[ax]
            ax.set(title=title, xlim=xlim, ylim=ylim)
        if len(new) == len(frames):
            self.draw_background()
        elif new:
            self.draw_panels(new, CELL)
        self.framed = frames


def _coloured(ax: Axes, names: Iterable[str]) -> list[Line2D]:
    """A line for each name, in the course's colours and, once these are used up, in other strokes."""
    strokes = ("-", "-.", (0, (5, 1)))
    return [
        ax.plot([], [], color=COLOURS[i % len(COLOURS)], ls=strokes[i // len(COLOURS) % len(strokes)], label=name)[0]
        for i, name in enumerate(names)
    ]


def _limits(view: ReactionsView) -> tuple[Limits, ...]:
    """The limits of the five vertical axes, with room for the legends of the lower ones."""
    entropy = np.append(view.entropy, view.highest)
    rows = math.ceil(len(view.affinities) / 4)
    return (
        _round_limits([np.zeros(1), *view.concentrations.values(), *view.learned.values()]),
        _round_limits([entropy]),
        _round_limits([np.zeros(1), *view.affinities.values()], rows),
        _round_limits([np.zeros(1), *view.conserved.values()], len(view.conserved)),
        _round_limits([np.zeros(1), view.law[1], np.array(view.dot[1:])], 3),
    )


def _round_limits(curves: Iterable[np.ndarray], rows: int = 0) -> Limits:
    """Limits at round numbers around the curves, and above them room for `rows` rows of a legend."""
    low, high = (float(f([f(curve) for curve in curves])) for f in (np.min, np.max))
    span = max(high - low, 1e-9 * max(abs(low), abs(high), 1e-3))
    step = 2.0 ** math.floor(math.log2(span)) / 2
    low, high = step * math.floor(low / step + 1e-9), step * math.ceil(high / step - 1e-9)
    share = 0.05 + LEGEND_ROW * rows
    return low - 0.05 * (high - low), high + (high - low) * share / (1 - share)


def apart(places: Sequence[float], gap: float) -> np.ndarray:
    """The nearest places, in least squares, with a `gap` or more between neighbours: names that do not touch."""
    from scipy.optimize import isotonic_regression  # here, for it takes 0.6 s

    order, steps = np.argsort(places, kind="stable"), gap * np.arange(len(places))
    found = np.empty(len(places))
    found[order] = isotonic_regression(np.asarray(places)[order] - steps).x + steps
    return found
