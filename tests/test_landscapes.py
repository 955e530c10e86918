"""Optimisers on landscapes, against answers known without them."""

import math

import pytest
import torch

from ggd_helpers.training.landscapes import LANDSCAPES, methods, steps_to


@pytest.mark.parametrize("name", methods(0.1))
def test_every_method_goes_down_the_valley_from_where_it_starts(name):
    landscape = LANDSCAPES["valley"]
    start = torch.tensor(landscape.start, dtype=torch.float64)
    way = methods(landscape.rate)[name](landscape.loss, start, 200)
    assert way.shape == (201, 2)
    assert torch.equal(way[0], start)
    assert way[-1].norm() < 1e-2
    assert steps_to(landscape, way) <= 200


def test_gradient_descent_in_a_parabola_is_a_geometric_series():
    way = methods(0.1)["gradient descent"](lambda p: 0.5 * (p**2).sum(), torch.ones(2, dtype=torch.float64), 10)
    torch.testing.assert_close(way[:, 0], 0.9 ** torch.arange(11, dtype=torch.float64))


def test_newton_jumps_to_the_bottom_of_a_parabola_and_to_the_saddle():
    start = torch.tensor(LANDSCAPES["saddle"].start, dtype=torch.float64)
    newton = methods(0.1)["Newton"]
    valley = LANDSCAPES["valley"]
    assert newton(valley.loss, start, 1)[-1].abs().max() < 1e-14
    assert newton(LANDSCAPES["saddle"].loss, start, 30)[-1].abs().max() < 1e-12


@pytest.mark.parametrize("name", [name for name in methods(0.1) if name != "Newton"])
def test_the_others_leave_the_saddle(name):
    landscape = LANDSCAPES["saddle"]
    start = torch.tensor(landscape.start, dtype=torch.float64)
    way = methods(landscape.rate)[name](landscape.loss, start, 300)
    assert (way[-1].abs() - torch.tensor([0.0, 1.0])).abs().max() < 1e-2


def test_the_landscapes_lowest_values():
    for landscape in LANDSCAPES.values():
        left, right, bottom, top = landscape.reach
        grid = torch.meshgrid(torch.linspace(left, right, 401), torch.linspace(bottom, top, 401), indexing="xy")
        lowest = landscape.loss(torch.stack(grid)).min().item()
        assert landscape.lowest - 1e-6 <= lowest <= landscape.lowest + 2e-3
    assert steps_to(LANDSCAPES["valley"], torch.ones(5, 2)) == math.inf
