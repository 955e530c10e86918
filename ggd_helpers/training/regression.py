"""Fit a function to values: the same self-scaled BFGS as `fit`, without trajectories."""

import math
from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn

from ggd_helpers.training.flat_parameters import FlatParameters
from ggd_helpers.training.quasi_newton import Descent


def mean_square(miss: Tensor) -> Tensor:
    """The mean squared error of `miss = network(x) - y`."""
    return miss.square().mean()


Loss = Callable[[Tensor], Tensor]


def from_below(weight: float) -> Loss:
    """Like `mean_square`, but with so many times the weight where the network lies above the values."""
    return lambda miss: (miss.square() * torch.where(miss > 0, weight, 1.0)).mean()


# The question "from below" is asked ever more strictly: at once, half of the networks die while they shrink back.
STRICTER = tuple(from_below(weight) for weight in (4.0, 16.0, 64.0, 256.0, 1024.0))


def regress(
    network: nn.Module,
    x: Tensor,
    y: Tensor,
    iterations: int = 200,
    loss: Loss = mean_square,
    watch: Callable[[int, float], None] | None = None,
) -> list[float]:
    """Train a network on values `y` at `x` with all points at once; returns the loss after each iteration.

    Args:
        network: maps `x` to the shape of `y`.
        iterations: at most so many; fewer when no step lowers the loss any more.
        loss: of the misses `network(x) - y`.
        watch: called with (iteration, loss) after each iteration; the weights of that moment are in the network.

    Raises:
        ValueError: the loss is not finite at the start.
    """
    flat = FlatParameters(list(network.parameters()))
    loss_and_gradient = partial(flat.loss_and_gradient, lambda: loss(network(x) - y))
    descent = Descent.start(loss_and_gradient, flat.read())
    if not math.isfinite(descent.loss):
        raise ValueError("The loss is not finite at the start: rescale x and y, or start from smaller weights.")
    losses: list[float] = []
    while len(losses) < iterations and descent.failures < 3:
        descent.step(loss_and_gradient)
        losses.append(descent.loss)
        if watch:
            flat.write(descent.theta)
            watch(len(losses), descent.loss)
    flat.write(descent.theta)
    return losses
