"""Figures of the chapter on internal variables: clouds, what one number keeps of them, potentials, roll-outs."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from ggd_helpers.evaluation.report import Report
from ggd_helpers.figures.style import COLOURS, KNOWN, LEARNED, styled
from ggd_helpers.internal_variables.model import InternalVariables
from ggd_helpers.recordings.ensembles import Ensembles
from ggd_helpers.systems.trapped_bead import TrappedBead


@styled
def clouds(data: Ensembles, chosen: Sequence[int], names: Sequence[str]) -> Figure:
    """The share of the realisations at every place and time, with the trap (line) and the mean (dashes)."""
    figure, axes = plt.subplots(1, len(chosen), figsize=(3.1 * len(chosen), 2.6), sharey=True, squeeze=False)
    for ax, i, name in zip(axes[0], chosen, names, strict=True):
        density = (data.shares[i, :, 0].T / (data.grid[1] - data.grid[0])).numpy()
        mesh = ax.pcolormesh(data.times.numpy(), data.grid.numpy(), density, cmap="Greys", rasterized=True)
        ax.plot(data.times, data.inputs[i, :, 0], color=COLOURS[1], label="trap $\\lambda$")
        ax.plot(data.times, data.mean[i, :, 0], color=COLOURS[0], ls="--", label="mean $m$")
        ax.set(title=name, xlabel="time $t$")
    low, high = data.inputs[list(chosen)].aminmax()
    axes[0, 0].set(ylabel="place $x$", ylim=(min(low.item(), data.grid[0].item()) - 0.2, high.item() + 0.2))
    axes[0, 0].legend(loc="upper left")
    figure.colorbar(mesh, ax=axes[0, -1], label="density (1/length)")
    return figure


@styled
def loops(data: Ensembles, chosen: Sequence[int], names: Sequence[str], equilibrium: Tensor) -> Figure:
    """The force against the trap, where a law without memory would be one line; and against trap less force over `k`.

    `equilibrium` is the force at rest at every input, `(protocol, time, 1)`.
    """
    figure, (left, right) = plt.subplots(1, 2, figsize=(7.5, 2.8))
    for colour, style, i, name in zip(COLOURS, ("-", "--", ":", "-."), chosen, names, strict=False):
        left.plot(data.inputs[i, :, 0], data.measured[i, :, 0], color=colour, ls=style, label=name)
        right.plot(data.inputs[i, :, 0], data.mean[i, :, 0], color=colour, ls=style)
    order = data.inputs[list(chosen)].flatten().argsort()
    rest = equilibrium[list(chosen)].flatten()[order]
    left.plot(data.inputs[list(chosen)].flatten()[order], rest, color="0.25", lw=1, label="at rest")
    left.set(xlabel="trap $\\lambda$", ylabel="force $F$")
    right.set(xlabel="trap $\\lambda$", ylabel="mean of the cloud $m$")
    figure.legend(loc="outside right upper")
    return figure


@styled
def moments(data: Ensembles, model: InternalVariables, system: TrappedBead, chosen: Sequence[int]) -> Figure:
    """Mean and deviation of the decoded density over time, with the exact ones (IB-VONN, Fig. 6a and A.1)."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(7.5, 2.8))
    decoded = model.decode(model.encode(data.shares), data.inputs)
    exact = system.mean(data.inputs, data.dt)
    for colour, i in zip(COLOURS, chosen, strict=False):
        left.plot(data.times, exact[i, :, 0], **{**KNOWN, "color": colour})
        left.plot(data.times, decoded.mean[i], color=colour, **LEARNED)
        right.plot(data.times, decoded.stddev[i], color=colour, **LEARNED)
    right.axhline(system.variance**0.5, **KNOWN, label="exact")
    right.plot([], [], color="0.25", **LEARNED, label="decoded")
    left.set(xlabel="time $t$", ylabel="mean $m$")
    right.set(xlabel="time $t$", ylabel="deviation", ylim=(0, 1.6 * system.variance**0.5))
    right.legend(loc="lower right")
    return figure


@styled
def collapse(data: Ensembles, model: InternalVariables) -> Figure:
    """Every internal variable against the mean, all protocols and times: a line means it is one number (Fig. 6b)."""
    alpha, mean = model.encode(data.shares), data.mean[..., 0]
    figure, axes = plt.subplots(
        1, alpha.shape[-1], figsize=(3.4 * alpha.shape[-1], 2.8), layout="constrained", squeeze=False
    )
    for k, ax in enumerate(axes[0]):
        for i in range(len(data)):
            shade = plt.get_cmap("viridis")(0.9 * i / max(len(data) - 1, 1))
            ax.plot(mean[i], alpha[i, :, k], ".", ms=2, color=shade)
        ax.set(xlabel="mean of the cloud $m$", ylabel=f"$\\alpha_{k + 1}$" if alpha.shape[-1] > 1 else "$\\alpha$")
    return figure


