"""Two gases that exchange volume and heat through a wall that moves. All units are dimensionless."""

import torch
from torch import Tensor

from ggd_helpers.potentials.general import FormulaDissipation
from ggd_helpers.potentials.generic import CanonicalPoisson, EntropyCoordinate, FormulaEnergy
from ggd_helpers.ranges import check
from ggd_helpers.systems.generic.known import KnownGENERIC


def _gas_energies(x: Tensor) -> Tensor:
    """`E_1` and `E_2`, `(..., 4)` to `(..., 2)`."""
    q, entropies = x[..., 0], x[..., 2:]
    return (entropies.exp() / torch.stack([q, 2 - q], dim=-1)) ** (2 / 3)


def _slope(x: Tensor) -> Tensor:
    q, p, temperatures = x[..., 0], x[..., 1], 2 / 3 * _gas_energies(x)
    pressures = temperatures / torch.stack([q, 2 - q], dim=-1)
    mechanical = torch.stack([pressures[..., 1] - pressures[..., 0], p], dim=-1)
    return torch.cat([mechanical, temperatures], dim=-1)


class GasContainers(KnownGENERIC):
    """Two ideal gases on both sides of a wall that moves without friction and conducts heat.

    state: `x = (q, p, S_1, S_2)`, position (`0 < q < 2`) and momentum of the wall, entropies of the gases; the wall's
    mass, its area and `N k` are 1, the volumes `q` and `2 - q`

    `E = p^2/2 + E_1 + E_2`, `E_i = (e^(S_i) / V_i)^(2/3)` (Sackur and Tetrode; the constant is taken into `S_i`), hence
    `T_i = dE/dS_i = 2 E_i / 3`;  `S = S_1 + S_2`;  `L` canonical in `(q, p)`

    `Xi = conduction/2 (F / (T_1 T_2))^2` on the pair `(S_1, S_2)`, where `F = T_2 - T_1`: the force `1/T_1 - 1/T_2` of
    the heat that flows into the first gas

    equations: `q' = p`, `p' = 2/3 (E_1/q - E_2/(2 - q))`, `S_i' = conduction/T_i (1/T_i - 1/T_j)`

    Raises:
        ValueError: `conduction` is not from 0 to 5.

    Source: Shang and Oettinger, Proc. R. Soc. A 476 (2020), an example of GFINNs (Zhang, Shin, Karniadakis 2022):
    `S_1' = 9 N^2 k^2 alpha / (4 E_1) (1/E_1 - 1/E_2)`, with `alpha` the `conduction`, 0.5 there.
    """

    start = ((0.7, 1.3), (-1.0, 1.0), (1.0, 2.0), (1.0, 2.0))
    box = ((0.4, 1.6), (-2.0, 2.0), (0.8, 2.2), (0.8, 2.2))
    sees = (0, 2, 3)

    def __init__(self, conduction: float = 0.5):
        check("conduction", conduction, "0 to 5", "it is the coefficient of heat exchange")

        def dissipation(x: Tensor, force: Tensor) -> Tensor:
            temperatures = 2 / 3 * _gas_energies(x)
            return conduction / 2 * (force[..., 0] / temperatures.prod(-1)) ** 2

        def flux(x: Tensor, force: Tensor) -> Tensor:
            temperatures = 2 / 3 * _gas_energies(x)
            return conduction * force / temperatures.prod(-1, keepdim=True) ** 2

        super().__init__(
            energy=FormulaEnergy(lambda x: x[..., 1] ** 2 / 2 + _gas_energies(x).sum(-1), _slope),
            entropy=EntropyCoordinate(bodies=2),
            poisson=CanonicalPoisson(),
            dissipation=FormulaDissipation(dissipation, flux),
            pairs=((2, 3),),
        )
