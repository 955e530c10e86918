"""The kernel that chapters run in."""

import os
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import AsyncKernelManager

from ggd_helpers.batch.signals import undisturbed
from ggd_helpers.batch.sockets import socket_folder


def one_thread() -> None:
    """Let kernels compute on one thread, unless `OMP_NUM_THREADS` says otherwise: their number changes the last digits.

    Two are slower, too, on a chapter's small matrices.
    """
    os.environ.setdefault("OMP_NUM_THREADS", "1")


class ThisPython(AsyncKernelManager):
    """Starts kernels with the Python that runs this program, whatever `python3` kernels the machine has registered."""

    lock: int | None = None
    """A file descriptor that the kernel keeps open."""
    process: subprocess.Popen | None = None
    """The kernel's process, also after its end."""

    def _kernel_spec_manager_default(self) -> KernelSpecManager:
        return KernelSpecManager(kernel_dirs=[])

    def _transport_encryption_default(self) -> str:
        return "auto"  # a kernel without it prints a warning at every start

    async def start_kernel(self, **options: Any) -> None:  # type: ignore[override] # as in AsyncKernelManager itself
        one_thread()
        kept = {} if self.lock is None else {"pass_fds": (self.lock,)}
        with undisturbed():  # or there is a process that nobody knows of
            try:
                await super().start_kernel(**kept, **options)
            finally:
                self.process = getattr(self.provisioner, "process", None)


@contextmanager
def kernel_at(staging: Path, lock: int | None, started: list[ThisPython]) -> Iterator[type[ThisPython]]:
    """Such kernels, with their connection file in the staging folder of a run, and its lock, if any, while they live.

    They talk through sockets in a folder of their own, where the system has such: no two kernels can clash for a port.
    They are dead when the block ends: papermill does not mind a kernel that was starting when Ctrl-C came, and that one
    would write into the folder after it was cleared. `started` receives them, for how they ended.
    """
    with socket_folder() as folder:
        place = {"transport": "ipc", "ip": str(folder / "k")} if folder else {}

        class KernelOfARun(ThisPython):
            def __init__(self, **options: Any):
                super().__init__(connection_file=str(staging / "kernel.json"), **place, **options)
                self.lock = lock
                started.append(self)

        with dead_afterwards(started):
            yield KernelOfARun


@contextmanager
def dead_afterwards(started: Iterable[ThisPython]) -> Iterator[None]:
    """However the block ends, so do the kernels that were started in it."""
    try:
        yield
    finally:
        with undisturbed():
            for kernel in started:
                if kernel.process is not None and kernel.process.poll() is None:
                    kernel.process.kill()
                    kernel.process.wait()
                kernel.context.destroy(linger=0)  # or it is found open when Python tidies up, wherever that is
