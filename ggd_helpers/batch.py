"""Run a chapter as a batch job: read its parameters, check what was asked for, execute it with papermill.

A run is built in a staging folder beside its destination and moved there when its last cell has ended: a destination
holds a whole run or none.
"""

import ast
import base64
import difflib
import io
import json
import logging
import math
import os
import re
import shutil
import tokenize
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import AsyncKernelManager

if TYPE_CHECKING:
    from nbformat import NotebookNode
    from papermill import PapermillExecutionError

CHAPTERS = Path(__file__).resolve().parents[1] / "notebooks"
REFUSALS = ("ValueError", "FileNotFoundError")  # how a chapter says no to a value


class Refused(ValueError):
    """Something the user asked for cannot be done as asked; the message says what to change."""


class ChapterFailed(RuntimeError):
    """A cell raised an error that is not the refusal of a value."""


class _ThisPython(AsyncKernelManager):
    """Starts kernels with the Python that runs this program, whatever `python3` kernels the machine has registered."""

    def _kernel_spec_manager_default(self) -> KernelSpecManager:
        return KernelSpecManager(kernel_dirs=[])

    def _transport_encryption_default(self) -> str:
        return "auto"  # a kernel without it prints a warning at every start


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
        if self.type == "float" and not math.isfinite(value):
            raise Refused(f"{self.name} must be a finite number (got {text!r}): {self.comment}")
        return value


@dataclass(frozen=True)
class Chapter:
    """A notebook of the course: where it lies, what it is called, what can be set."""

    path: Path
    title: str
    parameters: dict[str, Parameter]

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
            name, kind, default = ast.unparse(line.target), ast.unparse(line.annotation), ast.literal_eval(line.value)
            if kind not in _READERS:
                raise ValueError(f"{name}: {kind} (its type must be one of {', '.join(_READERS)})")
            parameters[name] = Parameter(name, kind, default, comments.get(line.end_lineno, ""))
    return parameters


def read_chapter(path: Path) -> Chapter:
    """Title and parameters of a notebook, without starting a kernel.

    The cell is parsed here and not by `papermill.inspect_notebook`, which drops every line with a second `=` in it
    (`reactions: str = "A <-> B | kf=2"`) and takes two seconds to import.
    """
    try:
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        lines = [
            line for cell in cells if cell["cell_type"] == "markdown" for line in "".join(cell["source"]).split("\n")
        ]
        title = next((line.lstrip("# ") for line in lines if line.startswith("#")), path.stem)
        tagged = [cell for cell in cells if "parameters" in cell["metadata"].get("tags", [])]
        parameters = _read_parameters("".join(tagged[0]["source"])) if tagged else {}
    except (ValueError, KeyError, SyntaxError) as error:
        raise Refused(f"{path} cannot be read as a chapter: {error}") from None
    return Chapter(path, title, parameters)


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


def _did_you_mean(name: str, known: dict) -> str:
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


def is_replaceable(out: Path) -> bool:
    """Whether a run may take the place of `out`: nothing there, an empty folder, or an earlier run."""
    if not out.exists():
        return True
    return out.is_dir() and ((out / "results.json").is_file() or not any(out.iterdir()))


def run(chapter: Chapter, values: dict[str, object], out: Path, *, progress: bool = True) -> dict:
    """Execute a chapter with `values`, leave `notebook.ipynb`, `results.json` and what else it writes in `out`.

    Returns the content of `results.json`. An earlier run in `out` is replaced, and only by a run that succeeded.
    Raises `Refused` when the chapter refuses a value and `ChapterFailed` on any other error in a cell.
    """
    out = out.resolve()
    if not is_replaceable(out):
        raise Refused(
            f"{out} exists and is not an earlier run (it holds no results.json): nothing was touched. "
            "Name another folder with --out, or empty this one."
        )
    if "out" not in chapter.parameters:
        raise Refused(f"{chapter.name} has no parameter `out`, the folder for its results: add it to the chapter.")
    missing = [parent for parent in out.parents if not parent.exists()]
    staging = out.with_name(f".ggd-{uuid.uuid4().hex}.partial")
    try:
        try:
            staging.mkdir(parents=True)
        except OSError as error:
            raise Refused(f"{out} cannot be made ({error.strerror}): name another folder with --out.") from None
        _execute(chapter, values | {"out": str(staging)}, staging, progress)
        for path in (staging / "notebook.ipynb", staging / "results.json"):  # they quote the folder's name
            text = path.read_text(encoding="utf-8").replace(staging.name, json.dumps(out.name)[1:-1])
            path.write_text(text, encoding="utf-8")
        _put_in_place(staging, out)
    except BaseException:
        shutil.rmtree(staging, ignore_errors=True)
        with suppress(OSError):  # a folder that something else has written to meanwhile stays
            for parent in missing:
                parent.rmdir()
        raise
    return json.loads((out / "results.json").read_text(encoding="utf-8"))


