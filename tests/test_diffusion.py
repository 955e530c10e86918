"""Diffusion: grids, profiles, systems; against NumPy's FFT, known solutions, and the laws that hold for any D."""

import itertools
import math

import numpy as np
import pytest
import torch
from conftest import normal, refused
from hypothesis import given
from hypothesis import strategies as st

from ggd_helpers.architectures.neighbours import NeighbourNetwork
from ggd_helpers.dynamics.gradient import GradientDynamics
from ggd_helpers.evaluation import measures
from ggd_helpers.evaluation.measures import conservation_drift
from ggd_helpers.evaluation.report import evaluate
from ggd_helpers.grids import PeriodicGrid
from ggd_helpers.integrators import rk4
from ggd_helpers.recordings.regular import Trajectories
from ggd_helpers.recordings.simulate import simulate
from ggd_helpers.systems import profiles
from ggd_helpers.systems.diffusion import (
    FickianDiffusion,
    PorousMedium,
    barenblatt,
    effective_diffusivity,
    on_grid,
)
from ggd_helpers.training.objectives import FlowMatching

ON_A_LINE = {
    "fourier": profiles.fourier,
    "positive_fourier": profiles.positive_fourier,
    "polynomial": profiles.polynomial,
    "discontinuous": profiles.discontinuous,
    "spikes": profiles.spikes,
    "blobs": profiles.blobs,
}
every_profile = pytest.mark.parametrize("profile", ON_A_LINE.values(), ids=ON_A_LINE)
diffusivities = st.floats(1e-4, 1e-1)
dims = st.sampled_from([1, 2])


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def spectral(c0, diffusivity, time):
    """The heat kernel of the discrete Laplacian, by NumPy's FFT: `c0` is an array with one axis for each direction."""
    rate = np.zeros(c0.shape)
    for axis, cells in enumerate(c0.shape):
        eigenvalues = (2 - 2 * np.cos(2 * np.pi * np.arange(cells) / cells)) * cells**2
        rate = rate + eigenvalues.reshape([-1 if i == axis else 1 for i in range(c0.ndim)])
    return np.fft.ifftn(np.fft.fftn(c0) * np.exp(-diffusivity * rate * time)).real


# --- the grid ---


@pytest.mark.parametrize("dim", [1, 2])
def test_the_gradient_looks_across_the_upper_face_and_around_the_period(dim):
    grid, field = PeriodicGrid(5, dim), normal((5**dim,), 1)
    picture = field.numpy().reshape(grid.shape)
    for axis in range(dim):
        expected = (np.roll(picture, -1, axis) - picture) / 0.2
        np.testing.assert_allclose(grid.gradient(field)[axis].numpy().reshape(grid.shape), expected, rtol=1e-14)


@given(st.integers(4, 20), dims, st.integers(0, 1000))
def test_summation_by_parts(cells, dim, seed):
    """`sum f div J = -sum J . grad f`: the discrete integration by parts, with nothing left at the ends."""
    grid = PeriodicGrid(cells, dim)
    f, flux = normal((grid.size,), seed), normal((dim, grid.size), seed + 1)
    left, right = (f * grid.divergence(flux)).sum(), -(flux * grid.gradient(f)).sum()
    assert abs(left - right) <= 1e-12 * cells * grid.size


def test_the_laplacian_of_a_wave():
    grid = PeriodicGrid(32, 2)
    x, y = grid.coordinates()
    wave = torch.cos(2 * math.pi * (3 * x + y))
    factor = -(32**2) * (4 - 2 * math.cos(2 * math.pi * 3 / 32) - 2 * math.cos(2 * math.pi / 32))
    torch.testing.assert_close(grid.laplacian(wave), factor * wave, rtol=0, atol=1e-10)


