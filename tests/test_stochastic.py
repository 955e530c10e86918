"""Jumps and noise against laws that are known exactly."""

import math

import pytest
import torch
from conftest import refused
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from ggd_helpers.integrators import rk4
from ggd_helpers.potentials.examples import two_hills
from ggd_helpers.potentials.general import FormulaEntropy, QuadraticEntropy
from ggd_helpers.stochastic.exchange import Exchange
from ggd_helpers.stochastic.generating import distinct
from ggd_helpers.stochastic.gillespie import gillespie
from ggd_helpers.stochastic.langevin import langevin, most_probable_path, onsager_machlup_action

EXCHANGE = torch.tensor([[-1, 1], [1, -1]])


def exchange(kf, kb):
    return lambda counts: counts.double() * torch.tensor([kf, kb], dtype=torch.float64)


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


# --- jumps ---


@pytest.mark.parametrize(("kf", "kb"), [(1.0, 1.0), (2.0, 0.5)])
def test_molecules_that_change_sides_are_binomial_at_every_time(kf, kb):
    n, runs, times = 6, 20_000, torch.tensor([0.2, 0.7, 3.0], dtype=torch.float64)
    start = torch.tensor([[n, 0]]).expand(runs, 2)
    seen = gillespie(exchange(kf, kb), EXCHANGE, start, times, generator())
    assert seen.shape == (runs, 3, 2)
    assert (seen.sum(-1) == n).all()
    for i, t in enumerate(times.tolist()):
        share = kf / (kf + kb) * (1 - math.exp(-(kf + kb) * t))
        expected = runs * stats.binom.pmf(range(n + 1), n, share)
        counted = torch.bincount(seen[:, i, 1], minlength=n + 1).numpy()
        often = expected > 5
        p = stats.chisquare(
            [*counted[often], counted[~often].sum() + 1e-9], [*expected[often], expected[~often].sum() + 1e-9]
        ).pvalue
        assert p > 1e-4


def test_single_jumps_come_at_exponential_times():
    times = torch.linspace(0.02, 3, 150, dtype=torch.float64)
    seen = gillespie(exchange(2.0, 0.0), EXCHANGE, torch.tensor([[1, 0]]).expand(5000, 2), times, generator(1))
    gone = seen[..., 1].double().mean(0)
    assert (gone - (1 - torch.exp(-2 * times))).abs().max() < 4 * 0.5 / math.sqrt(5000)


def test_kinds_of_events_happen_in_proportion_to_their_rates():
    """Three ways out, one of them closed."""
    changes = torch.tensor([[-1, 1, 0, 0], [-1, 0, 1, 0], [-1, 0, 0, 1]])

    def rates(counts):
        return counts[:, :1].double() * torch.tensor([1.0, 0.0, 3.0], dtype=torch.float64)

    start = torch.tensor([[1, 0, 0, 0]]).expand(20_000, 4)
    last = gillespie(rates, changes, start, torch.tensor([50.0], dtype=torch.float64), generator(2))[:, 0]
    assert last[:, 2].sum() == 0
    assert last[:, 1].double().mean().item() == pytest.approx(0.25, abs=4 * 0.43 / math.sqrt(20_000))


def test_when_nothing_can_happen_nothing_does():
    times = torch.tensor([0.0, 1.0, 9.0], dtype=torch.float64)
    seen = gillespie(exchange(0.0, 0.0), EXCHANGE, torch.tensor([[3, 4]]), times, generator())
    assert seen.tolist() == [[[3, 4]] * 3]


def test_the_same_seed_gives_the_same_runs_and_time_zero_shows_the_start():
    start, times = torch.tensor([[30, 0], [20, 10]]), torch.linspace(0, 1, 11, dtype=torch.float64)
    runs = [gillespie(exchange(1.0, 1.0), EXCHANGE, start, times, generator(k)) for k in (3, 3, 4)]
    assert torch.equal(runs[0], runs[1])
    assert not torch.equal(runs[0], runs[2])
    assert torch.equal(runs[0][:, 0], start)
    assert torch.equal(start, torch.tensor([[30, 0], [20, 10]]))


