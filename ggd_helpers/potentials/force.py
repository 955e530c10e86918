"""A learned dissipation potential of the force alone: with a known entropy it is all that velocities determine."""

import torch
from torch import Tensor

from ggd_helpers.networks import FICNN
from ggd_helpers.potentials.general import DissipationPotential


class ForceDissipation(DissipationPotential):
    """Admissible by construction, `Xi(x*) = Psi(x*) - Psi(0) - x* . Psi'(0)` with a convex network `Psi`.

    What `ConvexDissipation` is, for a friction law that does not change with the state.

    Args:
        forces: the length of `x*`.
        width, depth: of the hidden layers of the network.
        seed: of its first weights.
        centre: about which the network sees forces, `Psi = FICNN(x* - centre)`: for data whose forces are all far from
            0, compared with how far they spread.
    """

    def __init__(
        self,
        forces: int,
        width: int = 6,
        depth: int = 1,
        seed: int = 0,
        centre: float = 0.0,
        dtype: torch.dtype = torch.float64,
    ):
        super().__init__()
        self.network, self.centre = FICNN(forces, width=width, depth=depth, seed=seed, dtype=dtype), centre

    def forward(self, x: Tensor, x_star: Tensor) -> Tensor:
        """The dissipation potential, `(..., n)` and `(..., forces)` to `(...)`."""
        psi, zero = self.network, torch.full_like(x_star, -self.centre)
        return psi(x_star - self.centre) - psi(zero) - (x_star * psi.gradient(zero)).sum(-1)

    def flux(self, x: Tensor, x_star: Tensor) -> Tensor:
        """The flux `Psi'(x*) - Psi'(0)`, `(..., n)` and `(..., forces)` to `(..., forces)`."""
        slope, zero = self.network.gradient, torch.full_like(x_star, -self.centre)
        return slope(x_star - self.centre) - slope(zero)
