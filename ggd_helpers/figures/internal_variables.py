"""Figures of the chapter on internal variables: clouds, what one number keeps of them, potentials, roll-outs."""

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import torch
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullLocator
from torch import Tensor

from ggd_helpers.evaluation.internal_variables import shares_on
from ggd_helpers.evaluation.report import Report
from ggd_helpers.figures.style import COLOURS, DASHES, KNOWN, LEARNED, legend_outside, styled
from ggd_helpers.internal_variables.model import InternalVariables
from ggd_helpers.recordings.ensembles import Ensembles
from ggd_helpers.systems.trapped_bead import TrappedBead

_POTENTIALS = {"free_energy": "free energy $f$", "dissipation": "potential $\\phi^*$"}


@styled
def clouds(data: Ensembles, chosen: Sequence[int], names: Sequence[str]) -> Figure:
    """Above, where the trap and the mean are; below, the share of the realisations at every place, on its own scale."""
    figure, axes = plt.subplots(2, len(chosen), figsize=(9, 4.6), sharex=True, sharey="row", squeeze=False)
    for (trap, cloud), i, name in zip(axes.T, chosen, names, strict=True):
        trap.plot(data.times, data.inputs[i, :, 0], color=COLOURS[1], label="trap $\\lambda$")
        trap.plot(data.times, data.mean[i, :, 0], color=COLOURS[0], ls="--", label="mean of the cloud $m$")
        trap.set(title=name)
        density = (data.shares[i, :, 0].T / (data.grid[1] - data.grid[0])).numpy()
        mesh = cloud.pcolormesh(data.times.numpy(), data.grid.numpy(), density, cmap="Greys", rasterized=True)
        cloud.set(xlabel="time $t$")
    axes[0, 0].set(ylabel="place $x$")
    axes[1, 0].set(ylabel="place $x$")
    figure.colorbar(mesh, ax=axes[1, :], label="density (1/length)")
    legend_outside(figure, axes[0, 0])
    return figure


@styled
def loops(data: Ensembles, chosen: Sequence[int], names: Sequence[str], equilibrium: Tensor) -> Figure:
    """The force against the trap, where a law without memory would be one line; and against trap less force over `k`.

    `equilibrium` is the force at rest at every input, `(protocol, time, 1)`.
    """
    figure, (left, right) = plt.subplots(1, 2, figsize=(8, 3.1))
    for colour, style, i, name in zip(COLOURS, ("-", "--", ":", "-."), chosen, names, strict=False):
        left.plot(data.inputs[i, :, 0], data.measured[i, :, 0], color=colour, ls=style, label=name)
        right.plot(data.inputs[i, :, 0], data.mean[i, :, 0], color=colour, ls=style)
    order = data.inputs[list(chosen)].flatten().argsort()
    rest = equilibrium[list(chosen)].flatten()[order]
    left.plot(data.inputs[list(chosen)].flatten()[order], rest, color="0.25", lw=1, label="at rest")
    left.set(xlabel="trap $\\lambda$", ylabel="force $F$")
    right.set(xlabel="trap $\\lambda$", ylabel="mean of the cloud $m$")
    legend_outside(figure, left)
    return figure


