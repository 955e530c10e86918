"""A film of an explorer: its pictures along its main control, for pages without a kernel."""

from typing import Any, NamedTuple

import ipywidgets as widgets

from ggd_helpers.explorers.base import Explorer


class Frame(NamedTuple):
    """An explorer at one stop of its main control.

    Attributes:
        value: where the control stands, as its readout says it.
        picture: the bytes of a PNG.
        told: the picture's alternative text.
        status: the line of text, HTML.
    """

    value: str
    picture: bytes
    told: str
    status: str


class Film(NamedTuple):
    """An explorer's pictures along its main control, the other controls as they stood.

    Attributes:
        control: what the control is called.
        frames: one for each stop, along the slider or down the menu.
        first: the frame at which the explorer stood before.
    """

    control: str
    frames: list[Frame]
    first: int


def film(explorer: Explorer) -> Film:
    """Move the main control of an explorer from stop to stop, and keep what it shows; it is left at the last one."""
    control, opened = explorer.main_control, explorer.main_control.value
    frames = {_place(control, stop): _frame(explorer, control, stop) for stop in explorer.stops}
    places, here = sorted(frames), _place(control, opened)
    first = min(range(len(places)), key=lambda i: abs(places[i] - here))
    return Film(control.description, [frames[place] for place in places], first)


def _place(control: widgets.Widget, stop: Any) -> float:
    """How far along a slider or down a menu."""
    return control.options.index(stop) if isinstance(control, widgets.Dropdown) else stop


def _frame(explorer: Explorer, control: widgets.Widget, stop: Any) -> Frame:
    control.value = stop
    value = stop if isinstance(control, widgets.Dropdown) else format(control.value, control.readout_format)
    return Frame(value, bytes(explorer.image.value), explorer.image.tooltip, explorer.status.value)
