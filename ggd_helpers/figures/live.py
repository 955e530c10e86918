"""Pictures that redraw in tens of milliseconds: the background is kept, only what moves is drawn again."""

import io
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from PIL import Image

from ggd_helpers.figures.style import COLOURS, SIZES, STYLE

if TYPE_CHECKING:
    from matplotlib.typing import RcKeyType

Curve = tuple[np.ndarray, np.ndarray]
LIVE: dict["RcKeyType", Any] = {**SIZES, "figure.dpi": 80, "axes.prop_cycle": plt.cycler(color=COLOURS)}


class Panel(NamedTuple):
    """The frame of a panel: what stands around it, and its limits."""

    title: str
    x: str
    y: str
    xlim: tuple[float, float]
    ylim: tuple[float, float]
    scale: str = "linear"

    def label(self, ax: Axes) -> None:
        """Put everything on the axes."""
        ax.set(title=self.title, xlabel=self.x, ylabel=self.y, xlim=self.xlim, yscale=self.scale, ylim=self.ylim)


def png_of(canvas: FigureCanvasAgg) -> bytes:
    """What stands on a canvas, as the bytes of a PNG."""
    file = io.BytesIO()
    pixels = np.asarray(canvas.buffer_rgba())
    Image.fromarray(pixels).convert("RGB").save(file, format="png", compress_level=1)
    return file.getvalue()


class LivePicture:
    """Panels down the columns; a subclass draws its frame once in `frame`, and moves its artists before `snapshot`.

    Attributes:
        axes: the panels.
        lines: a subclass's lines by panel and kind, for `move_lines`.
    """

    lines: Mapping[str, Mapping[str, Line2D]]

    def __init__(self, rows: int, columns: int, size: tuple[float, float], widths: Sequence[float] | None = None):
        with plt.style.context(STYLE), plt.rc_context(LIVE):
            self.figure = Figure(figsize=size)
            self.canvas = FigureCanvasAgg(self.figure)
            grid = self.figure.subplots(rows, columns, width_ratios=widths, squeeze=False)
            self.axes: list[Axes] = list(grid.T.flat)
            self.moving: list[Artist] = self.frame()
            self.canvas.draw()  # lays the panels out
            self.figure.set_layout_engine("none")
            for artist in self.moving:
                artist.set_animated(True)
            self.draw_background()

    def frame(self) -> list[Artist]:
        """Label the panels, and return every artist that moves."""
        raise NotImplementedError

    def draw_background(self) -> None:
        """Draw again what does not move: needed after a change of limits, titles or contours."""
        with plt.style.context(STYLE), plt.rc_context(LIVE):
            self.canvas.draw()
        self.background = self.canvas.copy_from_bbox(self.figure.bbox)

    def move_lines(self, curves: Mapping[str, Mapping[str, Curve]]) -> None:
        """Move the lines to `curves[panel][kind]`; those that are not given vanish."""
        for panel, kinds in self.lines.items():
            for kind, line in kinds.items():
                line.set_data(*curves.get(panel, {}).get(kind, ([], [])))

    def snapshot(self) -> bytes:
        """The picture with the moving artists where they are now."""
        self.canvas.restore_region(self.background)
        for artist in self.moving:
            self.figure.draw_artist(artist)
        return png_of(self.canvas)
