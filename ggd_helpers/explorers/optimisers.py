"""The explorer of optimisers: two of them, side by side, from a start that you set."""

import ipywidgets as widgets
import torch

from ggd_helpers.explorers.base import Explorer
from ggd_helpers.figures.convex_live import DescentPicture
from ggd_helpers.training.landscapes import LANDSCAPES, Landscape, Way, follow, gap, methods

MEANING = (
    "<b>landscape</b>: where they go down. <b>first</b> (blue dots), <b>second</b> (red triangles): the optimisers. "
    "<b>start 1</b>, <b>start 2</b>: where both begin, the black ring. "
    "<b>gradients</b>: how many each may ask for; a row of Newton's Hessian counts as one."
)


class DescentExplorer(Explorer[DescentPicture]):
    """Two optimisers on a landscape of two parameters: set the start, and see where each goes and what it costs."""

    main, stops = "gradients", [5, 10, 15, 20, 25, 30, 40, 50, 60, 80, 100, 150, 200, 300]

    def __init__(self, landscape: str = "saddle", first: str = "Newton", second: str = "BFGS"):
        super().__init__(DescentPicture(LANDSCAPES[landscape]))
        names = list(methods(1.0))
        self.landscape_menu = widgets.Dropdown(options=list(LANDSCAPES), value=landscape, description="landscape")
        self.first = widgets.Dropdown(options=names, value=first, description="first")
        self.second = widgets.Dropdown(options=names, value=second, description="second")
        self.start_1, self.start_2 = _start_slider("start 1"), _start_slider("start 2")
        self.gradients = widgets.IntSlider(
            value=60, min=5, max=300, step=5, description="gradients", continuous_update=False
        )
        self._put_start()
        choices = [self.landscape_menu, self.first, self.second]
        numbers = [self.start_1, self.start_2, self.gradients]
        controls = widgets.HBox([widgets.VBox(choices), widgets.VBox(numbers)])
        self.panel = widgets.VBox([controls, widgets.HTML(MEANING), self.status, self.image])
        self.landscape_menu.observe(self._move_there, "value")
        for control in (self.first, self.second, *numbers):
            control.observe(self._redraw, "value")
        self._redraw()

    @property
    def landscape(self) -> Landscape:
        """The landscape that is chosen."""
        return LANDSCAPES[self.landscape_menu.value]

    def ways(self) -> dict[str, Way]:
        """Where the `first` and the `second` optimiser go from the start that is set."""
        start = torch.tensor([self.start_1.value, self.start_2.value], dtype=torch.float64)
        tools, chosen = methods(self.landscape.rate), {"first": self.first.value, "second": self.second.value}
        return {
            which: follow(tools[name], self.landscape.loss, start, self.gradients.value)
            for which, name in chosen.items()
        }

    def _put_start(self) -> None:
        left, right, bottom, top = self.landscape.reach
        for slider, low, high in ((self.start_1, left, right), (self.start_2, bottom, top)):
            slider.min, slider.max = min(slider.min, low), max(slider.max, high)  # never beyond each other
            slider.min, slider.max = low, high
        self.start_1.value, self.start_2.value = self.landscape.start

    def _move_there(self, *_: object) -> None:
        """Take up another landscape, at the start that belongs to it; the picture follows once."""
        for slider in (self.start_1, self.start_2):
            slider.unobserve(self._redraw, "value")
        self._put_start()
        for slider in (self.start_1, self.start_2):
            slider.observe(self._redraw, "value")
        self._redraw()

    def _redraw(self, *_: object) -> None:
        ways = self.ways()
        names = {"first": self.first.value, "second": self.second.value}
        self.status.value = "; ".join(
            f"{names[which]}: {way.gradients[-1].item()} gradients, at "
            f"({way.points[-1, 0].item():.2f}, {way.points[-1, 1].item():.2f}), "
            f"{gap(self.landscape, way)[-1].item():.1e} above the lowest loss"
            for which, way in ways.items()
        )
        self._show(self.picture.png(self.landscape, ways), self._told())

    def _told(self) -> str:
        return (
            f"Left: level lines of the {self.landscape_menu.value}, and two ways down from "
            f"({self.start_1.value:.2f}, {self.start_2.value:.2f}). Right: how far each is above the lowest loss, by "
            f"gradients. Where they end: {self.status.value}."
        )


def _start_slider(name: str) -> widgets.FloatSlider:
    return widgets.FloatSlider(value=0.0, min=-1.0, max=1.0, step=0.02, description=name, continuous_update=False)
