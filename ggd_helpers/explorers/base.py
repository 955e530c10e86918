"""What all explorers share: a panel, a picture and its still, and a button that is locked while a model trains."""

import math
from collections.abc import Sequence
from typing import Any, Generic, Self, TypeVar

import ipywidgets as widgets
import numpy as np
from IPython.display import Image, display
from torch import Tensor
from traitlets import Unicode

from ggd_helpers.figures.live import Curve, LivePicture

Picture = TypeVar("Picture", bound=LivePicture)
UNCUT = {"description_width": "initial"}  # the style of a control whose name is longer than others


def curve(x: Tensor, y: Tensor) -> Curve:
    """A line to draw, or a dot: both `(points,)`, with axes of length 1 left out."""
    return np.atleast_1d(x.detach().numpy().squeeze()), np.atleast_1d(y.detach().numpy().squeeze())


def point(drawn: Curve) -> tuple[float, float]:
    """The coordinates of a dot, or of a line's end."""
    x, y = drawn
    return float(x[-1]), float(y[-1])


def decades(value: float, low: int, high: int) -> dict[str, float]:
    """The limits of a logarithmic slider, wide enough for the value that it is given."""
    return {"min": min(low, math.floor(math.log10(value))), "max": max(high, math.ceil(math.log10(value)))}


def nearest(name: str, value: float, low: float, high: float) -> tuple[float, str]:
    """The nearest value that an explorer's pictures can show, and a sentence where that is another one."""
    near = min(max(value, low), high)
    said = f"{name} = {value:g} is beyond this explorer ({low:g} to {high:g}): it begins at {near:g}. "
    return near, "" if near == value else said


class ImageWithText(widgets.Image):
    """An image whose tooltip is its alternative text, for which the page asks its description as well."""

    description = Unicode("").tag(sync=True)


class Explorer(Generic[Picture]):
    """Controls and a picture; display `explorer.panel`, or put the explorer last in a cell.

    Attributes:
        panel: the controls and the picture.
        picture: what draws it; a subclass knows what it shows.
        image: the picture as it is now; its tooltip is its alternative text, which says what it shows.
        status: a line of text.
        main: the name of the control that a film moves (`explorers.film`); a subclass says which.
        stops: the values at which the film stops, as they are visited; that of the explorer as it opens is one of them.
    """

    panel: widgets.VBox
    main: str
    stops: Sequence[Any]

    def __init__(self, picture: Picture) -> None:
        self.picture, self.status = picture, widgets.HTML()
        layout = widgets.Layout(width=f"{picture.page_width}px", max_width="100%")
        self.image = ImageWithText(format="png", layout=layout)

    @classmethod
    def alone(cls) -> Self:
        """The explorer with nothing given, as `ggd explore` opens it and its chapter does at its defaults."""
        return cls()  # type: ignore[call-arg]  # a subclass brings its picture

    @property
    def main_control(self) -> widgets.Widget:
        """The control that a film moves."""
        return getattr(self, self.main)

    def _ipython_display_(self) -> None:
        display(self.panel)

    def _show(self, picture: bytes, said: str) -> None:
        """Put up a picture together with its alternative text."""
        with self.image.hold_sync():
            self.image.value, self.image.tooltip = picture, said

    def still(self) -> Image:
        """The present picture without the controls, for pages that are read without a kernel."""
        return Image(self.image.value, width=self.picture.page_width)


class LearningExplorer(Explorer[Picture]):
    """An explorer with a button that trains a model; a subclass writes `_train` and `_redraw`.

    Attributes:
        redraw_every: iterations of training from one picture to the next.
    """

    redraw_every = 20

    def __init__(self, picture: Picture) -> None:
        super().__init__(picture)
        self.learn_button = widgets.Button(description="learn it", button_style="primary")
        self.learn_button.on_click(lambda _: self.learn())

    def learn(self) -> None:
        """Train a model on the system as it is set, with the button locked meanwhile, and show it as it converges."""
        self.learn_button.disabled = True
        try:
            self._train()
        finally:
            self.learn_button.disabled = False

    def _watch(self, iteration: int, loss: float) -> None:
        if iteration % self.redraw_every == 0:
            self.status.value = f"iteration {iteration}: loss {loss:.1e}"
            self._redraw()

    def _train(self) -> None:
        raise NotImplementedError

    def _redraw(self) -> None:
        raise NotImplementedError
