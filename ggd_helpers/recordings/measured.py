"""Recordings as they were measured: own times for each trajectory, different lengths, gaps, a known deviation."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import pad
from torch.nn.utils.rnn import pad_sequence

from ggd_helpers.ranges import check, shown
from ggd_helpers.recordings.columns import Choice, choose
from ggd_helpers.recordings.csv_files import CsvFile
from ggd_helpers.recordings.frames import Frame
from ggd_helpers.recordings.own_times import records_of
from ggd_helpers.recordings.quantities import Quantity
from ggd_helpers.recordings.recording import Recording, check_numbers
from ggd_helpers.recordings.regular import Trajectories
from ggd_helpers.recordings.rows import Rows, Source


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

    @classmethod
    def from_csv(
        cls,
        path: str | Path,
        columns: Sequence[str] | None = None,
        time: str | None = None,
        trajectory: str | None = None,
        hidden: Sequence[str] = (),
        deviation: Sequence[float] | None = None,
    ) -> Self:
        """Read your own measurements: a row for every time of a trajectory; columns of labels, times, coordinates.

        Trajectories may have times of their own, any length, and rows in between each other. A cell that is empty, or
        says NaN, NA or null, is a missing value. Headers may give units, `x [mm]` or `t (min)`; names are then `x` and
        `t`. What was assumed stands in `metadata["assumed"]`, in sentences.

        Args:
            path: of the file.
            columns: the coordinates; all columns that are left unless given.
            time: the column of times; `t` or `time` unless given.
            trajectory: the column of labels; `trajectory` unless given, and all rows are one record where it is not.
            hidden: names for coordinates of the state that were never measured, or whose column is not to be read; they
                come last.
            deviation: of the noise, a number for each measured coordinate in the order of `columns` (a hidden one gets
                1, which nothing uses); `None` where it is not known.

        Raises:
            FileNotFoundError: no such file.
            ValueError: a name that is not in the header, a cell that is no number, a time that stands twice or runs
                back, a trajectory or a coordinate without any value; it names the line.
        """
        file = CsvFile(path)
        return cls._read(file, file.path.name, choose(file, columns, time, trajectory, hidden), deviation)

    @classmethod
    def from_frame(
        cls,
        frame: Any,
        columns: Sequence[str] | None = None,
        time: str | None = None,
        trajectory: str | None = None,
        hidden: Sequence[str] = (),
        deviation: Sequence[float] | None = None,
    ) -> Self:
        """Like `from_csv`, from the columns of a data frame (pandas, polars) or of a dictionary of arrays.

        Raises:
            ValueError: as `from_csv`; it names the row.
        """
        source = Frame(frame)
        return cls._read(source, source.name, choose(source, columns, time, trajectory, hidden), deviation)

    @classmethod
    def _read(cls, source: Source, origin: str, choice: Choice, deviation: Sequence[float] | None) -> Self:
        known = _deviation(choice.measured, deviation)
        rows = Rows()
        for part in source.parts(choice.layout):
            rows.add(part)
        times, values, said = records_of(source, rows)
        for i, each in enumerate(choice.measured):
            if np.isnan(values[:, :, i]).all():
                raise ValueError(f"{source.name}: column {shown(each.name)} holds no value: leave it out, or say that "
                                 f"it was never measured (hidden=[{shown(each.name)}]).")  # fmt: skip
        unseen = np.full((*times.shape, len(choice.hidden)), np.nan)
        state = [*choice.measured, *map(Quantity, choice.hidden)]
        metadata = {
            "source": origin,
            "names": [each.name for each in state],
            "units": [each.unit for each in state],
            "time": list(choice.time),
            "left_out": choice.left_out,
            "assumed": choice.assumed + said,
        }
        deviations = None if known is None else torch.tensor(known + [1.0] * len(choice.hidden), dtype=torch.float64)
        tensors = torch.from_numpy(times.copy()), torch.from_numpy(np.concatenate([values, unseen], axis=2))
        return cls(*tensors, deviations, metadata)

    @classmethod
    def from_trajectories(cls, data: Trajectories, deviation: Tensor | None = None) -> Self:
        """The same states at the same times, every one of them measured."""
        times = data.times.expand(len(data), -1).clone()
        return cls(times, data.states.clone(), deviation, dict(data.metadata))

    def begun_at(self, time: float) -> Self:
        """The same records with a time in front at which nothing was measured: that is where their paths start.

        Raises:
            ValueError: a record has a time before it.
        """
        times, values = pad(self.times, (1, 0), value=time), pad(self.values, (0, 0, 1, 0), value=torch.nan)
        return replace(self, times=times, values=values)

    def with_hidden(self, name: str) -> Self:
        """The same records of a state with one more coordinate, which was never measured; it comes last."""
        known = [*self.quantities, Quantity(name)]
        more = {"names": [each.name for each in known], "units": [each.unit for each in known]}
        deviation = None if self.deviation is None else pad(self.deviation, (0, 1), value=1.0)
        return replace(
            self,
            values=pad(self.values, (0, 1), value=torch.nan),
            deviation=deviation,
            metadata=self.metadata | more,
        )

    @property
    def quantities(self) -> list[Quantity]:
        """Name and unit of every coordinate; as text `x (mm)`, for an axis."""
        n = self.values.shape[-1]
        names = self.metadata.get("names", ["x"] if n == 1 else [f"x{i + 1}" for i in range(n)])
        return list(map(Quantity, names, self.metadata.get("units", [None] * n)))

    @property
    def clock(self) -> Quantity:
        """Name and unit of the time."""
        return Quantity(*self.metadata.get("time", ["t"]))

    @property
    def observed(self) -> Tensor:
        """Where there is a value, `(trajectory, time, n)`."""
        return ~self.values.isnan()

    @property
    def limits(self) -> tuple[Tensor, Tensor]:
        """The smallest and the largest value of each coordinate, `(n,)` twice."""
        values = self.values.flatten(0, 1)
        return values.nan_to_num(torch.inf).amin(dim=0), values.nan_to_num(-torch.inf).amax(dim=0)


def _deviation(measured: list[Quantity], deviation: Sequence[float] | None) -> list[float] | None:
    """One positive number for each coordinate."""
    if deviation is None:
        return None
    names = [each.name for each in measured]
    if not isinstance(deviation, Sequence) or isinstance(deviation, str) or len(deviation) != len(names):
        raise ValueError(f"deviation must be a list of {len(names)} numbers, for {shown(', '.join(names))} "
                         f"(got {shown(deviation)}): give one for each.")  # fmt: skip
    for name, value in zip(names, deviation, strict=True):
        check(f"deviation of {shown(name)}", value, "positive", "it is how far its readings scatter about the truth")
    return [float(value) for value in deviation]
