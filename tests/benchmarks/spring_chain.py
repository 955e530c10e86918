"""The chain of chapter 7 from several seeds (of data and networks), both decoders: `data/07_phase_change_seeds.json`.

    .venv/bin/python tests/benchmarks/spring_chain.py FIRST LAST

Trained and judged as in the chapter; flows go on from the mixture of their seed. Two seeds go side by side.
"""

import sys
import time
from concurrent.futures import ProcessPoolExecutor
from functools import partial

import torch
from kept import about, keep

import ggd_helpers as ggd
from ggd_helpers.evaluation import chain as measures

TRAIN = torch.arange(0, 17, 2)
TESTS = {"": torch.arange(1, 17, 2), "_unseen": torch.tensor([17])}
ENOUGH = {"gmm": 2.25, "flow": 3.0}  # distance from the training data, in sampling errors
REALISATIONS = 2000

Row = dict[str, dict[str, float]]
CHAIN = ggd.SpringChain()


def run(seed: int) -> Row:
    """All numbers of one seed, by experiment."""
    torch.set_num_threads(1)
    pulls = [*(ggd.protocols.stretch(float(start)) for start in range(12, 29)), ggd.protocols.wavy_stretch(20.0)]
    drive = partial(ggd.protocols.inputs_of, pulls)
    groups = ggd.simulate_groups(CHAIN, drive, REALISATIONS, points=301, dt=0.1, seed=seed, bins=64)
    whole, half, objective = ggd.pool(groups), groups[0], ggd.BlockMatching(CHAIN.pull)
    train = whole.select(TRAIN)
    score = partial(measures.distance_from_data, CHAIN, half=half.select(TRAIN), whole=train)
    draw = partial(ggd.ChainVariables.for_ensembles, train, ggd.TwoPhases, 1)

    found: Row = {}
    for decoder, recipe in (("gmm", ggd.StagedBFGS(objective)), ("flow", ggd.AfterExchange(objective))):
        began = time.process_time()
        starts = ggd.fit_until(ENOUGH[decoder], score, draw, train, recipe, seed=seed, progress=False)
        model = starts[0].model
        draw = partial(model.with_decoder, ggd.PhaseFlow)
        seconds = time.process_time() - began
        told = {"starts": len(starts), "cpu_seconds": seconds, "distance": starts[0].score}
        for suffix, rows in TESTS.items():
            numbers = ggd.evaluate(model, whole.select(rows), measures.against(CHAIN)).metrics
            floors = measures.sampling_floors(CHAIN, model, half.select(rows), whole.select(rows))
            found[f"chain_{decoder}{suffix}"] = numbers | floors | told
    return found


def main(first: int, last: int) -> None:
    seeds = [*range(first, last + 1)]
    with ProcessPoolExecutor(2) as pool:
        rows = list(pool.map(run, seeds))
    metrics = {name: {key: [row[name][key] for row in rows] for key in rows[0][name]} for name in rows[0]}
    for name, numbers in metrics.items():
        for key, values in numbers.items():
            print(f"{name:20s} {key:24s}", *(f"{value:8.3f}" for value in values))
    told = about(parameters={"realisations": REALISATIONS, "variables": 1})
    keep("07_phase_change_seeds", {"seeds": seeds, "metrics": metrics, "failed_claims": {}, "about": told})


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
