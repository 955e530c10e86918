"""Potentials of fields made from densities: what holds for any network, trained or not."""

import math

import pytest
import torch
from conftest import normal, refused
from hypothesis import given
from hypothesis import strategies as st
from torch.func import grad

from ggd_helpers.architectures.plain import LawInComponents
from ggd_helpers.dynamics.gradient import GradientDynamics
from ggd_helpers.grids import PeriodicGrid
from ggd_helpers.potentials.coordinates import (
    Components,
    DissipationInComponents,
    EntropyInComponents,
)
from ggd_helpers.potentials.general import ConcaveEntropy, ConvexDissipation
from ggd_helpers.potentials.local import LocalDissipation, LocalEntropy, arithmetic_mean, logarithmic_mean
from ggd_helpers.potentials.mobility import DiluteDissipation, MobilityDissipation

seeds = st.integers(0, 2**31)
dims = st.sampled_from([1, 2])
means = st.sampled_from([arithmetic_mean, logarithmic_mean])


def model(cells, dim, seed, mean=arithmetic_mean):
    grid = PeriodicGrid(cells, dim)
    entropy = LocalEntropy(ConcaveEntropy(1, width=4, depth=2), grid)
    return GradientDynamics(entropy, LocalDissipation(ConvexDissipation(1, width=4), grid, mean), seed=seed)


