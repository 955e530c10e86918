"""The explorer of the first page: choose a start, and see it climb."""

from collections.abc import Mapping

import ipywidgets as widgets
import torch

from ggd_helpers.explorers.base import Explorer, curve, point
from ggd_helpers.figures.live import Curve
from ggd_helpers.figures.start_live import ClimbPicture
from ggd_helpers.integrators import rk4
from ggd_helpers.systems.particle import OverdampedParticle

STATES = torch.linspace(-1.05, 1.05, 85, dtype=torch.float64)[:, None]
FRAMES = 60  # of the film, over five times 1/gamma


class ClimbExplorer(Explorer[ClimbPicture]):
    """Choose where an overdamped particle starts, press play, and watch it climb its entropy.

    Display `explorer.panel`, or put the explorer last in a cell.
    """

    main, stops = "frame", range(0, FRAMES + 1, 3)

    def __init__(self, gamma: float = 1.0, start: float = -0.9):
        self.system, self.step = OverdampedParticle(gamma), 5 / gamma / FRAMES
        super().__init__(ClimbPicture(FRAMES * self.step))
        self.start = widgets.FloatSlider(
            value=start, min=-1, max=1, step=0.05, description="start", readout_format=".2f"
        )
        self.frame = widgets.IntSlider(value=12, min=0, max=FRAMES, description="frame", readout=False)
        self.play = widgets.Play(value=12, min=0, max=FRAMES, interval=60, description="play")
        widgets.jslink((self.play, "value"), (self.frame, "value"))
        legend = widgets.HTML(
            "<b>start</b>: the state at time 0. <b>play</b>: runs the film. <b>frame</b>: moves it by hand."
        )
        controls = widgets.HBox([self.start, self.play, self.frame], layout=widgets.Layout(flex_flow="row wrap"))
        self.panel = widgets.VBox([controls, legend, self.status, self.image])
        for control in (self.start, self.frame):
            control.observe(self._redraw, "value")
        self._redraw()

    @torch.no_grad()
    def _redraw(self, *_: object) -> None:
        curves = self.curves()
        self._show(self.picture.png(curves), self._told(curves))
        time, x = self.frame.value * self.step, self._path()[self.frame.value]
        entropy, rate = self.system.entropy(x), self.system.entropy_production(x)
        self.status.value = f"at time {time:.2g}: x = {x.item():.3f}, S = {entropy:.3f}, growing at {rate:.3f} a time"

    def _told(self, curves: Mapping[str, Mapping[str, Curve]]) -> str:
        (start, lowest), (now, height) = point(curves["hill"]["start"]), point(curves["hill"]["now"])
        return (
            f"Left: a hill, the entropy over the state; a dot has climbed it from x = {start:.2f}, S = {lowest:.3f} to "
            f"x = {now:.2f}, S = {height:.3f}. Right: entropy over time, rising ever slower; the dot stands at time "
            f"{point(curves['rise']['now'])[0]:.2g}."
        )

    def _path(self) -> torch.Tensor:
        """The states at all frames, `(frame, 1)`."""
        return rk4(self.system, torch.tensor([self.start.value], dtype=torch.float64), self.step, FRAMES + 1, 2)

    @torch.no_grad()
    def curves(self) -> dict[str, dict[str, Curve]]:
        """What the panels show for the present values of the sliders."""
        path, now = self._path(), self.frame.value
        times, height = self.step * torch.arange(FRAMES + 1), self.system.entropy(path)
        way = slice(0, now + 1)
        return {
            "hill": {
                "known": curve(STATES, self.system.entropy(STATES)),
                "way": curve(path[way], height[way]),
                "start": curve(path[0], height[0]),
                "now": curve(path[now], height[now]),
            },
            "rise": {
                "known": curve(times, height),
                "way": curve(times[way], height[way]),
                "now": curve(times[now], height[now]),
            },
        }
