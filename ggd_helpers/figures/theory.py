"""Figures of the theory chapter: each function takes curves and returns a matplotlib Figure."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter
from torch import Tensor

from ggd_helpers.figures.style import COLOURS, KNOWN, LEARNED, styled

Curve = tuple[Tensor, Tensor]


@styled
def box(times: Tensor, shares: Mapping[int, Tensor], entropies: Mapping[int, Tensor], limit: Tensor) -> Figure:
    """Particles leaving one half of a box: the share on the left, and the entropy counted from microstates."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(8.5, 2.9))
    for i, n in enumerate(shares):
        left.plot(times, shares[n], color=COLOURS[i], lw=1, label=f"{n} particles")
        right.plot(times, entropies[n], color=COLOURS[i], lw=1)
    left.plot(times, limit, **KNOWN, label="gradient flow")
    right.plot(times, -torch.xlogy(limit, limit) - torch.xlogy(1 - limit, 1 - limit), **KNOWN)
    left.set(xlabel="time $t$", ylabel="share on the left", title="the box relaxes")
    right.set(xlabel="time $t$", ylabel="$\\ln \\Omega$ per particle", title="entropy, counted")
    left.legend(fontsize=8)
    return figure


@styled
def concavity(x: Tensor, concave: Tensor, hills: Tensor, envelope: Tensor) -> Figure:
    """A concave entropy above its chord, and one that is not concave under its envelope."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(8, 2.9))
    ends = torch.tensor([len(x) // 8, len(x) * 7 // 8])
    left.plot(x, concave, color=COLOURS[0])
    left.plot(x[ends], concave[ends], "o--", color=COLOURS[1], label="two halves apart")
    left.plot(x[ends].mean(), concave[len(x) // 2], "o", color=COLOURS[0], label="the halves mixed")
    left.set(xlabel="state $x$", ylabel="entropy $S$", title="concave: mixing gains")
    right.plot(x, hills, color=COLOURS[0], label="$S$")
    right.plot(x, envelope, color=COLOURS[1], **LEARNED, label="best of two halves")
    right.set(xlabel="state $x$", ylabel="entropy $S$", title="not concave: parting gains")
    right.set_ylim(hills.min().item() - 0.02, 0.1)
    left.legend(fontsize=8, loc="lower center")
    right.legend(fontsize=8, loc="upper center", ncols=2)
    return figure


@styled
def second_law(forces: Tensor, admissible: Sequence[Tensor], broken: Tensor) -> Figure:
    """Entropy production over the force, each curve divided by its largest value: who goes below zero?"""
    figure, axes = plt.subplots(figsize=(5.5, 3))
    for i, production in enumerate(admissible):
        label = f"{len(admissible)} random admissible $\\Xi$" if i == 0 else None
        axes.plot(forces, production / production.abs().max(), color=COLOURS[0], lw=0.7, alpha=0.5, label=label)
    axes.plot(forces, broken / broken.abs().max(), color=COLOURS[1], lw=2, label="$\\Xi = 1 - \\cos x^*$")
    axes.axhline(0, color="0.3", lw=0.8)
    axes.set(xlabel="force $x^*$", ylabel="$dS/dt$ (scaled)")
    axes.legend(fontsize=8, loc="lower center")
    return figure


@styled
def force_flux(forces: Tensor, laws: Mapping[str, Curve], deviation: Mapping[str, Curve], tangent: Tensor) -> Figure:
    """Potentials, their force-flux curves, and how fast a law leaves its tangent."""
    figure, axes = plt.subplots(1, 3, figsize=(10, 2.9))
    for i, (label, (potential, flux)) in enumerate(laws.items()):
        axes[0].plot(forces, potential, color=COLOURS[i], label=label)
        axes[1].plot(forces, flux, color=COLOURS[i])
    axes[1].plot(forces, tangent, ":", color="0.4", lw=2, label="Onsager's tangent")
    for label, (force, off) in deviation.items():
        axes[2].loglog(force, off, "o", ms=4, label=label)
    axes[0].set(xlabel="force $x^*$", ylabel="$\\Xi(x^*)$", title="dissipation potential")
    axes[1].set(xlabel="force $x^*$", ylabel="flux $d\\Xi/dx^*$", title="force and flux")
    axes[2].set(xlabel="force $x^*$", ylabel="flux / tangent $-$ 1", title="off the linear regime")
    for ax in axes:
        ax.legend(fontsize=8)
    return figure


@styled
def conjugates(laws: Mapping[str, tuple[Curve, Curve, Curve, Curve]]) -> Figure:
    """A potential and its conjugate above; below, one slope as a function of the other, and the axes swapped.

    `laws[name]` holds the curves Xi over force, Xi* over flux, flux over force, force over flux.
    """
    figure, axes = plt.subplots(2, len(laws), figsize=(3.2 * len(laws), 5), squeeze=False)
    for (above, below), (name, (xi, xi_star, flux, force)) in zip(axes.T, laws.items(), strict=True):
        above.plot(*xi, color=COLOURS[0], label="$\\Xi$ (of the force)")
        above.plot(*xi_star, color=COLOURS[1], **LEARNED, label="$\\Xi^*$ (of the flux)")
        below.plot(*flux, **KNOWN, label="flux over force")
        below.plot(*force, color=COLOURS[1], **LEARNED, label="force over flux")
        below.axline((0, 0), slope=1, color="0.7", lw=0.8, ls=":")
        above.set(title=name, xlabel="force, or flux", ylabel="potential")
        below.set(xlabel="force, or flux", ylabel="flux, or force")
    axes[0, 0].legend(fontsize=8)
    axes[1, 0].legend(fontsize=8)
    return figure


@styled
def bridges(
    times: Tensor, samples: Tensor, least: Tensor, exact: Tensor, standard_error: Tensor, mean: Tensor
) -> Figure:
    """Noisy paths that happen to end at the same place, their mean, and the path of least action."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(8.5, 2.9))
    left.plot(times, samples.T, color="0.6", lw=0.5, alpha=0.7)
    left.plot(times, exact, **KNOWN, label="exact")
    left.plot(times, least, color=COLOURS[0], **LEARNED, label="least action")
    left.set(xlabel="time $t$", ylabel="state $x$", title="from start to end in spite of noise")
    right.plot(times, mean - exact, color=COLOURS[1], label="mean of samples $-$ exact")
    right.fill_between(times, -2 * standard_error, 2 * standard_error, color="0.85", label="2 standard errors")
    right.plot(times, least - exact, color=COLOURS[0], **LEARNED, label="least action $-$ exact")
    high = 5 * standard_error.max().item()
    right.set(xlabel="time $t$", ylabel="difference", title="seen closely", ylim=(-0.6 * high, high))
    for ax in (left, right):
        ax.legend(fontsize=8)
    return figure


