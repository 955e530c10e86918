"""Gradient dynamics: analytic pairs, the second law, derivatives, devices and dtypes, what is learnable."""

import pytest
import torch
from conftest import normal
from torch.func import jacrev, vmap

from ggd_helpers.dynamics.gradient import GradientDynamics
from ggd_helpers.initialisation import redraw_
from ggd_helpers.potentials.general import (
    ConcaveEntropy,
    ConvexDissipation,
    CoshDissipation,
    FormulaDissipation,
    FormulaEntropy,
    IsotropicDissipation,
    QuadraticDissipation,
    QuadraticEntropy,
)

GAMMA = torch.tensor([[2.0, 0.3], [0.3, 0.5]], dtype=torch.float64)


def learned(dim=2, seed=0, dtype=torch.float64):
    return GradientDynamics(ConcaveEntropy(dim, dtype=dtype), ConvexDissipation(dim, dtype=dtype), seed=seed)


PAIRS = {
    "isotropic": (QuadraticEntropy(torch.eye(2)), IsotropicDissipation(0.7), lambda x: -0.7 * x),
    "anisotropic": (QuadraticEntropy(torch.eye(2)), QuadraticDissipation(GAMMA), lambda x: -x @ GAMMA),
    "both": (QuadraticEntropy(GAMMA), QuadraticDissipation(GAMMA), lambda x: -x @ GAMMA @ GAMMA),
    "steep": (QuadraticEntropy(torch.eye(2)), CoshDissipation(0.7, 3.0), lambda x: -0.7 / 3 * (3 * x).sinh()),
    "formulas": (
        FormulaEntropy(lambda c: -(c * c.log() - c).sum(-1)),  # c* = -ln c
        FormulaDissipation(lambda c, c_star: 0.5 * (c * c_star**2).sum(-1)),
        lambda c: -c * c.log(),
    ),
}


