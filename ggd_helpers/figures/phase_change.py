"""Figures of the chapter on a chain that changes phase: distributions, phase space, free energy, roll-outs."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from ggd_helpers.evaluation.chain import ChainRollout
from ggd_helpers.figures.style import COLOURS, DASHES, KNOWN, LEARNED, legend_outside, styled
from ggd_helpers.internal_variables.chain import ChainVariables
from ggd_helpers.internal_variables.decoders import log_density_on
from ggd_helpers.recordings.ensembles import Ensembles

Moment = tuple[int, int, int]  # a protocol, a stored time, a spring


def twins(mean: Tensor, share: Tensor, near: float) -> tuple[Moment, Moment]:
    """Two moments of springs whose mean strains are nearest to a value while their shares differ most.

    Shapes: `mean` and `share` `(protocol, time, spring)`.
    """
    close = ((mean - near).abs() < 5e-3).nonzero()
    values = share[tuple(close.T)]
    first, second = (close[index].tolist() for index in (values.argmin(), values.argmax()))
    return tuple(first), tuple(second)


@styled
def same_mean(data: Ensembles, moments: Sequence[Moment], pulls: Tensor) -> Figure:
    """Left: the force on the end against the length of the chain. Right: distributions of two springs, one mean."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(8.4, 2.9))
    for i in range(0, len(pulls), 4):
        left.plot(data.inputs[i, :, 0], pulls[i, :, 0], color=COLOURS[i // 4 % len(COLOURS)], ls=DASHES[i // 4 % 5])
    left.set(xlabel="length of the chain $L$", ylabel="force on the end $F$")
    spacing = data.grid[1] - data.grid[0]
    for k, (i, j, s) in enumerate(moments):
        line = {"color": COLOURS[k], "ls": DASHES[k], "label": f"spring {s + 1}, $t = {data.times[j]:.1f}$"}
        right.plot(data.grid, data.shares[i, j, s] / spacing, **line)
    i, j, s = moments[0]
    right.axvline(data.mean[i, j, s], color="0.5", lw=0.8)
    right.set(xlabel="strain $u$", ylabel="density")
    legend_outside(figure, right, place="outside right center", columns=1)
    return figure


@styled
def marginals(
    data: Ensembles, models: Mapping[str, ChainVariables], moment: tuple[int, int], springs: Sequence[int], rest: Tensor
) -> Figure:
    """Distributions of several springs at one time: simulated, decoded, and at rest with this length (Fig. 16, 20).

    `rest` are the shares at rest, `(spring, bins)`.
    """
    i, j = moment
    figure, axes = plt.subplots(1, len(springs), figsize=(2.2 * len(springs), 2.7), sharey=True)
    spacing, now = data.grid[1] - data.grid[0], data.select(torch.tensor([i]))
    decoded = {
        name: log_density_on(data.grid, model.decode(model.encode(now.shares)))[0, j].exp().detach()
        for name, model in models.items()
    }
    for ax, s in zip(axes, springs, strict=True):
        ax.plot(data.grid, data.shares[i, j, s] / spacing, **KNOWN, label="simulated")
        ax.plot(data.grid, rest[s] / spacing, color="0.25", lw=0.8, ls=":", label="at rest")
        for k, (name, density) in enumerate(decoded.items()):
            ax.plot(data.grid, density[s], color=COLOURS[k], lw=1.4, ls=DASHES[1 + k], label=f"decoded: {name}")
        ax.set(title=f"spring {s + 1}", xlabel="strain $u$")
    axes[0].set_ylabel("density")
    legend_outside(figure, axes[0])
    return figure


@styled
def phase_space(data: Ensembles, model: ChainVariables, share: Tensor) -> Figure:
    """Every spring at every time: alpha against the mean strain (Fig. 13a, 18a), and against the share in the well."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(8.4, 3.1))
    strain, alpha = data.mean[:, ::3].flatten(), model.encoder(data.shares[:, ::3])[..., 0].flatten()
    p = share[:, ::3].flatten()
    dots = {"s": 2, "cmap": "cividis", "rasterized": True, "linewidths": 0}
    picture = left.scatter(strain, alpha, c=p, **dots)
    figure.colorbar(picture, ax=left, label="share $p$ in the upper well")
    picture = right.scatter(p, alpha, c=strain, **dots)
    figure.colorbar(picture, ax=right, label="mean strain $\\varepsilon$")
    left.set(xlabel="mean strain $\\varepsilon$", ylabel="internal variable $\\alpha$")
    right.set(xlabel="share $p$ in the upper well", ylabel="internal variable $\\alpha$")
    return figure


@styled
def free_energy_plane(data: Ensembles, model: ChainVariables) -> Figure:
    """The free energy of a spring over its plane, with the states that training saw; and its stress."""
    figure, axes = plt.subplots(1, 2, figsize=(8.4, 3.1), sharey=True)
    seen_strain, seen_alpha = data.mean.flatten()[::29], model.encoder(data.shares)[..., 0].flatten()[::29]
    strain = torch.linspace(seen_strain.min().item(), seen_strain.max().item(), 80, dtype=seen_strain.dtype)
    alpha = torch.linspace(seen_alpha.min().item(), seen_alpha.max().item(), 80, dtype=seen_strain.dtype)
    u, x = (each.flatten()[:, None] for each in torch.meshgrid(strain, alpha, indexing="ij"))
    f = -model.chain.free_energy(x, u)
    stress = model.chain.free_energy.slopes(x, u)[1][..., 0]
    for ax, values, label in zip(axes, (f - f.min(), stress), ("free energy $f$", "stress $s$"), strict=True):
        table = values.reshape(80, 80).T.numpy()
        picture = ax.contourf(strain, alpha, table, levels=16, cmap="cividis")
        ax.plot(seen_strain, seen_alpha, ".", ms=1, color="white", alpha=0.5, rasterized=True)
        figure.colorbar(picture, ax=ax, label=label)
        ax.set(xlabel="mean strain $\\varepsilon$")
    axes[0].set_ylabel("internal variable $\\alpha$")
    return figure


@styled
def over_time(
    data: Ensembles, model: ChainVariables, rolled: ChainRollout, i: int, pull: Tensor, springs: Sequence[int]
) -> Figure:
    """One protocol: strains, internal variables and force over time, simulated (wide) and predicted (dashes)."""
    figure, axes = plt.subplots(1, 3, figsize=(9.4, 2.9))
    alpha = model.encoder(data.shares[i])[..., 0]
    for k, s in enumerate(springs):
        colour = COLOURS[k % len(COLOURS)]
        for ax, known, found in ((axes[0], data.mean[i], rolled.strain[i]), (axes[1], alpha, rolled.alpha[i, ..., 0])):
            ax.plot(data.times, known[:, s], **{**KNOWN, "color": colour})
            ax.plot(rolled.times, found[:, s], color=colour, **LEARNED)
        axes[0].plot([], [], color=colour, label=f"spring {s + 1}")
    axes[2].plot(data.times, pull[i, :, 0], **KNOWN, label="simulated")
    axes[2].plot(rolled.times, rolled.force[i, :, 0], color="0.25", **LEARNED, label="predicted")
    for ax, label in zip(axes, ("mean strain $\\varepsilon$", "internal variable $\\alpha$", "force $F$"), strict=True):
        ax.set(xlabel="time $t$", ylabel=label)
    legend_outside(figure, *axes)
    return figure


@styled
def shares_against(pairs: Mapping[str, tuple[Tensor, Tensor]]) -> Figure:
    """Shares in the upper well, decoded against counted; a panel each."""
    figure, axes = plt.subplots(1, len(pairs), figsize=(3.2 * len(pairs), 2.9), sharey=True, squeeze=False)
    for ax, (title, (counted, found)) in zip(axes[0], pairs.items(), strict=True):
        ax.plot([0, 1], [0, 1], color="0.25", lw=0.8)
        ax.plot(counted.flatten()[::7], found.flatten()[::7], ".", ms=1.5, color=COLOURS[0], rasterized=True)
        ax.set(title=title, xlabel="counted share $p$")
    axes[0, 0].set_ylabel("decoded share $p$")
    return figure


@styled
def hysteresis(
    lengths: Tensor,
    known: Tensor,
    predicted: Tensor,
    rest: Tensor,
    speeds: Sequence[float],
    excess: Mapping[str, Tensor],
) -> Figure:
    """Left: force against length at several speeds, and at rest. Right: the excess work against speed."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(8.4, 3.0))
    for k, speed in enumerate(speeds):
        left.plot(lengths[k], known[k], **{**KNOWN, "color": COLOURS[k]})
        left.plot(lengths[k, ::2], predicted[k], color=COLOURS[k], **LEARNED)
        left.plot([], [], color=COLOURS[k], label=f"speed {speed:g}")
    left.plot(rest[0], rest[1], color="0.25", lw=1, ls=":", label="at rest")
    left.set(xlabel="length of the chain $L$", ylabel="force on the end $F$")
    for k, (name, values) in enumerate(excess.items()):
        right.plot(speeds, values, marker="os^"[k], ls=DASHES[k], color=COLOURS[k], label=name)
    right.set(xlabel="speed of the end", ylabel="excess work", xlim=(0, None), ylim=(0, None))
    legend_outside(figure, left, columns=4)
    right.legend(loc="upper left")
    return figure


@styled
def closure(rates: Tensor, guesses: Mapping[str, Tensor]) -> Figure:
    """Changes of the share `p` over a short time against what is guessed from the present state; a panel each."""
    figure, axes = plt.subplots(1, len(guesses), figsize=(3.2 * len(guesses), 2.9), sharey=True, squeeze=False)
    for ax, (title, guess) in zip(axes[0], guesses.items(), strict=True):
        _diagonal(ax, rates)
        ax.plot(guess.flatten()[::5], rates.flatten()[::5], ".", ms=1.5, color=COLOURS[0], rasterized=True)
        ax.set(title=title, xlabel="guessed")
    axes[0, 0].set_ylabel("change of $p$, simulated")
    return figure


def _diagonal(ax: Axes, values: Tensor) -> None:
    ends = [values.min().item(), values.max().item()]
    ax.plot(ends, ends, color="0.25", lw=0.8)
