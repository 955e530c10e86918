"""One row of numbers a seed: the chain of chapter 7, trained and judged as there; kept in `data/`.

    python tests/benchmarks/spring_chain.py gmm|flow FIRST LAST [keep]

Seeds are those of the data and of the networks alike. A flow starts from the trained mixture of the same seed, whose
weights lie in `runs/spring_chain/`, or are trained first. With `keep` the numbers of all seeds go into
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
from ggd_helpers.files import DATA, ROOT, commit, written_whole

TRAIN = torch.arange(0, 17, 2)
TESTS = {"": torch.arange(1, 17, 2), "_unseen": torch.tensor([17])}
KEPT, WEIGHTS = DATA / "07_phase_change_seeds.json", ROOT / "runs" / "spring_chain"
ENOUGH = 2.5  # distance from the training data, in sampling errors

Row = dict[str, dict[str, float]]
CHAIN = ggd.SpringChain()


def simulated(seed: int, realisations: int = 2000) -> list[ggd.Ensembles]:
    """Two halves of the data of a seed."""
    pulls = [*(ggd.protocols.stretch(float(start)) for start in range(12, 29)), ggd.protocols.wavy_stretch(20.0)]
    drive = partial(ggd.protocols.inputs_of, pulls)
    return ggd.simulate_groups(CHAIN, drive, realisations, points=301, dt=0.1, seed=seed, bins=64)


class Trained:
    """A model of one seed, and how it came about."""

    def __init__(self, seed: int):
        self.seed, self.groups = seed, simulated(seed)
        self.whole = ggd.pool(self.groups)
        self.train, half = self.whole.select(TRAIN), self.groups[0].select(TRAIN)
        self.objective = ggd.BlockMatching(CHAIN.pull)
        self.score = partial(measures.distance_from_data, CHAIN, half=half, whole=self.train)

    def untrained(self, seed: int) -> ggd.ChainVariables:
        """A mixture."""
        return ggd.ChainVariables.for_ensembles(self.train, ggd.TwoPhases, seed=seed)

    def mixture(self) -> tuple[ggd.ChainVariables, dict[str, float]]:
        """Trained now, or read."""
        path, model = WEIGHTS / f"gmm_{self.seed}.pt", self.untrained(self.seed)
        if path.is_file():
            kept = torch.load(path)
            model.load_state_dict(kept["weights"])
            return model, kept["about"]
        began, recipe = time.process_time(), ggd.StagedBFGS(self.objective)
        starts = ggd.fit_until(ENOUGH, self.score, self.untrained, self.train, recipe, seed=self.seed, progress=False)
        about = {"starts": float(len(starts)), "cpu_seconds": time.process_time() - began, "distance": starts[0].score}
        path.parent.mkdir(parents=True, exist_ok=True)
        torch.save({"weights": starts[0].model.state_dict(), "about": about}, path)
        return starts[0].model, about

    def flow(self) -> tuple[ggd.ChainVariables, dict[str, float]]:
        """From the mixture."""
        first, about = self.mixture()
        began, model = time.process_time(), first.with_decoder(ggd.PhaseFlow, self.seed)
        ggd.fit(model, self.train, ggd.after_exchange(self.objective), seed=self.seed, progress=False)
        seconds = about["cpu_seconds"] + time.process_time() - began
        return model, {"starts": about["starts"], "cpu_seconds": seconds, "distance": self.score(model)}


def run(decoder: str, seed: int) -> Row:
    """All numbers of one seed, by experiment."""
    trained = Trained(seed)
    model, about = trained.mixture() if decoder == "gmm" else trained.flow()
    found = {}
    for suffix, rows in TESTS.items():
        data, half = trained.whole.select(rows), trained.groups[0].select(rows)
        numbers = ggd.evaluate(model, data, measures.against(CHAIN)).metrics
        found[f"chain_{decoder}{suffix}"] = numbers | measures.sampling_floors(CHAIN, model, half, data) | about
        print(f"{decoder}, seed {seed}{suffix}: ", end="")
        print(", ".join(f"{key} {value:.3f}" for key, value in found[f"chain_{decoder}{suffix}"].items()), flush=True)
    return found


def both(by_decoder: dict[str, dict]) -> dict[str, object]:
    """What a table says of the numbers of all decoders together."""
    return {
        "command": "; ".join(about["command"] for about in by_decoder.values()),
        "date": max(about["date"] for about in by_decoder.values()),
        "parameters": {"realisations": 2000, "variables": 1},
    }


def keep(decoder: str, rows: dict[int, Row]) -> None:
    """Write the numbers of all seeds beside what is kept of the other decoder."""
    content = json.loads(KEPT.read_text(encoding="utf-8")) if KEPT.is_file() else {"metrics": {}, "about": {}}
    metrics = {name: values for name, values in content["metrics"].items() if not name.startswith(f"chain_{decoder}")}
    for row in rows.values():
        for name, numbers in row.items():
            for key, value in numbers.items():
                metrics.setdefault(name, {}).setdefault(key, []).append(value)
    about = {
        "command": "python " + " ".join(["tests/benchmarks/spring_chain.py", *sys.argv[1:]]),
        "date": datetime.date.today().isoformat(),
        "commit": commit(),
        "platform": platform.platform(),
        "torch": torch.__version__,
        "seeds": list(rows),
    }
    by_decoder = {name: content["about"][name] for name in ("gmm", "flow") if name in content["about"]} | {
        decoder: about
    }
    content = {
        "seeds": sorted({*content.get("seeds", []), *rows}),
        "metrics": metrics,
        "failed_claims": {},
        "about": by_decoder | both(by_decoder),
    }
    with written_whole(KEPT) as partial_file:
        partial_file.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    torch.set_num_threads(1)
    family, first_seed, last_seed, *others = sys.argv[1:]
    numbers = {seed: run(family, seed) for seed in range(int(first_seed), int(last_seed) + 1)}
    if others == ["keep"]:
        keep(family, numbers)
