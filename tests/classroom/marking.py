"""Exercise notebooks without a kernel: read, answered otherwise, run in this process, marked as nbgrader marks."""

import contextlib
import copy
import io
import json
import re
import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ggd_helpers import comparison
from ggd_helpers.batch.classroom.exercises import by_id, exercises, role

SOURCES = exercises()
_SOLUTION = re.compile(r"^( *)### BEGIN SOLUTION\n.*?### END SOLUTION$", re.DOTALL | re.MULTILINE)


def source(chapter: str) -> dict[str, Any]:
    """The notebook with its solutions, as plain JSON with whole texts."""
    notebook = json.loads(SOURCES[chapter].read_text(encoding="utf-8"))
    for cell in notebook["cells"]:
        cell["source"] = "".join(cell["source"])
    return notebook


def answered(text: str, body: str) -> str:
    """A cell's text with another body in place of its solution."""
    return _SOLUTION.sub(lambda match: textwrap.indent(body, match[1]), text)


def with_answers(notebook: dict[str, Any], bodies: Mapping[str, str]) -> dict[str, Any]:
    """A copy with other answers in some cells."""
    notebook = copy.deepcopy(notebook)
    for name, body in bodies.items():
        cell = by_id(notebook)[name]
        cell["source"] = answered(cell["source"], body)
    return notebook


class Marked:
    """An exercise notebook run in this process, its right answers first; then any answer can be changed and marked."""

    def __init__(self, cells: list[dict[str, Any]]):
        self.cells = [cell for cell in cells if cell["cell_type"] == "code"]
        self.names: dict[str, Any] = {}
        self.points: dict[str, float] = {}
        self.messages: dict[str, str] = {}
        for cell in self.cells:
            self.run(cell)

    def run(self, cell: dict[str, Any], text: str | None = None) -> None:
        """Run a cell; one that gives points gives them all if it raises nothing, else none."""
        name = role(cell)["grade_id"]
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                exec(compile(text or cell["source"], name, "exec"), self.names)
        except Exception as error:
            if not role(cell)["grade"]:
                raise
            self.points[name], self.messages[name] = 0.0, str(error)
        else:
            if role(cell)["grade"]:
                self.points[name] = role(cell)["points"]

    def mark(self, answer: str, body: str) -> tuple[set[str], str]:
        """Which exercises another answer loses, and all that was said to it; the right answer is back afterwards."""
        at = next(i for i, cell in enumerate(self.cells) if role(cell)["grade_id"] == answer)
        after = next((i for i in range(at + 1, len(self.cells)) if role(self.cells[i])["solution"]), len(self.cells))
        self.messages = {}
        self.run(self.cells[at], answered(self.cells[at]["source"], body))
        for cell in self.cells[at + 1 : after]:
            if role(cell)["grade"]:
                self.run(cell)
        lost = {name for name, points in self.points.items() if not points}
        said = "\n".join(self.messages.values())
        self.run(self.cells[at])
        self.points |= {name: role(cell)["points"] for name, cell in self._graded().items()}
        return lost, said

    def _graded(self) -> dict[str, Any]:
        return {role(cell)["grade_id"]: cell for cell in self.cells if role(cell)["grade"]}


def what(shown: Any) -> str:
    """What a visible check is about."""
    return json_of(shown)["what"]


def agrees(shown: Any) -> bool:
    """Whether it agrees."""
    return json_of(shown)["agrees"]


def json_of(shown: Any) -> dict[str, Any]:
    """What `ggd class check` reads of it."""
    return (shown if isinstance(shown, dict) else shown._repr_mimebundle_())[comparison.MIME]


def shown_nowhere(monkeypatch: Any) -> list[Any]:
    """What visible checks would show, kept in a list."""
    kept: list[Any] = []
    monkeypatch.setattr(comparison, "display", lambda shown, **_: kept.append(shown))
    return kept


def write(notebook: dict[str, Any], path: Path) -> None:
    """Put a notebook where a student would."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(notebook), encoding="utf-8")
