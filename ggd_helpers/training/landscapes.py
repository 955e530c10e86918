"""Optimisers on landscapes of two parameters: where each of them goes, point by point, and what it costs."""

import math
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from ggd_helpers.training.quasi_newton import Descent, InverseHessian

Loss = Callable[[Tensor], Tensor]
Method = Callable[[Loss, Tensor], Iterator[Tensor]]  # one point after the other, from the start on


class Landscape(NamedTuple):
    """A loss of two parameters, its start, the square to draw, its lowest value, a rate for gradient descent."""

    loss: Loss
    start: tuple[float, float]
    reach: tuple[float, float, float, float]
    lowest: float
    rate: float


LANDSCAPES = {
    "valley": Landscape(lambda p: 0.5 * (p[0] ** 2 + 30 * p[1] ** 2), (-1.8, 0.6), (-2, 2, -1, 1), 0.0, 0.05),
    "bent valley": Landscape(
        lambda p: (1 - p[0]) ** 2 + 20 * (p[1] - p[0] ** 2) ** 2, (-1.2, 1.0), (-1.6, 1.6, -0.6, 1.8), 0.0, 0.006
    ),
    "saddle": Landscape(
        lambda p: 0.5 * p[0] ** 2 - 0.5 * p[1] ** 2 + 0.25 * p[1] ** 4, (1.5, 0.2), (-2, 2, -1.7, 1.7), -0.25, 0.2
    ),
}  # fmt: skip


class Way(NamedTuple):
    """Where a method went, `points` `(steps + 1, 2)`, and `gradients` `(steps + 1,)`: how many it had asked for."""

    points: Tensor
    gradients: Tensor

    def within(self, gradients: int) -> "Way":
        """The part of the way that asks for no more than so many gradients."""
        early = self.gradients <= gradients
        return Way(self.points[early], self.gradients[early])


def follow(method: Method, loss: Loss, start: Tensor, gradients: int) -> Way:
    """Follow a method from a start until it has asked for so many gradients, stops, or leaves the finite numbers.

    Each evaluation of the loss counts as one gradient: all methods ask for both together.
    """
    asked, points, costs = 0, [start], [0]

    def counted(p: Tensor) -> Tensor:
        nonlocal asked
        asked += 1
        return loss(p)

    for point in method(counted, start):
        if not torch.isfinite(point).all():
            break
        points.append(point)
        costs.append(asked)
        if asked >= gradients:
            break
    return Way(torch.stack(points), torch.tensor(costs))


def newton(loss: Loss, start: Tensor) -> Iterator[Tensor]:
    """Newton's method, `p <- p - (grad^2 L)^-1 grad L`; a row of the Hessian costs as a gradient does."""
    p, gradient = start, torch.func.grad(loss)
    while True:
        hessian = torch.stack([torch.func.grad(lambda q, i=i: gradient(q)[i])(p) for i in range(len(p))])
        p = p - torch.linalg.solve(hessian, gradient(p))
        yield p


def gradient_descent(rate: float, momentum: float = 0.0) -> Method:
    """Gradient descent, `p <- p - rate v` with `v <- momentum v + grad L`."""

    def descend(loss: Loss, start: Tensor) -> Iterator[Tensor]:
        p, v = start, torch.zeros_like(start)
        while True:
            v = momentum * v + torch.func.grad(loss)(p)
            p = p - rate * v
            yield p

    return descend


def with_torch(optimizer: Callable[..., torch.optim.Optimizer], **options: object) -> Method:
    """One of torch's optimisers: a step is one call of `step`; what it asked before at a point is not asked again."""

    def descend(loss: Loss, start: Tensor) -> Iterator[Tensor]:
        p = start.clone().requires_grad_()
        method = optimizer([p], **options)
        known: dict[tuple[float, ...], tuple[float, Tensor]] = {}

        def closure() -> float:
            here = tuple(p.tolist())
            if here not in known:
                value = loss(p)
                known[here] = value.item(), torch.autograd.grad(value, p)[0]
            height, p.grad = known[here]
            return height

        while True:
            before = p.detach().clone()
            method.step(closure)
            if torch.equal(p, before):
                return
            yield p.detach().clone()

    return descend


class PlainInverseHessian(InverseHessian):
    """The metric of BFGS without self-scaling: `tau = 1` always."""

    def update(self, step: np.ndarray, change: np.ndarray, step_b_step: float) -> None:
        """Take in one step; an infinite ratio of curvatures leaves `tau` at 1."""
        super().update(step, change, 0.0)


def bfgs(metric: type[InverseHessian]) -> Method:
    """BFGS with a weak Wolfe line search, as in `SelfScaledBFGS`; the metric says which kind."""

    def descend(loss: Loss, start: Tensor) -> Iterator[Tensor]:
        value_and_gradient = torch.func.grad_and_value(loss)

        def function(theta: np.ndarray) -> tuple[float, np.ndarray]:
            gradient, value = value_and_gradient(torch.from_numpy(theta.copy()))
            return value.item(), gradient.numpy()

        descent = Descent.start(function, start.numpy())
        descent.metric = metric(len(start), descent.metric.scale)
        while descent.failures < 3 and np.linalg.norm(descent.gradient) > 1e-9:
            descent.step(function)
            yield torch.from_numpy(descent.theta)

    return descend


def methods(rate: float) -> dict[str, Method]:
    """Seven optimisers, with the step of gradient descent and momentum that suits the landscape."""
    lbfgs = {"max_iter": 1, "max_eval": 25, "tolerance_grad": 0, "tolerance_change": 0}
    return {
        "gradient descent": gradient_descent(rate),
        "momentum": gradient_descent(rate, momentum=0.85),
        "Adam": with_torch(torch.optim.Adam, lr=0.1),
        "Newton": newton,
        "L-BFGS": with_torch(torch.optim.LBFGS, line_search_fn="strong_wolfe", **lbfgs),
        "BFGS": bfgs(PlainInverseHessian),
        "self-scaled BFGS": bfgs(InverseHessian),
    }  # fmt: skip


def gap(landscape: Landscape, way: Way) -> Tensor:
    """How far the loss lies above its lowest value at each point of a way, `(steps + 1,)`."""
    return landscape.loss(way.points.T) - landscape.lowest


def gradients_to(landscape: Landscape, way: Way, within: float = 1e-6) -> float:
    """How many gradients until the loss is within so much of its lowest value; infinite if it never gets there."""
    there = (gap(landscape, way) < within).nonzero()
    return float(way.gradients[there[0]].item()) if len(there) else math.inf
