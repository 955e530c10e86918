"""Input-convex networks: FICNN, convex in all of its input, and PICNN, convex in a part of it."""

import math
from collections.abc import Sequence
from functools import partial
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from ggd_helpers.derived import Derived
from ggd_helpers.initialisation import draw_layers_
from ggd_helpers.ranges import check, check_sizes

# Torch's softplus turns linear above a threshold; at its default of 20 that is a kink of 2e-9, visible in float64.
softplus = partial(functional.softplus, threshold=50.0)
sigmoid = torch.sigmoid  # the slope of softplus


def columns(x: Tensor) -> Tensor:
    """Points as columns, `(..., n)` to `(n, points)`: small matrices times many columns are fast, many rows are not."""
    return x.reshape(x.shape[:-1].numel(), x.shape[-1]).T


def affine(weight: Tensor, bias: Tensor, x: Tensor) -> Tensor:
    """One layer, `W x + b`, of points as columns: `(in, points)` to `(out, points)`."""
    return torch.addmm(bias[:, None], weight, x)


def together(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """Two arguments with the batch that they have together."""
    if x.shape[:-1] == y.shape[:-1]:
        return x, y
    batch = torch.broadcast_shapes(x.shape[:-1], y.shape[:-1])
    return x.expand(*batch, -1), y.expand(*batch, -1)


def positive(raw: Tensor, epsilon: float = 5.0) -> Tensor:
    """Turn free weights into positive ones: continuous, increasing, with slopes 1 and exp(-epsilon) at 0.

    `W = raw + exp(-epsilon)` where `raw >= 0`, and `W = exp(raw - epsilon)` where `raw < 0`.

    Source: thesis (3.6).
    """
    return raw.clamp(min=0) + torch.exp(raw.clamp(max=0) - epsilon)


def kaiming_normal_(model: nn.Module, seed: int) -> None:
    """Draw every network of a model exactly as the thesis does: Kaiming-normal weights, zero biases (chapter 4)."""
    generator = torch.Generator().manual_seed(seed)
    for module in model.modules():
        if isinstance(module, _ConvexNetwork):
            module.reset_parameters(generator)


def averaging_(network: "FICNN", seed: int) -> None:
    """Draw a network whose size does not grow with its depth: every row of a positive weight averages its inputs.

    Weights `W` are uniform in `(0, 2/width)`, so that rows sum to 1 on average; the biases of all layers but the first
    are `-ln 2`, so that softplus maps the mean `ln 2` to itself. Kaiming-normal free weights grow by about
    `0.56 sqrt(width)` a layer instead. The skip connections keep their draw.
    """
    generator, floor = torch.Generator().manual_seed(seed), math.exp(-network.epsilon)
    network.reset_parameters(generator)
    with torch.no_grad():
        for raw in network.raw_weights:
            weight = 2 / raw.shape[1] * torch.rand(raw.shape, generator=generator, dtype=torch.float64).clamp_min(1e-9)
            raw.copy_(torch.where(weight >= floor, weight - floor, weight.log() + network.epsilon))
        network.skip.bias[network.sizes[0] :] = -math.log(2)


class _ConvexNetwork(Derived[list[Tensor]]):
    """What FICNN and PICNN share: free weights behind the positive ones, and their seeded initialisation."""

    raw_weights: nn.ParameterList

    def __init__(self, epsilon: float):
        super().__init__()
        check("epsilon", epsilon, "positive", "see equation (3.6) of the thesis")
        self.epsilon = epsilon

    def derive(self) -> list[Tensor]:
        """The weights between the convex layers, all positive."""
        raws = list(self.raw_weights.parameters())  # one by one they take three times as long
        flat = positive(torch.cat([raw.flatten() for raw in raws]), self.epsilon)
        parts = flat.split([raw.numel() for raw in raws])
        return [part.view(raw.shape) for part, raw in zip(parts, raws, strict=True)]

    positive_weights = Derived.derived

    def reset_parameters(self, generator: torch.Generator) -> None:
        """Draw all weights afresh (Kaiming normal) and set all biases to zero."""
        draw_layers_(self, generator)


def _raw_weights(shapes: Sequence[tuple[int, int]], dtype: torch.dtype) -> nn.ParameterList:
    return nn.ParameterList([torch.empty(shape, dtype=dtype) for shape in shapes])


class FICNN(_ConvexNetwork):
    """A fully input convex neural network: a scalar, convex in all of its input.

    `x_1 = softplus(V_0 x_0 + b_0)`, then `x_{i+1} = softplus(W_i x_i + V_i x_0 + b_i)` with every `W_i` positive.
    Layers `1 ... depth` are hidden (the first of them fed by the input alone), the last one is the output.

    Shapes: `(..., dim)` to `(...)`.

    Source: thesis (3.5), after Amos, Xu and Kolter (2017).

    Example:
        >>> import torch
        >>> import ggd_helpers as ggd
        >>> network = ggd.FICNN(dim=2, width=8, depth=5, seed=0)
        >>> network(torch.zeros(7, 2, dtype=torch.float64)).shape
        torch.Size([7])
    """

    def __init__(
        self,
        dim: int,
        width: int = 8,
        depth: int = 5,
        epsilon: float = 5.0,
        seed: int = 0,
        dtype: torch.dtype = torch.float64,
    ):
        super().__init__(epsilon)
        check_sizes("the network", dim=dim, width=width, depth=depth)
        self.sizes = [width] * depth + [1]
        self.skip = nn.Linear(dim, sum(self.sizes), dtype=dtype)  # every V_i and b_i, one above the other
        self.raw_weights = _raw_weights(list(zip(self.sizes[1:], self.sizes[:-1], strict=True)), dtype)
        self.reset_parameters(torch.Generator().manual_seed(seed))

    def _preactivations(self, x: Tensor, weights: list[Tensor]) -> list[Tensor]:
        first, *skips = affine(self.skip.weight, self.skip.bias, columns(x)).split(self.sizes)
        a = [first]
        for weight, skip in zip(weights, skips, strict=True):
            a.append(torch.addmm(skip, weight, softplus(a[-1])))
        return a

    def forward(self, x: Tensor) -> Tensor:
        """The network's value, `(..., dim)` to `(...)`."""
        return softplus(self._preactivations(x, self.positive_weights())[-1]).reshape(x.shape[:-1])

    def gradient(self, x: Tensor) -> Tensor:
        """The network's slope, `(..., dim)` to `(..., dim)`, by the chain rule from the output back to the input.

        Written out because a rollout calls it thousands of times: ten times faster there than nested autograd.
        """
        weights = self.positive_weights()
        a = self._preactivations(x, weights)
        deltas = [sigmoid(a[-1])]
        for weight, a_i in zip(reversed(weights), reversed(a[:-1]), strict=True):
            deltas.append((weight.T @ deltas[-1]) * sigmoid(a_i))
        return (self.skip.weight.T @ torch.cat(deltas[::-1])).T.reshape(x.shape)

    def level_origin(self) -> None:
        """Tilt the output layer's `V` so that the slope at the origin vanishes: the minimum lies there to begin with.

        Without it some draws are monotone wherever the data lie, and training never finds an equilibrium (measured:
        one start in six on the particle).
        """
        with torch.no_grad():
            origin = self.skip.weight.new_zeros(self.skip.in_features)
            output = self._preactivations(origin, self.positive_weights())[-1]
            self.skip.weight[-1] -= self.gradient(origin) / sigmoid(output.squeeze())


class PICNN(_ConvexNetwork):
    """A partially input convex neural network: a scalar, convex in `y`, free in `x`.

    The branch of `x` is an ordinary network, `u_{i+1} = softplus(A_i u_i + a_i)` with `u_0 = x`. The convex branch is

    `z_{i+1} = softplus( W_i (z_i * [B_i u_i + b_i]_+) + V_i (y * (C_i u_i + c_i)) + D_i u_i + d_i )`

    with positive `W_i`, no `z_0`, and softplus for `[.]_+`. `depth` counts the hidden layers of either branch.

    Shapes: `x` `(..., dim_x)` and `y` `(..., dim_y)` to `(...)`; leading shapes broadcast.

    Source: thesis 3.2.2, after Amos, Xu and Kolter (2017).
    """

    def __init__(
        self,
        dim_x: int,
        dim_y: int,
        width: int = 8,
        depth: int = 2,
        epsilon: float = 5.0,
        seed: int = 0,
        dtype: torch.dtype = torch.float64,
    ):
        super().__init__(epsilon)
        check_sizes("the network", dim_x=dim_x, dim_y=dim_y, width=width, depth=depth)
        inputs, outputs = [dim_x] + [width] * depth, [width] * depth + [1]
        # What each layer draws from u_i: offset (D, d), gate of y (C, c), next u (A, a), gate of z (B, b).
        self.sizes = [[size, dim_y, width, width] for size in outputs]
        self.sizes[0][3] = 0  # there is no z_0
        self.sizes[-1][2] = 0  # there is no u after the last layer
        self.from_x = nn.ModuleList(
            [nn.Linear(size, sum(parts), dtype=dtype) for size, parts in zip(inputs, self.sizes, strict=True)]
        )
        self.from_y = nn.ParameterList([torch.empty(size, dim_y, dtype=dtype) for size in outputs])
        self.raw_weights = _raw_weights([(size, width) for size in outputs[1:]], dtype)
        self.reset_parameters(torch.Generator().manual_seed(seed))

    def _branch_of_x(self, x: Tensor) -> tuple[list[Tensor], list[Tensor], list[Tensor]]:
        """Offsets, gates of y and gates of z of every layer: all that `x` decides."""
        offsets, y_gates, z_gates = [], [], []
        u = columns(x)
        for layer, parts in zip(cast("list[nn.Linear]", self.from_x), self.sizes, strict=True):
            offset, y_gate, u_next, z_gate = affine(layer.weight, layer.bias, u).split(parts)
            offsets.append(offset)
            y_gates.append(y_gate)
            z_gates.append(softplus(z_gate))
            u = softplus(u_next)
        return offsets, y_gates, z_gates[1:]

    def _direct(self, y: Tensor, offsets: list[Tensor], y_gates: list[Tensor]) -> list[Tensor]:
        """What `y` and the offsets bring to every layer, past the layers before."""
        return [
            torch.addmm(offset, v, columns(y) * gate)
            for offset, v, gate in zip(offsets, self.from_y.parameters(), y_gates, strict=True)
        ]

    @staticmethod
    def _preactivations(direct: list[Tensor], weights: list[Tensor], z_gates: list[Tensor]) -> list[Tensor]:
        a = [direct[0]]
        for term, weight, gate in zip(direct[1:], weights, z_gates, strict=True):
            a.append(torch.addmm(term, weight, softplus(a[-1]) * gate))
        return a

    @staticmethod
    def _deltas(a: list[Tensor], weights: list[Tensor], z_gates: list[Tensor]) -> list[Tensor]:
        """The slope of the output in every preactivation, by the chain rule from the output back."""
        deltas = [sigmoid(a[-1])]
        for a_i, weight, gate in reversed(list(zip(a[:-1], weights, z_gates, strict=True))):
            deltas.append((weight.T @ deltas[-1]) * gate * sigmoid(a_i))
        return deltas[::-1]

    def _slope(self, deltas: list[Tensor], y_gates: list[Tensor]) -> Tensor:
        first, *rest = [
            (v.T @ delta) * gate for v, delta, gate in zip(self.from_y.parameters(), deltas, y_gates, strict=True)
        ]
        return sum(rest, start=first)

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        """The network's value, `(..., dim_x)` and `(..., dim_y)` to `(...)`."""
        x, y = together(x, y)
        offsets, y_gates, z_gates = self._branch_of_x(x)
        a = self._preactivations(self._direct(y, offsets, y_gates), self.positive_weights(), z_gates)
        return softplus(a[-1]).reshape(y.shape[:-1])

    def gradient(self, x: Tensor, y: Tensor) -> Tensor:
        """The network's slope in `y`, `(..., dim_y)`."""
        x, y = together(x, y)
        weights, (offsets, y_gates, z_gates) = self.positive_weights(), self._branch_of_x(x)
        a = self._preactivations(self._direct(y, offsets, y_gates), weights, z_gates)
        return self._slope(self._deltas(a, weights, z_gates), y_gates).T.reshape(y.shape)

    def gradient_beyond_zero(self, x: Tensor, y: Tensor) -> Tensor:
        """The slope in `y` less that at `y = 0`, `(..., dim_y)`: both at once, for `x` decides the same for both."""
        x, y = together(x, y)
        weights, (offsets, y_gates, z_gates) = self.positive_weights(), self._branch_of_x(x)
        direct = [torch.cat(pair, dim=1) for pair in zip(self._direct(y, offsets, y_gates), offsets, strict=True)]
        z_gates = [torch.cat([gate, gate], dim=1) for gate in z_gates]
        deltas = self._deltas(self._preactivations(direct, weights, z_gates), weights, z_gates)
        rises = [at_y - at_zero for at_y, at_zero in (delta.chunk(2, dim=1) for delta in deltas)]
        return self._slope(rises, y_gates).T.reshape(y.shape)
