"""Figures of single chains: where their particles are, and which springs are long when."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import torch
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from torch import Tensor

from ggd_helpers.figures.style import COLOURS, styled
from ggd_helpers.systems.spring_chain import SpringChain

SHORT, LONG = COLOURS[0], COLOURS[1]
WINDINGS = 4  # of a drawn spring
HEIGHT = 0.22  # of its windings, in rows


@styled
def one_chain(chain: SpringChain, strains: Tensor, times: Tensor, moments: Sequence[int]) -> Figure:
    """Left: one chain at several times. Right: which springs are long, over time, for every realisation given.

    Shapes: `strains` `(realisation, time, springs)` as `simulate_paths` gives them, `times` `(time,)`; `moments` are
    stored times of the first realisation.
    """
    figure = plt.figure(figsize=(9.4, 0.62 * len(moments) + 1.0))
    panels = figure.add_gridspec(len(strains), 2, width_ratios=(3, 2))
    drawn = figure.add_subplot(panels[:, 0])
    for row, moment in enumerate(moments):
        _draw(drawn, chain, strains[0, moment], -row)
    drawn.set(xlabel="place", ylim=(0.5 - len(moments), 0.5), xlim=(-0.8, None))
    drawn.set_yticks([-row for row in range(len(moments))], [f"$t = {times[moment]:g}$" for moment in moments])
    drawn.tick_params(axis="y", which="both", length=0)
    for colour, width, name in ((SHORT, 1.2, "short spring"), (LONG, 2.2, "long spring")):
        drawn.plot([], [], color=colour, lw=width, label=name)
    for k, each in enumerate(strains):
        _strip(figure.add_subplot(panels[k, 1]), chain, each, times, last=k == len(strains) - 1)
    figure.legend(*drawn.get_legend_handles_labels(), loc="outside upper center", ncols=2)
    return figure


def _draw(ax: Axes, chain: SpringChain, strains: Tensor, y: float) -> None:
    """A chain as a row of zigzags: thin where short, thick where long."""
    places = torch.cat([strains.new_zeros(1), (strains + 1).cumsum(0)])
    share = torch.linspace(0, 1, 2 * WINDINGS + 1)
    up = HEIGHT * torch.tensor([0.0, *(1.0, -1.0) * (WINDINGS - 1), 1.0, 0.0])
    for a, b, strain in zip(places[:-1], places[1:], strains, strict=True):
        colour, width = (LONG, 2.2) if strain > chain.entropy.distance / 2 else (SHORT, 1.2)
        ax.plot(a + share * (b - a), y + up, color=colour, lw=width, solid_joinstyle="round")
    ax.plot(places[1:], torch.full_like(places[1:], y), "o", color="0.2", ms=4, zorder=3)
    ax.plot([0, 0], [y - 0.38, y + 0.38], color="0.2", lw=3)


def _strip(ax: Axes, chain: SpringChain, strains: Tensor, times: Tensor, last: bool) -> None:
    """Springs upwards from the wall, time to the right."""
    long = (strains > chain.entropy.distance / 2).T.double().numpy()
    rows = torch.arange(1, chain.springs + 1).numpy()
    ax.pcolormesh(times.numpy(), rows, long, cmap=ListedColormap([SHORT, LONG]), vmin=0, vmax=1, rasterized=True)
    ax.set(ylabel="spring", yticks=[1, chain.springs])
    if last:
        ax.set_xlabel("time $t$")
    else:
        ax.set_xticklabels([])
