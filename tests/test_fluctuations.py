"""What the scatter of realisations tells: measured generating functions, and the pair that is learned from them."""

import math

import pytest
import torch
from conftest import refused
from hypothesis import given
from hypothesis import strategies as st

from ggd_helpers.dynamics.gradient import GradientDynamics
from ggd_helpers.potentials.channels import ChannelDissipation
from ggd_helpers.potentials.general import ConcaveEntropy, FormulaDissipation, FormulaEntropy, IsotropicDissipation
from ggd_helpers.potentials.mobility import MobilityDissipation
from ggd_helpers.recordings.fluctuations import Fluctuations
from ggd_helpers.recordings.regular import Trajectories
from ggd_helpers.stochastic.gillespie import gillespie
from ggd_helpers.stochastic.langevin import langevin_of
from ggd_helpers.training.fit import fit
from ggd_helpers.training.fluctuation_matching import FluctuationMatching, LangevinMatching
from ggd_helpers.training.self_scaled_bfgs import SelfScaledBFGS

N, KF, KB = 200, 1.0, 1.5
P = torch.tensor([[-1.5], [-0.5], [0.5], [1.5]], dtype=torch.float64)


def generator(seed):
    return torch.Generator().manual_seed(seed)


def rates(x):
    """Of A -> B and of B -> A, over the number of molecules; `x` is the share of A."""
    return KF * x, KB * (1 - x)


def jumps(runs, dt, steps, seed):
    def propensities(count):
        return torch.cat([KF * count.double(), KB * (N - count).double()], dim=-1)

    start = (N * torch.linspace(0.05, 0.95, runs, dtype=torch.float64)).round().long()[:, None]
    times = dt * torch.arange(steps + 1, dtype=torch.float64)
    counts = gillespie(propensities, torch.tensor([[-1], [1]]), start, times, generator(seed))
    return Trajectories(counts.double() / N, dt)


def mass_action():
    """The pair whose generating function is that of the jumps: entropy of mixing, and a cosh."""

    def force(x):
        down, up = rates(x)
        return (up / down).log()

    def xi(x, x_star):
        down, up = rates(x)
        return (4 * (down * up).sqrt() * (torch.cosh(x_star / 2) - 1)).squeeze(-1)

    entropy = FormulaEntropy(lambda x: -(x * (KF * x).log() + (1 - x) * (KB * (1 - x)).log()).sum(-1))
    x = torch.tensor([[0.2], [0.7]], dtype=torch.float64)
    assert torch.allclose(entropy.conjugate(x), force(x))
    return GradientDynamics(entropy, FormulaDissipation(xi))


@given(st.floats(0.02, 0.98), st.floats(-3, 3))
def test_the_generating_function_of_a_pair_is_that_of_its_jumps(share, momentum):
    x, p = (torch.tensor([[value]], dtype=torch.float64) for value in (share, momentum))
    down, up = rates(share)
    of_jumps = up * math.expm1(momentum) + down * math.expm1(-momentum)
    assert FluctuationMatching().generating(mass_action(), x, p, 1 / N).item() == pytest.approx(of_jumps, abs=1e-10)


def test_it_is_measured_within_its_standard_error():
    measured = Fluctuations.of(jumps(256, 0.001, 400, seed=3), 1 / N, P, least=3000)
    assert measured.states.shape == (32, 1)
    down, up = rates(measured.states)
    of_jumps = up * torch.expm1(P.T) + down * torch.expm1(-P.T)
    misses = (measured.generating - of_jumps) / measured.deviation
    assert misses.square().mean(0).max() < 2  # 1 if all were ideal: 32 cells each
    assert misses.square().mean() > 0.4
    assert misses.mean(0).abs().max() < 1


def test_of_gaussian_increments_it_is_a_parabola():
    steps = 0.01 * torch.tensor([0.4, -1.0]) + 0.1 * torch.randn(
        5000, 40, 2, generator=generator(1), dtype=torch.float64
    )
    start = torch.zeros(5000, 1, 2, dtype=torch.float64)
    momenta = torch.tensor([[1.0, 0.0], [0.0, -1.0], [0.5, 0.5]], dtype=torch.float64)
    measured = Fluctuations.of(Trajectories(torch.cat([start, steps.cumsum(1)], 1), 0.01), 0.05, momenta, least=150_000)
    drift, spread = torch.tensor([0.4, -1.0], dtype=torch.float64), 0.1**2 / 0.01
    exact = momenta @ drift + spread / (2 * 0.05) * momenta.square().sum(-1)
    assert ((measured.generating - exact) / measured.deviation).abs().max() < 4
    assert (measured.deviation < 0.1 * measured.generating.abs().max()).all()


def test_cells_hold_about_as_many_and_no_state_twice():
    paths = Trajectories(torch.rand(7, 1001, 2, generator=generator(2), dtype=torch.float64), 0.1)
    measured = Fluctuations.of(paths, 1.0, torch.eye(2, dtype=torch.float64), least=400)
    assert len(measured) == 16  # 7000 increments halved four times: 437 or 438
    assert torch.allclose(measured.states.mean(0), paths.states[:, :-1].flatten(0, 1).mean(0), atol=1e-3)
    corners = (measured.states > 0.5).long() @ torch.tensor([1, 2])
    assert corners.bincount().tolist() == pytest.approx([4, 4, 4, 4], abs=1)


