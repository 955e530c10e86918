"""Workers for a sweep: processes of this machine, or those of a Dask cluster that runs elsewhere."""

import logging
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ggd_helpers.batch.chapter import Refused
from ggd_helpers.batch.signals import undisturbed
from ggd_helpers.ranges import shown

if TYPE_CHECKING:
    from distributed import Client

PATIENCE = 10  # seconds until a scheduler must have answered
IN_VAIN = 20  # how often a worker is started anew while none is there
SILENT = logging.CRITICAL + 1
INSTALL = 'a sweep needs Dask, which is not installed: say `pip install -e ".[batch]"` in the repository.'


def check_installed() -> None:
    """Refuse to sweep without Dask."""
    try:
        import distributed  # noqa: F401
    except ImportError:
        raise Refused(INSTALL) from None


def cores() -> int:
    """How many cores this program may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class WorkersFail(RuntimeError):
    """Workers end as soon as they are started."""


@dataclass(frozen=True)
class Cluster:
    """Workers, and the client of Dask that sends them runs.

    Args:
        client: of their scheduler.
        mend: to be called now and then, with whether a worker is there: starts those anew that have ended.
    """

    client: "Client"
    mend: Callable[[bool], None]


@contextmanager
def local_cluster(workers: int, scratch: Path) -> Iterator[Cluster]:
    """So many worker processes of this machine, one run at a time each, which nobody can reach from outside.

    They are started here and not by Dask, which gives one up that is killed while it starts, and would set the number
    of threads. They end with this program, however it ends.
    """
    import dask
    from distributed import Client, LocalCluster

    _quiet()
    local = {"host": "127.0.0.1", "dashboard_address": "127.0.0.1:0"}  # None would take port 8787, which one sweep can
    with (
        dask.config.set({"temporary-directory": str(scratch)}),
        LocalCluster(n_workers=0, silence_logs=SILENT, scheduler_kwargs={"dashboard": False}, **local) as scheduler,
        Client(scheduler) as client,
        _Processes(workers, scheduler.scheduler_address, scratch) as processes,
    ):
        yield Cluster(client, processes.mend)


class _Processes:
    """Worker processes; all are ended when the block is."""

    def __init__(self, number: int, address: str, scratch: Path):
        self._command = [sys.executable, "-P", "-m", "ggd_helpers.batch.worker", address, str(scratch)]
        self._number, self._log, self._in_vain = number, scratch / "workers.log", 0
        self._processes: list[subprocess.Popen] = []

    def __enter__(self) -> "_Processes":
        self.mend(True)
        return self

    def __exit__(self, *error: object) -> None:
        with undisturbed():
            for process in self._processes:
                process.communicate()  # closes its standard input, and waits

    def mend(self, there: bool) -> None:
        """Start as many as are missing.

        Raises:
            WorkersFail: none is there, and none stayed of many.
        """
        living = [process for process in self._processes if process.poll() is None]
        missing = self._number - len(living)
        self._in_vain = 0 if there else self._in_vain + missing
        if self._in_vain > IN_VAIN * self._number:
            last = self._log.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-1:]
            raise WorkersFail(f"workers end as soon as they are started ({' '.join(last)})")
        with undisturbed(), self._log.open("ab") as log:
            started = [
                subprocess.Popen(self._command, stdin=subprocess.PIPE, stdout=log, stderr=log) for _ in range(missing)
            ]
            self._processes = living + started


@contextmanager
def running_cluster(address: str) -> Iterator[Cluster]:
    """The workers of the scheduler at `address`.

    Raises:
        Refused: nobody answers there.
    """
    from distributed import Client

    _quiet()
    try:
        client = Client(address, timeout=PATIENCE)
    except (OSError, ValueError, TypeError, NotImplementedError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise Refused(
            f"no Dask scheduler answers at {shown(address)[1:-1]} ({shown(reason)[1:-1]}): "
            "start one with `dask scheduler`, and name the address that it prints, as in tcp://127.0.0.1:8786."
        ) from None
    with client:
        yield Cluster(client, lambda there: None)


def _quiet() -> None:
    """What Dask has to say of workers that die, a sweep says in its own words."""
    for name in ("distributed", "asyncio", "tornado", *logging.root.manager.loggerDict):
        if name.partition(".")[0] in ("distributed", "asyncio", "tornado"):
            logging.getLogger(name).setLevel(SILENT)
