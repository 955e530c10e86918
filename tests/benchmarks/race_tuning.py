"""What the race's opponents are set to: Adam's rates and first dampings of Levenberg and Marquardt, on seed 20.

    .venv/bin/python tests/benchmarks/race_tuning.py

In half of the time of the race, the lowest loss of a case decides. Printed are the losses, in units of the mean squared
velocity. `racing/cases.py` says what else its settings rest on.
"""

import sys
from statistics import median

import torch
from racing.cases import CASES
from racing.opponents import adam, levenberg_marquardt
from racing.results import race

SEEDS, RATES, DAMPINGS = (20,), (1e-1, 3e-2, 1e-2), (1e-3, 1e-5, 1e-7)


def main(names: list[str]) -> None:
    torch.set_num_threads(1)
    works = {f"Adam, rate {rate:.0e}": adam(rate) for rate in RATES}
    works |= {f"Levenberg-Marquardt, damping {damping:.0e}": levenberg_marquardt(damping) for damping in DAMPINGS}
    for case in (CASES[name] for name in names or CASES):
        rows = [row for seed in SEEDS for row in race(case, seed, works, case.seconds / 2)]
        print(case.name)
        for name in works:
            losses = [row["loss"] for row in rows if row["opponent"] == name]
            print(f"  {name:36s}", *(f"{loss:.1e}" for loss in losses), f"  median {median(losses):.1e}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
