"""Run a chapter from several seeds at its defaults, and keep all its numbers in `data/CHAPTER_seeds.json`.

    .venv/bin/python tests/benchmarks/over_seeds.py CHAPTER FIRST LAST [NAME=VALUE ...]

Two runs go side by side, one thread each, into `runs/over_seeds/`; one that is there already, of this very commit, is
not repeated. With NAME=VALUE the chapter runs at other parameters, and the numbers are printed and not kept.
"""

import json
import statistics
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from kept import about, keep

from ggd_helpers.files import DATA, ROOT, commit

RUNS = ROOT / "runs" / "over_seeds"
FIXED = ("_thesis", "_published")  # one kept run of the thesis's recipe, printed numbers: they have no spread
OWN = ("seed", "out", "device")  # parameters that do not tell one set of numbers from another


def run(chapter: str, seed: int, others: list[str]) -> dict | None:
    """The results of one seed; `None` where the run failed, with its last words in `log.txt`."""
    folder = RUNS / "_".join([chapter, *others, str(seed)]).replace("/", "-").replace(" ", "")
    results = folder / "results.json"
    if not _is_of_this_commit(results):
        parameters = [f"-p{word}" for word in [f"seed={seed}", *others]]
        command = [sys.executable, "-m", "ggd_helpers", "run", chapter, *parameters, "--out", str(folder)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
        if done.returncode:
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "log.txt").write_text(done.stdout + done.stderr, encoding="utf-8")
            print(f"{chapter}, seed {seed}: FAILED, see {folder / 'log.txt'}", flush=True)
            return None
    return json.loads(results.read_text(encoding="utf-8"))


def _is_of_this_commit(results: Path) -> bool:
    return results.is_file() and json.loads(results.read_text())["commit"] == commit()


def collect(runs: dict[int, dict]) -> dict:
    """All numbers by experiment and metric, and by claim the seeds at which it failed."""
    metrics: dict[str, dict[str, list[float]]] = {}
    failed: dict[str, list[int]] = {}
    for seed, results in runs.items():
        own = {name: numbers for name, numbers in results["metrics"].items() if not name.endswith(FIXED)}
        for experiment, numbers in own.items():
            for name, value in numbers.items():
                metrics.setdefault(experiment, {}).setdefault(name, []).append(value)
        for claim in results["claims"]:
            failed.setdefault(claim["claim"], [])
            if not claim["holds"]:
                failed[claim["claim"]].append(seed)
    return {"seeds": list(runs), "metrics": metrics, "failed_claims": failed}


def show(found: dict, seconds: list[float]) -> None:
    """Print median and range of every number, and the claims that failed."""
    for experiment, numbers in found["metrics"].items():
        for name, values in numbers.items():
            low, middle, high = min(values), statistics.median(values), max(values)
            print(f"{experiment:36s} {name:32s} {middle:9.1e} ({low:.1e} to {high:.1e}) of {len(values)}")
    for claim, seeds in found["failed_claims"].items():
        print(f"{claim:56s} " + (f"FAILS at seeds {seeds}" if seeds else "holds"))
    print(f"seconds a run: {statistics.median(seconds):.0f} ({min(seconds):.0f} to {max(seconds):.0f})")


def check_is_ours(path: Path) -> None:
    """Refuse to replace a file that another script keeps, as `spring_chain.py` does for chapter 7."""
    command = json.loads(path.read_text(encoding="utf-8"))["about"]["command"] if path.exists() else ""
    if command and Path(__file__).name not in command:
        raise SystemExit(f"{path} is kept by `{command}`: run that, or give NAME=VALUE, which only prints.")


def main(chapter: str, first: int, last: int, others: list[str]) -> None:
    if not others:
        check_is_ours(DATA / f"{chapter}_seeds.json")
    with ThreadPoolExecutor(2) as pool:
        seeds = range(first, last + 1)
        results = dict(zip(seeds, pool.map(lambda seed: run(chapter, seed, others), seeds), strict=True))
    runs = {seed: result for seed, result in results.items() if result is not None}
    found = collect(runs)
    show(found, [result["seconds"] for result in runs.values()])
    if others or not runs:
        return
    one = next(iter(runs.values()))
    told = about(
        parameters={name: value for name, value in one["parameters"].items() if name not in OWN},
        failed_runs=sorted(set(seeds) - set(runs)),
        seconds=[result["seconds"] for result in runs.values()],
        **{name: one[name] for name in ("cpu_capability", "threads", "versions")},
    )
    keep(f"{chapter}_seeds", found | {"about": told})


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4:])
