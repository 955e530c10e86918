"""Evaluation: the gauge comes back from hand-scaled pairs, and every metric has its analytically known value."""

import math

import pytest
import torch
from conftest import refused

from ggd_helpers.dynamics.driven import DrivenDynamics
from ggd_helpers.dynamics.gradient import GradientDynamics
from ggd_helpers.evaluation import blocks, measures
from ggd_helpers.evaluation.blocks import in_blocks
from ggd_helpers.evaluation.errors import relative_error
from ggd_helpers.evaluation.freedoms import Gauge, Shift, potential_errors
from ggd_helpers.evaluation.measures import against, min_entropy_production
from ggd_helpers.evaluation.reactions import Tilt
from ggd_helpers.evaluation.report import evaluate
from ggd_helpers.potentials.driven import DrivenEntropy
from ggd_helpers.potentials.general import (
    ConcaveEntropy,
    ConvexDissipation,
    FormulaDissipation,
    FormulaEntropy,
    IsotropicDissipation,
)
from ggd_helpers.recordings.driven import drive
from ggd_helpers.recordings.measured import Measurements
from ggd_helpers.recordings.simulate import simulate
from ggd_helpers.systems.particle import AnisotropicParticle, OverdampedParticle, SteepParticle

SYSTEMS = {
    "quadratic 1d": OverdampedParticle(gamma=0.7, dim=1),
    "quadratic 2d": OverdampedParticle(gamma=3.0, dim=2),
    "anisotropic": AnisotropicParticle([[1.0, 0.4], [0.4, 0.5]]),
    "steep": SteepParticle(gamma=1.3, steepness=2.5, dim=1),
    "steep 2d": SteepParticle(gamma=0.5, steepness=4.0, dim=2),
}
GAMMA, DT, POINTS = 1.3, 0.01, 150


def states_of(system, count=200):
    return system.sample_initial_states(count, torch.Generator().manual_seed(3))


def scaled(system, c, k):
    """The same motion from another pair: in the gauge `(c, k)` it is the system's own."""
    return GradientDynamics(
        FormulaEntropy(lambda x: c * (system.entropy(x) - k)),
        FormulaDissipation(lambda x, x_star: c * system.dissipation(x, x_star / c)),
    )


def wavy(system, seed=0):
    """The system with a dissipation potential that errs by up to half of it, in a way that no gauge can mend."""
    wave = 2 + 8 * torch.rand(system.dim, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)

    def dissipation(x, x_star):
        return (1 + 0.5 * torch.sin((wave * x).sum(-1))) * system.dissipation(x, x_star)

    return GradientDynamics(system.entropy, FormulaDissipation(dissipation))


def inner(a, b):
    return (a * b).sum().item()


