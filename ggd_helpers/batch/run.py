"""Run a chapter as a batch job, with papermill: a folder holds a whole run or none (see `place`)."""

import errno
import json
import logging
import os
import re
import signal
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from ggd_helpers.batch.chapter import Chapter, Refused
from ggd_helpers.batch.memory import killed_for_memory
from ggd_helpers.batch.place import Place, claimed
from ggd_helpers.batch.signals import undisturbed
from ggd_helpers.parameters import load_notebook

if TYPE_CHECKING:
    from papermill import PapermillExecutionError

REFUSALS = ("ValueError", "FileNotFoundError")  # how the validating cell of a chapter says no to a value
FULL = (errno.ENOSPC, errno.EDQUOT)
NO_MEMORY = ("MemoryError", "_ArrayMemoryError", "OutOfMemoryError")  # of Python, NumPy, and torch on a GPU


class ChapterFailed(RuntimeError):
    """A cell raised an error that is not the refusal of a value."""


class OutOfMemory(ChapterFailed):
    """The memory ran out: a cell said so, or the system killed the kernel for it."""


class KernelDied(ChapterFailed):
    """The kernel ended, and nothing says that the memory ran out."""


class DiskFull(ChapterFailed):
    """No room is left for what the chapter writes."""


def run(chapter: Chapter, values: dict[str, object], out: Path, *, progress: bool = True) -> dict:
    """Execute a chapter with `values`, leave `notebook.ipynb`, `results.json` and what else it writes in `out`.

    Returns the content of `results.json`. An earlier run in `out` is replaced, and only by a run that succeeded; what
    else lies there stays.

    Raises:
        Refused: `out` cannot take a run, or the cell that validates the parameters refuses a value.
        OutOfMemory, KernelDied, DiskFull: what their names say.
        ChapterFailed: any other error in a cell, with the place and the traceback's last lines.
    """
    check_can_run(chapter)
    out = resolved(out)
    try:
        with ExitStack() as to_the_end, claimed(out) as place:
            _execute(chapter, values | {"out": str(place.run)}, place, progress)
            came = to_the_end.enter_context(undisturbed())
            to_the_end.callback(came.clear)  # too late to matter
            _name_final_folder(place)
            lies = place.put()
    except ChapterFailed as error:
        raise type(error)(f"{error}\n\nNothing was written to {out}.") from None
    except OSError as error:
        if error.errno not in FULL:
            raise
        raise DiskFull(
            f"{os.strerror(error.errno)}: make room, or name a folder on another disk with --out. "
            f"Nothing was written to {out}."
        ) from None
    if lies != out:
        raise ChapterFailed(f"something came in the way in {out} while the chapter ran: the whole run lies in {lies}.")
    return json.loads((out / "results.json").read_text(encoding="utf-8"))


def check_can_run(chapter: Chapter) -> None:
    """Refuse a notebook that cannot be told where its results go."""
    if "out" not in chapter.parameters:
        raise Refused(f"{chapter.name} has no parameter `out`, the folder for its results: add it to the chapter.")


def resolved(out: Path) -> Path:
    """The folder that `--out` names, whole.

    Raises:
        Refused: no folder can have this name.
    """
    try:
        resolved = out.resolve()
        str(resolved).encode()
    except (OSError, RuntimeError, UnicodeEncodeError) as error:
        raise Refused(f"--out {str(out)!r} is not a folder that can be named ({error}): choose another.") from None
    return resolved


def _name_final_folder(place: Place) -> None:
    """The notebook and the results quote the folder in which they were made, and paths that begin there."""
    deeper = place.run.relative_to(place.out).as_posix()
    for path in (place.run / "notebook.ipynb", place.run / "results.json"):
        path.write_text(path.read_text(encoding="utf-8").replace(f"/{deeper}", ""), encoding="utf-8")
    results = json.loads(path.read_text(encoding="utf-8"))
    for name, value in results.get("parameters", {}).items():
        if name.endswith("_file"):
            results["parameters"][name] = value.removeprefix("../" * len(Path(deeper).parts))
    path.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")


def _verbatim(path: Path) -> str:
    """A path as papermill takes it, which fills in what stands in braces."""
    return str(path).replace("{", "{{").replace("}", "}}")


def _execute(chapter: Chapter, values: dict[str, object], place: Place, progress: bool) -> None:
    import papermill

    from ggd_helpers.batch.kernel import ThisPython, kernel_at

    logging.getLogger("papermill").setLevel(logging.ERROR)  # it warns about lines that `read_chapter` reads well
    killed_before, kernels = killed_for_memory(), list[ThisPython]()
    try:
        with kernel_at(place.staging, place.lock, kernels) as kernel:
            papermill.execute_notebook(
                _verbatim(chapter.path),
                _verbatim(place.run / "notebook.ipynb"),
                values,
                kernel_name="python3",
                kernel_manager_class=kernel,
                shutdown_kernel="immediate",  # a polite shutdown answers Ctrl-C with tracebacks from the kernel
                cwd=chapter.path.parent,
                progress_bar={"desc": chapter.name} if progress else False,
                iopub_timeout=120,  # a starved machine may be slow to print
            )
    except papermill.PapermillExecutionError as error:
        raise _as_ours(chapter, error) from None
    except RuntimeError:  # papermill's word for a kernel that died, and for one that died while it started
        code = next((kernel.process.returncode for kernel in kernels if kernel.process), None)
        died = f"{chapter.name}: the kernel died {_cell_at_work(place.run / 'notebook.ipynb')}"
        if code == -signal.SIGKILL and killed_for_memory() > killed_before:
            raise OutOfMemory(f"{died}: the system killed it, for the memory ran out.") from None
        raise KernelDied(f"{died}: {_how(code)}.") from None
    if not (place.run / "results.json").is_file():
        raise ChapterFailed(f"{chapter.name} wrote no results.json: its last cell must call record.save().")


def _how(code: int | None) -> str:
    if code is None:
        return "it did not start"
    return f"killed by {signal.Signals(-code).name}" if code < 0 else f"it ended itself with exit code {code}"


def _cell_at_work(notebook: Path) -> str:
    """Which cell was executed last, of a notebook that papermill saves before and after each."""
    try:
        cells = load_notebook(notebook)["cells"]
        sources = [
            "".join(cell["source"])
            for cell in cells
            if cell["cell_type"] == "code" and cell["metadata"]["papermill"]["start_time"]
        ]
        return f"in cell [{len(sources)}], which begins with `{sources[-1].splitlines()[0]}`"
    except (OSError, ValueError, LookupError):
        return "before the first cell"


def _as_ours(chapter: Chapter, error: "PapermillExecutionError") -> Exception:
    if _is_refusal(chapter, error):
        return Refused(error.evalue)
    number = re.match(r"\[Errno (\d+)\]", error.evalue)
    if error.ename == "OSError" and number and int(number[1]) in FULL:
        return OSError(int(number[1]), error.evalue)
    if error.ename in NO_MEMORY or "can't allocate memory" in error.evalue:
        return OutOfMemory(_describe(chapter, error))
    return ChapterFailed(_describe(chapter, error))


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
