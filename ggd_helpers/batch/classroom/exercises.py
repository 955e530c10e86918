"""Exercise notebooks: where their sources lie, what a cell is for, what is missing from a copy of one."""

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ggd_helpers.batch.chapter import Refused
from ggd_helpers.files import CHAPTERS
from ggd_helpers.ranges import shown

if TYPE_CHECKING:
    from nbformat import NotebookNode

EXERCISES = CHAPTERS / "exercises"
_HIDDEN = re.compile(r"[^\n]*BEGIN HIDDEN TESTS.*?END HIDDEN TESTS[^\n]*\n?", re.DOTALL)


class NoNotebook(ValueError):
    """A file is no notebook; the message says what it is."""


def exercises(folder: Path = EXERCISES) -> dict[str, Path]:
    """The source notebooks with solutions and hidden tests, by the name of their chapter."""
    return {path.stem: path for path in sorted(folder.glob("[0-9][0-9]_*.ipynb"))}


def chosen_exercises(names: Iterable[str], folder: Path = EXERCISES) -> dict[str, Path]:
    """Those that are named, or all.

    Raises:
        Refused: there is none of that name.
    """
    known = exercises(folder)
    names = list(names) or list(known)
    for name in names:
        if name not in known:
            raise Refused(f"there are no exercises {shown(name)}: there are {', '.join(known)}.")
    return {name: known[name] for name in names}


def read_notebook(path: Path) -> "NotebookNode":
    """A notebook of any version, as one of version 4.

    Raises:
        NoNotebook: the file is something else, or cannot be read.
    """
    import nbformat

    try:
        text = path.read_text(encoding="utf-8")
        if not text.strip():
            raise NoNotebook("the file is empty")
        notebook = nbformat.reads(text, as_version=4)
        cells = notebook["cells"]
        nbformat.validate(notebook)
    except OSError as error:
        raise NoNotebook(f"the file cannot be read ({error.strerror})") from None
    except UnicodeDecodeError:
        raise NoNotebook("the file is no text, and so no notebook") from None
    except (json.JSONDecodeError, nbformat.reader.NotJSONError):
        raise NoNotebook("the file is no notebook (it is not JSON, or was cut off)") from None
    except (nbformat.ValidationError, KeyError, TypeError, AttributeError, ValueError) as error:
        if isinstance(error, NoNotebook):
            raise
        raise NoNotebook("the file is JSON, but no notebook") from None
    if not cells:
        raise NoNotebook("the notebook has no cells")
    return notebook


def role(cell: Any) -> dict[str, Any]:
    """What nbgrader knows of a cell: `grade_id`, `points`, `grade`, `solution`, `locked`, `task`; empty for others."""
    known = cell.get("metadata", {}).get("nbgrader", {})
    return known if isinstance(known, dict) and known.get("grade_id") else {}


def by_id(notebook: Any) -> dict[str, Any]:
    """The cells that nbgrader knows, by their name; of two with one name the first."""
    cells: dict[str, Any] = {}
    for cell in notebook["cells"]:
        if role(cell):
            cells.setdefault(role(cell)["grade_id"], cell)
    return cells


def without_hidden_tests(source: str) -> str:
    """A cell's text as it is handed out."""
    return _HIDDEN.sub("", source).rstrip("\n")


def put_back_missing(submitted: Any, released: Any) -> list[str]:
    """Put cells that were deleted where they belong, after the one they followed; returns their names."""
    present, missing, after = by_id(submitted), [], -1
    for name, cell in by_id(released).items():
        if name in present:
            after = next(i for i, each in enumerate(submitted["cells"]) if each is present[name])
            continue
        after += 1
        submitted["cells"].insert(after, cell)
        missing.append(name)
    return missing
