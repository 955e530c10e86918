"""Students' notebooks run to their end, whatever is in them: cells that fail, hang, or take the kernel with them."""

from pathlib import Path
from typing import Any

from nbclient import NotebookClient
from nbclient.exceptions import DeadKernelError
from nbclient.util import run_sync
from nbformat import NotebookNode
from nbformat.v4 import new_output

from ggd_helpers.batch.kernel import ThisPython

SLOW, DEAD, NOT_RUN = "TookTooLong", "KernelDied", "NotRun"
FOR_IMPORTS = 60
"""Seconds more for the first cell, which imports torch: on a busy machine that alone takes long."""
AFTER_HANGING = 5
"""Seconds for each cell after one that hung: where it could not be interrupted, the others wait for it in vain."""


class ToTheEnd(NotebookClient):
    """A client that notes in a cell that it failed, hung or killed the kernel, and goes on."""

    kernels: type[ThisPython] = ThisPython
    begun = died = False

    def __init__(self, *arguments: Any, **options: Any):
        kind: dict[str, Any] = {
            "kernel_manager_class": self.kernels,
            "allow_errors": True,
            "interrupt_on_timeout": True,
            "error_on_timeout": {"ename": SLOW, "evalue": "the cell was stopped", "traceback": [SLOW]},
            "shutdown_kernel": "immediate",  # a busy kernel answers no polite request
            "raise_on_iopub_timeout": False,  # what it printed may be late; whether it failed is in the reply
            "iopub_timeout": 20,
        }
        super().__init__(*arguments, **(options | kind))

    async def async_execute_cell(self, cell: NotebookNode, *arguments: Any, **options: Any) -> NotebookNode:
        """Run one cell; an error of any kind is among its outputs afterwards."""
        if cell.cell_type != "code":
            return cell
        if self.died:
            cell.outputs = [_failure(NOT_RUN, "the kernel had died in an earlier cell")]
            return cell
        limit = self.timeout or FOR_IMPORTS
        self.timeout = limit if self.begun else limit + FOR_IMPORTS
        try:
            await super().async_execute_cell(cell, *arguments, **options)
        except DeadKernelError:
            self.died = True
            cell.outputs.append(_failure(DEAD, "the kernel died in this cell; most often the memory ran out"))
        hung = any(output.get("ename") == SLOW for output in cell.outputs)
        self.begun, self.timeout = True, min(limit, AFTER_HANGING) if hung else limit
        return cell

    execute_cell = run_sync(async_execute_cell)

    def on_cell_executed(self, *, cell: NotebookNode, execute_reply: dict[str, Any], **_: Any) -> None:
        """Keep the error of a reply in the cell if it did not arrive there by itself."""
        reply = execute_reply["content"]
        if reply["status"] == "error" and not any(each.get("ename") == reply["ename"] for each in cell.outputs):
            cell.outputs.append(_failure(reply["ename"], reply["evalue"]))


def _failure(name: str, text: str) -> NotebookNode:
    return new_output("error", ename=name, evalue=text, traceback=[f"{name}: {text}"])


def run_to_the_end(notebook: NotebookNode, folder: Path, seconds: int) -> None:
    """Run all cells in a folder, each for so many seconds at most; outputs and errors stay in their cells.

    Not by `execute`, which answers Ctrl-C by ending the kernel under the cell at work, and goes on.
    """
    place = {"metadata": {"path": str(folder)}}
    client = ToTheEnd(notebook, kernel_name="python3", resources=place, timeout=seconds, record_timing=False)
    with client.setup_kernel():
        for number, cell in enumerate(notebook["cells"]):
            client.execute_cell(cell, number)
