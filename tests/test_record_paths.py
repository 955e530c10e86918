"""Paths at the times of measurements against SciPy's solvers: values, order of convergence, derivatives."""

import itertools

import numpy as np
import pytest
import torch
from conftest import normal, refused
from scipy.integrate import solve_ivp
from torch import nn

from ggd_helpers.training.graded_rk4 import GradedRK4
from ggd_helpers.training.radau import Radau
from ggd_helpers.training.record_paths import own_clocks
from ggd_helpers.training.weights import Weights

NAN = float("nan")
TIMES = torch.tensor([[2.0, 2.1, 2.9, 3.7, 5.0], [0.0, 0.4, 1.1, 1.2, NAN], [-1.0, 0.0, NAN, NAN, NAN]]).double()
STARTS = torch.tensor([[1.0, 0.5], [-0.7, 0.3], [0.2, -1.0]]).double()


class Swinging(nn.Module):
    """`x' = p`, `p' = -a sin x - b p^3`."""

    def __init__(self, a=1.3, b=0.4):
        super().__init__()
        self.theta = nn.Parameter(torch.tensor([a, b], dtype=torch.float64))

    def forward(self, x):
        q, p = x.unbind(-1)
        return torch.stack([p, -self.theta[0] * torch.sin(q) - self.theta[1] * p**3], -1)


class Stiff(nn.Module):
    """`x' = -a (x - cos y)`, `y' = -b y x^2`, with `a` large."""

    def __init__(self, a=400.0, b=0.9):
        super().__init__()
        self.theta = nn.Parameter(torch.tensor([a, b], dtype=torch.float64))

    def forward(self, x):
        x, y = x.unbind(-1)
        return torch.stack([-self.theta[0] * (x - torch.cos(y)), -self.theta[1] * y * x**2], -1)


def swinging(theta):
    return lambda t, x: [x[1], -theta[0] * np.sin(x[0]) - theta[1] * x[1] ** 3]


def stiff(theta):
    return lambda t, x: [-theta[0] * (x[0] - np.cos(x[1])), -theta[1] * x[1] * x[0] ** 2]


def by_scipy(formula, theta, starts=STARTS, method="DOP853"):
    """The states where there is a time, `(seen, n)`."""
    found = []
    for times, start in zip(TIMES, starts, strict=True):
        t = times[~times.isnan()].numpy() - times[0].item()
        solved = solve_ivp(formula(theta), (0, t[-1]), start.numpy(), method=method, t_eval=t, rtol=1e-12, atol=1e-13)
        found.append(torch.from_numpy(solved.y.T))
    return torch.cat(found)


def followed(integrator, model, starts=STARTS):
    weights = Weights(model)
    with torch.no_grad():
        paths = integrator.through(weights, TIMES)(weights.read(), starts)
        return paths.states[~TIMES.isnan()], [each[~TIMES.isnan()] for each in paths.slopes()]


def differences(formula, theta, method):
    """The derivatives of SciPy's paths by weights and starts, by central differences."""
    h, by_weights, by_start = 1e-4, [], []
    for i in range(2):
        size = h * abs(theta[i])
        up, down = ([*theta[:i], theta[i] + s * size, *theta[i + 1 :]] for s in (1, -1))
        by_weights.append((by_scipy(formula, up, method=method) - by_scipy(formula, down, method=method)) / (2 * size))
        shift = h * torch.eye(2).double()[i]
        up, down = (by_scipy(formula, theta, STARTS + s * shift, method) for s in (1, -1))
        by_start.append((up - down) / (2 * h))
    return torch.stack(by_weights, -1), torch.stack(by_start, -1)


def test_clocks_begin_at_0_and_stay_at_the_end():
    torch.testing.assert_close(own_clocks(TIMES)[1], torch.tensor([0.0, 0.4, 1.1, 1.2, 1.2]).double())
    torch.testing.assert_close(own_clocks(TIMES)[2], torch.tensor([0.0, 1.0, 1.0, 1.0, 1.0]).double())