class TestFixGauge:
    @pytest.mark.parametrize("name", SYSTEMS)
    @pytest.mark.parametrize(("c", "k"), [(1.0, 0.0), (0.01, 0.3), (0.4, -2.0), (7.0, 5.0), (300.0, 0.1)])
    def test_it_recovers_scale_and_shift_of_a_scaled_pair(self, name, c, k):
        system = SYSTEMS[name]
        gauge = Gauge.fix(scaled(system, c, k), system, states_of(system))
        assert gauge.scale == pytest.approx(c, rel=1e-9)
        assert gauge.shift == pytest.approx(k, abs=1e-9)
        assert gauge.residual < 1e-9

    @pytest.mark.parametrize("name", SYSTEMS)
    def test_the_scaled_pair_has_the_same_velocity(self, name):
        system = SYSTEMS[name]
        states = states_of(system)
        torch.testing.assert_close(scaled(system, 7.0, 5.0)(states), system(states), rtol=1e-12, atol=1e-14)

    @pytest.mark.parametrize("name", ["quadratic 1d", "quadratic 2d", "anisotropic"])
    def test_for_a_quadratic_xi_it_is_the_least_squares_ratio(self, name):
        system = SYSTEMS[name]
        model, states = wavy(system), states_of(system)
        x_star = system.conjugate(states)
        known, found = system.dissipation(states, x_star), model.dissipation(states, x_star)
        ratio = inner(known, found) / inner(found, found)
        gauge = Gauge.fix(model, system, states)
        assert gauge.scale == pytest.approx(ratio, rel=1e-6)
        assert gauge.residual == pytest.approx(relative_error(ratio * found, known), rel=1e-9)

        printed_in_the_thesis = inner(known, known) / inner(known, found)
        assert abs(printed_in_the_thesis / gauge.scale - 1) > 0.01
        assert relative_error(printed_in_the_thesis * found, known) > gauge.residual * 1.001

    def test_no_other_scale_is_better_where_xi_is_not_quadratic(self):
        system = SYSTEMS["steep"]
        model, states = wavy(system), states_of(system)
        x_star = system.conjugate(states)
        known, gauge = system.dissipation(states, x_star), Gauge.fix(model, system, states)
        assert gauge.residual > 0.01
        for factor in (0.1, 0.9, 0.999, 1.001, 1.1, 10.0):
            other = Gauge(factor * gauge.scale).dissipation(model, states, x_star)
            assert relative_error(other, known) > gauge.residual

    def test_the_shift_makes_mean_entropies_equal(self):
        system = SYSTEMS["quadratic 2d"]
        model = GradientDynamics(ConcaveEntropy(2), ConvexDissipation(2), seed=4)
        states = states_of(system)
        gauge = Gauge.fix(model, system, states)
        assert gauge.entropy(model, states).mean().item() == pytest.approx(system.entropy(states).mean().item())

    @pytest.mark.parametrize("shape", [(12, 1), (3, 4, 1)])
    def test_any_batch_shape(self, shape):
        system = SYSTEMS["steep"]
        states = states_of(system, 12)
        gauge = Gauge.fix(scaled(system, 3.0, 1.0), system, states.view(shape))
        assert gauge.scale == pytest.approx(3.0, rel=1e-9)
        assert gauge.shift == pytest.approx(1.0)

    @pytest.mark.parametrize("dim", [1, 2])
    def test_no_velocity_sees_the_gauge(self, dim):
        model = GradientDynamics(ConcaveEntropy(dim), ConvexDissipation(dim), seed=2)
        gauge = Gauge(scale=3.7, shift=-0.4)
        gauged = GradientDynamics(
            FormulaEntropy(lambda x: gauge.entropy(model, x)),
            FormulaDissipation(lambda x, x_star: gauge.dissipation(model, x, x_star)),
        )
        states = states_of(OverdampedParticle(dim=dim))
        torch.testing.assert_close(gauged(states), model(states), rtol=1e-10, atol=1e-13)
        production = model.entropy_production(states) / gauge.scale  # entropies, and their rates, are rescaled
        torch.testing.assert_close(gauged.entropy_production(states), production, rtol=1e-10, atol=1e-13)


class TestPotentialErrors:
    @pytest.mark.parametrize("name", SYSTEMS)
    @pytest.mark.parametrize(("c", "k"), [(1.0, 0.0), (7.0, 5.0)])
    def test_zero_for_the_exact_pair_in_its_gauge(self, name, c, k):
        system = SYSTEMS[name]
        errors = potential_errors(scaled(system, c, k), system, states_of(system), Gauge(c, k))
        assert set(errors) == {"entropy_error", "dissipation_error"}
        assert max(errors.values()) < 1e-13

    def test_a_known_perturbation(self):
        system = SYSTEMS["steep 2d"]
        states = states_of(system)
        model = GradientDynamics(
            FormulaEntropy(lambda x: system.entropy(x) + 0.01 * x[..., 0]),
            FormulaDissipation(lambda x, x_star: 1.1 * system.dissipation(x, x_star)),
        )
        errors = potential_errors(model, system, states, Gauge())
        entropy = -states.square().sum(-1) / 2
        assert errors["entropy_error"] == pytest.approx(
            0.01 * states[:, 0].norm().item() / (entropy - entropy.mean()).norm().item(), rel=1e-12
        )
        assert errors["dissipation_error"] == pytest.approx(0.1, rel=1e-12)

    def test_the_error_of_the_entropy_does_not_depend_on_the_known_constant(self):
        system = SYSTEMS["quadratic 1d"]
        lifted = GradientDynamics(FormulaEntropy(lambda x: system.entropy(x) + 100), system.dissipation)
        model = GradientDynamics(FormulaEntropy(lambda x: 1.1 * system.entropy(x)), system.dissipation)
        states = states_of(system)
        shift = -(0.1 * system.entropy(states)).mean().item()
        low = potential_errors(model, system, states, Gauge(shift=shift))
        high = potential_errors(model, lifted, states, Gauge(shift=100 + shift))
        assert low["entropy_error"] == pytest.approx(0.1)
        assert high["entropy_error"] == pytest.approx(0.1)


