"""What a law is judged by: values that it was not shown."""

import math

import pytest
import torch
from conftest import refused

import ggd_helpers as ggd

SYSTEM = ggd.OverdampedParticle(gamma=1.5)


def records(count: int, points: int, seed: int, noise: float = 0.05) -> ggd.Measurements:
    """Of `x' = -1.5 x`, by its solution, at random times."""
    generator = torch.Generator().manual_seed(seed)
    times = torch.rand(count, points, generator=generator, dtype=torch.float64).add(0.05).cumsum(dim=1)
    starts, kicks = (torch.randn(count, m, generator=generator, dtype=torch.float64) for m in (1, points))
    values = starts * torch.exp(-1.5 * (times - times[:, :1])) + noise * kicks
    return ggd.Measurements(times, values[..., None])


def law_of(gamma: float) -> ggd.GradientDynamics:
    law = ggd.OverdampedParticle(gamma=gamma)
    law.dissipation.requires_grad_(True)
    return law


def judged(gamma: float, held: ggd.HeldOut) -> float:
    return held.misfit(ggd.Laplace.of(law_of(gamma), held.learn_from))


@pytest.mark.parametrize("points", [3, 12])
def test_the_true_law_misses_by_the_noise_however_short_the_records_are(points):
    data = records(2000, points, 20)
    assert judged(1.5, ggd.HeldOut.of(data, 0.5, 20)) == pytest.approx(1.0, abs=0.05)  # two noises, each known to 0.015


def test_a_wrong_law_misses_by_more():
    fitted = ggd.Laplace.of(law_of(1.5), (held := ggd.HeldOut.of(records(20, 12, 20), 0.5, 20)).learn_from)
    fitted.model.dissipation.load_state_dict(law_of(6.0).dissipation.state_dict())
    assert held.misfit(fitted) > 1.5


def test_every_record_is_on_one_side():
    data = records(10, 5, 20)
    held = ggd.HeldOut.of(data, 0.3, 20)
    assert (len(held.learn_from), len(held.judge_by)) == (7, 3)
    both = torch.cat([held.learn_from.values, held.judge_by.values]).sort(dim=0).values
    torch.testing.assert_close(both, data.values.sort(dim=0).values)
    assert held.unseen.all()


def test_unseen_values_beyond_those_to_learn_from_are_counted():
    nan = math.nan
    values = torch.tensor([[0.0, 1.0, nan, 0.4], [-1.0, nan, 0.5, 1.2]], dtype=torch.float64)[..., None]
    data = ggd.Measurements(torch.arange(4.0).double().expand(2, 4), values)
    assert [each.item() for each in data.limits] == [-1.0, 1.2]
    first, second = data.select(torch.tensor([0])), data.select(torch.tensor([1]))
    assert ggd.HeldOut(first, second, second.observed).beyond == 2
    assert ggd.HeldOut(second, first, first.observed).beyond == 0


def test_of_a_single_record_the_last_third_is_held_out():
    data = records(1, 30, 20)
    held = ggd.HeldOut.of(data)
    assert held.learn_from.observed[0, :, 0].tolist() == [True] * 20
    assert held.unseen[0, :, 0].tolist() == [False] * 20 + [True] * 10
    assert judged(1.5, ggd.HeldOut.of(records(1, 3000, 20))) == pytest.approx(1.0, abs=0.1)


def test_a_start_that_is_known_needs_no_value():
    data = records(40, 3, 20)
    data = ggd.Measurements(data.times, data.values - data.values[:, :1])
    assumed = ggd.RecordLikelihood(known_starts={0: 0.0})
    held = ggd.HeldOut.of(data, 0.5, 20)
    fitted = ggd.Laplace.of(law_of(1.5), held.learn_from, assumed)  # from 0 it stays at 0
    rms = held.judge_by.values.square().mean().sqrt() / fitted.noise[0]
    assert held.misfit(fitted) == pytest.approx(rms.item(), rel=1e-3)


def test_a_share_that_is_none_is_refused():
    with refused("test_fraction", "0.9", "1.5"):
        ggd.HeldOut.of(records(4, 5, 20), 1.5)
    assert math.isfinite(judged(1.5, ggd.HeldOut.of(records(4, 5, 20), 0.5)))
