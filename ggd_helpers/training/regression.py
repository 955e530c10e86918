"""Fit a function to values: the same self-scaled BFGS as `fit`, without trajectories."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils import parameters_to_vector, vector_to_parameters

from ggd_helpers.training.self_scaled_bfgs import Descent


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
    parameters = list(network.parameters())

    def put(theta: np.ndarray) -> None:
        vector_to_parameters(torch.from_numpy(theta.copy()).to(parameters[0]), parameters)

    def value_and_gradient(theta: np.ndarray) -> tuple[float, np.ndarray]:
        put(theta)
        value = loss(network(x) - y)
        if not torch.isfinite(value):  # a wall for the line search
            return float("inf"), np.zeros_like(theta)
        gradient = torch.autograd.grad(value, parameters, materialize_grads=True)
        return value.item(), parameters_to_vector(gradient).double().numpy()

    descent = Descent.start(value_and_gradient, parameters_to_vector(parameters).detach().double().numpy())
    if not np.isfinite(descent.loss):
        raise ValueError("The loss is not finite at the start: rescale x and y, or start from smaller weights.")
    losses = []
    while len(losses) < iterations and descent.failures < 3:
        descent.step(value_and_gradient)
        losses.append(descent.loss)
        if watch:
            put(descent.theta)
            watch(len(losses), descent.loss)
    put(descent.theta)
    return losses
