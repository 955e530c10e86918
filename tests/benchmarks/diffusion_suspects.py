"""Why do dense networks miss steps? Vary the data, the width and the activation, and keep the errors in `data/`.

    .venv/bin/python tests/benchmarks/diffusion_suspects.py FIRST_SEED LAST_SEED

On 32 cells, where a network of 4000 weights holds all waves: training films hold waves up to 7, or all up to 15; networks
are 8, 16 or 24
wide; softplus is as it is, or four times as sharp. Everything else is chapter 5's. About 15 s a network.
"""

import datetime
import json
import sys
from functools import partial

import torch
from torch import Tensor
from torch.nn import functional

import ggd_helpers as ggd
from ggd_helpers import networks, profiles
from ggd_helpers.files import DATA

CELLS, DT, RECIPE = 32, 0.03, ggd.SelfScaledBFGS(iterations=200, restarts=2, trial=40, points=3)


def sharpen(times: float) -> None:
    """Make softplus so many times as sharp: `softplus(times a) / times`, nearer to a corner; its slope follows."""
    networks.softplus = partial(functional.softplus, beta=times, threshold=50.0)
    networks.sigmoid = lambda a: torch.sigmoid(times * a)


def films(highest: int) -> ggd.Trajectories:
    """Training films with waves up to `highest`."""
    profile = partial(profiles.waves, highest=highest, sharpness=1.0)
    return ggd.simulate(ggd.FickianDiffusion(cells=CELLS, profile=profile), 1024, 64, DT, seed=23, substeps=1)


def error(width: int, data: ggd.Trajectories, components: ggd.Components, test: ggd.Trajectories, seed: int) -> float:
    """Train a dense pair; its squared velocity error on steps, as a share of the squared velocity."""
    model = ggd.GradientDynamics(
        ggd.EntropyInComponents(ggd.ConcaveEntropy(CELLS - 1, width=width, depth=1), components),
        ggd.DissipationInComponents(ggd.ConvexDissipation(CELLS - 1, width=width, depth=1), components),
    )
    ggd.kaiming_normal_(model, seed)
    ggd.fit(model, data, RECIPE, seed=seed, progress=False)
    with torch.no_grad():
        off: Tensor = (model(test.states) - test.velocities).square().mean() / test.velocities.square().mean()
    return off.item()


def main(first: int, last: int) -> None:
    torch.set_num_threads(1)
    sets = {highest: films(highest) for highest in (7, 15)}
    components = ggd.Components.of(sets[15].states[:, 0])
    steps = ggd.FickianDiffusion(cells=CELLS, profile=profiles.discontinuous)
    test = ggd.simulate(steps, 200, 64, DT, seed=101, substeps=1)
    rows = []
    for width, sharpness in ((16, 1.0), (8, 1.0), (16, 4.0), (24, 1.0)):
        sharpen(sharpness)
        for highest, data in sets.items():
            errors = [error(width, data, components, test, seed) for seed in range(first, last + 1)]
            rows.append({"highest": highest, "width": width, "sharpness": sharpness, "errors": errors})
            print(rows[-1], flush=True)
    about = {
        "command": f"python tests/benchmarks/diffusion_suspects.py {first} {last}",
        "date": datetime.date.today().isoformat(),
        "recipe": repr(RECIPE),
    }
    (DATA / "diffusion_suspects.json").write_text(json.dumps({"about": about, "rows": rows}, indent=1) + "\n")


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
