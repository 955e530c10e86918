"""Optimisers on landscapes of two parameters: where each of them goes, point by point."""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from ggd_helpers.training.quasi_newton import Descent, InverseHessian

Loss = Callable[[Tensor], Tensor]
Method = Callable[[Loss, Tensor, int], Tensor]


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


def newton(loss: Loss, start: Tensor, steps: int) -> Tensor:
    """Newton's method, `p <- p - (grad^2 L)^-1 grad L`: to the nearest point without slope, whatever it is."""
    p, way = start, [start]
    for _ in range(steps):
        p = p - torch.linalg.solve(torch.func.hessian(loss)(p), torch.func.grad(loss)(p))
        way.append(p)
    return torch.stack(way)


def gradient_descent(rate: float, momentum: float = 0.0) -> Method:
    """Gradient descent, `p <- p - rate v` with `v <- momentum v + grad L`."""

    def descend(loss: Loss, start: Tensor, steps: int) -> Tensor:
        p, v, way = start, torch.zeros_like(start), [start]
        for _ in range(steps):
            v = momentum * v + torch.func.grad(loss)(p)
            p = p - rate * v
            way.append(p)
        return torch.stack(way)

    return descend


def with_torch(optimizer: Callable[..., torch.optim.Optimizer], **options: object) -> Method:
    """One of torch's optimisers: a step is one call of `step`."""

    def descend(loss: Loss, start: Tensor, steps: int) -> Tensor:
        p = start.clone().requires_grad_()
        method, way = optimizer([p], **options), [start]

        def closure() -> float:
            method.zero_grad()
            value = loss(p)
            value.backward()
            return value.item()

        for _ in range(steps):
            method.step(closure)
            way.append(p.detach().clone())
        return torch.stack(way)

    return descend


class PlainInverseHessian(InverseHessian):
    """The metric of BFGS without self-scaling: `tau = 1` always."""

    def update(self, step: np.ndarray, change: np.ndarray, step_b_step: float) -> None:
        """Take in one step; an infinite ratio of curvatures leaves `tau` at 1."""
        super().update(step, change, 0.0)


def bfgs(metric: type[InverseHessian]) -> Method:
    """BFGS with a weak Wolfe line search, as in `SelfScaledBFGS`; the metric says which kind."""

    def descend(loss: Loss, start: Tensor, steps: int) -> Tensor:
        value_and_gradient = torch.func.grad_and_value(loss)

        def function(theta: np.ndarray) -> tuple[float, np.ndarray]:
            gradient, value = value_and_gradient(torch.from_numpy(theta.copy()))
            return value.item(), gradient.numpy()

        descent = Descent.start(function, start.numpy())
        descent.metric = metric(2, descent.metric.scale)
        way = [descent.theta]
        for _ in range(steps):
            if descent.failures < 3 and np.linalg.norm(descent.gradient) > 1e-9:
                descent.step(function)
            way.append(descent.theta)
        return torch.from_numpy(np.stack(way))

    return descend


def methods(rate: float) -> dict[str, Method]:
    """Seven optimisers, with the step of gradient descent and momentum that suits the landscape."""
    return {
        "gradient descent": gradient_descent(rate),
        "momentum": gradient_descent(rate, momentum=0.85),
        "Adam": with_torch(torch.optim.Adam, lr=0.1),
        "Newton": newton,
        "L-BFGS": with_torch(torch.optim.LBFGS, max_iter=1, max_eval=25, line_search_fn="strong_wolfe"),
        "BFGS": bfgs(PlainInverseHessian),
        "self-scaled BFGS": bfgs(InverseHessian),
    }  # fmt: skip


def steps_to(landscape: Landscape, way: Tensor, gap: float = 1e-6) -> float:
    """How many steps until the loss is within `gap` of its lowest value; infinite when the way never gets there."""
    losses = torch.stack([landscape.loss(p) for p in way])
    there = (losses - landscape.lowest < gap).nonzero()
    return there[0].item() if len(there) else math.inf
