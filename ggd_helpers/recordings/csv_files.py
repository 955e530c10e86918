"""Measurements from CSV files: columns `trajectory`, `t`, and one for every coordinate of the state."""

import csv
import math
from pathlib import Path

import numpy as np


def read_regular(path: Path) -> tuple[list[str], float, np.ndarray]:
    """The names of the coordinates, the common time step, and the states `(trajectory, time, n)`.

    Raises:
        ValueError: as `Trajectories.from_csv` says.
    """
    names, labels, table = _read_csv(path)
    groups = {label: [i for i, each in enumerate(labels) if each == label] for label in dict.fromkeys(labels)}
    lengths = {label: len(group) for label, group in groups.items()}
    if len(set(lengths.values())) > 1:
        shortest, longest = min(lengths, key=lengths.__getitem__), max(lengths, key=lengths.__getitem__)
        raise ValueError(
            f"{path}: trajectories have different lengths ({shortest!r} has {lengths[shortest]} rows, "
            f"{longest!r} has {lengths[longest]}): cut them alike."
        )
    if 1 in lengths.values():
        raise ValueError(f"{path}: every trajectory has a single row; differences need several.")
    dt = _common_step(path, {label: table[group, 0] for label, group in groups.items()})
    return names, dt, np.stack([table[group, 1:] for group in groups.values()])


def _common_step(path: Path, times: dict[str, np.ndarray]) -> float:
    """The time step that all trajectories share; anything else is refused, with the place."""
    first = next(iter(times.values()))
    dt = float(first[1] - first[0])
    for label, each in times.items():
        for before, step in zip(each, np.diff(each), strict=False):
            if not step > 0:
                raise ValueError(
                    f"{path}: times must increase; in trajectory {label!r} they do not after {before:.6g}."
                )
            if abs(step - dt) > 1e-6 * dt:
                raise ValueError(
                    f"{path}: times are not evenly spaced: in trajectory {label!r} the step after t = {before:.6g} is "
                    f"{step:.6g}, the first one of the file is {dt:.6g}. Interpolate to even steps."
                )
    return float(np.mean([np.diff(each).mean() for each in times.values()]))


def _read_csv(path: Path) -> tuple[list[str], list[str], np.ndarray]:
    """The names of the state's columns, the trajectory labels, and the numbers `(row, 1 + n)`, time first."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.reader(file)
            columns = [name.strip() for name in next(reader, [])]
            rows = [(f"{path}, line {reader.line_num}", row) for row in reader if row]
    except (UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"{path} is not a CSV file in UTF-8 ({error}): save it as CSV UTF-8.") from error
    names = _state_columns(path, columns)
    if not rows:
        raise ValueError(f"{path}: there is no row of data under the header.")
    for place, row in rows:
        if len(row) != len(columns):
            raise ValueError(
                f"{place}: {len(row)} cells where the header has {len(columns)}: is a comma missing, or one a decimal "
                "comma?"
            )
        if not row[columns.index("trajectory")].strip():
            raise ValueError(f"{place}, column 'trajectory': the label is empty: name the trajectory.")
    order = [columns.index(name) for name in ("t", *names)]
    table = [[_finite(row[i], f"{place}, column {columns[i]!r}") for i in order] for place, row in rows]
    return names, [row[columns.index("trajectory")].strip() for _, row in rows], np.array(table)


def _state_columns(path: Path, columns: list[str]) -> list[str]:
    names = [name for name in columns if name not in ("trajectory", "t")]
    missing = [name for name in ("trajectory", "t") if name not in columns]
    twice = [name for name in columns if columns.count(name) > 1]
    problems = [f"column {name!r} is missing" for name in missing]
    problems += [] if names else ["there is no column for the state"]
    problems += [f"column {name!r} stands twice" for name in twice]
    if problems:
        raise ValueError(
            f"{path}: {problems[0]}; found {columns}. Wanted: trajectory, t, then one column a coordinate."
        )
    return names


def _finite(text: str, place: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ValueError(f"{place}: {text!r} is not a finite number: fill it in or leave the trajectory out.")
    return value
