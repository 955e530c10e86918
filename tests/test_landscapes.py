"""Optimisers on landscapes, against answers known without them."""

import math

import pytest
import torch

from ggd_helpers.training.landscapes import LANDSCAPES, Way, follow, gap, gradients_to, methods


def way_of(name, title, gradients=400):
    landscape = LANDSCAPES[title]
    start = torch.tensor(landscape.start, dtype=torch.float64)
    return follow(methods(landscape.rate)[name], landscape.loss, start, gradients)


@pytest.mark.parametrize("name", methods(0.1))
def test_every_method_goes_down_the_valley_from_where_it_starts(name):
    way = way_of(name, "valley", 200)
    assert tuple(way.points[0].tolist()) == LANDSCAPES["valley"].start
    assert way.points[-1].norm() < 1e-2
    assert gradients_to(LANDSCAPES["valley"], way) <= 200


@pytest.mark.parametrize("name", methods(0.1))
@pytest.mark.parametrize("title", LANDSCAPES)
def test_gradients_are_what_the_loss_was_asked(name, title):
    landscape, asked = LANDSCAPES[title], []

    def loss(p):
        asked.append(1)
        return landscape.loss(p)

    way = follow(methods(landscape.rate)[name], loss, torch.tensor(landscape.start, dtype=torch.float64), 40)
    assert way.gradients[0] == 0
    assert (way.gradients.diff() > 0).all()
    assert way.gradients[-1] <= len(asked) <= way.gradients[-1] + 20  # a search that ends a run moves nowhere
    assert way.gradients[-2] < 40
    assert len(way.points) == len(way.gradients)


def test_first_order_methods_ask_for_one_gradient_a_step_and_newton_for_three():
    for name, price in {"gradient descent": 1, "momentum": 1, "Adam": 1, "Newton": 3}.items():
        way = way_of(name, "saddle", 30)
        assert way.gradients.tolist() == list(range(0, 31, price))


def test_lbfgs_asks_at_no_point_twice():
    landscape, points = LANDSCAPES["bent valley"], []

    def loss(p):
        points.append(tuple(p.tolist()))
        return landscape.loss(p)

    follow(methods(0.1)["L-BFGS"], loss, torch.tensor(landscape.start, dtype=torch.float64), 20)
    assert len(set(points)) == len(points) >= 20


def test_gradient_descent_in_a_parabola_is_a_geometric_series():
    way = follow(methods(0.1)["gradient descent"], lambda p: 0.5 * (p**2).sum(), torch.ones(2).double(), 10)
    torch.testing.assert_close(way.points[:, 0], 0.9 ** torch.arange(11, dtype=torch.float64))


def test_newton_jumps_to_the_bottom_of_a_parabola_and_to_the_saddle():
    assert way_of("Newton", "valley", 3).points[-1].abs().max() < 1e-14
    assert way_of("Newton", "saddle", 90).points[-1].abs().max() < 1e-12


@pytest.mark.parametrize("name", [name for name in methods(0.1) if name != "Newton"])
def test_the_others_leave_the_saddle(name):
    way = way_of(name, "saddle", 300)
    assert (way.points[-1].abs() - torch.tensor([0.0, 1.0])).abs().max() < 1e-2


def test_a_way_ends_before_it_leaves_the_finite_numbers():
    way = follow(methods(10.0)["gradient descent"], LANDSCAPES["bent valley"].loss, torch.ones(2).double() * 3, 400)
    assert torch.isfinite(way.points).all()
    assert way.gradients[-1] < 400


def test_the_landscapes_lowest_values():
    for landscape in LANDSCAPES.values():
        left, right, bottom, top = landscape.reach
        grid = torch.meshgrid(torch.linspace(left, right, 401), torch.linspace(bottom, top, 401), indexing="xy")
        lowest = landscape.loss(torch.stack(grid)).min().item()
        assert landscape.lowest - 1e-6 <= lowest <= landscape.lowest + 2e-3


def test_what_a_way_cost_by_hand():
    valley = LANDSCAPES["valley"]
    way = Way(torch.tensor([[2.0, 0.0], [1.0, 0.0], [1e-4, 0.0], [0.0, 0.0]]), torch.tensor([0, 3, 5, 9]))
    torch.testing.assert_close(gap(valley, way)[:2], torch.tensor([2.0, 0.5]))
    assert gradients_to(valley, way) == 5
    assert gradients_to(valley, way.within(4)) == math.inf
    assert way.within(5).gradients.tolist() == [0, 3, 5]
