"""The menu of examples: slopes against autograd, and the conditions of admissibility where they are promised."""

import math

import pytest
import torch
from conftest import normal
from torch.func import grad

from ggd_helpers.potentials.examples import DISSIPATIONS, ENTROPIES, DryFriction, Inadmissible, easy_direction

NUMBERS = [0.2, 1.0, 2.5]
ADMISSIBLE = [name for name in DISSIPATIONS if "not admissible" not in name]
CONCAVE = [name for name in ENTROPIES if "not concave" not in name]


def states(seed=0, count=200):
    return torch.tanh(normal((count, 2), seed))  # inside the square of the two boxes


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("name", ENTROPIES)
def test_the_conjugate_is_the_slope_of_the_entropy(name, number):
    entropy, x = ENTROPIES[name](number), states()
    torch.testing.assert_close(entropy.conjugate(x), grad(lambda x: entropy(x).sum())(x), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("name", DISSIPATIONS)
def test_the_flux_is_the_slope_of_the_potential(name, number):
    dissipation, x, y = DISSIPATIONS[name](number), states(), 2 * normal((200, 2), 1)
    slope = grad(lambda y: dissipation(x, y).sum())(y)
    torch.testing.assert_close(dissipation.flux(x, y), slope, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("name", CONCAVE)
def test_concave_entropies_lie_above_their_chords(name, number):
    entropy, a, b = ENTROPIES[name](number), states(2), states(3)
    assert (entropy((a + b) / 2) >= (entropy(a) + entropy(b)) / 2 - 1e-12).all()


def test_two_hills_lie_below_a_chord_between_them():
    entropy = ENTROPIES["two hills (not concave)"](1.0)
    x = torch.tensor([[-(0.5**0.5), 0.0], [0.0, 0.0], [0.5**0.5, 0.0]], dtype=torch.float64)
    left, middle, right = entropy(x).tolist()
    assert left == pytest.approx(0.0, abs=1e-15)
    assert right == pytest.approx(0.0, abs=1e-15)
    assert middle == pytest.approx(-0.25)


def test_two_boxes_count_microstates():
    """`s(x)` is `ln binom(n, n (1+x)/2) / n` for many particles."""
    n, left = 10**6, 650_000
    ways = math.lgamma(n + 1) - math.lgamma(left + 1) - math.lgamma(n - left + 1)
    entropy = ENTROPIES["two boxes"](1.0)(torch.tensor([0.3, 1.0], dtype=torch.float64))
    assert entropy.item() == pytest.approx(ways / n, abs=1e-4)


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("name", ADMISSIBLE)
def test_admissible_potentials_are_zero_at_no_force_convex_and_never_negative(name, number):
    dissipation, x = DISSIPATIONS[name](number), states()
    a, b = 2 * normal((2, 200, 2), 4)
    rounding = 1e-12 * (1 + dissipation(x, a) + dissipation(x, b))
    assert (dissipation(x, 0 * a).abs() == 0).all()
    assert (dissipation.flux(x, 0 * a) == 0).all()
    assert (dissipation(x, a) >= 0).all()
    assert (dissipation(x, (a + b) / 2) <= (dissipation(x, a) + dissipation(x, b)) / 2 + rounding).all()
    assert ((a * dissipation.flux(x, a)).sum(-1) >= dissipation(x, a) - rounding).all()


def test_the_inadmissible_one_meets_all_conditions_but_one():
    dissipation, y = Inadmissible(2.0), torch.linspace(-3, 3, 301, dtype=torch.float64)[:, None]
    value, gain = dissipation(0 * y, y), y[:, 0] * dissipation.flux(0 * y, y)[:, 0]
    assert (value >= -torch.finfo(torch.float64).eps).all()  # a cosine may be rounded up above 1
    assert value[150].abs() <= torch.finfo(torch.float64).eps
    weak, strong = 2 * y[:, 0].abs() < math.pi - 0.1, 2 * y[:, 0].abs() > math.pi + 0.1
    assert (gain[weak] >= 0).all()
    assert (gain[strong] < 0).all()


def test_dry_friction_does_not_move_below_its_threshold():
    dissipation = DryFriction(0.7, mobility=2.0)
    force = torch.tensor([[0.3, 0.4], [0.6, 0.8]], dtype=torch.float64)  # sizes 0.5 and 1
    expected = torch.tensor([[0.0, 0.0], [0.36, 0.48]], dtype=torch.float64)  # 2 (1 - 0.7) along the force
    torch.testing.assert_close(dissipation.flux(force, force), expected)


def test_the_easy_direction_is_at_thirty_degrees():
    along = torch.tensor([math.cos(math.pi / 6), math.sin(math.pi / 6)], dtype=torch.float64)
    across = torch.tensor([-along[1], along[0]], dtype=torch.float64)
    flux = easy_direction(0.25).flux(along, torch.stack([along, across]))
    torch.testing.assert_close(flux, torch.stack([along, 0.25 * across]))
