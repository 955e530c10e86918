"""Many runs on many workers: each is made once, what was lost by chance is made again, what fails stops nothing."""

import time
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from ggd_helpers.batch.cluster import Cluster
from ggd_helpers.batch.ending import BUSY, DIED, FAILED, LOST, Ending
from ggd_helpers.batch.job import Job, do, kill_kernels
from ggd_helpers.batch.run import FULL, DiskFull

if TYPE_CHECKING:
    from distributed import Future

ATTEMPTS = 3  # the first, and two more
PAUSE = 0.2  # seconds between two looks
STOPPING = 15.0  # seconds that the runs get to clear what they have begun


class SchedulerLost(RuntimeError):
    """The scheduler that gave out the runs does not answer any more."""


class Sweep:
    """Runs being made on the workers of a client, one at a time on each.

    Args:
        cluster: the workers.
        jobs: the runs.
        told: receives every run that ended, and how.
    """

    def __init__(self, cluster: Cluster, jobs: list[Job], told: Callable[[Job, Ending], None]):
        self._client, self._mend, self._told = cluster.client, cluster.mend, told
        self._waiting: deque[tuple[Job, str]] = deque((job, "") for job in jobs)
        self._running: dict[Future, tuple[Job, str]] = {}

    @property
    def running(self) -> list[str]:
        """The names of the runs that are being made."""
        return [job.name for job, _ in self._running.values()]

    def finish(self, between: Callable[["Sweep"], None]) -> None:
        """Make all the runs; `between` is called again and again meanwhile.

        When it ends early, by Ctrl-C or an error, the kernels are ended and what they had begun is cleared first.

        Raises:
            SchedulerLost, WorkersFail, DiskFull, OSError: no run can be made any more.
        """
        try:
            while self._waiting or self._running:
                workers = self._workers()
                self._mend(bool(workers))
                self._hand_out(workers)
                between(self)
                time.sleep(PAUSE)
                self._take_in(workers)
        except BaseException:
            self._stop()
            raise

    def _workers(self) -> list[str]:
        try:
            if self._client.status == "running":
                return list(self._client.nthreads())
        except (OSError, TimeoutError):
            pass
        raise SchedulerLost("the scheduler does not answer any more")

    def _hand_out(self, workers: list[str]) -> None:
        """Give each worker that has nothing to do a run, one that was lost on it to another if there is one."""
        free = set(workers) - {worker for _, worker in self._running.values()}
        for _ in range(len(self._waiting)):
            if not free:
                return
            job, avoided = self._waiting.popleft()
            elsewhere = free - {avoided} or (free if set(workers) == {avoided} else set())
            if not elsewhere:
                self._waiting.append((job, avoided))
                continue
            worker = min(elsewhere)
            free.remove(worker)
            job = replace(job, attempt=job.attempt + 1)
            future = self._client.submit(do, job, workers=[worker], pure=False, retries=0)
            self._running[future] = (job, worker)

    def _take_in(self, workers: list[str]) -> None:
        for future, (job, worker) in list(self._running.items()):
            if not future.done() and worker in workers:
                continue
            ending = _ending(future, job)
            del self._running[future]
            if ending.status == BUSY:
                self._waiting.append((replace(job, attempt=job.attempt - 1), ""))
            elif ending.status in (DIED, LOST) and job.attempt < ATTEMPTS:
                self._waiting.append((job, worker))
            else:
                if ending.status in (DIED, LOST):
                    ending.write(job.record)
                self._told(job, ending)

    def _stop(self) -> None:
        deadline = time.monotonic() + STOPPING
        while any(not future.done() for future in self._running) and time.monotonic() < deadline:
            folder = str(next(iter(self._running.values()))[0].sweep)
            try:
                self._client.run(kill_kernels, folder, on_error="ignore")
            except (OSError, TimeoutError):
                return  # the workers cannot be reached: they end by themselves
            time.sleep(PAUSE)


def _ending(future: "Future", job: Job) -> Ending:
    """How a run ended whose future is done, or whose worker is gone.

    Raises:
        DiskFull, OSError: as the run did.
    """
    if future.status == "finished":
        return future.result()
    error = future.exception() if future.status == "error" else None
    if isinstance(error, DiskFull) or (isinstance(error, OSError) and error.errno in FULL):
        raise error
    if error is None or type(error).__name__ == "KilledWorker":
        future.cancel()
        reason = "the worker was lost while it made this run: it was killed, or its machine is gone."
        return job.done() or Ending(LOST, 0.0, job.attempt, reason, job.inputs)  # the run may have been whole before
    return Ending(FAILED, 0.0, job.attempt, f"{type(error).__name__}: {error}", job.inputs)
