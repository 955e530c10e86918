"""What reactions leave open, and what they conserve: the tilt of the entropy, affinities, conserved quantities."""

from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor

from ggd_helpers.dynamics.gradient import GradientDynamics
from ggd_helpers.evaluation.errors import relative_error
from ggd_helpers.evaluation.freedoms import Freedom
from ggd_helpers.systems.reactions import MassActionReactions


@dataclass(frozen=True)
class Tilt(Freedom[MassActionReactions]):
    """The freedom of the entropy when Xi is prescribed: `S -> S + q . c + K` for every `q` with `q . nu = 0`.

    Attributes:
        slope: the tilt `q` that the model's entropy has over the known one, `(species,)`.
        shift: the constant `K` that is still missing.
    """

    slope: Tensor
    shift: float

    @classmethod
    @torch.no_grad()
    def fix(cls, model: GradientDynamics, system: MassActionReactions, states: Tensor) -> Self:
        """Estimate the tilt as `mean(dS_model/dc - dS_known/dc)`, of which only the part with `q . nu = 0` is free.

        The thesis takes the mean as it is; projected, it cannot hide an error that the data do determine.

        Source: thesis 4.2.2.
        """
        slope, shift = _over_the_known(model.entropy(states), model.conjugate(states), system, states)
        return cls(slope, shift)

    def entropy(self, model: GradientDynamics, c: Tensor) -> Tensor:
        """The model's entropy with the tilt taken out."""
        return model.entropy(c) - c @ self.slope + self.shift

    def conjugate(self, model: GradientDynamics, c: Tensor) -> Tensor:
        """The model's conjugate with the tilt taken out."""
        return model.conjugate(c) - self.slope


@dataclass(frozen=True)
class ScaledTilt(Freedom[MassActionReactions]):
    """What is free when both potentials are learned: the scale, and the tilt that the known entropy may have.

    The model's pair is brought to the scale of the known one, `S/C` and `Xi(c, C c*)/C`. The known entropy with any
    tilt `q . c`, `q . nu = 0`, belongs to the same motion: the model's is held against the closest of these.

    Attributes:
        scale: the `C` of `affinity_scale`.
        tilt: the tilt and the constant that are left at that scale.
    """

    scale: float
    tilt: Tilt

    @classmethod
    @torch.no_grad()
    def fix(cls, model: GradientDynamics, system: MassActionReactions, states: Tensor) -> Self:
        """Fix the scale by the affinities, then the tilt as `Tilt` does."""
        scale = affinity_scale(model, system, states)
        entropy, conjugate = model.entropy(states) / scale, model.conjugate(states) / scale
        return cls(scale, Tilt(*_over_the_known(entropy, conjugate, system, states)))

    def entropy(self, model: GradientDynamics, c: Tensor) -> Tensor:
        """The model's entropy at the known scale, with the tilt taken out."""
        return model.entropy(c) / self.scale - c @ self.tilt.slope + self.tilt.shift

    def conjugate(self, model: GradientDynamics, c: Tensor) -> Tensor:
        """The slope of that entropy."""
        return model.conjugate(c) / self.scale - self.tilt.slope

    def dissipation(self, model: GradientDynamics, c: Tensor, c_star: Tensor) -> Tensor:
        """The model's dissipation potential at the known scale."""
        return model.dissipation(c, self.scale * c_star) / self.scale


def _over_the_known(
    entropy: Tensor, conjugate: Tensor, system: MassActionReactions, states: Tensor
) -> tuple[Tensor, float]:
    """The tilt and the constant that an entropy, with its slope, has over the known one at `states`."""
    difference = (conjugate - system.conjugate(states)).flatten(0, -2).mean(0)
    q = system.conserved
    slope = difference @ torch.linalg.pinv(q) @ q
    return slope, (system.entropy(states) - entropy + states @ slope).mean().item()


def affinity_scale(model: GradientDynamics, system: MassActionReactions, states: Tensor) -> float:
    """The `C` with which the affinities of the model, over `C`, are closest to the known; 1 if S or Xi is given."""
    found, known = system.affinities_of(model, states), system.affinities(states)
    return ((found * found).sum() / (found * known).sum()).item()


def affinity_error(model: GradientDynamics, system: MassActionReactions, states: Tensor, scale: float = 1.0) -> float:
    """The relative L2 error of the affinities `X_n = -sum_m c*_m nu_mn`, divided by `scale`; no tilt changes them."""
    return relative_error(system.affinities_of(model, states) / scale, system.affinities(states))
