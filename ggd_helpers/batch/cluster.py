"""Workers for a sweep: processes of this machine, or those of a Dask cluster that runs elsewhere."""

import logging
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ggd_helpers.batch.chapter import Refused
from ggd_helpers.ranges import shown

if TYPE_CHECKING:
    from distributed import Client

PATIENCE = 10  # seconds until a scheduler must have answered
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


@contextmanager
def local_cluster(workers: int, scratch: Path) -> Iterator["Client"]:
    """So many worker processes of this machine, one run at a time each, which nobody can reach from outside.

    They keep the environment that they find: Dask would set their number of threads. Their memory is not Dask's to
    limit, for what takes memory is the kernels. They die with this program, however it ends.
    """
    import dask
    from distributed import Client, LocalCluster

    _quiet()
    with (
        dask.config.set({"distributed.nanny.pre-spawn-environ": {}}),
        LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            processes=True,
            host="127.0.0.1",
            dashboard_address=None,
            local_directory=str(scratch),
            memory_limit=0,
            silence_logs=logging.CRITICAL + 1,
            preload=[__name__],
        ) as cluster,
        Client(cluster) as client,
    ):
        yield client


@contextmanager
def running_cluster(address: str) -> Iterator["Client"]:
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
        yield client


def _quiet() -> None:
    """What Dask has to say of workers that die, a sweep says in its own words."""
    for name in ("distributed", "asyncio", "tornado"):
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)


def dask_setup(worker: Any) -> None:
    """Called by Dask in each worker of `local_cluster`: Ctrl-C is for the program that started it to answer."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
