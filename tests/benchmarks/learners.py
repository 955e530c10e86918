"""Every way to learn one damped oscillator, from several seeds (of data and networks): `data/08_learners.json`.

    .venv/bin/python tests/benchmarks/learners.py FIRST LAST

The oscillator at one temperature, `(q, p)`, and with the bath that it heats, `(q, p, s)`; 60 trajectories, of which the
last 12 are the test, and the first 48 or the first 4 for training. All learners have about the same number of weights
and the same number of iterations (`ITERATIONS`, all starts together) on the same points; CPU seconds are kept, too. The
PINN sees positions of one trajectory. Metriplectic learners and wedges need a state with the heat in it, the balance of
momentum one without.

What is measured: `ggd.learners`.
"""

import sys
import time
from collections.abc import Iterator

import torch
from kept import about, keep
from torch import nn

import ggd_helpers as ggd

ITERATIONS, TRIAL = 600, 40
COUNTS = (48, 4)
Numbers = dict[str, float]


def recipe(objective) -> ggd.SelfScaledBFGS:
    return ggd.SelfScaledBFGS(
        objective, iterations=ITERATIONS, points=36, restarts=4, trial=TRIAL, tolerance=1e-14, patience=ITERATIONS
    )


def mechanics(seed: int) -> dict[str, nn.Module]:
    """Learners of `(q, p)`."""
    energy, canonical = ggd.LearnedEnergy, ggd.CanonicalPoisson()
    return {
        "plain network": ggd.PlainNetwork(2, 18, seed=seed),
        "HNN": ggd.HamiltonianNetwork(energy(2, 18), canonical, seed),
        "D-HNN": ggd.DissipativeHamiltonianNetwork(energy(2, 12), energy(2, 12), canonical, seed),
        "VONN, raw": ggd.OnsagerNetwork(ggd.LearnedEntropy(2, 10), ggd.ConvexDissipation(2, width=5), seed),
        "VONN in the balance": ggd.OnsagerInBalance(energy(1, 14), ggd.ChannelDissipation(1, 1, 3), seed=seed),
        "damped mechanics": ggd.DampedMechanics(energy(2, 13), ggd.ChannelDissipation(2, 1, 3), seed),
    }


def with_bath(seed: int) -> dict[str, nn.Module]:
    """Learners of `(q, p, s)`."""
    energy, entropy, channels = ggd.LearnedEnergy, ggd.LearnedEntropy, ggd.ChannelDissipation
    canonical, heat = ggd.CanonicalPoisson(), ggd.EntropyCoordinate()
    every = ((0, 1), (0, 2), (1, 2))
    on_p = ggd.Seeing(channels(1, 1), (2,))
    wedge = ggd.GENERIC
    return {
        "plain network": ggd.PlainNetwork(3, 20, seed=seed),
        "HNN": ggd.HamiltonianNetwork(energy(3, 20), canonical, seed),
        "D-HNN": ggd.DissipativeHamiltonianNetwork(energy(3, 14), energy(3, 14), canonical, seed),
        "VONN, raw": ggd.OnsagerNetwork(entropy(3, 12), ggd.ConvexDissipation(3, width=5), seed),
        "soft metriplectic": ggd.SoftMetriplectic(energy(3, 9), entropy(3, 9), 3, 6, seed),
        "projected": ggd.ProjectedMetriplectic(energy(3, 8), entropy(3, 8), ggd.ProjectedPoisson(3, 6), 3, 6, seed),
        "projected, L and S given": ggd.ProjectedMetriplectic(energy(3, 15), heat, canonical, 3, 8, seed),
        "wedge": wedge(energy(3, 10), entropy(3, 10), ggd.LearnedPoisson(), channels(3, 3, 3, 6), every, seed),
        "wedge, L and S given": wedge(energy(3, 14), heat, canonical, channels(3, 2), ((0, 2), (1, 2)), seed),
        "wedge, friction on p": wedge(energy(3, 16), heat, canonical, on_p, ((1, 2),), seed),
    }


def objective_of(model: nn.Module):
    """Velocities in units of their spread; what a learner cannot do without beside it, or instead."""
    if isinstance(model, ggd.OnsagerNetwork):
        return ggd.OnsagerResidual()
    return ggd.PenalisedDegeneracies() if isinstance(model, ggd.SoftMetriplectic) else ggd.ScaledDifferences()


def learned(model: nn.Module, system, training: ggd.Trajectories, test: ggd.Trajectories, seed: int) -> Numbers:
    """Train a learner and measure it, before and after."""
    numbers = {"parameters": ggd.count_learned(model)} | ggd.learners.own_laws(model, system, "untrained")
    began = time.process_time()
    history = ggd.fit(model, training, recipe(objective_of(model)), seed=seed, progress=False)
    numbers |= {"iterations": len(history.losses), "cpu_seconds": time.process_time() - began}
    return numbers | ggd.learners.judged(model, system, test)


def inverse_problem(system, data: ggd.Trajectories, test: ggd.Trajectories, seed: int) -> Numbers:
    """The PINN: 51 positions of one trajectory with errors of 0.01."""
    began, clean = time.process_time(), data.states[:1, ::10]
    error = torch.randn(clean.shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    measured = ggd.Trajectories(clean + 0.01 * error, 10 * data.dt)
    model = ggd.PhysicsInformedOscillator(float(measured.times[-1]), width=18, seed=seed)
    history = ggd.fit(model, measured, recipe(ggd.PhysicsInformed()), seed=seed, progress=False)
    told = {"parameters": ggd.count_learned(model), "iterations": len(history.losses)}
    told |= dict(zip("abc", model.coefficients.tolist(), strict=True))
    told["cpu_seconds"] = time.process_time() - began
    return told | ggd.learners.judged(model.law(), system, test)


def results(seed: int) -> Iterator[tuple[str, Numbers]]:
    """All numbers of one seed, by learner."""
    for name, system, learners in (
        ("mechanics", ggd.DuffingOscillator(), mechanics),
        ("bath", ggd.DuffingInBath(), with_bath),
    ):
        data = ggd.simulate(system, trajectories=60, points=501, dt=0.02, seed=seed)
        test = data.select(torch.arange(48, 60))
        for count in COUNTS:
            training = data.select(torch.arange(count))
            for learner, model in learners(seed).items():
                yield f"{name}/{count}/{learner}", learned(model, system, training, test, seed)
        if name == "mechanics":
            yield f"{name}/1/PINN", inverse_problem(system, data, test, seed)


def run(seed: int) -> dict[str, Numbers]:
    found = {}
    for name, numbers in results(seed):
        found[name] = numbers
        print(seed, name, {key: float(f"{value:.2g}") for key, value in numbers.items()}, flush=True)
    return found


def main(first: int, last: int) -> None:
    seeds, began = [*range(first, last + 1)], time.perf_counter()
    rows = []
    for seed in seeds:
        rows.append(run(seed))
        passed = time.perf_counter() - began
        print(f"{passed / 60:.0f} min passed, {passed / 60 / len(rows) * (len(seeds) - len(rows)):.0f} min to go")
    metrics = {name: {key: [row[name][key] for row in rows] for key in rows[0][name]} for name in rows[0]}
    cpu = sum(numbers["cpu_seconds"] for row in rows for numbers in row.values())
    print(f"{len(seeds)} seeds: {time.perf_counter() - began:.0f} s in all, {cpu:.0f} CPU seconds of training")
    keep("08_learners", {"seeds": seeds, "iterations": ITERATIONS, "metrics": metrics, "about": about()})


if __name__ == "__main__":
    torch.set_num_threads(1)
    main(int(sys.argv[1]), int(sys.argv[2]))
