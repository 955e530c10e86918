"""Convex dissipation potentials for GENERIC: of one layer, smooth or sharply bent, and of some coordinates only."""

import math

import torch
from torch import Tensor, nn

from ggd_helpers.free_networks import Perceptron
from ggd_helpers.initialisation import draw_normal_
from ggd_helpers.networks import sigmoid, softplus
from ggd_helpers.potentials.general import DissipationPotential
from ggd_helpers.ranges import check, check_sizes, shown


class Seeing(DissipationPotential):
    """The dissipation potential `Xi(x, F) = Xi'(x_seen, F)` of an inner one that sees some coordinates only.

    A learned Xi is determined only if it sees no coordinate that decides `F`: else all that data tell is its slope on
    the curve of the forces that were met.

    Args:
        inner: any `Xi'` of `(..., k)` and `(..., forces)`, convex in the second.
        coordinates: which `k` coordinates of the state it sees; none is allowed.

    Raises:
        ValueError: a coordinate that is no whole number from 0, or that is there twice.
    """

    def __init__(self, inner: DissipationPotential, coordinates: tuple[int, ...]):
        super().__init__()
        for coordinate in coordinates:
            check("coordinates", coordinate, "a whole number, 0 or more", "they are what the potential sees of a state")
        if len(set(coordinates)) < len(coordinates):
            raise ValueError(f"coordinates must differ (got {shown(coordinates)}): name each that is seen once.")
        self.inner, self.coordinates = inner, list(coordinates)

    def forward(self, x: Tensor, x_star: Tensor) -> Tensor:
        """The dissipation potential, `(..., n)` and `(..., forces)` to `(...)`."""
        return self.inner(x[..., self.coordinates], x_star)

    def flux(self, x: Tensor, x_star: Tensor) -> Tensor:
        """The flux `dXi'/dF`, `(..., n)` and `(..., forces)` to `(..., forces)`."""
        return self.inner.flux(x[..., self.coordinates], x_star)


class ChannelDissipation(DissipationPotential):
    """A convex dissipation potential of one layer, `Xi = sum_k a_k [f(w_k . F + b_k) - f(b_k) - w_k . F f'(b_k)]`.

    `f` is softplus; `a_k > 0`, `w_k` and `b_k` are functions of `x`, from one free network. `Xi(x, 0) = 0`,
    `dXi/dF(x, 0) = 0`, and convexity gives `F . dXi/dF >= Xi >= 0`: what `ConvexDissipation` promises. With one layer
    it learns smooth laws more exactly in the same time, and sharp bends less so.

    Args:
        dim: of `x`; 0 where nothing but the force is seen.
        forces: the length of `F`.
        channels: how many terms the sum has.
        width: units in each of the network's two hidden layers.
        seed: of its first weights.
    """

    def __init__(self, dim: int, forces: int, channels: int = 4, width: int = 8, seed: int = 0):
        super().__init__()
        check_sizes("the potential", forces=forces, channels=channels)
        self.forces, self.channels = forces, channels
        self.network = Perceptron([dim, width, width, channels * (forces + 2)], seed)

    def _channels(self, x: Tensor, force: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """`w` `(..., channels, forces)`; `a`, `b` and `w . F`, `(..., channels)` each."""
        w, log_a, b = self.network(x).unflatten(-1, (self.channels, -1)).split([self.forces, 1, 1], dim=-1)
        return w, log_a.squeeze(-1).exp(), b.squeeze(-1), (w @ force.unsqueeze(-1)).squeeze(-1)

    def forward(self, x: Tensor, x_star: Tensor) -> Tensor:
        """The dissipation potential, `(..., dim)` and `(..., forces)` to `(...)`."""
        _, a, b, u = self._channels(x, x_star)
        return (a * (softplus(u + b) - softplus(b) - u * sigmoid(b))).sum(-1)

    def flux(self, x: Tensor, x_star: Tensor) -> Tensor:
        """The flux `dXi/dF`, `(..., dim)` and `(..., forces)` to `(..., forces)`."""
        w, a, b, u = self._channels(x, x_star)
        return ((a * (sigmoid(u + b) - sigmoid(b))).unsqueeze(-2) @ w).squeeze(-2)


class RampDissipation(DissipationPotential):
    """A friction law that may bend sharply, times a factor of the state, for laws with a threshold.

    `Xi = m(x) sum_k [f_k(w_k . F + b_k) - f_k(b_k) - w_k . F f_k'(b_k)]` with ramps for slopes,
    `f_k'(v) = (v + sqrt(v^2 + c_k^2)) / 2`: 0 far below the bend, `v` far above it, `c_k > 0` wide in between. Their
    integrals are convex, so that Xi is admissible; `m = exp(N(x))` with a free network `N`.

    Args:
        dim: of `x`; 0 where nothing but the force is seen.
        forces: the length of `F`.
        ramps: how many terms the sum has.
        width: units in the hidden layer of `N`.
        seed: of the first weights.
    """

    def __init__(self, dim: int, forces: int, ramps: int = 8, width: int = 4, seed: int = 0):
        super().__init__()
        check_sizes("the potential", forces=forces, ramps=ramps)
        self.log_factor = Perceptron([dim, width, 1])
        self.slopes = nn.Parameter(torch.empty(ramps, forces, dtype=torch.float64))
        self.offsets = nn.Parameter(torch.empty(ramps, dtype=torch.float64))
        self.log_widths = nn.Parameter(torch.empty(ramps, dtype=torch.float64))
        self.reset_parameters(torch.Generator().manual_seed(seed))

    @torch.no_grad()
    def reset_parameters(self, generator: torch.Generator) -> None:
        """Draw everything afresh; the bends are gentle to begin with."""
        self.log_factor.reset_parameters(generator)
        draw_normal_(self.slopes, 1 / math.sqrt(self.slopes.numel()), generator)
        draw_normal_(self.offsets, 1 / math.sqrt(len(self.slopes)), generator)
        self.log_widths.fill_(math.log(0.3))

    def forward(self, x: Tensor, x_star: Tensor) -> Tensor:
        """The dissipation potential, `(..., dim)` and `(..., forces)` to `(...)`."""
        width, u = self.log_widths.exp(), x_star @ self.slopes.T
        at_zero = _integral(self.offsets, width) + u * _ramp(self.offsets, width)
        return self.log_factor(x).squeeze(-1).exp() * (_integral(u + self.offsets, width) - at_zero).sum(-1)

    def flux(self, x: Tensor, x_star: Tensor) -> Tensor:
        """The flux `dXi/dF`, `(..., dim)` and `(..., forces)` to `(..., forces)`."""
        width, v = self.log_widths.exp(), x_star @ self.slopes.T + self.offsets
        return self.log_factor(x).exp() * ((_ramp(v, width) - _ramp(self.offsets, width)) @ self.slopes)


def _ramp(v: Tensor, width: Tensor) -> Tensor:
    return (v + (v**2 + width**2).sqrt()) / 2


def _integral(v: Tensor, width: Tensor) -> Tensor:
    return (v * (v + (v**2 + width**2).sqrt()) + width**2 * torch.asinh(v / width)) / 4
