"""The picture of the particle explorer: six linked panels that redraw in tens of milliseconds."""

import io
import math
from collections.abc import Mapping
from typing import NamedTuple

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from PIL import Image

from ggd_helpers.figures.style import COLOURS, KNOWN, LEARNED, SIZES, STYLE

Curve = tuple[np.ndarray, np.ndarray]


class _Panel(NamedTuple):
    title: str
    x: str
    y: str
    xlim: tuple[float, float]
    ylim: tuple[float, float]


PANELS = {
    "entropy": _Panel("the entropy hill", "state $x$", "$S(x)$", (-1.05, 1.05), (-0.6, 0.08)),
    "conjugate": _Panel("its slope", "state $x$", "$x^* = dS/dx$", (-1.05, 1.05), (-1.1, 1.1)),
    "dissipation": _Panel("dissipation potential", "force $x^*$", "$\\Xi(x^*)$", (-1.05, 1.05), (-0.1, 2)),
    "flux": _Panel("its slope", "force $x^*$", "flux $d\\Xi/dx^*$", (-1.05, 1.05), (-4, 4)),
    "path": _Panel("the motion", "time $t$", "state $x(t)$", (-0.1, 5), (-1.05, 1.05)),
    "production": _Panel("the second law", "time $t$", "$dS/dt$", (-0.1, 5), (1e-6, 30)),
}


GROWING = ("dissipation", "flux")  # panels whose upper limit follows a steep law


class ParticlePicture:
    """Six panels: the background is drawn when an axis grows or shrinks, else only curves and dots are drawn again."""

    def __init__(self) -> None:
        with plt.style.context(STYLE), plt.rc_context({**SIZES, "figure.dpi": 80}):
            self.figure = Figure(figsize=(11, 5.6))
            canvas = FigureCanvasAgg(self.figure)
            axes = self.figure.subplots(2, 3)
            self.lines: dict[str, dict[str, Line2D]] = {}
            for ax, (name, panel) in zip(axes.T.flat, PANELS.items(), strict=True):
                ax.set(title=panel.title, xlabel=panel.x, ylabel=panel.y, xlim=panel.xlim, ylim=panel.ylim)
                if name == "production":
                    ax.set_yscale("log")
                else:
                    ax.axhline(0, color="0.85", lw=0.8, zorder=0)
                self.lines[name] = {
                    "parabola": ax.plot([], [], ":", color="0.5", lw=1.2)[0],
                    "known": ax.plot([], [], **KNOWN)[0],
                    "learned": ax.plot([], [], "k", **LEARNED)[0],
                    "now": ax.plot([], [], "o", color=COLOURS[0], ms=8)[0],
                }
            kinds = self.lines["entropy"]
            names = {"known": "known", "learned": "learned", "parabola": "if $\\Xi$ were quadratic", "now": "now"}
            self.figure.legend(
                [kinds[kind] for kind in names], names.values(), loc="outside lower center", ncols=4, frameon=False
            )
            self.artists = [line for kinds in self.lines.values() for line in kinds.values()]
            canvas.draw()  # lays the panels out
            self.figure.set_layout_engine("none")
            for line in self.artists:
                line.set_animated(True)
            self._draw_background()

    def _draw_background(self) -> None:
        with plt.style.context(STYLE), plt.rc_context({**SIZES, "figure.dpi": 80}):
            self.figure.canvas.draw()
        self.background = self.figure.canvas.copy_from_bbox(self.figure.bbox)

    def _follow(self, curves: Mapping[str, Mapping[str, Curve]]) -> None:
        """Stretch the panels of the law by powers of two, so that every curve fits."""
        moved = False
        for name in GROWING:
            low, high = PANELS[name].ylim
            peak = max((y.max() for _, y in curves.get(name, {}).values()), default=0.0)
            factor = 2.0 ** max(0, math.ceil(math.log2(max(peak / high, 1))))
            ax = self.lines[name]["known"].axes
            if ax.get_ylim() != (factor * low, factor * high):
                ax.set_ylim(factor * low, factor * high)
                moved = True
        if moved:
            self._draw_background()

    def png(self, curves: Mapping[str, Mapping[str, Curve]]) -> bytes:
        """Draw `curves[panel][kind]`, with kinds `known`, `learned`, `parabola` and `now`; missing ones vanish."""
        canvas = self.figure.canvas
        self._follow(curves)
        canvas.restore_region(self.background)
        for panel, kinds in self.lines.items():
            for kind, line in kinds.items():
                line.set_data(*curves.get(panel, {}).get(kind, ([], [])))
                line.axes.draw_artist(line)
        file = io.BytesIO()
        Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB").save(file, format="png", compress_level=1)
        return file.getvalue()
