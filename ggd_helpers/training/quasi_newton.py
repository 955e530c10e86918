"""The quasi-Newton method behind the default recipe: self-scaled BFGS with a weak Wolfe line search."""

import math
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from scipy.linalg.blas import dsymv, dsyr2

from ggd_helpers.training.limited_memory import LimitedMemory

MOST_DENSE = 10_000  # parameters: a dense metric of as many takes 0.75 GiB, and restarts and updates need three

ValueAndGradient = Callable[[np.ndarray], tuple[float, np.ndarray]]


class InverseHessian:
    """The metric `H` of a quasi-Newton method: dense, symmetric, kept as `scale * lower`, lower triangle only.

    Self-scaled BFGS update with `s = step`, `y = change of gradient`, `rho = 1 / y.s`:
    `H <- (1 - rho s y^T) H/tau (1 - rho y s^T) + rho s s^T`, `tau = min(1, y.s / s.B.s)`, and no less than 1/1000.

    Source: Oren and Luenberger (1974); Al-Baali (1998).
    """

    def __init__(self, size: int, scale: float):
        self.lower, self.scale, self.fresh = np.eye(size, order="F"), scale, True

    def __matmul__(self, vector: np.ndarray) -> np.ndarray:
        return self.scale * dsymv(1.0, self.lower, vector, lower=1)

    def update(self, step: np.ndarray, change: np.ndarray, step_b_step: float) -> None:
        """Take in one step; `step_b_step` is `s.B.s` under the old metric `B = 1/H`."""
        curvature = change @ step
        if curvature <= 1e-300:
            return
        if self.fresh:  # the usual first scaling of BFGS
            self.scale, self.fresh = float(curvature / (change @ change)), False
            tau = 1.0
        else:
            tau = max(min(1.0, float(curvature / max(step_b_step, 1e-300))), 1e-3)
        moved = self @ change
        self.scale /= tau
        direction = -moved / (curvature * tau) + 0.5 * step * ((change @ moved) / (tau * curvature**2) + 1 / curvature)
        self.lower = dsyr2(1 / self.scale, direction, step, lower=1, a=self.lower, overwrite_a=1)
        if not 1e-12 < self.scale < 1e12:
            self.lower, self.scale = self.lower * self.scale, 1.0

    def state(self) -> dict[str, Any]:
        """What `from_state` needs."""
        return {"lower": torch.from_numpy(self.lower.copy()), "scale": self.scale, "fresh": self.fresh}

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> "InverseHessian":
        """The metric that `state` was taken of."""
        metric = cls(0, state["scale"])
        metric.lower, metric.fresh = np.asfortranarray(state["lower"].numpy()), state["fresh"]
        return metric


Metric = InverseHessian | LimitedMemory


def fits_a_dense_metric(parameters: int) -> bool:
    """Whether there are few enough of them; L-BFGS takes over where they are more."""
    return parameters <= MOST_DENSE


def _between(low: float, low_loss: float, low_slope: float, high: float, high_loss: float) -> float:
    """Where the parabola through two ends, with the slope at the lower one, is lowest; never next to an end."""
    width = high - low
    bend = high_loss - low_loss - width * low_slope
    share = -0.5 * width * low_slope / bend if 0 < bend < math.inf else 0.5
    return low + width * min(max(share, 0.1), 0.9)


@dataclass
class Descent:
    """One run of self-scaled BFGS (beyond `MOST_DENSE` parameters of L-BFGS) with a weak Wolfe line search."""

    theta: np.ndarray
    loss: float
    gradient: np.ndarray
    metric: Metric
    failures: int = 0

    @classmethod
    def start(cls, function: ValueAndGradient, theta: np.ndarray) -> "Descent":
        """Begin at `theta`; a warning says so where there are too many parameters for a dense metric."""
        if not fits_a_dense_metric(len(theta)):
            warnings.warn(f"{len(theta)} parameters are more than a dense metric can hold ({MOST_DENSE}): L-BFGS "
                          "trains them, which is less exact.", stacklevel=2)  # fmt: skip
        loss, gradient = function(theta)
        return cls(theta, loss, gradient, cls._fresh_metric(gradient))

    @staticmethod
    def _fresh_metric(gradient: np.ndarray) -> Metric:
        scale = 1 / max(1.0, float(np.linalg.norm(gradient)))
        return InverseHessian(len(gradient), scale) if fits_a_dense_metric(len(gradient)) else LimitedMemory(scale)

    def _search(self, function: ValueAndGradient, direction: np.ndarray) -> tuple[float, float, np.ndarray] | None:
        """A step length that fulfils the weak Wolfe conditions, with loss and gradient there; `None` if none lowers it.

        A length that climbs bounds the interval from above, one where the slope is still steep from below; the next try
        is the minimum of the parabola through what is known, kept away from the ends (or twice the length, while
        nothing climbs).

        Source: Lewis and Overton (2013), with interpolation.
        """
        slope = float(direction @ self.gradient)
        if not slope < 0:
            return None
        low, high, length = (0.0, self.loss, self.gradient), None, 1.0
        for _ in range(20):
            loss, gradient = function(self.theta + length * direction)
            if not loss <= self.loss + 1e-4 * length * slope:
                high = (length, loss)
            elif direction @ gradient < 0.9 * slope:
                low = (length, loss, gradient)
            else:
                return length, loss, gradient
            length = 2 * length if high is None else _between(low[0], low[1], float(direction @ low[2]), *high)
        return low if low[0] > 0 else None

    def step(self, function: ValueAndGradient) -> None:
        """Go along `-H g`; when no step there helps, forget the metric (three times in a row end a run)."""
        direction = -(self.metric @ self.gradient)
        found = self._search(function, direction)
        if found is None:
            self.metric, self.failures = self._fresh_metric(self.gradient), self.failures + 1
            return
        length, loss, gradient = found
        step = length * direction
        self.metric.update(step, gradient - self.gradient, float(-length * (self.gradient @ step)))
        self.theta, self.loss, self.gradient, self.failures = self.theta + step, loss, gradient, 0

    def state(self) -> dict[str, Any]:
        """What `from_state` needs."""
        arrays = {"theta": self.theta, "gradient": self.gradient}
        kept = {name: torch.from_numpy(array.copy()) for name, array in arrays.items()}
        return kept | {"loss": self.loss, "failures": self.failures} | self.metric.state()

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> "Descent":
        """The descent that `state` was taken of."""
        theta, gradient = state["theta"].numpy(), state["gradient"].numpy()
        metric = InverseHessian if fits_a_dense_metric(len(theta)) else LimitedMemory
        return cls(theta, state["loss"], gradient, metric.from_state(state), state["failures"])