def test_a_refused_grid():
    with refused("cells", "3", "4 or more"):
        PeriodicGrid(3)
    with refused("dim", "0", "1 or more"):
        PeriodicGrid(8, 0)
    for cells, dim in ((10**9, 1), (10**5, 2), (4, 10**9), (10**400, 1)):
        with refused("cells", "GiB", "fewer cells") if cells < 10**300 else refused("cells", "4 or more"):
            PeriodicGrid(cells, dim)
    PeriodicGrid(4096, 2)


@pytest.mark.parametrize("diffusivity", [1e300, 1e308, 1e3])
def test_more_steps_than_anyone_waits_for_are_refused(diffusivity):
    system = FickianDiffusion(diffusivity, 1024)
    with refused("dt = 1 ", f"diffusivity = {diffusivity:.3g}", "RK4 steps", "1000000", "take a smaller one"):
        system.substeps(1.0)
    if diffusivity > 1e3:
        with refused("rate", "dt = 1") if diffusivity == 1e300 else refused("not finite"):
            simulate(FickianDiffusion(diffusivity, 16), 2, 16, 1.0, seed=0)


@pytest.mark.parametrize("dim", [1, 2])
def test_substeps_keep_every_weight_of_a_step_positive(dim):
    """RK4 on a single full cell shows its weights: all positive with these substeps, not with a fifth of them."""
    system = FickianDiffusion(0.1, 16, dim)
    point = torch.zeros(16**dim, dtype=torch.float64)
    point[0] = 1.0
    for dt in (0.01, 0.1, 1.0):
        substeps = system.substeps(dt)
        assert rk4(system, point, dt / substeps, 2)[-1].min() >= 0
        assert dt / substeps * 0.1 * 16**2 * 2 * dim <= 1 + 1e-9
        assert substeps == 1 or dt / (substeps - 1) * 0.1 * 16**2 * 2 * dim > 1
    assert rk4(system, point, 5 * 1.0 / substeps, 2)[-1].min() < 0


# --- initial states ---


@every_profile
def test_profiles_are_normalised_and_of_their_seed(profile):
    states = profile(PeriodicGrid(64), 200, generator(3))
    assert states.shape == (200, 64)
    assert states.dtype == torch.float64
    torch.testing.assert_close(states.norm(dim=-1), torch.ones(200, dtype=torch.float64), rtol=1e-12, atol=0)
    assert torch.equal(states, profile(PeriodicGrid(64), 200, generator(3)))
    assert not torch.equal(states, profile(PeriodicGrid(64), 200, generator(4)))


@every_profile
def test_profiles_are_concentrations_but_for_fourier(profile):
    lowest = profile(PeriodicGrid(64), 200, generator()).min()
    assert lowest < -0.1 if profile is profiles.fourier else lowest >= 0


@pytest.mark.parametrize("name", ["fourier", "spikes", "blobs"])
def test_a_finer_grid_shows_the_same_function(name):
    coarse = ON_A_LINE[name](PeriodicGrid(64), 20, generator())
    fine = ON_A_LINE[name](PeriodicGrid(256), 20, generator())
    torch.testing.assert_close(fine[:, ::4], coarse, rtol=0, atol=1e-9)


def test_fourier_has_at_most_fifteen_waves_of_falling_size():
    waves = np.abs(np.fft.rfft(profiles.fourier(PeriodicGrid(64), 4000, generator()).numpy()))
    assert waves[:, 16:].max() < 1e-12
    highest = (waves > 1e-9)[:, 1:16].sum(1)
    assert set(highest) == set(range(16))
    full = waves[highest == 15]  # the norm that they are divided by drops out of ratios
    assert 13 < np.exp(np.log(full[:, 1] / full[:, 6]).mean()) < 17  # 6^1.5 = 14.7


