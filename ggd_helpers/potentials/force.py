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
    """

    def __init__(self, forces: int, width: int = 6, depth: int = 1, seed: int = 0, dtype: torch.dtype = torch.float64):
        super().__init__()
        self.network = FICNN(forces, width=width, depth=depth, seed=seed, dtype=dtype)

    def forward(self, x: Tensor, x_star: Tensor) -> Tensor:
        """The dissipation potential, `(..., n)` and `(..., forces)` to `(...)`."""
        psi, zero = self.network, torch.zeros_like(x_star)
        return psi(x_star) - psi(zero) - (x_star * psi.gradient(zero)).sum(-1)

    def flux(self, x: Tensor, x_star: Tensor) -> Tensor:
        """The flux `Psi'(x*) - Psi'(0)`, `(..., n)` and `(..., forces)` to `(..., forces)`."""
        return self.network.gradient(x_star) - self.network.gradient(x_star.new_zeros(x_star.shape[-1]))
