"""Figures of the theory chapter: each function takes curves and returns a matplotlib Figure."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter
from torch import Tensor

from ggd_helpers.figures.style import COLOURS, DASHES, KNOWN, LEARNED, styled

Curve = tuple[Tensor, Tensor]


@styled
def box(times: Tensor, shares: Mapping[int, Tensor], entropies: Mapping[int, Tensor], limit: Tensor) -> Figure:
    """Particles leaving one half of a box: the share on the left, and the entropy counted from microstates."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(8.5, 2.9))
    for i, n in enumerate(shares):
        look = {"color": COLOURS[i], "ls": DASHES[i], "lw": 1}
        left.plot(times, shares[n], **look, label=f"{n} particles")
        right.plot(times, entropies[n], **look)
    left.plot(times, limit, **KNOWN, label="gradient flow")
    right.plot(times, -torch.xlogy(limit, limit) - torch.xlogy(1 - limit, 1 - limit), **KNOWN)
    left.set(
        xlabel="time $t$ (hops of a particle)", ylabel="share on the left", title="the box relaxes", ylim=(0.2, 1.45)
    )
    right.set(xlabel="time $t$ (hops of a particle)", ylabel="$\\ln \\Omega$ per particle", title="entropy, counted")
    left.legend(loc="upper right", ncols=2)
    return figure


@styled
def concavity(x: Tensor, concave: Tensor, hills: Tensor, equal: Tensor, envelope: Tensor) -> Figure:
    """A concave entropy above its chord; one that is not, under what two equal and two unequal parts can have."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(8, 3.1))
    ends = torch.tensor([len(x) // 8, len(x) * 7 // 8])
    left.plot(x, concave, color=COLOURS[0])
    left.plot(x[ends], concave[ends], "o--", color=COLOURS[1], label="two halves apart")
    left.plot(x[ends].mean(), concave[len(x) // 2], "s", color=COLOURS[0], label="the halves mixed")
    left.set(xlabel="state $x$", ylabel="entropy $S$", title="mixing gains")
    right.plot(x, hills, color=COLOURS[0], label="one part, $S$")
    right.plot(x, equal, color=COLOURS[2], ls="-.", lw=1.6, label="two equal parts")
    right.plot(x, envelope, color=COLOURS[1], **LEARNED, label="two parts of any size")
    right.set(xlabel="state $x$", ylabel="entropy $S$ of the whole", title="parting gains")
    right.set_ylim(hills.min().item() - 0.02, 0.2)
    left.legend(loc="lower center")
    right.legend(loc="upper center")
    return figure


@styled
def second_law(forces: Tensor, admissible: Sequence[Tensor], broken: Tensor) -> Figure:
    """Entropy production over the force, each curve divided by its largest value: who goes below zero?"""
    figure, axes = plt.subplots(figsize=(5.5, 3.3))
    for i, production in enumerate(admissible):
        label = f"{len(admissible)} random admissible $\\Xi$" if i == 0 else None
        axes.plot(forces, production / production.abs().max(), color=COLOURS[0], lw=0.7, alpha=0.5, label=label)
    axes.plot(forces, broken / broken.abs().max(), color=COLOURS[1], ls="--", lw=2, label="$\\Xi = 1 - \\cos x^*$")
    axes.axhline(0, color="0.3", lw=0.8)
    axes.set(xlabel="force $x^*$", ylabel="$dS/dt$ (largest size is 1)", ylim=(-1.1, 1.65))
    axes.legend(loc="upper center")
    return figure


@styled
def force_flux(forces: Tensor, laws: Mapping[str, Curve], tangent: Tensor, deviation: Curve, power: float) -> Figure:
    """Potentials, their force-flux curves, and how far from its tangent a law's flux is, with a power of the force."""
    figure, axes = plt.subplots(1, 3, figsize=(10, 3))
    for i, (label, (potential, flux)) in enumerate(laws.items()):
        axes[0].plot(forces, potential, color=COLOURS[i], ls=DASHES[i], label=label)
        axes[1].plot(forces, flux, color=COLOURS[i], ls=DASHES[i])
    axes[1].plot(forces, tangent, **KNOWN, zorder=0, label="Onsager's tangent")
    weak, off = deviation
    axes[2].loglog(weak, off[0] * (weak / weak[0]) ** power, **KNOWN, label=f"force$^{power:.0f}$")
    axes[2].loglog(weak, off, "o", color=COLOURS[1], ms=4, label="cosh")
    axes[0].set(xlabel="force $x^*$", ylabel="$\\Xi(x^*)$", title="dissipation potential", ylim=(-0.3, 7.5))
    axes[1].set(xlabel="force $x^*$", ylabel="flux $d\\Xi/dx^*$", title="force and flux", ylim=(-7, 9))
    axes[2].set(xlabel="force $x^*$", ylabel="flux $-$ tangent", title="off the tangent")
    for ax in axes:
        ax.legend(loc="upper left" if ax is not axes[0] else "upper center")
    return figure


