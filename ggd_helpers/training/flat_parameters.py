"""A model's parameters as one NumPy vector, for a descent that knows nothing of torch."""

import math
from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils import parameters_to_vector, vector_to_parameters


class FlatParameters:
    """The given parameters, one behind the other: `theta` `(total,)`, in float64 whatever their device and dtype."""

    def __init__(self, parameters: Sequence[nn.Parameter]):
        self.parameters = list(parameters)

    def read(self) -> np.ndarray:
        """The parameters as they are."""
        return parameters_to_vector(self.parameters).detach().cpu().double().numpy()

    def write(self, theta: np.ndarray) -> None:
        """Set the parameters."""
        vector_to_parameters(torch.from_numpy(theta.copy()).to(self.parameters[0]), self.parameters)

    def loss_and_gradient(self, loss: Callable[[], Tensor], theta: np.ndarray) -> tuple[float, np.ndarray]:
        """A loss at `theta` and its slope; where it is not finite, infinite with slope 0: a wall for a line search."""
        self.write(theta)
        graph = loss()
        value = graph.item()
        if not math.isfinite(value):
            return math.inf, np.zeros_like(theta)
        gradient = torch.autograd.grad(graph, self.parameters, materialize_grads=True)
        return value, parameters_to_vector(gradient).cpu().double().numpy()
