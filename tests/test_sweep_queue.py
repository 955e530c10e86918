"""Who makes which run, and how often: the queue of a sweep with workers that do as they are told."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from ggd_helpers.batch import sweep
from ggd_helpers.batch.cluster import Cluster
from ggd_helpers.batch.ending import BUSY, DIED, DONE, FAILED, LOST, NO_MEMORY, REFUSED, Ending
from ggd_helpers.batch.job import Job
from ggd_helpers.batch.run import DiskFull
from ggd_helpers.batch.sweep import ATTEMPTS, SchedulerLost, Sweep

Script = Callable[[Job, str], "str | Exception | None"]


class Future:
    """One that has ended: with a status, with an error, or, for `None`, not, for its worker is gone."""

    def __init__(self, job: Job, end: "str | Exception | None"):
        self._job, self._end = job, end
        self.status = {str: "finished", type(None): "pending"}.get(type(end), "error")

    def done(self) -> bool:
        return self._end is not None

    def result(self) -> Ending:
        return Ending(str(self._end), 1.0, self._job.attempt, "", self._job.inputs)

    def exception(self) -> "str | Exception | None":
        return self._end

    def cancel(self) -> None:
        pass


@dataclass
class Client:
    """Workers that end runs as the script says; a worker whose run does not end is gone, and replaced by a new one."""

    script: Script
    workers: list[str]
    begun: list[tuple[str, str]] = field(default_factory=list)
    status: str = "running"

    def nthreads(self) -> dict[str, int]:
        return dict.fromkeys(self.workers, 8)

    def submit(self, function, job: Job, workers: list[str], **options) -> Future:
        (worker,) = workers
        self.begun.append((job.name, worker))
        end = self.script(job, worker)
        if end is None:
            self.workers = [f"{each}'" if each == worker else each for each in self.workers]
        return Future(job, end)

    def run(self, *arguments, **options) -> None:
        pass


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweep, "PAUSE", 0.0)


@pytest.fixture
def jobs(tmp_path: Path) -> list[Job]:
    return [Job(tmp_path / "n.ipynb", tmp_path, name, {}, {}, "1") for name in "abcd"]


def made(client: Client, jobs: list[Job]) -> dict[str, tuple[str, int]]:
    endings: dict[str, tuple[str, int]] = {}

    def told(job: Job, ending: Ending) -> None:
        assert job.name not in endings, "told twice"
        endings[job.name] = (ending.status, ending.attempts)

    def between(going: Sweep) -> None:
        busy = [worker for _, worker in going._running.values()]
        assert len(set(busy)) == len(busy), "one run at a time on each"

    Sweep(Cluster(client, lambda there: None), jobs, told).finish(between)  # type: ignore[arg-type]
    return endings


@pytest.mark.parametrize("status", [DONE, FAILED, REFUSED, NO_MEMORY])
def test_what_would_end_alike_is_made_once(jobs: list[Job], status: str):
    client = Client(lambda job, worker: status, ["1", "2"])
    assert made(client, jobs) == dict.fromkeys("abcd", (status, 1))
    assert len(client.begun) == 4


@pytest.mark.parametrize(("end", "status"), [(DIED, DIED), (None, LOST)])
def test_what_chance_ended_is_made_again_twice_at_most_and_kept(jobs: list[Job], end: str | None, status: str):
    client = Client(lambda job, worker: end if job.name == "b" else DONE, ["1", "2"])
    assert made(client, jobs) == dict.fromkeys("acd", (DONE, 1)) | {"b": (status, ATTEMPTS)}
    kept = Ending.read(jobs[1].record)
    assert kept is not None
    assert (kept.status, kept.attempts) == (status, 3)
    assert [name for name, _ in client.begun].count("b") == 3


def test_it_is_made_elsewhere_where_there_is_another_worker(jobs: list[Job]):
    client = Client(lambda job, worker: DONE if job.name != "a" or worker == "2" else DIED, ["1", "2"])
    assert made(client, jobs)["a"] == (DONE, 2)
    assert [worker for name, worker in client.begun if name == "a"] == ["1", "2"]
    client = Client(lambda job, worker: DIED if job.name == "a" and job.attempt == 1 else DONE, ["1"])
    assert made(client, jobs)["a"] == (DONE, 2), "the only one is better than none"


def test_a_run_that_another_program_makes_is_waited_for(jobs: list[Job]):
    ends = iter([BUSY] * 7)
    client = Client(lambda job, worker: next(ends, DONE) if job.name == "c" else DONE, ["1"])
    assert made(client, jobs)["c"] == (DONE, 1), "that does not count"


def test_an_error_of_the_worker_itself_is_recorded(jobs: list[Job]):
    client = Client(lambda job, worker: ImportError("no psutil here") if job.name == "d" else DONE, ["1"])
    assert made(client, jobs)["d"] == (FAILED, 1)


def test_a_full_disk_and_a_lost_scheduler_end_it(jobs: list[Job]):
    with pytest.raises(DiskFull, match="no room"):
        made(Client(lambda job, worker: DiskFull("no room"), ["1"]), jobs)
    with pytest.raises(SchedulerLost):
        made(Client(lambda job, worker: DONE, ["1"], status="connecting"), jobs)