def test_waves_end_at_the_highest_and_fall_as_asked():
    states = profiles.waves(PeriodicGrid(64), 4000, generator(), highest=20, sharpness=1.0)
    waves = np.abs(np.fft.rfft(states.numpy()))
    assert waves[:, 21:].max() < 1e-12
    highest = (waves > 1e-9)[:, 1:21].sum(1)
    assert set(highest) == set(range(21))
    full = waves[highest == 20]
    assert 5 < np.exp(np.log(full[:, 1] / full[:, 6]).mean()) < 7.2  # 6^1


def test_polynomials_touch_zero():
    """Of degree 6 at most, so seventh differences vanish; the smallest value is 0."""
    states = profiles.polynomial(PeriodicGrid(64), 100, generator())
    assert (states.amin(-1) == 0).all()
    assert states.diff(dim=-1, n=7).abs().max() < 1e-12


def test_discontinuous_profiles_are_flat_but_for_at_most_ten_jumps():
    states = profiles.discontinuous(PeriodicGrid(1024), 100, generator())
    jumps = ((states - states.roll(1, -1)).abs() > 1e-12).sum(-1)
    assert jumps.max() <= 10
    assert jumps.min() == 2
    assert (states.amax(-1) > 0).all()


def test_spikes_are_where_the_thesis_puts_them():
    states = profiles.spikes(PeriodicGrid(1000), 50, generator())
    left, right = states[:, :500].argmax(-1) / 1000, 0.5 + states[:, 500:].argmax(-1) / 1000
    torch.testing.assert_close(left + right, torch.ones(50), rtol=0, atol=2e-3)
    assert ((right - 0.5 > 0.08) & (right - 0.5 < 0.302)).all()


def test_a_profile_of_a_line_is_refused_in_the_plane():
    with refused("dim = 2", "blobs"):
        profiles.spikes(PeriodicGrid(8, 2), 1, generator())


# --- Fick's law ---


@pytest.mark.parametrize(("dim", "cells"), [(1, 64), (2, 16)])
def test_both_pairs_give_the_three_point_laplacian(dim, cells):
    system = FickianDiffusion(0.7, cells, dim)
    c = 0.01 + normal((10, cells**dim), 2).exp()
    picture = c.numpy().reshape(10, *system.grid.shape)
    laplacian = sum(np.roll(picture, 1, a) + np.roll(picture, -1, a) - 2 * picture for a in range(1, dim + 1))
    expected = torch.from_numpy(0.7 * cells**2 * laplacian).flatten(1)
    for velocity in (system(c), GradientDynamics.velocity(system, c), system.quadratic_pair()(c)):
        torch.testing.assert_close(velocity, expected, rtol=0, atol=1e-10 * expected.abs().max().item())


def test_the_potentials_are_the_densities_summed():
    system = FickianDiffusion(0.5, 4)
    c, c_star = torch.tensor([1.0, 2.0, 2.0, 3.0]).double(), torch.tensor([0.0, 1.0, 1.0, -1.0]).double()
    s = -sum(v * math.log(v) for v in (1.0, 2.0, 2.0, 3.0)) / 4
    means, slopes = [1 / math.log(2), 2, 1 / math.log(1.5), 2 / math.log(3)], [4, 0, -8, 4]
    xi = sum(0.5 * 0.5 * mean * slope**2 for mean, slope in zip(means, slopes, strict=True)) / 4
    assert system.entropy(c).item() == pytest.approx(s, rel=1e-14, abs=0)
    assert system.dissipation(c, c_star / 4).item() == pytest.approx(xi, rel=1e-14, abs=0)


