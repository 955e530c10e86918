"""Laws fitted to whole records, against least squares by SciPy, certified values of NIST and exact solutions."""

import math
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import normal, refused
from scipy import stats
from scipy.optimize import curve_fit
from torch import nn

import ggd_helpers as ggd
from ggd_helpers.training.weights import Weights

NAN = float("nan")
ONE_VALUE = ggd.Measurements(torch.zeros(1, 1).double(), torch.ones(1, 1, 1).double())
FLAT = 1e8  # the deviation of a prior that says nothing


class Constant(nn.Module):
    """`x' = a`: paths are straight lines."""

    def __init__(self, dim=1):
        super().__init__()
        self.a = nn.Parameter(torch.zeros(dim, dtype=torch.float64))

    def forward(self, x):
        return self.a.expand_as(x)


class Approach(nn.Module):
    """`y' = b_2 (b_1 - y)`, from `y(0) = 0`: `y = b_1 (1 - exp(-b_2 t))`."""

    def __init__(self, b1, b2):
        super().__init__()
        self.log_b = nn.Parameter(torch.tensor([b1, b2], dtype=torch.float64).log())

    def forward(self, y):
        b1, b2 = self.log_b.exp()
        return b2 * (b1 - y)


def decays(deviation=None, seed=0, lengths=(9, 5, 7), noise=0.03):
    """Records of `x' = -1.4 x` with noise and a gap, at times that do not begin at 0."""
    generator = torch.Generator().manual_seed(seed)
    records = []
    for k, length in enumerate(lengths):
        times = torch.sort(2 * torch.rand(length, generator=generator, dtype=torch.float64)).values + k
        clean = (1 + k) * torch.exp(-1.4 * (times - times[0]))
        values = clean + noise * torch.randn(length, generator=generator, dtype=torch.float64)
        values[2] = NAN
        records.append((times, values[:, None]))
    return ggd.Measurements.of(records, None if deviation is None else torch.tensor([deviation]).double())


def fitted(model, data, likelihood, **options):
    ggd.fit(model, data, ggd.WholeRecords(likelihood, restarts=1, **options), progress=False)
    return ggd.Laplace.of(model, data, likelihood)


@pytest.mark.parametrize("deviation", [None, 0.05])
def test_a_rate_and_its_covariance_are_those_of_least_squares(deviation):
    data = decays(deviation)
    seen = data.observed[..., 0]
    k, t = (seen.nonzero()[:, 0]).numpy(), (data.times - data.times[:, :1])[seen].numpy()

    def formula(_, log_rate, *starts):
        return np.array(starts)[k] * np.exp(-np.exp(log_rate) * t)

    values = data.values[seen][:, 0].numpy()
    best, covariance = curve_fit(formula, t, values, [0.0, 1, 2, 3], deviation and np.full(len(t), deviation),
                                 absolute_sigma=deviation is not None, xtol=1e-12, ftol=1e-12)  # fmt: skip
    law = ggd.OverdampedParticle().requires_grad_(False)
    law.dissipation.requires_grad_(True)
    found = fitted(law, data, ggd.RecordLikelihood(ggd.GradedRK4(32), prior=FLAT))
    error = math.sqrt(covariance[0, 0])
    assert law.dissipation.log_mobility.item() == pytest.approx(best[0], abs=1e-2 * error)
    assert found.covariance.sqrt().item() == pytest.approx(error, rel=5e-3)
    torch.testing.assert_close(found.starts[:, 0], torch.from_numpy(best[1:]), rtol=0, atol=5e-3 * 0.03)
    assert found.degrees == pytest.approx(len(t) - 4, abs=1e-3)
    left = math.sqrt(np.square(formula(t, *best) - values).sum() / (len(t) - 4))
    assert found.noise.item() == pytest.approx(deviation or left, rel=1e-4)
    velocity = found.band(lambda law: law(torch.tensor([[2.0]]).double()))
    assert velocity.deviation.item() == pytest.approx(2 * math.exp(best[0]) * error, rel=2e-2)