@styled
def moments(data: Ensembles, model: InternalVariables, system: TrappedBead, chosen: Sequence[int]) -> Figure:
    """Mean and deviation of the decoded density over time, with the exact ones (IB-VONN, Fig. 6a and A.1)."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(8, 3.1))
    shares = shares_on(data.grid, model.decode(model.encode(data.shares), data.inputs))
    mean = shares @ data.grid
    deviation = (shares * (data.grid - mean[..., None]) ** 2).sum(-1).sqrt()
    exact = system.mean(data.inputs, data.dt)
    for colour, i in zip(COLOURS, chosen, strict=False):
        left.plot(data.times, exact[i, :, 0], **{**KNOWN, "color": colour})
        left.plot(data.times, mean[i], color=colour, **LEARNED)
        right.plot(data.times, deviation[i], color=colour, **LEARNED)
    right.axhline(system.variance**0.5, **KNOWN, label="exact")
    right.plot([], [], color="0.25", **LEARNED, label="decoded from $\\alpha$")
    left.set(xlabel="time $t$", ylabel="mean $m$")
    right.set(xlabel="time $t$", ylabel="deviation", ylim=(0, 1.6 * system.variance**0.5))
    legend_outside(figure, right)
    return figure


@styled
def collapse(data: Ensembles, model: InternalVariables) -> Figure:
    """Every internal variable against the mean, all protocols and times: a line means it is one number (Fig. 6b).

    With two variables a further panel shows the second against the first.
    """
    alpha, mean = model.encode(data.shares), data.mean[..., 0]
    count = alpha.shape[-1]
    names = [f"$\\alpha_{k + 1}$" for k in range(count)] if count > 1 else ["$\\alpha$"]
    panels = [(mean, alpha[..., k], "mean of the cloud $m$", names[k]) for k in range(count)]
    if count > 1:
        panels.append((alpha[..., 0], alpha[..., 1], names[0], names[1]))
    figure, axes = plt.subplots(1, len(panels), figsize=(3.3 * len(panels), 3.0), squeeze=False)
    for ax, (x, y, x_name, y_name) in zip(axes[0], panels, strict=True):
        for i in range(len(data)):
            shade = plt.get_cmap("viridis")(0.9 * i / max(len(data) - 1, 1))
            ax.plot(x[i], y[i], ".", ms=2, color=shade)
        ax.set(xlabel=x_name, ylabel=y_name)
    return figure


@styled
def surface(data: Ensembles, model: InternalVariables) -> Figure:
    """The learned force over trap and internal variable, with the measured force as dots of the same colours.

    The model has one variable.
    """
    alpha, u = model.encode(data.shares)[..., 0], data.inputs[..., 0]
    figure, ax = plt.subplots(figsize=(5.4, 3.6))
    across, up = (torch.linspace(x.min().item(), x.max().item(), 81, dtype=x.dtype) for x in (u, alpha))
    plane_up, plane_across = torch.meshgrid(up, across, indexing="ij")
    force = model.dynamics.force(plane_up[..., None], plane_across[..., None])[..., 0]
    low, high = data.measured.min().item(), data.measured.max().item()
    colours: dict[str, Any] = {"cmap": "viridis", "vmin": low, "vmax": high}
    ax.contourf(across, up, force, levels=torch.linspace(low, high, 13).tolist(), extend="both", alpha=0.75, **colours)
    for i in range(len(data)):
        dots = ax.scatter(u[i, ::6], alpha[i, ::6], c=data.measured[i, ::6, 0], s=14, ec="w", lw=0.3, **colours)
    ax.set(xlabel="trap $\\lambda$", ylabel="internal variable $\\alpha$")
    figure.colorbar(dots, ax=ax, label="force $F$")
    return figure


@styled
def potentials_along(data: Ensembles, model: InternalVariables, system: TrappedBead, chosen: Sequence[int]) -> Figure:
    """Free energy and dual dissipation potential along protocols, exact (wide) and learned (dashes); Fig. 7."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(8, 3.1))
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
def roll_outs(reports: Mapping[str, Report[Ensembles]], equilibrium: Mapping[str, Tensor] | None = None) -> Figure:
    """Force and internal variables predicted from the start alone (dashes), simulated (wide): Figs. 8 to 10.

    One row a report; first and last protocol of each. `equilibrium` holds the force at rest, `(protocol, time, 1)`.
    """
    variables = max(report.rollout.states.shape[-1] for report in reports.values())
    figure, axes = plt.subplots(len(reports), 1 + variables, figsize=(9, 2.6 * len(reports)), squeeze=False)
    for (force_axes, *alpha_axes), (name, report) in zip(axes, reports.items(), strict=True):
        data, made = report.data, report.rollout
        for colour, i in zip(COLOURS, sorted({0, len(data) - 1}), strict=False):
            at = slice(0, 2 * len(made.times) - 1, 2)
            force = report.model.dynamics.force(made.states[i], data.inputs[i, at])
            force_axes.plot(data.times, data.measured[i, :, 0], **{**KNOWN, "color": colour})
            force_axes.plot(made.times, force[:, 0], color=colour, **LEARNED)
            if equilibrium is not None:
                force_axes.plot(data.times, equilibrium[name][i, :, 0], color=colour, lw=1.0, ls=":")
            for k, ax in enumerate(alpha_axes):
                ax.plot(made.times, made.known[i, :, k], **{**KNOWN, "color": colour})
                ax.plot(made.times, made.states[i, :, k], color=colour, **LEARNED)
        force_axes.set(ylabel="force $F$", title=name)
        for k, ax in enumerate(alpha_axes):
            ax.set(ylabel="internal variable $\\alpha$" if variables == 1 else f"$\\alpha_{k + 1}$", title=name)
    for ax in axes[-1]:
        ax.set(xlabel="time $t$")
    _say_which(axes[0, 0], *([("at rest", ":")] if equilibrium is not None else []), words=("measured", "predicted"))
    return figure


