"""Figures of the particle chapter: each function takes data or models and returns a matplotlib Figure."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure
from torch import Tensor

from ggd_helpers.dynamics.gradient import GradientDynamics
from ggd_helpers.dynamics.law import Law
from ggd_helpers.evaluation.freedoms import Freedom, Shift
from ggd_helpers.evaluation.report import Rollout
from ggd_helpers.figures.style import COLOURS, DASHES, KNOWN, LEARNED, learned_line, legend_outside, styled
from ggd_helpers.integrators import rk4
from ggd_helpers.recordings.regular import Trajectories
from ggd_helpers.systems.particle import Particle


@styled
def trajectories_1d(data: Trajectories, chosen: Sequence[int] = (0, 1)) -> Figure:
    """A few trajectories of one coordinate over time (thesis, Fig. 4.1)."""
    figure, axes = plt.subplots(figsize=(5, 2.8))
    for i, line in zip(chosen, DASHES, strict=False):
        axes.plot(data.times, data.states[i, :, 0], ls=line, label=f"trajectory {i}")
    axes.axhline(0, color="0.7", lw=0.8, zorder=0)
    axes.set(xlabel="time $t$", ylabel="position $x$")
    axes.legend()
    return figure


@styled
def trajectories_2d(data: Trajectories, chosen: Sequence[int] = (0,)) -> Figure:
    """A few trajectories in the plane, with a dot where each starts (thesis, Fig. 4.2)."""
    figure, axes = plt.subplots(figsize=(3.4, 3.2))
    for i in chosen:
        (line,) = axes.plot(*data.states[i].T)
        axes.plot(*data.states[i, 0], "o", color=line.get_color(), ms=5)
    axes.plot(0, 0, "k+", ms=9)
    axes.annotate("rest", (0, 0), (7, 5), textcoords="offset points", fontsize=9)
    axes.set(xlabel="$x_1$", ylabel="$x_2$", xlim=(-1.05, 1.05), ylim=(-1.05, 1.05), aspect="equal")
    return figure


@styled
def prediction(rollout: Rollout, chosen: int = 0) -> Figure:
    """A test trajectory and the model's own, from the same initial state (thesis, Fig. 4.4)."""
    made, known, times = rollout.states[chosen], rollout.known[chosen], rollout.times
    figure, (left, right) = plt.subplots(1, 2, figsize=(8, 2.8))
    for i in range(made.shape[-1]):
        left.plot(times, known[:, i], **KNOWN, label="simulated" if i == 0 else None)
        left.plot(times, made[:, i], **learned_line(i), label=f"learned $x_{i + 1}$")
    left.set(xlabel="time $t$", ylabel="position")
    left.legend()
    right.semilogy(times[1:], (made - known).norm(dim=-1).clamp_min(1e-17)[1:], COLOURS[1])
    right.set(xlabel="time $t$", ylabel="distance between the two")
    return figure


@styled
def error_histogram(panels: Mapping[str, Mapping[str, Tensor]]) -> Figure:
    """How the velocity's squared error is spread over the test trajectories, a panel each (thesis, Fig. 4.5)."""
    figure, axes = plt.subplots(1, len(panels), figsize=(4 * len(panels), 3), sharey=True, squeeze=False)
    for ax, (title, errors) in zip(axes[0], panels.items(), strict=True):
        exponents = {label: values.clamp_min(1e-32).log10() for label, values in errors.items()}
        low, high = (torch.cat([*exponents.values()]).aminmax()) if exponents else (-1.0, 0.0)
        edges = torch.linspace(float(low) - 0.1, float(high) + 0.1, 41).tolist()
        for i, (label, values) in enumerate(exponents.items()):
            look = {"color": COLOURS[i], "ls": DASHES[i]}
            ax.hist(values.tolist(), bins=edges, histtype="stepfilled", alpha=0.25, color=COLOURS[i])
            ax.hist(values.tolist(), bins=edges, histtype="step", lw=1.4, label=label, **look)
        ax.set(xlabel="$\\log_{10}$ of a trajectory's error (velocity$^2$)", ylabel="test trajectories", title=title)
        ax.label_outer()
    legend_outside(figure, axes[0, 0], place="outside lower center")
    return figure


def _line(dim: int, reach: float = 1.0) -> tuple[Tensor, Tensor]:
    """Coordinates along the first axis, `(101,)`, and the states there, `(101, dim)`."""
    along = torch.linspace(-reach, reach, 101, dtype=torch.float64)
    states = torch.zeros(101, dim, dtype=torch.float64)
    states[:, 0] = along
    return along, states


