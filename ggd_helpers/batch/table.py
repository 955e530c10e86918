"""The table of a sweep: `sweep.csv` in its folder, a row for each run."""

import csv
import difflib
import hashlib
import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ggd_helpers.batch.chapter import Refused
from ggd_helpers.batch.ending import DONE, MISSING, Ending
from ggd_helpers.batch.place import ANOTHER, STAGING, Place, held, unusable
from ggd_helpers.batch.plan import Planned
from ggd_helpers.files import sha256, written_whole
from ggd_helpers.ranges import shown

TABLE, ABOUT = "sweep.csv", "sweep.json"
_KNOWN = ("status", "attempts", "seconds", "error")
Row = dict[str, str]


@dataclass(frozen=True)
class SweepFolder:
    """The folder of a sweep of one chapter: runs in folders of their own, `records/`, `sweep.csv`, `sweep.json`."""

    path: Path
    chapter: str

    @property
    def table(self) -> Path:
        """Where the table lies."""
        return self.path / TABLE

    def check(self) -> None:
        """Refuse a folder that holds something else, or whose table was changed by hand."""
        try:
            if self.path.exists() and not self.path.is_dir():
                raise Refused(f"{self.path} is a file, not an earlier sweep: nothing was touched. Move it, {ANOTHER}")
            there = [path.name for path in self.path.iterdir() if path.name != STAGING] if self.path.exists() else []
        except OSError as error:
            raise unusable(self.path, error) from None
        if not there:
            return
        if ABOUT not in there:
            raise Refused(f"{self.path} exists and is not an earlier sweep: nothing was touched. Empty it, {ANOTHER}")
        about = self._about()
        if about["chapter"] != self.chapter:
            raise Refused(
                f"{self.path} holds a sweep of {about['chapter']}, not of {self.chapter}: name another --out."
            )
        if self.table.exists() and sha256(self.table) not in about["tables"]:
            raise Refused(f"{self.table} was changed after the sweep that wrote it: keep it elsewhere, {ANOTHER}")

    @contextmanager
    def claimed(self) -> Iterator[Place]:
        """The folder for this program alone; what dead ones left half-written goes.

        Raises:
            Refused: it holds something else, cannot be made or written to, or another sweep goes on in it.
        """
        self.check()
        with held(self.path) as place:
            self.check()
            for partial in (*self.path.glob("*.partial"), *self.path.glob("records/*.partial")):
                partial.unlink()
            yield place

    def write(self, rows: list[Row]) -> None:
        """Write the table, whole or not at all."""
        text = _as_csv(rows)
        digests = [sha256(self.table)] if self.table.exists() else []
        about = {"chapter": self.chapter, "tables": [*digests, hashlib.sha256(text.encode()).hexdigest()]}
        with written_whole(self.path / ABOUT) as partial:  # first, for it must know the table that lies there
            partial.write_text(json.dumps(about, indent=2) + "\n", encoding="utf-8")
        with written_whole(self.table) as partial:
            partial.write_text(text, encoding="utf-8", newline="")

    def row(self, run: Planned, ending: Ending | None) -> Row:
        """What the table says of a run: its parameters, how it ended, its metrics; not much where it did not end."""
        row = {"run": run.name} | {name: str(value) for name, value in run.values.items()}
        if ending is None:
            return row | {"status": MISSING}
        row |= {
            "status": ending.status,
            "attempts": str(ending.attempts),
            "seconds": str(ending.seconds),
            "error": ending.told,
        }
        if ending.status == DONE:
            metrics = json.loads((self.path / run.name / "results.json").read_text(encoding="utf-8"))["metrics"]
            row |= {
                f"{experiment}.{name}": repr(float(value))
                for experiment, numbers in metrics.items()
                for name, value in numbers.items()
            }
        return row

    def _about(self) -> dict:
        try:
            about = json.loads((self.path / ABOUT).read_text(encoding="utf-8"))
            return {"chapter": str(about["chapter"]), "tables": list(about["tables"])}
        except (OSError, ValueError, KeyError, TypeError) as error:
            told = f"{self.path / ABOUT} cannot be read ({error})"
            raise Refused(f"{told}: it is not one that a sweep wrote. Empty the folder, {ANOTHER}") from None


def _as_csv(rows: list[Row]) -> str:
    names = list(dict.fromkeys(name for row in rows for name in row if "." not in name and name not in _KNOWN))
    metrics = list(dict.fromkeys(name for row in rows for name in row if "." in name))
    text = io.StringIO()
    writer = csv.DictWriter(text, [*names, *_KNOWN, *metrics], restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


@dataclass(frozen=True)
class Table:
    """A table that was read back: its rows as texts, which columns are parameters, which metrics."""

    rows: list[Row]
    parameters: list[str]
    metrics: list[str]

    @classmethod
    def read(cls, path: Path) -> "Table":
        """Read the table that a sweep has left.

        Raises:
            Refused: there is none, or it is no table of a sweep.
        """
        try:
            with path.open(encoding="utf-8", newline="") as file:
                reader = csv.DictReader(file)
                rows = list(reader)
                names = list(reader.fieldnames or [])
            first = names.index("status")
        except FileNotFoundError:
            raise Refused(
                f"there is no table at {path}: sweep first, or name the folder of a sweep with --out."
            ) from None
        except (OSError, ValueError) as error:
            raise Refused(f"{path} is no table of a sweep ({error}): sweep again.") from None
        return cls(rows, names[1:first], names[first + len(_KNOWN) :])

    def metric(self, name: str | None) -> str:
        """The column that `name` says, whole or by its last part; or else the first that is of a trained model.

        Raises:
            Refused: no column, or more than one.
        """
        if not self.metrics:
            raise Refused("no run has a number to draw: see the column `error` of the table.")
        if name is None:
            return next((each for each in self.metrics if "untrained" not in each), self.metrics[0])
        meant = [name] if name in self.metrics else [each for each in self.metrics if each.endswith(f".{name}")]
        if len(meant) == 1:
            return meant[0]
        near = meant or difflib.get_close_matches(name, self.metrics, n=3, cutoff=0.4) or self.metrics[:8]
        told = "is measured in several experiments" if meant else "is no metric of this sweep"
        raise Refused(f"{shown(name)} {told}: name one of {', '.join(near)}.")

    def shown(self, metric: str) -> tuple[list[dict[str, float | str]], list[str]]:
        """The runs that are done and have the metric, with numbers as such, and the parameters that differ in them.

        Raises:
            Refused: there is no such run, or they do not differ.
        """
        rows = [row for row in self.rows if row[metric]]
        differing = [name for name in self.parameters if len({row[name] for row in rows}) > 1]
        if not differing:
            raise Refused(f"the runs with {metric} do not differ: there is nothing to draw it against.")
        return [{name: _number(row[name]) for name in (*differing, metric)} for row in rows], differing


def _number(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text
