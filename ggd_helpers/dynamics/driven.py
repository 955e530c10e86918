"""Gradient dynamics under an input: the same pair at every moment, changed by what is done to the system."""

from torch import Tensor, nn

from ggd_helpers.dynamics.gradient import GradientDynamics
from ggd_helpers.initialisation import redraw_from_
from ggd_helpers.potentials.driven import DrivenDissipation, DrivenEntropy
from ggd_helpers.potentials.general import DissipationPotential


class DrivenDynamics(nn.Module):
    """The pair (entropy, dissipation potential) of a system with an input: `dx/dt = dXi/dx*(x, x*, u)`, `x* = dS/dx`.

    `law.at(u)` is an ordinary pair, with its second law; while `u` moves, work is done at the rate `F . du/dt`.

    Shapes: states `(..., n)`, inputs `(..., k)`.

    Args:
        entropy: `S(x, u)`.
        dissipation: `Xi(x, x*)`, or one that sees the input as well.
        seed: when given, every network of the pair is drawn afresh from this seed.
    """

    def __init__(
        self, entropy: DrivenEntropy, dissipation: DissipationPotential | DrivenDissipation, seed: int | None = None
    ):
        super().__init__()
        self.entropy, self.dissipation = entropy, dissipation
        redraw_from_(self, seed)

    def at(self, u: Tensor) -> GradientDynamics:
        """The pair while the input stays at `u`, `(..., k)`."""
        return GradientDynamics(self.entropy.at(u), self.dissipation.at(u))

    def force(self, x: Tensor, u: Tensor) -> Tensor:
        """What holds the input at `u`: `F = -dS/du`, `(..., n)` and `(..., k)` to `(..., k)`."""
        return self.entropy.force(x, u)
