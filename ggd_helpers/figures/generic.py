"""Figures of the chapter on GENERIC: where energy goes, time reversed, learners side by side, friction laws, drifts."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from torch import Tensor

from ggd_helpers.dynamics.generic import GENERIC
from ggd_helpers.figures.style import COLOURS, DASHES, KNOWN, LEARNED, legend_outside, styled

MOST = 1e4  # of an error that is drawn


@styled
def where_energy_goes(times: Tensor, states: Tensor, parts: Mapping[str, Tensor], entropy: Tensor) -> Figure:
    """The paths in the plane of `q` and `p`; of the first, the parts of its energy and their sum, and the entropy.

    `states` are `(trajectory, time, n)`, each part and `entropy` `(time,)`.
    """
    figure, (plane, energies, rising) = plt.subplots(1, 3, figsize=(10, 3.2))
    for i, path in enumerate(states):
        plane.plot(path[:, 0], path[:, 1], lw=1.8 if i == 0 else 0.8, color=COLOURS[0] if i == 0 else "0.65")
        plane.plot(path[0, 0], path[0, 1], "o", ms=4, color=COLOURS[0] if i == 0 else "0.65")
    for colour, style, (name, part) in zip(COLOURS, DASHES[1:], parts.items(), strict=False):
        energies.plot(times, part, color=colour, ls=style, label=name)
    total = torch.stack([*parts.values()]).sum(0)
    energies.plot(times, total, color="0.25", label="their sum")
    rising.plot(times, entropy, color=COLOURS[2])
    plane.set(xlabel="position $q$", ylabel="momentum $p$")
    energies.set(xlabel="time $t$", ylabel="energy")
    rising.set(xlabel="time $t$", ylabel="entropy of the bath $s$")
    legend_outside(figure, energies)
    return figure


@styled
def there_and_back(paths: Mapping[str, tuple[Tensor, Tensor]]) -> Figure:
    """For each law a path out and, with the momentum turned round, back: `(time, n)` each, in the plane of `q, p`."""
    figure, axes = plt.subplots(1, len(paths), figsize=(4 * len(paths), 3.2), sharex=True, sharey=True, squeeze=False)
    for ax, (title, (out, back)) in zip(axes[0], paths.items(), strict=True):
        ax.plot(out[:, 0], out[:, 1], **KNOWN, label="out")
        ax.plot(back[:, 0], -back[:, 1], color=COLOURS[1], **LEARNED, label="back, its momentum turned round again")
        ax.plot(out[0, 0], out[0, 1], "o", color="0.25", ms=6, label="start")
        ax.plot(back[-1, 0], -back[-1, 1], "s", color=COLOURS[1], ms=6, mfc="none", label="end of the way back")
        ax.set(title=title, xlabel="position $q$")
    axes[0, 0].set(ylabel="momentum $p$")
    legend_outside(figure, axes[0, 0])
    return figure


@styled
def learned_paths(known: Tensor, found: Mapping[str, Tensor], reach: float = 2.2, columns: int = 3) -> Figure:
    """A panel for each learner: its rollouts over the known ones, `(trajectory, time, n)`, in the plane of `q, p`."""
    rows = -(-len(found) // columns)
    figure, axes = plt.subplots(
        rows, columns, figsize=(3.1 * columns, 2.5 * rows), sharex=True, sharey=True, squeeze=False
    )
    for ax, (title, paths) in zip(axes.flat, found.items(), strict=False):
        for right, path in zip(known, paths, strict=True):
            ax.plot(right[:, 0], right[:, 1], **KNOWN, label="known")
            ax.plot(path[:, 0], path[:, 1], color=COLOURS[1], **LEARNED, label="learned")
        ax.set(title=title, xlim=(-reach, reach), ylim=(-reach, reach))
    for ax in axes.flat[len(found) :]:
        ax.remove()
    for ax in axes[:, 0]:
        ax.set(ylabel="momentum $p$")
    for ax in axes[-1]:
        ax.set(xlabel="position $q$")
    legend_outside(figure, axes[0, 0])
    return figure


@styled
def learners_over_seeds(
    kept: Mapping[str, Mapping[str, Sequence[float]]], learners: Mapping[str, Sequence[str]], metrics: Mapping[str, str]
) -> Figure:
    """A panel for each metric, a row for each learner, a mark for each seed; a triangle is `MOST` or more.

    Args:
        kept: by experiment and metric, a number for each seed.
        learners: by the label of a row, its experiments: from 48 trajectories and, if there is one, from 4.
        metrics: by name, the label of the axis.
    """
    size = 2.9 * len(metrics) + 1.6, 0.34 * len(learners) + 1.5
    figure, axes = plt.subplots(1, len(metrics), figsize=size, sharey=True, squeeze=False)
    kinds = ("o", COLOURS[0], -0.14, "from 48 trajectories"), ("D", COLOURS[1], 0.14, "from 4")
    hollow: dict[str, Any] = {"ms": 4.5, "mfc": "none"}
    for ax, (metric, label) in zip(axes[0], metrics.items(), strict=True):
        for row, experiments in enumerate(learners.values()):
            for experiment, (mark, colour, shift, _) in zip(experiments, kinds, strict=False):
                for value in kept.get(experiment, {}).get(metric, []):
                    ax.plot(min(value, MOST), row + shift, ">" if value >= MOST else mark, color=colour, **hollow)
        ax.set(xscale="log", xlabel=label)
        ax.grid(axis="y", color="0.92")
    axes[0, 0].set_yticks(range(len(learners)), [*learners])
    axes[0, 0].set_ylim(len(learners) - 0.5, -0.5)
    handles = [
        Line2D([], [], ls="", marker=mark, color=colour, label=label, **hollow) for mark, colour, _, label in kinds
    ]
    figure.legend(handles=handles, loc="outside upper center", ncols=2)
    return figure


class Friction(NamedTuple):
    """A friction law to be drawn: of which systems, and between which of its pairs of coordinates."""

    known: GENERIC
    learned: Mapping[str, GENERIC]
    states: Tensor
    pair: int
    label: str


@styled
def friction_laws(laws: Mapping[str, Friction]) -> Figure:
    """The flux `dXi/dF` over the forces that were met, at the median state and with the other forces zero."""
    figure, axes = plt.subplots(1, len(laws), figsize=(2.9 * len(laws), 3.1), squeeze=False)
    for ax, (title, law) in zip(axes[0], laws.items(), strict=True):
        met = law.known.force(law.states)[..., law.pair].flatten()
        force = torch.zeros(201, len(law.known.pairs), dtype=met.dtype)
        force[:, law.pair] = torch.linspace(met.min().item(), met.max().item(), 201)
        at = law.states.flatten(0, -2).median(0).values.expand(201, -1)
        across = force[:, law.pair]
        ax.plot(across, law.known.dissipation.flux(at, force)[:, law.pair], **KNOWN, label="known")
        for colour, style, (name, model) in zip(COLOURS[1:], DASHES[1:], law.learned.items(), strict=False):
            line = {**LEARNED, "color": colour, "ls": style}
            ax.plot(across, model.dissipation.flux(at, force)[:, law.pair], **line, label=name)
        ax.set(title=title, xlabel=law.label)
    axes[0, 0].set(ylabel="flux $\\partial\\Xi/\\partial F$")
    legend_outside(figure, axes[0, 0])
    return figure


@styled
def energy_drifts(times: Tensor, drifts: Mapping[str, Mapping[str, Tensor]], floor: float = 1e-13) -> Figure:
    """For each system, how far the known energy is from its first value on the paths of several laws, `(time,)`."""
    figure, axes = plt.subplots(1, len(drifts), figsize=(3.3 * len(drifts), 3.1), sharey=True, squeeze=False)
    for ax, (title, lines) in zip(axes[0], drifts.items(), strict=True):
        for colour, style, (name, drift) in zip(COLOURS, DASHES, lines.items(), strict=False):
            ax.plot(times[1:], drift[1:].clamp_min(floor), color=colour, ls=style, label=name)
        ax.set(title=title, xlabel="time $t$", yscale="log")
    axes[0, 0].set(ylabel="$|E(t) - E(0)|$")
    legend_outside(figure, axes[0, 0])
    return figure
