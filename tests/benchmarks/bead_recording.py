"""Make the recording of chapter 6's own-data section, `data/trapped_bead.csv`: a bead pulled eight ways, 60 times each.

    .venv/bin/python tests/benchmarks/bead_recording.py

The trap has stiffness 1; the spring to the origin 0.5, the viscosity 0.8, kB T = 0.002. Forty-one times 0.075 apart,
each step made of ten of the stochastic Heun scheme (seed 7), rounded to four digits.
"""

import csv
from functools import partial

import torch

import ggd_helpers as ggd
from ggd_helpers import protocols
from ggd_helpers.files import DATA

DT, POINTS, REALISATIONS = 0.075, 41, 60
PULLS = [
    protocols.sine(1.5, 2.0),
    protocols.sine(1.2, 1.5),
    protocols.sine(1.0, 1.2),
    protocols.smooth_ramp(0.8),
    protocols.smooth_ramp(0.5),
    protocols.step(1.2, at=1.0, rise=1.0),
    protocols.paper(0.4),
    protocols.paper(0.3),
]


def main() -> None:
    bead, drive = ggd.TrappedBead(anchor=0.5, viscosity=0.8, thermal_energy=0.002), partial(protocols.inputs_of, PULLS)
    paths = ggd.simulate_paths(bead, drive, REALISATIONS, POINTS, DT, seed=7, substeps=10)[..., 0]
    with (DATA / "trapped_bead.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["trajectory", "t", "x", "lambda"])
        for i, path in enumerate(paths.flatten(0, 1)):
            pull = PULLS[i // REALISATIONS]
            trap = pull(DT * torch.arange(POINTS, dtype=paths.dtype))
            for k in range(POINTS):
                writer.writerow([i, f"{DT * k:.3f}", f"{path[k]:.4f}", f"{trap[k]:.4f}"])


if __name__ == "__main__":
    main()
