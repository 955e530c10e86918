"""STIV, the line without training: where its family is exact, and what a free energy and jumps must do where not."""

import math
from functools import partial

import numpy as np
import pytest
import torch
from conftest import chord_excess, normal, refused
from scipy.integrate import quad

from ggd_helpers.evaluation.errors import relative_error
from ggd_helpers.integrators import rk4_along
from ggd_helpers.internal_variables import stiv
from ggd_helpers.internal_variables.kramers import Kramers
from ggd_helpers.recordings.ensembles import pool
from ggd_helpers.recordings.simulate_ensembles import simulate_groups
from ggd_helpers.systems import protocols
from ggd_helpers.systems.protocols import inputs_of
from ggd_helpers.systems.spring_chain import SpringChain
from ggd_helpers.systems.trapped_bead import TrappedBead

CHAIN = SpringChain()
LAWS = {"local": stiv.LocalPhases, "neighbours": stiv.PhasesWithNeighbours}


def state(springs=10, seed=20):
    """Strains and shares of three chains."""
    strain = 1 + 0.7 * normal((3, springs), seed)
    return strain, torch.sigmoid(2 * normal((3, springs), seed + 1))


# --- the trap ---


def test_the_gaussian_family_is_exact_for_the_bead():
    """Mean and force under a ramp by hand; the variance stays."""
    bead, times = TrappedBead(stiffness=2.0, anchor=0.5, viscosity=1.5, thermal_energy=0.03), torch.linspace(0, 3, 301)
    inputs = inputs_of([protocols.ramp(0.8)], times.double())
    found, t, rate = stiv.trap(bead, inputs, 0.01), times.double(), 2.5 / 1.5
    mean = 2 / 1.5 * 0.8 * (t / rate - (1 - torch.exp(-rate * t)) / rate**2)
    assert (found.mean[0, :, 0] - mean).abs().max() < 1e-6
    assert (found.variance - 0.03 / 2.5).abs().max() < 1e-12
    assert (found.force[0, :, 0] - 2 * (0.8 * t - mean)).abs().max() < 1e-5


def test_a_cloud_of_another_width_relaxes_as_the_ornstein_uhlenbeck_process():
    """`var(t) = v + (var(0) - v) exp(-2 rate t)`, though the family's parameter is the deviation."""
    bead = TrappedBead(stiffness=2.0, anchor=0.5, viscosity=1.5, thermal_energy=0.03)
    start, inputs = torch.tensor([[0.2, 0.3]], dtype=torch.float64), torch.zeros(1, 401, 1, dtype=torch.float64)
    path, t = rk4_along(stiv.gaussian(bead), start, inputs, 0.01), 0.01 * torch.arange(201, dtype=torch.float64)
    decay = torch.exp(-2 * 2.5 / 1.5 * t)
    assert (path[0, :, 1] ** 2 - (0.012 + (0.09 - 0.012) * decay)).abs().max() < 1e-7
    assert (path[0, :, 0] - 0.2 * decay.sqrt()).abs().max() < 1e-7


# --- rates ---


@pytest.mark.parametrize(("bath", "tension"), [(0.05, 0.0), (0.05, 0.6), (0.2, -0.5), (0.02, 0.3)])
def test_kramers_rates_are_their_integrals(bath, tension):
    chain = SpringChain(thermal_energy=bath, viscosity=2.0)

    def energy(e):
        return (min(e**2, (e - 2) ** 2) / 2 - tension * e) / bath

    bottom = -(tension**2) / 2 / bath
    well = quad(lambda e: math.exp(bottom - energy(e)), -4, 1, points=[tension])[0]
    barrier = quad(lambda e: math.exp(energy(e) - bottom), tension, 2 + tension, points=[1])[0]
    rate = bath / 2.0 / (well * barrier)
    found = Kramers(chain).up(torch.tensor([tension], dtype=torch.float64)).item()
    assert found == pytest.approx(rate, rel=5e-3)


def test_a_high_barrier_has_the_arrhenius_rate_over_a_cusp():
    """`rate = (eta^-1 k) sqrt(b / (pi kB T)) exp(-b / kB T)`, barrier `b = k d^2 / 8`: both sides of the cusp count."""
    chain = SpringChain(thermal_energy=0.02, distance=2.5)
    barrier = 2.5**2 / 8
    rate = math.sqrt(barrier / math.pi / 0.02) * math.exp(-barrier / 0.02)
    assert Kramers(chain).up(torch.zeros(1, dtype=torch.float64)).item() == pytest.approx(rate, rel=0.05)


