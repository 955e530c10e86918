"""The trapped bead, protocols and clouds of realisations, against closed forms."""

import math
from functools import partial

import pytest
import torch
from conftest import normal, refused

from ggd_helpers.recordings.ensembles import Ensembles, pool, sampling_variance
from ggd_helpers.recordings.realisations import realisations_from_csv
from ggd_helpers.recordings.simulate_ensembles import heun, simulate_groups
from ggd_helpers.systems import protocols
from ggd_helpers.systems.protocols import Protocol, inputs_of
from ggd_helpers.systems.trapped_bead import TrappedBead

TIMES = torch.linspace(0, 3, 301, dtype=torch.float64)


def clouds(bead=None, drive=None, realisations=400, seed=20, **options):
    settings = {"points": 101, "dt": 0.02, "groups": 4, "bins": 120} | options
    drive = drive or partial(inputs_of, [protocols.ramp(1.0), protocols.smooth_ramp(0.7)])
    return simulate_groups(bead or TrappedBead(), drive, realisations, seed=seed, **settings)


def test_the_mean_under_a_ramp_and_a_sine():
    """Solutions of `eta m' = -(k0 + k) m + k u` by hand."""
    bead = TrappedBead(stiffness=2.0, anchor=0.5, viscosity=1.5)
    rate, gain = 2.5 / 1.5, 2.0 / 1.5
    by_ramp = gain * 0.8 * (TIMES / rate - (1 - torch.exp(-rate * TIMES)) / rate**2)
    omega = 2 * math.pi / 1.3
    wave = rate * torch.sin(omega * TIMES) - omega * torch.cos(omega * TIMES) + omega * torch.exp(-rate * TIMES)
    by_sine = gain * 0.4 / (rate**2 + omega**2) * wave
    inputs = inputs_of([protocols.ramp(0.8), protocols.sine(0.4, 1.3)], TIMES)
    found = bead.mean(inputs, 0.01)[..., 0]
    assert (found - torch.stack([by_ramp, by_sine])).abs().max() < 1e-7


def test_the_force_is_the_slope_of_the_free_energy_and_the_law_the_equation_of_motion():
    bead = TrappedBead(stiffness=2.0, anchor=0.5, viscosity=1.5)
    x, u = normal((7, 1), 1), normal((7, 1), 2)
    slope = torch.func.grad(lambda u: -bead.entropy(x, u).sum())(u)
    assert (bead.force(x, u) - slope).abs().max() < 1e-14
    assert (bead.at(u)(x) + (0.5 * x + 2 * (x - u)) / 1.5).abs().max() < 1e-14
    assert (
        bead.entropy.at(u).conjugate(x) - torch.func.grad(lambda x: bead.entropy(x, u).sum())(x)
    ).abs().max() < 1e-13


def test_clouds_have_the_exact_mean_and_variance():
    """Sampling errors of the mean are sqrt(v / R), correlated over a time 1/2; of the variance v sqrt(2 / R)."""
    bead = TrappedBead(thermal_energy=0.02)
    data = pool(clouds(bead, realisations=4000))
    deviation = math.sqrt(bead.variance / 4000)
    assert (data.mean - bead.mean(data.inputs, data.dt)).abs().max() < 5 * deviation
    cell = (data.grid[1] - data.grid[0]) ** 2 / 6  # sharing adds as much on average
    assert (data.variance - cell - bead.variance).abs().max() < 5 * bead.variance * math.sqrt(2 / 4000)
    assert torch.allclose(data.outputs, data.inputs - data.mean, atol=1e-12)


def test_heun_has_errors_of_second_order():
    """Without kicks the scheme's error in the mean falls by four when the step is halved; Euler's would by two."""
    bead, u = TrappedBead(), protocols.paper(1.0)
    bead.diffusivity = 0.0

    def error(steps):
        times = torch.linspace(0, 3, steps + 1, dtype=torch.float64)
        inputs, x = u(times)[:, None], torch.zeros(1, dtype=torch.float64)
        for i in range(steps):
            x = heun(bead, x, inputs[i], inputs[i + 1], 3 / steps, torch.Generator())
        return (x - bead.mean(u(TIMES)[None, :, None], 0.01)[0, -1]).abs().item()

    assert math.log2(error(75) / error(150)) == pytest.approx(2, abs=0.2)


