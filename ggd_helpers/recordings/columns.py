"""Which column holds what: found by name, in a header that may give units, with what was assumed on the way."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import takewhile

from ggd_helpers.ranges import shown
from ggd_helpers.recordings.cells import MISSING
from ggd_helpers.recordings.quantities import Quantity, read_quantity
from ggd_helpers.recordings.rows import Layout, Source

REMEDY = "mend it, empty the cell where nothing was measured, or say which columns to read (columns=[...])"


@dataclass(frozen=True)
class Choice:
    """The columns that are read.

    Attributes:
        layout: where they stand.
        time: its name and unit.
        measured: the coordinates that have a column.
        hidden: the names of those that have none; they come last.
        left_out: the names of columns of row numbers.
        assumed: what nobody said, in sentences.
    """

    layout: Layout
    time: Quantity
    measured: list[Quantity]
    hidden: list[str]
    left_out: list[str]
    assumed: list[str]


def row_numbers(columns: list[str]) -> list[str]:
    """Columns before the first one with a name of its own are row numbers, as pandas writes them: they are left out."""
    return list(takewhile(lambda name: name.lower() in ("", "index") or name.startswith("Unnamed: "), columns))


def header_problems(columns: list[str], names: list[str], skipped: int) -> list[str]:
    """Columns without a name, and names that stand twice, in words; `skipped` columns stand before these."""
    problems = [f"column {skipped + columns.index('') + 1} has no name"] if "" in columns else []
    return problems + [f"column {shown(name)} stands twice" for name, count in Counter(names).items() if count > 1]


class _Header:
    """The columns of a table by name, and those that were taken so far."""

    def __init__(self, columns: list[str]):
        self.left_out = row_numbers(columns)
        self.skipped = len(self.left_out)
        self.texts = columns[self.skipped :]
        if not self.texts:
            raise ValueError("there is no column with a name: the first line must name the columns.")
        if problems := header_problems(self.texts, self.texts, self.skipped):
            raise ValueError(f"{problems[0]}; found {shown(columns)}: give every column a name of its own.")
        self.quantities = [self._read(text) for text in self.texts]
        self.names = [each.name for each in self.quantities]
        if problems := header_problems(self.names, self.names, self.skipped):
            raise ValueError(f"{problems[0]}; found {shown(columns)}: give every column a name of its own.")
        self.places = {text: i for i, text in enumerate(self.texts)} | {name: i for i, name in enumerate(self.names)}
        self.taken: dict[int, str] = {}

    @staticmethod
    def _read(text: str) -> Quantity:
        try:
            return read_quantity(text)
        except ValueError as error:
            raise ValueError(f"column {shown(text)} {error}.") from None

    def take(self, name: str, role: str) -> int:
        """The place of a column, by its name or its whole header; nobody else may have it."""
        if name not in self.places:
            close = get_close_matches(name, self.names, n=1)
            hint = f"did you mean {shown(close[0])}?" if close else "check the name."
            raise ValueError(f"there is no column {shown(name)} for {role}; there are "
                             f"{shown(', '.join(self.names))}: {hint}")  # fmt: skip
        i = self.places[name]
        if i in self.taken:
            raise ValueError(f"column {shown(name)} is asked for as {self.taken[i]} and as {role}: name it once.")
        self.taken[i] = role
        return i

    def unused(self) -> list[str]:
        """The names of the columns that nobody took."""
        return [name for i, name in enumerate(self.names) if i not in self.taken]


def choose(
    source: Source, columns: Sequence[str] | None, time: str | None, trajectory: str | None, hidden: Sequence[str]
) -> Choice:
    """Find the columns of labels, times and coordinates, and say what was assumed; see `Measurements.from_csv`.

    Raises:
        ValueError: a header that cannot be read, or a name that is not there.
    """
    _check_names("columns", columns)
    _check_names("hidden", hidden)
    try:
        return _choose(_Header(source.columns), columns, time, trajectory, hidden)
    except ValueError as error:
        raise ValueError(f"{source.name}: {error}") from None


def _choose(
    header: _Header, columns: Sequence[str] | None, time: str | None, trajectory: str | None, hidden: Sequence[str]
) -> Choice:
    assumed = []
    at_time = header.take(_time_name(header) if time is None else time, "the time")
    if trajectory is None and "trajectory" not in header.places:
        at_label = None
        assumed.append("No column 'trajectory': all rows are one record.")
    else:
        at_label = header.take("trajectory" if trajectory is None else trajectory, "the trajectory")
    if columns is None:
        columns = [name for name in header.unused() if name not in hidden]
    at_state = [header.take(name, "a coordinate") for name in columns]
    if not at_state:
        raise ValueError(f"there is no column for a coordinate; found {shown(', '.join(header.names))}: add one.")
    if both := [name for name in hidden if header.places.get(name) in header.taken]:
        raise ValueError(f"column {shown(both[0])} is read and hidden: leave it out of columns, or out of hidden.")
    measured = [header.quantities[i] for i in at_state]
    assumed += _said(header, [header.quantities[at_time], *measured], hidden)
    skipped = header.skipped
    layout = Layout(
        None if at_label is None else skipped + at_label,
        skipped + at_time,
        [skipped + i for i in at_state],
        MISSING,
        REMEDY,
    )
    return Choice(layout, header.quantities[at_time], measured, list(hidden), header.left_out, assumed)


def _check_names(parameter: str, names: Sequence[str] | None) -> None:
    if names is None:
        return
    if isinstance(names, str) or not all(isinstance(name, str) and name for name in names):
        raise ValueError(f"{parameter} must be a list of names (got {shown(names)}): write it as ['x', 'y'].")
    if len(set(names)) < len(names):
        raise ValueError(
            f"{parameter} must differ (got {shown(Counter(names).most_common(1)[0][0])} twice): name it once."
        )


def _time_name(header: _Header) -> str:
    found = [name for name in header.names if name == "t" or name.lower() == "time"]
    if len(found) > 1:
        raise ValueError(f"columns {shown(' and '.join(found))} could both be the time: say which (time={found[0]!r}).")
    if not found:
        raise ValueError(f"there is no column 't' or 'time'; there are {shown(', '.join(header.names))}: say which "
                         "holds the times (time=...).")  # fmt: skip
    return found[0]


def _said(header: _Header, used: list[Quantity], hidden: Sequence[str]) -> list[str]:
    """Sentences about what was left out, what has no unit, and what was never seen."""
    unused, plain = header.unused(), [each.name for each in used if each.unit is None]
    return [
        *[f"Column {name!r} holds row numbers by its name: it is left out." for name in header.left_out],
        *[f"Column {name!r} is not used." for name in unused if name not in hidden],
        *([f"No unit is given for {', '.join(plain)}: plain numbers."] if plain else []),
        *[
            f"{name!r} is hidden: its column is not read." if name in unused else f"{name!r} was never measured."
            for name in hidden
        ],
    ]
