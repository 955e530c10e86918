"""Figures of the first page: a pair that grows onto the known one, and laws learned from rough recordings."""

from collections.abc import Mapping

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure

from ggd_helpers.dynamics.gradient import GradientDynamics
from ggd_helpers.dynamics.law import Law
from ggd_helpers.evaluation.freedoms import Freedom
from ggd_helpers.figures.style import COLOURS, KNOWN, LEARNED, learned_line, styled
from ggd_helpers.integrators import rk4
from ggd_helpers.recordings.regular import Trajectories


@styled
def growing(stages: Mapping[str, GradientDynamics], system: GradientDynamics, freedom: Freedom) -> Figure:
    """S and Xi of one model at several moments of its training, all in one unit of S, over the known ones.

    Every S is drawn from its value at rest.
    """
    along = torch.linspace(-1, 1, 101, dtype=torch.float64)
    states, rest = along[:, None], torch.zeros(1, 1, dtype=torch.float64)
    figure, axes = plt.subplots(2, len(stages), figsize=(2 * len(stages), 3.6), sharex=True, sharey="row")
    known = (system.entropy(states) - system.entropy(rest), system.dissipation(states, states))
    for column, (title, model) in zip(axes.T, stages.items(), strict=True):
        climb = freedom.entropy(model, states) - freedom.entropy(model, rest)
        learned = (climb, freedom.dissipation(model, states, states))
        for ax, grey, dashed in zip(column, known, learned, strict=True):
            ax.plot(along, grey, **KNOWN)
            ax.plot(along, dashed, **LEARNED, color=COLOURS[1])
        column[0].set(title=title)
    for ax, label, values in zip(axes[:, 0], ("$S(x)$", "$\\Xi(x^*)$"), known, strict=True):
        low, high = values.min().item(), values.max().item()
        ax.set(ylabel=label, ylim=(low - 0.3 * (high - low), high + 0.3 * (high - low)))
    figure.supxlabel("above: state $x$; below: force $x^*$", fontsize=plt.rcParams["font.size"])
    return figure


@styled
def rough_laws(data: Trajectories, laws: Mapping[str, Law], system: GradientDynamics, horizon: float) -> Figure:
    """Laws learned from rough recordings: their velocities over the measured ones, and where each brings its states.

    Paths start evenly spread over [-1, 1], and are followed up to the `horizon`.
    """
    along = torch.linspace(-1, 1, 401, dtype=torch.float64)[:, None]
    starts = torch.linspace(-1, 1, 9, dtype=torch.float64)[:, None]
    points = 201
    times = torch.linspace(0, horizon, points, dtype=torch.float64)
    widths = [1.3, *[1] * len(laws)]
    figure, axes = plt.subplots(1, 1 + len(laws), figsize=(9.5, 3.2), width_ratios=widths)
    axes[0].plot(data.states.flatten(), data.differences(order=2).flatten(), ".", color="0.8", ms=2, zorder=0)
    axes[0].plot(along, system(along), **KNOWN, label="known")
    top = 1.4 * system(along).abs().max().item()
    axes[0].set(xlabel="state $x$", ylabel="velocity $dx/dt$", title="velocities", xlim=(-1, 1), ylim=(-top, top))
    for i, (ax, (name, law)) in enumerate(zip(axes[1:], laws.items(), strict=True)):
        axes[0].plot(along, law(along), **learned_line(i), label=name)
        paths = rk4(law, starts, horizon / (points - 1), points)[..., 0]
        ax.plot(times, paths.T, color=COLOURS[i], lw=1.2)
        ax.set(xlabel="time $t$", ylabel="state $x$", title=f"{name}: where states go", ylim=(-1.1, 1.1))
    axes[0].legend(loc="lower left")
    return figure