@pytest.mark.parametrize("name", PAIRS)
@pytest.mark.parametrize("batch", [(), (3,), (2, 3)])
def test_velocity_of_analytic_pairs(name, batch):
    entropy, dissipation, velocity = PAIRS[name]
    dynamics = GradientDynamics(entropy, dissipation)
    x = 0.1 + torch.rand((*batch, 2), generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    torch.testing.assert_close(dynamics.velocity(x), velocity(x), rtol=1e-13, atol=1e-15)
    torch.testing.assert_close(dynamics(x), velocity(x), rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("dim", [1, 2])
def test_second_law_of_untrained_models_on_many_states(seed, dim):
    model = learned(dim, seed)
    states = 4 * torch.rand((100_000, dim), generator=torch.Generator().manual_seed(seed), dtype=torch.float64) - 2
    with torch.no_grad():
        production = model.entropy_production(states)
        bound = model.dissipation(states, model.conjugate(states))
    assert production.shape == (100_000,)
    assert production.min() >= -1e-12
    assert (production >= bound - 1e-12 * (1 + bound.abs())).all()
    assert production.max() > 1e-3


def test_entropy_production_is_the_rate_of_entropy_along_the_motion():
    model, x, h = learned(), normal((20, 2), 1), 1e-5
    with torch.no_grad():
        v = model(x)
        rate = (model.entropy(x + h * v) - model.entropy(x - h * v)) / (2 * h)
        torch.testing.assert_close(model.entropy_production(x), rate, rtol=1e-6, atol=1e-8)


def test_vmap_is_the_batched_call():
    model, x = learned(), normal((5, 2), 1)
    for method in (model.conjugate, model.velocity, model.entropy_production):
        torch.testing.assert_close(vmap(method)(x), method(x), rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize(
    "make", [learned, lambda: GradientDynamics(*PAIRS["formulas"][:2])], ids=["learned", "formula"]
)
def test_jacobian_of_the_velocity(make):
    model, h = make(), 1e-6
    x = torch.tensor([0.4, 0.9], dtype=torch.float64)
    columns = [(model(x + h * e) - model(x - h * e)) / (2 * h) for e in torch.eye(2, dtype=torch.float64)]
    torch.testing.assert_close(jacrev(model.velocity)(x), torch.stack(columns, -1), rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("dim", [1, 2])
@pytest.mark.parametrize("seed", range(3))
def test_every_single_weight_receives_a_gradient(dim, seed):
    model = learned(dim, seed)
    model(normal((50, dim), seed)).square().sum().backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad.isfinite().all(), name
        assert (parameter.grad != 0).all(), name


@pytest.mark.parametrize("name", ["isotropic", "both"])
def test_every_parameter_of_formulas_receives_a_gradient(name):
    entropy, dissipation, _ = PAIRS[name]
    model = GradientDynamics(entropy, dissipation)
    gradients = torch.autograd.grad(model(normal((50, 2), 1)).square().sum(), list(model.parameters()))
    assert len(gradients) == 2
    for gradient in gradients:  # a matrix is made of the lower triangle of its parameter
        assert (gradient.tril() != 0).sum() == 3 if gradient.dim() == 2 else gradient != 0


def test_gradients_are_finite_at_rest():
    model = learned()
    model(torch.zeros(3, 2, dtype=torch.float64)).square().sum().backward()
    assert all(parameter.grad.isfinite().all() for parameter in model.parameters())


# --- seeds, prescribed potentials, keeping ---


def weights(module):
    return torch.nn.utils.parameters_to_vector(module.parameters()).detach().clone()


def test_same_seed_same_numbers():
    assert torch.equal(weights(learned(seed=5)), weights(learned(seed=5)))
    assert not torch.equal(weights(learned(seed=5)), weights(learned(seed=6)))
    model = learned(seed=5)
    redraw_(model, torch.Generator().manual_seed(6))
    assert torch.equal(weights(model), weights(learned(seed=6)))


def test_without_a_seed_the_potentials_stay_as_given():
    entropy, dissipation = ConcaveEntropy(2, seed=3), ConvexDissipation(2, seed=4)
    before = weights(entropy), weights(dissipation)
    GradientDynamics(entropy, dissipation)
    assert torch.equal(weights(entropy), before[0])
    assert torch.equal(weights(dissipation), before[1])


def test_reset_leaves_prescribed_potentials_alone():
    entropy = QuadraticEntropy(GAMMA).requires_grad_(False)
    network = ConcaveEntropy(2, seed=3).requires_grad_(False)
    for prescribed in (entropy, network):
        dissipation = ConvexDissipation(2, seed=3)
        before = weights(prescribed), weights(dissipation)
        GradientDynamics(prescribed, dissipation, seed=9)
        assert torch.equal(weights(prescribed), before[0])
        assert not torch.equal(weights(dissipation), before[1])


def test_formulas_have_nothing_to_reset():
    GradientDynamics(*PAIRS["formulas"][:2], seed=1)
    GradientDynamics(PAIRS["formulas"][0], ConvexDissipation(2), seed=1)


def test_state_dict_round_trip(tmp_path):
    model, other, x = learned(seed=1), learned(seed=2), normal((5, 2), 1)
    assert not torch.equal(model(x), other(x))
    torch.save(model.state_dict(), tmp_path / "model.pt")
    other.load_state_dict(torch.load(tmp_path / "model.pt", weights_only=True))
    assert torch.equal(model(x), other(x))


# --- dtype and device ---


@pytest.mark.parametrize("method", ["conjugate", "velocity", "entropy_production"])
def test_float32_in_float32_out(method):
    x = normal((5, 2), 1)
    single, double = learned(dtype=torch.float32), learned()
    value = getattr(single, method)(x.float())
    assert value.dtype == torch.float32
    expected = getattr(double, method)(x)
    torch.testing.assert_close(value.double(), expected, rtol=1e-3, atol=1e-3 * expected.abs().max().item())


@pytest.mark.parametrize("name", PAIRS)
def test_analytic_pairs_follow_the_dtype_of_the_state(name):
    entropy, dissipation, velocity = PAIRS[name]
    x = normal((5, 2), 1).abs().float() + 0.1
    v = GradientDynamics(entropy, dissipation).velocity(x)
    assert v.dtype == torch.float32
    torch.testing.assert_close(v.double(), velocity(x.double()), rtol=1e-5, atol=1e-5)


def test_a_float32_network_beside_a_prescribed_entropy():
    """The thesis's precision with half of the pair prescribed."""
    model = GradientDynamics(
        QuadraticEntropy(torch.eye(2)).requires_grad_(False), ConvexDissipation(2, dtype=torch.float32)
    )
    assert model(normal((5, 2), 1).float()).dtype == torch.float32


@pytest.mark.parametrize("make", [learned, *[lambda p=p: GradientDynamics(*p[:2]) for p in PAIRS.values()]])
def test_everything_happens_on_the_device_of_the_state(make):
    """The device `meta` refuses to meet tensors of the CPU, and needs no GPU."""
    x = torch.zeros(5, 2, dtype=torch.float64, device="meta")
    model = make()
    model = model.to("meta") if model.state_dict() else model
    assert model.conjugate(x).device.type == "meta"
    assert model.velocity(x).device.type == "meta"
    assert model.entropy_production(x).shape == (5,)
