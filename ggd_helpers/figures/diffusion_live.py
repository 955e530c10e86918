"""The picture of the diffusion explorer: six linked panels, one of them place over time."""

import io
from collections.abc import Mapping
from typing import NamedTuple

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from PIL import Image

from ggd_helpers.figures.style import COLOURS, KNOWN, LEARNED, SIZES, STYLE

Curve = tuple[np.ndarray, np.ndarray]
HORIZON = 2.0  # the latest time that the picture shows


class _Panel(NamedTuple):
    title: str
    x: str
    y: str
    xlim: tuple[float, float]
    ylim: tuple[float, float]
    scale: str = "linear"


PANELS = {
    "profile": _Panel("the concentration", "place $x$", "$c(x)$", (0, 1), (-0.02, 0.45)),
    "flux": _Panel("what flows", "place $x$", "flux $J / D$", (0, 1), (-60, 60), "symlog"),
    "entropy": _Panel("the entropy", "time $t$", "$(S - S_\\infty) / |S_0 - S_\\infty|$", (-0.05, 2.05), (-1.1, 0.1)),
    "production": _Panel("the second law", "time $t$", "$dS/dt$", (-0.05, 2.05), (1e-7, 30), "log"),
    "law": _Panel("the law", "concentration $c$", "diffusivity $D(c)$", (0, 0.4), (5e-5, 0.2), "log"),
}
KINDS = {"start": "at the start", "known": "known", "learned": "learned", "now": "now"}


class DiffusionPicture:
    """Six panels with axes that stay: the background is drawn once, then only what moves."""

    def __init__(self) -> None:
        with plt.style.context(STYLE), plt.rc_context({**SIZES, "figure.dpi": 80}):
            self.figure = Figure(figsize=(11, 5.6))
            FigureCanvasAgg(self.figure)
            axes = self.figure.subplots(2, 3)
            places = zip(PANELS.items(), axes.T.flat, strict=False)
            self.lines = {name: self._prepare(ax, panel) for (name, panel), ax in places}
            self._prepare_field(axes[1, 2])
            handles = [self.lines["profile"][kind] for kind in KINDS]
            self.figure.legend(handles, KINDS.values(), loc="outside lower center", ncols=4, frameon=False)
            self.figure.canvas.draw()
            self.figure.set_layout_engine("none")
            for artist in self._moving():
                artist.set_animated(True)
            self.figure.canvas.draw()
            self.background = self.figure.canvas.copy_from_bbox(self.figure.bbox)

    @staticmethod
    def _prepare(ax: Axes, panel: _Panel) -> dict[str, Line2D]:
        ax.set(title=panel.title, xlabel=panel.x, ylabel=panel.y, xlim=panel.xlim, yscale=panel.scale, ylim=panel.ylim)
        return {
            "start": ax.plot([], [], ":", color="0.5", lw=1.2)[0],
            "known": ax.plot([], [], **KNOWN)[0],
            "learned": ax.plot([], [], "k", **LEARNED)[0],
            "now": ax.plot([], [], "o", color=COLOURS[0], ms=8)[0],
        }

    def _prepare_field(self, ax: Axes) -> None:
        ax.set(title="place over time (bright: much)", xlabel="time $t$", ylabel="place $x$")
        self.field = ax.imshow(np.eye(2), origin="lower", aspect="auto", extent=(0, HORIZON, 0, 1), cmap="viridis")
        self.moment = ax.axvline(0, color="w", lw=1.5)

    def _moving(self) -> list[Artist]:
        return [self.field, self.moment, *(line for kinds in self.lines.values() for line in kinds.values())]

    def png(self, curves: Mapping[str, Mapping[str, Curve]], field: np.ndarray, time: float) -> bytes:
        """Draw `curves[panel][kind]` of the kinds `KINDS` (missing ones vanish), and the `field`, `(place, time)`."""
        canvas = self.figure.canvas
        canvas.restore_region(self.background)
        self.field.set_data(field)
        self.field.set_clim(0, field.max())
        self.moment.set_xdata([time, time])
        for panel, kinds in self.lines.items():
            for kind, line in kinds.items():
                line.set_data(*curves.get(panel, {}).get(kind, ([], [])))
        for artist in self._moving():
            artist.axes.draw_artist(artist)
        file = io.BytesIO()
        Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB").save(file, format="png", compress_level=1)
        return file.getvalue()
