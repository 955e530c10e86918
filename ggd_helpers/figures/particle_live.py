"""The picture of the particle explorer: six linked panels that redraw in tens of milliseconds."""

import math
from collections.abc import Mapping

from matplotlib.artist import Artist

from ggd_helpers.figures.live import Curve, LivePicture, Panel
from ggd_helpers.figures.style import COLOURS, KNOWN, LEARNED

PANELS = {
    "entropy": Panel("the entropy hill", "state $x$", "$S(x)$", (-1.05, 1.05), (-0.6, 0.08)),
    "conjugate": Panel("its slope", "state $x$", "$x^* = dS/dx$", (-1.05, 1.05), (-1.1, 1.1)),
    "dissipation": Panel("dissipation potential", "force $x^*$", "$\\Xi(x^*)$", (-1.05, 1.05), (-0.1, 2)),
    "flux": Panel("its slope", "force $x^*$", "flux $d\\Xi/dx^*$", (-1.05, 1.05), (-4, 4)),
    "path": Panel("the motion", "time $t$", "state $x(t)$", (-0.1, 5), (-1.05, 1.05)),
    "production": Panel("the second law", "time $t$", "$dS/dt$", (-0.1, 5), (1e-6, 30), "log"),
}
GROWING = ("dissipation", "flux")  # panels whose upper limit follows a steep law


class ParticlePicture(LivePicture):
    """Six panels: the background is drawn when an axis grows or shrinks, else only curves and dots are drawn again."""

    def __init__(self) -> None:
        super().__init__("ace;bdf", (9.8, 5.4))

    def frame(self) -> list[Artist]:
        """Label the panels, with a line for each kind of curve in every one."""
        self.lines = {}
        for ax, (name, panel) in zip(self.axes, PANELS.items(), strict=True):
            panel.label(ax)
            if panel.scale == "linear":
                ax.axhline(0, color="0.85", lw=0.8, zorder=0)
            self.lines[name] = {
                "parabola": ax.plot([], [], ":", color="0.5", lw=1.2)[0],
                "known": ax.plot([], [], **KNOWN)[0],
                "learned": ax.plot([], [], "k", **LEARNED)[0],
                "now": ax.plot([], [], "o", color=COLOURS[0], ms=8)[0],
            }
        names = {"known": "known", "learned": "learned", "parabola": "if $\\Xi$ were quadratic", "now": "now"}
        handles = [self.lines["entropy"][kind] for kind in names]
        self.figure.legend(handles, names.values(), loc="outside lower center", ncols=4, frameon=False)
        return [line for kinds in self.lines.values() for line in kinds.values()]

    def _follow(self, curves: Mapping[str, Mapping[str, Curve]]) -> None:
        """Stretch the panels of the law by powers of two, so that every curve fits."""
        moved = False
        for ax, (name, panel) in zip(self.axes, PANELS.items(), strict=True):
            if name not in GROWING:
                continue
            low, high = panel.ylim
            peak = max((y.max() for _, y in curves.get(name, {}).values()), default=0.0)
            factor = 2.0 ** max(0, math.ceil(math.log2(max(peak / high, 1))))
            if ax.get_ylim() != (factor * low, factor * high):
                ax.set_ylim(factor * low, factor * high)
                moved = True
        if moved:
            self.draw_background()

    def png(self, curves: Mapping[str, Mapping[str, Curve]]) -> bytes:
        """Draw `curves[panel][kind]`, with kinds `known`, `learned`, `parabola` and `now`; missing ones vanish."""
        self._follow(curves)
        self.move_lines(curves)
        return self.snapshot()