@pytest.mark.parametrize(("dim", "cells", "diffusivity"), [(1, 64, 3e-3), (1, 128, 1e-4), (1, 32, 1e-1), (2, 32, 1e-2)])
def test_simulation_and_solution_agree_with_the_heat_kernel(dim, cells, diffusivity):
    system = FickianDiffusion(diffusivity, cells, dim)
    if dim == 1:
        system.profile = profiles.discontinuous
    time = 1 / (40 * diffusivity)
    data = simulate(system, 10, 16, time / 15, seed=0, substeps=4 * system.substeps(time / 15))
    c0 = data.states[:, 0].numpy().reshape(10, *system.grid.shape)
    exact = np.stack([spectral(each, diffusivity, time).ravel() for each in c0])
    np.testing.assert_allclose(data.states[:, -1].numpy(), exact, rtol=0, atol=1e-6)
    solved = system.solution(data.states[:, 0], torch.tensor([0.0, time], dtype=torch.float64))
    np.testing.assert_allclose(solved[:, 0].numpy(), data.states[:, 0].numpy(), rtol=0, atol=1e-14)
    # 2 - 2 cos is good to a digit of 1 in `spectral`, and the exponents are cells^2 D t times as large.
    digits = 1e-14 + 4 * np.finfo(float).eps * cells**2 * diffusivity * time
    np.testing.assert_allclose(solved[:, 1].numpy(), exact, rtol=0, atol=digits)


def test_the_order_of_convergence_in_h_is_two():
    """Against the heat equation itself, of which a Gaussian on the line is a solution."""
    diffusivity, age, time = 0.01, 0.1, 0.2

    def error(cells):
        system = FickianDiffusion(diffusivity, cells)
        x = system.grid.coordinates()[0] - 0.5

        def gaussian(t):
            return torch.exp(-(x**2) / (4 * diffusivity * t)) / math.sqrt(t)

        end = rk4(system, gaussian(age), time, 2, substeps=4 * system.substeps(time))[-1]
        return (end - gaussian(age + time)).abs().max().item()

    errors = [error(cells) for cells in (32, 64, 128)]
    orders = [math.log2(coarse / fine) for coarse, fine in itertools.pairwise(errors)]
    assert all(1.9 < order < 2.1 for order in orders), orders


@given(diffusivities, st.integers(4, 48), dims, st.floats(1e-3, 1.0), st.integers(0, 1000))
def test_entropy_never_falls_and_mass_never_moves(diffusivity, cells, dim, dt, seed):
    cells = min(cells, 12) if dim == 2 else cells
    dt = min(dt, 20 / (diffusivity * cells**2))  # at most some 80 substeps
    system = FickianDiffusion(diffusivity, cells, dim)
    c0 = 1e-3 + torch.rand((3, system.grid.size), generator=generator(seed), dtype=torch.float64)
    path = rk4(system, c0, dt, 5, system.substeps(dt))
    rise = system.entropy(path).diff(dim=-1)
    assert (rise >= -1e-13).all()
    # Near rest the production is a small sum of terms of either sign, and as good as their last digits.
    terms = (system.conjugate(path) * system(path)).abs().sum(-1)
    assert (system.entropy_production(path) >= -4 * torch.finfo(torch.float64).eps * terms).all()
    torch.testing.assert_close(path.sum(-1), path[:, :1].sum(-1).expand(3, 5), rtol=1e-13, atol=0)
    low, high = c0.aminmax(dim=-1)
    assert (path >= low[:, None, None] - 1e-14).all()
    assert (path <= high[:, None, None] + 1e-14).all()


def test_a_diffusivity_that_is_none():
    with refused("diffusivity", "-1", "positive"):
        FickianDiffusion(-1.0)


# --- the porous medium ---


@pytest.mark.parametrize(("exponent", "dim"), [(2.0, 1), (2.0, 2)])
def test_the_porous_medium_of_exponent_two_is_half_the_laplacian_of_the_square(exponent, dim):
    system = PorousMedium(exponent, 12, dim)
    c = normal((5, 12**dim), 1).abs()
    torch.testing.assert_close(system(c), 0.5 * system.grid.laplacian(c**2), rtol=1e-10, atol=1e-10)


