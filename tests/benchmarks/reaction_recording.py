"""Make the recording of chapter 4's own-data section, `data/reactions.csv`: four species, two reactions, 1 % of noise.

    .venv/bin/python tests/benchmarks/reaction_recording.py

Twenty trajectories of 81 readings, 0.1 apart, each off by a normal relative error of deviation 0.01 (NumPy's
`default_rng(7)`), rounded to five digits.
"""

import csv

import numpy as np

import ggd_helpers as ggd
from ggd_helpers.files import DATA

REACTIONS = "A + 2 B <-> C | kf=2, kb=1; C + D <-> A | kf=1, kb=0.5"
DT, NOISE = 0.1, 0.01


def main() -> None:
    system = ggd.MassActionReactions(REACTIONS)
    states = ggd.simulate(system, trajectories=20, points=81, dt=DT, seed=7).states.numpy()
    read = states * (1 + NOISE * np.random.default_rng(7).standard_normal(states.shape))
    with (DATA / "reactions.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["trajectory", "t", *system.species])
        for i, path in enumerate(read):
            for k, row in enumerate(path):
                writer.writerow([i, f"{DT * k:.1f}", *(f"{c:.5g}" for c in row)])


if __name__ == "__main__":
    main()
