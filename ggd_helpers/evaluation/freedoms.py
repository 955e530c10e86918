"""What data leave open in a pair, one contract for all: fix it against a known pair, then look at the potentials."""

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Generic, Self, TypeVar

import torch
from torch import Tensor

from ggd_helpers.dynamics.gradient import GradientDynamics
from ggd_helpers.evaluation.errors import relative_error

System = TypeVar("System", bound=GradientDynamics)


class Freedom(ABC, Generic[System]):
    """A change of the pair that no velocity sees; a subclass says which, and how it is fixed."""

    @classmethod
    @abstractmethod
    def fix(cls, model: GradientDynamics, system: System, states: Tensor) -> Self:
        """Choose it so that the model's potentials come closest to the known ones on `states`, `(..., n)`."""

    @abstractmethod
    def entropy(self, model: GradientDynamics, x: Tensor) -> Tensor:
        """The model's entropy once the freedom is fixed, `(..., n)` to `(...)`."""

    def conjugate(self, model: GradientDynamics, x: Tensor) -> Tensor:
        """The slope of that entropy, `(..., n)` to `(..., n)`."""
        return model.conjugate(x)

    def dissipation(self, model: GradientDynamics, x: Tensor, x_star: Tensor) -> Tensor:
        """The model's dissipation potential once the freedom is fixed, `(..., n)` twice to `(...)`."""
        return model.dissipation(x, x_star)


@dataclass(frozen=True)
class Shift(Freedom[GradientDynamics]):
    """The constant of the entropy, `S -> S + shift`: all that is free where Xi and the forces are known."""

    shift: float = 0.0

    @classmethod
    @torch.no_grad()
    def fix(cls, model: GradientDynamics, system: GradientDynamics, states: Tensor) -> Self:
        """Make the mean entropies equal."""
        return cls((system.entropy(states) - model.entropy(states)).mean().item())

    def entropy(self, model: GradientDynamics, x: Tensor) -> Tensor:
        """The model's entropy and the shift."""
        return model.entropy(x) + self.shift


@dataclass(frozen=True)
class Gauge(Freedom[GradientDynamics]):
    """The freedom that no velocity can see: `S -> S/scale + shift`, `Xi(x, x*) -> Xi(x, scale x*)/scale`.

    For a quadratic Xi that is the thesis's `S/C + K`, `C Xi`.

    Attributes:
        scale, shift: the thesis's `C` and `K`.
        residual: the relative L2 error of Xi that is left at the best scale.
    """

    scale: float = 1.0
    shift: float = 0.0
    residual: float = 0.0

    @classmethod
    @torch.no_grad()
    def fix(cls, model: GradientDynamics, system: GradientDynamics, states: Tensor) -> Self:
        """Choose the scale by least squares of Xi, and the shift that makes the mean entropies equal.

        The scale minimises `sum |Xi_known(x, x*) - Xi_model(x, C x*)/C|^2` at the known conjugates `x*` of the
        `states`; for a quadratic Xi that is `C = <Xi_known, Xi_model> / <Xi_model, Xi_model>`. (The thesis prints the
        ratio `<Xi_known, Xi_known> / <Xi_known, Xi_model>`, which is not the least-squares one.)

        Source: thesis 4.1.2, corrected.
        """
        from scipy.optimize import minimize_scalar  # here, for it takes 0.6 s

        x_star = system.conjugate(states)
        known = system.dissipation(states, x_star)

        def residual(log_scale: float) -> float:
            return relative_error(cls(math.exp(log_scale)).dissipation(model, states, x_star), known)

        # A first guess from the conjugates: x*_model = C x*_known wherever both pairs are of one kind.
        learned = model.conjugate(states)
        guess = (learned.norm() / x_star.norm()).log().item()
        best = minimize_scalar(residual, bracket=(guess - 0.1, guess + 0.1), tol=1e-12)
        scale = math.exp(best.x)
        shift = (system.entropy(states) - model.entropy(states) / scale).mean().item()
        return cls(scale, shift, residual(best.x))

    def entropy(self, model: GradientDynamics, x: Tensor) -> Tensor:
        """The model's entropy in this gauge."""
        return model.entropy(x) / self.scale + self.shift

    def conjugate(self, model: GradientDynamics, x: Tensor) -> Tensor:
        """The model's conjugate in this gauge."""
        return model.conjugate(x) / self.scale

    def dissipation(self, model: GradientDynamics, x: Tensor, x_star: Tensor) -> Tensor:
        """The model's dissipation potential in this gauge."""
        return model.dissipation(x, self.scale * x_star) / self.scale


@torch.no_grad()
def potential_errors(
    model: GradientDynamics, system: GradientDynamics, states: Tensor, freedom: Freedom
) -> dict[str, float]:
    """`entropy_error` and `dissipation_error`: relative L2 errors of the potentials once a freedom is fixed.

    They say something only where data determine the potentials up to that freedom: see the chapter. Errors of the
    entropy are relative to its variation, `S - mean S`, since its mean is free.
    """
    x_star = system.conjugate(states)
    known, found = system.entropy(states), freedom.entropy(model, states)
    return {
        "entropy_error": ((found - known).norm() / (known - known.mean()).norm()).item(),
        "dissipation_error": relative_error(
            freedom.dissipation(model, states, x_star), system.dissipation(states, x_star)
        ),
    }