def test_two_potentials_are_learned_from_jumps():
    measured = Fluctuations.of(
        jumps(256, 0.001, 1000, seed=25), 1 / N, torch.cat([P, 2 * P[1:3], P / 0.75]), least=4000
    )
    model = GradientDynamics(ConcaveEntropy(1, 6, 1), ChannelDissipation(1, 1), seed=25)
    fit(model, measured, SelfScaledBFGS(FluctuationMatching(), iterations=400, trial=60), progress=False)
    truth, x = mass_action(), measured.states
    force = truth.conjugate(x)
    with torch.no_grad():
        assert (model.conjugate(x) - force).norm() < 0.12 * force.norm()
        reached = (force + torch.linspace(-2, 2, 41, dtype=torch.float64))[..., None]
        here = x[:, None].expand_as(reached)
        exact = truth.dissipation(here, reached)
        assert (model.dissipation(here, reached) - exact).norm() < 0.08 * exact.norm()


class Uneven(MobilityDissipation):
    """`M = 0.3 + 0.7/(1 + 4 x^2)`."""

    def mobility(self, c):
        return 0.3 + 0.7 / (1 + 4 * c**2)


BOWL = FormulaEntropy(lambda x: -(x**2 / 2 + x**4 / 4).sum(-1))


def test_paths_of_an_uneven_mobility_have_the_stationary_density():
    noise, start = 0.2, 0.4 * torch.randn(10_000, 1, generator=generator(3), dtype=torch.float64)
    x = langevin_of(GradientDynamics(BOWL, Uneven()), noise, start, 0.01, 301, generator(4))[:, -1, 0]
    grid = torch.linspace(-4, 4, 4001, dtype=torch.float64)
    weight = (BOWL(grid[:, None]) / noise).exp()
    exact = (weight * grid**2).sum() / weight.sum()
    assert x.square().mean().item() == pytest.approx(exact.item(), rel=0.05)


def test_mobility_and_entropy_are_learned_from_gaussian_noise():
    noise, start = 0.02, 2.4 * torch.rand(1024, 1, generator=generator(5), dtype=torch.float64) - 1.2
    truth = GradientDynamics(BOWL, Uneven())
    paths = Trajectories(langevin_of(truth, noise, start, 0.005, 201, generator(6)), 0.005)
    measured = Fluctuations.of(paths, noise, torch.tensor([[-1.0], [1.0]], dtype=torch.float64))
    model = GradientDynamics(ConcaveEntropy(1, 6, 1), MobilityDissipation(), seed=26)
    fit(model, measured, SelfScaledBFGS(LangevinMatching(), iterations=300, trial=50), progress=False)
    x = measured.states
    with torch.no_grad():
        mobility = model.dissipation.mobility(x) - truth.dissipation.mobility(x)
        assert mobility.norm() < 0.04 * truth.dissipation.mobility(x).norm()
        assert (model.conjugate(x) - truth.conjugate(x)).norm() < 0.1 * truth.conjugate(x).norm()


def test_the_drift_of_uneven_noise_is_in_it():
    x, p = torch.tensor([[0.5]], dtype=torch.float64), torch.tensor([[0.7]], dtype=torch.float64)
    pair = GradientDynamics(BOWL, Uneven())
    own, with_drift = (kind().generating(pair, x, p, 0.1).item() for kind in (FluctuationMatching, LangevinMatching))
    assert own == pytest.approx(0.65 * (-(0.5 + 0.125) * 0.7 + 0.49))  # M = 0.65
    assert with_drift - own == pytest.approx(0.1 * 0.7 * (-0.7 * 8 * 0.5 / 4))
    even = GradientDynamics(BOWL, IsotropicDissipation(2.0))
    alike = [kind().generating(even, x, p, 0.1).item() for kind in (FluctuationMatching, LangevinMatching)]
    assert alike[0] == pytest.approx(alike[1], rel=1e-12)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"noise": 0.0}, "noise must be positive"),
        ({"momenta": torch.ones(2, 2)}, "momenta must be (momenta, 1)"),
        ({"momenta": torch.ones(2)}, "momenta must be (momenta, 1)"),
        ({"least": 10}, "least must be a whole number, 30 or more"),
        ({"least": 200_000}, "increments, and a cell needs least = 200000"),
    ],
)
def test_bad_input_is_refused(wrong, words):
    paths = Trajectories(torch.rand(20, 101, 1, generator=generator(7), dtype=torch.float64), 0.1)
    with refused(words):
        Fluctuations.of(**({"paths": paths, "noise": 0.1, "momenta": P, "least": 100} | wrong))


def test_paths_that_never_move_are_refused():
    with refused("deviation must be positive"):
        Fluctuations.of(Trajectories(torch.ones(20, 101, 1), 0.1), 0.1, torch.ones(1, 1), least=100)
