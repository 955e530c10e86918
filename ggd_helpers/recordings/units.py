"""Measurements in units in which they are of the size 1, as networks and priors ask for."""

from dataclasses import dataclass, replace
from typing import Self

import torch
from torch import Tensor

from ggd_helpers.recordings.measured import Measurements


@dataclass(frozen=True)
class Units:
    """Units of one set of measurements: its values then reach from -1 to 1, and its longest record lasts 1.

    Attributes:
        shift: the middle between the smallest and the largest value of each coordinate, `(n,)`.
        size: half the distance between them, `(n,)`; 1 where it never changes.
        time: the longest duration of a record.
    """

    shift: Tensor
    size: Tensor
    time: float

    @classmethod
    def of(cls, data: Measurements) -> Self:
        """Of these measurements, whatever is missing in them."""
        low, high = data.limits
        size = (high - low) / 2
        time = (data.times - data.times[:, :1]).nan_to_num(0.0).max().item()
        return cls((low + high) / 2, torch.where(size > 0, size, 1.0), time)

    def standardise(self, data: Measurements) -> Measurements:
        """Measurements in these units; names of units are left out, for they hold no more.

        A deviation of the noise that is known comes along.
        """
        known = None if data.deviation is None else data.deviation / self.size
        names = {"names": [each.name for each in data.quantities], "time": [data.clock.name]}
        values = (data.values - self.shift) / self.size
        return replace(data, times=data.times / self.time, values=values, deviation=known, metadata=names)