@styled
def motions(times: Tensor, paths: Mapping[str, Tensor], gains: Mapping[str, Tensor]) -> Figure:
    """Paths in the plane under level lines of `S = -|x|^2/2`, and the entropy that each has gained over time."""
    figure, (plane, rise) = plt.subplots(1, 2, figsize=(8.5, 3.4), width_ratios=(1, 1.35))
    for radius in (0.25, 0.5, 0.75, 1.0):
        plane.add_patch(plt.Circle((0, 0), radius, fill=False, color="0.85", lw=0.8))
    for i, (name, path) in enumerate(paths.items()):
        look = {"color": COLOURS[i], "ls": DASHES[i], "lw": 3.0 if i == 0 else 1.4}  # two of them gain the same
        plane.plot(*path.T, **look)
        rise.plot(times, gains[name], **look, label=name)
    plane.plot(*next(iter(paths.values()))[0], "o", color="0.3", ms=5)
    plane.set(xlabel="$x_1$", ylabel="$x_2$", title="from one start", aspect="equal")
    rise.set(xlabel="time $t$", ylabel="$S - S(\\mathrm{start})$", title="entropy gained", ylim=(-0.05, 0.85))
    rise.legend(loc="upper center", ncols=2)
    return figure


@styled
def conjugates(laws: Mapping[str, tuple[Curve, Curve, Curve, Curve]]) -> Figure:
    """A potential and its conjugate above; below, one slope as a function of the other, and the axes swapped.

    `laws[name]` holds the curves Xi over force, Xi* over flux, flux over force, force over flux.
    """
    figure, axes = plt.subplots(2, len(laws), figsize=(3.2 * len(laws), 6), squeeze=False)
    for (above, below), (name, (xi, xi_star, flux, force)) in zip(axes.T, laws.items(), strict=True):
        above.plot(*xi, color=COLOURS[0], label="$\\Xi$ (of the force)")
        above.plot(*xi_star, color=COLOURS[1], **LEARNED, label="$\\Xi^*$ (of the flux)")
        below.plot(*flux, **KNOWN, label="flux over force")
        below.plot(*force, color=COLOURS[1], **LEARNED, label="force over flux")
        below.axline((0, 0), slope=1, color="0.7", lw=0.8, ls=":")
        above.set(title=name, xlabel="force, or flux", ylabel="potential")
        below.set(xlabel="force, or flux", ylabel="flux, or force", aspect="equal", xlim=(-2.6, 2.6), ylim=(-2.6, 2.6))
    axes[0, 0].legend(loc="upper center")
    axes[0, 0].set_ylim(-0.2, 5)
    axes[1, 0].legend(loc="upper left")
    return figure


@styled
def bridges(
    times: Tensor, samples: Tensor, least: Tensor, exact: Tensor, standard_error: Tensor, mean: Tensor, longer: Curve
) -> Figure:
    """Noisy paths that happen to end at one place and the path of least action; their mean; more time to get there."""
    figure, (left, middle, right) = plt.subplots(1, 3, figsize=(10, 3.2))
    left.plot(times, samples.T, color="0.6", lw=0.5, alpha=0.7)
    left.plot(times, exact, **KNOWN, label="exact")
    left.plot(times, least, color=COLOURS[0], **LEARNED, label="least action")
    left.set(xlabel="time $t$", ylabel="state $x$", title=f"time {times[-1].item():.0f}", ylim=(-1.7, 2.6))
    middle.fill_between(times, -2 * standard_error, 2 * standard_error, color="0.85", label="2 standard errors")
    middle.plot(times, mean - exact, color=COLOURS[1], label="mean of samples")
    middle.plot(times, least - exact, color=COLOURS[0], **LEARNED, label="least action")
    high = 5 * standard_error.max().item()
    middle.set(xlabel="time $t$", ylabel="difference to the exact path", title="seen closely", ylim=(-high / 2, high))
    right.plot(*longer, **KNOWN, label="exact")
    right.axhline(0, color="0.6", lw=0.8, ls=":", label="top of the hill of $S$")
    right.set(xlabel="time $t$", ylabel="state $x$", title=f"time {longer[0][-1].item():.0f}", ylim=(-1.1, 1.3))
    for ax in (left, middle, right):
        ax.legend(loc="upper left")
    return figure


