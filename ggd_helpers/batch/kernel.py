"""The kernel that chapters run in."""

import os
from pathlib import Path
from typing import Any

from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import AsyncKernelManager


def one_thread() -> None:
    """Let kernels compute on one thread, unless `OMP_NUM_THREADS` says otherwise: their number changes the last digits.

    Two are slower, too, on a chapter's small matrices.
    """
    os.environ.setdefault("OMP_NUM_THREADS", "1")


class ThisPython(AsyncKernelManager):
    """Starts kernels with the Python that runs this program, whatever `python3` kernels the machine has registered."""

    lock: int | None = None
    """A file descriptor that the kernel keeps open."""

    def _kernel_spec_manager_default(self) -> KernelSpecManager:
        return KernelSpecManager(kernel_dirs=[])

    def _transport_encryption_default(self) -> str:
        return "auto"  # a kernel without it prints a warning at every start

    async def start_kernel(self, **options: Any) -> None:  # type: ignore[override] # as in AsyncKernelManager itself
        one_thread()
        kept = {} if self.lock is None else {"pass_fds": (self.lock,)}
        await super().start_kernel(**kept, **options)


def kernel_at(staging: Path, lock: int) -> type[ThisPython]:
    """Such a kernel with its connection file in the staging folder of a run, and the run's lock while it lives."""
    members = {"lock": lock, "_connection_file_default": lambda self: str(staging / "kernel.json")}
    return type("KernelOfARun", (ThisPython,), members)
