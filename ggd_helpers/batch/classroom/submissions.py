"""What a class has handed in: notebooks in `submitted/STUDENT/`, right there or in folders of their own."""

import os
from dataclasses import dataclass
from pathlib import Path

from ggd_helpers.ranges import shown

UNFIT = set("*?[]{}+/\\\N{REPLACEMENT CHARACTER}")
"""What nbgrader cannot have in the name of a student; the last stands for bytes that are no letter."""


@dataclass(frozen=True)
class Submission:
    """One notebook of one student; `unfit` says why it cannot be graded as it lies there, `note` what else to know."""

    student: str
    exercise: str
    path: Path
    unfit: str = ""
    note: str = ""


def submissions(course: Path) -> list[Submission]:
    """Notebooks by student and exercise; of two copies the newer one, which a note says."""
    released = {path.stem for path in (course / "release").glob("*/*.ipynb") if path.stem == path.parent.name}
    copies: dict[tuple[str, str], list[Path]] = {}
    for path in sorted((course / "submitted").rglob("*.ipynb")):
        inside = path.relative_to(course / "submitted")
        if ".ipynb_checkpoints" not in inside.parts:
            student = _readable(inside.parts[0]) if len(inside.parts) > 1 else ""
            copies.setdefault((student, _readable(path.stem)), []).append(path)
    return [_newest(student, exercise, paths, released) for (student, exercise), paths in sorted(copies.items())]


def _newest(student: str, exercise: str, paths: list[Path], released: set[str]) -> Submission:
    newest = max(paths, key=lambda path: path.lstat().st_mtime)
    note = f"of {len(paths)} copies the newest was graded" if len(paths) > 1 else ""
    if not student:
        unfit = "it lies in no student's folder: put it into submitted/STUDENT/"
    elif bad := UNFIT & set(student):
        unfit = f"the folder's name holds {shown(''.join(sorted(bad)))}: rename it"
    elif exercise not in released:
        unfit = "it is called like none of the exercises that were released: rename it"
    else:
        unfit = ""
    return Submission(student, exercise, newest, unfit, note)


def _readable(name: str) -> str:
    """A name that can be printed, whatever bytes the disk holds: an archive from elsewhere may have other letters."""
    return os.fsencode(name).decode("utf-8", "replace")
