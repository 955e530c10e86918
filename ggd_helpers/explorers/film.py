"""A film of an explorer: its pictures along its main control, for pages without a kernel."""

from typing import NamedTuple

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
        frames: one for each stop.
        first: the frame at which the explorer stood before.
    """

    control: str
    frames: list[Frame]
    first: int


def film(explorer: Explorer) -> Film:
    """Move the main control of an explorer from stop to stop, and keep what it shows; it is left at the last one."""
    control, stops = explorer.main_control, list(explorer.stops)
    first = min(range(len(stops)), key=lambda i: abs(stops[i] - control.value))
    return Film(control.description, [_frame(explorer, control, stop) for stop in stops], first)


def _frame(explorer: Explorer, control: widgets.Widget, stop: float) -> Frame:
    control.value = stop
    value = format(control.value, control.readout_format)
    return Frame(value, bytes(explorer.image.value), explorer.image.tooltip, explorer.status.value)