def test_certified_values_of_nist():
    """Misra1a (D. Misra, NIST 1978), https://www.itl.nist.gov/div898/strd/nls/data/misra1a.shtml, from its start 2."""
    y = [10.07, 14.73, 17.94, 23.93, 29.61, 35.18, 40.02, 44.82, 50.76, 55.05, 61.01, 66.40, 75.47, 81.78]
    x = [77.6, 114.9, 141.1, 190.8, 239.9, 289.0, 332.8, 378.4, 434.8, 477.3, 536.8, 593.1, 689.1, 760.0]
    data = ggd.Measurements.of([(torch.tensor([0.0, *x]).double(), torch.tensor([NAN, *y]).double()[:, None])])
    law = Approach(250.0, 5e-4)
    found = fitted(law, data, ggd.RecordLikelihood(prior=FLAT, known_starts={0: 0.0}))
    band = found.band(lambda law: law.log_b.exp())
    assert band.value[0].item() == pytest.approx(2.3894212918e2, abs=0.01 * 2.7070075241)
    assert band.value[1].item() == pytest.approx(5.5015643181e-4, abs=0.01 * 7.2668688436e-6)
    assert band.deviation[0].item() == pytest.approx(2.7070075241, rel=5e-3)
    assert band.deviation[1].item() == pytest.approx(7.2668688436e-6, rel=5e-3)
    assert found.noise.item() == pytest.approx(1.0187876330e-1, rel=1e-4)


def test_a_straight_line_by_the_textbook():
    """Slope and its deviation, `sigma / sqrt(sum (t - mean t)^2)` with all records together; bands of Student's."""
    times = torch.tensor([[0.0, 1.0, 2.5, 3.0], [1.0, 1.5, 4.0, NAN]]).double()
    values = (0.3 * times + normal((2, 4), 1))[..., None]
    law = Constant()
    found = fitted(law, ggd.Measurements(times, values), ggd.RecordLikelihood(prior=FLAT))
    t, y = times - times.nanmean(1, keepdim=True), values[..., 0] - values[..., 0].nanmean(1, keepdim=True)
    slope = (t * y).nansum() / t.square().nansum()
    sigma = ((y - slope * t).square().nansum() / (7 - 3)).sqrt()
    band = found.band(lambda law: law.a)
    assert band.value.item() == pytest.approx(slope.item(), abs=1e-3 * sigma.item())  # starts have a weak prior
    assert band.deviation.item() == pytest.approx((sigma / t.square().nansum().sqrt()).item(), rel=5e-3)
    low, high = band.edges(0.9)
    assert (high - low).item() == pytest.approx(2 * 2.131847 * band.deviation.item(), rel=2e-3)  # t table, 4 degrees


def test_bands_cover_as_often_as_they_say():
    """400 slopes of straight lines, five values each: 90 % within three deviations of the share."""
    times = torch.arange(5.0).double()[None]
    values = 0.7 * times[..., None] + 0.1 * normal((1, 5, 400), 8)
    data = ggd.Measurements(times, values, torch.full((400,), 0.1).double())
    found = fitted(Constant(400), data, ggd.RecordLikelihood(ggd.GradedRK4(2), prior=FLAT))
    held = found.band(lambda law: law.a).holds(torch.tensor(0.7)).double().mean().item()
    assert abs(held - 0.9) < 3 * math.sqrt(0.9 * 0.1 / 400)


def posterior(data, likelihood=None, dim=1):
    law = Constant(dim)
    return (likelihood or ggd.RecordLikelihood()).of(law, data), Weights(law).read()


def test_what_was_not_seen_says_nothing():
    data, generator = decays(0.05), torch.Generator().manual_seed(0)
    longer = ggd.Measurements(
        torch.nn.functional.pad(data.times, (0, 3), value=NAN),
        torch.nn.functional.pad(data.values, (0, 0, 0, 3), value=NAN),
        data.deviation,
    )
    raw = torch.randn(3, 1, generator=generator, dtype=torch.float64)
    misfits = []
    for each in (data, longer):
        prepared, theta = posterior(each)
        misfits.append(prepared.at(theta, raw).misfit)
    assert misfits[0] == pytest.approx(misfits[1], rel=1e-12)


