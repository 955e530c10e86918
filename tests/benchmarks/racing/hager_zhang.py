"""Hager and Zhang's line search, whose conditions can be told where losses differ only by rounding."""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from ggd_helpers.training.quasi_newton import Descent, ValueAndGradient

DELTA, SIGMA = 0.1, 0.9  # of Wolfe's conditions: how much a step must lower the loss, and flatten the slope
EPSILON = 1e-6  # how much the loss may rise, as a share of it
GAMMA, RHO = 0.66, 5.0  # how much an interval must shrink, and by how much a step grows
MOST = 40  # evaluations


class Trial(NamedTuple):
    """A length of the step, with the loss, its slope along the step, and the gradient there."""

    length: float
    loss: float
    slope: float
    gradient: Any = None


class _Ended(Exception):
    """A trial fulfils the conditions, or there were enough of them."""


class LineSearch:
    """The search for a length that fulfils Wolfe's conditions or the approximate ones.

    With `f` the loss along the step: `f(t) - f(0) <= delta t f'(0)` and `f'(t) >= sigma f'(0)`; or
    `(2 delta - 1) f'(0) >= f'(t) >= sigma f'(0)` and `f(t) <= f(0) + epsilon |f(0)|`. On a parabola the first parts of
    both are one; the second form needs no difference of losses, which near a minimum is lost in rounding.

    An interval has its lower end where the loss falls and is not above `f(0) + epsilon |f(0)|`, and its upper end where
    the slope is not negative; two secant steps shrink it, or a bisection where they do not by enough.

    Source: Hager and Zhang, SIAM J. Optim. 16, 170 (2005), section 4; ACM Trans. Math. Softw. 32, 113 (2006).
    """

    def __init__(self, at: Callable[[float], Trial], start: Trial):
        self._at, self.start, self.highest = at, start, start.loss + EPSILON * abs(start.loss)
        self.left, self.lowest, self.accepted = MOST, start, None

    def run(self, first: float) -> Trial | None:
        """The trial that is accepted, else the lowest one, else `None`; `first` is the first length."""
        try:
            low, high = self._bracket(self._try(first))
            while True:
                width = high.length - low.length
                low, high = self._secant_twice(low, high)
                if high.length - low.length > GAMMA * width:
                    low, high = self._update(low, high, 0.5 * (low.length + high.length))
        except _Ended:
            return self.accepted or (self.lowest if self.lowest is not self.start else None)

    def _try(self, length: float) -> Trial:
        """Evaluate a length."""
        if not self.left:
            raise _Ended
        self.left -= 1
        trial = self._at(length)
        if trial.loss < self.lowest.loss:
            self.lowest = trial
        if self._is_good(trial):
            self.accepted = trial
            raise _Ended
        return trial

    def _is_good(self, trial: Trial) -> bool:
        slope = self.start.slope
        if not (math.isfinite(trial.loss) and trial.slope >= SIGMA * slope):
            return False
        lower = trial.loss - self.start.loss <= DELTA * trial.length * slope
        return lower or ((2 * DELTA - 1) * slope >= trial.slope and trial.loss <= self.highest)

    def _bracket(self, trial: Trial) -> tuple[Trial, Trial]:
        """An interval that holds an acceptable length, from the first trial on."""
        low = self.start
        while True:
            if not trial.loss <= self.highest:
                return self._bisect(self.start, trial)
            if trial.slope >= 0:
                return low, trial
            low, trial = trial, self._try(RHO * trial.length)

    def _bisect(self, low: Trial, high: Trial) -> tuple[Trial, Trial]:
        """Shrink an interval whose upper end is too high until the slope there is not negative."""
        while True:
            middle = self._try(0.5 * (low.length + high.length))
            if not middle.loss <= self.highest:
                high = middle
            elif middle.slope >= 0:
                return low, middle
            else:
                low = middle

    def _update(self, low: Trial, high: Trial, length: float) -> tuple[Trial, Trial]:
        """Shrink an interval by a trial at a length, if that is inside."""
        if not low.length < length < high.length:
            return low, high
        trial = self._try(length)
        if not trial.loss <= self.highest:
            return self._bisect(low, trial)
        return (low, trial) if trial.slope >= 0 else (trial, high)

    def _secant_twice(self, low: Trial, high: Trial) -> tuple[Trial, Trial]:
        """Shrink an interval by a secant step, and by another one on the side that has moved."""
        length = _secant(low, high)
        new_low, new_high = self._update(low, high, length)
        if length == new_high.length:
            return self._update(new_low, new_high, _secant(high, new_high))
        if length == new_low.length:
            return self._update(new_low, new_high, _secant(low, new_low))
        return new_low, new_high


def _secant(a: Trial, b: Trial) -> float:
    """Where the slope would vanish, were it a straight line; no number where it is level."""
    bend = b.slope - a.slope
    return (a.length * b.slope - b.length * a.slope) / bend if bend else math.nan


class HagerZhangDescent(Descent):
    """The package's descent with Hager and Zhang's line search."""

    def _search(self, function: ValueAndGradient, direction: np.ndarray) -> tuple[float, float, np.ndarray] | None:
        def at(length: float) -> Trial:
            loss, gradient = function(self.theta + length * direction)
            return Trial(length, loss, float(direction @ gradient), gradient)

        start = Trial(0.0, self.loss, float(direction @ self.gradient), self.gradient)
        found = LineSearch(at, start).run(1.0) if start.slope < 0 else None
        return None if found is None else (found.length, found.loss, found.gradient)
