"""The picture of the chain explorer: a chain coloured by phase, distributions, and the force against the length."""

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.lines import Line2D

from ggd_helpers.figures.live import Curve, LivePicture, Panel
from ggd_helpers.figures.style import COLOURS, DASHES, KNOWN, LEARNED

SHOWN = (0, 4, 9)  # springs whose distributions are drawn
PANELS = {
    "springs": Panel("three springs", "strain $u$", "density", (-1.6, 5.0), (0, 2.4)),
    "force": Panel("what you feel", "length of the chain $L$", "force on the end $F$", (13, 36), (-0.4, 2.6)),
    "share": Panel("long springs", "time $t$", "share $p$", (-0.5, 30.5), (-0.05, 1.05)),
}
KINDS = {"known": "simulated", "learned": "learned", "now": "now"}


class ChainPicture(LivePicture):
    """The chain above, three panels of lines below, with axes that stay."""

    def __init__(self) -> None:
        super().__init__("aaa;bcd", (9.8, 4.6))

    def frame(self) -> list[Artist]:
        """The chain and its springs, and the lines of the panels."""
        chain, *others = self.axes
        chain.set(title="the mean chain (dark: short springs, bright: long ones)", xlim=(-0.5, 36), ylim=(-1, 1))
        chain.set(xlabel="place", yticks=[])
        self.springs = LineCollection([], cmap="cividis", linewidths=7, norm=plt.Normalize(0, 1))
        chain.add_collection(self.springs)
        (self.particles,) = chain.plot([], [], "o", color="0.25", ms=7)
        self.lines = {name: self._prepare(ax, name) for ax, name in zip(others, PANELS, strict=True)}
        named = {f"spring {s + 1}": self.lines["springs"][f"known {s}"] for s in SHOWN}
        named |= {name: self.lines["force"][kind] for kind, name in KINDS.items()}
        self.figure.legend(named.values(), named, loc="outside lower center", ncols=len(named), frameon=False)
        return [self.springs, self.particles, *(line for kinds in self.lines.values() for line in kinds.values())]

    @staticmethod
    def _prepare(ax: Axes, name: str) -> dict[str, Line2D]:
        PANELS[name].label(ax)
        if name == "force":
            known, learned = ax.plot([], [], **KNOWN)[0], ax.plot([], [], "k", **LEARNED)[0]
            return {"known": known, "learned": learned, "now": ax.plot([], [], "o", color=COLOURS[0], ms=8)[0]}
        lines = {}
        for k, s in enumerate(SHOWN):
            lines[f"known {s}"] = ax.plot([], [], **{**KNOWN, "color": COLOURS[k]})[0]
            lines[f"learned {s}"] = ax.plot([], [], color=COLOURS[k], lw=1.6, ls=DASHES[1 + k])[0]
        return lines

    def png(self, curves: Mapping[str, Mapping[str, Curve]], places: np.ndarray, shares: np.ndarray) -> bytes:
        """Draw `curves[panel][kind]`, and the chain: `places` of its particles, `shares` of its springs."""
        ends = np.concatenate([[0.0], places])
        self.springs.set_segments([[(a, 0.0), (b, 0.0)] for a, b in zip(ends, places, strict=False)])
        self.springs.set_array(shares)
        self.particles.set_data(ends, np.zeros(len(ends)))
        self.move_lines(curves)
        return self.snapshot()
