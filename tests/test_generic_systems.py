"""The systems of GENERIC: textbook equations, both laws, SciPy's solver, the order at which energy is conserved."""

import math

import numpy as np
import pytest
import torch
from conftest import refused
from scipy.integrate import solve_ivp

from ggd_helpers.integrators import rk4
from ggd_helpers.recordings.simulate import simulate
from ggd_helpers.systems.generic.gas_containers import GasContainers
from ggd_helpers.systems.generic.motor import ChemicalMotor
from ggd_helpers.systems.generic.oscillators import DuffingInBath, DuffingOscillator, HeatBathOscillator
from ggd_helpers.systems.generic.viscoplastic import PerzynaBar


def duffing(x):
    q, p = x
    return p, q - q**3 - 0.3 * p


def duffing_in_bath(x):
    q, p, s = x
    return p, q - q**3 - 0.3 * p, 0.3 * p**2 / np.exp(s)


def heat_bath(x):
    q, p, s = x
    friction = 0.2 * np.sinh(1.5 * p / np.exp(s))
    return p, -q - friction, p / np.exp(s) * friction


def motor(x):
    q, p, n, s = x
    T = np.exp(s) * n**n * (1 - n) ** (1 - n)
    load = 0.5 + q - n
    rate = 0.5 * ((1 - n) * np.exp(load / (2 * T)) - n * np.exp(-load / (2 * T)))
    heat = 0.2 * p**2 + rate * (load + T * np.log((1 - n) / n))
    return p, n - q - 0.2 * p, rate, heat / T


def perzyna(x):
    q, p, r, s = x
    stress = (q - r) - 0.3 * r
    flow = np.where(stress > 0.4, stress - 0.4, np.where(stress < -0.4, stress + 0.4, 0.0))
    return p, -(q - r), flow, stress * flow / np.exp(s)


def gases(x):
    q, p, S1, S2 = x
    E1, E2 = (np.exp(S1) / q) ** (2 / 3), (np.exp(S2) / (2 - q)) ** (2 / 3)
    heat = 9 / 4 * 0.5 * (1 / E1 - 1 / E2)
    return p, 2 / 3 * (E1 / q - E2 / (2 - q)), heat / E1, -heat / E2


TEXTBOOK = {
    DuffingOscillator: duffing,
    DuffingInBath: duffing_in_bath,
    HeatBathOscillator: heat_bath,
    ChemicalMotor: motor,
    PerzynaBar: perzyna,
    GasContainers: gases,
}
every_system = pytest.mark.parametrize("kind", TEXTBOOK, ids=lambda kind: kind.__name__)
every_generic = pytest.mark.parametrize("kind", [*TEXTBOOK][1:], ids=lambda kind: kind.__name__)


def states_of(system, count, seed=1):
    return system.sample_states(count, torch.Generator().manual_seed(seed))


@every_system
def test_slopes_by_hand_are_those_of_the_formulas(kind):
    system = kind()
    x = states_of(system, 50).reshape(5, 10, -1)
    by_formula = torch.func.grad(lambda x: system.energy(x).sum())(x)
    torch.testing.assert_close(system.energy.gradient(x), by_formula)
    force = system.force(x)
    by_formula = torch.func.grad(lambda force: system.dissipation(x, force).sum())(force)
    torch.testing.assert_close(system.dissipation.flux(x, force), by_formula)


@every_system
def test_the_velocity_is_the_textbook_s(kind):
    system = kind()
    x = states_of(system, 10_000)
    expected = torch.from_numpy(np.stack(TEXTBOOK[kind](x.T.numpy()), -1))
    torch.testing.assert_close(system(x), expected, rtol=1e-11, atol=1e-13)


@every_generic
def test_both_laws_on_many_states(kind):
    system = kind()
    x = states_of(system, 100_000)
    e, s = system.energy.gradient(x), system.conjugate(x)
    assert ((e * system(x)).sum(-1).abs() <= 1e-13 * (e * system(x)).abs().sum(-1)).all()
    assert (s * system(x)).sum(-1).min() >= -1e-12
    assert system.entropy_production(x).min() >= -1e-12
    assert system.entropy_production(x).max() > 1e-2
    assert (system.poisson(x, s, s) == 0).all()


