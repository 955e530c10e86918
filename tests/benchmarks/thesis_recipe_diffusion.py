"""Train diffusion's dense networks once with the thesis's recipe, and keep the numbers in `data/`.

On every sixteenth state: about a quarter of an hour. The run can be interrupted (Ctrl-C) at any time, keeps what it
has, and goes on from the checkpoint when it is started again with the same command.

    .venv/bin/python tests/benchmarks/thesis_recipe_diffusion.py EVERY SEED CHECKPOINT
"""

import datetime
import json
import math
import sys
from pathlib import Path

import torch

import ggd_helpers as ggd
from ggd_helpers.systems import profiles

DATA = Path(__file__).parents[2] / "data"


def main(every: int, seed: int, checkpoint: str) -> None:
    torch.set_flush_denormal(True)  # saturated units in float32 make numbers that are five times slower otherwise
    torch.set_num_threads(1)
    data = ggd.simulate(ggd.FickianDiffusion(), trajectories=1024, points=64, dt=0.03, seed=21)
    model = ggd.GradientDynamics(ggd.ConcaveEntropy(64), ggd.ConvexDissipation(64))
    ggd.kaiming_normal_(model, seed)
    recipe = ggd.AdamThenLBFGS(epochs=1500, every=every)
    history = ggd.fit(model.float(), data, recipe, seed=seed, checkpoint=checkpoint)
    model = model.double()
    metrics, velocity_errors, examples = {}, {}, {}
    for i, (name, profile) in enumerate(profiles.TEST_SETS.items()):  # as in the chapter
        system = ggd.FickianDiffusion(profile=profile)
        test = ggd.simulate(system, trajectories=200, points=64, dt=0.03, seed=100 + i)
        report = ggd.evaluate(model, system, test)
        finite = {key: value for key, value in report.metrics.items() if math.isfinite(value)}  # rollouts may overflow
        metrics[name] = finite | {"train_seconds": history.seconds[-1]}
        velocity_errors[name] = report.velocity_errors.tolist()
        examples[name] = report.rollout[2, ::21].tolist()
    kept = {
        "command": f"python tests/benchmarks/thesis_recipe_diffusion.py {every} {seed} {checkpoint}",
        "date": datetime.date.today().isoformat(),
        "every": every,
        "seed": seed,
        "epochs": len(history.losses),  # fewer than 1500 when the run was interrupted
        "threads": torch.get_num_threads(),
        "metrics": metrics,
        "losses": history.losses,
        "seconds": history.seconds,
        "velocity_errors": velocity_errors,
        "examples": examples,
    }
    (DATA / "diffusion_thesis.json").write_text(json.dumps(kept) + "\n")


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
