"""Convex dissipation potentials that choose what they see: some coordinates only, few channels, a factor of the state."""

import torch
from torch import Tensor

from ggd_helpers.free_networks import Perceptron
from ggd_helpers.networks import FICNN, sigmoid, softplus
from ggd_helpers.potentials.general import DissipationPotential
from ggd_helpers.ranges import check, shown


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
        for name, size in {"forces": forces, "channels": channels}.items():
            check(name, size, "a whole number, 1 or more", "it is a size of the potential")
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


class SeparableDissipation(DissipationPotential):
    """A friction law of any shape times a factor of the state, `Xi = m(x) (psi(F) - psi(0) - F . dpsi/dF(0))`.

    `psi` is a deep convex network (`FICNN`), which can bend sharply: for laws with a threshold. `m = exp(N(x)) > 0`
    with a free network `N`. Only the product is determined.

    Args:
        dim: of `x`; 0 where nothing but the force is seen.
        forces: the length of `F`.
        width, depth: of `psi`.
        seed: of the first weights.
    """

    def __init__(self, dim: int, forces: int, width: int = 8, depth: int = 3, seed: int = 0):
        super().__init__()
        self.log_factor = Perceptron([dim, 4, 1], seed)
        self.psi = FICNN(forces, width=width, depth=depth, seed=seed)

    def forward(self, x: Tensor, x_star: Tensor) -> Tensor:
        """The dissipation potential, `(..., dim)` and `(..., forces)` to `(...)`."""
        zero = torch.zeros_like(x_star)
        excess = self.psi(x_star) - self.psi(zero) - (x_star * self.psi.gradient(zero)).sum(-1)
        return self.log_factor(x).squeeze(-1).exp() * excess

    def flux(self, x: Tensor, x_star: Tensor) -> Tensor:
        """The flux `dXi/dF`, `(..., dim)` and `(..., forces)` to `(..., forces)`."""
        slope, slope_at_zero = self.psi.gradient(torch.stack([x_star, torch.zeros_like(x_star)]))
        return self.log_factor(x).exp() * (slope - slope_at_zero)