def euler(system, x, start, end, dt, generator):
    kick = torch.randn(x.shape, generator=generator, dtype=x.dtype) * math.sqrt(2 * system.diffusivity * dt)
    return x + dt * system.at(start)(x) + kick


@pytest.mark.parametrize(("scheme", "order"), [(heun, 2), (euler, 1)], ids=["Heun", "Euler"])
def test_the_weak_order_of_variances(scheme, order):
    """A step is linear, `x -> a x + b kick`: `a` and `b` are read off it, and the variance follows without sampling.

    Against the Ornstein-Uhlenbeck process, from one point on and at rest. Euler-Maruyama is of first order only.
    """
    bead, u = TrappedBead(thermal_energy=1.0), torch.zeros(1, dtype=torch.float64)

    def errors(steps):
        dt = 1.0 / steps
        a = scheme(bead, u + 1, u, u, dt, torch.Generator().manual_seed(20)) - (
            noise := scheme(bead, u, u, u, dt, torch.Generator().manual_seed(20))
        )
        kick = torch.randn(1, generator=torch.Generator().manual_seed(20), dtype=torch.float64)
        square, added = a.item() ** 2, (noise / kick).item() ** 2
        at_rest = added / (1 - square)
        after_1 = at_rest * (1 - square**steps)
        return abs(after_1 - bead.variance * (1 - math.exp(-4))), abs(at_rest - bead.variance)

    for coarse, fine in zip(errors(40), errors(80), strict=True):
        assert math.log2(coarse / fine) == pytest.approx(order, abs=0.15)


def test_the_variance_at_rest_is_that_of_the_map_of_one_step():
    """One step maps the variance, `v -> (1 - a + a^2/2)^2 v + 2 D dt (1 - a/2)^2`, where `a` is dt times the rate."""
    bead, dt = TrappedBead(thermal_energy=1.0), 0.25
    a, x = 2 * dt, torch.zeros(200_000, 1, dtype=torch.float64)
    generator, u = torch.Generator().manual_seed(20), torch.zeros(1, dtype=torch.float64)
    for _ in range(12):
        x = heun(bead, x, u, u, dt, generator)
    at_rest = 2 * dt * (1 - a / 2) ** 2 / (1 - (1 - a + a**2 / 2) ** 2)
    assert x.var().item() == pytest.approx(at_rest, rel=5 * math.sqrt(2 / 200_000))
    assert x.var().item() == pytest.approx(bead.variance, rel=0.1)  # Euler-Maruyama: 1 / (1 - a/2), a third too much


def test_clouds_begin_at_equilibrium_wherever_the_trap_is():
    bead = TrappedBead(stiffness=3.0)
    x = bead.sample_equilibrium(
        torch.full((1, 1), 0.8, dtype=torch.float64), 100_000, torch.Generator().manual_seed(20)
    )
    assert x.mean().item() == pytest.approx(0.6, abs=5 * math.sqrt(bead.variance / 1e5))
    assert x.var().item() == pytest.approx(0.01 / 4, rel=5 * math.sqrt(2 / 1e5))


def test_a_seed_says_which_clouds():
    one, same, other = (pool(clouds(seed=seed)) for seed in (20, 20, 21))
    assert one.fingerprint() == same.fingerprint()
    assert (one.mean - other.mean).abs().max() > 1e-4


def test_the_sampling_error_from_groups_is_the_one_of_independent_data():
    """Groups of one cloud, against the exact variance `k^2 v / R` of the mean force of all of them."""
    bead = TrappedBead()
    drive = partial(inputs_of, [protocols.ramp(v) for v in torch.linspace(0.1, 1, 40).tolist()])
    groups = clouds(bead, drive, realisations=200, points=61, dt=0.1)
    exact = bead.entropy.stiffness**2 * bead.variance / 200
    assert sampling_variance(groups).item() == pytest.approx(exact, rel=0.1)
    half, whole = pool(groups[:2]), pool(groups)
    against_all = (half.outputs - whole.outputs).square().mean().item()
    assert against_all == pytest.approx(exact, rel=0.15)
    truth = whole.inputs - bead.mean(whole.inputs, whole.dt)
    assert (whole.outputs - truth).square().mean().item() == pytest.approx(exact, rel=0.15)


