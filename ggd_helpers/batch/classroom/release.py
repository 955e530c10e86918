"""Hand out exercises: without solutions and hidden tests."""

import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ggd_helpers.batch.chapter import Refused
from ggd_helpers.batch.classroom.course import nbgrader_api, succeed
from ggd_helpers.batch.classroom.exercises import EXERCISES, NoNotebook, chosen_exercises, read_notebook
from ggd_helpers.batch.place import unusable


def release(course: Path, names: Iterable[str] = (), folder: Path = EXERCISES) -> dict[str, Path]:
    """Make a course of the exercises named, or of all, and the notebooks to hand out, by chapter.

    `course/source` receives a copy of each source that is not there yet: what a teacher changes in it stays.

    Raises:
        Refused: nbgrader is not installed, there are no such exercises, the folder cannot be made or written to, a
            source in it is no notebook.
    """
    chosen = chosen_exercises(names, folder)
    course = course.resolve()
    api = nbgrader_api(course)
    _leave_out_a_step(api)
    try:
        for name, path in chosen.items():
            source = course / "source" / name / f"{name}.ipynb"
            if not source.exists():
                source.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, source)
            read_notebook(source)
    except OSError as error:
        raise unusable(course, error) from None
    except NoNotebook as error:
        raise Refused(f"{source}: {error}: mend it, or delete it, and it is copied anew.") from None
    released = {}
    for name in chosen:
        succeed(api.generate_assignment(name, force=True, create=True), f"{name} could not be released")
        released[name] = course / "release" / name / f"{name}.ipynb"
    return released


def _leave_out_a_step(api: Any) -> None:
    """nbgrader starts a kernel for each notebook, to make tests from templates: there are none here."""
    from nbgrader.converters import GenerateAssignment
    from nbgrader.preprocessors import InstantiateTests

    usual = GenerateAssignment().preprocessors
    api.config.GenerateAssignment.preprocessors = [step for step in usual if step is not InstantiateTests]