def decay(gamma):
    """What one step of RK4 makes of `dx/dt = -gamma x`: the series of `exp(-gamma dt)` to fourth order."""
    return sum((-gamma * DT) ** n / math.factorial(n) for n in range(5))


@pytest.fixture(scope="module", params=[1, 2], ids=["1d", "2d"])
def case(request):
    """A system, and 25 test trajectories of it."""
    system = OverdampedParticle(GAMMA, dim=request.param)
    return system, simulate(system, trajectories=25, points=POINTS, dt=DT, seed=8)


class TestEvaluate:
    def test_the_exact_system(self, case):
        system, test = case
        report = evaluate(system, test, against(system))
        assert report.metrics["velocity_mse"] == 0
        assert report.metrics["velocity_mse_data"] == report.metrics["noise_floor"]
        assert report.metrics["rollout_mse"] < 1e-30
        assert report.metrics["min_entropy_production"] >= 0

    def test_the_noise_floor_is_that_of_central_differences(self, case):
        system, test = case
        step = decay(GAMMA)
        rate = torch.full((POINTS, 1), (step - 1 / step) / (2 * DT), dtype=torch.float64)
        rate[0], rate[-1] = (step - 1) / DT, (1 - 1 / step) / DT
        floor = (test.states * (rate + GAMMA)).square()
        found = evaluate(system, test, against(system)).metrics
        assert found["noise_floor"] == pytest.approx(floor.mean().item(), rel=1e-6)
        assert found["noise_floor_inside"] == pytest.approx(floor[:, 1:-1].mean().item(), rel=1e-6)

    @pytest.mark.parametrize("wrong", [0.9, 1.31, 4.0])
    def test_a_wrong_gamma(self, case, wrong):
        system, test = case
        report = evaluate(OverdampedParticle(wrong, dim=system.dim), test, against(system))
        steps = torch.arange(POINTS, dtype=torch.float64)[:, None]
        rollout = test.states[:, :1] * decay(wrong) ** steps
        rollout_mse = (test.states[:, :1] * (decay(wrong) ** steps - decay(GAMMA) ** steps)).square().mean().item()
        assert report.metrics["velocity_mse"] == pytest.approx(
            (wrong - GAMMA) ** 2 * test.states.square().mean().item(), rel=1e-10
        )
        torch.testing.assert_close(report.rollout.states, rollout, rtol=1e-10, atol=1e-14)
        assert report.metrics["rollout_mse"] == pytest.approx(rollout_mse, rel=1e-9)
        slowest = (wrong * test.states.square().sum(-1)).min().item()
        assert report.metrics["min_entropy_production"] == pytest.approx(slowest, rel=1e-10)

    def test_an_inadmissible_potential_breaks_the_second_law(self, case):
        system, test = case
        backwards = FormulaDissipation(lambda x, x_star: -0.5 * x_star.square().sum(-1))
        report = evaluate(GradientDynamics(system.entropy, backwards), test, against(system))
        steepest = -test.states.square().sum(-1).max().item()
        assert report.metrics["min_entropy_production"] == pytest.approx(steepest, rel=1e-10)

    def test_errors_are_kept_by_trajectory(self, case):
        system, test = case
        wrong = OverdampedParticle(2.0, dim=system.dim)
        report = evaluate(wrong, test, against(system))
        assert report.velocity_errors.shape == (25,)
        assert report.rollout.states.shape == test.states.shape
        torch.testing.assert_close(
            report.velocity_errors,
            (2.0 - GAMMA) ** 2 * test.states.square().mean(dim=(1, 2)),
            rtol=1e-10,
            atol=0,
        )
        assert report.velocity_errors.mean().item() == pytest.approx(report.metrics["velocity_mse"])
        steps = torch.arange(POINTS, dtype=torch.float64)[:, None]
        apart = test.states[:, :1] * (decay(2.0) ** steps - decay(GAMMA) ** steps)
        found = report.by_trajectory["rollout_errors"]
        torch.testing.assert_close(found, apart.square().mean(dim=(1, 2)), rtol=1e-9, atol=0.0)

    def test_metrics_are_plain_numbers_and_print_one_a_line(self, case):
        system, test = case
        report = evaluate(system, test, against(system))
        assert all(type(value) is float for value in report.metrics.values())
        lines = repr(report).splitlines()
        assert [line.split()[0] for line in lines] == list(report.metrics)

    def test_a_network_keeps_its_gradients_and_weights(self, case):
        system, test = case
        model = GradientDynamics(ConcaveEntropy(system.dim), ConvexDissipation(system.dim), seed=1)
        before = [parameter.clone() for parameter in model.parameters()]
        report = evaluate(model, test, against(system))
        assert not report.rollout.states.requires_grad
        for parameter, old in zip(model.parameters(), before, strict=True):
            assert parameter.requires_grad
            assert parameter.grad is None
            assert torch.equal(parameter, old)