def test_pooling_is_a_weighted_average_and_counts_a_repeated_group_twice():
    a, b, *_ = clouds(realisations=80)
    pooled = pool([a, a, b])
    assert pooled.realisations == 60
    assert torch.allclose(pooled.mean, (2 * a.mean + b.mean) / 3, atol=1e-12)
    assert torch.allclose(pooled.outputs, (2 * a.outputs + b.outputs) / 3, atol=1e-12)
    unequal = pool([pool([a, a]), b])  # 40 realisations and 20
    assert unequal.realisations == 60
    assert torch.allclose(unequal.mean, pooled.mean, atol=1e-12)


def test_the_step_and_the_file_are_what_they_say(tmp_path):
    step = protocols.step(2.0, at=1.0, rise=0.2)(TIMES)
    assert step[100].item() == pytest.approx(1.0)
    assert step[:80].max() < 0.1 < 1.9 < step[120:].min()
    path = tmp_path / "pull.csv"
    path.write_text("trajectory,t,u\n" + "".join(f"1,{i / 10},{i / 5}\n" for i in range(31)), encoding="utf-8")
    (own,) = protocols.from_csv(path)
    assert torch.allclose(own(TIMES), 2 * TIMES, atol=1e-9)
    with refused("pull 1", "ends at t = 3", "t = 5"):
        own(torch.linspace(0, 5, 20, dtype=torch.float64))


def test_a_cloud_that_leaves_its_grid_is_refused():
    bead = TrappedBead()
    bead.grid = lambda inputs, dt, bins: torch.linspace(-0.2, 0.2, bins, dtype=torch.float64)
    with refused("values must lie on the grid", "take a wider one"):
        clouds(bead)


DRIVE = partial(inputs_of, [protocols.ramp(1.0)])
BAD = {
    "no heat": (lambda: TrappedBead(thermal_energy=0.0), "thermal_energy must be positive", "got 0.0"),
    "no trap": (lambda: TrappedBead(stiffness=-1.0), "stiffness must be positive", "got -1.0"),
    "no anchor": (lambda: TrappedBead(anchor=math.nan), "anchor must be positive", "got nan"),
    "no drag": (lambda: TrappedBead(viscosity=math.inf), "viscosity must be positive", "got inf"),
    "no protocol": (lambda: inputs_of([], TIMES), "protocols must be 1 or more", "got none"),
    "a jump": (lambda: Protocol("sudden", lambda t: (t > 1) * 1.0)(TIMES), "'sudden' jumps by 1", "t = 1"),
    "NaN": (lambda: Protocol("broken", lambda t: t / 0 * 0)(TIMES), "'broken' hold NaN"),
    "one value": (lambda: Protocol("short", lambda t: t[:1])(TIMES), "'short' must give one value a time", "(1,)"),
    "endless speed": (lambda: protocols.paper(math.inf), "speed must be -1e6 to 1e6", "got inf"),
    "no period": (lambda: protocols.sine(1.0, 0.0), "period must be positive", "got 0.0"),
    "sudden step": (lambda: protocols.step(1.0, 1.0, rise=0.0), "rise must be positive", "got 0.0"),
    "early step": (lambda: protocols.step(1.0, at=-1.0), "at must be 0 or more", "got -1.0"),
    "one realisation": (lambda: clouds(realisations=1), "realisations must be", "got 1"),
    "odd groups": (lambda: clouds(realisations=401), "multiple of groups = 4", "got 401"),
    "one group": (lambda: clouds(groups=1), "groups must be", "got 1"),
    "coarse step": (lambda: clouds(dt=3.0), "dt / substeps must be at most 0.5", "got 3", "more substeps"),
    "no time": (lambda: clouds(dt=0.0), "dt must be positive", "got 0.0"),
    "two points": (lambda: clouds(points=2), "points must be", "got 2"),
    "few bins": (lambda: clouds(bins=2), "bins must be", "got 2"),
    "bad seed": (lambda: clouds(seed=-1), "seed must be", "got -1"),
    "too many": (lambda: clouds(realisations=4 * 10**9), "take about", "hours on a laptop", "take fewer"),
    "nothing to pool": (lambda: pool([]), "groups must be 1 or more", "empty ensemble"),
    "unlike groups": (lambda: pool([*clouds(), *clouds(points=51)]), "same protocols, times and grid"),
    "one scatter": (lambda: sampling_variance(clouds()[:1]), "2 or more", "got 1"),
}


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD)
def test_bad_input_is_refused_in_one_sentence(bad):
    attempt, *words = bad
    with refused(*words):
        attempt()