@pytest.mark.parametrize(
    ("deviation", "expected"),
    [([0.5, 2.0], 0.5 * (4 / 0.25 + (4 + 1) / 4)), (None, 0.5 * (math.log(4) + math.log(4 + 1)))],
)
def test_the_misfit_by_hand(deviation, expected):
    """A law at rest: misses 0 and -2 in the first coordinate, -2 and -1 in the second, whose start is off by 2."""
    times = torch.tensor([[0.0, 1.0, 2.0]]).double()
    values = torch.tensor([[[1.0, 5.0], [NAN, 4.0], [3.0, NAN]]]).double()
    given = None if deviation is None else torch.tensor(deviation).double()
    prepared, theta = posterior(ggd.Measurements(times, values, given), dim=2)
    point = prepared.at(theta, torch.tensor([[1.0, 3.0]]).double())
    prior = 0.5 * (2 / (10 * 0.5)) ** 2  # ten times the deviation of 5 and 4 is that of the start
    assert point.misfit == pytest.approx(expected + prior, rel=1e-9)


def test_the_pull_is_minus_the_slope_of_the_misfit():
    """Noise estimated, one coordinate never seen, errors in percent, positive states: all at once."""
    system = ggd.MassActionReactions("A + 2 B <-> C")
    clean = ggd.simulate(system, trajectories=3, points=21, dt=0.1, seed=20)
    data = ggd.measure(clean, ggd.uneven_instants(clean, 6, seed=20), noise=0.05, seed=20, lost=0.1)
    hidden = torch.where(torch.arange(3) == 2, NAN, data.values.abs())
    law = ggd.GradientDynamics(ggd.MixingEntropy(3, seed=2), system.dissipation)
    likelihood = ggd.RecordLikelihood(scale=torch.log, domain=ggd.Positive(), known_starts={1: 0.5})
    prepared = likelihood.of(law, ggd.Measurements(data.times, hidden))
    with torch.no_grad():
        theta = Weights(law).read()
        point = prepared.at(theta, prepared.starts.guess + 0.05 * prepared.free)
        noise = prepared.noise(point.misses)
        equations = prepared.normal_equations(point, noise)
        pull = prepared.pull(point, equations, noise)
        h = 1e-6
        for seed in (3, 4):
            weights, starts = normal((len(theta),), seed), normal((3, 3), seed + 10) * prepared.free
            up, down = (prepared.at(theta + s * h * weights, point.raw + s * h * starts).misfit for s in (1, -1))
            along = (pull.weights * weights).sum() + (pull.starts * starts).sum()
            assert (up - down) / (2 * h) == pytest.approx(-along.item(), rel=1e-5)
    assert pull.starts[:, 1].abs().max() == 0  # known


def test_starts_stay_positive():
    domain, states = ggd.Positive(0.1), torch.tensor([0.05, 0.3, 4.0]).double()
    torch.testing.assert_close(domain.states(domain.raw(states)), states)
    raw = torch.linspace(-2, 2, 9).double().requires_grad_()
    (slope,) = torch.autograd.grad(domain.states(raw).sum(), raw)
    torch.testing.assert_close(domain.slope(raw.detach()), slope)
    assert (domain.states(raw) > 0).all()
    assert (domain.states(domain.raw(torch.tensor([-1.0, 0.0]).double())) > 0).all()


