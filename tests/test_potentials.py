"""Potentials: concavity, admissibility, hand-written slopes, quadratic forms, errors."""

import math

import pytest
import torch
from conftest import chord_excess, normal, refused, rescale_raw_weights, rounding
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.func import grad, hessian

from ggd_helpers.initialisation import redraw_
from ggd_helpers.potentials.force import ForceDissipation
from ggd_helpers.potentials.general import (
    ConcaveEntropy,
    ConvexDissipation,
    CoshDissipation,
    DissipationPotential,
    Entropy,
    FormulaDissipation,
    FormulaEntropy,
    IsotropicDissipation,
    QuadraticDissipation,
    QuadraticEntropy,
    positive_definite,
)
from ggd_helpers.potentials.reactions import MassActionDissipation

MATRIX = [[2.0, 0.3], [0.3, 0.5]]
FRICTION = torch.tensor(MATRIX, dtype=torch.float64)

seeds = st.integers(0, 2**31)
dims = st.integers(1, 4)
widths = st.integers(1, 12)
depths = st.integers(1, 6)
dtypes = st.sampled_from([torch.float32, torch.float64])
rescalings = st.sampled_from([(1.0, 0.0), (30.0, 0.0), (1.0, -30.0), (1.0, 3.0)])

ENTROPIES = {
    "network": lambda: ConcaveEntropy(2, seed=3),
    "quadratic": lambda: QuadraticEntropy(MATRIX),
    "formula": lambda: FormulaEntropy(lambda x: -x.cosh().log().sum(-1)),
}
DISSIPATIONS = {
    "network": lambda: ConvexDissipation(2, seed=3),
    "quadratic": lambda: QuadraticDissipation(MATRIX),
    "isotropic": lambda: IsotropicDissipation(0.7),
    "cosh": lambda: CoshDissipation(gamma=0.7, steepness=1.5),
    "formula": lambda: FormulaDissipation(lambda x, x_star: ((1 + x**2) * x_star**2).sum(-1)),
    "force": lambda: ForceDissipation(2, seed=3),
    "force about a centre": lambda: ForceDissipation(2, seed=3, center=5.0),
}
every_entropy = pytest.mark.parametrize("make", ENTROPIES.values(), ids=ENTROPIES)
every_dissipation = pytest.mark.parametrize("make", DISSIPATIONS.values(), ids=DISSIPATIONS)


# --- admissible by construction ---


@given(seeds, dims, widths, depths, dtypes, rescalings)
def test_entropy_lies_above_its_chords(seed, dim, width, depth, dtype, rescaling):
    entropy = ConcaveEntropy(dim, width=width, depth=depth, seed=seed, dtype=dtype)
    rescale_raw_weights(entropy.network, *rescaling)
    a, b = 3 * normal((2, 64, dim), seed + 1, dtype)
    t = torch.linspace(0, 1, 64, dtype=dtype)
    allowed = rounding(entropy.network, torch.maximum(a.abs(), b.abs()))
    assert (chord_excess(entropy, a, b, t) >= -allowed).all()


@given(seeds, dims, widths, depths, dtypes, rescalings)
def test_dissipation_is_admissible(seed, dim, width, depth, dtype, rescaling):
    """Convex in x*, zero and flat at x* = 0, nowhere negative, and x* . dXi/dx* >= Xi, for any weights."""
    xi = ConvexDissipation(dim, width=width, depth=depth, seed=seed, dtype=dtype)
    rescale_raw_weights(xi.network, *rescaling)
    x = 3 * normal((64, dim), seed + 1, dtype)
    a, b = 3 * normal((2, 64, dim), seed + 2, dtype)
    t = torch.linspace(0, 1, 64, dtype=dtype)
    zero = torch.zeros_like(a)
    allowed = 4 * rounding(xi.network, x, torch.maximum(a.abs(), b.abs()))
    assert (chord_excess(lambda x_star: xi(x, x_star), a, b, t) <= allowed).all()
    assert (xi(x, zero).abs() <= allowed).all()
    assert (xi.flux(x, zero).abs().sum(-1) <= allowed).all()
    assert (xi(x, a) >= -allowed).all()
    assert ((a * xi.flux(x, a)).sum(-1) >= xi(x, a) - allowed).all()


@given(seeds, dims, widths, depths, dtypes)
def test_a_fresh_entropy_has_its_maximum_at_the_origin(seed, dim, width, depth, dtype):
    entropy = ConcaveEntropy(dim, width=width, depth=depth, seed=seed, dtype=dtype)
    zero, x = torch.zeros(dim, dtype=dtype), normal((32, dim), seed, dtype)
    for _ in range(2):
        slope_around = entropy.conjugate(x).abs().max()
        assert slope_around > 0
        assert entropy.conjugate(zero).abs().max() <= 1e2 * torch.finfo(dtype).eps * max(1.0, slope_around)
        assert (entropy(x) <= entropy(zero) + 10 * rounding(entropy.network, x)).all()
        redraw_(entropy, torch.Generator().manual_seed(seed + 1))


