"""Laws of friction against a bath, as dissipation potentials of one force; the bath's entropy is the last coordinate.

Each is `Xi(x, F) = (1/T) int_0^F f(u) du` with `T = e^s`. On a pair `(p, s)` with `F = -dE/dp = -p` its flux slows the
momentum by `f(p)` and heats the bath by `f(p) p`. States are `(..., n)`, forces `(..., 1)`; units are dimensionless.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from torch import Tensor

from ggd_helpers.potentials.general import FormulaDissipation, cosh_less_one
from ggd_helpers.ranges import check

STEEPNESS, THRESHOLD = 0.8, 0.4


def _coldness(x: Tensor) -> Tensor:
    """`1/T = e^-s`, `(..., n)` to `(..., 1)`."""
    return (-x[..., -1:]).exp()


def linear_friction(friction: float) -> FormulaDissipation:
    """`f = friction u`, hence `Xi = friction F^2 / (2 T)`."""
    return FormulaDissipation(
        lambda x, force: (friction / 2 * force**2 * _coldness(x)).squeeze(-1),
        lambda x, force: friction * force * _coldness(x),
    )


def growing_friction(friction: float, steepness: float = STEEPNESS) -> FormulaDissipation:
    """`f = friction/k sinh(k u/T)`, hence `Xi = friction/k^2 (cosh(k F/T) - 1)`, where `k` is the `steepness`.

    Raises:
        ValueError: `steepness` is not positive and at most 5.
    """
    check("steepness", steepness, "positive and at most 5", "it is how fast the friction law leaves its tangent")
    k = steepness
    return FormulaDissipation(
        lambda x, force: friction / k**2 * cosh_less_one(k * force * _coldness(x)).squeeze(-1),
        lambda x, force: friction / k * (k * force * _coldness(x)).sinh() * _coldness(x),
    )


def threshold_friction(friction: float, threshold: float = THRESHOLD) -> FormulaDissipation:
    """`f = friction <|u| - threshold> sign u`, hence `Xi = friction <|F| - threshold>^2 / (2 T)`; `<v> = max(v, 0)`.

    Raises:
        ValueError: `threshold` is not from 0 to 2.
    """
    check("threshold", threshold, "0 to 2", "it is the force below which nothing is dissipated")

    def beyond(force: Tensor) -> Tensor:
        return (force.abs() - threshold).clamp(min=0)

    return FormulaDissipation(
        lambda x, force: (friction / 2 * beyond(force) ** 2 * _coldness(x)).squeeze(-1),
        lambda x, force: friction * beyond(force) * force.sign() * _coldness(x),
    )


class FrictionLaw(NamedTuple):
    """A law of friction, twice: as a potential, and by hand.

    Attributes:
        dissipation: `friction` to Xi.
        force: `f(friction, u, T)`, of NumPy's numbers and arrays.
    """

    dissipation: Callable[[float], FormulaDissipation]
    force: Callable[[float, np.ndarray, np.ndarray], np.ndarray]


LAWS = {
    "linear": FrictionLaw(linear_friction, lambda friction, u, T: friction * u),
    "growing": FrictionLaw(growing_friction, lambda friction, u, T: friction / STEEPNESS * np.sinh(STEEPNESS * u / T)),
    "threshold": FrictionLaw(
        threshold_friction, lambda friction, u, T: friction * np.sign(u) * np.maximum(np.abs(u) - THRESHOLD, 0)
    ),
}
