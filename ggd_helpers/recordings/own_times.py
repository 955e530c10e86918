"""Rows to records with times of their own: in the order of time, padded to one length, or refused with the place."""

import math

import numpy as np

from ggd_helpers.effort import check_memory
from ggd_helpers.ranges import shown
from ggd_helpers.recordings.rows import Rows, Source


def records_of(source: Source, rows: Rows) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Times `(trajectory, time)` and values `(trajectory, time, n)`, NaN behind their ends; what was done, in words.

    A trajectory whose times fall throughout is turned round.

    Raises:
        ValueError: a time that stands twice in a trajectory, times that run back, a trajectory without any value, no
            trajectory with two, or more numbers than a laptop holds.
    """
    order, counts, table = rows.by_trajectory()
    ends = np.cumsum(counts)
    starts = ends - counts
    falling = _falling(source, rows, order, table[order, 0], counts)
    for i in falling.nonzero()[0]:
        order[starts[i] : ends[i]] = order[starts[i] : ends[i]][::-1].copy()
    readings = np.add.reduceat((~np.isnan(table[order, 1:])).any(axis=1), starts, dtype=int)
    if not readings.all():
        i = readings.tolist().index(0)
        place = source.at(int(order[starts[i]]))
        raise ValueError(f"{place}: {_called(rows, i)} has no value at all: leave it out.")
    if readings.max() < 2:
        raise ValueError(f"{source.name}: no trajectory has values at two times or more: one time tells nothing of a "
                         "motion; is the column of labels the right one?")  # fmt: skip
    records = _padded(source, table[order], counts)
    said = []
    if turned := int(falling.sum()):
        said.append(f"In {turned} of {len(counts)} trajectories the times fall: their rows are turned round.")
    if single := int((readings == 1).sum()):
        said.append(f"{single} of {len(counts)} trajectories have a single time: alone they tell nothing of a motion.")
    return records[:, :, 0], records[:, :, 1:], said


def _padded(source: Source, table: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Rows one trajectory after the other, `(row, k)`, with NaN behind the shorter ones, `(trajectory, time, k)`."""
    shape = (len(counts), int(counts.max()), table.shape[1])
    check_memory(f"{source.name}: {shape[0]} trajectories as long as the longest, {shape[1]} rows,", math.prod(shape),
                 "read the long and the short ones from two files")  # fmt: skip
    records = np.full(shape, np.nan)
    records[np.arange(shape[1]) < counts[:, None]] = table
    return records


def _falling(source: Source, rows: Rows, order: np.ndarray, times: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Which trajectories run backwards throughout, `(trajectory,)`; the others' times increase."""
    trajectory = np.repeat(np.arange(len(counts)), counts)
    inside = trajectory[1:] == trajectory[:-1]
    stuck, back = inside & (times[1:] == times[:-1]), inside & (times[1:] < times[:-1])
    falls = np.bincount(trajectory[1:][back], minlength=len(counts))
    falling = (falls == counts - 1) & (counts > 1)
    for wrong, what, remedy in (
        (stuck, "stands twice", "average the readings of one time, or label repeats as trajectories of their own"),
        (back & ~falling[trajectory[1:]], "comes after a later one", "sort the rows by time, or label a second run"),
    ):
        if wrong.any():
            first = wrong.nonzero()[0][order[1:][wrong].argmin()]
            row, i = int(order[first + 1]), int(trajectory[first])
            raise ValueError(f"{source.at(row)}: t = {times[first + 1]:.6g} {what} in {_called(rows, i)}: {remedy}.")
    return falling


def _called(rows: Rows, trajectory: int) -> str:
    label = rows.labels[trajectory]
    return f"trajectory {shown(label)}" if label else "the one record"
