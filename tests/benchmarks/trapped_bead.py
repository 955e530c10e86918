"""One row of numbers a seed: internal variables of the trapped bead, trained and judged as in chapter 6.

Run: python tests/benchmarks/trapped_bead.py 20 21      (seeds of the data and of the networks alike)
"""

import math
import sys
import time
from functools import partial

import torch

import ggd_helpers as ggd
from ggd_helpers.evaluation import internal_variables as measures

TRAIN, TEST, UNSEEN = torch.arange(0, 21, 2), torch.arange(1, 21, 2), torch.tensor([21])


def main(seed: int, realisations: int = 4000) -> None:
    bead = ggd.TrappedBead()
    pulls = [ggd.protocols.paper(0.5 + i / 40) for i in range(21)] + [ggd.protocols.smooth_ramp(1.2)]
    drive = partial(ggd.protocols.inputs_of, pulls)
    began = time.process_time()
    groups = ggd.simulate_groups(bead, drive, realisations, points=301, dt=0.01, seed=seed)
    simulated = time.process_time()
    whole = ggd.pool(groups)
    objective = ggd.IntegralMatching(ggd.sampling_variance([group.select(TRAIN) for group in groups]))
    recipe = ggd.SelfScaledBFGS(objective, iterations=340, points=60, restarts=2, trial=40, tolerance=-math.inf)
    model = ggd.InternalVariables.for_ensembles(whole.select(TRAIN), seed=seed)
    ggd.fit(model, whole.select(TRAIN), recipe, seed=seed, progress=False)
    trained = time.process_time()
    print(f"seed {seed}: CPU seconds: simulation {simulated - began:.1f}, training {trained - simulated:.1f}")
    for name, rows in (("trap", TEST), ("trap_unseen", UNSEEN)):
        data, half = whole.select(rows), groups[0].select(rows)
        report = ggd.evaluate(model, data, measures.against(bead), stride=2)
        found = report.metrics | measures.sampling_floors(model, half, data)
        print(f"  {name}: " + ", ".join(f"{key} {value:.3f}" for key, value in found.items()), flush=True)


if __name__ == "__main__":
    torch.set_num_threads(1)
    for each in sys.argv[1:] or ["20", "21"]:
        main(int(each))
