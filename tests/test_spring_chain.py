"""The chain of two-well springs against direct quadrature, closed forms and the Fokker-Planck equation."""

import math
from functools import partial

import numpy as np
import pytest
import torch
from conftest import normal

from ggd_helpers.recordings.ensembles import Ensembles, pool, share_linearly
from ggd_helpers.recordings.simulate_ensembles import heun, simulate_groups
from ggd_helpers.systems import protocols
from ggd_helpers.systems.protocols import Protocol, inputs_of
from ggd_helpers.systems.spring_chain import SpringChain

TIMES = 0.1 * torch.arange(301, dtype=torch.float64)
PULLS = partial(inputs_of, [protocols.stretch(5.0), protocols.stretch(9.0)])


def clouds(chain=None, drive=PULLS, realisations=400, seed=20, **options):
    settings = {"points": 61, "dt": 0.1, "groups": 2, "bins": 100} | options
    return simulate_groups(chain or SpringChain(springs=4), drive, realisations, seed=seed, **settings)


def drawn(chain, length, realisations, seed=20):
    u = torch.full((1, 1), length, dtype=torch.float64)
    return chain.sample_equilibrium(u, realisations, torch.Generator().manual_seed(seed))[:, 0], u[0]


def marginal(springs, bath, length, distance=2.0, h=0.01):
    """The density of one strain at rest: its Boltzmann weight times that of all the others, by convolution."""
    e = np.arange(-6, 8 + h / 2, h)
    weight = np.exp(-np.minimum(e**2, (e - distance) ** 2) / (2 * bath))
    others = weight
    for _ in range(springs - 2):
        others = np.convolve(others, weight) * h
    sums = (springs - 1) * e[0] + h * np.arange(len(others))
    density = weight * np.interp(length - springs - e, sums, others)
    return e, density / (density.sum() * h)


# --- equilibrium ---


@pytest.mark.parametrize(
    ("springs", "bath", "length", "distance"),
    [
        (10, 0.05, 12.0, 2),
        (10, 0.05, 20.5, 2),
        (10, 0.5, 17.0, 2),
        (3, 0.5, 2.0, 2),
        (2, 0.2, 4.3, 2),
        (5, 0.2, 8, 1.4),
    ],
)
def test_draws_at_rest_have_the_boltzmann_weight(springs, bath, length, distance):
    """Length, tension, its square, the upper share and the share near the barrier; warm chains test the rejection."""
    chain = SpringChain(springs, thermal_energy=bath, distance=distance)
    x, u = drawn(chain, length, 40_000)
    strain = chain.observe(x, u)
    assert (strain.sum(-1) - (length - springs)).abs().max() < 1e-12
    e, density = marginal(springs, bath, length, distance)
    top, near = distance / 2, 0.295  # between grid points
    tension = np.where(e <= top, e, e - distance)
    known = {
        "strain^2": e**2,
        "tension": tension,
        "tension^2": tension**2,
        "upper": (e > top + 1e-9) + 0.5 * (abs(e - top) < 1e-9),
        "top": abs(e - top) < near,
    }
    tension = chain.measure(x, u)
    found = {
        "strain^2": strain**2,
        "tension": tension,
        "tension^2": tension**2,
        "upper": (strain > top).double(),
        "top": ((strain - top).abs() < near).double(),
    }
    for name, values in found.items():
        each = values.mean(-1)
        error = 5 * each.std().item() / math.sqrt(len(each)) + 1e-6
        assert each.mean().item() == pytest.approx((known[name] * density).sum() * 0.01, abs=error), name


def test_springs_at_rest_are_alike():
    chain = SpringChain(5, thermal_energy=0.3)
    x, u = drawn(chain, 9.0, 40_000)
    strain = chain.observe(x, u)
    assert (strain.mean(0) - 0.8).abs().max() < 5 * strain.std().item() / 200


def test_a_resting_chain_stays_at_rest():
    """After 20 relaxation times the tensions are still those of the Boltzmann weight, up to the order of the step."""
    chain = SpringChain(4, thermal_energy=0.2)
    x, u = drawn(chain, 7.6, 20_000)
    generator = torch.Generator().manual_seed(21)
    for _ in range(400):
        x = heun(chain, x, u, u, 0.05, generator)
    e, density = marginal(4, 0.2, 7.6)
    tension = np.where(e <= 1, e, e - 2)
    for power in (1, 2):
        each = (chain.measure(x, u) ** power).mean(-1)
        error = 5 * each.std().item() / math.sqrt(len(each))
        assert each.mean().item() == pytest.approx((tension**power * density).sum() * 0.01, abs=error)


# --- the law ---


def test_tensions_and_forces_are_slopes_of_the_energy():
    chain = SpringChain(6, stiffness=1.7, distance=1.4, thermal_energy=0.1, viscosity=0.6)
    x, u = 1 + torch.arange(5.0) + 0.8 * normal((9, 5), 1), 8 + normal((9, 1), 2)

    def energy(x, u):
        places = torch.cat([torch.zeros_like(u), x, u], dim=-1)
        e = places[:, 1:] - places[:, :-1] - 1
        return 0.5 * 1.7 * torch.minimum(e**2, (e - 1.4) ** 2).sum()

    by_x, by_u = torch.func.grad(energy, argnums=(0, 1))(x, u)
    assert (chain.entropy(x, u).sum() + energy(x, u)).abs() < 1e-12
    assert (chain.at(u)(x) + by_x / 0.6).abs().max() < 1e-12
    assert (chain.force(x, u) - by_u).abs().max() < 1e-12
    assert (chain.measure(x, u)[:, -1:] - by_u).abs().max() < 1e-12


