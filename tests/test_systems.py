"""The particle systems: velocities, initial states, refused parameters, and the examples in docstrings."""

import doctest
import importlib
import math
from pathlib import Path

import pytest
import torch
from conftest import normal, refused

import ggd_helpers
from ggd_helpers.systems import AnisotropicParticle, OverdampedParticle, SteepParticle

FRICTION = [[2.0, 0.5], [0.5, 1.0]]
PACKAGE = Path(ggd_helpers.__file__).parent
EXAMPLES = [path for path in sorted(PACKAGE.rglob("*.py")) if ">>>" in path.read_text(encoding="utf-8")]


@pytest.mark.parametrize("gamma", [0.1, 1.0, 10.0])
@pytest.mark.parametrize("dim", [1, 2])
def test_overdamped_particle(gamma, dim):
    system, x = OverdampedParticle(gamma, dim), normal((20, dim), 1)
    torch.testing.assert_close(system(x), -gamma * x, rtol=1e-14, atol=0)
    torch.testing.assert_close(system.entropy(x), -0.5 * (x**2).sum(-1), rtol=1e-14, atol=0)
    torch.testing.assert_close(system.dissipation(x, 3 * x), 4.5 * gamma * (x**2).sum(-1), rtol=1e-13, atol=0)
    torch.testing.assert_close(system.entropy_production(x), gamma * (x**2).sum(-1), rtol=1e-13, atol=0)


def test_anisotropic_particle():
    x, friction = normal((20, 2), 1), torch.tensor(FRICTION).double()
    terms = (x.abs() @ friction).max().item()  # of either sign, so that a sum may be much smaller
    torch.testing.assert_close(AnisotropicParticle(FRICTION)(x), -x @ friction, rtol=1e-14, atol=1e-15 * terms)
    torch.testing.assert_close(
        AnisotropicParticle(torch.eye(5))(normal((3, 5), 1)), -normal((3, 5), 1), rtol=1e-14, atol=0
    )


@pytest.mark.parametrize("steepness", [0.5, 3.0, 20.0])
@pytest.mark.parametrize("dim", [1, 2])
def test_steep_particle(steepness, dim):
    x = normal((20, dim), 1)
    expected = [[-0.7 / steepness * math.sinh(steepness * each) for each in row] for row in x.tolist()]
    velocity = SteepParticle(0.7, steepness, dim)(x)
    torch.testing.assert_close(velocity, torch.tensor(expected, dtype=torch.float64), rtol=1e-13, atol=0)


def test_steep_particle_of_small_steepness_is_the_overdamped_one():
    x = normal((20, 2), 1)
    torch.testing.assert_close(SteepParticle(2.0, 1e-4, 2)(x), -2 * x, rtol=1e-7, atol=0)


@pytest.mark.parametrize("steepness", [0.01, 3.0, 20.0])
def test_the_exact_motion_of_the_steep_particle(steepness):
    """It starts at x0, and its rate is the velocity."""
    system, h = SteepParticle(0.7, steepness, 2), 1e-6
    x0 = torch.tensor([[1.0, -0.5], [0.1, 0.9]], dtype=torch.float64)
    times = torch.tensor([0.0, 0.3, 2.0], dtype=torch.float64)
    path = system.solution(x0, times)
    assert path.shape == (2, 3, 2)
    torch.testing.assert_close(path[:, 0], x0, rtol=1e-12, atol=0)
    rate = (system.solution(x0, times[1:] + h) - system.solution(x0, times[1:] - h)) / (2 * h)
    torch.testing.assert_close(rate, system(path[:, 1:]), rtol=1e-7, atol=1e-10)


@pytest.mark.parametrize("dim", [1, 2])
def test_initial_states_are_uniform_in_the_square(dim):
    system = OverdampedParticle(dim=dim)
    states = system.sample_initial_states(20_000, torch.Generator().manual_seed(1))
    assert states.shape == (20_000, dim)
    assert states.dtype == torch.float64
    assert states.abs().max() <= 1
    shares = torch.stack(
        [((states > low) & (states <= low + 0.25)).double().mean(0) for low in torch.arange(-1, 1, 0.25)]
    )
    torch.testing.assert_close(shares, torch.full_like(shares, 0.125), rtol=0, atol=0.01)
    assert torch.equal(states, system.sample_initial_states(20_000, torch.Generator().manual_seed(1)))
    assert not torch.equal(states, system.sample_initial_states(20_000, torch.Generator().manual_seed(2)))


def test_systems_are_prescribed():
    for system in (OverdampedParticle(), AnisotropicParticle(FRICTION), SteepParticle()):
        assert not any(parameter.requires_grad for parameter in system.parameters())


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: OverdampedParticle(gamma=-1.0), ["gamma", "positive", "-1.0"]),
        (lambda: OverdampedParticle(gamma="abc"), ["gamma", "positive", "'abc'"]),
        (lambda: OverdampedParticle(dim=3), ["dim", "1 or 2", "3"]),
        (lambda: SteepParticle(gamma=0), ["gamma", "positive", "0"]),
        (lambda: SteepParticle(steepness=math.nan), ["steepness", "positive", "nan"]),
        (lambda: SteepParticle(steepness=21), ["steepness", "at most 20", "21"]),
        (lambda: SteepParticle(dim=0), ["dim", "1 or 2", "0"]),
        (lambda: AnisotropicParticle([[1.0, 0.2], [0.1, 1.0]]), ["friction", "symmetric"]),
        (lambda: AnisotropicParticle([[1.0, 2.0], [2.0, 1.0]]), ["friction", "positive definite"]),
        (lambda: AnisotropicParticle([[1.0, 2.0]]), ["friction", "square"]),
        (lambda: AnisotropicParticle([[math.inf]]), ["friction", "inf"]),
    ],
)
def test_bad_parameters_are_refused(make, words):
    with refused(*words):
        make()


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_examples_in_docstrings(path):
    module = ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts)
    result = doctest.testmod(importlib.import_module(module))
    assert result.attempted > 0  # doctest does not follow a package's imports
    assert result.failed == 0
