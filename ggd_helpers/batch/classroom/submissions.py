"""What a class has handed in: notebooks in `submitted/STUDENT/`, right there or in folders of their own."""

from dataclasses import dataclass, field
from pathlib import Path

from ggd_helpers.batch.chapter import Refused
from ggd_helpers.ranges import shown

UNFIT = set("*?[]{}+/\\")
"""What nbgrader cannot have in the name of a student."""


@dataclass(frozen=True)
class Submission:
    """One notebook of one student."""

    student: str
    exercise: str
    path: Path
    notes: tuple[str, ...] = field(default=())


def submissions(course: Path) -> list[Submission]:
    """Notebooks by student and exercise; of two copies the newer one, which a note says.

    Raises:
        Refused: a folder's name is not fit for the name of a student; a notebook has the name of no exercise.
    """
    released = {path.name for path in (course / "release").glob("*") if path.is_dir()}
    newest: dict[tuple[str, str], list[Path]] = {}
    for path in sorted((course / "submitted").glob("*/**/*.ipynb")):
        inside = path.relative_to(course / "submitted")
        if ".ipynb_checkpoints" in inside.parts:
            continue
        student = inside.parts[0]
        if unfit := UNFIT & set(student):
            raise Refused(f"the folder submitted/{student} has {shown(''.join(sorted(unfit)))} in its name: rename it.")
        if path.stem not in released:
            raise Refused(
                f"submitted/{inside} is called like none of the exercises ({', '.join(sorted(released))}): rename it, "
                "or take it out."
            )
        newest.setdefault((student, path.stem), []).append(path)
    return [_newest(*names, paths) for names, paths in sorted(newest.items())]


def _newest(student: str, exercise: str, paths: list[Path]) -> Submission:
    newest = max(paths, key=lambda path: path.stat().st_mtime)
    notes = (f"of {len(paths)} copies the newest was graded",) if len(paths) > 1 else ()
    return Submission(student, exercise, newest, notes)
