"""Which optimiser learns fastest and furthest? `make race`: an hour and more on two cores, of which it takes one.

    .venv/bin/python tests/benchmarks/race.py             keeps data/race.json, the figure and the README's table
    .venv/bin/python tests/benchmarks/race.py --quick     two cases, one seed, no memory, five minutes; only prints
    .venv/bin/python tests/benchmarks/race.py --seeds 20 21 --cases "particle, 2D" --opponents Adam SSBroyden

Every opponent learns the same cases (`racing/cases.py`) from the same weights on the same points with the same target,
and gets the same seconds, in turns of two seconds, in one process, on one thread; only the thesis's recipe has a target
and a precision of its own. What is judged is the velocity on test trajectories, off the clock.
"""

import argparse
import datetime
import platform
import re
import time
from collections.abc import Sequence
from pathlib import Path

import numpy
import scipy
import torch
from kept import about, keep
from racing.cases import CASES
from racing.figure import error_against_time
from racing.opponents import opponents
from racing.results import Row, measure_memory, peak_memory, race
from racing.table import clocks, short_table, whole_table, write_readme

from ggd_helpers.files import CHAPTERS, commit

SEEDS = (0, 1, 2)  # tuned was on others
QUICK = {"particle, 2D": 6.0, "reactions, structured": 4.0}
FIGURE = "race.png"


def parsed() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    everyone = list(opponents(next(iter(CASES.values()))))
    parser.add_argument("--quick", action="store_true", help="two cases, one seed")
    parser.add_argument("--seeds", type=int, nargs="+", help="other seeds than 0, 1, 2; only prints")
    parser.add_argument("--cases", nargs="+", choices=list(CASES), metavar="CASE", help="only these; only prints")
    parser.add_argument("--opponents", nargs="+", choices=everyone, metavar="NAME", help="only these; only prints")
    parser.add_argument("--memory", nargs=2, metavar=("CASE", "NAME"), help="how the race asks a process of its own")
    return parser.parse_args()


def warm_up() -> None:
    """Use once what torch imports when it is first used, seconds long: the first opponent would pay for all."""
    theta = torch.ones(1, requires_grad=True)
    theta.grad = torch.ones(1)
    torch.optim.Adam([theta]).step()
    torch.func.vmap(torch.func.jacrev(torch.sin))(torch.ones(1))


def run(seconds: dict[str, float], seeds: Sequence[int], names: Sequence[str] | None) -> list[Row]:
    """All rows; what is left to do is told after each case and seed."""
    rows: list[Row] = []
    for seed in seeds:
        for case in (CASES[name] for name in seconds):
            works = {name: work for name, work in opponents(case).items() if name in (names or opponents(case))}
            began = time.perf_counter()
            rows += race(case, seed, works, seconds[case.name])
            print(f"{case.name}, seed {seed}: {(time.perf_counter() - began) / 60:.1f} min", flush=True)
    return rows


def memory_of(rows: Sequence[Row]) -> dict[str, dict[str, float]]:
    """The peak memory in MiB of each opponent on each case of the rows."""
    found: dict[str, dict[str, float]] = {}
    for case, name in dict.fromkeys((row["case"], row["opponent"]) for row in rows):
        found.setdefault(case, {})[name] = peak_memory(CASES[case], name)
    return found


def processor() -> str:
    """The processor's name, as Linux knows it."""
    info = Path("/proc/cpuinfo")
    names = re.findall(r"model name\s*: (.*)", info.read_text()) if info.is_file() else []
    return f"{len(names)} x {names[0]}" if names else platform.processor() or platform.machine()


def for_the_readme(rows: Sequence[Row]) -> str:
    """The table, the figure, and how they came about."""
    versions = f"torch {torch.__version__}, SciPy {scipy.__version__}, NumPy {numpy.__version__}"
    machine = f"one thread on {processor()}, {platform.platform()}"
    date, python = datetime.date.today().isoformat(), platform.python_version()
    told = f"`make race`, {date}, {machine}, Python {python}, {versions}; {clocks(rows)}."
    shown = f"![Each opponent's error of the velocity against time, in six cases](notebooks/images/{FIGURE})"
    return f"{short_table(rows)}\n\n{shown}\n\n{told}"


def main() -> None:
    torch.set_num_threads(1)
    asked = parsed()
    if asked.memory:
        measure_memory(*asked.memory)
        return
    partial = bool(asked.quick or asked.seeds or asked.cases or asked.opponents)
    if not partial and (commit() or "-dirty").endswith("-dirty"):
        raise SystemExit("race: files differ from the last commit: commit them, so that it can be run again.")
    warm_up()
    began = time.perf_counter()
    seconds = QUICK if asked.quick else {name: case.seconds for name, case in CASES.items()}
    seconds = {name: each for name, each in seconds.items() if name in (asked.cases or seconds)}
    rows = run(seconds, asked.seeds or SEEDS[: 1 if asked.quick else None], asked.opponents)
    memory = {} if asked.quick else memory_of(rows)
    print(whole_table(rows, memory))
    print(f"{(time.perf_counter() - began) / 60:.0f} min in all")
    if not partial:
        versions = {"scipy": scipy.__version__, "numpy": numpy.__version__}
        told = about(seeds=SEEDS, seconds=seconds, processor=processor(), **versions)
        keep("race", {"about": told, "memory_mib": memory, "rows": rows})
        error_against_time(rows).savefig(CHAPTERS / "images" / FIGURE, dpi=150)
        write_readme(for_the_readme(rows))


if __name__ == "__main__":
    main()
