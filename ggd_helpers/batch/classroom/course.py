"""A course in nbgrader's own layout, so that its other tools work on it, too."""

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ggd_helpers.batch.chapter import Refused

STUB = "# your answer here"


def nbgrader_api(course: Path) -> Any:
    """nbgrader's commands on a course.

    Raises:
        Refused: nbgrader is not installed.
    """
    try:
        from nbgrader.apps import NbGraderAPI
    except ModuleNotFoundError:
        raise Refused(
            'exercises are released and graded with nbgrader: install it with `pip install -e ".[class]"` '
            "in the repository."
        ) from None
    _find_own_programs()
    api = NbGraderAPI()
    api.coursedir.root = str(course)
    api.coursedir.db_url = f"sqlite:///{course / 'gradebook.db'}?timeout=60"  # several notebooks are graded at once
    api.config.ClearSolutions.code_stub = {"python": STUB}
    return api


def _find_own_programs() -> None:
    """Put this Python's programs first on the path: nbgrader calls `alembic` by its name, environment active or not."""
    here = str(Path(sys.executable).parent)
    path = os.environ.get("PATH", "")
    if path.partition(os.pathsep)[0] != here:
        os.environ["PATH"] = here + os.pathsep + path


@contextmanager
def gradebook(course: Path) -> Iterator[Any]:
    """The gradebook of a course, open.

    Raises:
        Refused: nbgrader is not installed, the file is no gradebook, or cannot be written to.
    """
    api = nbgrader_api(course)
    from sqlalchemy.exc import DBAPIError

    try:
        with api.gradebook as book:
            yield book
    except DBAPIError as error:
        raise Refused(
            f"{course / 'gradebook.db'} cannot be used ({error.orig}): mend that, or move it away and release again."
        ) from None


def succeed(result: Mapping[str, Any], what: str) -> None:
    """Raise what nbgrader has logged if it failed.

    Raises:
        RuntimeError: it failed.
    """
    if not result["success"]:
        raise RuntimeError("\n".join([what, result.get("log", ""), result.get("error", "")]))