@pytest.mark.parametrize("bad", [-1.0, math.nan, math.inf])
def test_rates_that_make_no_sense_are_refused(bad):
    with refused("rate", "negative or not finite"):
        gillespie(exchange(bad, 1.0), EXCHANGE, torch.tensor([[1, 0]]), torch.tensor([1.0]), generator())


@pytest.mark.parametrize("share", [0.2, 0.5, 0.9])
def test_the_hamiltonian_of_jumps_is_measured(share):
    """Within five standard errors of the formula: those of the average of an exponential, by the formula itself."""
    xi, runs, events = torch.linspace(-1, 1, 9, dtype=torch.float64), 100_000, 0.6
    known = (1 - share) * torch.expm1(xi) + share * torch.expm1(-xi)
    twice = (1 - share) * torch.expm1(2 * xi) + share * torch.expm1(-2 * xi)
    error = torch.sqrt(torch.expm1(events * (twice - 2 * known)) / runs) / events
    finite = 2 * events / 500  # the rates change by a few of 500 molecules in a run
    measured = Exchange(500).hamiltonian(xi, share, runs, generator())
    assert ((measured - known).abs() <= 5 * error + finite * known.abs() + 1e-12).all()


def test_the_counted_slope_is_that_of_stirling():
    exchange = Exchange(1000)
    assert exchange.counted_slope(0.5) == 0
    for share in (0.1, 0.4, 0.8):
        assert exchange.counted_slope(share) == pytest.approx(math.log((1 - share) / share), rel=0.005)


# --- noise ---

BOWL = QuadraticEntropy(torch.eye(1)).requires_grad_(False)
STEEP = FormulaEntropy(lambda x: (-0.5 * x**2 - 0.25 * x**4).sum(-1))


def test_langevin_without_noise_is_eulers_method():
    x0 = torch.tensor([[1.0], [-0.5]], dtype=torch.float64)
    path = langevin(BOWL, 2.0, 0.0, x0, 0.01, 51, generator())
    assert path.shape == (2, 51, 1)
    torch.testing.assert_close(path, x0[:, None] * 0.98 ** torch.arange(51, dtype=torch.float64)[:, None])


@pytest.mark.parametrize(("mobility", "noise"), [(1.0, 0.1), (3.0, 0.02)])
def test_langevin_settles_to_the_density_exp_of_entropy_over_noise(mobility, noise):
    """For `S = -x^2/2` a normal density of variance `eps`; Euler's is `eps / (1 - m dt / 2)`."""
    path = langevin(BOWL, mobility, noise, torch.zeros(20_000, 1, dtype=torch.float64), 0.02, 151, generator(5))
    x = path[:, -1, 0]
    variance = noise / (1 - mobility * 0.02 / 2)
    assert x.mean().abs() < 4 * math.sqrt(variance / 20_000)
    assert x.var().item() == pytest.approx(variance, rel=4 * math.sqrt(2 / 20_000))


def test_action_of_a_path_that_moves_steadily():
    """`x = v t` in no force: `A = v^2 T / 4m`."""
    flat = FormulaEntropy(lambda x: 0 * x.sum(-1))
    path = torch.linspace(0, 3, 11, dtype=torch.float64)[:, None] * torch.tensor([1.0, 2.0], dtype=torch.float64)
    assert onsager_machlup_action(flat, 0.5, path, 0.1).item() == pytest.approx((9 + 36) / (4 * 0.5), rel=1e-12)


def test_action_of_resting_on_a_slope():
    """Staying at `x` costs `m x^2 / 4` a unit of time when `S = -x^2/2`."""
    path = torch.full((5, 21, 1), 0.7, dtype=torch.float64)
    action = onsager_machlup_action(BOWL, 2.0, path, 0.1)
    torch.testing.assert_close(action, torch.full((5,), 2.0 * 0.49 / 4 * 2.0, dtype=torch.float64))


