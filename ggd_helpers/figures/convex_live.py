"""The pictures of the explorers on networks: a fit and its slope, redrawn while it is learned."""

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.artist import Artist

from ggd_helpers.figures.live import Curve, LivePicture
from ggd_helpers.figures.style import COLOURS, KNOWN, LEARNED

KINDS: dict[str, dict[str, Any]] = {
    "target": {"color": COLOURS[0], "lw": 1.2},
    "envelope": KNOWN,
    "fit": {"color": COLOURS[1], **LEARNED},
}


class FitPicture(LivePicture):
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
        self.axes[0].legend(loc="upper center")
        return [line for kinds in self.lines.values() for line in kinds.values()]

    def show(self, curves: Mapping[str, Mapping[str, Curve]]) -> bytes:
        """Draw `curves[panel][kind]`; missing ones vanish."""
        self.move_lines(curves)
        return self.snapshot()