def test_an_amount_that_was_never_seen_is_found():
    """Two amounts that exchange, one of them measured, with errors of 1 %: the eigenvalues of the rates."""
    rates = torch.tensor([[1.4, -0.5], [-0.5, 0.6]]).double()
    times = torch.linspace(0, 8, 33).double().expand(4, -1)
    exact = torch.linalg.matrix_exp(-times[..., None, None] * rates)[..., 0, 0] * torch.tensor([[1.0], [2], [4], [8]])
    values = exact * (1 + 0.01 * normal((4, 33), 5))
    data = ggd.Measurements(times, torch.stack([values, torch.full_like(values, NAN)], -1))
    pair = ggd.QuadraticEntropy(torch.eye(2)).requires_grad_(False), ggd.QuadraticDissipation(torch.eye(2) + 0.2)
    likelihood = ggd.RecordLikelihood(scale=torch.log, prior=FLAT, known_starts={1: 0.0})
    found = fitted(ggd.GradientDynamics(*pair), data, likelihood)
    band = found.band(lambda law: torch.linalg.eigvalsh(law.dissipation.form.matrix()))
    assert ((band.value - torch.linalg.eigvalsh(rates)).abs() < 4 * band.deviation).all()
    assert (band.deviation < 0.1 * band.value).all()
    assert (found.starts[:, 1] == 0).all()


def test_a_stiff_law_is_fitted_through_scipy():
    system = ggd.MassActionReactions("A <-> B | kf=300, kb=100; B <-> C | kf=2, kb=1")
    clean = ggd.simulate(system, trajectories=3, points=101, dt=0.03, seed=20)
    data = ggd.measure(clean, ggd.uneven_instants(clean, 10, seed=20), noise=0.01, seed=20)
    law = ggd.GradientDynamics(ggd.LearnedMixture(3), system.dissipation)
    likelihood = ggd.RecordLikelihood(ggd.Radau(1e-5, 1e-7), domain=ggd.Positive())
    found = fitted(law, data, likelihood)
    affinity = found.band(lambda law: law.entropy.reference @ system.stoichiometry)
    miss = affinity.value - system.entropy.reference @ system.stoichiometry
    assert (miss.abs() < 4 * affinity.deviation).all()
    assert (affinity.deviation < 0.2).all()


QUICK = ggd.RecordLikelihood(ggd.GradedRK4(12))


def steep(trajectories=10, points=12):
    system = ggd.SteepParticle(1.0, 3.0)
    clean = ggd.simulate(system, trajectories, points=101, dt=0.03, seed=20)
    data = ggd.measure(clean, ggd.uneven_instants(clean, points, seed=20), noise=0.03, seed=20)
    return system, data


def known(data, factor=1.0):
    """The same with the deviation of the noise told."""
    return ggd.Measurements(data.times, data.values, factor * torch.tensor(data.metadata["noise"]).double())


def steep_law(seed=1):
    entropy = ggd.QuadraticEntropy([[1.0]]).requires_grad_(False)
    return ggd.GradientDynamics(entropy, ggd.ForceDissipation(1, seed=seed))


@pytest.fixture(scope="module")
def steep_fit():
    system, data = steep()
    return system, data, fitted(steep_law(), data, QUICK)


def test_residuals_of_a_right_law_look_like_noise(steep_fit):
    system, data, found = steep_fit
    for each in (data, known(data)):
        check = ggd.ResidualCheck.of(ggd.Laplace.of(found.model, each, QUICK), each)
        assert "look like noise" in check.verdict
        assert check.path_error < 0.1
        assert (check.p_value is None) == (each.deviation is None)
    grid = torch.linspace(-0.8, 0.8, 17).double()[:, None]
    assert ggd.relative_error(found.model(grid), system(grid)) < 0.15


def test_residuals_of_a_wrong_law_are_large_or_go_together():
    _, data = steep(trajectories=24, points=24)
    for each in (data, known(data)):
        wrong = ggd.OverdampedParticle()
        wrong.dissipation.requires_grad_(True)
        check = ggd.ResidualCheck.of(fitted(wrong, each, QUICK), each)
        assert "misses something" in check.verdict


