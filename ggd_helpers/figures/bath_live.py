"""The picture of the bath explorer: phase portrait, energies and their sum, entropy, friction, the second law."""

import math
from collections.abc import Mapping
from typing import Any

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from ggd_helpers.figures.live import Curve, LivePicture, Panel
from ggd_helpers.figures.style import COLOURS, KNOWN, LEARNED

HORIZON = 20.0
FASTEST = 1.6  # the largest momentum that is shown
TIME = (-0.4, HORIZON)
PANELS = {
    "phase": Panel("phase portrait", "position $q$", "momentum $p$", (-1.75, 1.75), (-FASTEST, FASTEST)),
    "energies": Panel("energy changes its form", "time $t$", "energy over the first", TIME, (-0.1, 1.3)),
    "drift": Panel("is the sum kept?", "time $t$", "$|E(t) - E(0)|$", TIME, (1e-12, 3), "log"),
    "entropy": Panel("entropy of the bath", "time $t$", "$S(t) - S(0)$", TIME, (1e-4, 3), "log"),
    "friction": Panel("friction now", "momentum $p$", "force against $p$", (-FASTEST, FASTEST), (-0.25, 0.25)),
    "production": Panel("the second law", "time $t$", "$dS/dt$", TIME, (1e-6, 20), "log"),
}
ENERGIES = {"kinetic": COLOURS[0], "potential": COLOURS[2], "heat": COLOURS[1], "sum": "0.25"}


class BathPicture(LivePicture):
    """Six panels; one panel is drawn again when the friction law outgrows it, else lines alone move."""

    def __init__(self) -> None:
        super().__init__("abc;def", (10.5, 5.8))

    def frame(self) -> list[Artist]:
        """Label the panels, with a line for each kind of curve in every one."""
        lines = {}
        for ax, (name, panel) in zip(self.axes, PANELS.items(), strict=True):
            panel.label(ax)
            lines[name] = _energies(ax) if name == "energies" else _pair(ax)
        lines["drift"]["own"] = self.axes[2].plot([], [], ":", color=COLOURS[3], lw=1.8)[0]
        lines["production"]["falls"] = self.axes[-1].plot([], [], "x", color=COLOURS[3], ms=5)[0]
        self.lines = lines
        named = {kind: lines["energies"][f"known {kind}"] for kind in ENERGIES}
        named |= {"known": lines["phase"]["known"], "learned": lines["phase"]["learned"]}
        named |= {"by its own energy": lines["drift"]["own"]}
        named |= {"entropy falls": lines["production"]["falls"], "now": lines["phase"]["now"]}
        self.figure.legend(named.values(), named, loc="outside upper center", ncols=len(named), columnspacing=1.2)
        return [line for kinds in lines.values() for line in kinds.values()]

    def _follow(self, friction: Mapping[str, Curve]) -> None:
        """Stretch the panel of the friction law by powers of two, so that the known law fits."""
        ax, high = self.axes[4], PANELS["friction"].ylim[1]
        peak = float(friction["known"][1].max())
        limit = high * 2.0 ** max(0, math.ceil(math.log2(max(peak / high, 1))))
        if ax.get_ylim()[1] != limit:
            ax.set_ylim(-limit, limit)
            self.draw_panels([ax], beside=(0.065, 0.075, 0.01, 0.04))

    def png(self, curves: Mapping[str, Mapping[str, Curve]]) -> bytes:
        """Draw `curves[panel][kind]`: `known`, `learned` and `now`; in `energies` with the name of one behind it."""
        self._follow(curves["friction"])
        self.move_lines(curves)
        return self.snapshot()


def _pair(ax: Axes) -> dict[str, Line2D]:
    return {
        "known": ax.plot([], [], **KNOWN)[0],
        "learned": ax.plot([], [], "k", **LEARNED)[0],
        "now": ax.plot([], [], "o", color=COLOURS[0], ms=7)[0],
    }


def _energies(ax: Axes) -> dict[str, Line2D]:
    known: dict[str, Any] = {**KNOWN, "lw": 2.4, "alpha": 0.6}
    lines = {f"known {kind}": ax.plot([], [], **{**known, "color": c})[0] for kind, c in ENERGIES.items()}
    lines |= {f"learned {kind}": ax.plot([], [], color=c, **LEARNED)[0] for kind, c in ENERGIES.items()}
    return lines | {"now": ax.plot([], [], "o", color=COLOURS[0], ms=5)[0]}
