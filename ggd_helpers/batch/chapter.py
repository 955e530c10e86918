"""A chapter without a kernel: find it, read what can be set in it, and read values for it from the command line."""

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from ggd_helpers.files import CHAPTERS, data_path
from ggd_helpers.parameters import Parameter, load_notebook, parameters_of, tagged_parameters
from ggd_helpers.ranges import shown


class Refused(ValueError):
    """Something the user asked for cannot be done as asked; the message says what to change."""


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
        """The notebook's name without its ending, as commands say it."""
        return self.path.stem


def read_chapter(path: Path) -> Chapter:
    """Title, parameters and validating cell of a notebook, without starting a kernel."""
    try:
        notebook = load_notebook(path)
        cells = notebook["cells"]
        lines = [
            line for cell in cells if cell["cell_type"] == "markdown" for line in "".join(cell["source"]).split("\n")
        ]
        title = next((line.lstrip("# ") for line in lines if line.startswith("#")), path.stem)
        parameters, tagged = parameters_of(notebook), tagged_parameters(notebook)
        after = [i for i, cell in enumerate(cells) if cell["cell_type"] == "code" and tagged is not None and i > tagged]
    except (ValueError, KeyError, SyntaxError) as error:
        raise Refused(f"{path} cannot be read as a chapter: {error}") from None
    return Chapter(path, title, parameters, after[0] if after else None)


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
    """Values for a run from `name=value` texts; names, types and ranges are checked, file names made absolute."""
    settable = {name: parameter for name, parameter in chapter.parameters.items() if name != "out"}
    values: dict[str, object] = {}
    for assignment in assignments:
        name, equals, text = assignment.partition("=")
        if not equals:
            example = next(iter(settable), "gamma")
            raise Refused(f"-p {shown(assignment)[1:-1]}: write -p name=value, for example -p {example}=...")
        if name == "out":
            raise Refused(f"out cannot be set with -p: say --out {shown(text)[1:-1] or 'FOLDER'} instead.")
        if name not in settable:
            raise Refused(
                f"{chapter.name} has no parameter {shown(name)}{_did_you_mean(name, settable)} "
                f"Its parameters are: {', '.join(settable) or 'none'}."
            )
        if name in values:
            raise Refused(f"{name} is given more than once: keep one -p {name}=...")
        try:
            values[name] = settable[name].read(text)
        except ValueError as error:
            raise Refused(str(error)) from None
        if name.endswith("_file"):
            values[name] = _found(name, text)
    return values


def _found(name: str, text: str) -> str:
    """The place of a file, whole, for the kernel works in another folder than the caller."""
    try:
        path = data_path(text)
        str(path).encode()
    except (FileNotFoundError, UnicodeEncodeError) as error:
        raise Refused(f"{name}: {error}") from None
    return str(path.resolve())