def test_a_path_or_a_deviation_that_is_wrong_is_noticed(steep_fit):
    _, data, found = steep_fit
    coarse = ggd.RecordLikelihood(ggd.GradedRK4(1))
    assert "more steps" in ggd.ResidualCheck.of(ggd.Laplace.of(found.model, data, coarse), data).verdict
    generous = known(data, 2.0)
    assert "too large" in ggd.ResidualCheck.of(ggd.Laplace.of(found.model, generous, QUICK), generous).verdict


def lag_one_p(sets: torch.Tensor) -> torch.Tensor:
    """What the check says of each set of residuals, `(sets, records, times)`, whatever law they come from."""
    values = sets[0, ..., None]
    times = torch.arange(values.shape[1]).double().expand(values.shape[:2])
    data = ggd.Measurements(times, values, torch.ones(1).double())
    found = ggd.Laplace.of(Constant(), data, ggd.RecordLikelihood(ggd.GradedRK4(2), prior=FLAT))
    checks = [ggd.ResidualCheck.of(replace(found, residuals=each[..., None]), data) for each in sets]
    return torch.tensor([check.lag_one_p for check in checks])


@pytest.mark.parametrize(("records", "times"), [(1, 10), (6, 4), (2, 60)])
def test_chance_is_as_rare_as_the_check_says_however_few_the_values(records, times):
    found = lag_one_p(normal((300, records, times), 5))
    for level in (0.1, 0.5):
        assert stats.binomtest(int((found < level).sum()), 300, level).pvalue > 1e-3


def test_ten_values_that_go_together_are_noticed_and_single_ones_cannot_be():
    assert lag_one_p(torch.linspace(0.5, 1.5, 10).double()[None, None]) < 1e-3
    assert lag_one_p(normal((1, 5, 1), 3)).isnan()


def test_a_rollouts_band_is_that_of_its_derivatives(steep_fit):
    _, _, found = steep_fit
    start, times = torch.tensor([[0.8]]).double(), torch.linspace(0, 2, 5).double()
    direct = found.band(lambda law: ggd.rk4(law, start, 0.1, 21)[:, ::5])
    rolled = found.rollout(start, times)
    torch.testing.assert_close(rolled.value, direct.value, rtol=0, atol=1e-4)
    torch.testing.assert_close(rolled.deviation, direct.deviation, rtol=1e-2, atol=1e-6)


def test_the_bootstrap_agrees_where_there_are_many_records():
    times = torch.arange(4.0).double().expand(40, -1)
    data = ggd.Measurements(times, 0.7 * times[..., None] + 0.1 * normal((40, 4, 1), 7))
    law, likelihood = Constant(), ggd.RecordLikelihood(ggd.GradedRK4(2), prior=FLAT)
    deviation = fitted(law, data, likelihood).band(lambda law: law.a).deviation
    recipe = ggd.WholeRecords(likelihood, restarts=1)
    members = ggd.bootstrap(law, data, recipe, members=24)
    ratio = ggd.band_of(members, lambda law: law.a).deviation / deviation
    assert 0.6 < ratio < 1.5
    others = ggd.committee(lambda seed: Constant(), data, recipe, members=3, progress=False)
    assert ggd.band_of(others, lambda law: law.a).deviation < 0.05 * deviation


def test_a_resumed_fit_ends_like_an_uninterrupted_one(tmp_path, monkeypatch):
    _, data = steep(trajectories=5)
    recipe = ggd.WholeRecords(ggd.RecordLikelihood(ggd.GradedRK4(5)), trial=4, iterations=14)

    def fit(**options):
        law = steep_law(3)
        history = ggd.fit(law, data, recipe, progress=False, **options)
        return torch.cat([p.flatten() for p in law.dissipation.parameters()]), history

    def interrupt(iteration, loss):
        if iteration == 11:
            raise KeyboardInterrupt

    whole, history = fit()
    monkeypatch.setattr("ggd_helpers.training.fit.CHECKPOINT_EVERY", 3)
    fit(checkpoint=tmp_path / "fit.pt", watch=interrupt)
    resumed, again = fit(checkpoint=tmp_path / "fit.pt")
    torch.testing.assert_close(resumed, whole, rtol=1e-6, atol=1e-8)
    assert len(again.losses) == len(history.losses)


