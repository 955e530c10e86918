"""GENERIC and damped mechanics learned from several seeds (of data and networks): `data/08_generic.json`.

    .venv/bin/python tests/benchmarks/generic_laws.py FIRST LAST

Of 60 trajectories 48 are for training. Each system with Xi learned, and with E and Xi (`_open`), and a plain network of
the size of the latter beside it (`_plain`), all by one recipe. Two seeds go side by side.
"""

import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor

import torch
from kept import about, keep
from torch import nn

import ggd_helpers as ggd

RECIPE = ggd.SelfScaledBFGS(
    ggd.ScaledDifferences(), iterations=1500, points=36, restarts=4, trial=40, tolerance=1e-14, patience=300
)
SYSTEMS = {
    "heat_bath": (ggd.HeatBathOscillator(), ggd.ChannelDissipation),
    "motor": (ggd.ChemicalMotor(), ggd.ChannelDissipation),
    "viscoplastic": (ggd.PerzynaBar(), ggd.RampDissipation),
}
DAMPED = ggd.DuffingOscillator()

Numbers = dict[str, float]


def learned(system, seed: int, model: nn.Module, measures: list[Callable]) -> Numbers:
    """Train a model on a system's trajectories, and judge it on others."""
    data = ggd.simulate(system, trajectories=60, points=501, dt=0.02, seed=seed)
    began = time.process_time()
    ggd.fit(model, data.select(torch.arange(48)), RECIPE, seed=seed, progress=False)
    told = {"cpu_seconds": time.process_time() - began, "parameters": ggd.count_learned(model)}
    return ggd.evaluate(model, data.select(torch.arange(48, 60)), measures).metrics | told


def run(seed: int) -> dict[str, Numbers]:
    """All numbers of one seed, by experiment."""
    torch.set_num_threads(1)
    measures, found = ggd.generic_measures, {}
    damped = ggd.DampedMechanics(ggd.LearnedEnergy(2), ggd.Seeing(ggd.ChannelDissipation(0, 1), ()), seed=seed)
    of_damped = ggd.measures.of_law(DAMPED)
    found["duffing_damped"] = learned(DAMPED, seed, damped, [*of_damped, measures.potentials(DAMPED)])
    found["duffing_damped_plain"] = learned(DAMPED, seed, ggd.PlainNetwork.like(damped, 2, seed), of_damped)
    for name, (system, friction) in SYSTEMS.items():
        n, against = len(system.box), measures.against(system)
        model = ggd.learned_beside(system, system.energy, friction, seed)
        model_open = ggd.learned_beside(system, ggd.LearnedEnergy(n), friction, seed)
        plain = ggd.PlainNetwork.like(model_open, n, seed)
        found[name] = learned(system, seed, model, against)
        found[f"{name}_open"] = learned(system, seed, model_open, against)
        found[f"{name}_plain"] = learned(system, seed, plain, measures.of_motion(system))
    return found


def main(first: int, last: int) -> None:
    seeds = [*range(first, last + 1)]
    with ProcessPoolExecutor(2) as pool:
        rows = list(pool.map(run, seeds))
    metrics = {name: {key: [row[name][key] for row in rows] for key in rows[0][name]} for name in rows[0]}
    for name, numbers in metrics.items():
        for key, values in numbers.items():
            print(f"{name:22s} {key:24s}", *(f"{value:9.1e}" for value in values))
    keep("08_generic", {"seeds": seeds, "metrics": metrics, "failed_claims": {}, "about": about()})


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
