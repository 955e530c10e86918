"""Potentials and laws in other coordinates: networks learn faster in the principal components of the data."""

from typing import NamedTuple, Self

import torch
from torch import Tensor

from ggd_helpers.potentials.general import DissipationPotential, Entropy


class Components(NamedTuple):
    """A linear change of coordinates, `z = P x`, with `P Q = 1`, so that `Q z` is `x` again where the data live.

    Attributes:
        analysis: `P`, `(k, n)`.
        synthesis: `Q`, `(n, k)`.
    """

    analysis: Tensor
    synthesis: Tensor

    @classmethod
    def of(cls, states: Tensor, smallest: float = 1e-8) -> Self:
        """The principal components of `states` `(..., n)`, scaled to mean square 1.

        Components whose mean square is less than `smallest` times the largest are left out: the data say nothing there.
        """
        x = states.reshape(-1, states.shape[-1])
        squares, directions = torch.linalg.eigh(x.T @ x / len(x))
        kept = squares > smallest * squares[-1]
        sizes, directions = squares[kept].sqrt(), directions[:, kept]
        return cls((directions / sizes).T, directions * sizes)

    @classmethod
    def in_units_of(cls, size: float) -> Self:
        """A single number `x` measured in units of `size`: `z = x / size`."""
        return cls(torch.tensor([[1 / size]], dtype=torch.float64), torch.tensor([[size]], dtype=torch.float64))


class EntropyInComponents(Entropy):
    """The entropy `S(x) = S'(P x)`, concave because `S'` is; its conjugate is `P^T z*`."""

    analysis: Tensor

    def __init__(self, inner: Entropy, components: Components):
        super().__init__()
        self.inner = inner
        self.register_buffer("analysis", components.analysis)

    def forward(self, x: Tensor) -> Tensor:
        """The entropy, `(..., n)` to `(...)`."""
        return self.inner(x @ self.analysis.T)

    def conjugate(self, x: Tensor) -> Tensor:
        """The conjugate `P^T dS'/dz`, `(..., n)` to `(..., n)`."""
        return self.inner.conjugate(x @ self.analysis.T) @ self.analysis


class DissipationInComponents(DissipationPotential):
    """The dissipation potential `Xi(x, x*) = Xi'(P x, Q^T x*)`, admissible because `Xi'` is."""

    analysis: Tensor
    synthesis: Tensor

    def __init__(self, inner: DissipationPotential, components: Components):
        super().__init__()
        self.inner = inner
        self.register_buffer("analysis", components.analysis)
        self.register_buffer("synthesis", components.synthesis)

    def forward(self, x: Tensor, x_star: Tensor) -> Tensor:
        """The dissipation potential, `(..., n)` twice to `(...)`."""
        return self.inner(x @ self.analysis.T, x_star @ self.synthesis)

    def flux(self, x: Tensor, x_star: Tensor) -> Tensor:
        """The flux `Q dXi'/dz*`, `(..., n)` twice to `(..., n)`."""
        return self.inner.flux(x @ self.analysis.T, x_star @ self.synthesis) @ self.synthesis.T