@styled
def potentials(models: Mapping[str, tuple[GradientDynamics, Freedom]], system: Particle) -> Figure:
    """Learned and known S and Xi, each with its freedom fixed, along the first axis (thesis, Fig. 4.6 and 4.7).

    The dissipation potential is drawn at `x = 0`, as in the thesis, and where it is used: at the conjugate's own state.
    """
    along, states = _line(system.dim)
    rest, used = torch.zeros_like(states), -states
    figure, axes = plt.subplots(1, 3, figsize=(9, 3.1))
    axes[0].plot(along, system.entropy(states), **KNOWN, label="known")
    for ax, at in zip(axes[1:], (rest, used), strict=True):
        ax.plot(along, system.dissipation(at, states), **KNOWN, label="known")
    for i, (label, (model, freedom)) in enumerate(models.items()):
        style = learned_line(i) | {"label": label}
        axes[0].plot(along, freedom.entropy(model, states), **style)
        for ax, at in zip(axes[1:], (rest, used), strict=True):
            ax.plot(along, freedom.dissipation(model, at, states), **style)
    axes[0].set(xlabel="$x_1$", ylabel="$S(x)$", title="entropy")
    axes[1].set(xlabel="$x_1^*$", ylabel="$\\Xi(0, x^*)$", title="$\\Xi$ at rest")
    axes[2].set(xlabel="$x_1^*$", ylabel="$\\Xi(x, x^*)$", title="$\\Xi$ where it is used")
    legend_outside(figure, axes[0], place="outside lower center")
    return figure


@styled
def potentials_2d(model: GradientDynamics, system: GradientDynamics, freedom: Freedom) -> Figure:
    """Contours of learned (dashed) and known (grey) S and Xi over the plane, at the same levels (thesis, Fig. 4.7)."""
    side = torch.linspace(-1, 1, 81, dtype=torch.float64)
    grid = torch.stack(torch.meshgrid(side, side, indexing="xy"), dim=-1)
    rest = torch.zeros_like(grid)
    figure, axes = plt.subplots(1, 2, figsize=(8.4, 4.3))
    known = (system.entropy(grid), system.dissipation(rest, grid))
    learned = (freedom.entropy(model, grid), freedom.dissipation(model, rest, grid))
    for ax, a, b in zip(axes, known, learned, strict=True):
        levels = torch.linspace(a.min().item(), a.max().item(), 7)[1:-1]
        lines = ax.contour(side, side, a, levels=levels, colors="0.6", linewidths=KNOWN["lw"], linestyles="-")
        ax.contour(side, side, b, levels=levels, colors=COLOURS[0], linewidths=LEARNED["lw"], linestyles="--")
        corner = side[40 + (a.diagonal()[40:, None] - levels).abs().argmin(dim=0)].tolist()
        inside = [i for i, at in enumerate(corner) if at < 0.86]  # where a label does not reach the frame
        places = [(corner[i] if i % 2 else -corner[i], corner[i]) for i in inside]  # by turns left and right
        for label in ax.clabel(lines, levels[inside], fontsize=9, colors="0.15", fmt="%.2g", manual=places):
            label.set(bbox={"fc": "white", "ec": "none", "pad": 0.8}, zorder=3)
        ax.set_aspect("equal")
    axes[0].set(xlabel="$x_1$", ylabel="$x_2$", title="entropy $S(x)$")
    axes[1].set(xlabel="$x_1^*$", ylabel="$x_2^*$", title="dissipation potential $\\Xi(0, x^*)$")
    axes[0].plot([], [], **KNOWN, label="known")
    axes[0].plot([], [], **learned_line(0), label="learned")
    legend_outside(figure, axes[0], place="outside lower center")
    return figure


