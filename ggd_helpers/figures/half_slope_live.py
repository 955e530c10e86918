"""The picture of the half-slope explorer: a function and its mirror image, its odd part, the shifts found so far."""

from matplotlib.artist import Artist

from ggd_helpers.figures.live import LivePictureOfLines
from ggd_helpers.figures.style import COLOURS, KNOWN, LEARNED


class HalfSlopePicture(LivePictureOfLines):
    """Three panels, `mirror`, `odd` and `found`, with room for shifts up to `reach`."""

    def __init__(self, reach: float):
        self.reach = reach
        super().__init__("abc", (11, 3.6))

    def frame(self) -> list[Artist]:
        """The panels with their names and limits, and the lines that move in them."""
        mirror, odd, found = self.axes
        mirror.set(xlabel="momentum $\\xi$", ylabel="$H(c, \\xi)$", title="measured, and mirrored",
                   xlim=(-self.reach - 1, self.reach + 1), ylim=(-1.4, 3.2))  # fmt: skip
        odd.set(xlabel="$\\xi$, from the shift", ylabel="odd part of $H$", title="what the mirror does not match",
                xlim=(-1, 1), ylim=(-0.6, 0.6))  # fmt: skip
        found.set(xlabel="share of B", ylabel="shift $\\eta$", title="the shifts so far", xlim=(0, 1),
                  ylim=(-self.reach, self.reach))  # fmt: skip
        odd.axhline(0, color="0.85", lw=0.8, zorder=0)
        self.lines = {
            "mirror": {
                "axis": mirror.plot([], [], color="0.5", ls=":")[0],
                "measured": mirror.plot([], [], **KNOWN, label="measured $H$")[0],
                "mirrored": mirror.plot([], [], color=COLOURS[1], **LEARNED, label="mirrored at the shift")[0],
            },
            "odd": {"part": odd.plot([], [], color=COLOURS[0], lw=2)[0]},
            "found": {
                "slope": found.plot([], [], **KNOWN, label="counted")[0],
                "even": found.plot([], [], "o", color=COLOURS[0], ms=6, label="even here")[0],
                "now": found.plot([], [], "x", color=COLOURS[1], ms=8, label="now")[0],
            },
        }
        mirror.legend(loc="lower center")
        found.legend(loc="upper left")
        return [line for kinds in self.lines.values() for line in kinds.values()]
