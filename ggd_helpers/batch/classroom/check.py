"""What a student can ask of a notebook before handing it in: does every cell run, and do the visible checks agree?"""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ggd_helpers.batch.classroom.exercises import (
    EXERCISES,
    by_id,
    exercises,
    read_notebook,
    role,
    without_hidden_tests,
)
from ggd_helpers.batch.classroom.running import run_to_the_end
from ggd_helpers.comparison import MIME

WIDGET = "application/vnd.jupyter.widget-view+json"


@dataclass
class Checked:
    """What was found in a notebook: the cells that are well, and by name what is wrong with others."""

    well: list[str] = field(default_factory=list)
    failing: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    """What grading puts right by itself."""


def check(path: Path, folder: Path = EXERCISES, seconds: int = 60) -> Checked:
    """Run a notebook from top to bottom, and name the cells that fail, and why.

    Raises:
        NoNotebook: the file is none.
    """
    notebook = read_notebook(path)
    found = Checked()
    source = _source_of(notebook, folder)
    if source is None:
        found.notes.append("none of its cells is one of an exercise notebook: is it the one that was handed out?")
    else:
        _compare_with_source(notebook, read_notebook(source), found)
    run_to_the_end(notebook, path.resolve().parent, seconds)
    for number, cell in enumerate(notebook["cells"], start=1):
        if cell["cell_type"] == "code":
            _look_at(cell, role(cell).get("grade_id") or f"cell {number}", found)
    return found


def _source_of(notebook: Any, folder: Path) -> Path | None:
    """The exercises that a notebook was made from: those that share most cells with it."""
    names = set(by_id(notebook))
    shared = {path: len(names & set(by_id(read_notebook(path)))) for path in exercises(folder).values()}
    named = [path for path in shared if _title(read_notebook(path)) == _title(notebook)]
    best = named[0] if named else max(shared, key=shared.__getitem__, default=None)
    return best if best is not None and shared[best] else None


def _title(notebook: Any) -> str:
    return notebook["cells"][0]["source"].partition("\n")[0]


def _compare_with_source(notebook: Any, source: Any, found: Checked) -> None:
    mine = by_id(notebook)
    for name, cell in by_id(source).items():
        if name not in mine:
            found.notes.append(f"the cell {name} is missing: take it from the notebook that was handed out")
        elif role(cell)["locked"] and not role(cell)["task"]:
            given = (cell["source"].strip(), without_hidden_tests(cell["source"]).strip())
            if mine[name]["source"].strip() not in given:
                found.notes.append(f"the cell {name} was changed: grading puts back what was handed out")


def _look_at(cell: Any, name: str, found: Checked) -> None:
    """Sort a cell by what it left: an error, comparisons, nothing."""
    why = []
    for output in cell.get("outputs", []):
        data = output.get("data", {})
        if output["output_type"] == "error":
            why.append(_error(output))
        elif MIME in data and not data[MIME]["agrees"]:
            why.append(f"{data[MIME]['what']}: {data[MIME]['why']}")
        elif WIDGET in data:
            why.append("it shows a widget, and a graded notebook must not: take it out")
    if why:
        found.failing[name] = "; ".join(why)
    elif role(cell).get("grade"):
        found.well.append(name)


def _error(output: Any) -> str:
    line = _last_line_of_a_cell(output["traceback"])
    return f"{output['ename']}{line}: {output['evalue'].partition(chr(10))[0]}".rstrip(": ")


def _last_line_of_a_cell(traceback: list[str]) -> str:
    """The line that went wrong, in the notebook itself rather than in a library that it called."""
    found, in_a_cell = "", False
    for line in re.sub(r"\x1b\[[0-9;]*m", "", "\n".join(traceback)).splitlines():
        if line.startswith(("Cell In", "File ")):
            in_a_cell = line.startswith("Cell In")
        elif in_a_cell and (arrow := re.match(r"-+> *\d+ (.*)", line)):
            found = f" at `{arrow[1].strip()}`"
    return found
