"""What is simulated and then measured: instants, noise of the size that was asked for, numbers that got lost."""

import numpy as np
import pytest
import torch
from conftest import normal, refused
from hypothesis import given
from hypothesis import strategies as st

from ggd_helpers.recordings.interpolated import at_even_times, interpolated
from ggd_helpers.recordings.measure import even_instants, measure, uneven_instants
from ggd_helpers.recordings.measured import Measurements
from ggd_helpers.recordings.regular import Trajectories
from ggd_helpers.recordings.simulate import simulate
from ggd_helpers.recordings.units import Units
from ggd_helpers.systems.particle import OverdampedParticle

CLEAN = Trajectories(torch.tensor([1.0, 100.0]) * normal((400, 201, 2), 1), 0.05, metadata={"system": "none"})
counts = st.integers(2, 20)


@given(counts, st.integers(20, 60))
def test_even_instants_are_even_to_half_a_stored_step(points, stored):
    instants = even_instants(Trajectories(torch.zeros(3, stored, 1), 0.1), points)
    exact = torch.linspace(0, stored - 1, points, dtype=torch.float64)
    assert instants.shape == (3, points)
    assert (instants - exact).abs().max() <= 0.5
    assert (instants.diff(dim=1) > 0).all()


@given(counts, st.integers(0, 1000), st.floats(0.4, 1.0))
def test_uneven_instants_begin_at_the_first_increase_and_end_in_time(points, seed, shortest):
    instants = uneven_instants(Trajectories(torch.zeros(50, 60, 1), 0.1), points, seed, shortest)
    assert instants.shape == (50, points)
    assert (instants[:, 0] == 0).all()
    assert (instants.diff(dim=1) > 0).all()
    assert instants.max() <= 59


def test_uneven_instants_are_uniform_and_records_end_between_the_shortest_and_the_whole_time():
    whole = uneven_instants(CLEAN, 12, seed=3)
    assert whole[:, 1:].double().mean() == pytest.approx(100.5, abs=4 * 58 / (400 * 11) ** 0.5)
    assert not torch.equal(whole[0], whole[1])
    dense = uneven_instants(CLEAN, 81, seed=3, shortest=0.4)[:, -1].double() / 200  # 80 of 80 to 200: near the end
    assert 0.39 < dense.min() < 0.45
    assert 0.95 < dense.max() <= 1
    assert dense.mean() == pytest.approx(0.7, abs=0.05)


def test_without_noise_the_values_are_the_clean_ones_at_their_times():
    clean = simulate(OverdampedParticle(gamma=2.0, dim=2), 5, 101, 0.01, seed=0)
    data = measure(clean, uneven_instants(clean, 7, seed=1), noise=0.0, seed=0)
    exact = clean.states[:, :1] * torch.exp(-2.0 * data.times)[..., None]
    torch.testing.assert_close(data.values, exact, rtol=1e-8, atol=0)
    assert data.observed.all()


def test_the_noise_has_the_deviation_that_metadata_say_and_nobody_else_is_told():
    instants = uneven_instants(CLEAN, 50, seed=2)
    exact = CLEAN.states.take_along_dim(instants[..., None], 1)
    data = measure(CLEAN, instants, noise=0.05, seed=4)
    found = (data.values - exact).flatten(0, 1).std(0)
    assert data.deviation is None
    assert data.metadata["noise"] == pytest.approx([0.05, 5.0], rel=0.02)  # of standard normal numbers, and 100 times
    assert data.metadata["noise"] == pytest.approx(found.tolist(), rel=4 / (2 * 20_000) ** 0.5)
    assert data.metadata["system"] == "none"


def test_single_numbers_get_lost_with_the_probability_that_was_asked_for():
    data = measure(CLEAN, even_instants(CLEAN, 50), noise=0.05, seed=4, lost=0.2)
    missing = (~data.observed).double()
    assert missing.mean((0, 1)).tolist() == pytest.approx([0.2, 0.2], abs=4 * 0.4 / 20_000**0.5)
    assert missing.prod(-1).mean() == pytest.approx(0.04, abs=4 * 0.2 / 20_000**0.5)  # independently of each other