class TestMinEntropyProduction:
    def test_it_is_the_smallest_over_the_sample(self):
        system = OverdampedParticle(2.0, dim=2)
        states = system.sample_initial_states(1000, torch.Generator().manual_seed(5))
        smallest = min_entropy_production(system, system.sample_initial_states, count=1000, seed=5)
        assert smallest == pytest.approx(2 * states.square().sum(-1).min().item(), rel=1e-12)

    def test_by_default_it_tries_100_000_states(self):
        counts = []

        def sample(count, generator):
            counts.append(count)
            return torch.ones(count, 1, dtype=torch.float64)

        assert min_entropy_production(OverdampedParticle(3.0), sample) == pytest.approx(3.0)
        assert counts == [100_000]

    def test_it_finds_the_broken_law(self):
        system = OverdampedParticle(1.0)
        backwards = FormulaDissipation(lambda x, x_star: -0.5 * x_star.square().sum(-1))
        assert min_entropy_production(GradientDynamics(system.entropy, backwards), system.sample_initial_states) < -0.99


class TestMeasures:
    def test_driven_data_are_rolled_out_under_their_inputs(self):
        """A bead in a trap at `u`, `x' = u - x` (`S = -(x - u)^2/2`): for `u = t`, `x = t - 1 + exp(-t)` from rest."""

        class Trap(DrivenEntropy):
            def forward(self, x, u):
                return -0.5 * (x - u).square().sum(-1)

        law = DrivenDynamics(Trap(), IsotropicDissipation())
        data = drive(law, torch.zeros(1, 1, dtype=torch.float64), lambda t: t[None, :, None], dt=0.05, points=41)
        report = evaluate(law, data, [measures.rollout])
        exact = data.times - 1 + torch.exp(-data.times)
        torch.testing.assert_close(report.rollout.states[0, :, 0], exact, rtol=0, atol=1e-7)
        torch.testing.assert_close(report.velocities[0, :, 0], 1 - torch.exp(-data.times), rtol=0, atol=1e-7)
        assert report.metrics["rollout_mse"] < 1e-30
        with refused("stride and substeps must be 1"):
            _ = evaluate(law, data, [], stride=2).rollout

    def test_a_recording_that_says_nothing_of_models_names_what_to_register(self):
        data = Measurements.of([(torch.arange(3.0), torch.zeros(3, 1))])
        for measure in (measures.rollout, measures.velocity(OverdampedParticle())):
            with pytest.raises(TypeError, match=r"Measurements does not say .* register a function"):
                evaluate(OverdampedParticle(), data, [measure])

    def test_the_final_state(self, case):
        system, test = case
        wrong = OverdampedParticle(2.0, dim=system.dim)
        found = evaluate(wrong, test, [measures.final_state]).metrics["final_state_error"]
        expected = abs((decay(2.0) / decay(GAMMA)) ** (POINTS - 1) - 1)
        assert found == pytest.approx(expected, rel=1e-9)

    def test_a_rollout_in_longer_steps_knows_its_times(self, case):
        system, test = case
        rollout = evaluate(system, test, [], stride=4).rollout
        assert torch.equal(rollout.times, test.times[::4])
        assert torch.equal(rollout.known, test.states[:, ::4])

    def test_drift_and_the_second_law_at_random(self, case):
        system, test = case
        asked = [measures.drift(torch.ones(system.dim, dtype=torch.float64)), measures.second_law_at_random(system, 50)]
        report = evaluate(system, test, asked)
        sums = report.rollout.states.sum(-1)
        largest = (sums - sums[:, :1]).abs().max().item()
        assert report.metrics["conservation_drift"] == pytest.approx(largest, rel=1e-12)
        states = system.sample_initial_states(50, torch.Generator().manual_seed(0))
        lowest = (GAMMA * states.square().sum(-1)).min().item()
        assert report.metrics["min_entropy_production"] == pytest.approx(lowest, rel=1e-12)

    def test_potentials_fix_their_freedom_first(self, case):
        system, test = case
        model = scaled(system, 7.0, 5.0)
        found = evaluate(model, test, [measures.potentials(system, Gauge)]).metrics
        assert max(found.values()) < 1e-9
        assert evaluate(model, test, [measures.potentials(system, Shift)]).metrics["dissipation_error"] > 0.1


