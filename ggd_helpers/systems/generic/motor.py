"""A chemical motor: a reaction that moves a spring. All units are dimensionless."""

import torch
from torch import Tensor

from ggd_helpers.potentials.general import FormulaDissipation, cosh_less_one
from ggd_helpers.potentials.generic import CanonicalPoisson, EntropyCoordinate, FormulaEnergy
from ggd_helpers.systems.generic.known import KnownGENERIC


def _thermal_energy(x: Tensor) -> Tensor:
    """`e^(s - m(n))`, which is the temperature, too; `m = -n ln n - (1 - n) ln(1 - n)` is the entropy of mixing."""
    n, s = x[..., 2], x[..., 3]
    return (s + torch.xlogy(n, n) + torch.xlogy(1 - n, 1 - n)).exp()


def _energy(x: Tensor) -> Tensor:
    q, p, n, _ = x.unbind(-1)
    return p**2 / 2 + (q - n) ** 2 / 2 - n / 2 + _thermal_energy(x)


def _slope(x: Tensor) -> Tensor:
    q, p, n, _ = x.unbind(-1)
    temperature = _thermal_energy(x)
    return torch.stack([q - n, p, n - q - 0.5 + temperature * n.logit(), temperature], dim=-1)


def _dissipation(x: Tensor, force: Tensor) -> Tensor:
    n, temperature = x[..., 2], _thermal_energy(x)
    friction = 0.1 * force[..., 0] ** 2 / temperature
    return friction + 2 * (n * (1 - n)).sqrt() * cosh_less_one(force[..., 1] / (2 * temperature))


def _flux(x: Tensor, force: Tensor) -> Tensor:
    n, temperature = x[..., 2], _thermal_energy(x)
    reaction = (n * (1 - n)).sqrt() * (force[..., 1] / (2 * temperature)).sinh()
    return torch.stack([0.2 * force[..., 0], reaction], dim=-1) / temperature.unsqueeze(-1)


class ChemicalMotor(KnownGENERIC):
    """A reaction A <-> B shifts the rest position of a spring, and so sets a mass in motion: a muscle's stroke.

    state: `x = (q, p, n, s)`, position, momentum, share of B (`0 < n < 1`), entropy

    `E = p^2/2 + (q - n)^2/2 - n/2 + e^(s - m(n))`, where `m = -n ln n - (1 - n) ln(1 - n)` is the entropy of mixing,
    hence `T = dE/ds = e^(s - m)`;  `S = s`;  `L` canonical in `(q, p)`

    `Xi = 0.1 F_p^2/T + 4 W (cosh(F_n/2T) - 1)`, `W = 0.5 sqrt(n (1 - n))`, on the pairs `(p, s)` and `(n, s)`, where
    `F_p = -p` is friction and `F_n = -dE/dn = 0.5 + q - n + T ln((1 - n)/n)` the affinity: heat, load, mixing

    equations: `q' = p`, `p' = n - q - 0.2 p`, `n' = 0.5 ((1 - n) e^(a/2T) - n e^(-a/2T))` (mass action under the load
    `a = 0.5 + q - n`), `s' = 0.2 p^2/T + n' F_n/T`

    Source: in the spirit of N-GINNs, arXiv 2605.09058; the equations are this package's own.
    """

    start = ((-1.0, 1.0), (-1.0, 1.0), (0.1, 0.9), (0.3, 1.0))
    box = ((-1.2, 2.0), (-1.6, 1.6), (0.1, 0.9), (0.3, 1.8))
    sees = (2, 3)

    def __init__(self) -> None:
        super().__init__(
            energy=FormulaEnergy(_energy, _slope),
            entropy=EntropyCoordinate(),
            poisson=CanonicalPoisson(),
            dissipation=FormulaDissipation(_dissipation, _flux),
            pairs=((1, 3), (2, 3)),
        )
