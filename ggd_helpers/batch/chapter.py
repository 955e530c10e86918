"""A chapter without a kernel: find it, read what can be set in it, and read values for it from the command line."""

import ast
import difflib
import io
import json
import math
import tokenize
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

CHAPTERS = Path(__file__).resolve().parents[2] / "notebooks"


class Refused(ValueError):
    """Something the user asked for cannot be done as asked; the message says what to change."""


def _truth(text: str) -> bool:
    return {"true": True, "false": False}[text.lower()]


_READERS: dict[str, tuple[Callable[[str], object], str]] = {
    "float": (float, "a number"),
    "int": (int, "a whole number"),
    "bool": (_truth, "true or false"),
    "str": (str, "text"),
}


@dataclass(frozen=True)
class Parameter:
    """One line of the parameters cell: `gamma: float = 1.0  # damping rate, 1/time, greater than 0`."""

    name: str
    type: str
    default: object
    comment: str

    def read(self, text: str) -> object:
        """The value that `text` from the command line stands for; its range is the chapter's own business."""
        reader, wanted = _READERS[self.type]
        try:
            value = reader(text)
        except (ValueError, KeyError):
            raise Refused(f"{self.name} must be {wanted} (got {text!r}): {self.comment}") from None
        if isinstance(value, float) and not math.isfinite(value):
            raise Refused(f"{self.name} must be a finite number (got {text!r}): {self.comment}")
        return value


@dataclass(frozen=True)
class Chapter:
    """A notebook of the course: where it lies, what it is called, what can be set, which cell validates it."""

    path: Path
    title: str
    parameters: dict[str, Parameter]
    validating_cell: int | None
    """Index of the first code cell after the one tagged `parameters`."""

    @property
    def name(self) -> str:
        return self.path.stem


def _read_parameters(source: str) -> dict[str, Parameter]:
    tree = ast.parse(source)
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    comments = {token.start[0]: token.string.lstrip("# ") for token in tokens if token.type == tokenize.COMMENT}
    parameters = {}
    for line in tree.body:
        if isinstance(line, ast.AnnAssign):
            name, kind = ast.unparse(line.target), ast.unparse(line.annotation)
            if line.value is None:
                raise ValueError(f"{name} has no default (write {name}: {kind} = ...)")
            if kind not in _READERS:
                raise ValueError(f"{name}: {kind} (its type must be one of {', '.join(_READERS)})")
            parameters[name] = Parameter(
                name, kind, ast.literal_eval(line.value), comments.get(line.end_lineno or 0, "")
            )
    return parameters


def read_chapter(path: Path) -> Chapter:
    """Title, parameters and validating cell of a notebook, without starting a kernel.

    The cell is parsed here and not by `papermill.inspect_notebook`, which drops every line with a second `=` in it
    (`reactions: str = "A <-> B | kf=2"`) and takes two seconds to import.
    """
    try:
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        lines = [
            line for cell in cells if cell["cell_type"] == "markdown" for line in "".join(cell["source"]).split("\n")
        ]
        title = next((line.lstrip("# ") for line in lines if line.startswith("#")), path.stem)
        code = [i for i, cell in enumerate(cells) if cell["cell_type"] == "code"]
        tagged = [i for i in code if "parameters" in cells[i]["metadata"].get("tags", [])]
        parameters = _read_parameters("".join(cells[tagged[0]]["source"])) if tagged else {}
    except (ValueError, KeyError, SyntaxError) as error:
        raise Refused(f"{path} cannot be read as a chapter: {error}") from None
    return Chapter(path, title, parameters, next((i for i in code if tagged and i > tagged[0]), None))


def chapters(folder: Path = CHAPTERS) -> list[Chapter]:
    """All chapters (`NN_name.ipynb`) of a folder, in reading order."""
    paths = sorted(folder.glob("[0-9][0-9]_*.ipynb"))
    if not paths:
        raise Refused(
            f"no chapters found in {folder}: ggd works from a checkout of the repository "
            "(clone it and say `make run`, or `pip install -e .` inside it)."
        )
    return [read_chapter(path) for path in paths]


def find_chapter(name: str, folder: Path = CHAPTERS) -> Chapter:
    """The chapter called `name`, with or without `.ipynb`."""
    known = {chapter.name: chapter for chapter in chapters(folder)}
    if chapter := known.get(name.removesuffix(".ipynb")):
        return chapter
    raise Refused(f"there is no chapter {name!r}{_did_you_mean(name, known)} The chapters are: {', '.join(known)}.")


def _did_you_mean(name: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    return f": did you mean {near[0]!r}?" if near else "."


def read_values(chapter: Chapter, assignments: list[str]) -> dict[str, object]:
    """Values for a run from `name=value` texts; names and types are checked, file names made absolute."""
    settable = {name: parameter for name, parameter in chapter.parameters.items() if name != "out"}
    values: dict[str, object] = {}
    for assignment in assignments:
        name, equals, text = assignment.partition("=")
        if not equals:
            raise Refused(f"-p {assignment}: write -p name=value, for example -p {next(iter(settable), 'gamma')}=...")
        if name == "out":
            raise Refused(f"out cannot be set with -p: say --out {text or 'FOLDER'} instead.")
        if name not in settable:
            raise Refused(
                f"{chapter.name} has no parameter {name!r}{_did_you_mean(name, settable)} "
                f"Its parameters are: {', '.join(settable) or 'none'}."
            )
        if name in values:
            raise Refused(f"{name} is given more than once: keep one -p {name}=...")
        values[name] = settable[name].read(text)
        if name.endswith("_file") and Path(text).is_file():
            values[name] = str(Path(text).resolve())  # the kernel works in another folder than the caller
    return values