class TestFreedoms:
    @pytest.mark.parametrize("freedom", [Shift(0.7), Gauge(3.7, -0.4), Tilt(torch.tensor([0.3, -0.2]).double(), 1.5)])
    def test_the_conjugate_is_the_slope_of_the_entropy(self, freedom):
        model = GradientDynamics(ConcaveEntropy(2), ConvexDissipation(2), seed=2)
        x = states_of(OverdampedParticle(dim=2), 20)
        slope = torch.func.grad(lambda x: freedom.entropy(model, x).sum())(x)
        torch.testing.assert_close(freedom.conjugate(model, x), slope, rtol=1e-10, atol=1e-12)

    def test_a_shift_makes_mean_entropies_equal_and_leaves_xi(self):
        system = SYSTEMS["steep"]
        states = states_of(system)
        model = GradientDynamics(FormulaEntropy(lambda x: system.entropy(x) - 2.5), system.dissipation)
        shift = Shift.fix(model, system, states)
        assert shift.shift == pytest.approx(2.5, rel=1e-12)
        assert max(potential_errors(model, system, states, shift).values()) < 1e-14


class TestInBlocks:
    @pytest.mark.parametrize("shape", [(5,), (3, 7, 5), (40, 5), (0, 5), (2, 0, 5)])
    def test_it_is_the_function_of_all_states_and_never_sees_more_than_a_block(self, monkeypatch, shape):
        monkeypatch.setattr(blocks, "AT_ONCE", 33)
        states, seen = torch.randn(shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64), []

        def product(x):
            seen.append(x.numel())
            return x.prod(-1)

        torch.testing.assert_close(in_blocks(product, states), states.prod(-1))
        assert max(seen) <= 33
        assert sum(seen) == states.numel()

    def test_a_state_longer_than_a_block_goes_alone(self, monkeypatch):
        monkeypatch.setattr(blocks, "AT_ONCE", 3)
        states = torch.arange(20, dtype=torch.float64).reshape(2, 2, 5)
        torch.testing.assert_close(in_blocks(torch.exp, states), states.exp())

    def test_measures_of_many_states_are_those_of_few(self, monkeypatch):
        system = SYSTEMS["quadratic 2d"]
        data, model = simulate(system, trajectories=6, points=40, dt=DT, seed=1), wavy(system)
        whole = evaluate(model, data, against(system)).metrics
        monkeypatch.setattr(blocks, "AT_ONCE", 50)
        assert evaluate(model, data, against(system)).metrics == pytest.approx(whole, rel=1e-9)
