"""Figures of the particle chapter: each function takes data or models and returns a matplotlib Figure."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure
from torch import Tensor

from ggd_helpers.dynamics.gradient import GradientDynamics
from ggd_helpers.evaluation.freedoms import Freedom, Shift
from ggd_helpers.evaluation.report import Rollout
from ggd_helpers.figures.style import COLOURS, KNOWN, LEARNED, styled
from ggd_helpers.recordings.regular import Trajectories
from ggd_helpers.systems.particle import Particle


@styled
def trajectories_1d(data: Trajectories, chosen: Sequence[int] = (0, 1)) -> Figure:
    """A few trajectories of one coordinate over time (thesis, Fig. 4.1)."""
    figure, axes = plt.subplots(figsize=(5, 2.8))
    for i in chosen:
        axes.plot(data.times, data.states[i, :, 0], label=f"trajectory {i}")
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
    axes.plot(0, 0, "k+", ms=9, label="rest")
    axes.set(xlabel="$x_1$", ylabel="$x_2$", xlim=(-1.05, 1.05), ylim=(-1.05, 1.05), aspect="equal")
    axes.legend(loc="lower right")
    return figure


@styled
def prediction(rollout: Rollout, chosen: int = 0) -> Figure:
    """A test trajectory and the model's own, from the same initial state (thesis, Fig. 4.4)."""
    made, known, times = rollout.states[chosen], rollout.known[chosen], rollout.times
    figure, (left, right) = plt.subplots(1, 2, figsize=(8, 2.8))
    for i in range(made.shape[-1]):
        left.plot(times, known[:, i], **KNOWN, label="simulated" if i == 0 else None)
        left.plot(times, made[:, i], COLOURS[i], **LEARNED, label=f"learned $x_{i + 1}$")
    left.set(xlabel="time $t$", ylabel="position")
    left.legend()
    right.semilogy(times[1:], (made - known).norm(dim=-1).clamp_min(1e-17)[1:], COLOURS[1])
    right.set(xlabel="time $t$", ylabel="distance between the two")
    return figure


@styled
def error_histogram(errors: Mapping[str, Tensor]) -> Figure:
    """How the velocity's squared error is spread over the test trajectories (thesis, Fig. 4.5)."""
    figure, axes = plt.subplots(figsize=(5, 2.8))
    for i, (label, values) in enumerate(errors.items()):
        axes.hist(values.clamp_min(1e-32).log10(), bins=12, alpha=0.6, label=label, color=COLOURS[i])
    axes.set(xlabel="$\\log_{10}$ of a trajectory's mean squared error (velocity$^2$)", ylabel="test trajectories")
    axes.legend()
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
    figure, axes = plt.subplots(1, 3, figsize=(9.5, 2.9))
    axes[0].plot(along, system.entropy(states), **KNOWN, label="known")
    for ax, at in zip(axes[1:], (rest, used), strict=True):
        ax.plot(along, system.dissipation(at, states), **KNOWN, label="known")
    for i, (label, (model, freedom)) in enumerate(models.items()):
        style = LEARNED | {"color": COLOURS[i], "label": label}
        axes[0].plot(along, freedom.entropy(model, states), **style)
        for ax, at in zip(axes[1:], (rest, used), strict=True):
            ax.plot(along, freedom.dissipation(model, at, states), **style)
    axes[0].set(xlabel="$x_1$", ylabel="entropy $S$", title="entropy")
    axes[1].set(xlabel="$x_1^*$", ylabel="$\\Xi(0, x^*)$", title="$\\Xi$ at rest")
    axes[2].set(xlabel="$x_1^*$", ylabel="$\\Xi(x, x^*)$", title="$\\Xi$ where it is used")
    axes[0].legend()
    return figure


