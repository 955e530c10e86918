"""Potentials that an input changes: the place of a trap, a force on the last particle of a chain."""

import torch
from torch import Tensor, nn

from ggd_helpers.potentials.general import DissipationPotential, Entropy, FormulaDissipation, FormulaEntropy


class DrivenEntropy(nn.Module):
    """An entropy `S(x, u)` under an input `u`; a subclass writes its formula in `forward`.

    Isothermal systems are told by their free energy `f`; here it is minus the entropy, `f = -S`.

    Shapes: `x` `(..., n)` and `u` `(..., k)` to `(...)`.
    """

    def at(self, u: Tensor) -> Entropy:
        """The entropy while the input stays at `u`, `(..., k)`."""
        return FormulaEntropy(lambda x: self(x, u))

    def force(self, x: Tensor, u: Tensor) -> Tensor:
        """What holds the input at `u`: `F = df/du = -dS/du`, `(..., n)` and `(..., k)` to `(..., k)`.

        Source: IB-VONN, section 2.
        """
        return -torch.func.grad(lambda u: self(x, u).sum())(u)


class DrivenDissipation(nn.Module):
    """A dissipation potential `Xi(x, x*, u)` under an input `u`; a subclass writes its formula in `forward`.

    Shapes: `x` and `x*` `(..., n)`, `u` `(..., k)` to `(...)`.
    """

    def at(self, u: Tensor) -> DissipationPotential:
        """The dissipation potential while the input stays at `u`, `(..., k)`."""
        return FormulaDissipation(lambda x, x_star: self(x, x_star, u))
