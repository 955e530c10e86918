"""Why do dense networks miss steps? Vary data, network, width and activation, and keep the errors in `data/`.

    .venv/bin/python tests/benchmarks/diffusion_suspects.py FIRST_SEED LAST_SEED

On 32 cells, where a network of 4000 weights holds all waves: training films hold waves up to 7, or all up to 15; a pair
is 8 or 16 wide, or a plain network takes its place, of as many weights; softplus is as it is, or four times as sharp.
About 15 s a network. Errors are given on 200 new films of the kind that was trained on, and on steps.
"""

import sys
from functools import partial

import torch
from kept import about, keep
from torch import nn
from torch.nn import functional

import ggd_helpers as ggd
from ggd_helpers import networks, profiles
from ggd_helpers.initialisation import redraw_

CELLS, DT, RECIPE = 32, 0.03, ggd.SelfScaledBFGS(iterations=200, restarts=2, trial=40, points=3)
NETWORKS = (("plain", 16, 1.0), ("pair", 16, 1.0), ("pair", 8, 1.0), ("pair", 16, 4.0))


def sharpen(times: float) -> None:
    """Make softplus so many times as sharp: `softplus(times a) / times`, nearer to a corner; its slope follows."""
    networks.softplus = partial(functional.softplus, beta=times, threshold=50.0)
    networks.sigmoid = lambda a: torch.sigmoid(times * a)


def films(highest: int, count: int, seed: int) -> ggd.Trajectories:
    """Films with waves up to `highest`."""
    profile = partial(profiles.waves, highest=highest, sharpness=1.0)
    return ggd.simulate(ggd.FickianDiffusion(cells=CELLS, profile=profile), count, 64, DT, seed, substeps=1)


def pair(width: int, components: ggd.Components) -> nn.Module:
    """Chapter 5's dense pair, all waves among its components."""
    entropy = ggd.ConcaveEntropy(CELLS - 1, width=width, depth=1)
    dissipation = ggd.ConvexDissipation(CELLS - 1, width=width, depth=1)
    return ggd.GradientDynamics(
        ggd.EntropyInComponents(entropy, components), ggd.DissipationInComponents(dissipation, components)
    )


def missed(model: nn.Module, test: ggd.Trajectories) -> float:
    """The squared velocity error as a share of the squared velocity."""
    with torch.no_grad():
        return ggd.relative_error(model(test.states), test.velocities) ** 2


def main(first: int, last: int) -> None:
    torch.set_num_threads(1)
    sets = {highest: films(highest, 1024, seed=23) for highest in (7, 15)}
    components = ggd.Components.of(sets[15].states[:, 0])
    steps = ggd.FickianDiffusion(cells=CELLS, profile=profiles.discontinuous)
    tests = {"steps": ggd.simulate(steps, 200, 64, DT, seed=101, substeps=1)}
    rows = []
    for kind, width, sharpness in NETWORKS:
        sharpen(sharpness)
        for highest, data in sets.items():
            row = {
                "network": kind,
                "width": width,
                "sharpness": sharpness,
                "highest": highest,
                "alike": [],
                "steps": [],
            }
            for seed in range(first, last + 1):
                model = pair(width, components)
                if kind == "plain":
                    inner = ggd.PlainNetwork.like(model, len(components.analysis))
                    model = ggd.LawInComponents(inner, components)
                redraw_(model, torch.Generator().manual_seed(seed))
                ggd.fit(model, data, RECIPE, seed=seed, progress=False)
                row["alike"].append(missed(model, films(highest, 200, seed=24)))
                row["steps"].append(missed(model, tests["steps"]))
            rows.append(row)
            print(row, flush=True)
    keep("diffusion_suspects", {"about": about(recipe=repr(RECIPE)), "rows": rows})


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