@given(st.floats(0.3, 3), st.floats(-2, 2), st.floats(-2, 2), st.floats(0.5, 4))
def test_most_probable_path_in_a_bowl_is_the_textbooks(mobility, a, b, duration):
    points = 201
    start, end = (torch.tensor([v], dtype=torch.float64) for v in (a, b))
    path = most_probable_path(BOWL, mobility, start, end, duration / (points - 1), points)[:, 0]
    t = mobility * torch.linspace(0, duration, points, dtype=torch.float64)
    exact = (a * torch.sinh(t[-1] - t) + b * torch.sinh(t)) / torch.sinh(t[-1])
    assert (path - exact).abs().max() < 1e-2 * max(abs(a), abs(b), 1e-3) * (mobility * duration / 10) ** 2 + 1e-9


def test_the_path_of_no_action_is_the_gradient_flow_and_its_reversal_costs_the_entropy():
    points, dt = 201, 0.02
    flow = rk4(STEEP.conjugate, torch.ones(1, dtype=torch.float64), dt, points)
    down = most_probable_path(STEEP, 1.0, flow[0], flow[-1], dt, points)
    up = most_probable_path(STEEP, 1.0, flow[-1], flow[0], dt, points)
    torch.testing.assert_close(down, flow, rtol=0, atol=2e-4)
    torch.testing.assert_close(up, flow.flip(0), rtol=0, atol=1e-3)
    assert onsager_machlup_action(STEEP, 1.0, down, dt).item() < 1e-8
    cost = onsager_machlup_action(STEEP, 1.0, up, dt).item()
    assert cost == pytest.approx((STEEP(flow[-1]) - STEEP(flow[0])).item(), rel=1e-3)


@pytest.mark.parametrize("size", [1e-4, 1.0, 1e6])
def test_the_unit_of_time_does_not_matter(size):
    """`S -> k S` and `t -> t/k` leave the path as it is, and multiply its action by `k`."""
    steep, start, end = QuadraticEntropy([[size]]).requires_grad_(False), torch.tensor([-1.0]), torch.tensor([0.6])
    path = most_probable_path(steep, 1.0, start.double(), end.double(), 0.04 / size, 101)
    usual = most_probable_path(BOWL, 1.0, start.double(), end.double(), 0.04, 101)
    torch.testing.assert_close(path, usual, rtol=0, atol=1e-6)


def test_from_hill_to_hill_the_price_is_the_depth_of_the_valley():
    """`S = -(x^2 - 1/2)^2 - y^2/2`: from one top down to -1/4 and up again, for a little more than 1/4."""
    top = torch.tensor([0.5**0.5, 0.0], dtype=torch.float64)
    dt = 0.1
    path = most_probable_path(two_hills(1.0), 1.0, -top, top, dt, 61)
    assert 0.25 <= onsager_machlup_action(two_hills(1.0), 1.0, path, dt).item() < 0.252
    assert onsager_machlup_action(two_hills(1.0), 1.0, path[30:], dt).item() < 1e-3  # the second hill is free


def test_no_other_path_has_less_action():
    start, end = torch.tensor([1.0, 0.0], dtype=torch.float64), torch.tensor([0.2, 0.5], dtype=torch.float64)
    entropy = QuadraticEntropy([[1.0, 0.3], [0.3, 2.0]]).requires_grad_(False)
    least = most_probable_path(entropy, 1.0, start, end, 0.05, 41)
    assert torch.equal(least[0], start)
    assert torch.equal(least[-1], end)
    wiggles = 0.05 * torch.randn(100, 41, 2, generator=generator(1), dtype=torch.float64)
    wiggles[:, [0, -1]] = 0
    action = onsager_machlup_action(entropy, 1.0, least + wiggles, 0.05)
    assert (action > onsager_machlup_action(entropy, 1.0, least, 0.05)).all()


def test_too_few_points_are_refused():
    with refused("points", "2", "3 or more"):
        most_probable_path(BOWL, 1.0, torch.zeros(1).double(), torch.ones(1).double(), 0.1, 2)


def test_distinct_rows_are_those_of_torch():
    rows = torch.randint(0, 4, (500, 3), generator=generator()).double()
    found, often = distinct(rows)
    expected, counts = rows.unique(dim=0, return_counts=True)
    assert torch.equal(found, expected)
    assert torch.equal(often, counts)
