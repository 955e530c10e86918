"""Train a case of the thesis once with the thesis's recipe, and keep the numbers in `data/`.

    .venv/bin/python tests/benchmarks/thesis_recipe.py CASE EVERY SEED

CASE is `1` or `2` (the particle, in so many dimensions), a mode of the reactions (`prescribed_entropy`,
`prescribed_dissipation`, `general`) or `diffusion`. On every sixteenth state (EVERY = 16) it takes minutes, on all of
them (EVERY = 1, the thesis's way) hours. The run writes a checkpoint into `runs/` every 50 epochs and goes on from
there when it is started again with the same command; Ctrl-C ends it early and keeps what it has.
"""

import datetime
import json
import math
import sys
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor

import ggd_helpers as ggd
from ggd_helpers.systems import profiles

ROOT = Path(__file__).parents[2]
REACTIONS = "A + 2 B <-> C; C + D <-> A"


class Case(NamedTuple):
    """What a chapter trains the thesis's way, and what it is measured on."""

    name: str
    train: ggd.Trajectories
    tests: dict[str, tuple[ggd.GradientDynamics, ggd.Trajectories]]
    model: ggd.GradientDynamics
    epochs: int


def particle(dim: int) -> Case:
    """Chapter 3: both potentials free, 1000 epochs."""
    system = ggd.OverdampedParticle(gamma=1.0, dim=dim)
    model = ggd.GradientDynamics(ggd.ConcaveEntropy(dim), ggd.ConvexDissipation(dim))
    data = ggd.simulate(system, trajectories=128, points=2048, dt=0.005, seed=21)
    train, test = data.split(test_fraction=0.2, seed=0)
    return Case(f"particle_{dim}d", train, {"test": (system, test)}, model, 1000)


def reactions(mode: str) -> Case:
    """Chapter 4: one potential prescribed, 2500 epochs, or none, 3000."""
    system, known = ggd.MassActionReactions(REACTIONS), ggd.MassActionReactions(REACTIONS)  # the model changes dtype
    entropy, dissipation = ggd.ConcaveEntropy(system.dim, width=10), ggd.ConvexDissipation(system.dim, width=10)
    pair, epochs = {
        "prescribed_entropy": ((known.entropy, dissipation), 2500),
        "prescribed_dissipation": ((entropy, known.dissipation), 2500),
        "general": ((entropy, dissipation), 3000),
    }[mode]
    data = ggd.simulate(system, trajectories=128, points=2048, dt=0.005, seed=21)
    train, test = data.split(test_fraction=0.2, seed=0)
    return Case(f"reactions_{mode}", train, {"test": (system, test)}, ggd.GradientDynamics(*pair), epochs)


def diffusion() -> Case:
    """Chapter 5: networks over all 64 cells, 1500 epochs, four test sets."""
    model = ggd.GradientDynamics(ggd.ConcaveEntropy(64), ggd.ConvexDissipation(64))
    train = ggd.simulate(ggd.FickianDiffusion(), trajectories=1024, points=64, dt=0.03, seed=21, substeps=1)
    tests = {}
    for i, (name, profile) in enumerate(profiles.TEST_SETS.items()):
        system = ggd.FickianDiffusion(profile=profile)
        tests[name] = system, ggd.simulate(system, trajectories=200, points=64, dt=0.03, seed=100 + i, substeps=1)
    return Case("diffusion", train, tests, model, 1500)


def new_case(case: str) -> Case:
    """The case of a name."""
    if case == "diffusion":
        return diffusion()
    return particle(int(case)) if case in ("1", "2") else reactions(case)


def measure(model: ggd.GradientDynamics, system: ggd.GradientDynamics, test: ggd.Trajectories) -> dict[str, Any]:
    """The metrics, the errors of all velocities, and four frames of one rollout."""
    report = ggd.evaluate(model, system, test)
    metrics = {key: value for key, value in report.metrics.items() if math.isfinite(value)}  # rollouts may overflow
    frames: Tensor = report.rollout[2, torch.linspace(0, report.rollout.shape[1] - 1, 4).long()]
    return {"metrics": metrics, "velocity_errors": report.velocity_errors.tolist(), "examples": frames.tolist()}


def main(case: str, every: int, seed: int) -> None:
    torch.set_flush_denormal(True)  # saturated units in float32 make numbers that are five times slower otherwise
    torch.set_num_threads(1)
    name, train, tests, model, epochs = new_case(case)
    ggd.kaiming_normal_(model, seed)
    checkpoint = ROOT / "runs" / f"thesis_{name}_{every}_{seed}.ckpt"
    checkpoint.parent.mkdir(exist_ok=True)
    recipe = ggd.AdamThenLBFGS(epochs=epochs, every=every)
    history = ggd.fit(model.float(), train, recipe, seed=seed, checkpoint=checkpoint)
    measured = {test: measure(model.double(), *tests[test]) for test in tests}
    for scores in measured.values():
        scores["metrics"]["train_seconds"] = history.seconds[-1]
    kept = {
        "command": f"python tests/benchmarks/thesis_recipe.py {case} {every} {seed}",
        "date": datetime.date.today().isoformat(),
        "every": every,
        "seed": seed,
        "epochs": len(history.losses),
        "losses": history.losses,
        "seconds": history.seconds,
    }
    for key in ("metrics", "velocity_errors", "examples"):
        values = {test: scores[key] for test, scores in measured.items()}
        kept[key] = values if len(values) > 1 else values["test"]
    (ROOT / "data" / f"{name}_thesis.json").write_text(json.dumps(kept) + "\n")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
