"""Tables in CSV files: the header, the rows, and the line on which something is wrong."""

import csv
import re
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from ggd_helpers.ranges import shown
from ggd_helpers.recordings.cells import complaint, is_number, to_numbers
from ggd_helpers.recordings.recording import existing_file
from ggd_helpers.recordings.rows import Layout, Part

CELLS_AT_ONCE = 4000  # more of them would have Python look for garbage again and again


class CsvFile:
    """A table in UTF-8 whose cells are separated by commas; blank lines, and lines of empty cells only, do not count.

    Raises:
        FileNotFoundError: no such file.
        ValueError: it is not such a table.
    """

    def __init__(self, path: str | Path):
        self.path = existing_file(path)
        self.name = str(self.path)
        with self._reader() as reader:
            self.columns = [name.strip() for name in next(reader, [])]
        if len(self.columns) == 1 and (mark := re.search(r"[;\t|]", self.columns[0])):
            raise ValueError(f"{self.name}: cells are separated by {mark[0]!r} (the first line is "
                             f"{shown(self.columns[0])}): save it with commas, and with decimal points.")  # fmt: skip

    @contextmanager
    def _reader(self) -> Iterator[Any]:
        try:
            with self.path.open(newline="", encoding="utf-8-sig") as file:
                yield csv.reader(file)
        except (UnicodeDecodeError, csv.Error) as error:
            raise ValueError(f"{self.name} is not a CSV file in UTF-8 ({error}): save it as CSV UTF-8.") from error

    def parts(self, layout: Layout) -> Iterator[Part]:
        """Read all rows, some at a time, and all of a column at once.

        Raises:
            ValueError: a line that cannot be read, or none at all.
        """
        with self._reader() as reader:
            next(reader, None)
            line, is_empty = reader.line_num, True
            while lines := list(islice(reader, 1 + CELLS_AT_ONCE // len(self.columns))):
                if rows := list(filter(any, lines)):
                    try:
                        part = self._part(layout, rows)
                    except ValueError:
                        raise ValueError(f"{self.name}, {self._problem(layout, line, lines)}") from None
                    is_empty = False
                    yield part
                line = reader.line_num
        if is_empty:
            raise ValueError(f"{self.name}: there is no row of data under the header.")

    def _part(self, layout: Layout, rows: list[list[str]]) -> Part:
        columns = list(zip(*rows, strict=True))
        if len(columns) != len(self.columns):
            raise ValueError("other cells than in the header")
        labels = [""] * len(rows) if layout.label is None else [text.strip() for text in columns[layout.label]]
        if layout.label is not None and "" in labels:
            raise ValueError("an empty label")
        state = [to_numbers(columns[i], layout.missing) for i in layout.state]
        return Part(labels, columns[layout.time], np.stack([to_numbers(columns[layout.time]), *state], axis=1))

    def _problem(self, layout: Layout, line: int, lines: list[list[str]]) -> str:
        """What `_part` cannot read in the lines behind this one: the first such place, in words."""
        for row in lines:
            line += 1 + len(re.findall(r"\r\n|\r|\n", ",".join(row)))  # a cell in quotes may hold several lines
            if not any(row):
                continue
            if len(row) != len(self.columns):
                return (
                    f"line {line}: {len(row)} cells where the header has {len(self.columns)}: is a comma missing, or "
                    "one a decimal comma?"
                )
            if layout.label is not None and not row[layout.label].strip():
                return (
                    f"line {line}, column {shown(self.columns[layout.label])}: the label is empty: name the trajectory."
                )
            if not is_number(row[layout.time]):
                why = complaint(row[layout.time], "give every row its time as a number, or leave the row out")
                return f"line {line}, column {shown(self.columns[layout.time])}: {why}"
            for i in layout.state:
                if not is_number(row[i], layout.missing):
                    return f"line {line}, column {shown(self.columns[i])}: {complaint(row[i], layout.remedy)}"
        raise AssertionError("no line of these is wrong")

    def at(self, row: int) -> str:
        """The line on which a row ends; the first row below the header is 0."""
        with self._reader() as reader:
            next(reader, None)
            next(islice(filter(any, reader), row, None))
            return f"{self.name}, line {reader.line_num}"