def test_the_mean_tension_is_the_strain_less_two_shares_sample_by_sample():
    chain = SpringChain(6)
    x, u = drawn(chain, 12.5, 500)
    strain, tension = chain.observe(x, u), chain.measure(x, u)
    upper = (strain > 1).double()
    assert (tension - (strain - 2 * upper)).abs().max() < 1e-14
    grid, lengths = torch.linspace(-3, 5, 90, dtype=torch.float64), u.expand(1, 1, 1)
    shares, outputs = share_linearly(strain, grid)[None, None], tension.mean(0)[None, None]
    data = Ensembles(shares, grid, lengths, 0.1, 500, outputs)
    assert (chain.upper_share(data)[0, 0] - upper.mean(0)).abs().max() < 1e-12


def test_the_pull_is_tension_and_drag():
    chain = SpringChain(4, viscosity=0.7)
    data = pool(clouds(chain, partial(inputs_of, [Protocol("steady", lambda t: 5 + 0.3 * t)])))
    assert (chain.pull(data) - data.measured[..., -1:] - 0.7 * 0.3).abs().max() < 1e-12


# --- how it moves ---


def test_means_follow_the_first_moment_of_the_fokker_planck_equation():
    """`eta <x_i>' = <f_(i+1)> - <f_i>`: the integral over the data, against the mean places, to 5 standard errors."""
    chain = SpringChain(4, viscosity=1.6, stiffness=1.3, thermal_energy=0.1)
    data = pool(clouds(chain, partial(inputs_of, [Protocol("fast", lambda t: 5 + 2 * t)]), 4000, dt=0.05))
    force = data.measured.diff(dim=-1) / 1.6
    moved = torch.cumulative_trapezoid(force, dx=0.05, dim=1)
    places = (data.mean + 1).cumsum(-1)[..., :-1]
    kicks = (2 * chain.diffusivity * data.times[1:] / 4000).sqrt()
    off = places[:, 1:] - places[:, :1] - moved
    assert (off.abs().amax((0, 2)) / kicks).max() < 5
    assert (moved.abs().amax((0, 2)) / kicks).max() > 50  # so that a drag 10 % off would be seen


def test_a_pull_that_sets_in_moves_the_next_particle_less_where_springs_lie_on_the_barrier():
    """From the Fokker-Planck equation: `d<f>/dt = v k (1 - d rho)` with the density `rho` at the barrier, at t = 0.

    Hence `<x> = v k (1 - d rho) t^2 / 2 eta`. The same kicks are given to pulled and resting chains.
    """
    chain, v, dt, steps, count = SpringChain(3, thermal_energy=0.4), 1.0, 0.002, 20, 400_000
    x, u = drawn(chain, 6.0, count)
    pulled, resting = x, x
    for i in range(steps):
        kicks = [torch.Generator().manual_seed(22 + i) for _ in range(2)]
        pulled = heun(chain, pulled, u + i * dt * v, u + (i + 1) * dt * v, dt, kicks[0])
        resting = heun(chain, resting, u, u, dt, kicks[1])
    moved = (pulled - resting)[:, -1]
    e, density = marginal(3, 0.4, 6.0)
    at_barrier = np.interp(1.0, e, density)
    whole = v * (steps * dt) ** 2 / 2
    error = 5 * moved.std().item() / math.sqrt(count)
    assert moved.mean().item() == pytest.approx(whole * (1 - 2 * at_barrier), abs=error + 0.05 * whole)
    assert error + 0.05 * whole < 2 * at_barrier * whole / 3


def test_half_of_the_realisations_are_as_far_off_as_independent_data():
    one, other = ([clouds(seed=seed, realisations=1000)][0] for seed in (20, 21))
    floor = (pool(one).mean - one[0].mean).square().mean().sqrt().item()
    independent = (pool(one).mean - pool(other).mean).square().mean().sqrt().item() / math.sqrt(2)
    assert floor == pytest.approx(independent, rel=0.3)


def test_the_pulls_are_those_of_the_paper():
    """In its units: lengths of 0.01, a drag of 0.1 on springs of stiffness 1."""
    t = 0.1 * TIMES
    for length in (0.12, 0.28):
        pull = (length + 0.05 * t * (1 - torch.exp(-t))) / 0.01
        assert (protocols.stretch(100 * length)(TIMES) - pull).abs().max() < 1e-12
    unseen = (0.2 + 0.05 * t * (1 - torch.exp(-t)) * (1 + 0.2 * torch.sin(math.pi * t))) / 0.01
    assert (protocols.wavy_stretch(20.0)(TIMES) - unseen).abs().max() < 1e-12


def test_a_seed_says_which_chains():
    one, same, other = (pool(clouds(seed=seed)) for seed in (20, 20, 21))
    assert one.fingerprint() == same.fingerprint()
    assert (one.mean - other.mean).abs().max() > 1e-3
