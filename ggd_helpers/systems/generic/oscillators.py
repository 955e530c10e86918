"""Oscillators with friction, at one temperature or with the bath that they heat. All units are dimensionless."""

from collections.abc import Callable

import torch
from torch import Tensor

from ggd_helpers.dynamics.generic import DampedMechanics
from ggd_helpers.potentials.general import DissipationPotential, FormulaDissipation
from ggd_helpers.potentials.generic import CanonicalPoisson, EntropyCoordinate, FormulaEnergy
from ggd_helpers.ranges import check
from ggd_helpers.systems.generic.friction import growing_friction, linear_friction
from ggd_helpers.systems.generic.known import Known, KnownGENERIC


def _check_friction(friction: float) -> None:
    check("friction", friction, "0 or more and at most 5", "it is the damping rate in 1/time; 0 is no friction")


def _double_well(x: Tensor) -> Tensor:
    q, p = x[..., 0], x[..., 1]
    return p**2 / 2 + q**4 / 4 - q**2 / 2


def _slope_of_double_well(x: Tensor) -> Tensor:
    q, *momenta = x.unbind(-1)
    return torch.stack([q**3 - q, *momenta], dim=-1)


def _slope_with_bath(x: Tensor) -> Tensor:
    return torch.cat([_slope_of_double_well(x[..., :2]), x[..., 2:].exp()], dim=-1)


class DuffingOscillator(Known, DampedMechanics):
    """A particle in a double well, slowed down by friction.

    state: `x = (q, p)`, position and momentum;  `H = p^2/2 + q^4/4 - q^2/2`;  `Xi = friction/2 p*^2`, `p* = dH/dp = p`

    equations: `q' = p`, `p' = q - q^3 - friction p`

    Raises:
        ValueError: `friction` is not from 0 to 5; 0 is an oscillator that swings for ever.
    """

    start = ((-1.5, 1.5), (-1.5, 1.5))
    box = ((-2.0, 2.0), (-2.0, 2.0))
    sees = ()

    def __init__(self, friction: float = 0.3):
        _check_friction(friction)
        super().__init__(
            FormulaEnergy(_double_well, _slope_of_double_well),
            FormulaDissipation(
                lambda x, force: friction / 2 * force.square().sum(-1), lambda x, force: friction * force
            ),
        )


class DuffingInBath(KnownGENERIC):
    """The same particle with the bath that it heats.

    state: `x = (q, p, s)`, position, momentum, entropy of the bath

    `E = p^2/2 + q^4/4 - q^2/2 + e^s`, hence the temperature `T = dE/ds = e^s`;  `S = s`;  `L` canonical in `(q, p)`

    `Xi = friction F^2 / (2 T)` on the pair `(p, s)`, where `F = -dE/dp = -p`

    equations: `q' = p`, `p' = q - q^3 - friction p`, `s' = friction p^2 / T`

    With another law of `systems.generic.friction`, `f(p)` stands for `friction p`.

    Args:
        friction: the damping rate at small speed (above a threshold, where the law has one).
        law: makes Xi of it.

    Raises:
        ValueError: `friction` is not from 0 to 5.
    """

    start = ((-1.5, 1.5), (-1.5, 1.5), (-0.5, 0.5))
    box = ((-2.0, 2.0), (-2.0, 2.0), (-0.5, 1.4))
    sees = (2,)

    def __init__(self, friction: float = 0.3, law: Callable[[float], DissipationPotential] = linear_friction):
        _check_friction(friction)
        super().__init__(
            energy=FormulaEnergy(lambda x: _double_well(x) + x[..., 2].exp(), _slope_with_bath),
            entropy=EntropyCoordinate(),
            poisson=CanonicalPoisson(),
            dissipation=law(friction),
            pairs=((1, 2),),
        )


class HeatBathOscillator(KnownGENERIC):
    """A harmonic oscillator whose friction grows exponentially with its speed, and the bath that it heats.

    state: `x = (q, p, s)`, position, momentum, entropy of the bath

    `E = p^2/2 + q^2/2 + e^s`, hence `T = dE/ds = e^s`;  `S = s`;  `L` canonical in `(q, p)`

    `Xi = friction/k^2 (cosh(k F/T) - 1)` on the pair `(p, s)`, where `F = -dE/dp = -p` and `k` is the `steepness`

    equations: `q' = p`, `p' = -q - (friction/k) sinh(k p/T)`, `s' = (p/T) (friction/k) sinh(k p/T)`

    Raises:
        ValueError: `friction` is not from 0 to 5, or `steepness` not positive and at most 5.

    Source: in the spirit of N-GINNs, arXiv 2605.09058; the equations are this package's own.
    """

    start = ((-1.5, 1.5), (-1.5, 1.5), (0.0, 0.6))
    box = ((-2.0, 2.0), (-2.0, 2.0), (0.0, 1.3))
    sees = (2,)

    def __init__(self, friction: float = 0.3, steepness: float = 1.5):
        _check_friction(friction)
        super().__init__(
            energy=FormulaEnergy(
                lambda x: x[..., :2].square().sum(-1) / 2 + x[..., 2].exp(),
                lambda x: torch.cat([x[..., :2], x[..., 2:].exp()], dim=-1),
            ),
            entropy=EntropyCoordinate(),
            poisson=CanonicalPoisson(),
            dissipation=growing_friction(friction, steepness),
            pairs=((1, 2),),
        )
