"""Legendre-Fenchel transforms against textbook conjugates, and envelopes against what defines them."""

import pytest
import torch
from conftest import normal, refused
from hypothesis import given
from hypothesis import strategies as st

from ggd_helpers.legendre_fenchel import convex_envelope, legendre

X = torch.linspace(-6, 6, 6001, dtype=torch.float64)
P = torch.linspace(-3, 3, 61, dtype=torch.float64)
STEP = 12 / 6000

# f, its conjugate, the conjugate's slope, the largest f'' where the supremum lies
TEXTBOOK = {
    "parabola": (lambda x: x**2, lambda p: p**2 / 4, lambda p: p / 2, 2.0),
    "cosh": (
        lambda x: torch.cosh(x) - 1,
        lambda p: p * torch.asinh(p) - (1 + p**2).sqrt() + 1,
        torch.asinh,
        10.0**0.5,
    ),
    "quartic": (lambda x: x**4 / 4, lambda p: 0.75 * p.abs() ** (4 / 3), lambda p: p.sign() * p.abs() ** (1 / 3), 7.0),
    "dry friction": (
        lambda x: 0.5 * (x.abs() - 1).relu() ** 2,
        lambda p: p.abs() + p**2 / 2,
        lambda p: p + p.sign(),
        1.0,
    ),
}


@pytest.mark.parametrize("name", TEXTBOOK)
def test_textbook_conjugates_from_below_to_the_stated_error(name):
    f, conjugate, _, curvature = TEXTBOOK[name]
    miss = conjugate(P) - legendre(X, f(X), P).value
    assert (miss >= -1e-12).all()
    assert (miss <= STEP**2 * curvature / 8 + 1e-12).all()


@pytest.mark.parametrize("name", TEXTBOOK)
def test_the_place_of_the_supremum_is_the_slope_of_the_conjugate(name):
    f, _, slope, _ = TEXTBOOK[name]
    away = P.abs() > 0.01  # dry friction has a kink at 0, the quartic's conjugate an infinite second derivative
    torch.testing.assert_close(legendre(X, f(X), P).slope[away], slope(P)[away], rtol=0, atol=STEP)


@pytest.mark.parametrize("name", ["parabola", "cosh", "dry friction"])
def test_two_transforms_of_a_convex_function_give_it_back(name):
    f = TEXTBOOK[name][0]
    slopes = torch.linspace(-3, 3, 3001, dtype=torch.float64)
    inside = X[X.abs() < 0.8 if name == "parabola" else X.abs() < 1.5]
    back = legendre(slopes, legendre(X, f(X), slopes).value, inside).value
    torch.testing.assert_close(back, f(inside), rtol=0, atol=1e-5)


@given(st.integers(0, 2**31))
def test_fenchel_young_inequality_for_any_values(seed):
    x = torch.linspace(-1, 1, 41, dtype=torch.float64)
    f = normal((41,), seed) + 50 * (x**4)  # steep ends, so that the supremum lies inside
    p = torch.linspace(-1, 1, 7, dtype=torch.float64)
    value = legendre(x, f, p).value
    assert (value[:, None] + f >= p[:, None] * x - 1e-12).all()


def test_batches_and_dtypes():
    f = torch.stack([X**2, torch.cosh(X)]).float()
    value, slope = legendre(X.float(), f, P.float())
    assert value.shape == slope.shape == (2, 61)
    assert value.dtype == slope.dtype == torch.float32


def test_a_slope_that_is_not_reached_is_refused():
    with refused("p = 3", "-1", "widen"):
        legendre(torch.linspace(-1, 1, 101), torch.linspace(-1, 1, 101) ** 2, torch.tensor([0.0, 3.0]))


@given(st.integers(0, 2**31), st.integers(2, 60))
def test_the_envelope_is_the_largest_convex_function_below(seed, count):
    x = torch.sort(normal((count,), seed)).values + torch.arange(count) * 1e-3
    f = normal((count,), seed + 1)
    envelope = convex_envelope(x, f)
    slopes = envelope.diff() / x.diff()
    size = slopes.abs().max().item() + 1
    assert (slopes.diff() >= -1e-9 * size).all()
    assert (envelope <= f + 1e-12).all()
    # Largest: every value is that of a point of f, or lies on a chord between two such points around it.
    touches = (f - envelope).abs() < 1e-12
    assert touches[0]
    assert touches[-1]
    bends = (slopes.diff() > 1e-9 * size).nonzero().flatten() + 1
    assert touches[bends].all()


def test_the_envelope_of_a_double_well_is_flat_between_its_minima():
    x = torch.linspace(-1.5, 1.5, 301, dtype=torch.float64)
    well = (x**2 - 1) ** 2
    expected = torch.where(x.abs() < 1, 0.0, well)
    torch.testing.assert_close(convex_envelope(x, well), expected, rtol=0, atol=1e-12)


def test_a_convex_function_is_its_own_envelope():
    x = torch.linspace(-2, 3, 101, dtype=torch.float64)
    torch.testing.assert_close(convex_envelope(x, x.exp()), x.exp(), rtol=1e-13, atol=0)