@styled
def least_action(times: Tensor, flow: Tensor, down: Tensor, up: Tensor, noises: Tensor, errors: Tensor) -> Figure:
    """The relaxation and its time reversal as paths of least action; sampled means approach the flow as noise fades."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(8.5, 2.9))
    left.plot(times, flow, **KNOWN, label="gradient flow")
    left.plot(times, down, color=COLOURS[0], **LEARNED, label="least action, to rest")
    left.plot(times, up, color=COLOURS[1], ls="-.", label="least action, away from rest")
    left.set(xlabel="time $t$", ylabel="state $x$", title="there and back again", ylim=(-0.05, 1.6))
    right.loglog(noises, errors, "o-", color=COLOURS[0], ms=4)
    right.axhline(0.01, color="0.5", ls=":", label="1 %")
    right.set(xlabel="noise $\\varepsilon$", ylabel="mean path off the flow", title="as noise fades")
    right.yaxis.set_minor_formatter(NullFormatter())
    left.legend(loc="upper center")
    right.legend(loc="upper left")
    return figure


@styled
def lagrangians(x: Tensor, over_x: Tensor, v: Tensor, over_v: Tensor, bad: Tensor, envelope: Tensor) -> Figure:
    """A true Lagrangian: not convex in the state, convex in the velocity; and one that no transform brings back."""
    figure, axes = plt.subplots(1, 3, figsize=(10, 2.8))
    axes[0].plot(x, over_x, color=COLOURS[0])
    axes[0].set(xlabel="state $x$", ylabel="$L(x, 1)$", title="two hills, over the state")
    axes[1].plot(v, over_v, color=COLOURS[0])
    axes[1].set(xlabel="velocity $\\dot x$", ylabel="$L(0.8, \\dot x)$", title="two hills, over the velocity")
    axes[2].plot(v, bad, color=COLOURS[0], label="$L$")
    axes[2].plot(v, envelope, color=COLOURS[1], **LEARNED, label="$L$ after two transforms")
    axes[2].set(xlabel="velocity $\\dot x$", ylabel="$L$", title="one zero, not convex in $\\dot x$", ylim=(-0.1, 2.5))
    axes[2].legend(loc="upper center")
    return figure


@styled
def hamiltonian(
    momenta: Tensor, measured: Curve, known: Tensor, lagrangian: tuple[Tensor, Tensor, Tensor]
) -> Figure:  # fmt: skip
    """The Hamiltonian estimated from jumps, `measured` with standard errors, and its Legendre dual.

    `lagrangian` is velocities, values, the known curve.
    """
    figure, (left, right) = plt.subplots(1, 2, figsize=(8.5, 3.1))
    left.plot(momenta, known, **KNOWN, label="formula")
    left.errorbar(momenta, measured[0], 2 * measured[1], fmt="o", ms=3, color=COLOURS[0], label="jumps (2 s.e.)")
    left.set(xlabel="momentum $\\xi$", ylabel="$H(c, \\xi)$", title="Hamiltonian")
    velocities, values, formula = lagrangian
    right.plot(velocities, formula, **KNOWN, label="formula")
    right.plot(velocities, values, color=COLOURS[0], **LEARNED, label="transform of measured $H$")
    right.set(xlabel="velocity $\\dot c_B$", ylabel="$L(c, \\dot c)$", title="Lagrangian")
    left.legend(loc="upper left")
    right.legend(loc="upper center")
    return figure


@styled
def half_slopes(found: tuple[Tensor, Tensor, Tensor], half: Curve, whole: Tensor, odd: Mapping[str, Curve]) -> Figure:
    """How odd a measured Hamiltonian is about each shift; the best shifts, with errors, and half the slope of S.

    `found` is states, shifts, standard errors; `odd[state]` is the size of the odd part over shifts.
    """
    figure, (left, right) = plt.subplots(1, 2, figsize=(8.5, 3.3))
    for i, (name, curve) in enumerate(odd.items()):
        left.semilogy(*curve, color=COLOURS[i], ls=DASHES[i], label=name)
    left.set(xlabel="shift $\\eta$", ylabel="odd part / even part", title="how far from even", ylim=(1e-3, 1e2))
    right.plot(*half, **KNOWN, label="$-\\frac{1}{2}\\, \\partial S/\\partial c$, counted")
    right.plot(half[0], whole, color="0.4", ls=":", label="$-\\partial S/\\partial c$")
    right.errorbar(*found[:2], 2 * found[2], fmt="o", ms=5, color=COLOURS[0], label="most even (2 s.e.)")
    right.set(xlabel="share of B", ylabel="shift $\\eta$", title="where it is even", ylim=(-2.5, 2.5))
    left.legend(loc="upper center", ncols=3, handlelength=1.2, columnspacing=1)
    right.legend(loc="upper left")
    return figure


@styled
def dissipation_of_jumps(
    potential: tuple[Tensor, Tensor, Tensor, Tensor], numbers: Tensor, errors: Curve, exact: Tensor, slope: float
) -> Figure:
    """The dissipation potential from jumps; how far that of finitely many molecules is from the cosh.

    `potential` is forces, values, standard errors, the cosh; `errors` are simulated ones and their standard errors.
    """
    figure, (left, right) = plt.subplots(1, 2, figsize=(8.5, 3.1))
    forces, values, error, known = potential
    left.plot(forces, known, **KNOWN, label="cosh")
    left.errorbar(forces, values, 2 * error, fmt="o", ms=3, color=COLOURS[0], label="jumps (2 s.e.)")
    left.set(xlabel="force $X$", ylabel="$\\Xi(c, c^*)$", title="dissipation potential")
    right.loglog(numbers, exact, color="0.3", lw=1, label=f"exact, slope {slope:.2f}")
    right.errorbar(numbers[: len(errors[0])], *errors, fmt="o", ms=5, color=COLOURS[0], label="simulated (1 s.e.)")
    right.set(xlabel="molecules $n$", ylabel="relative error of $\\Xi$", title="off the cosh", ylim=(3e-4, 1))
    left.legend(loc="upper center")
    right.legend()
    return figure


@styled
def factor_two(times: Tensor, counted: Tensor, corrected: Tensor, printed: Tensor) -> Figure:
    """The share of B over time: jumps, the corrected potential, and the printed one."""
    figure, axes = plt.subplots(figsize=(5, 2.8))
    axes.plot(times, counted, ".", color="0.5", ms=4, label="jumps")
    axes.plot(times, corrected, color=COLOURS[0], label="$\\Xi = 2\\,\\Psi(c, c^*/2)$")
    axes.plot(times, printed, color=COLOURS[1], **LEARNED, label="$\\Xi = \\Psi(c, c^*/2)$, as printed")
    axes.set(xlabel="time $t$", ylabel="share of B")
    axes.legend(loc="lower right")
    return figure


@styled
def time_reversal(gain: Tensor, ratio: Tensor, bars: Tensor, z: Tensor) -> Figure:
    """Forward against backward path probabilities, with error bars, and how the misses are spread."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(8.5, 3))
    ends = torch.stack([gain.min(), gain.max()])
    left.plot(ends, ends, **KNOWN, label="$S(\\mathrm{end}) - S(\\mathrm{start})$")
    left.errorbar(gain, ratio, 2 * bars, fmt=".", ms=3, lw=0.7, color=COLOURS[0], label="paths (2 s.e.)")
    left.set(xlabel="$\\ln\\Omega$ gained along the path", ylabel="$\\ln$ (forward / backward)", ylim=(-5, 7))
    left.legend(loc="upper left")
    right.hist(z, bins=25, density=True, color=COLOURS[0], alpha=0.6, label="misses / error")
    bell = torch.linspace(-4, 4, 101)
    right.plot(bell, torch.exp(-(bell**2) / 2) / (2 * torch.pi) ** 0.5, **KNOWN, label="normal")
    right.set(xlabel="miss in standard errors", ylabel="density of paths", ylim=(0, 0.95))
    right.legend(loc="upper left")
    return figure
