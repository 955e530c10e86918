"""Do several starts help the dense networks of chapter 5? Their errors on held-out films, kept in `data/`.

    .venv/bin/python tests/benchmarks/diffusion_starts.py 20 24

From each seed the pair and the plain network of the chapter are trained with one start, for its 150 iterations or a
fifth less or more, or with three, the best of which is left 120.
The seeds are not those that the chapter reports, and the films are Fourier sums of neither its training nor its tests.
About a minute a seed.
"""

import sys

import torch
from kept import about, keep

import ggd_helpers as ggd

STARTS_AND_ITERATIONS = ((1, 120), (1, 150), (1, 180), (3, 180))
FILMS = {"trajectories": 1024, "points": 64, "dt": 0.03, "substeps": 1}


def networks(components: ggd.Components) -> dict[str, torch.nn.Module]:
    """The two that chapter 5 trains on all cells."""
    k = len(components.analysis)
    entropy, dissipation = ggd.ConcaveEntropy(k, width=16, depth=1), ggd.ConvexDissipation(k, width=16, depth=1)
    pair = ggd.GradientDynamics(
        ggd.EntropyInComponents(entropy, components), ggd.DissipationInComponents(dissipation, components)
    )
    return {"pair": pair, "plain": ggd.LawInComponents(ggd.PlainNetwork.like(pair, k), components)}


def main(first: int, last: int) -> None:
    torch.set_num_threads(1)
    films = ggd.simulate(ggd.FickianDiffusion(), **FILMS, seed=21)
    held_out = ggd.simulate(ggd.FickianDiffusion(), **FILMS | {"trajectories": 200}, seed=300)
    components = ggd.Components.of(films.states[:, 0])
    rows = []
    for name in networks(components):
        for starts, iterations in STARTS_AND_ITERATIONS:
            errors = []
            for seed in range(first, last + 1):
                model = networks(components)[name]
                ggd.kaiming_normal_(model, seed)
                recipe = ggd.SelfScaledBFGS(iterations=iterations, restarts=starts, trial=30, points=3)
                ggd.fit(model, films, recipe, seed=seed, progress=False)
                with torch.no_grad():
                    errors.append((model(held_out.states) - held_out.velocities).square().mean().item())
            rows.append({"network": name, "starts": starts, "iterations": iterations, "velocity_mse": errors})
            print(rows[-1], flush=True)
    keep("diffusion_starts", {"about": about(), "rows": rows})


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
