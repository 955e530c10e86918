"""The plain network: any batch shape, the size asked for, seeded; and what is measured of a law without a pair."""

import pytest
import torch
from conftest import refused

from ggd_helpers.architectures.plain import PlainNetwork, count_learned
from ggd_helpers.dynamics.gradient import GradientDynamics
from ggd_helpers.evaluation import measures
from ggd_helpers.evaluation.report import evaluate
from ggd_helpers.potentials.general import ConcaveEntropy, ConvexDissipation
from ggd_helpers.recordings.simulate import simulate
from ggd_helpers.systems import profiles
from ggd_helpers.systems.diffusion import FickianDiffusion
from ggd_helpers.systems.particle import OverdampedParticle
from ggd_helpers.training.fit import fit
from ggd_helpers.training.self_scaled_bfgs import SelfScaledBFGS


def test_it_is_the_formula_of_its_docstring():
    network, x = PlainNetwork(2, width=3, depth=2, seed=1), torch.tensor([[0.3, -0.7]], dtype=torch.float64)
    (a, b, c), u = network.layers, x
    for layer in (a, b):
        u = (1 + (u @ layer.weight.T + layer.bias).exp()).log()
    torch.testing.assert_close(network(x), u @ c.weight.T + c.bias, rtol=1e-12, atol=0)


def test_states_of_any_batch_shape():
    network = PlainNetwork(3, width=5)
    x = torch.randn(2, 4, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    torch.testing.assert_close(network(x)[1, 2], network(x[1, 2]))


def test_a_seed_is_a_network():
    first, again, other = (PlainNetwork(2, seed=seed) for seed in (0, 0, 1))
    x = torch.ones(1, 2, dtype=torch.float64)
    assert torch.equal(first(x), again(x))
    assert not torch.allclose(first(x), other(x))


@pytest.mark.parametrize("dim", [1, 2, 4, 31])
def test_it_is_about_as_large_as_the_model_that_it_is_compared_with(dim):
    model = GradientDynamics(ConcaveEntropy(dim), ConvexDissipation(dim))
    wanted, network = count_learned(model), PlainNetwork.like(model, dim)
    step = 2 * network.layers[0].out_features + 2 * dim + 4  # what one unit more would add
    assert abs(count_learned(network) - wanted) <= step / 2


def test_bad_sizes_are_refused():
    with refused("width", "a whole number, 1 or more", "0"):
        PlainNetwork(2, width=0)


def test_it_learns_what_it_is_shown():
    system = OverdampedParticle(gamma=1.0, dim=1)
    data = simulate(system, trajectories=20, points=64, dt=0.05, seed=0)
    network = PlainNetwork(1, width=8)
    fit(network, data, SelfScaledBFGS(iterations=60, restarts=1), seed=0, progress=False)
    report = evaluate(network, data, measures.of_law(system))
    assert report.metrics["velocity_mse"] < 1e-6 * data.velocities.square().mean().item()
    assert "min_entropy_production" not in report.metrics


class Turned(torch.nn.Module):
    """The particle's velocity, with its sign turned where x is below 1/2: there the known entropy falls at x^2."""

    def forward(self, x):
        return torch.where(x < 0.5, x, -x)


def test_how_the_known_entropy_moves_under_another_law():
    system = OverdampedParticle(gamma=1.0, dim=1)
    data = simulate(system, trajectories=3, points=11, dt=0.1, seed=0)
    found = evaluate(Turned(), data, [measures.known_entropy(system)]).metrics
    assert found["min_known_entropy_production"] == pytest.approx(-1.0, abs=1e-3)
    assert found["falling_share"] == pytest.approx(0.75, abs=0.01)  # of states uniform in [-1, 1]
    right = evaluate(system, data, [measures.known_entropy(system)]).metrics
    assert right["falling_share"] == 0


def test_states_at_rest_do_not_count_where_any_leak_would_be_a_fall():
    system = FickianDiffusion(profile=profiles.positive_fourier)
    resting = (system(system.sample_initial_states(500, torch.Generator().manual_seed(0))) == 0).all(-1)
    assert resting.any()  # even fields are among the random ones

    def drains_what_rests(c):
        velocity = system(c)
        return torch.where((velocity != 0).any(-1, keepdim=True), velocity, -1e-3)

    data = simulate(system, trajectories=2, points=5, dt=0.01, seed=0)
    found = evaluate(drains_what_rests, data, [measures.known_entropy(system, count=500)]).metrics
    assert found["falling_share"] == 0
    assert found["min_known_entropy_production"] > 0
