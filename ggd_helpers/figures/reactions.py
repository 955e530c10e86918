"""Figures of the reactions chapter: each function takes data or models and returns a matplotlib Figure."""

from collections.abc import Callable, Mapping

import matplotlib.pyplot as plt
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from ggd_helpers.dynamics.gradient import GradientDynamics
from ggd_helpers.evaluation.report import Rollout
from ggd_helpers.figures.style import COLOURS, DASHES, KNOWN, learned_line, legend_outside, styled
from ggd_helpers.recordings.regular import Trajectories
from ggd_helpers.systems.reactions import MassActionReactions

MIDDLE = 0.5  # the concentration at which the thesis cuts S and Xi


def _panels(count: int, height: float = 2.5, columns: int = 4) -> tuple[Figure, list[Axes]]:
    """One panel each for `count` species."""
    columns = min(count, columns)
    rows = -(-count // columns)
    figure, axes = plt.subplots(rows, columns, figsize=(2.6 * columns + 0.4, height * rows), squeeze=False)
    for ax in axes.flat[count:]:
        ax.set_visible(False)
    return figure, list(axes.flat[:count])


def _legend_above(ax: Axes, columns: int = 2) -> None:
    """A legend over the panel in place of a title, where it hides no curve."""
    ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=columns, borderaxespad=0.2)


@styled
def concentrations(system: MassActionReactions, data: Trajectories, chosen: int = 0) -> Figure:
    """Concentrations in time (thesis, Fig. 4.8), the entropy on its way to its maximum, and what stays the same."""
    path = data.states[chosen]
    figure, (left, middle, right) = plt.subplots(1, 3, figsize=(10.5, 2.9))
    for i, name in enumerate(system.species):
        left.plot(data.times, path[:, i], COLOURS[i % 6], ls=DASHES[i % len(DASHES)], label=name)
    left.set(xlabel="time $t$", ylabel="concentration $c$")
    _legend_above(left, len(system.species) if len(system.species) <= 5 else 4)
    middle.plot(data.times, system.entropy(path), COLOURS[0], label="$S(c(t))$")
    middle.axhline(system.entropy(system.equilibrium(path[0])), color="0.4", ls=":", label="highest reachable")
    middle.set(xlabel="time $t$", ylabel="entropy $S$")
    _legend_above(middle)
    for i, (words, row) in enumerate(zip(system.describe_conserved(), system.conserved, strict=True)):
        right.plot(data.times, path @ row, COLOURS[i % 6], ls=DASHES[i % len(DASHES)], label=words)
    right.set(xlabel="time $t$", ylabel="conserved amount")
    right.margins(y=0.3)
    if len(system.conserved):
        _legend_above(right)
    return figure


@styled
def predicted_concentrations(system: MassActionReactions, rollout: Rollout, chosen: int = 0) -> Figure:
    """A test trajectory and the model's own from the same start, and the distance (thesis, Fig. 4.10a, 4.12a, 4.14)."""
    made, known, times = rollout.states[chosen], rollout.known[chosen], rollout.times
    figure, (left, right) = plt.subplots(1, 2, figsize=(8, 2.9))
    for i, name in enumerate(system.species):
        left.plot(times, known[:, i], COLOURS[i % 6], lw=3, alpha=0.35)
        left.plot(times, made[:, i], **learned_line(i), label=name)
    left.set(xlabel="time $t$", ylabel="concentration $c$")
    _legend_above(left, min(len(system.species), 5))
    right.semilogy(times[1:], (made - known).norm(dim=-1)[1:].clamp_min(1e-17), COLOURS[1])
    right.set(xlabel="time $t$", ylabel="distance between the two")
    return figure


@styled
def dissipation_slices(models: Mapping[str, Callable[[Tensor, Tensor], Tensor]], system: MassActionReactions) -> Figure:
    """`Xi(c, c*)` along each conjugate alone, at `c_m = 0.5`, the other conjugates 0 (thesis, Fig. 4.10b and 4.15).

    `models` maps labels to functions from states and conjugates to dissipation potentials.
    """
    along = torch.linspace(-1.5, 1.5, 81, dtype=torch.float64)
    c = torch.full((81, system.dim), MIDDLE, dtype=torch.float64)
    figure, axes = _panels(system.dim)
    for i, (ax, name) in enumerate(zip(axes, system.species, strict=True)):
        c_star = torch.zeros_like(c)
        c_star[:, i] = along
        ax.plot(along, system.dissipation(c, c_star), **KNOWN, label="known")
        for j, (label, dissipation) in enumerate(models.items()):
            ax.plot(along, dissipation(c, c_star), **learned_line(j), label=label)
        ax.set(xlabel=f"$c^*_{{{name}}}$", ylabel="$\\Xi$" if i == 0 else None)
    legend_outside(figure, axes[0])
    return figure


