"""Every way to learn one damped oscillator, from several seeds (of data and networks): `data/08_learners.json`.

    .venv/bin/python tests/benchmarks/learners.py FIRST LAST

The oscillator at one temperature, `(q, p)`, and with the bath that it heats, `(q, p, s)`; 60 trajectories, of which the
last 12 are the test, and the first 48 or the first 4 for training. All learners have about the same number of weights
and the same number of iterations (`ITERATIONS`, all starts together) on the same points; CPU seconds are kept, too. The
PINN sees positions of one trajectory. Metriplectic learners and wedges need a state with the heat in it, the balance of
momentum one without. At last what is known of the HNN: an oscillator without friction, over ten horizons.

    velocity_mse, rollout_mse   on the test trajectories, against the known law
    outside                     mean squared error of the velocity over its mean square, in a shell of 1 to 1.25 boxes
    energy_drift                largest error of the known energy on the rollouts; with a bath that is its drift
    energy_error                relative error of what the learner takes for the energy, after the best scale and shift
    degeneracy_*                largest |dE . x'| over the size of its terms, own energy; with a bath only
    min_entropy_production_*    smallest own dS/dt on random states of the box; at one temperature, of -dH/dt
    min_known_entropy_production    the same of the known entropy (energy), after training

`*` is `untrained` or `trained`. What a learner does not have is left out.
"""

import math
import sys
import time
from collections.abc import Callable, Iterator

import torch
from kept import about, keep
from torch import Tensor, nn

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


# ---------------------------------------------------------------- what is measured
def own_energy(model: nn.Module) -> Callable[[Tensor], Tensor] | None:
    """What a learner takes for the energy; of a VONN without one, the free energy `-S`."""
    if isinstance(model, ggd.OnsagerNetwork):
        return lambda x: -model.entropy(x)
    return getattr(model, "energy", None)


@torch.no_grad()
def rate(function: Callable[[Tensor], Tensor], velocity: Tensor, x: Tensor) -> Tensor:
    """How fast a function of the state changes, `(count,)`."""
    return (torch.func.grad(lambda x: function(x).sum())(x) * velocity).sum(-1)


@torch.no_grad()
def own_laws(model: nn.Module, x: Tensor, velocity: Tensor, when: str) -> Numbers:
    """Both laws by a learner's own potentials; one without an entropy has `-H` instead."""
    energy, entropy, found = own_energy(model), getattr(model, "entropy", None), {}
    if energy is None:
        return {}
    if x.shape[-1] == 3 and not isinstance(model, ggd.OnsagerNetwork):
        found[f"degeneracy_{when}"] = ggd.generic_measures.degeneracy(model, energy, x)
    if entropy is not None or x.shape[-1] == 2:
        risen = rate(entropy or (lambda x: -energy(x)), velocity, x)
        found[f"min_entropy_production_{when}"] = risen.min().item()
    return found


def random_states(system) -> Tensor:
    return system.sample_states(10_000, torch.Generator().manual_seed(0))


def relative_misfit(found: Tensor, true: Tensor) -> float:
    """`|c found - true| / |true|` with the best scale `c`, both less their means."""
    found, true = found - found.mean(), true - true.mean()
    scale = (found @ true) / (found @ found).clamp_min(1e-300)
    return ((scale * found - true).norm() / true.norm()).item()


def shell(system, count: int, seed: int) -> Tensor:
    """States in the box stretched by 1.25 about its centre, but outside the box itself."""
    low, high = torch.tensor(system.box, dtype=torch.float64).T
    unit = torch.rand(8 * count, len(low), generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    away = 1.25 * (2 * unit - 1)
    return (low + high) / 2 + (high - low) / 2 * away[away.abs().amax(-1) > 1][:count]


@torch.no_grad()
def judged(model: nn.Module, system, test: ggd.Trajectories) -> Numbers:
    """Velocities, rollouts, the known energy and entropy, the world outside, and both laws by its own potentials."""
    flat, outside = test.states[:, ::5].flatten(0, 1), shell(system, 2000, 1)
    box = random_states(system)
    velocity = model(box)
    path = ggd.rk4(model, test.states[:, 0], 5 * test.dt, len(test.times[::5]))
    known = test.states[:, ::5]
    entropy = (lambda x: x[..., -1]) if isinstance(system, ggd.GENERIC) else (lambda x: -system.energy(x))
    found = {
        "velocity_mse": (model(flat) - system(flat)).square().mean(),
        "rollout_mse": (path - known).square().mean(),
        "outside": (model(outside) - system(outside)).square().mean() / system(outside).square().mean(),
        "energy_drift": (system.energy(path) - system.energy(known)).abs().max(),
        "min_known_entropy_production": rate(entropy, velocity, box).min(),
    }
    energy = own_energy(model)
    numbers = {name: value.item() for name, value in found.items()}
    if energy is not None:
        numbers["energy_error"] = relative_misfit(energy(flat), system.energy(flat))
    numbers |= own_laws(model, box, velocity, "trained")
    return {name: math.inf if math.isnan(value) else value for name, value in numbers.items()}


def learned(model: nn.Module, system, training: ggd.Trajectories, test: ggd.Trajectories, seed: int) -> Numbers:
    """Train a learner and measure it, before and after."""
    box = random_states(system)
    with torch.no_grad():
        numbers = {"parameters": ggd.count_learned(model)} | own_laws(model, box, model(box), "untrained")
    began = time.process_time()
    history = ggd.fit(model, training, recipe(objective_of(model)), seed=seed, progress=False)
    numbers |= {"iterations": len(history.losses), "cpu_seconds": time.process_time() - began}
    return numbers | judged(model, system, test)


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
    return told | judged(model.law(), system, test)


@torch.no_grad()
def ten_horizons(model: nn.Module, system, test: ggd.Trajectories) -> float:
    """The drift of the known energy over ten horizons."""
    energy = system.energy(ggd.rk4(model, test.states[:, 0], 0.5, 201, substeps=20))
    return (energy - energy[:, :1]).abs().max().item()


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
    system = ggd.DuffingOscillator(friction=0.0)
    data = ggd.simulate(system, trajectories=60, points=501, dt=0.02, seed=seed)
    for learner in ("HNN", "plain network"):
        model, test = mechanics(seed)[learner], data.select(torch.arange(48, 60))
        numbers = learned(model, system, data.select(torch.arange(48)), test, seed)
        yield (
            f"no friction/48/{learner}",
            numbers | {"energy_drift_ten_horizons": ten_horizons(model, system, test)},
        )


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