@given(seeds)
def test_dissipation_is_not_trivially_zero(seed):
    xi, x_star = ConvexDissipation(2, seed=seed), normal((32, 2), seed)
    assert (xi(torch.zeros_like(x_star), x_star) > 1e-8).any()


@settings(max_examples=30)
@given(seeds, dims, widths, depths, dtypes)
def test_second_derivatives_are_finite_at_rest(seed, dim, width, depth, dtype):
    zero = torch.zeros(dim, dtype=dtype)
    entropy = ConcaveEntropy(dim, width=width, depth=depth, seed=seed, dtype=dtype)
    xi = ConvexDissipation(dim, width=width, depth=depth, seed=seed, dtype=dtype)
    assert hessian(entropy)(zero).isfinite().all()
    curvature = hessian(xi, argnums=1)(zero, zero)
    assert curvature.isfinite().all()
    assert hessian(xi, argnums=0)(zero, zero).isfinite().all()
    size = curvature.abs().max().item()
    assert torch.linalg.eigvalsh(curvature.double())[0] >= -64 * torch.finfo(dtype).eps * size


# --- slopes and shapes of every potential ---


@every_entropy
@pytest.mark.parametrize("batch", [(), (3,), (2, 3)])
def test_conjugate_is_the_slope_of_the_entropy(make, batch):
    entropy, x = make(), normal((*batch, 2), 1)
    assert entropy(x).shape == batch
    slope = grad(lambda x: entropy(x).sum())(x)
    assert slope.abs().max() > 1e-3
    torch.testing.assert_close(entropy.conjugate(x), slope, rtol=1e-12, atol=1e-12)


@every_dissipation
@pytest.mark.parametrize("batch", [(), (3,), (2, 3)])
def test_flux_is_the_slope_of_the_dissipation_potential(make, batch):
    xi, x, x_star = make(), normal((*batch, 2), 1), normal((*batch, 2), 2)
    assert xi(x, x_star).shape == batch
    slope = grad(lambda x_star: xi(x, x_star).sum())(x_star)
    assert slope.abs().max() > 1e-3
    torch.testing.assert_close(xi.flux(x, x_star), slope, rtol=1e-12, atol=1e-12)


@every_dissipation
def test_every_dissipation_potential_obeys_the_three_conditions(make):
    xi, x, x_star = make(), normal((500, 2), 1), 2 * normal((500, 2), 2)
    zero = torch.zeros_like(x_star)
    value, flux = xi(x, x_star), xi.flux(x, x_star)
    # A network's are differences of two calls, which may round differently in another row of a product.
    allowed = 64 * torch.finfo(torch.float64).eps
    assert xi(x, zero).abs().max() <= allowed * value.max()
    assert xi.flux(x, zero).abs().max() <= allowed * flux.abs().max()
    assert (value > 0).all()
    assert ((x_star * flux).sum(-1) >= value).all()


@pytest.mark.parametrize(
    ("ours", "formula"),
    [
        (IsotropicDissipation(0.7), lambda x, y: 0.35 * (y**2).sum(-1)),
        (QuadraticDissipation(MATRIX), lambda x, y: 0.5 * torch.einsum("...i,ij,...j", y, FRICTION, y)),
        (CoshDissipation(0.7, 1.5), lambda x, y: 0.7 / 1.5**2 * ((1.5 * y).cosh() - 1).sum(-1)),
    ],
    ids=["isotropic", "quadratic", "cosh"],
)
def test_dissipation_classes_are_their_formulas(ours, formula):
    x, x_star = normal((50, 2), 1), normal((50, 2), 2)
    theirs = FormulaDissipation(formula)
    torch.testing.assert_close(ours(x, x_star), theirs(x, x_star), rtol=1e-12, atol=1e-14)
    torch.testing.assert_close(ours.flux(x, x_star), theirs.flux(x, x_star), rtol=1e-12, atol=1e-14)


def test_quadratic_entropy_is_its_formula():
    x, entropy = normal((50, 2), 1), QuadraticEntropy(MATRIX)
    torch.testing.assert_close(entropy(x), -0.5 * torch.einsum("bi,ij,bj->b", x, FRICTION, x), rtol=1e-13, atol=0)
    terms = (x.abs() @ FRICTION.abs()).max().item()  # of either sign, so that a sum may be much smaller
    torch.testing.assert_close(entropy.conjugate(x), -x @ FRICTION, rtol=1e-13, atol=1e-15 * terms)


ONE = torch.ones(1, 1, dtype=torch.float64)


@pytest.mark.parametrize(
    "ours",
    [CoshDissipation(3.0, 2.0), MassActionDissipation(ONE, 0 * ONE, 12 * ONE[0])],
    ids=["friction", "mass action"],
)
def test_cosh_loses_no_digits_near_zero(ours):
    small = 1e-9 * ONE[0]
    assert ours(ONE[0], small).item() == pytest.approx(1.5e-18, rel=1e-12, abs=0)


