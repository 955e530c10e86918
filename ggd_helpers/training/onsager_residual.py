"""The loss of variational Onsager networks, raw."""

from dataclasses import dataclass
from typing import Any

from torch import Tensor

from ggd_helpers.training.objectives import Batch, Differences


@dataclass(frozen=True)
class OnsagerResidual(Differences):
    """`mean |dXi*/dv(x, v) - dS/dx|^2` at the measured `v`: Onsager's principle, term by term.

    Nothing ties it to the size of the data: it is 0 for `S = const`, `Xi* = 0`, whatever the motion, and training goes
    there. A balance with a measured force prevents it (`OnsagerInBalance`), or matching velocities (`Differences`).

    Source: Huang, He, Chem, Reina (2022), without their balances; thesis 3.1.3.
    """

    def loss(self, model: Any, batch: Batch) -> Tensor:
        """The mean squared residual of an `OnsagerNetwork`, a scalar."""
        return model.residual(batch.states, batch.targets).square().mean()

    def unit(self, data: object) -> float:
        """1: the data know no unit of `dS/dx`."""
        return 1.0