def test_rk4_and_its_reading_are_of_fourth_order():
    exact = by_scipy(swinging, [1.3, 0.4])
    errors = [(followed(GradedRK4(steps), Swinging())[0] - exact).abs().max().item() for steps in (12, 24, 48)]
    assert errors[0] < 1e-2
    for coarse, fine in itertools.pairwise(errors):
        assert 10 < coarse / fine < 28


def test_derivatives_of_rk4_are_those_of_scipys_paths():
    _, slopes = followed(GradedRK4(100), Swinging())
    for found, exact in zip(slopes, differences(swinging, [1.3, 0.4], "DOP853"), strict=True):
        torch.testing.assert_close(found, exact, rtol=0, atol=1e-5)


@pytest.mark.parametrize("power", [1.0, 2.5])
def test_derivatives_of_rk4_are_those_of_its_own_numbers(power):
    """Not of the exact path: a descent would not find its end."""
    model, h = Swinging(), 1e-5
    _, (by_weights, by_start) = followed(GradedRK4(3, power), model)
    for i in range(2):
        ends = [
            followed(GradedRK4(3, power), Swinging(*(np.array([1.3, 0.4]) + s * h * np.eye(2)[i])))[0] for s in (1, -1)
        ]
        torch.testing.assert_close((ends[0] - ends[1]) / (2 * h), by_weights[..., i], rtol=0, atol=1e-8)
        ends = [followed(GradedRK4(3, power), model, STARTS + s * h * torch.eye(2).double()[i])[0] for s in (1, -1)]
        torch.testing.assert_close((ends[0] - ends[1]) / (2 * h), by_start[..., i], rtol=0, atol=1e-8)


def test_radau_follows_a_stiff_law():
    states, slopes = followed(Radau(1e-8, 1e-10), Stiff())
    torch.testing.assert_close(states, by_scipy(stiff, [400.0, 0.9], method="LSODA"), rtol=0, atol=1e-6)
    for found, exact in zip(slopes, differences(stiff, [400.0, 0.9], "LSODA"), strict=True):
        torch.testing.assert_close(found, exact, rtol=0, atol=1e-5)


def test_rk4_cannot_follow_it():
    assert not (followed(GradedRK4(16), Stiff())[0].abs() < 10).all()


def test_finer_is_finer():
    exact = by_scipy(stiff, [400.0, 0.9], method="LSODA")
    for integrator in (GradedRK4(1000), Radau(1e-4, 1e-5)):
        coarse, fine = ((followed(each, Stiff())[0] - exact).abs().max() for each in (integrator, integrator.finer()))
        assert fine < coarse / 5


def test_a_path_that_is_lost_is_not_finite():
    class Exploding(nn.Module):
        def __init__(self):
            super().__init__()
            self.a = nn.Parameter(torch.ones(1, dtype=torch.float64))

        def forward(self, x):
            return self.a * (x**2).exp()

    for integrator in (GradedRK4(), Radau()):
        weights = Weights(Exploding())
        with torch.no_grad():
            assert not integrator.through(weights, TIMES)(weights.read(), STARTS).states.isfinite().all()


def test_other_weights_leave_the_model_as_it_is():
    model = Swinging()
    weights, x = Weights(model), normal((4, 2), 0)
    asked = weights.ask(lambda law: law(x), torch.tensor([2.0, 0.1]).double())
    torch.testing.assert_close(asked, Swinging(2.0, 0.1)(x))
    assert model.theta.tolist() == [1.3, 0.4]
    weights.write(torch.tensor([2.0, 0.1]).double())
    torch.testing.assert_close(model(x), asked)


def test_numbers_out_of_range_are_refused():
    for integrator, name in ((GradedRK4(0), "steps"), (GradedRK4(power=0.5), "power"), (Radau(rtol=0.0), "rtol")):
        with refused(name):
            integrator.through(Weights(Swinging()), TIMES)
