"""What is known of Hamiltonian networks, as a check of ours: a swing without friction: `data/08_undamped.json`.

    .venv/bin/python tests/benchmarks/undamped.py FIRST LAST

An HNN and a plain network of its size learn an oscillator without friction from 48 trajectories; both then run ten
times as long. `energy_drift_ten_horizons` is the largest change of the known energy on the way.
"""

import sys

import torch
from kept import about, keep
from learners import mechanics

import ggd_helpers as ggd

ITERATIONS = 1500
RECIPE = ggd.SelfScaledBFGS(
    ggd.ScaledDifferences(), iterations=ITERATIONS, points=36, restarts=4, trial=40, tolerance=1e-14, patience=300
)


def run(seed: int) -> dict[str, dict[str, float]]:
    """The numbers of one seed, by learner."""
    system, found = ggd.DuffingOscillator(friction=0.0), {}
    data = ggd.simulate(system, trajectories=60, points=501, dt=0.02, seed=seed)
    train, test = data.select(torch.arange(48)), data.select(torch.arange(48, 60))
    for name in ("HNN", "plain network"):
        model = mechanics(seed)[name]
        history = ggd.fit(model, train, RECIPE, seed=seed, progress=False)
        numbers = ggd.learners.judged(model, system, test) | {"iterations": len(history.losses)}
        drift = ggd.learners.drift_over(model, system, test.states[:, 0], dt=0.5, points=201)
        found[name] = numbers | {"energy_drift_ten_horizons": drift}
        print(seed, name, {key: float(f"{value:.2g}") for key, value in found[name].items()}, flush=True)
    return found


def main(first: int, last: int) -> None:
    seeds = [*range(first, last + 1)]
    rows = [run(seed) for seed in seeds]
    metrics = {name: {key: [row[name][key] for row in rows] for key in rows[0][name]} for name in rows[0]}
    keep("08_undamped", {"seeds": seeds, "iterations": ITERATIONS, "metrics": metrics, "about": about()})


if __name__ == "__main__":
    torch.set_num_threads(1)
    main(int(sys.argv[1]), int(sys.argv[2]))