def _execute(chapter: Chapter, values: dict[str, object], folder: Path, progress: bool) -> None:
    import papermill
    from nbclient.exceptions import DeadKernelError

    os.environ.setdefault(
        "OMP_NUM_THREADS", "1"
    )  # for the kernel: two threads on its small matrices are slower than one
    logging.getLogger("papermill").setLevel(logging.ERROR)  # it warns about lines that `read_chapter` reads well
    try:
        papermill.execute_notebook(
            chapter.path,
            folder / "notebook.ipynb",
            values,
            kernel_name="python3",
            kernel_manager_class=_ThisPython,
            shutdown_kernel="immediate",  # a polite shutdown answers Ctrl-C with tracebacks from the kernel
            cwd=chapter.path.parent,
            progress_bar={"desc": chapter.name} if progress else False,
            iopub_timeout=120,  # a starved machine may be slow to print
        )
    except papermill.PapermillExecutionError as error:
        if error.ename in REFUSALS:
            raise Refused(error.evalue) from None
        raise ChapterFailed(_describe(chapter, error)) from None
    except DeadKernelError:
        raise ChapterFailed(f"{chapter.name}: the kernel died, most often because the memory ran out.") from None
    if not (folder / "results.json").is_file():
        raise ChapterFailed(f"{chapter.name} wrote no results.json: its last cell must call ggd.save_results(...).")


def _describe(chapter: Chapter, error: "PapermillExecutionError") -> str:
    from papermill.exceptions import strip_color

    lines = strip_color("\n".join(error.traceback)).splitlines()
    source = next((match[1] for line in lines if (match := re.match(r"-+> \d+ (.*)", line))), "?")
    return (
        f"{chapter.name} stopped in cell [{error.exec_count}] at `{source.strip()}`\n"
        f"{error.ename}: {error.evalue}\n\nThe last lines of the traceback:\n" + "\n".join(lines[-12:])
    )


def _put_in_place(staging: Path, out: Path) -> None:
    previous = staging.with_suffix(".previous")
    try:
        if out.exists():
            out.rename(previous)
        staging.rename(out)
    except BaseException:
        if previous.exists():
            previous.rename(out)
        raise
    shutil.rmtree(previous, ignore_errors=True)


def refresh(folder: Path = CHAPTERS) -> None:
    """Execute all chapters in place at their defaults, and keep of the outputs what belongs under version control."""
    import nbformat
    from nbclient import NotebookClient

    for chapter in chapters(folder):
        print(f"executing {chapter.path}", flush=True)
        notebook = nbformat.read(chapter.path, as_version=4)
        NotebookClient(
            notebook,
            kernel_name="python3",
            kernel_manager_class=_ThisPython,
            resources={"metadata": {"path": str(folder)}},
            record_timing=False,
        ).execute()
        _strip(notebook)
        nbformat.write(notebook, chapter.path)


def _strip(notebook: "NotebookNode") -> None:
    """Remove what changes from run to run or breaks GitHub's view; cell ids and outputs stay."""
    notebook.metadata.pop("widgets", None)
    notebook.metadata.get("language_info", {}).pop("version", None)
    for cell in notebook.cells:
        for volatile in ("execution", "papermill"):
            cell.metadata.pop(volatile, None)
        for output in cell.get("outputs", []):
            if png := output.get("data", {}).get("image/png"):
                output["data"]["image/png"] = _with_few_colours(png)


def _with_few_colours(png: str) -> str:
    """The same picture with 64 colours: a third of the size, which keeps a chapter under 1 MB."""
    from PIL import Image

    file = io.BytesIO()
    picture = Image.open(io.BytesIO(base64.b64decode(png))).convert("RGB")
    picture.quantize(64, dither=Image.Dither.NONE).save(file, format="png", optimize=True)
    return base64.b64encode(file.getvalue()).decode()