def test_the_damped_oscillator_loses_its_energy_to_friction():
    system = DuffingOscillator(friction=0.7)
    x = states_of(system, 10_000)
    rate = (system.energy.gradient(x) * system(x)).sum(-1)
    torch.testing.assert_close(rate, -0.7 * x[:, 1] ** 2, rtol=0, atol=1e-13)


@every_system
def test_scipy_moves_the_same_way(kind):
    system = kind()
    x0 = system.sample_initial_states(2, torch.Generator().manual_seed(3))
    found = rk4(system, x0, 0.5, 9, substeps=40)
    for start, path in zip(x0, found, strict=True):
        solution = solve_ivp(lambda t, x: TEXTBOOK[kind](x), (0, 4), start.numpy(), t_eval=np.linspace(0, 4, 9),
                             rtol=1e-11, atol=1e-12, max_step=0.1)  # fmt: skip
        tolerance = 1e-4 if kind is PerzynaBar else 1e-6  # a threshold is a kink of the velocity: both lose their order
        np.testing.assert_allclose(path.numpy(), solution.y.T, rtol=0, atol=tolerance)


@pytest.mark.parametrize("make", [DuffingInBath, HeatBathOscillator, ChemicalMotor, GasContainers,
                                  lambda: DuffingOscillator(friction=0.0)])  # fmt: skip
def test_energy_is_conserved_to_the_order_of_the_integrator(make):
    """RK4 with steps half as long drifts 16 times less or better: here the slope is 4 or 5."""
    system = make()
    x0 = system.sample_initial_states(20, torch.Generator().manual_seed(2))

    def drift(steps):
        energy = system.energy(rk4(system, x0, 4 / steps, steps + 1))
        return (energy - energy[:, :1]).abs().max().item()

    coarse, fine = drift(40), drift(80)
    assert 3.5 < math.log2(coarse / fine) < 6
    assert fine < 1e-4


@every_generic
def test_entropy_rises_and_trajectories_stay_in_the_box(kind):
    system = kind()
    data = simulate(system, 60, 101, 0.1, seed=20, substeps=2)
    low, high = torch.tensor(system.box, dtype=torch.float64).T
    inside = ((data.states >= low - 0.05) & (data.states <= high + 0.05)).double().mean()
    assert inside > 0.999
    assert system.entropy(data.states).diff(dim=1).min() >= -1e-12


@every_system
def test_a_friction_sees_only_what_is_named(kind):
    system = kind()
    x, force = states_of(system, 50), system.force(states_of(system, 50, seed=2))
    for coordinate in range(x.shape[-1]):
        moved = x.clone()
        moved[:, coordinate] += 0.01
        same = torch.equal(system.dissipation(moved, force), system.dissipation(x, force))
        assert same == (coordinate not in system.sees), coordinate


def test_below_the_threshold_nothing_is_dissipated():
    x = states_of(PerzynaBar(), 10_000)
    below = (x[:, 0] - 1.3 * x[:, 2]).abs() < 0.4
    production = PerzynaBar().entropy_production(x)
    assert (production[below] == 0).all()
    assert (production[~below] > 0).all()


def test_gases_share_heat_and_volume_in_the_end():
    """Nothing but heat is dissipated, and yet the wall comes to rest in the middle, between equal temperatures."""
    system = GasContainers(conduction=2.0)
    x0 = torch.tensor([0.8, 0.0, 1.2, 1.9], dtype=torch.float64)
    path = rk4(system, x0, 0.5, 31, substeps=8)
    E1, E2 = (path[:, 2].exp() / path[:, 0]) ** (2 / 3), (path[:, 3].exp() / (2 - path[:, 0])) ** (2 / 3)
    gap = (E1 - E2).abs()
    assert gap[-8:].max() < 0.2 * gap[:8].max()
    assert (path[-8:, 0].mean() - 1).abs() < 0.02


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: DuffingOscillator(friction=-0.1), ["friction", "0 or more", "-0.1"]),
        (lambda: DuffingInBath(friction=6), ["friction", "at most 5", "6"]),
        (lambda: HeatBathOscillator(steepness=0), ["steepness", "positive", "0"]),
        (lambda: HeatBathOscillator(friction=math.nan), ["friction", "nan"]),
        (lambda: PerzynaBar(threshold=3), ["threshold", "0 to 2", "3"]),
        (lambda: GasContainers(conduction=-1), ["conduction", "0 to 5", "-1"]),
    ],
)
def test_bad_parameters_are_refused(make, words):
    with refused(*words):
        make()
