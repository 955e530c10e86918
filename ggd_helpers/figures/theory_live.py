"""The picture of the theory explorer: phase portrait, entropy along the path, force-flux curve."""

import math
from typing import NamedTuple

import numpy as np
from matplotlib.artist import Artist
from matplotlib.contour import QuadContourSet

from ggd_helpers.figures.live import LivePicture
from ggd_helpers.figures.style import COLOURS, KNOWN


class PairCurves(NamedTuple):
    """What the panels show, as NumPy arrays.

    Attributes:
        entropy: over the states of the level lines, `(m, m)`.
        arrows: velocities at the feet of the arrows, `(k, k, 2)`.
        path: states at the `times` `(time,)`, `(time, 2)`.
        along: the entropy gained since the start, `(time,)`.
        forces, flux: the first force and the flux that it drives, `(point,)` each.
        used: those of them that the path meets.
        falls: whether entropy falls on the path.
    """

    entropy: np.ndarray
    arrows: np.ndarray
    path: np.ndarray
    times: np.ndarray
    along: np.ndarray
    forces: np.ndarray
    flux: np.ndarray
    used: tuple[np.ndarray, np.ndarray]
    falls: bool


class PairPicture(LivePicture):
    """Three panels over the square `[-reach, reach]^2` of states."""

    def __init__(self, contour_side: np.ndarray, arrow_side: np.ndarray, horizon: float):
        self.contour_side, self.arrow_side, self.horizon = contour_side, arrow_side, horizon
        self.hills: np.ndarray | None = None
        super().__init__("abc", (9.8, 3.4), widths=(1.1, 1, 1))

    def frame(self) -> list[Artist]:
        """Three labelled panels; their first limits have the widest numbers, so that there is room for any."""
        portrait, rise, law = self.axes
        reach = self.contour_side[-1]
        portrait.set(xlabel="$x_1$", ylabel="$x_2$", title="states, and where they go", aspect="equal",
                     xlim=(-reach, reach), ylim=(-reach, reach))  # fmt: skip
        rise.set(xlabel="time $t$", ylabel="$S - S(\\mathrm{start})$", title="entropy along the path",
                 xlim=(0, self.horizon), ylim=(-0.02, 0.1))  # fmt: skip
        law.set(xlabel="force $x_1^*$", ylabel="flux $\\partial\\Xi/\\partial x_1^*$", title="force and flux",
                xlim=(-2, 2), ylim=(-0.04, 0.04))  # fmt: skip
        for ax in (rise, law):
            ax.axhline(0, color="0.85", lw=0.8, zorder=0)
        none = np.zeros((len(self.arrow_side), len(self.arrow_side)))
        self.quiver = portrait.quiver(self.arrow_side, self.arrow_side, none, none, color="0.45", pivot="mid",
                                      scale=1, scale_units="xy", width=0.004)  # fmt: skip
        self.path = portrait.plot([], [], color=COLOURS[0], lw=2)[0]
        self.start = portrait.plot([], [], "o", color=COLOURS[0], ms=7)[0]
        self.rise = rise.plot([], [], lw=2)[0]
        self.law = law.plot([], [], **KNOWN)[0]
        self.used = law.plot([], [], color=COLOURS[0], lw=2)[0]
        self.contours: QuadContourSet | None = None
        self.above = [self.quiver, self.path, self.start, self.rise, self.law, self.used]
        return self.above

    def png(self, curves: PairCurves) -> bytes:
        """Move everything to these curves, and return the picture; level lines and limits follow when they must."""
        step = self.arrow_side[1] - self.arrow_side[0]
        length = np.linalg.norm(curves.arrows, axis=-1, keepdims=True)
        arrows = 0.8 * step * curves.arrows / np.maximum(length, 1e-12) * np.tanh(2 * length)
        self.quiver.set_UVC(arrows[..., 0], arrows[..., 1])
        self.path.set_data(*curves.path.T)
        self.start.set_data(*curves.path[:1].T)
        self.rise.set_data(curves.times, curves.along)
        self.rise.set_color(COLOURS[1] if curves.falls else COLOURS[0])
        self.law.set_data(curves.forces, curves.flux)
        self.used.set_data(*curves.used)
        self._follow(curves)
        return self.snapshot()

    def _follow(self, curves: PairCurves) -> None:
        if self.hills is None or not np.array_equal(self.hills, curves.entropy):
            if self.contours is not None:
                self.contours.remove()
            self.contours = self.axes[0].contour(
                self.contour_side, self.contour_side, curves.entropy, levels=10, cmap="viridis", linewidths=0.8,
                linestyles="-",
            )  # fmt: skip
            self.hills = curves.entropy
            self.animate([self.contours, *self.above])
        top, peak = np.abs(curves.along).max(), np.abs(curves.flux).max()
        bottom = -0.2 if curves.along.min() > -1e-3 * max(top, 1e-12) else -1
        limits = [(bottom * _nice(top), 1.1 * _nice(top)), (-_nice(peak), _nice(peak))]
        if [ax.get_ylim() for ax in self.axes[1:]] != limits:
            for ax, limit in zip(self.axes[1:], limits, strict=True):
                ax.set_ylim(limit)
            self.draw_background()


def _nice(value: float) -> float:
    """The next power of two."""
    return 2.0 ** math.ceil(math.log2(max(value, 1e-3)))