@styled
def errors_against_number(kept: Mapping[str, Any]) -> Figure:
    """Errors against the number of realisations, both logarithmic: median (mark) and range (line) over seeds."""
    numbers = [int(number) for number in kept["rows"]]
    figure, axes = plt.subplots(1, 2, figsize=(9, 3.3))
    panels = ({"data": "the data themselves", "force": "force $F$"}, _POTENTIALS)
    for ax, names in zip(axes, panels, strict=True):
        for k, (key, label) in enumerate(names.items()):
            values = torch.tensor([[row[key] for row in rows] for rows in kept["rows"].values()])
            line = {"color": COLOURS[k], "ls": DASHES[k], "marker": "os"[k]}
            ax.loglog(numbers, values.quantile(0.5, dim=1), label=label, **line)
            ax.vlines(numbers, values.amin(1), values.amax(1), color=COLOURS[k], lw=1.2)
            if k == 0:
                first = values[0].quantile(0.5).item()
        slope = [1.6 * first * (n / numbers[0]) ** -0.5 for n in numbers]
        ax.loglog(numbers, slope, color="0.5", ls=":", label="slope $-1/2$")
        ax.set(xlabel="realisations of each pull", ylabel="off the truth (%)")
        ax.set_xticks(numbers, [str(number) for number in numbers])
        ax.xaxis.set_minor_locator(NullLocator())
        _write_out(ax.yaxis, (1, 2, 3, 5, 8))
        ax.legend()
    return figure


@styled
def errors_by_weights(kept: Mapping[str, Any], names: Mapping[str, str]) -> Figure:
    """Errors of trainings with other weights, one row each: median (mark) and range (line) over seeds."""
    figure, (axes,) = plt.subplots(1, len(names), figsize=(9, 3.6), sharey=True, squeeze=False)
    labels = list(kept["rows"])
    for ax, (key, title) in zip(axes, names.items(), strict=True):
        for i, label in enumerate(labels):
            values = torch.tensor([found["trap"][key] for found in kept["rows"][label]])
            colour = COLOURS[1] if label == "automatic" else COLOURS[0]
            ax.hlines(i, values.min(), values.max(), color=colour, lw=1.5)
            ax.semilogx(values.quantile(0.5), i, "s" if label == "automatic" else "o", color=colour)
        ax.set(xlabel=f"{title} (%)")
        _write_out(ax.xaxis, (1, 2, 4))
        ax.grid(axis="x", which="both", color="0.9", lw=0.6)
    axes[0].set_yticks(range(len(labels)), labels)
    axes[0].invert_yaxis()
    axes[0].tick_params(axis="y", which="minor", left=False)
    return figure


@styled
def bands(kept: Mapping[str, Any]) -> Figure:
    """What members trained on resampled realisations say of one pull, less the truth, with one and two deviations."""
    names = {"force": "force $F$"} | _POTENTIALS
    figure, axes = plt.subplots(1, len(names), figsize=(9, 3.2))
    times = torch.tensor(kept["times"])
    for ax, (key, label) in zip(axes, names.items(), strict=True):
        members = torch.tensor(kept["members"][key]) - torch.tensor(kept["truth"][key])
        middle, deviation = members.mean(0), members.std(0)
        for width, shade, name in ((2, 0.25, "2 deviations"), (1, 0.45, "1 deviation")):
            low, high = middle - width * deviation, middle + width * deviation
            ax.fill_between(times, low, high, color=COLOURS[0], alpha=shade, lw=0, label=name)
        ax.plot(times, middle, color=COLOURS[0], **LEARNED, label="mean of the members")
        ax.plot(times, torch.zeros_like(times), **KNOWN, label="truth")
        ax.set(xlabel="time $t$", title=f"{label} less the truth")
    legend_outside(figure, axes[0], place="outside lower center")
    return figure


def _write_out(axis: Axis, digits: Sequence[int]) -> None:
    """Numbers of a logarithmic axis as 0.1, 0.2, 0.4: little more than a decade is shown."""
    ticks = [digit * 10.0**power for power in range(-4, 3) for digit in digits]
    axis.set_major_locator(FixedLocator(ticks))
    axis.set_major_formatter("{x:g}")
    axis.set_minor_locator(NullLocator())


def _say_which(ax: Axes, *others: tuple[str, str], words: tuple[str, str] = ("exact", "learned")) -> None:
    """A legend of line styles only: colours tell protocols apart."""
    ax.plot([], [], **KNOWN, label=words[0])
    ax.plot([], [], color="0.25", **LEARNED, label=words[1])
    for name, style in others:
        ax.plot([], [], color="0.25", lw=1.0, ls=style, label=name)
    legend_outside(ax.figure, ax)