def test_a_law_that_cannot_be_followed_is_refused():
    class Wild(nn.Module):
        def __init__(self):
            super().__init__()
            self.a = nn.Parameter(torch.ones(1, dtype=torch.float64))

        def forward(self, x):
            return self.a * torch.nan * x

    with refused("could not be followed", "20 draws"):
        ggd.fit(Wild(), decays(), ggd.WholeRecords(), progress=False)


@pytest.mark.parametrize(
    ("words", "likelihood", "data"),
    [
        (("prior", "positive"), ggd.RecordLikelihood(prior=0.0), decays()),
        (("known_starts", "0 to 0"), ggd.RecordLikelihood(known_starts={1: 0.0}), decays()),
        (("deviation must be positive",), ggd.RecordLikelihood(), decays(0.0)),
        (("coordinate 0", "1 values"), ggd.RecordLikelihood(), ONE_VALUE),
        (("domain of scale",), ggd.RecordLikelihood(scale=lambda x: torch.log(x - 2)), decays()),
    ],
)
def test_what_makes_no_sense_is_refused(words, likelihood, data):
    with refused(*words):
        likelihood.of(Constant(), data)


def test_a_recipe_out_of_range_is_refused():
    with refused("restarts"):
        ggd.fit(Constant(), decays(), ggd.WholeRecords(restarts=0), progress=False)


def test_the_lines_of_the_readme_tell_a_law_and_how_sure_it_is(tmp_path, monkeypatch):
    readme = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
    (lines,) = (block for block in re.findall(r"```python\n(.*?)```", readme, re.DOTALL) if "WholeRecords" in block)
    system = ggd.SteepParticle(gamma=1.0, steepness=2.0, dim=1)
    clean = ggd.simulate(system, 16, points=401, dt=0.005, seed=20)
    data = ggd.measure(clean, ggd.uneven_instants(clean, 10, seed=20), noise=0.05, seed=20)
    rows = [f"{k},{t},{x}" for k in range(16) for t, x in zip(data.times[k], data.values[k, :, 0], strict=True)]
    (tmp_path / "mine.csv").write_text("\n".join(["trajectory,t,x", *rows]), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    found: dict = {}
    exec(lines, found)
    inside = found["grid"].abs() < 0.6
    truth, low, high = (each[inside] for each in (system(found["grid"]), found["low"], found["high"]))
    assert ((low + high) / 2 - truth).norm() < 0.15 * truth.norm()
    assert (low < high + 1e-12).all()
    assert (high - low).norm() < 0.5 * truth.norm()


def test_a_pair_is_asked_up_to_what_no_motion_tells():
    """`3 S` with `3 Xi(x*/3)` moves alike: only who learned both is compared without the scale, and S without a sum."""
    known = ggd.SteepParticle(gamma=1.0, steepness=2.0)
    other = ggd.GradientDynamics(
        ggd.FormulaEntropy(lambda x: 7 - 1.5 * (x**2).sum(-1)),
        ggd.FormulaDissipation(lambda x, f: 0.75 * (torch.cosh(2 * f / 3) - 1).sum(-1)),
    )
    grid = torch.linspace(-0.9, 0.9, 11).double()[:, None]
    with torch.no_grad():
        for name, question in ggd.with_both_learned(known, grid).items():
            torch.testing.assert_close(question(other), question(known), rtol=1e-10, atol=1e-10, msg=name)
        one = ggd.with_one_given(known, grid)
        torch.testing.assert_close(one["velocity"](other), -0.5 * torch.sinh(2 * grid))
        torch.testing.assert_close(one["S"](other), 3 * one["S"](known))
        torch.testing.assert_close(one["Xi"](known), 0.25 * (torch.cosh(2 * grid[:, 0]) - 1))
