"""Trajectories of equal length on even times, from the columns `trajectory`, `t`, and one for every coordinate."""

from pathlib import Path

import numpy as np

from ggd_helpers.ranges import shown
from ggd_helpers.recordings.columns import header_problems, row_numbers
from ggd_helpers.recordings.csv_files import CsvFile
from ggd_helpers.recordings.even_times import Digits, common_step
from ggd_helpers.recordings.rows import Layout, Rows


def read_regular(path: str | Path) -> tuple[list[str], list[str], float, np.ndarray]:
    """The names of the coordinates, the columns left out, the common time step, the states `(trajectory, time, n)`.

    Raises:
        FileNotFoundError, ValueError: as `Trajectories.from_csv` says.
    """
    file = CsvFile(path)
    left_out = row_numbers(file.columns)
    names, layout = _find(file, len(left_out))
    rows, digits = Rows(), Digits()
    for part in file.parts(layout):
        rows.add(part)
        digits = digits.seen(set(part.time_texts))
    labels, (order, counts, table) = rows.labels, rows.by_trajectory()
    if counts.min() < counts.max():
        shortest, longest = counts.argmin(), counts.argmax()
        raise ValueError(
            f"{file.name}: trajectories have different lengths ({shown(labels[shortest])} has {counts[shortest]} rows, "
            f"{shown(labels[longest])} has {counts[longest]}): cut them alike."
        )
    if counts[0] == 1:
        raise ValueError(f"{file.name}: every trajectory has a single row; differences need several.")
    table = table[order].reshape(len(labels), counts[0], -1)
    try:
        dt = common_step(np.ascontiguousarray(table[:, :, 0]), labels, digits)
    except ValueError as error:
        raise ValueError(f"{file.name}: {error}") from None
    return names, left_out, dt, np.ascontiguousarray(table[:, :, 1:])


def _find(file: CsvFile, skipped: int) -> tuple[list[str], Layout]:
    kept = file.columns[skipped:]
    names = [name for name in kept if name not in ("trajectory", "t")]
    problems = [f"column {name!r} is missing" for name in ("trajectory", "t") if name not in kept]
    problems += [] if names else ["there is no column for the state"]
    problems += header_problems(kept, kept, skipped)
    if problems:
        raise ValueError(f"{file.name}: {problems[0]}; found {shown(file.columns)}. Wanted: trajectory, t, then one "
                         "column a coordinate.")  # fmt: skip
    place = {name: skipped + i for i, name in enumerate(kept)}
    remedy = "fill it in or leave the trajectory out"
    state = [place[name] for name in names]
    return names, Layout(place["trajectory"], place["t"], state, frozenset(), remedy)