def test_seeds_make_the_noise():
    instants = even_instants(CLEAN, 5)
    first, again, other = (measure(CLEAN, instants, 0.1, seed).fingerprint() for seed in (1, 1, 2))
    assert first == again != other


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: even_instants(CLEAN, 1), ["points", "2 to 201", "1"]),
        (lambda: even_instants(CLEAN, 202), ["points", "2 to 201", "202"]),
        (lambda: uneven_instants(CLEAN, 102, seed=0, shortest=0.5), ["points", "2 to 101", "102"]),
        (lambda: uneven_instants(CLEAN, 5, seed=0, shortest=0.0), ["shortest", "positive", "0.0"]),
        (lambda: uneven_instants(CLEAN, 5, seed=-1), ["seed", "-1"]),
        (lambda: measure(CLEAN, even_instants(CLEAN, 5), noise=-0.1, seed=0), ["noise", "0 or more", "-0.1"]),
        (lambda: measure(CLEAN, even_instants(CLEAN, 5), noise=0.1, seed=0, lost=1.0), ["lost", "0 to 0.9", "1.0"]),
        (lambda: measure(CLEAN, even_instants(CLEAN, 2), noise=0.1, seed=0, lost=0.9), ["every trajectory", "value"]),
    ],
)
def test_what_cannot_be_measured_is_refused(call, words):
    with refused(*words):
        call()


@given(st.integers(2, 30), st.integers(0, 100))
def test_lines_in_between_are_exact_for_what_moves_along_lines(points, seed):
    slopes = torch.tensor([[1.0, -2.0], [0.5, 3.0]], dtype=torch.float64)
    generator = torch.Generator().manual_seed(seed)
    times = torch.rand(2, 7, generator=generator, dtype=torch.float64).add(0.1).cumsum(dim=1) + seed
    states = slopes[:, None] * (times - times[:, :1])[..., None]
    states[0, 3, 1] = torch.nan  # a gap in one coordinate alone
    times[1, 6], states[1, 6] = torch.nan, torch.nan  # a shorter record
    even = interpolated(Measurements(times, states), points)
    shortest = min(times[0, 6] - times[0, 0], times[1, 5] - times[1, 0])
    clock = torch.linspace(0, 1, points, dtype=torch.float64) * shortest
    assert even.dt == pytest.approx((clock[1] - clock[0]).item())
    torch.testing.assert_close(even.states, slopes[:, None] * clock[:, None])


def test_what_cannot_be_read_at_even_times():
    values = torch.ones(2, 3, 2, dtype=torch.float64)
    values[1, :, 1] = torch.nan
    data = Measurements(torch.arange(3.0, dtype=torch.float64).expand(2, -1), values)
    with refused("trajectory 1", "coordinate 1"):
        interpolated(data, 5)
    with refused("points", "2 or more"):
        interpolated(data.select(torch.tensor([0])), 1)


