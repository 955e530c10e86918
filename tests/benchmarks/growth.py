"""How time and memory grow with points, dimension, species, cells and realisations: `data/growth.json`, and a figure.

    .venv/bin/python tests/benchmarks/growth.py            about ten minutes; keeps what it finds
    .venv/bin/python tests/benchmarks/growth.py points     only prints

Each size gets a process of its own. Measured are the seconds of the processor for a closure (a loss and its gradient,
the median of several) and for a step of the metric (the update and a direction), and the peak memory beyond that of the
imports. The exponent of a column is the slope of its logarithm over the upper half of the sizes.
"""

import copy
import json
import subprocess
import sys
import time
from collections.abc import Callable
from statistics import median
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import torch
from kept import about, keep
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter
from memory import now, peak

import ggd_helpers as ggd
from ggd_helpers.figures.style import COLOURS, styled
from ggd_helpers.files import CHAPTERS
from ggd_helpers.training.flat_parameters import FlatParameters
from ggd_helpers.training.quasi_newton import Descent

Problem = tuple[torch.nn.Module, Any, Any]  # a model, an objective, and a recording or a batch
SECONDS, FEWEST = 2.0, 3  # of closures, and how many at least
LIMIT = 8 * 1024  # MiB of a laptop


def of_points(points: int) -> Problem:
    """The particle in the plane, at so many points."""
    data = ggd.simulate(ggd.OverdampedParticle(dim=2), trajectories=points // 100, points=100, dt=0.1, seed=20)
    return ggd.GradientDynamics(ggd.ConcaveEntropy(2), ggd.ConvexDissipation(2)), ggd.Differences(), data


def of_dimension(dim: int) -> Problem:
    """The particle in so many dimensions, at 1000 points."""
    data = ggd.simulate(ggd.OverdampedParticle(dim=dim), trajectories=10, points=100, dt=0.1, seed=20)
    return ggd.GradientDynamics(ggd.ConcaveEntropy(dim), ggd.ConvexDissipation(dim)), ggd.Differences(), data


def of_species(species: int) -> Problem:
    """A chain of reactions between so many species, at 1000 points: mixing, stoichiometry, one cosh a reaction."""
    text = "; ".join(f"S{i} <-> S{i + 1}" for i in range(species - 1))
    system = ggd.MassActionReactions(text)
    data = ggd.simulate(system, trajectories=10, points=100, dt=0.05, seed=20)
    nu = system.stoichiometry
    head = ggd.AffinityDissipation(nu, ggd.CoshHead(species, nu.shape[1]))
    return ggd.GradientDynamics(ggd.MixingEntropy(species), head), ggd.Differences(), data


def of_cells(cells: int) -> Problem:
    """Chapter 5's local law on so many cells, from four films, by flow matching at three times of each."""
    system = ggd.FickianDiffusion(cells=cells)
    frame = system.grid.width**2 / (4 * system.diffusivity)
    data = ggd.simulate(system, trajectories=4, points=4, dt=frame, seed=20, substeps=1)
    units = ggd.Components.in_units_of(16.0)
    entropy = ggd.EntropyInComponents(ggd.ConcaveEntropy(dim=1, width=4, depth=2), units)
    mobility = ggd.MobilityDissipation(scale=system.grid.width**2 / frame, width=4)
    law = ggd.local_dynamics(entropy, ggd.DissipationInComponents(mobility, units), system.grid, seed=20)
    return law, ggd.FlowMatching(), data


def of_realisations(realisations: int) -> Problem:
    """The trapped bead of chapter 6, four pulls of so many realisations in two groups."""
    pulls = [ggd.protocols.paper(0.5 + i / 6) for i in range(4)]

    def drive(times: torch.Tensor) -> torch.Tensor:
        return ggd.protocols.inputs_of(pulls, times)

    groups = ggd.simulate_groups(ggd.TrappedBead(), drive, realisations, points=61, dt=0.05, seed=20)
    whole = ggd.pool(groups)
    return (
        ggd.InternalVariables.for_ensembles(whole, seed=20),
        ggd.IntegralMatching(ggd.sampling_variance(groups)),
        whole,
    )


AXES: dict[str, tuple[Callable[[int], Problem], tuple[int, ...]]] = {
    "points": (of_points, (1_000, 3_000, 10_000, 30_000, 100_000, 300_000, 1_000_000)),
    "dimension": (of_dimension, (1, 2, 4, 8, 16, 32, 64)),
    "species": (of_species, (2, 4, 8, 16, 32)),
    "cells": (of_cells, (64, 128, 256, 512, 1024, 2048, 4096)),
    "realisations": (of_realisations, (1_000, 10_000, 100_000, 1_000_000)),
}
FITTED = {"points": 1_000_000, "cells": 4096}  # sizes at which a whole training is made, too
COLUMNS = ("closure_s", "metric_s", "making_s", "mib")


def timed(call: Callable[[], Any]) -> float:
    """The median seconds of the processor that a call takes."""
    found: list[float] = []
    while len(found) < FEWEST or sum(found) < SECONDS:
        began = time.process_time()
        call()
        found.append(time.process_time() - began)
    return median(found)


def measure(axis: str, size: int) -> dict[str, float]:
    """All numbers of one size."""
    before, began = now(), time.process_time()
    model, objective, data = AXES[axis][0](size)
    made = time.process_time() - began
    batch, flat = objective.batch(data), FlatParameters([p for p in model.parameters() if p.requires_grad])
    theta = flat.read()
    closure = timed(lambda: flat.loss_and_gradient(lambda: objective.loss(model, batch), theta))
    memory, metric = peak() - before, Descent.start(lambda x: (0.5 * x @ x, x), theta).metric
    step = np.random.default_rng(0).normal(size=len(theta))

    def update() -> None:
        metric.update(step, step * (1 + 0.1 * np.sign(step)), 1.0)
        metric @ step

    return {"size": size, "parameters": len(theta), "closure_s": closure, "metric_s": timed(update), "making_s": made,
            "mib": memory}  # fmt: skip


def fitted(axis: str) -> dict[str, float]:
    """A training of 5 iterations at the largest size, on all points: seconds, memory, and how far the loss fell."""
    before = now()
    model, objective, data = AXES[axis][0](FITTED[axis])
    points = 100 if axis == "points" else 3
    recipe = ggd.SelfScaledBFGS(objective, iterations=5, restarts=1, points=points, validation_fraction=0.25)
    began, first = time.process_time(), copy.deepcopy(model)
    history = ggd.fit(model, data, recipe, progress=False)
    seconds = time.process_time() - began
    with torch.no_grad():
        batch = objective.batch(data.select(torch.arange(2)))
        fell = objective.loss(model, batch) / objective.loss(first, batch)
    return {"iterations": len(history.losses), "seconds": seconds, "mib": peak() - before, "fell_to": fell.item()}


def in_a_process(*arguments: str) -> dict[str, float]:
    """What this script prints when it is asked for one size."""
    done = subprocess.run([sys.executable, __file__, *arguments], capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{arguments}: {done.stderr}")
    return json.loads(done.stdout.splitlines()[-1])


def exponent(sizes: list[float], values: list[float]) -> float:
    """The slope of the logarithm over the upper half of the sizes."""
    half = len(sizes) // 2
    return float(np.polyfit(np.log(sizes[half:]), np.log(np.maximum(values[half:], 1e-9)), 1)[0])


def show(axis: str, rows: list[dict[str, float]]) -> dict[str, float]:
    """Print the table of an axis; its exponents."""
    print(f"\n{axis:>12s} parameters  closure (ms)  metric (ms)  making (s)  memory (MiB)")
    for row in rows:
        print(f"{row['size']:12d} {row['parameters']:10d} {1e3 * row['closure_s']:13.2f} {1e3 * row['metric_s']:12.3f} "
              f"{row['making_s']:11.2f} {row['mib']:13.1f}")  # fmt: skip
    found = {name: exponent([row["size"] for row in rows], [row[name] for row in rows]) for name in COLUMNS}
    print(f"{'exponents':>23s} {found['closure_s']:13.2f} {found['metric_s']:12.2f} {found['making_s']:11.2f} "
          f"{found['mib']:13.2f}", flush=True)  # fmt: skip
    return found


@styled
def figure(tables: dict[str, list[dict[str, float]]]) -> Figure:
    """Seconds of a closure above, memory below, a column for each axis."""
    shown, axes = plt.subplots(2, len(tables), figsize=(2.4 * len(tables), 4.4), sharex="col", sharey="row")
    for column, (axis, rows), colour in zip(axes.T, tables.items(), COLOURS, strict=False):
        sizes = [row["size"] for row in rows]
        for ax, name, unit in zip(column, ("closure_s", "mib"), (1e3, 1.0), strict=True):
            values = [unit * row[name] for row in rows]
            ax.loglog(sizes, values, "o-", color=colour, ms=4)
            ax.annotate(f"slope {exponent(sizes, values):.2f}", (0.06, 0.88), xycoords="axes fraction")
        ends = [sizes[0], sizes[-1]]
        column[1].set(xlabel=axis, xticks=ends, xticklabels=[f"{size:,}".replace(",", " ") for size in ends])
        column[1].xaxis.set_minor_formatter(NullFormatter())
    axes[0, 0].set_ylabel("a closure (ms)")
    axes[1, 0].set_ylabel("peak memory (MiB)")
    return shown


def main(names: list[str]) -> None:
    tables, exponents, fits = {}, {}, {}
    for axis in names or AXES:
        tables[axis] = [in_a_process("--one", axis, str(size)) for size in AXES[axis][1]]
        exponents[axis] = show(axis, tables[axis])
        if axis in FITTED:
            fits[axis] = fit = in_a_process("--fit", axis)
            within = "within" if fit["mib"] < LIMIT else "MORE THAN"
            print(f"a training at {FITTED[axis]} {axis}: {fit['iterations']} iterations in {fit['seconds']:.0f} s, "
                  f"{fit['mib']:.0f} MiB, {within} {LIMIT}; the loss fell to {fit['fell_to']:.1e} of it")  # fmt: skip
    if not names:
        keep("growth", {"about": about(), "tables": tables, "exponents": exponents, "fits": fits})
        figure(tables).savefig(CHAPTERS / "images" / "growth.png", dpi=150)


if __name__ == "__main__":
    torch.set_num_threads(1)
    if sys.argv[1:2] == ["--one"]:
        print(json.dumps(measure(sys.argv[2], int(sys.argv[3]))))
    elif sys.argv[1:2] == ["--fit"]:
        print(json.dumps(fitted(sys.argv[2])))
    else:
        main(sys.argv[1:])
