"""Means in blocks: the same values and slopes as all at once, in less memory."""

from functools import partial

import pytest
import torch
from conftest import normal

from ggd_helpers.dynamics.gradient import GradientDynamics
from ggd_helpers.potentials.general import ConcaveEntropy, ConvexDissipation
from ggd_helpers.recordings.simulate import simulate
from ggd_helpers.systems.particle import OverdampedParticle
from ggd_helpers.training import in_blocks
from ggd_helpers.training.in_blocks import mean_in_blocks
from ggd_helpers.training.objectives import Differences, FlowMatching, ScaledDifferences

SHAPES = [(7, 3, 2), (13, 2), (2, 2)]


def pair():
    return GradientDynamics(ConcaveEntropy(2, width=3, depth=2), ConvexDissipation(2, width=3, depth=1), seed=4)


def cubed(model, states, targets):
    return (model(states) - targets) ** 3


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("most", [1, 5, 10])
def test_a_mean_and_its_slopes_are_those_of_all_at_once(monkeypatch, shape, most):
    model, states, targets = pair(), normal(shape, 1), normal(shape, 2)
    expected = 3 * cubed(model, states, targets).mean()
    slopes = torch.autograd.grad(expected, list(model.parameters()))
    monkeypatch.setattr(in_blocks, "MOST_AT_ONCE", most)
    found = 3 * mean_in_blocks(partial(cubed, model), model, states, targets)
    torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-14)
    for there, here in zip(torch.autograd.grad(found, list(model.parameters())), slopes, strict=True):
        torch.testing.assert_close(there, here, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("objective", [Differences(), ScaledDifferences(), FlowMatching(2)], ids=str)
def test_losses_and_gradients_do_not_depend_on_the_blocks(monkeypatch, objective):
    data, model = simulate(OverdampedParticle(dim=2), trajectories=4, points=24, dt=0.1, seed=3), pair()
    batch, found = objective.batch(data), {}
    for most in (10**6, 20):
        monkeypatch.setattr(in_blocks, "MOST_AT_ONCE", most)
        loss = objective.loss(model, batch)
        found[most] = [loss, *torch.autograd.grad(loss, list(model.parameters()))]
    for whole, blocks in zip(*found.values(), strict=True):
        torch.testing.assert_close(blocks, whole, rtol=1e-9, atol=1e-12)


def test_every_state_is_seen_once_and_no_call_sees_more_than_a_block(monkeypatch):
    monkeypatch.setattr(in_blocks, "MOST_AT_ONCE", 10)
    model, seen = pair(), []
    model.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0].numel()))
    mean_in_blocks(partial(cubed, model), model, normal((7, 3, 2), 1), normal((7, 3, 2), 2)).backward()
    assert max(seen) <= 10
    assert sum(seen) == 42


def test_a_mean_without_slopes_keeps_no_graph(monkeypatch):
    monkeypatch.setattr(in_blocks, "MOST_AT_ONCE", 10)
    model, states, targets = pair(), normal((7, 3, 2), 1), normal((7, 3, 2), 2)
    with torch.no_grad():
        found = mean_in_blocks(partial(cubed, model), model, states, targets)
    assert not found.requires_grad
    torch.testing.assert_close(found, cubed(model, states, targets).mean().detach(), rtol=1e-12, atol=1e-14)


def test_a_law_that_is_no_module_goes_in_blocks_too(monkeypatch):
    monkeypatch.setattr(in_blocks, "MOST_AT_ONCE", 10)
    states, targets = normal((7, 3, 2), 1), normal((7, 3, 2), 2)
    found = mean_in_blocks(partial(cubed, torch.square), torch.square, states, targets)
    torch.testing.assert_close(found, cubed(torch.square, states, targets).mean(), rtol=1e-12, atol=1e-14)
