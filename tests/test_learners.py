"""How learners of an oscillator are judged: numbers that can be said by hand, for laws whose faults are known."""

import math

import pytest
import torch
from torch import Tensor, nn

import ggd_helpers as ggd
from ggd_helpers import learners

SEED = 20


@pytest.fixture(scope="module")
def oscillator() -> ggd.DuffingOscillator:
    return ggd.DuffingOscillator(friction=0.3)


@pytest.fixture(scope="module")
def swings(oscillator) -> ggd.Trajectories:
    return ggd.simulate(oscillator, trajectories=3, points=101, dt=0.02, seed=SEED)


class Faster(nn.Module):
    """A law that is right but for its speed."""

    def __init__(self, law: nn.Module, factor: float):
        super().__init__()
        self.law, self.factor = law, factor

    def forward(self, x: Tensor) -> Tensor:
        return self.factor * self.law(x)


class TestJudged:
    def test_the_known_law_is_without_fault(self, oscillator, swings):
        found = learners.judged(oscillator, oscillator, swings, states=200)
        assert found["velocity_mse"] == found["outside"] == 0
        assert found["energy_error"] < 1e-15
        assert found["rollout_mse"] < 1e-10  # its steps are five times as long as those of the data
        assert found["energy_drift"] < 1e-4
        assert found["min_known_entropy_production"] >= 0
        assert found["min_entropy_production_trained"] == found["min_known_entropy_production"]

    def test_a_law_a_tenth_too_fast_is_off_by_a_hundredth_of_the_square(self, oscillator, swings):
        found = learners.judged(Faster(oscillator, 1.1), oscillator, swings, states=200)
        square = oscillator(swings.states[:, ::5]).square().mean().item()
        assert found["velocity_mse"] == pytest.approx(0.01 * square, rel=1e-9)
        assert found["outside"] == pytest.approx(0.01, rel=1e-9)

    def test_a_law_without_an_energy_is_asked_for_none(self, oscillator, swings):
        found = learners.judged(ggd.PlainNetwork(2, 4, seed=SEED), oscillator, swings, states=200)
        assert not {"energy_error", "min_entropy_production_trained"} & found.keys()

    def test_what_is_no_number_is_infinite(self, oscillator, swings):
        found = learners.judged(Faster(oscillator, math.nan), oscillator, swings, states=200)
        assert found["velocity_mse"] == found["rollout_mse"] == math.inf

    def test_running_backwards_breaks_the_second_law(self, oscillator, swings):
        found = learners.judged(Faster(oscillator, -1.0), oscillator, swings, states=2000)
        box = oscillator.sample_states(2000, torch.Generator().manual_seed(0))
        fastest = 0.3 * box[:, 1].square().max().item()  # dH/dt = 0.3 p^2 then
        assert found["min_known_entropy_production"] == pytest.approx(-fastest, rel=1e-9)


class TestOwnLaws:
    def test_at_one_temperature_the_energy_falls(self, oscillator):
        model = ggd.DampedMechanics(ggd.LearnedEnergy(2), ggd.ChannelDissipation(2, 1), SEED)
        found = learners.own_laws(model, oscillator, "untrained", states=500)
        assert found.keys() == {"min_entropy_production_untrained"}
        assert found["min_entropy_production_untrained"] >= -1e-14

    def test_with_a_bath_energy_is_looked_at_as_well(self):
        system = ggd.DuffingInBath()
        soft = ggd.SoftMetriplectic(ggd.LearnedEnergy(3), ggd.LearnedEntropy(3), 3, seed=SEED)
        wedge = ggd.learned_beside(system, ggd.LearnedEnergy(3), seed=SEED)
        of_soft, of_wedge = (learners.own_laws(model, system, "untrained", states=500) for model in (soft, wedge))
        assert of_soft.keys() == of_wedge.keys() == {"degeneracy_untrained", "min_entropy_production_untrained"}
        assert of_wedge["degeneracy_untrained"] < 1e-13 < 1e-2 < of_soft["degeneracy_untrained"]

    def test_a_raw_onsager_network_takes_minus_its_entropy_for_the_free_energy(self, oscillator):
        model = ggd.OnsagerNetwork(ggd.LearnedEntropy(2, 4), ggd.ConvexDissipation(2, width=3), SEED)
        x = oscillator.sample_states(5, torch.Generator().manual_seed(SEED))
        energy = learners.own_energy(model)
        assert energy is not None
        torch.testing.assert_close(energy(x), -model.entropy(x))


@pytest.mark.parametrize("shape", [(4,), (2, 5)])
def test_rate_is_the_slope_times_the_velocity(shape):
    generator = torch.Generator().manual_seed(SEED)
    x, v = (torch.randn(*shape, 2, generator=generator, dtype=torch.float64) for _ in range(2))
    found = learners.rate(lambda x: x[..., 0] ** 2 * x[..., 1], v, x)
    torch.testing.assert_close(found, 2 * x[..., 0] * x[..., 1] * v[..., 0] + x[..., 0] ** 2 * v[..., 1])


def test_misfit_knows_no_scale_and_no_shift():
    t = torch.linspace(0, 2 * math.pi, 401, dtype=torch.float64)[:-1]
    assert learners.relative_misfit(-3 * t.sin() + 5, t.sin()) < 1e-14
    assert learners.relative_misfit(t.cos(), t.sin()) == pytest.approx(1)
    # sin + cos is at 45 degrees to sin
    assert learners.relative_misfit(t.sin() + t.cos(), t.sin()) == pytest.approx(math.sqrt(0.5))


def test_shell_is_outside_the_box_and_inside_the_larger_one():
    system = ggd.DuffingInBath()
    low, high = torch.tensor(system.box, dtype=torch.float64).T
    off = (learners.shell(system, 500) - (low + high) / 2).abs() / ((high - low) / 2)
    assert off.shape == (500, 3)
    assert off.amax(-1).min() > 1
    assert off.max() <= 1.25


def test_drift_of_a_braked_oscillator_is_what_it_loses(oscillator):
    starts = torch.tensor([[1.2, 0.4], [0.3, -1.0]], dtype=torch.float64)
    drift = learners.drift_over(oscillator, oscillator, starts, dt=0.5, points=11)
    end = ggd.rk4(oscillator, starts, 0.5, 2, substeps=200)
    for _ in range(9):
        end = ggd.rk4(oscillator, end[:, -1], 0.5, 2, substeps=200)
    lost = oscillator.energy(starts) - oscillator.energy(end[:, -1])
    assert drift == pytest.approx(lost.max().item(), rel=1e-6)
    frictionless = ggd.DuffingOscillator(friction=0.0)
    assert learners.drift_over(frictionless, frictionless, starts, dt=0.5, points=11) < 1e-7
