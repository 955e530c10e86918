"""Whether a law explains measurements: what it leaves over should look like noise."""

import math
from dataclasses import dataclass
from typing import Self

import torch
from scipy import stats
from torch import Tensor

from ggd_helpers.evaluation.laplace import Laplace
from ggd_helpers.recordings.measured import Measurements
from ggd_helpers.training.weights import Weights

SUSPICIOUS = 1e-3  # the probability below which chance is no explanation any more
INEXACT = 0.1  # of the noise's deviation: the largest error of a path that does no harm


@dataclass(frozen=True)
class ResidualCheck:
    """Three questions to the residuals of a fit.

    Attributes:
        chi_square, degrees: the sum of the squared residuals in deviations of the noise, and its expectation under the
            law; only where the deviation was given, else `None`: an estimated one makes them equal.
        p_value: the probability of a larger `chi_square`, were the law true; small if the law misses something.
        lag_one: the correlation of residuals that follow each other in a record; NaN where hardly any do.
        lag_one_p: the probability of a larger one in white normal noise, of pairs as if they were independent.
        path_error: the largest error of the numerical paths, in deviations of the noise.
    """

    chi_square: float | None
    degrees: float
    p_value: float | None
    lag_one: float
    lag_one_p: float
    path_error: float

    @classmethod
    @torch.no_grad()
    def of(cls, fitted: Laplace, data: Measurements) -> Self:
        """Check a fit with the data that it was made of."""
        residuals = fitted.residuals
        chi_square = residuals.square().nansum().item()
        given = data.deviation is not None
        lag_one, lag_one_p = _lag_one(residuals)
        return cls(
            chi_square if given else None,
            fitted.degrees,
            float(stats.chi2.sf(chi_square, fitted.degrees)) if given else None,
            lag_one,
            lag_one_p,
            _path_error(fitted, data),
        )

    @property
    def verdict(self) -> str:
        """What the numbers say, and what to do."""
        if self.path_error > INEXACT:
            return ("The paths themselves are off by more than a tenth of the noise: take more steps "
                    "(GradedRK4(steps=...)), or Radau() if the law is stiff.")  # fmt: skip
        if self.p_value is not None and self.p_value < SUSPICIOUS:
            return ("The residuals are larger than the noise: the law misses something (a variable that was not seen, "
                    "too small a network, a fit that has not arrived: try more restarts), or the deviation that was "
                    "given is too small.")  # fmt: skip
        if self.p_value is not None and self.p_value > 1 - SUSPICIOUS:
            return "The residuals are smaller than the noise: the deviation that was given is too large."
        if self.lag_one_p < SUSPICIOUS:
            return ("Neighbouring residuals go together: the law misses something (a variable that was not seen, too "
                    "small a network, a fit that has not arrived: try more restarts), or the errors of the "
                    "measurement do; the bands are then too narrow.")  # fmt: skip
        if math.isnan(self.lag_one_p):
            return "Too few values follow each other: whether the residuals are noise cannot be told."
        return "The residuals look like noise: the data give no reason to doubt the law."


def _lag_one(residuals: Tensor) -> tuple[float, float]:
    """The correlation `r` of values next to each other in time, and the probability of a larger one in white noise.

    Of `n` pairs `r sqrt((n - 1)/(1 - r^2))` follows Student's distribution with `n - 1` degrees of freedom.
    """
    before, after = _seen_in_a_row(residuals).unbind(dim=-1)
    if len(before) < 2:
        return math.nan, math.nan
    r = (before.dot(after) / (before.norm() * after.norm())).item()
    return r, float(stats.t.sf(r * math.sqrt((len(before) - 1) / max(1 - r**2, 1e-12)), len(before) - 1))


def _seen_in_a_row(residuals: Tensor) -> Tensor:
    """Each residual with the next one of its coordinate and record that was seen, `(pairs, 2)`."""
    pairs = [torch.empty(0, 2).to(residuals)]
    for series in residuals.mT.flatten(0, 1):
        pairs.append(series[~series.isnan()].unfold(0, 2, 1) if (~series.isnan()).sum() > 1 else pairs[0])
    return torch.cat(pairs)


def _path_error(fitted: Laplace, data: Measurements) -> float:
    """How far paths move when they are made more exactly, where something was measured, in deviations of the noise."""
    weights = Weights(fitted.model)
    finer = fitted.likelihood.integrator.finer().through(weights, data.times)
    scale = fitted.likelihood.scale
    moved = (scale(finer(weights.read(), fitted.starts).states) - scale(fitted.fitted)) / fitted.noise
    return moved[data.observed].abs().max().item()
