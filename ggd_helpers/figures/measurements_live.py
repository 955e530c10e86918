"""The picture of the measurements explorer: data, and the law, S and Xi that they tell, with their bands."""

from collections.abc import Mapping

import numpy as np
from matplotlib.artist import Artist
from matplotlib.lines import Line2D
from matplotlib.patches import Polygon

from ggd_helpers.figures.live import Curve, LivePicture, Panel
from ggd_helpers.figures.style import COLOURS, KNOWN, LEARNED

SHOWN, HORIZON = 3, 3.0  # records that are drawn, and how long each lasts
MARKS = "os^"
PANELS = {
    "data": Panel("three of the records", "time $t$", "$x$", (-0.1, HORIZON + 0.1), (-1.5, 1.5)),
    "velocity": Panel("velocity", "$x$", r"$\dot x$", (-1, 1), (-2.4, 2.4)),
    "S": Panel("entropy", "$x$", "$S$ less its mean", (-1, 1), (-0.6, 0.4)),
    "Xi": Panel("dissipation potential", "force $x^*$", r"$\Xi$", (-1, 1), (-0.15, 1.1)),
}
CURVES = ("velocity", "S", "Xi")  # the panels that have bands


class MeasurementsPicture(LivePicture):
    """Four panels in a row, with axes that stay; bands are polygons that move."""

    def __init__(self) -> None:
        super().__init__("abcd", (9.8, 3.1))

    def frame(self) -> list[Artist]:
        """The dots and paths of the records, and a known curve, a learned one and a band in each other panel."""
        axes = dict(zip(PANELS, self.axes, strict=True))
        for name, ax in axes.items():
            PANELS[name].label(ax)
        self.bands = {name: Polygon(np.zeros((1, 2)), color=COLOURS[0], alpha=0.3, lw=0) for name in CURVES}
        self.lines: dict[str, dict[str, Line2D]] = {"data": {}}
        for k in range(SHOWN):
            self.lines["data"][f"path {k}"] = axes["data"].plot([], [], color=COLOURS[k], **LEARNED)[0]
            self.lines["data"][f"dots {k}"] = axes["data"].plot([], [], MARKS[k], color=COLOURS[k], ms=4)[0]
        for name in CURVES:
            axes[name].add_patch(self.bands[name])
            known, learned = (
                axes[name].plot([], [], **KNOWN)[0],
                axes[name].plot([], [], color=COLOURS[0], **LEARNED)[0],
            )
            self.lines[name] = {"known": known, "learned": learned}
        named: dict[str, Artist] = {"measured": self.lines["data"]["dots 0"], "known": self.lines["S"]["known"]}
        named |= {"learned": self.lines["S"]["learned"], "its 90 % band": self.bands["S"]}
        self.figure.legend(named.values(), named, loc="outside lower center", ncols=len(named), frameon=False)
        return [*self.bands.values(), *(line for kinds in self.lines.values() for line in kinds.values())]

    def png(self, curves: Mapping[str, Mapping[str, Curve]]) -> bytes:
        """Draw `curves[panel][kind]`; a band lies between the kinds `low` and `high`, where a panel has them."""
        for name, band in self.bands.items():
            kinds = curves.get(name, {})
            band.set_visible("low" in kinds)
            if "low" in kinds:
                (x, low), (_, high) = kinds["low"], kinds["high"]
                band.set_xy(np.column_stack([np.r_[x, x[::-1]], np.r_[low, high[::-1]]]))
        self.move_lines(curves)
        return self.snapshot()
