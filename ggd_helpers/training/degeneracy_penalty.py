"""An objective that asks for degeneracy instead of building it in."""

from dataclasses import dataclass
from typing import Any

from torch import Tensor

from ggd_helpers.ranges import check
from ggd_helpers.training.objectives import Batch, ScaledDifferences


@dataclass(frozen=True)
class PenalisedDegeneracies(ScaledDifferences):
    """`ScaledDifferences`, and `weight` times `mean |L dS|^2 + mean |M dE|^2` in units of the mean squared velocity.

    Source: Hernandez, Badias, Gonzalez, Chinesta, Cueto (2021); the weight is set by hand, there and here.
    """

    weight: float = 0.1

    def __post_init__(self) -> None:
        check("weight", self.weight, "0 or more", "it says how much a violated degeneracy counts beside the velocity")

    def loss(self, model: Any, batch: Batch) -> Tensor:
        """The misfit and the penalty of a `Metriplectic`, a scalar."""
        penalty = sum(violation.square().mean() for violation in model.violations(batch.states))
        return super().loss(model, batch) + self.weight * penalty / batch.targets.square().mean()
