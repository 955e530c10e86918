"""Fitting values, against answers known without the fit."""

import math

import pytest
import torch
from conftest import refused
from torch import nn

from ggd_helpers.legendre_fenchel import convex_envelope
from ggd_helpers.networks import FICNN
from ggd_helpers.training.regression import STRICTER, from_below, mean_square, regress

X = torch.linspace(-1.5, 1.5, 61, dtype=torch.float64)[:, None]


class Line(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Parameter(torch.zeros(2, dtype=torch.float64))

    def forward(self, x):
        return self.a[0] + self.a[1] * x[:, 0]


def test_a_line_is_the_least_squares_line():
    y = torch.sin(3 * X[:, 0]) + 2 * X[:, 0]
    line = Line()
    losses = regress(line, X, y, iterations=20)
    basis = torch.cat([torch.ones_like(X), X], dim=1)
    expected = torch.linalg.lstsq(basis, y[:, None]).solution[:, 0]
    torch.testing.assert_close(line.a.detach(), expected)
    assert losses == sorted(losses, reverse=True)
    assert losses[-1] == pytest.approx((basis @ expected - y).square().mean().item())


def test_a_line_from_below_weighs_its_misses():
    y = X[:, 0].abs()
    line = Line()
    regress(line, X, y, iterations=200, loss=from_below(50.0))
    weights = torch.where(line(X) > y, 50.0, 1.0).double().detach()
    slope_at_best = ((line(X) - y) * weights)[:, None] * torch.cat([torch.ones_like(X), X], dim=1)
    assert slope_at_best.mean(0).abs().max() < 1e-6


def test_from_below_and_mean_square_by_hand():
    miss = torch.tensor([1.0, -2.0])
    assert mean_square(miss).item() == 2.5
    assert from_below(10.0)(miss).item() == 7.0


def test_watch_sees_the_weights_of_the_moment():
    line, seen = Line(), []
    y = 1 + X[:, 0]
    losses = regress(line, X, y, watch=lambda i, loss: seen.append((i, loss, (line(X) - y).square().mean().item())))
    assert [i for i, _, _ in seen] == list(range(1, len(losses) + 1))
    assert [loss for _, loss, _ in seen] == losses
    assert [now for _, _, now in seen] == pytest.approx(losses)


def test_a_loss_that_is_not_finite_is_refused():
    with refused("not finite", "rescale"):
        regress(Line(), X, torch.full((61,), math.inf, dtype=torch.float64))


def test_a_convex_network_finds_the_envelope_of_a_double_well():
    y = 1 + (X[:, 0] ** 2 - 1) ** 2
    envelope = convex_envelope(X[:, 0], y)
    starts = [FICNN(1, seed=seed, depth=3) for seed in range(3)]
    reached = [regress(network, X, y, iterations=100)[-1] for network in starts]
    network = starts[reached.index(min(reached))]
    for loss in STRICTER:
        regress(network, X, y, iterations=100, loss=loss)
    assert (network(X) - envelope).norm() / envelope.norm() < 0.05
    assert (network(X) - y).max() < 0.05
