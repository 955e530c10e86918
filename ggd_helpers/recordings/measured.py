"""Recordings as they were measured: own times for each trajectory, different lengths, gaps, a known deviation."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from ggd_helpers.recordings.recording import Recording, check_numbers


@dataclass(frozen=True)
class Measurements(Recording):
    """Values at times of their own; NaN stands where nothing was measured.

    Attributes:
        times: increasing, `(trajectory, time)`; NaN behind the end of a shorter trajectory.
        values: `(trajectory, time, n)`; NaN where a value is missing.
        deviation: of the noise, in the units of the values, `(n,)`; `None` where it is not known.
        metadata: how the data came about; plain JSON values.

    Raises:
        ValueError: shapes that do not fit, times that do not increase, a value without a time, a trajectory without any
            value, or a deviation that is negative.
    """

    shared: ClassVar[frozenset[str]] = frozenset({"deviation"})

    times: Tensor
    values: Tensor
    deviation: Tensor | None = None
    metadata: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        times, values = self.times, self.values
        if times.dim() != 2 or values.dim() != 3 or values.shape[:2] != times.shape:
            raise ValueError(f"times must have shape (trajectory, time) and values (trajectory, time, n); "
                             f"got {tuple(times.shape)} and {tuple(values.shape)}.")  # fmt: skip
        check_numbers(times=times, values=values, deviation=self.deviation)
        if times.isinf().any() or values.isinf().any():
            raise ValueError("times and values must not be infinite: leave out what was not measured (NaN).")
        timed = ~times.isnan()
        backwards = (times.diff(dim=1) <= 0).any(dim=1) | (timed.int().diff(dim=1) > 0).any(dim=1)
        valueless = ~self.observed.any(dim=(1, 2))
        for wrong, what in (
            (backwards, "times must increase, with NaN behind the last one only"),
            (valueless, "every trajectory needs a value"),
            ((self.observed.any(dim=2) & ~timed).any(dim=1), "every value needs a time"),
        ):
            if wrong.any():
                raise ValueError(f"{what}; trajectory {int(wrong.nonzero()[0])} is not so.")
        n = values.shape[-1]
        if self.deviation is not None and not (self.deviation.shape == (n,) and (self.deviation >= 0).all()):
            raise ValueError(f"deviation must be {n} numbers, none negative, one a coordinate "
                             f"(got {self.deviation.tolist()}).")  # fmt: skip

    @classmethod
    def of(
        cls, records: Sequence[tuple[Tensor, Tensor]], deviation: Tensor | None = None, metadata: dict | None = None
    ) -> Self:
        """From one pair `times (time,)`, `values (time, n)` a trajectory, of any lengths."""
        times, values = (pad_sequence([r[i] for r in records], True, torch.nan) for i in range(2))
        return cls(times, values, deviation, metadata or {})

    @property
    def observed(self) -> Tensor:
        """Where there is a value, `(trajectory, time, n)`."""
        return ~self.values.isnan()
