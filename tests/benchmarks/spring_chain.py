"""One row of numbers a seed: the chain of chapter 7, trained and judged as there; kept in `data/`.

    python tests/benchmarks/spring_chain.py DECODER FIRST LAST [keep]

DECODER is `gmm` or `flow`; seeds are those of the data and of the networks alike. With `keep` the numbers go into
`data/07_phase_change_seeds.json`, beside those of the other decoder.
"""

import datetime
import json
import platform
import sys
import time
from functools import partial

import torch

import ggd_helpers as ggd
from ggd_helpers.evaluation import chain as measures
from ggd_helpers.files import DATA, commit, written_whole

TRAIN = torch.arange(0, 17, 2)
TESTS = {"": torch.arange(1, 17, 2), "_unseen": torch.tensor([17])}
KEPT = DATA / "07_phase_change_seeds.json"


def run(decoder: str, seed: int, realisations: int = 2000) -> dict[str, dict[str, float]]:
    """All numbers of one seed, by experiment."""
    chain = ggd.SpringChain()
    pulls = [*(ggd.protocols.stretch(float(start)) for start in range(12, 29)), ggd.protocols.wavy_stretch(20.0)]
    drive = partial(ggd.protocols.inputs_of, pulls)
    groups = ggd.simulate_groups(chain, drive, realisations, points=301, dt=0.1, seed=seed, bins=64)
    whole, half = ggd.pool(groups), groups[0]
    train = whole.select(TRAIN)
    score = partial(measures.distance_from_data, chain, half=half.select(TRAIN), whole=train)
    began, recipe = time.process_time(), ggd.StagedBFGS(ggd.BlockMatching(chain.pull))

    def draw(seed: int) -> ggd.ChainVariables:
        return ggd.ChainVariables.for_ensembles(train, ggd.chain_decoder(decoder), seed=seed)

    starts = ggd.fit_until(2.5, score, draw, train, recipe, seed=seed, progress=False)
    seconds = time.process_time() - began
    print(f"{decoder}, seed {seed}: {len(starts)} starts, scores {[round(each.score, 2) for each in starts]}, "
          f"{seconds:.0f} CPU seconds", flush=True)  # fmt: skip
    found = {}
    for suffix, rows in TESTS.items():
        data, name = whole.select(rows), f"chain_{decoder}{suffix}"
        numbers = ggd.evaluate(starts[0].model, data, measures.against(chain)).metrics
        floors = measures.sampling_floors(chain, starts[0].model, half.select(rows), data)
        found[name] = numbers | floors | {"starts": len(starts), "cpu_seconds": seconds, "distance": starts[0].score}
        print(f"  {name}: " + ", ".join(f"{key} {value:.3f}" for key, value in found[name].items()), flush=True)
    return found


def keep(decoder: str, rows: dict[int, dict[str, dict[str, float]]]) -> None:
    """Write the numbers of all seeds beside what is kept of the other decoder."""
    content = json.loads(KEPT.read_text(encoding="utf-8")) if KEPT.is_file() else {"metrics": {}, "about": {}}
    metrics = {name: values for name, values in content["metrics"].items() if not name.startswith(f"chain_{decoder}")}
    for row in rows.values():
        for name, numbers in row.items():
            for key, value in numbers.items():
                metrics.setdefault(name, {}).setdefault(key, []).append(value)
    command = "python " + " ".join(["tests/benchmarks/spring_chain.py", *sys.argv[1:]])
    about = {"command": command, "date": datetime.date.today().isoformat(), "commit": commit(),
             "platform": platform.platform(), "torch": torch.__version__}  # fmt: skip
    by_decoder = {name: each for name, each in content["about"].items() if isinstance(each, dict)} | {decoder: about}
    content = {
        "seeds": list(rows),
        "metrics": metrics,
        "failed_claims": {},
        "about": by_decoder | {"parameters": {"realisations": 2000, "variables": 1}},
    }
    with written_whole(KEPT) as partial_file:
        partial_file.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    torch.set_num_threads(1)
    family, first, last = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    found = {seed: run(family, seed) for seed in range(first, last + 1)}
    if "keep" in sys.argv:
        keep(family, found)