@styled
def potentials_along(data: Ensembles, model: InternalVariables, system: TrappedBead, chosen: Sequence[int]) -> Figure:
    """Free energy and dual dissipation potential along protocols, exact (wide) and learned (dashes); Fig. 7."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(7.5, 2.8), gridspec_kw={"wspace": 0.12})
    alpha, u = model.encode(data.shares), data.inputs
    mean = system.mean(u, data.dt)
    known, found = -system.entropy(mean, u), model.free_energy(alpha, u)
    found = found + (known - found)[:, 0].mean()
    dissipation = system.dissipation(mean, system.at(u).conjugate(mean)), model.dissipation(alpha, u)
    for ax, (exact, learned), label in (
        (left, (known, found), "free energy $f$"),
        (right, dissipation, "dissipation potential $\\phi^*$"),
    ):
        for colour, i in zip(COLOURS, chosen, strict=False):
            ax.plot(data.times, exact[i], **{**KNOWN, "color": colour})
            ax.plot(data.times, learned[i], color=colour, **LEARNED)
        ax.set(xlabel="time $t$", ylabel=label)
    _say_which(left)
    return figure


@styled
def roll_outs(reports: Mapping[str, Report[Ensembles]], equilibrium: Mapping[str, Tensor]) -> Figure:
    """Force and internal variable predicted from the start alone (dashes), simulated (wide): Figs. 8 to 10.

    One row a report; first and last protocol of each. `equilibrium` holds the force at rest, `(protocol, time, 1)`.
    """
    figure, axes = plt.subplots(
        len(reports), 2, figsize=(7.5, 2.4 * len(reports)), squeeze=False, gridspec_kw={"wspace": 0.12}
    )
    for (force_axes, alpha_axes), (name, report) in zip(axes, reports.items(), strict=True):
        data, made = report.data, report.rollout
        for colour, i in zip(COLOURS, sorted({0, len(data) - 1}), strict=False):
            at = slice(0, 2 * len(made.times) - 1, 2)
            force = report.model.dynamics.force(made.states[i], data.inputs[i, at])
            force_axes.plot(data.times, data.measured[i, :, 0], **{**KNOWN, "color": colour})
            force_axes.plot(made.times, force[:, 0], color=colour, **LEARNED)
            force_axes.plot(data.times, equilibrium[name][i, :, 0], color=colour, lw=0.8, ls=":")
            alpha_axes.plot(made.times, made.known[i, :, 0], **{**KNOWN, "color": colour})
            alpha_axes.plot(made.times, made.states[i, :, 0], color=colour, **LEARNED)
        force_axes.set(ylabel="force $F$", title=name)
        alpha_axes.set(ylabel="internal variable $\\alpha$")
    for ax in axes[-1]:
        ax.set(xlabel="time $t$")
    _say_which(axes[0, 0], ("at rest", ":"))
    return figure


@styled
def errors_against_number(realisations: Sequence[int], errors: Mapping[str, Sequence[float]]) -> Figure:
    """Errors in percent against the number of realisations, both logarithmic, with the slope -1/2 of sampling."""
    figure, ax = plt.subplots(figsize=(4.6, 3.0))
    for colour, marker, (name, values) in zip(COLOURS, "os^vD", errors.items(), strict=False):
        ax.loglog(realisations, values, marker=marker, color=colour, label=name)
    first = max(values[0] for values in errors.values())
    slope = [1.5 * first * (n / realisations[0]) ** -0.5 for n in realisations]
    ax.loglog(realisations, slope, color="0.5", ls=":", label="slope $-1/2$")
    ax.set(xlabel="realisations of each protocol", ylabel="error (%)")
    figure.legend(loc="outside right upper")
    return figure


@styled
def bands(times: Tensor, members: Tensor, truth: Tensor, label: str) -> Figure:
    """One quantity by several members, `(member, time)`, less the truth: mean and deviation of the members."""
    figure, ax = plt.subplots(figsize=(4.6, 2.8))
    middle, deviation = members.mean(0) - truth, members.std(0)
    ax.fill_between(times, middle - 2 * deviation, middle + 2 * deviation, color=COLOURS[0], alpha=0.25, label="2 sd")
    ax.fill_between(times, middle - deviation, middle + deviation, color=COLOURS[0], alpha=0.45, label="1 sd")
    ax.plot(times, middle, color=COLOURS[0], **LEARNED, label="mean of the members")
    ax.plot(times, torch.zeros_like(times), **KNOWN, label="truth")
    ax.set(xlabel="time $t$", ylabel=f"{label} less the truth")
    figure.legend(loc="outside right upper")
    return figure


def _say_which(ax: Axes, *others: tuple[str, str]) -> None:
    """A legend of line styles only: colours tell protocols apart."""
    ax.plot([], [], **KNOWN, label="exact" if not others else "simulated")
    ax.plot([], [], color="0.25", **LEARNED, label="learned" if not others else "predicted")
    for name, style in others:
        ax.plot([], [], color="0.25", lw=0.8, ls=style, label=name)
    ax.figure.legend(*ax.get_legend_handles_labels(), loc="outside right upper")
