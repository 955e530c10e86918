"""How sure a law is that was fitted to measurements: bands on whatever it says, from the curvature of its misfit."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple, Self

import torch
from torch import Tensor, nn
from torch.func import jacfwd

from ggd_helpers.ranges import check
from ggd_helpers.recordings.measured import Measurements
from ggd_helpers.training.normal_equations import NormalEquations
from ggd_helpers.training.record_likelihood import RecordLikelihood, RecordPosterior
from ggd_helpers.training.weights import Weights

STEPS = 20  # of Gauss and Newton, at most, for the starts alone


class Band(NamedTuple):
    """Numbers, their standard deviations, and the degrees of freedom from which these are known.

    Attributes:
        value, deviation: of one shape, any.
        degrees: of Student's distribution; infinite for a normal one.
    """

    value: Tensor
    deviation: Tensor
    degrees: float = float("inf")

    def edges(self, level: float = 0.9) -> tuple[Tensor, Tensor]:
        """The lower and the upper edge of the interval that holds the truth with the probability `level`."""
        from scipy import stats  # here, for it takes a second

        check("level", level, "0 to 1", "it is the probability that a band holds the truth")
        reach = float(stats.t.ppf(0.5 + 0.5 * level, self.degrees)) * self.deviation
        return self.value - reach, self.value + reach

    def holds(self, truth: Tensor, level: float = 0.9) -> Tensor:
        """Where the truth lies in it, of its shape."""
        low, high = self.edges(level)
        return (low <= truth) & (truth <= high)


@dataclass(frozen=True)
class Laplace:
    """The normal distribution of a fitted law's weights about their most probable values: Laplace's approximation.

    `covariance = H^-1`, with Gauss and Newton's Hessian `H` of the misfit, the starts averaged over. The noise is
    `sum r^2 / (N - h)`, where `h` counts the values that weights and starts have used up: the trace of the matrix that
    maps values to fitted values.

    Attributes:
        model: the fitted law.
        covariance: of its weights, `(p, p)`.
        noise: its deviation, given or estimated, `(n,)`, on the scale of the likelihood.
        starts: the states in which the records start, `(k, n)`.
        fitted: the paths at the times of the measurements, `(k, m, n)`.
        residuals: value minus path in deviations of the noise, `(k, m, n)`; NaN where nothing was seen.
        degrees: the number of values less what was used up.
        likelihood: what was assumed.
    """

    model: nn.Module
    covariance: Tensor
    noise: Tensor
    starts: Tensor
    fitted: Tensor
    residuals: Tensor
    degrees: float
    likelihood: RecordLikelihood
    noise_given: bool

    @classmethod
    @torch.no_grad()
    def of(cls, model: nn.Module, data: Measurements, likelihood: RecordLikelihood | None = None) -> Self:
        """About the weights that a model has, which should be the most probable ones; costs a few iterations.

        Args:
            model: a law, fitted to the same data with `WholeRecords(likelihood)`.
            data: the measurements that it was fitted to.
            likelihood: that of the fit.

        Raises:
            ValueError: the law cannot be followed through the records; or see `RecordLikelihood.of`.
        """
        likelihood = likelihood or RecordLikelihood()
        posterior = likelihood.of(model, data.like(next(model.parameters())))
        point = _best_starts(posterior)
        noise, given = posterior.noise(point.misses), data.deviation is not None
        equations = posterior.normal_equations(point, noise)
        used = _used_up(equations).unflatten(-1, point.misses.shape[1:]).sum(dim=(0, 1))
        if not given:
            left = (posterior.counts - used).clamp_min(0.5)
            squares = point.misses.square().sum(dim=(0, 1)) + posterior.negligible
            noise = torch.where(posterior.counts > 0, squares / left, 1.0).sqrt()
            equations = posterior.normal_equations(point, noise)
        return cls(
            model,
            torch.linalg.inv(equations.reduced()),
            noise,
            likelihood.domain.states(point.raw),
            point.paths.states,
            torch.where(posterior.observed, -point.misses / noise, torch.nan),
            float((posterior.counts - used).sum()),
            likelihood,
            given,
        )

    @torch.no_grad()
    def band(self, question: Callable[[Any], Tensor]) -> Band:
        """The band on `question(model)`, a tensor of any shape: `deviation^2 = g . covariance g`, `g` its slope.

        `band(lambda law: law(grid))` is the band on the velocity, `band(lambda law: law.dissipation(x, y))` that on Xi.
        """
        weights = Weights(self.model)
        theta = weights.read()
        slopes = jacfwd(lambda theta: weights.ask(question, theta))(theta)
        return self._from_slopes(question(self.model), slopes)

    @torch.no_grad()
    def rollout(self, starts: Tensor, times: Tensor) -> Band:
        """The band on the path from known starts `(k, n)` at the times `(m,)`, the first of them 0: `(k, m, n)`."""
        weights = Weights(self.model)
        follow = self.likelihood.integrator.finer().through(weights, times.expand(len(starts), -1))
        paths = follow(weights.read(), starts)
        return self._from_slopes(paths.states, paths.slopes()[0])

    def _from_slopes(self, value: Tensor, slopes: Tensor) -> Band:
        variance = torch.einsum("...p,pq,...q->...", slopes, self.covariance, slopes)
        return Band(value, variance.clamp_min(0).sqrt(), float("inf") if self.noise_given else self.degrees)


def _best_starts(posterior: RecordPosterior):
    """The most probable starts for the weights that a law has, by Gauss and Newton; each record has its own."""
    point = posterior.begin(posterior.weights.read())
    for _ in range(STEPS):
        noise = posterior.noise(point.misses)
        equations = posterior.normal_equations(point, noise)
        pull = posterior.pull(point, equations, noise).starts
        step = torch.linalg.solve(equations.starts, pull[..., None])[..., 0]
        tried = posterior.at(point.theta, point.raw + step)
        if not tried.misfit < point.misfit - 1e-6:
            break
        point = tried
    if not point.misses.isfinite().all():
        raise ValueError("The law cannot be followed through the records: fit it to them first.")
    return point


def _used_up(equations: NormalEquations) -> Tensor:
    """How much of each value weights and starts have used up, `(k, i)`: the diagonal of `J H^-1 J^T`, 0 to 1."""
    solved = torch.linalg.solve(equations.starts, equations.by_start.mT)
    by_own = (equations.by_start * solved.mT).sum(-1)
    rest = equations.by_weights - equations.by_start @ torch.linalg.solve(equations.starts, equations.cross.mT)
    return by_own + ((rest @ torch.linalg.inv(equations.reduced())) * rest).sum(-1)
