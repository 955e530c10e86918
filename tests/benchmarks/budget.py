"""How long everything takes to begin, and where a chapter's time goes, by cell.

    .venv/bin/python tests/benchmarks/budget.py [CHAPTER ...]        all chapters: twenty minutes, with nothing beside

Wanted on two cores: 2 s for `import ggd_helpers`, 1 s for `ggd list`, 10 s to the first figure, 120 s for a chapter (90
for the first two, 240 for chapter 7).
"""

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from ggd_helpers.batch.chapter import chapters

LONG = 5.0  # seconds of a cell that is named


def seconds(*command: str) -> float:
    """How long a program takes, the best of three."""
    times = []
    for _ in range(3):
        began = time.perf_counter()
        subprocess.run([sys.executable, *command], check=True, capture_output=True)
        times.append(time.perf_counter() - began)
    return min(times)


def executed(chapter: str) -> tuple[float, NotebookNode]:
    """How long `ggd run` of a chapter takes, and the notebook that it leaves."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / chapter
        began = time.perf_counter()
        subprocess.run(
            [sys.executable, "-m", "ggd_helpers", "run", chapter, "--out", str(out)], check=True, capture_output=True
        )
        return time.perf_counter() - began, nbformat.read(out / "notebook.ipynb", as_version=4)


def code_cells(notebook: NotebookNode) -> Iterator[tuple[int, NotebookNode]]:
    """The cells of code with their place in the chapter as it is committed: a batch puts one in, with its values."""
    committed = (cell for cell in notebook.cells if "injected-parameters" not in cell.metadata.get("tags", []))
    return ((at, cell) for at, cell in enumerate(committed) if cell.cell_type == "code")


def first_figure(notebook: NotebookNode) -> float:
    """Seconds from the start of the first cell to the end of the first one with a picture."""
    ran = [cell for _, cell in code_cells(notebook)]
    drawn = next(cell for cell in ran if any("image/png" in output.get("data", {}) for output in cell.outputs))
    moments = (drawn.metadata.papermill["end_time"], ran[0].metadata.papermill["start_time"])
    end, start = (datetime.fromisoformat(moment) for moment in moments)
    return (end - start).total_seconds()


def main(names: list[str]) -> None:
    print(f"import ggd_helpers: {seconds('-c', 'import ggd_helpers'):.2f} s", flush=True)
    print(f"ggd list: {seconds('-m', 'ggd_helpers', 'list'):.2f} s", flush=True)
    for name in names or [chapter.name for chapter in chapters()]:
        total, notebook = executed(name)
        print(f"{name}: {total:.0f} s in all, first figure after {first_figure(notebook):.1f} s", flush=True)
        for at, cell in code_cells(notebook):
            if (took := cell.metadata.papermill["duration"]) >= LONG:
                print(f"    cell {at:3d} {took:6.1f} s   {cell.source.splitlines()[0][:80]}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
