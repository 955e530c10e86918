"""Make the recording of chapter 6's own-data section, `data/trapped_bead.csv`: a bead pulled eight ways, 20 times each.

    .venv/bin/python tests/benchmarks/bead_recording.py

The trap has stiffness 1; the spring to the origin 0.5, the viscosity 0.8, kB T = 0.002. Forty-one times 0.075 apart,
each step made of ten of the stochastic Heun scheme (torch's generator, seed 7), rounded to four digits.
"""

import csv

import torch

import ggd_helpers as ggd
from ggd_helpers import protocols
from ggd_helpers.files import DATA
from ggd_helpers.recordings.simulate_ensembles import heun

DT, POINTS, SUBSTEPS, REALISATIONS = 0.075, 41, 10, 20
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
    bead, generator = ggd.TrappedBead(anchor=0.5, viscosity=0.8, thermal_energy=0.002), torch.Generator().manual_seed(7)
    fine = DT / SUBSTEPS
    inputs = protocols.inputs_of(PULLS, fine * torch.arange(SUBSTEPS * (POINTS - 1) + 1, dtype=torch.float64))
    x = bead.sample_equilibrium(inputs[:, 0], REALISATIONS, generator)
    seen = [x]
    for i in range(inputs.shape[1] - 1):
        x = heun(bead, x, inputs[:, i], inputs[:, i + 1], fine, generator)
        if (i + 1) % SUBSTEPS == 0:
            seen.append(x)
    paths, trap = torch.stack(seen, dim=2)[..., 0], inputs[:, ::SUBSTEPS, 0]
    with (DATA / "trapped_bead.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["trajectory", "t", "x", "lambda"])
        for i, path in enumerate(paths.transpose(0, 1).flatten(0, 1)):
            for k in range(POINTS):
                place = trap[i // REALISATIONS, k].item()
                writer.writerow([i, f"{DT * k:.3f}", f"{path[k].item():.4f}", f"{place:.4f}"])


if __name__ == "__main__":
    main()
