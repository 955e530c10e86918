"""Generalized gradient dynamics: a pair of potentials, and the motion that follows from it."""

from torch import Tensor, nn

from ggd_helpers.initialisation import redraw_from_
from ggd_helpers.potentials.general import DissipationPotential, Entropy


class GradientDynamics(nn.Module):
    """The pair (entropy, dissipation potential), and the evolution it generates.

    `x* = dS/dx`, `dx/dt = dXi/dx*(x, x*)`. The second law follows: `dS/dt = x* . dXi/dx* >= Xi >= 0`.
    A physical system and a learned model are both of this kind.

    Shapes: states are `(..., n)`; every method works on any batch shape, on the state's device, and under
    `torch.func.vmap`.

    Args:
        entropy: a concave `S(x)`.
        dissipation: an admissible `Xi(x, x*)`.
        seed: when given, every network of the pair is drawn afresh from this seed.

    Source: thesis (1.1).
    """

    def __init__(self, entropy: Entropy, dissipation: DissipationPotential, seed: int | None = None):
        super().__init__()
        self.entropy = entropy
        self.dissipation = dissipation
        redraw_from_(self, seed)

    def conjugate(self, x: Tensor) -> Tensor:
        """The entropic conjugate `x* = dS/dx`, `(..., n)` to `(..., n)`."""
        return self.entropy.conjugate(x)

    def velocity(self, x: Tensor) -> Tensor:
        """The velocity `dx/dt = dXi/dx*(x, x*)` at `x* = dS/dx`, `(..., n)` to `(..., n)`."""
        return self.dissipation.flux(x, self.conjugate(x))

    def forward(self, x: Tensor) -> Tensor:
        """The velocity: a model is a map from states to velocities."""
        return self.velocity(x)

    def entropy_production(self, x: Tensor) -> Tensor:
        """The rate `dS/dt = x* . dXi/dx*`, `(..., n)` to `(...)`; never negative for an admissible pair."""
        x_star = self.conjugate(x)
        return (x_star * self.dissipation.flux(x, x_star)).sum(-1)
