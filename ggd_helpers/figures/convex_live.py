"""The pictures of the explorers on networks: a fit and its slope while it is learned; two ways down a landscape."""

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.artist import Artist

from ggd_helpers.figures.convex import LOWEST, TWO, level_lines
from ggd_helpers.figures.live import Curve, LivePicture, LivePictureOfLines
from ggd_helpers.figures.style import COLOURS, KNOWN, LEARNED
from ggd_helpers.training.landscapes import Landscape, Way, gap

KINDS: dict[str, dict[str, Any]] = {
    "target": {"color": COLOURS[0], "lw": 1.2},
    "envelope": KNOWN,
    "fit": {"color": COLOURS[1], **LEARNED},
}


class FitPicture(LivePictureOfLines):
    """Two panels: the target with its convex envelope and the network, and the slope of the network."""

    def __init__(self, values: tuple[float, float], slopes: tuple[float, float], kinds: Sequence[str] = tuple(KINDS)):
        self.limits, self.kinds = {"value": values, "slope": slopes}, kinds
        super().__init__("ab", (8, 3.2))

    def frame(self) -> list[Artist]:
        """Two labelled panels and a line for each kind of curve."""
        self.lines = {}
        for ax, (name, limits) in zip(self.axes, self.limits.items(), strict=True):
            ax.set(xlabel="$x$", ylabel=f"{name} of the network", xlim=(-1.55, 1.55), ylim=limits)
            self.lines[name] = {kind: ax.plot([], [], label=kind, **KINDS[kind])[0] for kind in self.kinds}
        self.axes[0].legend(loc="upper center", ncols=len(self.kinds))
        return [line for kinds in self.lines.values() for line in kinds.values()]


class DescentPicture(LivePicture):
    """Two panels: a landscape with the ways of two optimisers, and their losses over the gradients computed."""

    def __init__(self, landscape: Landscape):
        self.landscape = landscape
        super().__init__("ab", (9, 4))

    def frame(self) -> list[Artist]:
        """The level lines; a ring at the start, and a line for each optimiser in each panel."""
        ways, costs = self.axes
        level_lines(ways, self.landscape)
        ways.set(xlabel="$\\theta_1$", ylabel="$\\theta_2$")
        costs.set(xlabel="gradients computed", ylabel="loss - lowest loss", xlim=(1, 300), ylim=(LOWEST / 3, 1e3))
        costs.set(xscale="log", yscale="log")
        (self.ring,) = ways.plot([], [], "o", color="k", ms=9, mfc="none")
        names = ("first", "second")
        self.lines = {
            panel: {name: ax.plot([], [], label=name, **style)[0] for name, style in zip(names, TWO, strict=True)}
            for panel, ax in (("ways", ways), ("costs", costs))
        }
        costs.legend(loc="upper right", ncols=2, handlelength=3)
        return [self.ring, *(line for kinds in self.lines.values() for line in kinds.values())]

    def png(self, landscape: Landscape, ways: Mapping[str, Way]) -> bytes:
        """Draw the ways of the `first` and the `second` optimiser down a landscape."""
        if landscape is not self.landscape:
            self.landscape, axes = landscape, self.axes[0]
            for contours in list(axes.collections):
                contours.remove()
            level_lines(axes, landscape)
            self.draw_background()
        self.ring.set_data(*next(iter(ways.values())).points[:1].T.numpy())
        drawn: dict[str, dict[str, Curve]] = {"ways": {}, "costs": {}}
        for name, way in ways.items():
            drawn["ways"][name] = (way.points[:, 0].numpy(), way.points[:, 1].numpy())
            heights = gap(landscape, way).clamp_min(LOWEST)
            drawn["costs"][name] = (way.gradients[1:].numpy(), heights[1:].numpy())
        self.move_lines(drawn)
        return self.snapshot()
