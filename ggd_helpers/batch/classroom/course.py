"""A course in nbgrader's own layout, so that its other tools work on it, too."""

import os
import sys
from collections.abc import Mapping
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
    api.coursedir.db_url = gradebook_url(course)
    api.config.ClearSolutions.code_stub = {"python": STUB}
    return api


def _find_own_programs() -> None:
    """Put this Python's programs first on the path: nbgrader calls `alembic` by its name, environment active or not."""
    here = str(Path(sys.executable).parent)
    path = os.environ.get("PATH", "")
    if path.partition(os.pathsep)[0] != here:
        os.environ["PATH"] = here + os.pathsep + path


def gradebook_url(course: Path) -> str:
    """The course's gradebook; whoever finds it locked waits, for several notebooks are graded at once."""
    return f"sqlite:///{course / 'gradebook.db'}?timeout=60"


def succeed(result: Mapping[str, Any], what: str) -> None:
    """Raise what nbgrader has logged if it failed.

    Raises:
        RuntimeError: it failed.
    """
    if not result["success"]:
        raise RuntimeError("\n".join([what, result.get("log", ""), result.get("error", "")]))