def test_groups_are_ensembles_like_any_other(tmp_path):
    group = clouds(realisations=40)[0]
    group.save(tmp_path / "clouds.npz")
    assert Ensembles.load(tmp_path / "clouds.npz").fingerprint() == group.fingerprint()


# --- realisations from a file ---


def write_realisations(path, realisations=(40, 40), names="x,lambda"):
    """A few beads under two ramps, with the clouds' own simulator for the jitter; returns the positions."""
    times, kept = torch.linspace(0, 1, 21, dtype=torch.float64), []
    lines, label = [f"trajectory,t,{names}"], 0
    for speed, count in zip((0.5, 1.0), realisations, strict=True):
        x = 0.25 * speed * times + 0.05 * normal((count, 21), int(10 * speed))
        kept.append(x)
        for each in x:
            label += 1
            rows = zip(times.tolist(), each.tolist(), (speed * times).tolist(), strict=True)
            lines += [f"{label},{t:.6g},{a!r},{b!r}" for t, a, b in rows]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return kept


def test_realisations_from_a_file_keep_mean_force_and_count(tmp_path):
    kept = write_realisations(tmp_path / "beads.csv")
    data = pool(realisations_from_csv(tmp_path / "beads.csv", stiffness=2.0, groups=4))
    assert data.realisations == 40
    order = data.inputs[:, -1, 0].argsort()
    mean = torch.stack([x.mean(0) for x in kept])
    assert torch.allclose(data.mean[order, :, 0], mean, atol=1e-12)
    assert torch.allclose(data.outputs[order, :, 0], 2 * (data.inputs[order, :, 0] - mean), atol=1e-12)


CSV = {
    "no row": ([], "no row of data"),
    "one trajectory": ([(1, t, 0.1 * t) for t in range(9)], "4 realisations or more", "one has 1"),
    "two times": ([(k, t, 0.1 * k) for k in range(8) for t in range(2)], "4 rows or more", "got 2"),
    "NaN": ([(k, t, "nan" if k == t == 2 else 0.1) for k in range(8) for t in range(9)], "line 22", "'nan' is not"),
    "one cut short": ([(k, t, 0.1) for k in range(8) for t in range(9 - (k == 3))], "different lengths", "8 rows"),
}


@pytest.mark.parametrize("bad", CSV.values(), ids=CSV)
def test_a_bad_file_of_realisations_is_refused_in_one_sentence(bad, tmp_path):
    rows, *words = bad
    text = "trajectory,t,x,lambda\n" + "".join(f"{k},{t},{x},{0.2 * t}\n" for k, t, x in rows)
    (tmp_path / "beads.csv").write_text(text, encoding="utf-8")
    with refused("beads.csv", *words):
        realisations_from_csv(tmp_path / "beads.csv", stiffness=1.0)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"realisations": (1, 40)}, ["every protocol needs 8 realisations", "one has 1"]),
        ({"realisations": (40, 36)}, ["equally many realisations", "36 to 40"]),
        ({"names": "x,trap"}, ["wanted are the columns", "x, trap"]),
    ],
)
def test_a_file_that_holds_no_clouds_is_refused(tmp_path, options, words):
    write_realisations(tmp_path / "beads.csv", **options)
    with refused(*words):
        realisations_from_csv(tmp_path / "beads.csv", stiffness=2.0, groups=4)
