"""A bar that flows above a yield stress. All units are dimensionless."""

import torch
from torch import Tensor

from ggd_helpers.potentials.generic import CanonicalPoisson, EntropyCoordinate, FormulaEnergy
from ggd_helpers.systems.generic.friction import threshold_friction
from ggd_helpers.systems.generic.known import KnownGENERIC


def _energy(x: Tensor) -> Tensor:
    q, p, r, s = x.unbind(-1)
    return p**2 / 2 + (q - r) ** 2 / 2 + 0.15 * r**2 + s.exp()


def _slope(x: Tensor) -> Tensor:
    q, p, r, s = x.unbind(-1)
    return torch.stack([q - r, p, r - q + 0.3 * r, s.exp()], dim=-1)


class PerzynaBar(KnownGENERIC):
    """Perzyna viscoplasticity in one dimension: a unit mass on a bar that yields, and hardens as it does.

    state: `x = (q, p, r, s)`, strain, momentum, plastic strain, entropy; the elastic strain is `q - r`

    `E = p^2/2 + (q - r)^2/2 + 0.3 r^2/2 + e^s`, hence the stress `q - r` and `T = dE/ds = e^s`;  `S = s`;  `L`
    canonical in `(q, p)`

    `Xi = <|F| - threshold>^2 / (2 T)` on the pair `(r, s)`, where `<u> = max(u, 0)` and `F = -dE/dr = q - r - 0.3 r` is
    the stress less the back stress: below the threshold nothing is dissipated

    equations: `q' = p`, `p' = r - q`, `r' = <|F| - threshold> sign F`, `s' = F r'/T`

    Raises:
        ValueError: `threshold` is not from 0 to 2.

    Source: Perzyna (1966) for the flow rule; in the spirit of N-GINNs, arXiv 2605.09058.
    """

    start = ((-1.5, 1.5), (-1.5, 1.5), (-0.5, 0.5), (-0.3, 0.5))
    box = ((-2.3, 2.3), (-2.0, 2.0), (-1.3, 1.3), (-0.3, 1.2))
    sees = (3,)

    def __init__(self, threshold: float = 0.4):
        super().__init__(
            energy=FormulaEnergy(_energy, _slope),
            entropy=EntropyCoordinate(),
            poisson=CanonicalPoisson(),
            dissipation=threshold_friction(1.0, threshold),
            pairs=((2, 3),),
        )