def _entropy_lines(system: MassActionReactions) -> tuple[Tensor, Tensor]:
    """Concentrations `(80,)`, and the states `(species, 80, species)` where one species alone takes them."""
    along = torch.linspace(0.01, 1, 80, dtype=torch.float64)
    states = torch.full((system.dim, 80, system.dim), MIDDLE, dtype=torch.float64)
    for i in range(system.dim):
        states[i, :, i] = along
    return along, states


@styled
def entropy_slices(models: Mapping[str, Callable[[Tensor], Tensor]], system: MassActionReactions) -> Figure:
    """`S` along each concentration alone, the others 0.5 (thesis, Fig. 4.12b and 4.15).

    `models` maps labels to functions from states to entropies. One constant, the same in all panels, is taken out.
    """
    along, states = _entropy_lines(system)
    known = system.entropy(states)
    figure, axes = _panels(system.dim)
    for i, (ax, name) in enumerate(zip(axes, system.species, strict=True)):
        ax.plot(along, known[i], **KNOWN, label="known")
        for j, (label, entropy) in enumerate(models.items()):
            found = entropy(states)
            ax.plot(along, (found + (known - found).mean())[i], **learned_line(j), label=label)
        ax.set(xlabel=f"$c_{{{name}}}$", ylabel="$S$" if i == 0 else None)
    legend_outside(figure, axes[0])
    return figure


@styled
def entropy_derivatives(models: Mapping[str, Callable[[Tensor], Tensor]], system: MassActionReactions) -> Figure:
    """`dS/dc_m` along each concentration alone: not constant, so `S` is not linear (thesis, Fig. 4.16).

    `models` maps labels to functions from states to conjugates.
    """
    along, states = _entropy_lines(system)
    figure, axes = _panels(system.dim)
    for i, (ax, name) in enumerate(zip(axes, system.species, strict=True)):
        ax.plot(along, system.conjugate(states[i])[:, i], **KNOWN, label="known")
        for j, (label, conjugate) in enumerate(models.items()):
            ax.plot(along, conjugate(states[i])[:, i], **learned_line(j), label=label)
        ax.set(xlabel=f"$c_{{{name}}}$", ylabel="$\\partial S / \\partial c$" if i == 0 else None)
    legend_outside(figure, axes[0])
    return figure


@styled
def visited(system: MassActionReactions, data: Trajectories) -> Figure:
    """Where the trajectories have been in the plane of two conjugates, and where the slices of Xi cut it."""
    states = data.states[:, ::32].flatten(0, 1)
    c_star = system.conjugate(states)
    concentration = (states - MIDDLE).abs().amax(-1)
    figure, axes = plt.subplots(1, 2, figsize=(8, 3.1))
    first, second = system.species[0], system.species[1]
    axes[0].plot(c_star[:, 0], c_star[:, 1], ".", ms=2, alpha=0.4, color=COLOURS[0], label="visited")
    axes[0].plot([-1.5, 1.5], [0, 0], color=COLOURS[1], lw=2, label="slices of $\\Xi$")
    axes[0].plot([0, 0], [-1.5, 1.5], color=COLOURS[1], lw=2)
    axes[0].set(xlabel=f"$c^*_{{{first}}}$", ylabel=f"$c^*_{{{second}}}$")
    axes[1].hist(concentration, bins=40, color=COLOURS[0], label="visited")
    axes[1].axvline(0, color=COLOURS[1], lw=2, label="slices of $\\Xi$")
    axes[1].set(xlabel="largest $|c_m - 0.5|$ of a state", ylabel="visited states")
    for ax in axes:
        _legend_above(ax)
    return figure


@styled
def worth_of_knowledge(rows: Mapping[str, Mapping[str, float]]) -> Figure:
    """What each piece of prior knowledge is worth: errors on test data, outside of these, and of conservation."""
    columns = {
        "velocity_mse": "velocity, test data",
        "outside_mse": "velocity, outside",
        "conservation_drift": "conserved quantities",
    }
    figure, axes = plt.subplots(1, len(columns), figsize=(10, 0.45 * len(rows) + 1.1), sharey=True)
    for ax, (name, title) in zip(axes, columns.items(), strict=True):
        values = [max(row[name], 1e-17) for row in rows.values()]
        ax.barh(list(rows), values, color=COLOURS[: len(rows)], height=0.6)
        ax.set(
            xscale="log", title=title, xlabel="largest drift" if name == "conservation_drift" else "mean squared error"
        )
        ax.minorticks_off()
    axes[0].invert_yaxis()
    return figure


