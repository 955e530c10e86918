"""The picture of the trap explorer: beads, their density, one number, force, loop and loss."""

from typing import Any

from matplotlib.artist import Artist

from ggd_helpers.figures.live import LivePictureOfLines, Panel
from ggd_helpers.figures.style import COLOURS

HORIZON = 3.0  # of every pull
REACH = 0.8  # how far from the mean a bead is shown


class TrapPicture(LivePictureOfLines):
    """Six panels: where trap and beads are, the cloud about its mean, its number; force, loop, dissipated work."""

    def __init__(self) -> None:
        super().__init__("abc;def", (10.5, 5.8))

    def frame(self) -> list[Artist]:
        """Six labelled panels, with what moves in each."""
        place, cloud, number, force, loop, loss = self.axes
        time = (0.0, HORIZON)
        Panel("trap and beads", "time $t$", "place", time, (-4.2, 6.6)).label(place)
        Panel("the cloud now", "place less the mean", "density", (-REACH, REACH), (-0.9, 7.5)).label(cloud)
        Panel("one number", "time $t$", r"$\alpha$, in units of the mean", time, (-1.2, 3.2)).label(number)
        Panel("what the hand feels", "time $t$", "force $F$", time, (-4.5, 7.5)).label(force)
        Panel("memory", r"trap $\lambda$", "force $F$", (-4.2, 6.6), (-4.5, 7.5)).label(loop)
        Panel("what is lost", "time $t$", "dissipated work", time, (1e-4, 1e2), "log").label(loss)
        cloud.axhline(0, color="0.7", lw=0.8, zorder=0)
        blue = COLOURS[0]
        known: dict[str, Any] = {"color": "0.25", "lw": 1.5}
        learned: dict[str, Any] = {"color": COLOURS[1], "lw": 1.8, "ls": "--"}
        self.lines = {
            "place": {
                "trap": place.plot([], [], color=COLOURS[2], lw=1.5, label=r"trap $\lambda$")[0],
                "beads": place.plot([], [], ".", color=blue, ms=3, alpha=0.4)[0],
                "known": place.plot([], [], **known, label="mean, exact")[0],
            },
            "cloud": {
                "beads": cloud.plot([], [], ".", color=blue, ms=4, alpha=0.5)[0],
                "counted": cloud.plot([], [], color=blue, lw=1.2, drawstyle="steps-mid", label="200 beads")[0],
                "known": cloud.plot([], [], **known, label="exact")[0],
                "learned": cloud.plot([], [], **learned, label="found")[0],
            },
            "number": {
                "beads": number.plot([], [], color=blue, lw=1.0)[0],
                "known": number.plot([], [], **known)[0],
                "learned": number.plot([], [], **learned)[0],
                "now": number.plot([], [], "o", color="0.25", ms=6)[0],
            },
            "force": {
                "rest": force.plot([], [], color="0.25", lw=1.2, ls=":", label="at rest")[0],
                "known": force.plot([], [], **known)[0],
                "learned": force.plot([], [], **learned)[0],
                "now": force.plot([], [], "o", color="0.25", ms=6)[0],
            },
            "loop": {
                "rest": loop.plot([], [], color="0.25", lw=1.2, ls=":")[0],
                "known": loop.plot([], [], **known)[0],
                "learned": loop.plot([], [], **learned)[0],
                "now": loop.plot([], [], "o", color="0.25", ms=6)[0],
            },
            "loss": {
                "known": loss.plot([], [], **known)[0],
                "learned": loss.plot([], [], **learned)[0],
                "now": loss.plot([], [], "o", color="0.25", ms=6)[0],
            },
        }
        shown = [place.lines[0], *cloud.lines[2:], force.lines[0]]
        self.figure.legend(handles=shown, loc="outside upper center", ncols=len(shown))
        return [line for kinds in self.lines.values() for line in kinds.values()]
