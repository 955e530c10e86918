"""Measurements from CSV files: columns `trajectory`, `t`, and one for every coordinate of the state."""

import csv
import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice, takewhile
from pathlib import Path

import numpy as np

from ggd_helpers.ranges import shown
from ggd_helpers.recordings.even_times import Digits, common_step

CELLS_AT_ONCE = 200_000  # as text they take 60 bytes each, as numbers 8


@dataclass(frozen=True)
class Header:
    """The columns of a file: where the label stands, where the time and the coordinates, what is left out."""

    columns: list[str]
    names: list[str]
    left_out: list[str]

    @property
    def label(self) -> int:
        return self.columns.index("trajectory")

    @property
    def numbers(self) -> list[int]:
        """Where the time and then the coordinates stand."""
        return [self.columns.index(name) for name in ("t", *self.names)]


@dataclass
class Rows:
    """What was read so far: for every row the number of its trajectory, its time and its state."""

    labels: dict[str, int] = field(default_factory=dict)
    trajectory: list[np.ndarray] = field(default_factory=list)
    table: list[np.ndarray] = field(default_factory=list)
    digits: Digits = field(default_factory=Digits)


def read_regular(path: Path) -> tuple[Header, float, np.ndarray]:
    """The columns, the common time step, and the states `(trajectory, time, n)`.

    Raises:
        ValueError: as `Trajectories.from_csv` says.
    """
    header, rows = _read_csv(path)
    labels, trajectory = list(rows.labels), np.concatenate(rows.trajectory)
    counts = np.bincount(trajectory)
    if counts.min() < counts.max():
        shortest, longest = counts.argmin(), counts.argmax()
        raise ValueError(
            f"{path}: trajectories have different lengths ({labels[shortest]!r} has {counts[shortest]} rows, "
            f"{labels[longest]!r} has {counts[longest]}): cut them alike."
        )
    if counts[0] == 1:
        raise ValueError(f"{path}: every trajectory has a single row; differences need several.")
    table = np.concatenate(rows.table)[np.argsort(trajectory, kind="stable")].reshape(len(labels), counts[0], -1)
    try:
        dt = common_step(np.ascontiguousarray(table[:, :, 0]), labels, rows.digits)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None
    return header, dt, np.ascontiguousarray(table[:, :, 1:])


def _read_csv(path: Path) -> tuple[Header, Rows]:
    rows = Rows()
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.reader(file)
            header = _header(path, [name.strip() for name in next(reader, [])])
            lines = ((reader.line_num, row) for row in reader if row)
            for part in _parts(lines, 1 + CELLS_AT_ONCE // len(header.columns)):
                _add(rows, path, header, part)
    except (UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"{path} is not a CSV file in UTF-8 ({error}): save it as CSV UTF-8.") from error
    if not rows.labels:
        raise ValueError(f"{path}: there is no row of data under the header.")
    return header, rows


def _parts(lines: Iterator[tuple[int, list[str]]], count: int) -> Iterator[list[tuple[int, list[str]]]]:
    while part := list(islice(lines, count)):
        yield part


def _header(path: Path, columns: list[str]) -> Header:
    """Columns before the first one with a name of its own are row numbers, as pandas writes them: they are left out."""
    left_out = list(takewhile(lambda name: name.lower() in ("", "index") or name.startswith("Unnamed: "), columns))
    kept = columns[len(left_out) :]
    names = [name for name in kept if name not in ("trajectory", "t")]
    problems = [f"column {name!r} is missing" for name in ("trajectory", "t") if name not in kept]
    problems += [] if names else ["there is no column for the state"]
    problems += [f"column {columns.index('', len(left_out)) + 1} has no name"] if "" in kept else []
    problems += [f"column {shown(name)} stands twice" for name, count in Counter(kept).items() if count > 1]
    if problems:
        raise ValueError(
            f"{path}: {problems[0]}; found {shown(columns)}. Wanted: trajectory, t, then one column a coordinate."
        )
    return Header(columns, names, left_out)


def _add(rows: Rows, path: Path, header: Header, part: list[tuple[int, list[str]]]) -> None:
    """Read some lines, all of a column at once; where one of them cannot be read, find which."""
    for line, row in part:
        if len(row) != len(header.columns):
            raise ValueError(
                f"{path}, line {line}: {len(row)} cells where the header has {len(header.columns)}: is a comma "
                "missing, or one a decimal comma?"
            )
    columns = list(zip(*(row for _, row in part), strict=True))
    labels = [text.strip() for text in columns[header.label]]
    if "" in labels:
        line, _ = part[labels.index("")]
        raise ValueError(f"{path}, line {line}, column 'trajectory': the label is empty: name the trajectory.")
    try:
        table = np.array([np.fromiter(map(float, columns[i]), float, len(part)) for i in header.numbers]).T
    except ValueError:
        table = np.array(math.nan)
    if not np.isfinite(table).all():
        raise ValueError(f"{path}, {_not_a_number(header, part)}: fill it in or leave the trajectory out.")
    rows.trajectory.append(np.array([rows.labels.setdefault(label, len(rows.labels)) for label in labels]))
    rows.table.append(table)
    rows.digits = rows.digits.seen(set(columns[header.numbers[0]]))


def _not_a_number(header: Header, part: list[tuple[int, list[str]]]) -> str:
    """The first cell that holds no finite number, in words."""
    return next(
        f"line {line}, column {shown(header.columns[i])}: {shown(row[i])} is not a finite number"
        for line, row in part
        for i in header.numbers
        if not _is_finite(row[i])
    )


def _is_finite(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False
