"""Run a chapter as a batch job, with papermill.

A run is built in a staging folder beside its destination and moved there when its last cell has ended: a destination
holds a whole run or none.
"""

import json
import logging
import os
import re
import shutil
import uuid
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from ggd_helpers.batch.chapter import Chapter, Refused

if TYPE_CHECKING:
    from papermill import PapermillExecutionError

REFUSALS = ("ValueError", "FileNotFoundError")  # how the validating cell of a chapter says no to a value


class ChapterFailed(RuntimeError):
    """A cell raised an error that is not the refusal of a value."""


def is_replaceable(out: Path) -> bool:
    """Whether a run may take the place of `out`: nothing there, an empty folder, or an earlier run."""
    if not out.exists():
        return True
    return out.is_dir() and ((out / "results.json").is_file() or not any(out.iterdir()))


def run(chapter: Chapter, values: dict[str, object], out: Path, *, progress: bool = True) -> dict:
    """Execute a chapter with `values`, leave `notebook.ipynb`, `results.json` and what else it writes in `out`.

    Returns the content of `results.json`. An earlier run in `out` is replaced, and only by a run that succeeded.
    Raises `Refused` when the cell that validates the parameters refuses a value, and `ChapterFailed`, with the place
    and the traceback's last lines, on any other error in a cell.
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

    from ggd_helpers.batch.kernel import ThisPython

    os.environ.setdefault("OMP_NUM_THREADS", "1")  # for the kernel: two threads are slower on its small matrices
    logging.getLogger("papermill").setLevel(logging.ERROR)  # it warns about lines that `read_chapter` reads well
    try:
        papermill.execute_notebook(
            chapter.path,
            folder / "notebook.ipynb",
            values,
            kernel_name="python3",
            kernel_manager_class=ThisPython,
            shutdown_kernel="immediate",  # a polite shutdown answers Ctrl-C with tracebacks from the kernel
            cwd=chapter.path.parent,
            progress_bar={"desc": chapter.name} if progress else False,
            iopub_timeout=120,  # a starved machine may be slow to print
        )
    except papermill.PapermillExecutionError as error:
        if _is_refusal(chapter, error):
            raise Refused(error.evalue) from None
        raise ChapterFailed(_describe(chapter, error)) from None
    except DeadKernelError:
        raise ChapterFailed(f"{chapter.name}: the kernel died, most often because the memory ran out.") from None
    if not (folder / "results.json").is_file():
        raise ChapterFailed(f"{chapter.name} wrote no results.json: its last cell must call record.save().")


def _is_refusal(chapter: Chapter, error: "PapermillExecutionError") -> bool:
    if chapter.validating_cell is None or error.ename not in REFUSALS:
        return False
    return error.cell_index == chapter.validating_cell + 1  # papermill has put the values into a cell before it


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
