"""Train the particle once with the thesis's recipe in full, and keep the numbers in `data/`.

About an hour on two cores:

    .venv/bin/python tests/benchmarks/thesis_recipe.py 1
    .venv/bin/python tests/benchmarks/thesis_recipe.py 2
"""

import datetime
import json
import sys
from pathlib import Path

import torch

import ggd_helpers as ggd

DATA = Path(__file__).parents[2] / "data"


def main(dim: int) -> None:
    system = ggd.OverdampedParticle(gamma=1.0, dim=dim)
    data = ggd.simulate(system, trajectories=128, points=2048, dt=0.005, seed=21)
    train, test = data.split(test_fraction=0.2, seed=0)
    parts = {"entropy": ggd.ConcaveEntropy(dim), "dissipation": ggd.ConvexDissipation(dim)}
    model = ggd.GradientDynamics(**parts, seed=0).float()
    history = ggd.fit(model, train, ggd.AdamThenLBFGS(epochs=1000), seed=0)
    report = ggd.evaluate(model.double(), system, test)
    kept = {
        "command": f"python tests/benchmarks/thesis_recipe.py {dim}",
        "date": datetime.date.today().isoformat(),
        "threads": torch.get_num_threads(),
        "metrics": report.metrics | {"train_seconds": history.seconds[-1]},
        "losses": history.losses,
        "seconds": history.seconds,
        "velocity_errors": report.velocity_errors.tolist(),
    }
    (DATA / f"particle_{dim}d_thesis.json").write_text(json.dumps(kept) + "\n")


if __name__ == "__main__":
    main(int(sys.argv[1]))