def test_jumps_up_and_down_balance_as_the_weights_of_the_wells():
    tension = torch.linspace(-0.5, 0.5, 11, dtype=torch.float64)
    rates = Kramers(CHAIN)
    ratio = (rates.up(tension) / rates.down(tension)).log()
    assert (ratio - 2 * tension / 0.05).abs().max() < 0.02 * (2 * 0.5 / 0.05)


# --- the chain ---


def test_the_rates_of_the_pair_are_those_of_its_potentials():
    law, z = stiv.LocalPhases(CHAIN), torch.cat(state(), dim=-1)
    z_star = law.entropy.at(torch.full((3, 1), 0.4, dtype=torch.float64)).conjugate(z)
    potential = law.dissipation
    slope = torch.func.grad(lambda y: potential(z, y).sum())(z_star)
    assert ((potential.flux(z, z_star) - slope).abs() / (1 + slope.abs())).max() < 1e-10
    y, zero = 0.3 * normal((3, 20), 5), torch.zeros(3, 20, dtype=torch.float64)
    assert potential(z, zero).abs().max() < 1e-15
    assert potential.flux(z, zero).abs().max() < 1e-15
    assert potential(z, y).min() > 0
    excess = chord_excess(lambda y: potential(z, y), y, -2 * y, torch.full((3,), 0.3, dtype=torch.float64))
    assert excess.max() < 1e-12


def test_jumps_of_the_pair_are_up_and_down_at_the_own_tension():
    """Where the ratio of Kramers' rates is that of the free energy, at weak tension."""
    law, (_, share) = stiv.LocalPhases(CHAIN), state()
    stress = 0.3 * torch.tanh(normal((3, 10), 7))
    z = torch.cat([stress + 2 * share, share], dim=-1)
    found = law.at(torch.zeros(3, 1, dtype=torch.float64))(z)[:, 10:]
    up, down = Kramers(CHAIN).up(stress), Kramers(CHAIN).down(stress)
    ends = torch.tensor([1.0] + [2.0] * 8 + [1.0], dtype=torch.float64)
    known = ends * (up * (1 - share) - down * share)
    assert ((found - known).abs() / (ends * (up + down))).max() < 0.02


@pytest.mark.parametrize("law", LAWS.values(), ids=LAWS)
def test_strains_move_by_the_differences_of_tensions(law):
    """`eta x_i' = s_(i+1) - s_i`, exactly what the mean of the Langevin equation says, and the load on the last."""
    chain = SpringChain(5, viscosity=1.7, stiffness=1.2)
    strain, share = state(5)
    load = normal((3, 1), 9)
    rate = law(chain).at(load)(torch.cat([strain, share], dim=-1))[:, :5]
    tension = np.concatenate([1.2 * (strain - 2 * share).numpy(), load.numpy()], axis=1)
    for i in range(5):
        places = sum(rate[:, j] for j in range(i + 1)).numpy()
        assert np.abs(places - (tension[:, i + 1] - tension[:, i]) / 1.7).max() < 1e-12


def balance_of_free_energy(tension):
    return torch.sigmoid(2 * tension / 0.05)


def balance_of_kramers(tension):
    up, down = Kramers(CHAIN).up(tension), Kramers(CHAIN).down(tension)
    return up / (up + down)


@pytest.mark.parametrize(
    ("law", "balance"),
    [(stiv.LocalPhases, balance_of_free_energy), (stiv.PhasesWithNeighbours, balance_of_kramers)],
    ids=LAWS,
)
@pytest.mark.parametrize("tension", [-0.1, 0.0, 0.15])
def test_a_chain_at_rest_rests(law, balance, tension):
    """Equal tensions that are the load, and shares that balance the wells: its own balance, or that of the rates."""
    s = torch.full((1, 10), tension, dtype=torch.float64)
    z = torch.cat([s + 2 * balance(s), balance(s)], dim=-1)
    assert law(CHAIN).at(s[:, :1])(z).abs().max() < 1e-12
    assert balance(s)[0, 0].item() == pytest.approx(torch.sigmoid(2 * s / 0.05)[0, 0].item(), abs=0.005)


