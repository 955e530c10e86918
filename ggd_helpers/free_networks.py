"""Networks without a constraint: a map of vectors (`Perceptron`), and a scalar with its slope (`Dense`)."""

import math
from collections.abc import Iterator
from itertools import pairwise

import torch
from torch import Tensor, nn

from ggd_helpers.initialisation import draw_normal_
from ggd_helpers.networks import affine, columns, sigmoid, softplus
from ggd_helpers.ranges import check


def draw_evenly_(weights: nn.ParameterList, biases: nn.ParameterList, generator: torch.Generator) -> None:
    """Draw weights `(out, in)` and biases `(out,)` normal with deviation `1/sqrt(in)`: outputs are about 1 in size."""
    for weight, bias in zip(weights, biases, strict=True):
        deviation = 1 / math.sqrt(max(weight.shape[1], 1))
        draw_normal_(weight, deviation, generator)
        draw_normal_(bias, deviation, generator)


class _Layers(nn.Module):
    """Weights and biases between layers of the given sizes; a size of 0 is allowed (no internal variable at all)."""

    def __init__(self, sizes: list[int], seed: int, dtype: torch.dtype):
        super().__init__()
        for size in sizes:
            check("sizes", size, "a whole number, 0 or more", "they are the sizes of a network's layers")
        self.weights = nn.ParameterList([torch.empty(b, a, dtype=dtype) for a, b in pairwise(sizes)])
        self.biases = nn.ParameterList([torch.empty(b, dtype=dtype) for b in sizes[1:]])
        self.reset_parameters(torch.Generator().manual_seed(seed))

    def _pairs(self) -> Iterator[tuple[Tensor, Tensor]]:
        """Weight and bias of each layer."""
        return zip(self.weights.parameters(), self.biases.parameters(), strict=True)

    def reset_parameters(self, generator: torch.Generator) -> None:
        """Draw all weights and biases afresh."""
        draw_evenly_(self.weights, self.biases, generator)


class Perceptron(_Layers):
    """An ordinary network, tanh in the hidden layers, linear at the end.

    Shapes: `(..., sizes[0])` to `(..., sizes[-1])`.

    Args:
        sizes: of input, hidden layers and output; 0 is allowed, for no internal variable.
    """

    def __init__(self, sizes: list[int], seed: int = 0, dtype: torch.dtype = torch.float64):
        super().__init__(sizes, seed, dtype)

    def forward(self, x: Tensor) -> Tensor:
        """The network's value, `(..., sizes[0])` to `(..., sizes[-1])`."""
        *hidden, last = self._pairs()
        y = columns(x)
        for weight, bias in hidden:
            y = torch.tanh(affine(weight, bias, y))
        return affine(*last, y).T.reshape(*x.shape[:-1], -1)


class Dense(_Layers):
    """A free scalar network: softplus in `depth` hidden layers, linear at the end.

    Shapes: `(..., dim)` to `(...)`.

    Source: IB-VONN, section 3.3 (the network of the free energy).
    """

    def __init__(self, dim: int, width: int = 20, depth: int = 2, seed: int = 0, dtype: torch.dtype = torch.float64):
        super().__init__([dim, *[width] * depth, 1], seed, dtype)

    def _preactivations(self, x: Tensor) -> list[Tensor]:
        (weight, bias), *layers = self._pairs()
        a = [affine(weight, bias, columns(x))]
        for weight, bias in layers:
            a.append(affine(weight, bias, softplus(a[-1])))
        return a

    def forward(self, x: Tensor) -> Tensor:
        """The network's value, `(..., dim)` to `(...)`."""
        return self._preactivations(x)[-1].reshape(x.shape[:-1])

    def gradient(self, x: Tensor) -> Tensor:
        """The network's slope, `(..., dim)` to `(..., dim)`, by the chain rule from the output back to the input."""
        *hidden, _ = self._preactivations(x)
        *weights, last = self.weights.parameters()
        slope = last.T
        for weight, a in zip(reversed(weights), reversed(hidden), strict=True):
            slope = weight.T @ (slope * sigmoid(a))
        return slope.T.reshape(x.shape)


class ConvexInPart(nn.Module):
    """A scalar network of `z = (x, u)`, convex in `x`, free in `u`.

    `h = tanh(A u)`, `y = softplus(B x + C u)`, `N = w . softplus(W y + D x + E h) + v . h`, with positive `W` and `w`;
    every map of `u` and `h` but `v` has a bias. A small PICNN that ends without a softplus, and whose draws are about 1
    in size.

    Shapes: `(..., dim + inputs)` to `(...)`.

    Args:
        dim: of `x`.
        inputs: of `u`.
    """

    def __init__(self, dim: int, inputs: int, width: int = 12, seed: int = 0, dtype: torch.dtype = torch.float64):
        super().__init__()
        self.dim = dim
        sizes = {"hide": (inputs, width), "from_input": (inputs, width), "from_hidden": (width, width)}
        self.weights = nn.ParameterList([torch.empty(b, a, dtype=dtype) for a, b in sizes.values()])
        self.biases = nn.ParameterList([torch.empty(b, dtype=dtype) for _, b in sizes.values()])
        self.straight = nn.ParameterList([torch.empty(width, dim, dtype=dtype) for _ in range(2)])
        self.raw = nn.Parameter(torch.empty(width, width, dtype=dtype))
        self.raw_last = nn.Parameter(torch.empty(width, dtype=dtype))
        self.last = nn.Parameter(torch.empty(width, dtype=dtype))
        self.reset_parameters(torch.Generator().manual_seed(seed))

    @torch.no_grad()
    def reset_parameters(self, generator: torch.Generator) -> None:
        """Draw all weights and biases afresh."""
        draw_evenly_(self.weights, self.biases, generator)
        size = 1 / math.sqrt(len(self.last))
        for weight in self.straight:
            draw_normal_(weight, 1 / math.sqrt(max(self.dim, 1)), generator)
        for parameter in (self.raw, self.raw_last, self.last):
            draw_normal_(parameter, size, generator)
        self.raw.sub_(2)  # softplus of it is about 1 / width
        self.raw_last.sub_(1)

    def _layers(self, z: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Hidden numbers of `u`, both preactivations, and the positive weights between."""
        x, u = columns(z).split([self.dim, z.shape[-1] - self.dim])
        hidden = torch.tanh(affine(self.weights[0], self.biases[0], u))
        first = torch.addmm(affine(self.weights[1], self.biases[1], u), self.straight[0], x)
        between = softplus(self.raw)
        second = torch.addmm(affine(self.weights[2], self.biases[2], hidden), self.straight[1], x)
        return hidden, first, torch.addmm(second, between, softplus(first)), between

    def forward(self, z: Tensor) -> Tensor:
        """The network's value, `(..., dim + inputs)` to `(...)`."""
        hidden, _, second, _ = self._layers(z)
        return (softplus(self.raw_last) @ softplus(second) + self.last @ hidden).reshape(z.shape[:-1])

    def gradient(self, z: Tensor) -> Tensor:
        """The network's slope, `(..., dim + inputs)` to the same, by the chain rule from the output back."""
        hidden, first, second, between = self._layers(z)
        by_second = softplus(self.raw_last)[:, None] * sigmoid(second)
        by_first = (between.T @ by_second) * sigmoid(first)
        by_hidden = (self.weights[2].T @ by_second + self.last[:, None]) * (1 - hidden**2)
        by_x = self.straight[0].T @ by_first + self.straight[1].T @ by_second
        by_u = self.weights[1].T @ by_first + self.weights[0].T @ by_hidden
        return torch.cat([by_x, by_u]).T.reshape(z.shape)
