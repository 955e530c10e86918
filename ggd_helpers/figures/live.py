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
SHARPNESS = 2  # dots along a side for each of the page's pixels: a dense screen shows them all
LIVE: dict["RcKeyType", Any] = {
    **SIZES,
    "figure.dpi": SHARPNESS * SIZES["figure.dpi"],
    "axes.prop_cycle": plt.cycler(color=COLOURS),
}


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
    """Panels of one letter each; a subclass draws its frame once in `frame`, and moves its artists before `snapshot`.

    Args:
        mosaic: how the panels lie, rows parted by semicolons: `"aab;cdd"`.
        size: of the picture, inches.
        widths: of the columns, relative to each other.

    Attributes:
        axes: the panels in the order of their letters.
        rc: settings of matplotlib while it is laid out and drawn.
        lines: a subclass's lines by panel and kind, for `move_lines`.
    """

    rc = LIVE
    lines: Mapping[str, Mapping[str, Line2D]]
    _background: Any = None  # drawn with the first picture, whose limits it has

    def __init__(self, mosaic: str, size: tuple[float, float], widths: Sequence[float] | None = None):
        with plt.style.context(STYLE), plt.rc_context(self.rc):
            self.figure = Figure(figsize=size)
            self.canvas = FigureCanvasAgg(self.figure)
            panels = self.figure.subplot_mosaic(mosaic, width_ratios=widths)
            self.axes: list[Axes] = [panels[letter] for letter in sorted(panels)]
            self.animate(self.frame())
            if layout := self.figure.get_layout_engine():
                layout.execute(self.figure)
            self.figure.set_layout_engine("none")

    @property
    def page_width(self) -> int:
        """How wide the picture is to be shown, in the page's pixels."""
        return round(self.figure.get_figwidth() * self.figure.dpi / SHARPNESS)

    def frame(self) -> list[Artist]:
        """Label the panels, and return every artist that moves."""
        raise NotImplementedError

    def animate(self, moving: list[Artist]) -> None:
        """Take in the artists that move: they stay out of the background, and are drawn in this order."""
        self.moving = moving
        for artist in moving:
            artist.set_animated(True)

    def draw_background(self) -> None:
        """Draw again what does not move: needed after a change of limits, titles or contours."""
        with plt.style.context(STYLE), plt.rc_context(self.rc):
            self.canvas.draw()
        self._background = self.canvas.copy_from_bbox(self.figure.bbox)

    def draw_panels(self, axes: Sequence[Axes], beside: tuple[float, float, float, float]) -> None:
        """Draw again what does not move in some panels alone, at fixed places; no title or number may reach farther.

        Args:
            axes: the panels.
            beside: how far a panel reaches out of its frame (left, below, right, above), as shares of the figure.
        """
        self._restore_background()
        pixels, renderer = np.asarray(self.canvas.buffer_rgba()), self.canvas.get_renderer()
        height, width, _ = pixels.shape
        left, below, right, above = beside
        for ax in axes:
            frame = ax.get_position()
            rows = slice(max(0, int((1 - frame.y1 - above) * height)), int((1 - frame.y0 + below) * height))
            columns = slice(max(0, int((frame.x0 - left) * width)), int((frame.x1 + right) * width))
            pixels[rows, columns] = 255
            ax.draw(renderer)
        self._background = self.canvas.copy_from_bbox(self.figure.bbox)

    def _restore_background(self) -> None:
        if self._background is None:
            self.draw_background()
        self.canvas.restore_region(self._background)

    def move_lines(self, curves: Mapping[str, Mapping[str, Curve]]) -> None:
        """Move the lines to `curves[panel][kind]`; those that are not given vanish."""
        for panel, kinds in self.lines.items():
            for kind, line in kinds.items():
                line.set_data(*curves.get(panel, {}).get(kind, ([], [])))

    def snapshot(self) -> bytes:
        """The picture with the moving artists where they are now."""
        self._restore_background()
        for artist in self.moving:
            self.figure.draw_artist(artist)
        return png_of(self.canvas)


class LivePictureOfLines(LivePicture):
    """A live picture in which nothing moves but lines."""

    def png(self, curves: Mapping[str, Mapping[str, Curve]]) -> bytes:
        """Draw `curves[panel][kind]`; missing ones vanish."""
        self.move_lines(curves)
        return self.snapshot()
