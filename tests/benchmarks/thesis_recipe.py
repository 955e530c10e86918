"""Train a case of the thesis once with the thesis's recipe, and keep its outcome in `data/`.

    .venv/bin/python tests/benchmarks/thesis_recipe.py CASE EVERY SEED

CASE is `1` or `2` (the particle, in so many dimensions), a mode of the reactions (`prescribed_entropy`,
`prescribed_dissipation`, `general`) or `diffusion`. On every sixteenth state (EVERY = 16) it takes minutes, on all of
them (EVERY = 1, the thesis's way) hours. The run writes a checkpoint into `runs/` every 50 epochs and goes on from
there when it is started again with the same command; Ctrl-C ends it early and keeps what it has.
"""

import dataclasses
import sys

import torch
from kept import about

import ggd_helpers as ggd
from ggd_helpers import measures, profiles
from ggd_helpers.files import DATA, ROOT

REACTIONS = "A + 2 B <-> C; C + D <-> A"
SAMPLING = {"trajectories": 128, "points": 2048, "dt": 0.005}
PROFILE_SAMPLING = {"trajectories": 1024, "points": 64, "dt": 0.03}
Case = tuple[str, dict, ggd.Experiment, int]  # file, the chapter's parameters, what to train, epochs


def particle(dim: int) -> Case:
    """Chapter 3: both potentials free, 1000 epochs."""
    system = ggd.OverdampedParticle(gamma=1.0, dim=dim)
    model = ggd.GradientDynamics(ggd.ConcaveEntropy(dim), ggd.ConvexDissipation(dim))
    train, test = ggd.simulate(system, **SAMPLING, seed=21).split(test_fraction=0.2, seed=0)
    name = f"{dim}d_thesis"
    experiment = ggd.Experiment(name, model, train, {name: test}, measures.against(system))
    return f"particle_{name}", SAMPLING | {"gamma": 1.0}, experiment, 1000


def reactions(mode: str) -> Case:
    """Chapter 4: one potential prescribed, 2500 epochs, or none, 3000."""
    system = ggd.MassActionReactions(REACTIONS)
    entropy, dissipation = ggd.ConcaveEntropy(system.dim, width=10), ggd.ConvexDissipation(system.dim, width=10)
    pair, epochs = {
        "prescribed_entropy": ((system.entropy, dissipation), 2500),
        "prescribed_dissipation": ((entropy, system.dissipation), 2500),
        "general": ((entropy, dissipation), 3000),
    }[mode]
    train, test = ggd.simulate(system, **SAMPLING, seed=21).split(test_fraction=0.2, seed=0)
    name = f"{mode}_thesis"
    model = ggd.GradientDynamics(*pair)
    experiment = ggd.Experiment(name, model, train, {name: test}, measures.against(system))
    return f"reactions_{name}", SAMPLING | {"reactions": REACTIONS}, experiment, epochs


def diffusion() -> Case:
    """Chapter 5: networks over all 64 cells, 1500 epochs, four test sets."""
    model = ggd.GradientDynamics(ggd.ConcaveEntropy(64), ggd.ConvexDissipation(64))
    system = ggd.FickianDiffusion()
    train = ggd.simulate(system, **PROFILE_SAMPLING, seed=21, substeps=1)
    tests = {}
    for i, (name, profile) in enumerate(profiles.TEST_SETS.items()):
        starts_like, sampling = ggd.FickianDiffusion(profile=profile), PROFILE_SAMPLING | {"trajectories": 200}
        tests[f"{name}_thesis"] = ggd.simulate(starts_like, **sampling, seed=100 + i, substeps=1)
    experiment = ggd.Experiment("thesis", model, train, tests, measures.against(system), substeps=4)
    return "diffusion_thesis", PROFILE_SAMPLING | {"diffusivity": 3e-3, "cells": 64}, experiment, 1500


def new_case(case: str) -> Case:
    """The case of a name."""
    if case == "diffusion":
        return diffusion()
    return particle(int(case)) if case in ("1", "2") else reactions(case)


def main(case: str, every: int, seed: int) -> None:
    torch.set_flush_denormal(True)  # saturated units in float32 make numbers that are five times slower otherwise
    torch.set_num_threads(1)
    file, parameters, experiment, epochs = new_case(case)
    ggd.kaiming_normal_(experiment.model, seed)
    recipe = ggd.AdamThenLBFGS(epochs=epochs, objective=ggd.Differences(order=2, every=every))
    experiment = dataclasses.replace(experiment, recipe=recipe, seed=seed, dtype=torch.float32)
    checkpoint = ROOT / "runs" / f"{file}_{every}_{seed}.ckpt"
    checkpoint.parent.mkdir(exist_ok=True)
    outcome = experiment.run(checkpoint=checkpoint)
    told = about(every=every, epochs=len(outcome.history.losses))
    outcome.keep(DATA / f"{file}.json", parameters=parameters, **told)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
