"""Train a case of the thesis once with the thesis's recipe, and keep the numbers in `data/`.

On every sixteenth state: minutes. On all of them (the thesis's way): hours on two cores.

    .venv/bin/python tests/benchmarks/thesis_recipe.py CASE EVERY SEED

CASE is 1 or 2 (the particle, in so many dimensions), or a mode of the reactions: prescribed_entropy,
prescribed_dissipation, general.
"""

import datetime
import json
import sys
from pathlib import Path

import torch

import ggd_helpers as ggd

DATA = Path(__file__).parents[2] / "data"
REACTIONS = "A + 2 B <-> C; C + D <-> A"


def new_case(case: str) -> tuple[str, ggd.GradientDynamics, ggd.GradientDynamics, int]:
    """The name of the file, the known system, the untrained model, and the epochs."""
    if case in ("1", "2"):
        dim = int(case)
        model = ggd.GradientDynamics(ggd.ConcaveEntropy(dim), ggd.ConvexDissipation(dim))
        return f"particle_{dim}d_thesis", ggd.OverdampedParticle(gamma=1.0, dim=dim), model, 1000
    system = ggd.MassActionReactions(REACTIONS)
    entropy, dissipation = ggd.ConcaveEntropy(system.dim, width=10), ggd.ConvexDissipation(system.dim, width=10)
    pair, epochs = {
        "prescribed_entropy": ((system.entropy, dissipation), 2500),
        "prescribed_dissipation": ((entropy, system.dissipation), 2500),
        "general": ((entropy, dissipation), 3000),
    }[case]
    return f"reactions_{case}_thesis", system, ggd.GradientDynamics(*pair), epochs


def main(case: str, every: int, seed: int) -> None:
    torch.set_flush_denormal(True)  # saturated units in float32 make numbers that are five times slower otherwise
    name, system, model, epochs = new_case(case)
    data = ggd.simulate(system, trajectories=128, points=2048, dt=0.005, seed=21)
    train, test = data.split(test_fraction=0.2, seed=0)
    ggd.kaiming_normal_(model, seed)
    model = model.float()
    history = ggd.fit(model, train, ggd.AdamThenLBFGS(epochs=epochs, every=every), seed=seed)
    report = ggd.evaluate(model.double(), system.double(), test)
    kept = {
        "command": f"python tests/benchmarks/thesis_recipe.py {case} {every} {seed}",
        "date": datetime.date.today().isoformat(),
        "every": every,
        "seed": seed,
        "threads": torch.get_num_threads(),
        "metrics": report.metrics | {"train_seconds": history.seconds[-1]},
        "losses": history.losses,
        "seconds": history.seconds,
        "velocity_errors": report.velocity_errors.tolist(),
    }
    (DATA / f"{name}.json").write_text(json.dumps(kept) + "\n")


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:]))
