"""Tables in memory: a data frame of pandas or polars, or a dictionary of arrays."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from ggd_helpers.ranges import shown
from ggd_helpers.recordings.cells import MISSING, complaint, is_number, to_numbers
from ggd_helpers.recordings.rows import Layout, Part


class Frame:
    """Named columns of equal length: whatever has `columns` or `keys()`, and gives a column for its name.

    Raises:
        ValueError: it is not such a table.
    """

    name = "the frame"

    def __init__(self, frame: Any):
        names = getattr(frame, "columns", None)
        if names is None and not hasattr(frame, "keys"):
            kind = type(frame).__name__
            raise ValueError(f"frame must be a data frame or a dictionary of columns (got {kind}): give one such as "
                             "{'t': [0, 1], 'x': [5, 4]}.")  # fmt: skip
        self._frame = frame
        self._keys = list(frame.keys() if names is None else names)
        self.columns = [str(key).strip() for key in self._keys]

    def parts(self, layout: Layout) -> Iterator[Part]:
        """Read all rows at once.

        Raises:
            ValueError: a column that is no row of numbers, columns of different lengths, or no row at all.
        """
        time = self._numbers(layout.time, frozenset(), "give every row its time as a number, or leave the row out")
        state = [self._numbers(i, layout.missing, layout.remedy) for i in layout.state]
        labels = [""] * len(time) if layout.label is None else self._labels(layout.label)
        lengths = [len(labels), *map(len, state)]
        for i, length in zip([layout.label or 0, *layout.state], lengths, strict=True):
            if length != len(time):
                raise ValueError(f"{self.name}: column {shown(self.columns[i])} has {length} rows, "
                                 f"{shown(self.columns[layout.time])} has {len(time)}: make them equal.")  # fmt: skip
        if not len(time):
            raise ValueError(f"{self.name}: there is no row of data.")
        yield Part(labels, [], np.stack([time, *state], axis=1))

    def at(self, row: int) -> str:
        """The number of a row."""
        return f"{self.name}, row {row} (counted from 0)"

    def _column(self, i: int) -> np.ndarray:
        try:
            column = np.asarray(self._frame[self._keys[i]])
        except ValueError:  # rows of different lengths
            column = np.zeros((0, 0))
        if column.ndim != 1 or column.dtype.kind not in "fiuOUTS":
            kind = f"{column.ndim} dimensions" if column.ndim != 1 else f"values of type {column.dtype}"
            raise ValueError(
                f"{self.name}: column {shown(self.columns[i])} has {kind}: give one list of plain numbers."
            )
        return column

    def _numbers(self, i: int, missing: frozenset[str], remedy: str) -> np.ndarray:
        column = self._column(i)
        if column.dtype.kind in "fiu" and (missing or not np.isnan(column).any()) and not np.isinf(column).any():
            return column.astype(float)
        texts = [str(value) for value in column.tolist()]
        try:
            return to_numbers(texts, missing)
        except ValueError:
            row = next(row for row, text in enumerate(texts) if not is_number(text, missing))
            place = f"{self.at(row)}, column {shown(self.columns[i])}"
            raise ValueError(f"{place}: {complaint(texts[row], remedy)}") from None

    def _labels(self, i: int) -> list[str]:
        labels = [str(value).strip() for value in self._column(i).tolist()]
        for row, label in enumerate(labels):
            if label.lower() in MISSING:
                place = f"{self.at(row)}, column {shown(self.columns[i])}"
                raise ValueError(f"{place}: the label is empty: name the trajectory.")
        return labels