@styled
def least_action(times: Tensor, flow: Tensor, down: Tensor, up: Tensor, noises: Tensor, errors: Tensor) -> Figure:
    """The relaxation and its time reversal as paths of least action; sampled means approach the flow as noise fades."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(8.5, 2.9))
    left.plot(times, flow, **KNOWN, label="gradient flow")
    left.plot(times, down, color=COLOURS[0], **LEARNED, label="least action, to rest")
    left.plot(times, up, color=COLOURS[1], **LEARNED, label="least action, away from rest")
    left.set(xlabel="time $t$", ylabel="state $x$", title="there and back again")
    right.loglog(noises, errors, "o-", color=COLOURS[0], ms=4)
    right.axhline(0.01, color="0.5", ls=":", label="1 %")
    right.set(xlabel="noise $\\varepsilon$", ylabel="mean path off the flow", title="small noise")
    right.yaxis.set_minor_formatter(NullFormatter())
    for ax in (left, right):
        ax.legend(fontsize=8)
    return figure


@styled
def lagrangians(x: Tensor, over_x: Tensor, v: Tensor, over_v: Tensor, bad: Tensor, envelope: Tensor) -> Figure:
    """A true Lagrangian: not convex in the state, convex in the velocity; and one that no transform brings back."""
    figure, axes = plt.subplots(1, 3, figsize=(10, 2.8))
    axes[0].plot(x, over_x, color=COLOURS[0])
    axes[0].set(xlabel="state $x$", ylabel="$L(x, 1)$", title="not convex in $x$: fine")
    axes[1].plot(v, over_v, color=COLOURS[0])
    axes[1].set(xlabel="velocity $\\dot x$", ylabel="$L(0.8, \\dot x)$", title="convex in $\\dot x$: needed")
    axes[2].plot(v, bad, color=COLOURS[0], label="$L$")
    axes[2].plot(v, envelope, color=COLOURS[1], **LEARNED, label="$L$ after two transforms")
    axes[2].set(xlabel="velocity $\\dot x$", ylabel="$L$", title="convex in $x$ only: lost")
    axes[2].legend(fontsize=8)
    return figure


@styled
def jump_potentials(
    momenta: Tensor, hamiltonian: Curve, known_hamiltonian: Tensor, lagrangian: tuple[Tensor, Tensor, Tensor],
    xi: tuple[Tensor, Tensor, Tensor, Tensor],
) -> Figure:  # fmt: skip
    """Estimated from jumps: the Hamiltonian, its Legendre dual, and the dissipation potential with error bars.

    `hamiltonian` and `xi` hold values and standard errors; `lagrangian` is fluxes, values, the known curve.
    """
    figure, axes = plt.subplots(1, 3, figsize=(10, 2.9))
    axes[0].plot(momenta, known_hamiltonian, **KNOWN, label="formula")
    axes[0].errorbar(momenta, hamiltonian[0], 2 * hamiltonian[1], fmt="o", ms=3, color=COLOURS[0], label="jumps")
    axes[0].set(xlabel="momentum $\\xi$", ylabel="$H(c, \\xi)$", title="Hamiltonian")
    fluxes, values, known = lagrangian
    axes[1].plot(fluxes, known, **KNOWN, label="formula")
    axes[1].plot(fluxes, values, color=COLOURS[0], **LEARNED, label="transform of $H$")
    axes[1].set(xlabel="rate $\\dot c_B$", ylabel="$L(c, \\dot c)$", title="Lagrangian")
    forces, values, error, known = xi
    axes[2].plot(forces, known, **KNOWN, label="cosh")
    axes[2].errorbar(forces, values, 2 * error, fmt="o", ms=3, color=COLOURS[0], label="jumps")
    axes[2].set(xlabel="force $\\nu \\cdot c^*$", ylabel="$\\Xi(c, c^*)$", title="dissipation potential")
    for ax in axes:
        ax.legend(fontsize=8)
    return figure


@styled
def growing_crowd(numbers: Tensor, errors: Tensor, bars: Tensor, exact: Tensor, slope: float) -> Figure:
    """How far the potential of finitely many molecules is from the cosh."""
    figure, axes = plt.subplots(figsize=(5, 3))
    axes.loglog(numbers, exact, color="0.3", lw=1, label=f"exact, slope {slope:.2f}")
    axes.errorbar(numbers[: len(errors)], errors, bars, fmt="o", ms=5, color=COLOURS[0], label="from simulated jumps")
    axes.axhline(0.02, color="0.5", ls=":", label="2 %")
    axes.set(xlabel="molecules $n$", ylabel="relative error of $\\Xi$", ylim=(1e-3, 1))
    axes.legend(fontsize=8)
    return figure


@styled
def factor_two(times: Tensor, counted: Tensor, corrected: Tensor, printed: Tensor) -> Figure:
    """The share of B over time: jumps, the corrected potential, and the printed one."""
    figure, axes = plt.subplots(figsize=(5, 2.8))
    axes.plot(times, counted, ".", color="0.5", ms=4, label="jumps")
    axes.plot(times, corrected, color=COLOURS[0], label="$\\Xi = 2\\,\\Psi(c, c^*/2)$")
    axes.plot(times, printed, color=COLOURS[1], **LEARNED, label="$\\Xi = \\Psi(c, c^*/2)$, as printed")
    axes.set(xlabel="time $t$", ylabel="share of B")
    axes.legend(fontsize=8)
    return figure


@styled
def time_reversal(gain: Tensor, ratio: Tensor, bars: Tensor, z: Tensor) -> Figure:
    """Forward against backward path probabilities, with error bars, and how the misses are spread."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(8.5, 3))
    ends = torch.stack([gain.min(), gain.max()])
    left.plot(ends, ends, **KNOWN, label="$S(\\mathrm{end}) - S(\\mathrm{start})$")
    left.errorbar(gain, ratio, 2 * bars, fmt=".", ms=3, lw=0.7, color=COLOURS[0], label="paths (2 s.e.)")
    left.set(xlabel="$\\ln\\Omega$ gained along the path", ylabel="$\\ln$ (forward / backward)")
    left.legend(fontsize=8)
    right.hist(z, bins=25, density=True, color=COLOURS[0], alpha=0.6, label="misses / error")
    bell = torch.linspace(-4, 4, 101)
    right.plot(bell, torch.exp(-(bell**2) / 2) / (2 * torch.pi) ** 0.5, **KNOWN, label="normal")
    right.set(xlabel="miss in standard errors", ylabel="share of paths")
    right.legend(fontsize=8)
    return figure