def test_other_exponents_agree_with_div_of_d_grad_c():
    system = PorousMedium(3.5, 1024)
    x = 2 * math.pi * system.grid.coordinates()[0]
    c, slope, curvature = 2 + torch.sin(x), 2 * math.pi * torch.cos(x), -4 * math.pi**2 * torch.sin(x)
    exact = c**2.5 * curvature + 2.5 * c**1.5 * slope**2
    assert (system(c) - exact).norm() <= 1e-4 * exact.norm()


@pytest.mark.parametrize("exponent", [1.5, 2.0, 3.0])
def test_barenblatt_solves_the_equation_and_has_its_mass(exponent):
    """Where the spot is: the time derivative of the formula is `(c^m)_xx / m`, by fine differences of both."""
    grid, age, eps = PeriodicGrid(2048), 0.05, 1e-5
    c = barenblatt(grid, exponent, age, 0.05)
    assert (c.sum() * grid.width).item() == pytest.approx(0.05, rel=1e-4)
    rate = (barenblatt(grid, exponent, age + eps, 0.05) - barenblatt(grid, exponent, age - eps, 0.05)) / (2 * eps)
    inside = c > 0.3 * c.max()
    residual = rate - grid.laplacian(c**exponent) / exponent
    assert inside.sum() > 100
    assert residual[inside].abs().max() <= 1e-3 * rate[inside].abs().max()


def test_a_simulated_spot_is_barenblatts():
    errors = []
    for cells in (32, 64):
        system = PorousMedium(2.0, cells)
        start = barenblatt(system.grid, 2.0, 0.1, 0.06)
        end = rk4(system, start, 0.2, 2, system.substeps(0.2, start.max().item()))[-1]
        exact = barenblatt(system.grid, 2.0, 0.3, 0.06)
        errors.append(((end - exact).norm() / exact.norm()).item())
        assert end.min() >= 0
    assert errors[1] <= 2e-3
    assert errors[1] < errors[0]


def test_a_spot_wider_than_the_period_is_refused():
    with refused("wide", "age"):
        barenblatt(PeriodicGrid(64), 2.0, 100.0, 1.0)


def test_the_porous_medium_refuses_what_has_no_meaning():
    with refused("exponent", "1.0"):
        PorousMedium(1.0)
    with refused("negative", "blobs"):
        PorousMedium(profile=profiles.fourier).sample_initial_states(5, generator())


# --- one law, many grids ---


def test_a_law_moved_to_another_grid_shares_its_densities():
    here = FickianDiffusion(0.3, 16)
    there = on_grid(here, PeriodicGrid(12, 2))
    c = 0.1 + torch.rand((4, 144), generator=generator(), dtype=torch.float64)
    assert there.entropy.density is here.entropy.density
    torch.testing.assert_close(there(c), FickianDiffusion(0.3, 12, 2)(c), rtol=0, atol=1e-10)


def test_the_diffusivity_of_a_law_is_the_product_of_mobility_and_curvature():
    c = torch.linspace(0.05, 0.9, 12, dtype=torch.float64)[:, None]
    fick = FickianDiffusion(0.7, 8)
    for law in (fick, fick.quadratic_pair()):
        torch.testing.assert_close(effective_diffusivity(law, c), torch.full_like(c, 0.7), rtol=1e-12, atol=0)
    torch.testing.assert_close(effective_diffusivity(PorousMedium(3.0, 8), c), c**2, rtol=1e-12, atol=0)


# --- a plain law of the neighbours ---


def test_a_neighbour_network_looks_at_three_cells_and_is_the_same_in_each():
    law, c = (
        NeighbourNetwork(PeriodicGrid(12), width=4, unit=0.2, seed=3),
        torch.rand(5, 12, generator=generator()).double(),
    )
    assert sum(p.numel() for p in law.parameters()) == 5 * 4 + 1
    torch.testing.assert_close(law(c.roll(3, -1)), law(c).roll(3, -1), rtol=1e-12, atol=1e-14)
    moved = c.clone()
    moved[:, 6] += 0.1
    changed = (law(moved) - law(c)).abs().amax(0)
    assert (changed > 1e-6).nonzero().flatten().tolist() == [5, 6, 7]
    assert (changed[[*range(5), *range(8, 12)]] == 0).all()