def fields(cells, dim, seed, count=6):
    return 0.05 + torch.rand((count, cells**dim), generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@given(seeds, st.integers(4, 9), dims, means)
def test_slopes_are_those_of_the_potentials(seed, cells, dim, mean):
    """The hand-written conjugate and flux against automatic differentiation of the sums."""
    local, c = model(cells, dim, seed, mean), fields(cells, dim, seed)
    x_star = normal(c.shape, seed) / cells**dim
    conjugate = grad(lambda x: local.entropy(x).sum())(c)
    torch.testing.assert_close(local.conjugate(c), conjugate, rtol=1e-10, atol=1e-14)
    flux = grad(lambda y: local.dissipation(c, y).sum())(x_star)
    allowed = 1e-10 * flux.abs().max().item() + 1e-14
    torch.testing.assert_close(local.dissipation.flux(c, x_star), flux, rtol=0, atol=allowed)


@given(seeds, st.integers(4, 12), dims, means)
def test_an_untrained_law_keeps_mass_order_and_the_second_law(seed, cells, dim, mean):
    """Mass conserved; the highest cell never rises, the lowest never falls; dS/dt >= Xi >= 0."""
    local, c = model(cells, dim, seed, mean), fields(cells, dim, seed)
    velocity, scale = local(c), local(c).abs().max().item() + 1e-30
    assert velocity.sum(-1).abs().max() <= 1e-12 * scale * cells**dim
    assert (velocity.gather(-1, c.argmax(-1, keepdim=True)) <= 1e-12 * scale).all()
    assert (velocity.gather(-1, c.argmin(-1, keepdim=True)) >= -1e-12 * scale).all()
    xi = local.dissipation(c, local.conjugate(c))
    production = local.entropy_production(c)
    assert (xi >= -1e-12 * xi.abs().max()).all()
    assert (production >= xi - 1e-9 * production.abs().max()).all()


@given(seeds, st.integers(4, 12), dims)
def test_the_same_everywhere(seed, cells, dim):
    """A law made of densities does not know where it is: shift the field and the velocity shifts along."""
    local, c = model(cells, dim, seed), fields(cells, dim, seed)

    def shift(field):
        return field.unflatten(-1, (cells,) * dim).roll(2, dims=-1).flatten(-dim)

    # A flux is the difference of two slopes that may be thousands of times as large.
    torch.testing.assert_close(local(shift(c)), shift(local(c)), rtol=0, atol=1e-11 * local(c).abs().max().item())


def test_the_entropy_of_a_function_hardly_depends_on_the_grid():
    coarse, fine = model(64, 1, 0), model(256, 1, 0)

    def wave(grid):
        return 0.3 + 0.2 * torch.sin(2 * math.pi * grid.coordinates()[0])

    a, b = coarse.entropy(wave(coarse.entropy.grid)), fine.entropy(wave(fine.entropy.grid))
    torch.testing.assert_close(a, b, rtol=1e-9, atol=0)
    velocities = coarse(wave(coarse.entropy.grid)), fine(wave(fine.entropy.grid))[::4]
    assert (velocities[0] - velocities[1]).norm() <= 1e-2 * velocities[1].norm()


def test_any_batch_shape():
    local, c = model(8, 1, 0), fields(8, 1, 0, count=6)
    shaped = local(c.view(2, 3, 8))
    digits = 1e-11 * local(c).abs().max().item()  # see above
    torch.testing.assert_close(shaped.view(6, 8), local(c), rtol=0, atol=digits)
    assert local.entropy(c.view(2, 3, 8)).shape == (2, 3)
    torch.testing.assert_close(local(c[0]), local(c)[0], rtol=0, atol=digits)


@given(st.floats(1e-6, 1e3), st.floats(0.1, 10))
def test_the_logarithmic_mean(a, ratio):
    mean = logarithmic_mean(
        torch.tensor([a, a], dtype=torch.float64), torch.tensor([a * ratio, a], dtype=torch.float64)
    )
    exact = a if ratio == 1 else a * (ratio - 1) / math.log(ratio)
    assert mean[1].item() == pytest.approx(a, rel=1e-15, abs=0)
    if abs(ratio - 1) > 1e-6:
        assert mean[0].item() == pytest.approx(exact, rel=1e-9, abs=0)


def test_the_logarithmic_mean_is_smooth_where_its_two_forms_meet():
    b = torch.tensor([math.exp(0.999e-3), math.exp(1.001e-3)], dtype=torch.float64)
    exact = torch.tensor([math.expm1(0.999e-3) / 0.999e-3, math.expm1(1.001e-3) / 1.001e-3], dtype=torch.float64)
    torch.testing.assert_close(logarithmic_mean(torch.ones(2).double(), b), exact, rtol=1e-12, atol=0)


# --- densities and coordinates ---


@given(seeds, st.floats(1e-4, 10), st.sampled_from([MobilityDissipation, DiluteDissipation]))
def test_learned_mobilities_are_positive_and_the_flux_is_the_slope(seed, scale, kind):
    xi = kind(scale, width=3, seed=seed)
    c, g = normal((50, 1), seed), 10 * normal((50, 1), seed + 1)
    assert (xi.mobility(c.abs()) >= 0).all()
    torch.testing.assert_close(xi(c, g), 0.5 * (xi.mobility(c) * g**2).sum(-1), rtol=1e-12, atol=0)
    slope = grad(lambda g: xi(c, g).sum())(g)
    torch.testing.assert_close(xi.flux(c, g), slope, rtol=1e-10, atol=1e-14)


def test_before_training_a_mobility_is_about_its_scale():
    c = torch.linspace(-0.5, 0.5, 21, dtype=torch.float64)[:, None]
    for seed in range(20):
        ratio = MobilityDissipation(1e-3, seed=seed).mobility(c) / 1e-3
        assert ratio.min() > 0.02
        assert ratio.max() < 10
    with refused("scale", "0.0"):
        MobilityDissipation(0.0)


def test_nothing_flows_where_nothing_is():
    xi = DiluteDissipation(2.0, seed=1)
    c = torch.tensor([[0.0], [-0.1]], dtype=torch.float64)
    assert (xi.flux(c, torch.ones_like(c)) == 0).all()


def test_components_are_uncorrelated_of_size_one_and_lead_back():
    states = normal((400, 3), 1) @ normal((3, 6), 2)  # three directions of six
    components = Components.of(states)
    z = states @ components.analysis.T
    assert components.analysis.shape == (3, 6)
    torch.testing.assert_close(z.T @ z / 400, torch.eye(3, dtype=torch.float64), rtol=0, atol=1e-10)
    torch.testing.assert_close(z @ components.synthesis.T, states, rtol=0, atol=1e-10)


def test_a_number_in_units_of_another():
    x = normal((7, 1), 1)
    inner = ConcaveEntropy(1, width=4, depth=2, seed=1)
    scaled = EntropyInComponents(inner, Components.in_units_of(16.0))
    torch.testing.assert_close(scaled(x), inner(x / 16))
    torch.testing.assert_close(scaled.conjugate(x), inner.conjugate(x / 16) / 16)


@given(seeds)
def test_potentials_in_components_are_potentials(seed):
    """Slopes by automatic differentiation; dS/dt >= Xi >= 0; the motion is that of the inner pair, carried along."""
    components = Components.of(normal((40, 5), 3) * torch.tensor([1.0, 0.1, 3.0, 0.5, 1.0]))
    inner = GradientDynamics(ConcaveEntropy(5, width=4, depth=2), ConvexDissipation(5, width=4), seed=seed)
    model = GradientDynamics(
        EntropyInComponents(inner.entropy, components), DissipationInComponents(inner.dissipation, components)
    )
    x, x_star = normal((7, 5), seed), normal((7, 5), seed + 1)
    torch.testing.assert_close(model.conjugate(x), grad(lambda x: model.entropy(x).sum())(x), rtol=1e-9, atol=1e-12)
    slope = grad(lambda y: model.dissipation(x, y).sum())(x_star)
    torch.testing.assert_close(model.dissipation.flux(x, x_star), slope, rtol=1e-8, atol=1e-10)
    carried = inner(x @ components.analysis.T) @ components.synthesis.T
    torch.testing.assert_close(model(x), carried, rtol=1e-7, atol=1e-9)
    xi, production = model.dissipation(x, model.conjugate(x)), model.entropy_production(x)
    assert (xi >= -1e-10 * xi.abs().max()).all()
    assert (production >= xi - 1e-8 * production.abs().max()).all()


class _Squares(torch.nn.Module):
    def forward(self, z):
        return -2 * z + z**2


def test_a_law_in_components_moves_them_as_the_inner_law_says_and_nothing_else():
    states = normal((60, 2), 1) @ normal((2, 5), 2)
    components = Components.of(states)
    velocity = LawInComponents(_Squares(), components)(states)
    z = states @ components.analysis.T
    torch.testing.assert_close(velocity @ components.analysis.T, -2 * z + z**2, rtol=1e-9, atol=1e-10)
    across = torch.linalg.svd(states).Vh[2:]
    assert (velocity @ across.T).abs().max() < 1e-10