@pytest.mark.parametrize(("gamma", "steepness", "name"), [(-1.0, 1.0, "gamma"), (1.0, 0.0, "steepness")])
def test_a_friction_that_is_not_admissible_is_refused(gamma, steepness, name):
    with refused(name, "must be positive"):
        CoshDissipation(gamma, steepness)


def test_formula_slopes_work_without_autograd_recording():
    """As inside `simulate`, which runs under `no_grad`."""
    x = normal((4, 2), 1)
    with torch.no_grad():
        conjugate = FormulaEntropy(lambda x: -(x**4).sum(-1)).conjugate(x)
        flux = FormulaDissipation(lambda x, y: (y**4).sum(-1)).flux(x, x)
    torch.testing.assert_close(conjugate, -4 * x**3, rtol=1e-14, atol=0)
    torch.testing.assert_close(flux, 4 * x**3, rtol=1e-14, atol=0)


def test_a_subclass_needs_only_its_formula():
    class Quartic(Entropy):
        def forward(self, x):
            return -(x**4).sum(-1)

    class Sextic(DissipationPotential):
        def forward(self, x, x_star):
            return (x_star**6).sum(-1)

    x = normal((4, 2), 1)
    torch.testing.assert_close(Quartic().conjugate(x), -4 * x**3, rtol=1e-14, atol=0)
    torch.testing.assert_close(Sextic().flux(x, x), 6 * x**5, rtol=1e-14, atol=0)


# --- learnable parts ---


@given(seeds, st.integers(2, 8))
def test_a_matrix_that_is_symmetric_up_to_rounding_is_taken(seed, n):
    turn, _ = torch.linalg.qr(normal((n, n), seed))
    product = (turn * (0.1 + normal((n,), seed + 1).abs())) @ turn.T
    assert positive_definite("friction", product) is product


@given(seeds, st.integers(1, 5))
def test_quadratic_forms_stay_symmetric_positive_definite(seed, n):
    xi = QuadraticDissipation(torch.eye(n))
    redraw_(xi, torch.Generator().manual_seed(seed))
    columns = xi.flux(torch.zeros(n, n, dtype=torch.float64), torch.eye(n, dtype=torch.float64))
    # An entry is a sum of at most n products, whose sizes sum to no more than the largest diagonal entry does (Cauchy
    # and Schwarz); a matrix product may sum them in another order above the diagonal than below.
    allowed = 2 * n * torch.finfo(torch.float64).eps * columns.diagonal().max().item()
    torch.testing.assert_close(columns, columns.T, rtol=0, atol=allowed)
    assert torch.linalg.eigvalsh(columns)[0] > 0
    assert not torch.allclose(columns, torch.eye(n, dtype=torch.float64))


@pytest.mark.parametrize("make", [ENTROPIES["network"], ENTROPIES["quadratic"], *list(DISSIPATIONS.values())[:3]])
def test_redraw_draws_from_the_generator_alone(make):
    def after(seed):
        potential = make()
        redraw_(potential, torch.Generator().manual_seed(seed))
        return torch.nn.utils.parameters_to_vector(potential.parameters())

    assert torch.equal(after(1), after(1))
    assert not torch.equal(after(1), after(2))


def test_isotropic_mobility_is_learnable_and_positive():
    xi = IsotropicDissipation(0.7)
    assert xi.mobility().item() == pytest.approx(0.7, rel=1e-14, abs=0)
    with torch.no_grad():
        xi.log_mobility.fill_(-50.0)
    assert xi.mobility() > 0


# --- errors ---


@pytest.mark.parametrize("make", [QuadraticEntropy, QuadraticDissipation])
@pytest.mark.parametrize(
    ("matrix", "words"),
    [
        ([[1.0, 0.0]], ["square", "(1, 2)"]),
        ([1.0, 2.0], ["square"]),
        ([[1.0, 0.5], [0.4, 1.0]], ["symmetric", "0.4"]),
        ([[1.0, 2.0], [2.0, 1.0]], ["positive definite", "-1"]),
        ([[0.0]], ["positive definite"]),
        ([[math.nan]], ["nan"]),
        ([[math.inf]], ["inf"]),
    ],
)
def test_bad_matrices_are_refused(make, matrix, words):
    with refused(*words):
        make(matrix)


@pytest.mark.parametrize("mobility", [0.0, -1.0, math.nan])
def test_bad_mobility_is_refused(mobility):
    with pytest.raises(ValueError, match=f"mobility must be positive.*{mobility}"):
        IsotropicDissipation(mobility)


def test_forces_about_a_centre_are_those_that_the_network_sees():
    """Far from its centre a softplus network is straight; about it, it bends."""
    far, near = (ForceDissipation(1, seed=2, center=centre) for centre in (0.0, 200.0))
    force = torch.tensor([[199.0], [200.0], [201.0]], dtype=torch.float64)
    bend = [xi.flux(force, force)[:, 0].diff().diff().abs().item() for xi in (far, near)]
    assert bend[0] < 1e-9 < bend[1]
    assert near.flux(force, torch.zeros_like(force)).abs().max() == 0
