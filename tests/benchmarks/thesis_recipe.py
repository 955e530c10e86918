"""Train the particle once with the thesis's recipe, and keep the numbers in `data/`.

On every sixteenth state: some minutes. On all of them (the thesis's way): hours on two cores.

    .venv/bin/python tests/benchmarks/thesis_recipe.py DIM EVERY SEED
"""

import datetime
import json
import sys
from pathlib import Path

import torch

import ggd_helpers as ggd

DATA = Path(__file__).parents[2] / "data"


def main(dim: int, every: int, seed: int) -> None:
    torch.set_flush_denormal(True)  # saturated units in float32 make numbers that are five times slower otherwise
    system = ggd.OverdampedParticle(gamma=1.0, dim=dim)
    data = ggd.simulate(system, trajectories=128, points=2048, dt=0.005, seed=21)
    train, test = data.split(test_fraction=0.2, seed=0)
    model = ggd.GradientDynamics(ggd.ConcaveEntropy(dim), ggd.ConvexDissipation(dim))
    ggd.kaiming_normal_(model, seed)
    model = model.float()
    history = ggd.fit(model, train, ggd.AdamThenLBFGS(epochs=1000, every=every), seed=seed)
    report = ggd.evaluate(model.double(), system, test)
    kept = {
        "command": f"python tests/benchmarks/thesis_recipe.py {dim} {every} {seed}",
        "date": datetime.date.today().isoformat(),
        "every": every,
        "seed": seed,
        "threads": torch.get_num_threads(),
        "metrics": report.metrics | {"train_seconds": history.seconds[-1]},
        "losses": history.losses,
        "seconds": history.seconds,
        "velocity_errors": report.velocity_errors.tolist(),
    }
    (DATA / f"particle_{dim}d_thesis.json").write_text(json.dumps(kept) + "\n")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
