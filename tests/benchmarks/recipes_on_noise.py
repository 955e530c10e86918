"""Which recipe learns best from which data: velocity errors by times, noise and recipe, in `data/09_recipes.json`.

    .venv/bin/python tests/benchmarks/recipes_on_noise.py FIRST LAST

The particle of chapter 9, with known entropy, from 32 records. The recipes for even times get straight lines in between
where times are not even. Errors are in percent of the velocity's rms; a fit that failed has none.
"""

import sys
from collections import defaultdict

import torch
from kept import about, keep

import ggd_helpers as ggd

SYSTEM, HORIZON = ggd.SteepParticle(gamma=1.0, steepness=2.0), 3.0
NOISES = (0.01, 0.05, 0.2)
FEW = {"iterations": 80, "restarts": 2, "trial": 20}
RECIPES = {
    "whole records": ggd.WholeRecords(),
    "segments of 8": ggd.SelfScaledBFGS(ggd.FlowMatching(8, substeps=2), **FEW),
    "differences": ggd.SelfScaledBFGS(ggd.Differences(6), **FEW),
}


def designs(seed: int, noise: float) -> dict[str, tuple[ggd.Measurements, ggd.Trajectories]]:
    """By name, the data as measured and at even times."""
    clean = ggd.simulate(SYSTEM, trajectories=32, points=401, dt=HORIZON / 400, seed=seed)
    made = {}
    for points in (41, 9):
        data = ggd.measure(clean, ggd.even_instants(clean, points), noise=noise, seed=seed)
        made[f"{points} even"] = data, ggd.interpolated(data, points)
    data = ggd.measure(clean, ggd.uneven_instants(clean, 12, seed, shortest=0.4), noise=noise, seed=seed, lost=0.2)
    made["12 uneven, 20 % lost"] = data, ggd.interpolated(data, 12)
    return made


def error(recipe: object, data: ggd.Recording, seed: int) -> float | None:
    """Of the velocity, in percent; `None` where the fit failed."""
    entropy = ggd.QuadraticEntropy([[1.0]]).requires_grad_(False)
    law = ggd.GradientDynamics(entropy, ggd.ForceDissipation(1), seed)
    try:
        ggd.fit(law, data, recipe, seed=seed, progress=False)
    except ValueError as failure:
        print(failure, flush=True)
        return None
    asked = ggd.simulate(SYSTEM, trajectories=200, points=41, dt=HORIZON / 40, seed=seed + 1000).states
    with torch.no_grad():
        return 100 * ggd.relative_error(law(asked), SYSTEM(asked))


def main(first: int, last: int) -> None:
    errors: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for noise in NOISES:
        for seed in range(first, last + 1):
            for name, (measured, even) in designs(seed, noise).items():
                for way, recipe in RECIPES.items():
                    found = error(recipe, measured if way == "whole records" else even, seed)
                    if found is not None:
                        errors[f"{name}, {100 * noise:.0f} % noise"][way].append(found)
        print(noise, {name: dict(ways) for name, ways in errors.items()}, flush=True)
    keep("09_recipes", {"about": about(first=first, last=last), "errors": errors})


if __name__ == "__main__":
    torch.set_num_threads(1)
    main(int(sys.argv[1]), int(sys.argv[2]))
