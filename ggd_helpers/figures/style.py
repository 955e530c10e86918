"""How every figure of the course looks."""

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import matplotlib.pyplot as plt
import scienceplots  # noqa: F401  (registers the styles)
import torch
from matplotlib.figure import Figure

if TYPE_CHECKING:
    from matplotlib.typing import RcKeyType

STYLE = ["science", "no-latex"]
COLOURS = (
    "#4477AA",
    "#EE6677",
    "#228833",
    "#AA3377",
    "#CCBB44",
    "#66CCEE",
)  # Paul Tol's bright ones, colour-blind safe
TEXT = 11  # points: titles, labels, numbers and legends alike
SIZES: dict["RcKeyType", Any] = {
    "font.family": "STIXGeneral",  # as in formulas; named, since a text looks its font up when it is drawn
    "font.size": TEXT,
    "axes.titlesize": TEXT,
    "legend.fontsize": TEXT,
    "figure.titlesize": TEXT,
    "figure.dpi": 90,
    "figure.constrained_layout.use": True,
    "figure.constrained_layout.w_pad": 0.08,  # inches; labels of neighbours do not touch
}
# Keywords of `Axes.plot`, whose own signature says Any.
KNOWN: dict[str, Any] = {"color": "0.25", "lw": 3.0, "alpha": 0.5}
LEARNED: dict[str, Any] = {"ls": "--", "lw": 1.6}


def styled(draw: Callable[..., Figure]) -> Callable[..., Figure]:
    """Draw in the course's style, without gradients, and hand the figure over to the page alone."""

    @functools.wraps(draw)
    def wrapper(*args: object, **kwargs: object) -> Figure:
        with (
            plt.style.context(STYLE),
            plt.rc_context({**SIZES, "axes.prop_cycle": plt.cycler(color=COLOURS)}),
            torch.no_grad(),
        ):
            before = plt.get_fignums()
            try:
                return draw(*args, **kwargs)
            finally:
                for number in set(plt.get_fignums()) - set(before):
                    plt.close(number)

    return wrapper
