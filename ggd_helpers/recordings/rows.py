"""Rows of a table, wherever they come from: which trajectory each belongs to, its time and its state."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

import numpy as np


@dataclass(frozen=True)
class Layout:
    """Which columns hold what.

    Attributes:
        label: the place of the trajectory's name; `None` where all rows are of one.
        time: the place of the time.
        state: the places of the coordinates.
        missing: the texts that stand for a number of the state that was not measured.
        remedy: what to do about a text of the state that is no number.
    """

    label: int | None
    time: int
    state: list[int]
    missing: frozenset[str]
    remedy: str


class Part(NamedTuple):
    """Some rows: names of trajectories `(row,)`, times as they were written, time and state `(row, 1 + n)`."""

    labels: Sequence[str]
    time_texts: Sequence[str]
    table: np.ndarray


class Source(Protocol):
    """Where rows come from."""

    name: str
    columns: list[str]

    def parts(self, layout: Layout) -> Iterator[Part]:
        """Read all rows, some at a time.

        Raises:
            ValueError: a cell that cannot be read, with its place.
        """
        ...

    def at(self, row: int) -> str:
        """Where a row stands, in words."""
        ...


@dataclass
class Rows:
    """All rows that were read so far."""

    numbers: dict[str, int] = field(default_factory=dict)
    parts: list[tuple[np.ndarray, np.ndarray]] = field(default_factory=list)

    def add(self, part: Part) -> None:
        """Read on."""
        for label in dict.fromkeys(part.labels):
            self.numbers.setdefault(label, len(self.numbers))
        trajectory = np.fromiter(map(self.numbers.__getitem__, part.labels), int, len(part.labels))
        self.parts.append((trajectory, part.table))

    @property
    def labels(self) -> list[str]:
        """The trajectories in the order in which they begin."""
        return list(self.numbers)

    def by_trajectory(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The places of the rows, one trajectory after the other; how long each is; the rows in the order of places."""
        trajectory = np.concatenate([each for each, _ in self.parts])
        order = np.argsort(trajectory, kind="stable")
        return order, np.bincount(trajectory), np.concatenate([table for _, table in self.parts])