class TestAtEvenTimes:
    def test_even_and_complete_records_stay_as_they_are(self):
        data = Measurements.from_trajectories(CLEAN)
        even = at_even_times(data)
        assert even.metadata["evened"] == []
        assert even.dt == pytest.approx(CLEAN.dt)
        torch.testing.assert_close(even.states, CLEAN.states)

    def test_what_was_done_is_said(self):
        times = torch.tensor([0.0, 1.0, 2.1, 3.0, 4.0], dtype=torch.float64).repeat(4, 1)
        values = torch.stack([times, -2 * times], dim=-1)
        values[0, 1, 1] = torch.nan  # a gap
        times[1, 4], values[1, 4] = torch.nan, torch.nan  # shorter
        times[2, 2:], values[2, 2:] = torch.nan, torch.nan  # too short
        values[3, :, 0] = torch.nan  # unseen
        even = at_even_times(Measurements(times, values))
        line = torch.arange(4, dtype=torch.float64)
        torch.testing.assert_close(even.states, torch.stack([line, -2 * line], dim=-1).expand(2, -1, -1))
        left_out, missing, uneven, shortest = even.metadata["evened"]
        assert "2 of 4 records are left out" in left_out
        assert "1 missing" in missing
        assert "uneven: values are read off straight lines, every 1." in uneven
        assert "end at 3, like the shortest one; the longest lasts 4." in shortest

    def test_rounded_times_are_even(self):
        times = (torch.arange(40, dtype=torch.float64) / 3).expand(2, -1).mul(100).round() / 100
        assert at_even_times(Measurements(times, times[..., None])).metadata["evened"] == []

    def test_a_lost_row_is_a_gap(self):
        times = torch.tensor([[0.0, 1.0, 2.0, 4.0, 5.0]], dtype=torch.float64)
        assert "uneven" in at_even_times(Measurements(times, times[..., None])).metadata["evened"][0]

    def test_nothing_to_draw_lines_through(self):
        values = torch.ones(1, 3, 2, dtype=torch.float64)
        values[..., 1] = torch.nan
        with refused("record", "coordinate"):
            at_even_times(Measurements(torch.arange(3.0, dtype=torch.float64)[None], values))


def test_a_record_begins_where_nothing_was_measured():
    times = torch.tensor([[1.0, 2.0, torch.nan], [0.5, 1.5, 3.0]], dtype=torch.float64)
    values = times[..., None] * torch.tensor([1.0, -2.0], dtype=torch.float64)
    data = Measurements(times, values, metadata={"names": ["a", "b"]})
    begun = data.begun_at(0.0)
    assert begun.times[:, 0].tolist() == [0.0, 0.0]
    assert not begun.observed[:, 0].any()
    torch.testing.assert_close(begun.values[:, 1:], values, equal_nan=True)
    with refused("times must increase", "trajectory 1"):
        data.begun_at(0.7)


def test_a_hidden_coordinate_is_last_and_was_never_measured():
    data = Measurements(
        torch.arange(3.0).double()[None],
        torch.ones(1, 3, 1).double(),
        torch.tensor([0.25]).double(),
        {"names": ["x"], "units": ["mm"]},
    )
    more = data.with_hidden("tissue")
    assert more.observed[..., 0].all()
    assert not more.observed[..., 1].any()
    assert [str(each) for each in more.quantities] == ["x (mm)", "tissue"]
    assert more.deviation.tolist() == [0.25, 1.0]


@given(st.integers(0, 1000))
def test_standardised_values_reach_from_minus_1_to_1_and_come_back(seed):
    generator = torch.Generator().manual_seed(seed)
    times = torch.rand(3, 9, generator=generator, dtype=torch.float64).add(0.01).cumsum(dim=1)
    values = 50 * torch.randn(3, 9, 2, generator=generator, dtype=torch.float64) + 1000
    values[0, 2, 1] = torch.nan
    data = Measurements(times, values)
    units = Units.of(data)
    made = units.standardise(data)
    seen = made.values.flatten(0, 1)
    assert np.nanmin(seen, axis=0) == pytest.approx([-1.0, -1.0])
    assert np.nanmax(seen, axis=0) == pytest.approx([1.0, 1.0])
    assert (made.times[:, -1] - made.times[:, 0]).max().item() == pytest.approx(1.0)
    torch.testing.assert_close(units.shift + units.size * made.values, values, equal_nan=True)
    torch.testing.assert_close(made.times * units.time, times)


def test_a_coordinate_that_never_changes_keeps_its_size():
    values = torch.full((1, 4, 1), 7.0, dtype=torch.float64)
    made = Units.of(data := Measurements(torch.arange(4.0).double()[None], values)).standardise(data)
    assert made.values.tolist() == [[[0.0]] * 4]