@styled
def same_motion(models: Mapping[str, tuple[GradientDynamics, Freedom]], system: GradientDynamics) -> Figure:
    """Different pairs, one motion: S, the conjugate, the force-flux curve, and the velocity of each."""
    along, states = _line(1)
    figure, grid = plt.subplots(2, 2, figsize=(8, 5.8))
    axes = grid.flatten()
    rows = {"known": (system, Shift()), **models}
    for i, (label, (model, freedom)) in enumerate(rows.items()):
        style = KNOWN if i == 0 else learned_line(i - 1)
        x_star, velocity = freedom.conjugate(model, states), model(states)
        axes[0].plot(along, freedom.entropy(model, states), **style, label=label)
        axes[1].plot(along, x_star, **style)
        axes[2].plot(x_star, velocity, **style)
        axes[3].plot(along, velocity, **style)
    labels = [("$x$", "$S(x)$"), ("$x$", "$x^* = dS/dx$"), ("$x^*$", "flux $d\\Xi/dx^*$"), ("$x$", "velocity $dx/dt$")]
    titles = ["entropy", "conjugate", "force and flux", "the motion"]
    for ax, (x, y), title in zip(axes, labels, titles, strict=True):
        ax.set(xlabel=x, ylabel=y, title=title)
    legend_outside(figure, axes[0], place="outside lower center")
    return figure


@styled
def ellipses(matrices: Mapping[str, tuple[Tensor, Tensor]]) -> Figure:
    """Level lines of `S = -1/2 x.A x` and `Xi = 1/2 x*.M x*` for several pairs `(A, M)`, each 1/2 at its line."""
    turn = torch.linspace(0, 2 * torch.pi, 181, dtype=torch.float64)
    circle = torch.stack([turn.cos(), turn.sin()])
    figure, axes = plt.subplots(1, 2, figsize=(7.5, 4))
    for i, (label, pair) in enumerate(matrices.items()):
        style = KNOWN if i == 0 else learned_line(i - 1)
        for ax, matrix in zip(axes, pair, strict=True):
            ax.plot(*torch.linalg.solve(torch.linalg.cholesky(matrix).T, circle), **style, label=label)
    axes[0].set(xlabel="$x_1$", ylabel="$x_2$", title="where $S = -1/2$")
    axes[1].set(xlabel="$x_1^*$", ylabel="$x_2^*$", title="where $\\Xi = 1/2$")
    for ax in axes:
        ax.set_aspect("equal", adjustable="datalim")
    legend_outside(figure, axes[0], place="outside lower center")
    return figure


@styled
def beyond_the_data(system: Law, laws: Mapping[str, Law], reach: float, data: float = 1.0) -> Figure:
    """Laws of one coordinate asked up to `reach`, where data went to `data` only, and their motion from there."""
    along = torch.linspace(-reach, reach, 201, dtype=torch.float64)[:, None]
    rate = abs(float(system(along[-1:])) / reach)
    figure, (left, right) = plt.subplots(1, 2, figsize=(8, 3.3))
    for i, (label, law) in enumerate({"known": system, **laws}.items()):
        style = KNOWN if i == 0 else learned_line(i - 1)
        path = rk4(law, along[[0, -1]], 0.02 / rate, 301)
        left.plot(along, law(along), **style, label=label)
        right.plot(torch.arange(301) * 0.02 / rate, path[..., 0].T, **style)
    left.set_ylim(-1.5 * rate * reach, 1.5 * rate * reach)  # a bad law may leave the picture
    right.set_ylim(-1.3 * reach, 1.3 * reach)
    left.axvspan(-data, data, color="0.92", zorder=0)
    right.axhspan(-data, data, color="0.92", zorder=0)
    left.set(xlabel="$x$", ylabel="velocity $dx/dt$", title="the law")
    right.set(xlabel="time $t$", ylabel="$x$", title="its motion from outside")
    legend_outside(figure, left, place="outside lower center")
    return figure


@styled
def entropy_hill(system: GradientDynamics, data: Trajectories, chosen: int = 0) -> Figure:
    """The chapter's picture: a state climbs its entropy, fast at first; the slope drives it. Dots are evenly timed."""
    along, states = _line(1)
    path = data.states[chosen]
    figure, (left, right) = plt.subplots(1, 2, figsize=(8, 2.9))
    left.plot(along, system.entropy(states), color="0.25", lw=1.5)
    marks = path[(len(path) * 0.05 * torch.arange(7)).long()]
    left.scatter(marks[:, 0], system.entropy(marks), c=range(len(marks)), cmap="viridis", s=45, zorder=3)
    left.set(xlabel="state $x$", ylabel="entropy $S(x)$", title="the state climbs its entropy")
    right.plot(data.times, system.entropy(path), label="$S$")
    right.plot(data.times, system.entropy_production(path), ls="--", label="$dS/dt$")
    right.axhline(0, color="0.7", lw=0.8, zorder=0)
    right.set(xlabel="time $t$", ylabel="entropy, and its rate", title="and never steps down")
    right.legend()
    return figure
