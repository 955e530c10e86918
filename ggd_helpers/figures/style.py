"""How every figure of the course looks."""

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal

import matplotlib.pyplot as plt
import scienceplots  # noqa: F401  (registers the styles)
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure, FigureBase

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
    "mathtext.fontset": "stix",
    "font.size": TEXT,
    "axes.titlesize": TEXT,
    "legend.fontsize": TEXT,
    "figure.titlesize": TEXT,
    "xtick.minor.visible": False,  # most of what there is to draw, and nobody reads them; logarithmic axes keep theirs
    "ytick.minor.visible": False,
    "figure.dpi": 90,
    "figure.constrained_layout.use": True,
    "figure.constrained_layout.w_pad": 0.08,  # inches; labels of neighbours do not touch
}
# Keywords of `Axes.plot`, whose own signature says Any.
KNOWN: dict[str, Any] = {"color": "0.25", "lw": 3.0, "alpha": 0.5}
LEARNED: dict[str, Any] = {"ls": "--", "lw": 1.6}
DASHES: tuple[Any, ...] = ("-", "--", "-.", ":", (0, (5, 1)), (0, (3, 1, 1, 1)), (0, (1, 1)))
Place = Literal["outside upper center", "outside lower center", "outside right center"]


def learned_line(i: int) -> dict[str, Any]:
    """The line of the `i`-th of several learned things: a colour and dashes of its own."""
    return LEARNED | {"color": COLOURS[i % len(COLOURS)], "ls": DASHES[1 + i % (len(DASHES) - 1)]}


def legend_outside(
    figure: FigureBase, *axes: Axes, place: Place = "outside upper center", columns: int | None = None
) -> None:
    """One legend for these panels, outside of them all, where it lies over no curve; each label stands in it once."""
    found = [ax.get_legend_handles_labels() for ax in axes]
    handles = {label: handle for pair in found for handle, label in zip(*pair, strict=True)}
    figure.legend(list(handles.values()), list(handles), loc=place, ncols=columns or len(handles))


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