@styled
def potentials_2d(model: GradientDynamics, system: GradientDynamics, freedom: Freedom) -> Figure:
    """Contours of learned (colour) and known (grey) S and Xi over the plane (thesis, Fig. 4.7)."""
    side = torch.linspace(-1, 1, 61, dtype=torch.float64)
    grid = torch.stack(torch.meshgrid(side, side, indexing="xy"), dim=-1)
    rest = torch.zeros_like(grid)
    figure, axes = plt.subplots(1, 2, figsize=(7, 3.2))
    known = (system.entropy(grid), system.dissipation(rest, grid))
    learned = (freedom.entropy(model, grid), freedom.dissipation(model, rest, grid))
    for ax, a, b in zip(axes, known, learned, strict=True):
        levels = torch.linspace(a.min().item(), a.max().item(), 9)
        ax.contour(side, side, a, levels=levels, colors="0.7", linewidths=3, linestyles="-")
        lines = ax.contour(side, side, b, levels=levels, cmap="viridis", linewidths=1.2, linestyles="--")
        ax.clabel(lines, fontsize=7)
        ax.set_aspect("equal")
    axes[0].set(xlabel="$x_1$", ylabel="$x_2$", title="entropy $S(x)$")
    axes[1].set(xlabel="$x_1^*$", ylabel="$x_2^*$", title="dissipation potential $\\Xi(0, x^*)$")
    return figure


@styled
def same_motion(models: Mapping[str, tuple[GradientDynamics, Freedom]], system: GradientDynamics) -> Figure:
    """Different pairs, one motion: S, the conjugate, the force-flux curve, and the velocity of each."""
    along, states = _line(1)
    figure, axes = plt.subplots(1, 4, figsize=(11.5, 2.8))
    rows = {"known": (system, Shift()), **models}
    for i, (label, (model, freedom)) in enumerate(rows.items()):
        style = KNOWN if i == 0 else LEARNED | {"color": COLOURS[i - 1]}
        x_star, velocity = freedom.conjugate(model, states), model(states)
        axes[0].plot(along, freedom.entropy(model, states), **style, label=label)
        axes[1].plot(along, x_star, **style)
        axes[2].plot(x_star, velocity, **style)
        axes[3].plot(along, velocity, **style)
    labels = [("$x$", "$S(x)$"), ("$x$", "$x^* = dS/dx$"), ("$x^*$", "flux $d\\Xi/dx^*$"), ("$x$", "velocity $dx/dt$")]
    titles = ["entropy", "conjugate", "force and flux", "the motion"]
    for ax, (x, y), title in zip(axes, labels, titles, strict=True):
        ax.set(xlabel=x, ylabel=y, title=title)
    axes[0].legend(fontsize=8)
    return figure


@styled
def ellipses(matrices: Mapping[str, tuple[Tensor, Tensor]]) -> Figure:
    """Level lines of `S = -1/2 x.A x` and `Xi = 1/2 x*.M x*` for several pairs `(A, M)`, each 1/2 at its line."""
    turn = torch.linspace(0, 2 * torch.pi, 181, dtype=torch.float64)
    circle = torch.stack([turn.cos(), turn.sin()])
    figure, axes = plt.subplots(1, 2, figsize=(7, 3.3))
    for i, (label, pair) in enumerate(matrices.items()):
        style = KNOWN if i == 0 else LEARNED | {"color": COLOURS[i - 1]}
        for ax, matrix in zip(axes, pair, strict=True):
            ax.plot(*torch.linalg.solve(torch.linalg.cholesky(matrix).T, circle), **style, label=label)
    axes[0].set(xlabel="$x_1$", ylabel="$x_2$", title="where $S = -1/2$")
    axes[1].set(xlabel="$x_1^*$", ylabel="$x_2^*$", title="where $\\Xi = 1/2$")
    for ax in axes:
        ax.set_aspect("equal")
    axes[0].legend(loc="upper right", fontsize=8)
    return figure


@styled
def entropy_hill(system: GradientDynamics, data: Trajectories, chosen: int = 0) -> Figure:
    """The chapter's picture: a state climbs its entropy, fast at first; the slope drives it."""
    along, states = _line(1)
    path = data.states[chosen]
    figure, (left, right) = plt.subplots(1, 2, figsize=(8, 2.9))
    left.plot(along, system.entropy(states), color="0.25", lw=1.5)
    marks = path[(len(path) * torch.tensor([0.0, 0.03, 0.06, 0.1, 0.16, 0.3])).long()]
    left.scatter(marks[:, 0], system.entropy(marks), c=range(len(marks)), cmap="viridis", s=45, zorder=3)
    left.set(xlabel="state $x$", ylabel="entropy $S(x)$", title="the state climbs its entropy")
    right.plot(data.times, system.entropy(path), label="$S$")
    right.plot(data.times, system.entropy_production(path), label="$dS/dt \\geq 0$")
    right.set(xlabel="time $t$", ylabel="entropy, and its rate", title="and never steps down")
    right.legend()
    return figure
