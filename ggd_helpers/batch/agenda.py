"""What a sweep has to do: the runs of the command, less those that are done, as one folder keeps them."""

import json
import os
import statistics
from collections import Counter

from ggd_helpers.batch.chapter import Chapter
from ggd_helpers.batch.ending import DONE, MISSING, Ending
from ggd_helpers.batch.inputs import Inputs, changed
from ggd_helpers.batch.job import RECORDS, Job
from ggd_helpers.batch.plan import Planned
from ggd_helpers.batch.table import Row, SweepFolder
from ggd_helpers.files import DATA


class Agenda:
    """The runs that a command asks for, and how far they are.

    Args:
        chapter: the chapter.
        folder: that of the sweep.
        runs: those of the command.

    Attributes:
        jobs: the runs as workers take them.
        endings: how those ended that did, by name; not those whose numbers would be others by now.
    """

    def __init__(self, chapter: Chapter, folder: SweepFolder, runs: list[Planned]):
        inputs, threads = Inputs(chapter.path), os.environ.get("OMP_NUM_THREADS", "1")
        self._chapter, self._folder, self._runs = chapter, folder, {run.name: run for run in runs}
        self.jobs = [
            Job(chapter.path, folder.path, run.name, run.values, inputs.of(run.values), threads) for run in runs
        ]
        found = {job.name: job.kept() for job in self.jobs}
        self.endings = {name: ending for name, ending in found.items() if ending}
        self._rows: dict[str, Row] = {run.name: folder.row(run, self.endings.get(run.name)) for run in runs}

    @property
    def to_do(self) -> list[Job]:
        """The runs that are missing or failed."""
        return [job for job in self.jobs if self.status(job.name) != DONE]

    def status(self, name: str) -> str:
        """How far a run is."""
        return self.endings[name].status if name in self.endings else MISSING

    def take(self, job: Job, ending: Ending) -> None:
        """A run has ended: the table says so."""
        self.endings[job.name] = ending
        self._rows[job.name] = self._folder.row(self._runs[job.name], ending)
        self.write()

    def catch_up(self) -> None:
        """Take in what workers have finished and nobody was told of, for the sweep was ended meanwhile."""
        for job in self.to_do:
            if ending := job.done():
                self.take(job, ending)

    def write(self) -> None:
        """Write the table as it is now."""
        self._folder.write(list(self._rows.values()))

    def counts(self) -> str:
        """How many runs are how far, in words."""
        counted = Counter(self.status(job.name) for job in self.jobs)
        return f"{_runs(len(self.jobs))}: " + ", ".join(f"{count} {status}" for status, count in counted.items())

    def notes(self) -> list[str]:
        """What someone should know who expects that nothing is made twice, and no run forgotten."""
        reasons = Counter[str]()
        for job in self.jobs:
            kept = Ending.read(job.record)
            if kept and job.name not in self.endings:
                reasons[changed(kept.inputs, job.inputs) or "what the run had written"] += 1
        notes = [f"{_runs(count)} will be made again: {reason} changed since." for reason, count in reasons.items()]
        names = {path.stem for path in (self._folder.path / RECORDS).glob("*.json")}
        if others := names - self._runs.keys():
            notes.append(f"The folder holds {_runs(len(others))} of other commands, which the table does not show.")
        return notes

    def estimate(self, workers: int) -> str:
        """How long it will take with so many runs at a time, and how this is known."""
        missing = len(self.to_do)
        if not missing:
            return "Nothing is to be done"
        seconds, source = self._seconds_of_one()
        if not seconds:
            return f"{_runs(missing)} to make; how long one takes is known when the first is done"
        rounds = -(-missing // workers)
        took = statistics.median(seconds)
        return (
            f"{_runs(missing)} to make, {workers} at a time: about {_duration(rounds * took)} "
            f"({_duration(took)} each, the median of {len(seconds)} {source})"
        )

    def _seconds_of_one(self) -> tuple[list[float], str]:
        kept = map(Ending.read, (self._folder.path / RECORDS).glob("*.json"))
        if seconds := [ending.seconds for ending in kept if ending and ending.status == DONE]:
            return seconds, "in this folder"
        try:
            content = json.loads((DATA / f"{self._chapter.name}_seeds.json").read_text(encoding="utf-8"))
            return list(content["about"]["seconds"]), "at its defaults on the machine of the course"
        except (OSError, ValueError, KeyError):
            return [], ""


def _runs(count: int) -> str:
    return f"{count} run" + "s" * (count != 1)


def _duration(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"