def test_a_neighbour_network_that_is_the_laplacian_is_so_on_every_grid():
    """Since `softplus(z) - softplus(-z) = z`, two units can write Fick's law exactly."""
    law = NeighbourNetwork(PeriodicGrid(16), width=2, unit=0.5, rate=3.0)
    with torch.no_grad():
        second = torch.tensor([1.0, -2.0, 1.0], dtype=torch.float64)
        law.hidden.weight.copy_(torch.stack([second, -second]))
        law.hidden.bias.zero_()
        law.last.weight.copy_(torch.tensor([[1.0, -1.0]], dtype=torch.float64) * 0.1 * 16**2 / 3.0)
        law.last.bias.zero_()
        for cells in (8, 16, 40):
            c = normal((4, cells), 1)
            expected = 0.1 * cells**2 * (c.roll(1, -1) - 2 * c + c.roll(-1, -1))
            torch.testing.assert_close(law(c), expected, rtol=1e-11, atol=1e-10)


def test_a_plain_local_law_keeps_neither_mass_nor_rest():
    law = NeighbourNetwork(PeriodicGrid(16), seed=1)
    c = torch.rand(3, 16, generator=generator(), dtype=torch.float64)
    assert law(c).sum(-1).abs().min() > 1e-3
    assert law(torch.full((16,), 0.5, dtype=torch.float64)).abs().min() > 1e-3
    for name, value in {"width": 0, "unit": 0.0, "rate": -1.0}.items():
        with refused(name, str(value)):
            NeighbourNetwork(PeriodicGrid(16), **{name: value})
    with refused("dim", "2"):
        NeighbourNetwork(PeriodicGrid(8, 2))


# --- what training and evaluation were given for diffusion ---


def test_flow_matching_knows_the_scheme_that_made_the_data():
    """The exact law scores zero on data of its own scheme, and approaches it on the true motion with finer steps."""
    system = FickianDiffusion(profile=profiles.discontinuous)
    for substeps in (1, 3):
        data = simulate(system, 10, 16, 0.03, seed=0, substeps=substeps)
        flow = FlowMatching(substeps=substeps)
        assert flow.loss(system, flow.batch(data)) <= 1e-24
    true = Trajectories(system.solution(data.states[:, 0], data.times), 0.03)
    losses = [FlowMatching(substeps=n).loss(system, FlowMatching().batch(true)).item() for n in (1, 2, 4)]
    assert losses[0] > 50 * losses[1] > 50 * 50 * losses[2]


def test_evaluate_rolls_out_in_substeps():
    system = FickianDiffusion(0.1, 32)
    substeps = system.substeps(0.05)
    data = simulate(system, 10, 16, 0.05, seed=0, substeps=substeps)
    assert substeps > 5
    assert evaluate(system, data, [measures.rollout], substeps=substeps).metrics["rollout_mse"] <= 1e-28


def test_conservation_drift_is_the_largest_change_of_the_quantity():
    paths = torch.zeros(2, 3, 2, dtype=torch.float64)
    paths[1, 1] = torch.tensor([0.5, -0.125])  # the sum moves by 0.375
    assert conservation_drift(paths, torch.ones(2, dtype=torch.float64)) == 0.375
    assert conservation_drift(paths, torch.tensor([1.0, 4.0], dtype=torch.float64)) == 0


def test_a_face_is_a_picture_in_the_plane():
    picture = profiles.face(PeriodicGrid(64, 2)).view(64, 64)
    assert torch.equal(picture, picture.roll(-1, 1).flip(1))  # left and right are alike
    assert set(picture.unique().tolist()) == {0.02, 0.02 + 0.28}
    with refused("dim = 2", "1"):
        profiles.face(PeriodicGrid(64))