@styled
def linear_regime(system: MassActionReactions, c: Tensor, reaction: int = 0) -> Figure:
    """Xi and the rate `Gamma` along one reaction's affinity at the fixed state `c`, beside Onsager's approximation."""
    affinity = torch.linspace(-8, 8, 161, dtype=torch.float64)
    law = system.dissipation
    mobility = law.mobility(c)[reaction]
    xi, slope = (curve(c, affinity[:, None])[:, reaction] for curve in (law.along, law.slopes))
    figure, (left, right) = plt.subplots(1, 2, figsize=(8, 2.9))
    left.plot(affinity, xi, COLOURS[0], label="$W (\\cosh(X/2) - 1)$")
    left.plot(affinity, mobility * affinity**2 / 8, ":", color="0.4", label="$W X^2/8$")
    right.plot(affinity, -slope, COLOURS[0], label="$-\\frac{W}{2} \\sinh(X/2)$")
    right.plot(affinity, -mobility * affinity / 4, ":", color="0.4", label="Onsager's $-W X/4$")
    left.set(xlabel="affinity $X$", ylabel="$\\Xi$")
    right.set(xlabel="affinity $X$ (forward < 0 < backward)", ylabel="rate $\\Gamma$ at fixed $c$")
    figure.suptitle(str(system.reactions[reaction]))
    for ax in (left, right):
        ax.axvspan(-1, 1, color="0.92", zorder=0)
        _legend_above(ax)
    return figure


@styled
def fixed_or_along(system: MassActionReactions) -> Figure:
    """The rate of `A <-> B`, rates 1, and its mobility: at the equilibrium's `c`, and along `c_A + c_B = 1`."""
    along = torch.linspace(0.01, 0.99, 197, dtype=torch.float64)
    states = torch.stack([along, 1 - along], dim=-1)
    affinity = system.affinities(states)
    middle = torch.full_like(states, MIDDLE)
    figure, axes = plt.subplots(1, 2, figsize=(8, 2.9))
    curves = {
        "at fixed $c$": (-system.dissipation.slopes(middle, affinity), system.dissipation.mobility(middle)),
        "along the states": (-system.dissipation.slopes(states, affinity), system.dissipation.mobility(states)),
    }
    for j, (label, (rate, mobility)) in enumerate(curves.items()):
        axes[0].plot(affinity, rate, **learned_line(j), label=label)
        axes[1].plot(affinity, mobility, **learned_line(j), label=label)
    axes[0].plot(affinity, -affinity / 2, "0.4", lw=1, label="Onsager's line")
    axes[0].set(xlabel="affinity $X$ (forward < 0 < backward)", ylabel="rate $\\Gamma$")
    axes[1].set(xlabel="affinity $X$", ylabel="mobility $W$", ylim=(0, None))
    legend_outside(figure, axes[0])
    return figure


@styled
def from_outside(system: MassActionReactions, paths: Mapping[str, Tensor], times: Tensor) -> Figure:
    """A start outside the box of initial states, as the known law and each model go on, each `(time, species)`."""
    known, *_ = paths.values()
    figure, axes = _panels(system.dim)
    for i, (ax, name) in enumerate(zip(axes, system.species, strict=True)):
        ax.plot(times, known[:, i], **KNOWN, label="known")
        for j, (label, path) in enumerate(list(paths.items())[1:]):
            ax.plot(times, path[:, i], **learned_line(j), label=label)
        ax.axhspan(0.001, 1, color="0.94", zorder=0)
        ax.set(xlabel="time $t$", ylabel="concentration" if i == 0 else None, title=name)
    legend_outside(figure, axes[0])
    return figure


@styled
def same_reaction(models: Mapping[str, GradientDynamics], system: MassActionReactions) -> Figure:
    """Different pairs for one reaction A <-> B on the line `c_A + c_B = 1`: S, force, flux, and the same motion."""
    along = torch.linspace(0.02, 0.98, 97, dtype=torch.float64)
    states = torch.stack([along, 1 - along], dim=-1)
    figure, axes = plt.subplots(1, 4, figsize=(11.5, 2.8))
    for i, (label, law) in enumerate(models.items()):
        style = KNOWN if i == 0 else learned_line(i - 1)
        entropy, velocity = law.entropy(states), law(states)
        affinity = system.affinities_of(law, states)
        axes[0].plot(along, entropy - entropy.max(), **style, label=label)
        axes[1].plot(along, affinity[:, 0], **style)
        axes[2].plot(affinity[:, 0], velocity[:, 0], **style)
        axes[3].plot(along, velocity[:, 0], **style)
    labels = [("$c_A$", "$S$"), ("$c_A$", "affinity $X$"), ("affinity $X$", "$dc_A/dt$"), ("$c_A$", "$dc_A/dt$")]
    for ax, (x, y), title in zip(axes, labels, ("entropy", "force", "force and flux", "the motion"), strict=True):
        ax.set(xlabel=x, ylabel=y, title=title)
    legend_outside(figure, axes[0])
    return figure
