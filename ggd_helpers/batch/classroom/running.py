"""Students' notebooks run to their end, whatever is in them: cells that fail, hang, or take the kernel with them."""

from pathlib import Path
from typing import Any

from nbclient import NotebookClient
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbclient.util import ensure_async, run_sync
from nbformat import NotebookNode
from nbformat.v4 import new_output

from ggd_helpers.batch.kernel import ThisPython

SLOW, DEAD, NOT_RUN = "TookTooLong", "KernelDied", "NotRun"
PATIENCE_AFTER_HANGING = 5
"""Seconds for each cell after one that hung: where it could not be interrupted, the others wait for it in vain."""


class ToTheEnd(NotebookClient):
    """A client that notes in a cell that it hung or killed the kernel, and goes on."""

    died = False

    def __init__(self, *arguments: Any, **options: Any):
        kind: dict[str, Any] = {"kernel_manager_class": ThisPython, "interrupt_on_timeout": False}
        super().__init__(*arguments, **(options | kind))

    async def async_execute_cell(self, cell: NotebookNode, *arguments: Any, **options: Any) -> NotebookNode:
        """Run one cell; an error of any kind is among its outputs afterwards."""
        if self.died and cell.cell_type == "code":
            cell.outputs = [_failure(NOT_RUN, "the kernel had died in an earlier cell")]
        if self.died:
            return cell
        try:
            return await super().async_execute_cell(cell, *arguments, **options)
        except CellTimeoutError:
            cell.outputs.append(_failure(SLOW, f"the cell was stopped after {self.timeout} seconds"))
            self.timeout = min(self.timeout, PATIENCE_AFTER_HANGING)
            await ensure_async(self.km.interrupt_kernel())
        except DeadKernelError:
            self.died = True
            cell.outputs.append(_failure(DEAD, "the kernel died in this cell; most often the memory ran out"))
        return cell

    execute_cell = run_sync(async_execute_cell)


def _failure(name: str, text: str) -> NotebookNode:
    return new_output("error", ename=name, evalue=text, traceback=[f"{name}: {text}"])


def run_to_the_end(notebook: NotebookNode, folder: Path, seconds: int) -> None:
    """Run all cells in a folder, each for so many seconds at most; outputs and errors stay in their cells."""
    ToTheEnd(
        notebook,
        kernel_name="python3",
        resources={"metadata": {"path": str(folder)}},
        timeout=seconds,
        allow_errors=True,
        record_timing=False,
    ).execute()
