"""The picture of the diffusion explorer: six linked panels, one of them place over time."""

from collections.abc import Mapping

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from ggd_helpers.figures.live import Curve, LivePicture, Panel
from ggd_helpers.figures.style import COLOURS, KNOWN, LEARNED

HORIZON = 2.0  # the latest time that the picture shows

PANELS = {
    "profile": Panel("the concentration", "place $x$", "$c(x)$", (0, 1), (-0.02, 0.45)),
    "flux": Panel("what flows", "place $x$", "flux $J / D$", (0, 1), (-60, 60), "symlog"),
    "entropy": Panel("the entropy", "time $t$", "$(S - S_\\infty) / |S_0 - S_\\infty|$", (-0.05, 2.05), (-1.1, 0.1)),
    "production": Panel("the second law", "time $t$", "$dS/dt$", (-0.05, 2.05), (1e-7, 30), "log"),
    "law": Panel("the law", "concentration $c$", "diffusivity $D(c)$", (0, 0.4), (5e-5, 0.2), "log"),
}
KINDS = {"start": "at the start", "known": "known", "learned": "learned", "now": "now"}


class DiffusionPicture(LivePicture):
    """Six panels with axes that stay: the background is drawn once, then only what moves."""

    def __init__(self) -> None:
        super().__init__("ace;bdf", (9.8, 5.4))

    def frame(self) -> list[Artist]:
        """Five panels of lines, and the field in the last one."""
        places = zip(PANELS.items(), self.axes, strict=False)
        self.lines = {name: self._prepare(ax, panel) for (name, panel), ax in places}
        self._prepare_field(self.axes[-1])
        handles = [self.lines["profile"][kind] for kind in KINDS]
        self.figure.legend(handles, KINDS.values(), loc="outside lower center", ncols=4, frameon=False)
        return [self.field, self.moment, *(line for kinds in self.lines.values() for line in kinds.values())]

    @staticmethod
    def _prepare(ax: Axes, panel: Panel) -> dict[str, Line2D]:
        panel.label(ax)
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

    def png(self, curves: Mapping[str, Mapping[str, Curve]], field: np.ndarray, time: float) -> bytes:
        """Draw `curves[panel][kind]` of the kinds `KINDS` (missing ones vanish), and the `field`, `(place, time)`."""
        self.field.set_data(field)
        self.field.set_clim(0, field.max())
        self.moment.set_xdata([time, time])
        self.move_lines(curves)
        return self.snapshot()