@pytest.mark.parametrize("law", LAWS.values(), ids=LAWS)
def test_a_chain_of_fixed_length_keeps_it_and_falls_in_free_energy(law):
    strain, share = state()
    lengths = (strain.sum(-1) + 10)[:, None, None].expand(3, 201, 1)
    found = stiv.under_pull(law(CHAIN), strain, share, lengths, 0.1)
    assert (found.strain.sum(-1) - strain.sum(-1)[:, None]).abs().max() < 1e-9
    assert -1e-6 < found.share.min() <= found.share.max() < 1 + 1e-6
    p = found.share.clamp(1e-12, 1 - 1e-12)
    free = (0.5 * (found.strain - 2 * p) ** 2 + 0.05 * (p * p.log() + (1 - p) * (1 - p).log())).sum(-1)
    assert free.diff(dim=1).max() < 1e-9
    assert (free[:, 0] - free[:, -1]).min() > 0.5


def test_the_second_law_of_the_pair():
    law = stiv.LocalPhases(CHAIN)
    for seed in range(20, 40, 2):
        production = law.at(torch.zeros(3, 1, dtype=torch.float64)).entropy_production(torch.cat(state(10, seed), -1))
        assert production.min() > 0


def test_the_load_that_a_pull_needs_gives_the_same_motion_back():
    half = torch.full((2, 10), 0.5, dtype=torch.float64)
    pull = inputs_of([protocols.stretch(20.0), protocols.stretch(20.0, speed=-0.3)], 0.1 * torch.arange(301).double())
    law = stiv.PhasesWithNeighbours(CHAIN)
    pulled = stiv.under_pull(law, 2 * half, half, pull, 0.1)
    loaded = stiv.under_force(law, 2 * half, half, pulled.force, 0.1)
    assert (loaded.strain - pulled.strain).abs().max() < 0.003
    assert (pulled.strain.sum(-1) + 10 - pull[..., 0]).abs().max() < 0.003
    assert (pulled.strain - 2 * half[:, None]).abs().max() > 1


def test_the_chain_is_followed_as_well_as_the_prototype_did():
    """Neighbours' tension within a few percent of the simulation, twice as well as the own one; see benchmarks."""
    drive = partial(inputs_of, [protocols.stretch(15.0), protocols.stretch(21.0), protocols.wavy_stretch(20.0)])
    data = pool(simulate_groups(CHAIN, drive, 400, points=301, dt=0.1, seed=20, bins=100))
    strain, share, force = data.mean, CHAIN.upper_share(data), CHAIN.pull(data)
    errors = {}
    for name, law in LAWS.items():
        made = stiv.under_pull(law(CHAIN), strain[:, 0], share[:, 0], data.inputs, 0.1)
        pairs = ((made.strain, strain), (made.share, share), (made.force, force))
        errors[name] = [100 * relative_error(a[:, 1:], b[:, 1:]) for a, b in pairs]
    assert errors["neighbours"][0] < 4
    assert errors["neighbours"][1] < 6
    assert errors["neighbours"][2] < 2.5
    assert errors["local"][2] > 1.5 * errors["neighbours"][2]


BAD = {
    "wrong shape": (lambda z: stiv.under_pull(z, *state(9), lengths(), 0.1), "strain and share", "(3, 10)", "(3, 9)"),
    "share 2": (lambda z: stiv.under_pull(z, state()[0], 0 * state()[1] + 2, lengths(), 0.1), "share must be 0 to 1"),
    "NaN": (lambda z: stiv.under_force(z, math.nan * state()[0], state()[1], lengths(), 0.1), "strain hold NaN"),
    "no time": (lambda z: stiv.under_force(z, *state(), lengths(), 0.0), "dt must be positive", "got 0.0"),
    "three times": (lambda z: stiv.under_pull(z, *state(), lengths(3), 0.1), "4 times or more", "got 3"),
}


def lengths(times=21):
    return torch.full((3, times, 1), 20.0, dtype=torch.float64)


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD)
def test_bad_input_is_refused_in_one_sentence(bad):
    attempt, *words = bad
    with refused(*words):
        attempt(stiv.PhasesWithNeighbours(CHAIN))
