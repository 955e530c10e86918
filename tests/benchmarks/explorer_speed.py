"""How fast the particle explorer answers: opening, redrawing, and learning over a grid of gamma and steepness.

Under a minute on two cores; wanted are redraws well under 0.1 s and no learning above 3 s:

    .venv/bin/python tests/benchmarks/explorer_speed.py
"""

import itertools
import time

import numpy as np
import torch

import ggd_helpers as ggd

GAMMAS = (0.1, 0.3, 1.0, 3.0, 10.0)
STEEPNESSES = (0.05, 1.0, 2.5, 4.0)
REDRAWS = 10


def main() -> None:
    began = time.perf_counter()
    explorer = ggd.ParticleExplorer()
    print(f"{torch.get_num_threads()} threads; the explorer opens in {time.perf_counter() - began:.1f} s")
    print("gamma  steepness  redraw (s)  learn (s)")
    redraws, learnings = [], []
    for gamma, steepness in itertools.product(GAMMAS, STEEPNESSES):
        explorer.gamma.value, explorer.steepness.value = gamma, steepness
        began = time.perf_counter()
        for moment in np.linspace(0.5, 4.5, REDRAWS):
            explorer.time.value = moment
        redraws.append((time.perf_counter() - began) / REDRAWS)
        began = time.perf_counter()
        explorer.learn()
        learnings.append(time.perf_counter() - began)
        print(f"{gamma:5.2f}  {steepness:9.2f}  {redraws[-1]:10.3f}  {learnings[-1]:9.2f}  {explorer.status.value}")
    print(f"slowest: redraw {max(redraws):.3f} s, learn {max(learnings):.2f} s")


if __name__ == "__main__":
    main()
