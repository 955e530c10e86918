"""Internal variables of the trapped bead, simulated, trained and judged as in chapter 6; the studies use it, too.

One row of numbers a seed (of the data and of the networks alike):

    .venv/bin/python tests/benchmarks/trapped_bead.py 20 21
"""

import math
import sys
import time
from functools import partial

import torch

import ggd_helpers as ggd
from ggd_helpers.evaluation import internal_variables as measures
from ggd_helpers.recordings.ensembles import Ensembles
from ggd_helpers.training.contracts import Objective

BEAD = ggd.TrappedBead()
TRAIN, TEST, UNSEEN = torch.arange(0, 21, 2), torch.arange(1, 21, 2), torch.tensor([21])
TESTS = {"trap": TEST, "trap_unseen": UNSEEN}


def simulate(seed: int, realisations: int, groups: int) -> list[Ensembles]:
    """Independent groups of realisations of the chapter's 22 pulls."""
    pulls = [ggd.protocols.paper(0.5 + i / 40) for i in range(21)] + [ggd.protocols.smooth_ramp(1.2)]
    drive = partial(ggd.protocols.inputs_of, pulls)
    return ggd.simulate_groups(BEAD, drive, realisations, points=301, dt=0.01, seed=seed, groups=groups)


def automatic(groups: list[Ensembles]) -> ggd.IntegralMatching:
    """The objective of the chapter: no weight is set."""
    return ggd.IntegralMatching(ggd.sampling_variance([group.select(TRAIN) for group in groups]))


def train(whole: Ensembles, objective: Objective, seed: int) -> ggd.InternalVariables:
    """A model of one variable, by the recipe of the chapter."""
    recipe = ggd.SelfScaledBFGS(objective, iterations=300, points=40, restarts=2, trial=40, tolerance=-math.inf)
    model = ggd.InternalVariables.for_ensembles(whole.select(TRAIN), seed=seed)
    ggd.fit(model, whole.select(TRAIN), recipe, seed=seed, progress=False)
    return model


def judge(model: ggd.InternalVariables, whole: Ensembles) -> dict[str, dict[str, float]]:
    """All errors by test set, in percent."""
    return {
        name: ggd.evaluate(model, whole.select(rows), measures.against(BEAD), stride=2).metrics
        for name, rows in TESTS.items()
    }


def main(seed: int, realisations: int = 4000) -> None:
    began = time.process_time()
    groups = simulate(seed, realisations, groups=4)
    simulated = time.process_time()
    whole, half = ggd.pool(groups), ggd.pool(groups[::2])
    model = train(whole, automatic(groups), seed)
    trained = time.process_time()
    print(f"seed {seed}: CPU seconds: simulation {simulated - began:.1f}, training {trained - simulated:.1f}")
    for name, found in judge(model, whole).items():
        rows = TESTS[name]
        found |= measures.sampling_floors(model, half.select(rows), whole.select(rows))
        print(f"  {name}: " + ", ".join(f"{key} {value:.3f}" for key, value in found.items()), flush=True)


if __name__ == "__main__":
    torch.set_num_threads(1)
    for each in sys.argv[1:] or ["20", "21"]:
        main(int(each))
