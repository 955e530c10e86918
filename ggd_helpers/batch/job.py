"""What a worker of a sweep does: one run, whose end it keeps; and how its kernel is ended from outside."""

import os
import socket
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

from ggd_helpers.batch.chapter import Refused, read_chapter
from ggd_helpers.batch.ending import BUSY, DIED, DONE, FAILED, NO_MEMORY, REFUSED, Ending
from ggd_helpers.batch.inputs import Inputs
from ggd_helpers.batch.place import STAGING, Busy
from ggd_helpers.batch.run import ChapterFailed, DiskFull, KernelDied, OutOfMemory, run
from ggd_helpers.files import MANIFEST, sha256

RECORDS = "records"


@dataclass(frozen=True)
class Job:
    """One run of a sweep, as it is sent to a worker.

    Args:
        notebook: the chapter.
        sweep: the folder of the sweep, in which the run gets one of its own.
        name: that of the run.
        values: the parameters that it sets.
        inputs: digests of what it depends on, as seen where the sweep was started.
        threads: on how many threads its kernel computes.
        attempt: how often it was begun, with this time.
    """

    notebook: Path
    sweep: Path
    name: str
    values: dict[str, object]
    inputs: dict[str, str]
    threads: str
    attempt: int = 0

    @property
    def folder(self) -> Path:
        """Where the run is made."""
        return self.sweep / self.name

    @property
    def record(self) -> Path:
        """Where the run's end is kept."""
        return self.sweep / RECORDS / f"{self.name}.json"

    def kept(self) -> Ending | None:
        """How the run ended, as it is kept; `None` where it did not, or its numbers are not those it would have now."""
        kept = Ending.read(self.record)
        if kept is None or kept.inputs != self.inputs:
            return None
        return kept if kept.status != DONE or kept.left_its_run_in(self.folder) else None

    def done(self) -> Ending | None:
        """The same, of a run that is done."""
        kept = self.kept()
        return kept if kept and kept.status == DONE else None


def do(job: Job) -> Ending:
    """Make the run, unless another program has just done so, and keep how it ended, but for what may be tried again.

    Raises:
        DiskFull, OSError: no room is left for what it writes, or for its end.
    """
    if kept := job.done():
        return kept
    if reason := _unfit(job):
        return Ending(FAILED, 0.0, job.attempt, reason, job.inputs)
    os.environ["OMP_NUM_THREADS"] = os.environ["LOKY_MAX_CPU_COUNT"] = job.threads
    began = time.perf_counter()
    status, error = _attempt(job)
    manifest = sha256(job.folder / MANIFEST) if status == DONE else ""
    ending = Ending(status, round(time.perf_counter() - began, 1), job.attempt, error, job.inputs, manifest)
    if status not in (DIED, BUSY):
        ending.write(job.record)
    return ending


def _attempt(job: Job) -> tuple[str, str]:
    try:
        run(read_chapter(job.notebook), job.values, job.folder, progress=False)
    except DiskFull:
        raise
    except Busy as error:
        return BUSY, str(error)
    except Refused as error:
        return REFUSED, str(error)
    except OutOfMemory as error:
        return NO_MEMORY, str(error)
    except KernelDied as error:
        return DIED, str(error)
    except (ChapterFailed, OSError) as error:
        return FAILED, str(error)
    return DONE, ""


def _unfit(job: Job) -> str:
    """Why this worker cannot make the run that was asked for; empty where it can."""
    here = f"the worker on {socket.gethostname()}"
    if not (job.sweep / STAGING).is_dir():
        return f"{here} does not see {job.sweep}: name a folder with --out that all machines share."
    try:
        same = Inputs(job.notebook).of(job.values) == job.inputs
    except Refused as error:
        return f"{here}: {error}"
    told = "the notebook, the package or a data file is not the one that the sweep began with"
    return "" if same else f"{here}: {told}: give the same command again when nothing changes any more."


def kill_kernels(folder: str) -> None:
    """End the kernels of this worker that make a run in `folder`; what they had begun is cleared by their run."""
    for process in psutil.Process().children():
        try:
            if any(f"{folder}/" in word for word in process.cmdline()):
                process.kill()
        except psutil.Error:  # it has ended meanwhile
            pass
