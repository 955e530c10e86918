"""The first picture of the course: a state on its hill, and its height over time."""

from matplotlib.artist import Artist

from ggd_helpers.figures.live import LivePictureOfLines, Panel
from ggd_helpers.figures.style import COLOURS


class ClimbPicture(LivePictureOfLines):
    """Two panels: the entropy hill with the state on it, and the entropy and its rate over time."""

    def __init__(self, horizon: float):
        self.horizon = horizon
        super().__init__("ab", (8.5, 3.1))

    def frame(self) -> list[Artist]:
        """Two labelled panels, with what moves in each."""
        hill, rise = self.axes
        end = self.horizon
        Panel("the state climbs its entropy", "state $x$", "entropy $S(x)$", (-1.1, 1.1), (-0.56, 0.08)).label(hill)
        Panel("never down, ever slower", "time $t$", "entropy $S$", (-0.03 * end, end), (-0.56, 0.08)).label(rise)
        rise.axhline(0, color="0.7", lw=0.8, ls=":", zorder=0)
        self.lines = {
            "hill": {
                "known": hill.plot([], [], color="0.25", lw=1.5)[0],
                "way": hill.plot([], [], color=COLOURS[0], lw=4, alpha=0.5)[0],
                "start": hill.plot([], [], "o", color=COLOURS[0], mfc="w", ms=7)[0],
                "now": hill.plot([], [], "o", color=COLOURS[0], ms=10)[0],
            },
            "rise": {
                "known": rise.plot([], [], ":", color=COLOURS[0], lw=1.5)[0],
                "way": rise.plot([], [], color=COLOURS[0], lw=2.5)[0],
                "now": rise.plot([], [], "o", color=COLOURS[0], ms=10)[0],
            },
        }
        return [line for kinds in self.lines.values() for line in kinds.values()]
