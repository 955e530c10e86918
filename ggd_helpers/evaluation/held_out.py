"""Measurements parted in two, what a law is fitted to and what it is judged by, and how it fares."""

from dataclasses import dataclass, replace
from typing import Self

from torch import Tensor

from ggd_helpers.evaluation.laplace import Laplace
from ggd_helpers.recordings.measured import Measurements


@dataclass(frozen=True)
class HeldOut:
    """What a law learns from, and what it is not shown.

    Attributes:
        learn_from: the measurements to fit a law to.
        judge_by: the records that hold what it is not shown.
        unseen: where in these it stands, `(k, m, n)`.
    """

    learn_from: Measurements
    judge_by: Measurements
    unseen: Tensor

    @classmethod
    def of(cls, data: Measurements, fraction: float = 0.2, seed: int = 0) -> Self:
        """Hold out this share of the records, drawn at random; of a single record the last third.

        Raises:
            ValueError: a fraction or seed out of range, or a single record without a value in its first two thirds.
        """
        if len(data) > 1:
            learn_from, judge_by = data.split(fraction, seed)
            return cls(learn_from, judge_by, judge_by.observed)
        cut = 2 * data.times.shape[1] // 3
        begun = replace(data, times=data.times[:, :cut], values=data.values[:, :cut])
        unseen = data.observed.clone()
        unseen[:, :cut] = False
        return cls(begun, data, unseen)

    @property
    def beyond(self) -> int:
        """How many unseen values lie beyond all those to learn from, where nothing was learned."""
        low, high = self.learn_from.limits
        return int(((self.judge_by.values < low) | (self.judge_by.values > high))[self.unseen].sum())

    def misfit(self, fitted: Laplace) -> float:
        """How far unseen values lie off the law's paths, in deviations of the noise (rms): 1 if law and noise are true.

        `sqrt(sum r^2 / (N - h))`: every record has its own most probable start, since nobody knows a noisy one exactly,
        and `h` of these starts are told by the `N` unseen values alone. What is judged is the law in between.

        Raises:
            ValueError: the law cannot be followed through the records.
        """
        judged = Laplace.of(fitted.model, replace(self.judge_by, deviation=fitted.noise), fitted.likelihood)
        told = self.unseen.any(dim=1) & ~(self.judge_by.observed & ~self.unseen).any(dim=1)
        told[:, list(fitted.likelihood.known_starts)] = False
        left = self.unseen.sum() - told.sum()
        return (judged.residuals[self.unseen].square().sum() / left.clamp_min(1)).sqrt().item()
