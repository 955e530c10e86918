"""Whether measured times are evenly spaced, given that a file holds only so many of their digits."""

import math
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from ggd_helpers.ranges import shown


class Digits(NamedTuple):
    """The most digits that the times of a file are written with: after the point, and from the first that is not 0."""

    decimals: int = 0
    significant: int = 0

    def seen(self, texts: Iterable[str]) -> "Digits":
        """With the digits of these numbers, too."""
        decimals, significant = self
        for text in texts:
            mantissa, _, exponent = text.strip().lower().partition("e")
            whole, _, fraction = mantissa.partition(".")
            decimals = max(decimals, len(fraction) - int(exponent[:6] or 0))
            significant = max(significant, len((whole + fraction).lstrip("+-0")))
        return Digits(decimals, significant)

    def rounding(self, times: np.ndarray) -> np.ndarray:
        """How far a time may lie from the one that was measured: half of a last digit.

        A file keeps a number of decimals (`%.3f`) or of significant digits (`%.6g`); a last digit that is 0 may have
        been dropped. Both hold for all its times, so the coarser of the two is the last digit of a time.
        """
        first_digit = np.floor(np.log10(np.abs(times), out=np.full_like(times, -np.inf), where=times != 0))
        return 0.5 * np.maximum(np.float_power(10.0, -self.decimals), 10.0 ** (first_digit + 1 - self.significant))


def common_step(times: np.ndarray, labels: list[str], digits: Digits) -> float:
    """The time step that all trajectories share: the mean one, if the times are even up to how they were rounded.

    Shapes: `times` is `(trajectory, time)`, with a label for each trajectory.

    Raises:
        ValueError: times that do not increase or are not even, with the place.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        steps = np.diff(times, axis=1)
        dt = float(steps.mean(axis=1).mean())
        first = float(steps[0, 0])
        off = np.abs(steps - first)
        stuck = ~(steps > 0)
        if stuck.any():
            i, k = _first(stuck)
            raise ValueError(
                f"times must increase; in trajectory {shown(labels[i])} they do not after {times[i, k]:.6g}."
            )
        if not (off <= 1e-6 * first).all() and not _even_but_rounded(times, dt, digits):
            i, k = _first(~(off <= 0.5 * off.max()))  # not the first one that is off: rounded ones may stand before
            raise ValueError(
                f"times are not evenly spaced: in trajectory {shown(labels[i])} the step after t = {times[i, k]:.6g} "
                f"is {steps[i, k]:.6g}, the first one of the file is {first:.6g}, more than rounding explains. "
                "Interpolate to even steps, or write the times with more digits."
            )
    return dt


def _first(where: np.ndarray) -> tuple[int, int]:
    i, k = np.unravel_index(where.argmax(), where.shape)
    return int(i), int(k)


def _even_but_rounded(times: np.ndarray, dt: float, digits: Digits) -> bool:
    """Whether times `start + k dt`, with one `dt` for all trajectories, may have been written as these.

    Only where the last digit is at most half a step, so that a missing row is seen, and so much finer than a whole
    trajectory that `dt` is known to 5 %.
    """
    from scipy.optimize import minimize_scalar  # here, for it takes 0.6 s

    half, count = digits.rounding(times), times.shape[1]
    last_digit = 2 * float(half.max())
    if not (math.isfinite(dt) and last_digit <= dt * min(1 / 2, (count - 1) / 20)):
        return False
    width, tiny = 2 * last_digit / (count - 1), 1e-3 * last_digit

    def misfit(half: np.ndarray) -> float:
        """By how much the times leave the closest even ones' surroundings of half a digit; negative where they fit."""

        def excess(change: float) -> float:
            off = times - (dt + change * width) * np.arange(count)
            return float(((off - half).max(axis=1) - (off + half).min(axis=1)).max())

        return minimize_scalar(excess, bounds=(-1, 1), method="bounded", options={"xatol": 1e-6}).fun

    # Counted from 0, which is exact, 1/16 = 0.0625 may be written 0.062, a tie; or all were cut off, not rounded.
    return misfit(half * (times != 0)) <= tiny or misfit(half) < -tiny
