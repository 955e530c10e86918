"""Is SSBroyden better than ours? The race's seeds named it; these are seven others. Keeps `data/race_of_two.json`.

    .venv/bin/python tests/benchmarks/race_of_two.py        twenty-five minutes on one core

Both take turns on all cases of the race, as there. Printed are, case by case, SSBroyden's share of our seconds to each
mark and of the error that is left: the geometric mean over the seeds on which both have it, the range, and on how many
of the seeds it is the better one.
"""

import math
from collections.abc import Sequence
from statistics import fmean

import torch
from kept import about, keep
from race import run, warm_up
from racing.cases import CASES
from racing.opponents import OURS
from racing.results import MARKS, Row

SEEDS = tuple(range(3, 10))
OTHER = "SSBroyden"


def shares(rows: Sequence[Row]) -> dict[str, dict[str, list[float | None]]]:
    """SSBroyden's share of our error and of our seconds to each mark: by case and name, a number for each seed."""
    by_case: dict[str, dict[str, list[float | None]]] = {}
    each = {(row["case"], row["seed"], row["opponent"]): row for row in rows}
    for case in dict.fromkeys(row["case"] for row in rows):
        pairs = [(each[case, seed, OTHER], each[case, seed, OURS]) for seed in SEEDS]
        found = {"error left": [theirs["velocity_error"] / ours["velocity_error"] for theirs, ours in pairs]}
        for mark in (f"{mark:.0e}" for mark in MARKS):
            times = [(theirs["seconds_to"][mark], ours["seconds_to"][mark]) for theirs, ours in pairs]
            found[f"seconds to {mark}"] = [a / b if a and b else None for a, b in times]
        by_case[case] = found
    return by_case


def told(values: Sequence[float | None]) -> str:
    """The geometric mean, the range, and how often it is the better one."""
    there = [value for value in values if value is not None]
    if not there:
        return "-"
    mean = math.exp(fmean(map(math.log, there)))
    return f"{mean:.2g} ({min(there):.2g} to {max(there):.2g}), less on {sum(v < 1 for v in there)} of {len(there)}"


def main() -> None:
    torch.set_num_threads(1)
    warm_up()
    rows = run({name: case.seconds for name, case in CASES.items()}, SEEDS, [OTHER, OURS])
    found = shares(rows)
    for case, by_name in found.items():
        print(case)
        for name, values in by_name.items():
            print(f"  {name:18s} {told(values)}")
    rows = [{name: value for name, value in row.items() if name != "curve"} for row in rows]
    keep("race_of_two", {"about": about(seeds=SEEDS), "shares": found, "rows": rows})


if __name__ == "__main__":
    main()
