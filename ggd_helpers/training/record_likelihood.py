"""The likelihood of whole records: how probable measurements are under a law, whatever the records' starts."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import torch
from torch import Tensor, nn

from ggd_helpers.ranges import check
from ggd_helpers.recordings.measured import Measurements
from ggd_helpers.training.graded_rk4 import GradedRK4
from ggd_helpers.training.normal_equations import NormalEquations, Pull
from ggd_helpers.training.record_paths import Integrator, Paths
from ggd_helpers.training.starts_of_records import Domain, Everywhere, Starts
from ggd_helpers.training.weights import Weights


class Point(NamedTuple):
    """Weights `(p,)` and free numbers of the starts `(k, n)`, and what they lead to.

    Attributes:
        paths: through all records.
        misses: path minus value where there is a value, else 0, `(k, m, n)`, on the scale of the noise.
        misfit: minus the logarithm of the posterior density, up to a constant.
    """

    theta: Tensor
    raw: Tensor
    paths: Paths
    misses: Tensor
    misfit: float


def unchanged(values: Tensor) -> Tensor:
    """The scale of noise that is as large everywhere."""
    return values


@dataclass(frozen=True)
class RecordLikelihood:
    """What is assumed of measurements, to say how probable they are under a law.

    Attributes:
        integrator: how the law is followed: `GradedRK4`, or `Radau` if it is stiff.
        prior: the deviation of a normal prior on all weights, about 0: weak, for weights of the size 1; a large number
            for none.
        scale: the function, of each number alone, after which the noise is as large everywhere: `torch.log` for errors
            in percent. A deviation that is given is of this scale.
        domain: where states may lie: `Everywhere`, or `Positive` for concentrations.
        known_starts: the coordinates whose starts are known, and their value: `{1: 0.0}` for an amount that was never
            seen, and that was not there in the beginning. All other starts are free.
    """

    integrator: Integrator = field(default_factory=GradedRK4)
    prior: float = 5.0
    scale: Callable[[Tensor], Tensor] = unchanged
    domain: Domain = field(default_factory=Everywhere)
    known_starts: Mapping[int, float] = field(default_factory=dict)

    def of(self, model: nn.Module, data: Measurements) -> "RecordPosterior":
        """Prepare for a law and measurements of one dtype and device.

        Raises:
            ValueError: a number out of range, or data that cannot tell what they must; see `RecordPosterior`.
        """
        check("prior", self.prior, "positive", "it is the deviation of the prior on the weights")
        return RecordPosterior(self, Weights(model), data)


class RecordPosterior:
    """Minus the logarithm of the posterior density of a law's weights and all starts, given measurements.

    `L = sum_c misfit_c + 1/2 |theta/prior|^2 + 1/2 sum |(raw - guess)/spread|^2`, where the misses of a coordinate,
    `r = scale(path) - scale(value)`, add `misfit_c = 1/2 sum (r/deviation_c)^2` if the deviation of the noise is known,
    and else `misfit_c = nu_c/2 ln sum r^2`: the noise at its most probable value, `sum r^2/nu_c`, where `nu_c` is the
    number of values less the number of starts that they must tell.

    Raises:
        ValueError: a coordinate with too few values to tell the noise, or a deviation that is 0.
    """

    def __init__(self, assumed: RecordLikelihood, weights: Weights, data: Measurements):
        self.assumed, self.weights, self.data = assumed, weights, data
        self.follow = assumed.integrator.through(weights, data.times)
        self.starts = Starts.of(data, assumed.known_starts, assumed.domain)
        self.free = self.starts.spread > 0
        self.observed = data.observed
        self.values = torch.where(self.observed, assumed.scale(data.values), 0.0)
        self.counts = self.observed.sum(dim=(0, 1))
        self.degrees = self.counts - (self.observed.any(dim=1) & self.free).sum(dim=0)
        self.negligible = 1e-18 * self.values.square().sum(dim=(0, 1))
        self._check()

    def _check(self) -> None:
        given = self.data.deviation
        if not self.values.isfinite().all():
            raise ValueError("a value lies outside the domain of scale: leave it out, or take another scale.")
        if given is not None and not (given > 0).all():
            raise ValueError(f"deviation must be positive (got {given.tolist()}): leave it out to have it estimated.")
        for c, (count, degrees) in enumerate(zip(self.counts.tolist(), self.degrees.tolist(), strict=True)):
            if given is None and count and degrees < 1:
                raise ValueError(f"coordinate {c} has {count} values, too few to tell the noise from the starts: give "
                                 "the deviation of the noise, or longer records.")  # fmt: skip

    def at(self, theta: Tensor, raw: Tensor) -> Point:
        """Follow all records."""
        paths = self.follow(theta, self.assumed.domain.states(raw))
        misses = torch.where(self.observed, self.assumed.scale(paths.states) - self.values, 0.0)
        prior = (theta / self.assumed.prior).square().sum() + self._off(raw).square().sum()
        misfit = (self._data_misfit(misses) + 0.5 * prior).item()
        return Point(theta, raw, paths, misses, misfit if math.isfinite(misfit) else math.inf)

    def begin(self, theta: Tensor) -> Point:
        """With these weights, and every start where the first values lie."""
        return self.at(theta, self.starts.guess)

    def _data_misfit(self, misses: Tensor) -> Tensor:
        squares = misses.square().sum(dim=(0, 1))
        if self.data.deviation is not None:
            return 0.5 * (squares / self.data.deviation**2).sum()
        seen = self.counts > 0
        return 0.5 * (self.degrees * (squares + self.negligible).log())[seen].sum()

    @property
    def _spread(self) -> Tensor:
        return torch.where(self.free, self.starts.spread, 1.0)

    def _off(self, raw: Tensor) -> Tensor:
        """How far starts are from their guess, in deviations of their prior, `(k, n)`."""
        return (raw - self.starts.guess) / self._spread

    def noise(self, misses: Tensor) -> Tensor:
        """The noise's deviation that is given, or the most probable one, `(n,)`; 1 for a coordinate never seen."""
        if self.data.deviation is not None:
            return self.data.deviation
        squares = misses.square().sum(dim=(0, 1)) + self.negligible
        return torch.where(self.counts > 0, squares / self.degrees.clamp_min(1), 1.0).sqrt()

    def slopes(self, point: Point) -> tuple[Tensor, Tensor]:
        """How the misses move with weights and free starts, `(k, m, n, p)` and `(k, m, n, n)`; 0 where none is."""
        by_weights, by_start = point.paths.slopes()
        one = torch.ones_like(point.paths.states)
        scale = torch.func.jvp(self.assumed.scale, (point.paths.states,), (one,))[1]
        scale = torch.where(self.observed, scale, 0.0)[..., None]
        inner = self.assumed.domain.slope(point.raw) * self.free
        return scale * by_weights, scale * by_start * inner[:, None, None, :]

    def normal_equations(self, point: Point, noise: Tensor) -> NormalEquations:
        """Gauss and Newton's Hessian at a point, with the noise's deviations `(n,)`."""
        by_weights, by_start = ((each / noise[:, None]).flatten(1, 2) for each in self.slopes(point))
        weights = torch.full_like(point.theta, self.assumed.prior**-2)
        return NormalEquations.of(by_weights, by_start, weights, self._spread**-2)

    def pull(self, point: Point, equations: NormalEquations, noise: Tensor) -> Pull:
        """Minus the slope of the misfit at a point."""
        weights, starts = equations.pull((point.misses / noise).flatten(1, 2))
        return Pull(weights - point.theta / self.assumed.prior**2, starts - self._off(point.raw) / self._spread)
