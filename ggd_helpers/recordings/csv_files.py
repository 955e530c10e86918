"""Measurements from CSV files: columns `trajectory`, `t`, and one for every coordinate of the state."""

import csv
import math
import re
from collections import Counter
from dataclasses import dataclass, field
from itertools import islice, takewhile
from pathlib import Path

import numpy as np

from ggd_helpers.ranges import shown
from ggd_helpers.recordings.even_times import Digits, common_step

CELLS_AT_ONCE = 4000  # more of them would have Python look for garbage again and again


@dataclass(frozen=True)
class Header:
    """The columns of a file: names of the coordinates, what is left out, where label, time and state stand."""

    columns: list[str]
    names: list[str]
    left_out: list[str]
    label: int
    time_and_state: list[int]


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
            f"{path}: trajectories have different lengths ({shown(labels[shortest])} has {counts[shortest]} rows, "
            f"{shown(labels[longest])} has {counts[longest]}): cut them alike."
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
            columns = [name.strip() for name in next(reader, [])]
            header = _header(path, columns)
            line = reader.line_num
            while part := list(islice(reader, 1 + CELLS_AT_ONCE // len(columns))):
                try:
                    _add(rows, header, part)
                except ValueError:
                    raise ValueError(f"{path}, {_problem(header, line, part)}") from None
                line = reader.line_num
    except (UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"{path} is not a CSV file in UTF-8 ({error}): save it as CSV UTF-8.") from error
    if not rows.labels:
        raise ValueError(f"{path}: there is no row of data under the header.")
    return header, rows


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
    place = {name: len(left_out) + i for i, name in enumerate(kept)}
    return Header(columns, names, left_out, place["trajectory"], [place[name] for name in ("t", *names)])


def _add(rows: Rows, header: Header, part: list[list[str]]) -> None:
    """Read some lines, all of a column at once.

    Raises:
        ValueError: they cannot be read.
    """
    columns = list(zip(*filter(None, part), strict=True))
    if not columns:
        return
    if len(columns) != len(header.columns):
        raise ValueError("other cells than in the header")
    if any("_" in "".join(columns[i]) for i in header.time_and_state):
        raise ValueError("digits with a _ between them: Python would take them")
    labels = [text.strip() for text in columns[header.label]]
    new = dict.fromkeys(labels)
    table = np.array([np.fromiter(map(float, columns[i]), float, len(labels)) for i in header.time_and_state]).T
    if "" in new or not np.isfinite(table).all():
        raise ValueError("an empty label or a number that is not finite")
    for label in new:
        rows.labels.setdefault(label, len(rows.labels))
    rows.trajectory.append(np.fromiter(map(rows.labels.__getitem__, labels), int, len(labels)))
    rows.table.append(table)
    rows.digits = rows.digits.seen(set(columns[header.time_and_state[0]]))


def _problem(header: Header, line: int, part: list[list[str]]) -> str:
    """What `_add` cannot read in the lines behind this one: the first such place, in words."""
    for row in part:
        line += 1 + len(re.findall(r"\r\n|\r|\n", ",".join(row)))  # a cell in quotes may hold several lines
        if row and len(row) != len(header.columns):
            return (
                f"line {line}: {len(row)} cells where the header has {len(header.columns)}: is a comma missing, or one "
                "a decimal comma?"
            )
        if row and not row[header.label].strip():
            return f"line {line}, column 'trajectory': the label is empty: name the trajectory."
        for i in header.time_and_state if row else ():
            if not _is_finite(row[i]):
                return (
                    f"line {line}, column {shown(header.columns[i])}: {shown(row[i])} is not a finite number: fill it "
                    "in or leave the trajectory out."
                )
    raise AssertionError("no line of these is wrong")


def _is_finite(text: str) -> bool:
    try:
        return math.isfinite(float(text)) and "_" not in text
    except ValueError:
        return False
