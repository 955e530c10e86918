"""A learned dissipation potential of the force alone: with a known entropy it is all that velocities determine."""

import torch
from torch import Tensor
from torch.nn import functional

from ggd_helpers.networks import FICNN
from ggd_helpers.potentials.general import DissipationPotential


class ForceDissipation(DissipationPotential):
    """Admissible by construction, `Xi(x*) = Psi(x*) - Psi(0) - x* . Psi'(0)` with a convex network `Psi`.

    What `ConvexDissipation` is, for a friction law that does not change with the state.

    Args:
        forces: the length of `x*`.
        width, depth: of the hidden layers of the network.
        seed: of its first weights.
        center: about which the network sees forces, `Psi = FICNN(x* - center)`: for data whose forces are all far from
            0, compared with how far they spread.
    """

    def __init__(
        self,
        forces: int,
        width: int = 6,
        depth: int = 1,
        seed: int = 0,
        center: float = 0.0,
        dtype: torch.dtype = torch.float64,
    ):
        super().__init__()
        self.network, self.center = FICNN(forces, width=width, depth=depth, seed=seed, dtype=dtype), center

    def _with_zero(self, x_star: Tensor) -> Tensor:
        """The forces one below the other, the force 0 at the end, as the network sees them, `(points + 1, forces)`."""
        return functional.pad(x_star.reshape(-1, x_star.shape[-1]), (0, 0, 0, 1)) - self.center

    def forward(self, x: Tensor, x_star: Tensor) -> Tensor:
        """The dissipation potential, `(..., n)` and `(..., forces)` to `(...)`."""
        psi, points = self.network, self._with_zero(x_star)
        value, at_zero = psi(points).split([len(points) - 1, 1])
        return (value - at_zero).reshape(x_star.shape[:-1]) - (x_star * psi.gradient(points[-1])).sum(-1)

    def flux(self, x: Tensor, x_star: Tensor) -> Tensor:
        """The flux `Psi'(x*) - Psi'(0)`, `(..., n)` and `(..., forces)` to `(..., forces)`."""
        slope = self.network.gradient(self._with_zero(x_star))
        return (slope[:-1] - slope[-1]).reshape(x_star.shape)
