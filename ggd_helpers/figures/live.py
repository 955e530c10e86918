"""Pictures that redraw in tens of milliseconds: the background is kept, only what moves is drawn again."""

import io
from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from ggd_helpers.figures.style import COLOURS, SIZES, STYLE


class LivePicture:
    """A row of panels; a subclass draws its frame once in `frame`, and moves its artists before each `png`."""

    def __init__(self, panels: int, size: tuple[float, float], widths: Sequence[float] | None = None):
        cycle = plt.cycler(color=COLOURS)
        with plt.style.context(STYLE), plt.rc_context({**SIZES, "figure.dpi": 80, "axes.prop_cycle": cycle}):
            self.figure = Figure(figsize=size)
            canvas = FigureCanvasAgg(self.figure)
            self.axes: list[Axes] = list(self.figure.subplots(1, panels, width_ratios=widths))
            self.moving: list[Artist] = self.frame()
            canvas.draw()  # lays the panels out
            self.figure.set_layout_engine("none")
            for artist in self.moving:
                artist.set_animated(True)
            self.draw_background()

    def frame(self) -> list[Artist]:
        """Label the panels, and return every artist that moves."""
        raise NotImplementedError

    def draw_background(self) -> None:
        """Draw again what does not move: needed after a change of limits, titles or contours."""
        with plt.style.context(STYLE), plt.rc_context({**SIZES, "figure.dpi": 80}):
            self.figure.canvas.draw()
        self.background = self.figure.canvas.copy_from_bbox(self.figure.bbox)

    def png(self) -> bytes:
        """The picture with the moving artists where they are now."""
        canvas = self.figure.canvas
        canvas.restore_region(self.background)
        for artist in self.moving:
            artist.axes.draw_artist(artist)
        file = io.BytesIO()
        Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB").save(file, format="png", compress_level=1)
        return file.getvalue()
