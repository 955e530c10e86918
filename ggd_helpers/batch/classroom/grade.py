"""Grade what a class handed in: each notebook in a process of its own, a table at the end."""

import multiprocessing
import re
import shutil
import signal
import sys
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ggd_helpers.batch.chapter import Refused
from ggd_helpers.batch.classroom.course import gradebook
from ggd_helpers.batch.classroom.exercises import NoNotebook, put_back_missing, read_notebook, role
from ggd_helpers.batch.classroom.running import DEAD, NOT_RUN, SLOW
from ggd_helpers.batch.classroom.submissions import Submission, submissions
from ggd_helpers.batch.cluster import cores
from ggd_helpers.batch.place import Busy, held
from ggd_helpers.batch.signals import undisturbed

CELLS_AT_MOST = 10
"""So many times the limit of a cell is the limit of a whole notebook."""

STOPPING = 10.0
"""Seconds that processes get to end their kernels and to take back what is half graded."""

HANGS = "hangs in the cell"
TOOLS = {"comparison", "demand", "get_ipython"}
"""An answer has no use for these names."""


@dataclass
class Graded:
    """What became of one notebook: how long it took, and what a teacher should know of it."""

    submission: Submission
    graded: bool = True
    notes: list[str] = field(default_factory=list)
    seconds: float = 0.0


def grade(
    course: Path,
    seconds: int = 60,
    workers: int | None = None,
    progress: Callable[[Graded], None] = lambda graded: None,
) -> list[Graded]:
    """Grade all that lies in `course/submitted`; one notebook's trouble costs the others nothing.

    Points are kept in `course/gradebook.db`, executed notebooks in `course/autograded`, pages for the students in
    `course/feedback`. A cell is stopped after so many seconds.

    Raises:
        Refused: nbgrader is not installed, the folder is no course, nothing was handed in, another program grades it.
    """
    course = course.resolve()
    if not (course / "gradebook.db").exists():
        raise Refused(f"{course} is not a course: make one with `ggd class release {course}`, then collect into it.")
    found = submissions(course)
    if not found:
        raise Refused(
            f"nothing was handed in: put the notebooks into {course / 'submitted'}/STUDENT/, as 03_particle.ipynb."
        )
    try:
        with held(course) as place:
            _make_students(course, found)
            return _grade_all(found, course, place.run, seconds, workers or cores(), progress)
    except Busy:
        raise Refused(f"{course} is being graded by another program: wait for its end.") from None


def _make_students(course: Path, found: Iterable[Submission]) -> None:
    """One after another, for two processes might make the same student at once."""
    with gradebook(course) as book:
        for student in sorted({each.student for each in found if not each.unfit}):
            book.update_or_create_student(student)


def _grade_all(
    found: Iterable[Submission],
    course: Path,
    staged: Path,
    seconds: int,
    workers: int,
    progress: Callable[[Graded], None],
) -> list[Graded]:
    waiting, running, done = deque(found), list[_Job](), list[Graded]()
    try:
        while waiting or running:
            while waiting and len(running) < workers:
                result = _stage(waiting.popleft(), course, staged)
                if result.graded:
                    with undisturbed():  # or there is a process that nobody ends
                        running.append(_Job(result, course, staged, seconds))
                else:
                    done.append(result)
                    progress(result)
            for job in [job for job in running if job.ended()]:
                running.remove(job)
                done.append(job.result)
                progress(job.result)
            time.sleep(0.05)
    finally:
        with undisturbed():
            _stop(running)
    return sorted(done, key=lambda each: (each.submission.student, each.submission.exercise))


def _stage(submission: Submission, course: Path, staged: Path) -> Graded:
    """Copy a notebook to where nbgrader looks for it, with the cells put back that were deleted."""
    import nbformat

    result = Graded(submission, notes=[submission.note] if submission.note else [])
    try:
        if submission.unfit:
            raise NoNotebook(submission.unfit)
        notebook = read_notebook(submission.path)
    except NoNotebook as error:
        return Graded(submission, graded=False, notes=[*result.notes, str(error)])
    name = submission.exercise
    missing = put_back_missing(notebook, read_notebook(course / "release" / name / f"{name}.ipynb"))
    if missing:
        result.notes.append(f"cells were missing and were put back, empty: {', '.join(missing)}")
    target = staged / submission.student / name / f"{name}.ipynb"
    target.parent.mkdir(parents=True)
    nbformat.write(notebook, target)
    return result


class _Job:
    """A process that grades one notebook."""

    def __init__(self, result: Graded, course: Path, staged: Path, seconds: int):
        from ggd_helpers.batch.classroom.worker import work

        self.result, self.course = result, course
        self.start, self.limit = time.monotonic(), CELLS_AT_MOST * seconds
        student, exercise = result.submission.student, result.submission.exercise
        self.log = staged / f"{student}, {exercise}.log"
        self.log.touch()
        # A fork has imported all already, which takes as long as grading does.
        context: Any = multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn")
        self.process = context.Process(target=work, args=(course, staged, student, exercise, seconds, self.log))
        self.process.start()

    def ended(self) -> bool:
        """Whether it is done, or was stopped for it took too long; then its result is complete."""
        self.result.seconds = time.monotonic() - self.start
        if self.process.is_alive() and self.result.seconds < self.limit:
            return False
        if self.process.is_alive():
            _stop([self])
            self._fail(f"it was stopped after {self.limit} seconds in all")
        elif (code := self.process.exitcode or 0) < 0:
            self._fail(f"it was killed by {signal.Signals(-code).name}, most often for memory: grade again")
        elif code:
            kept = self.course / "problems"
            kept.mkdir(exist_ok=True)
            shutil.copyfile(self.log, kept / self.log.name)
            self._fail(f"nbgrader could not grade it: see problems/{self.log.name}")
        else:
            self.result.notes += self._troubles()
        return True

    def _fail(self, why: str) -> None:
        self.result.graded = False
        self.result.notes.append(why)

    def _troubles(self) -> list[str]:
        """Cells that hung or killed the kernel, and given ones that failed."""
        submission = self.result.submission
        folder = self.course / "autograded" / submission.student / submission.exercise
        cells = read_notebook(folder / f"{submission.exercise}.ipynb")["cells"]
        troubles = list(filter(None, (trouble_of(cell, number) for number, cell in enumerate(cells, start=1))))
        hanging = [each for each in troubles if each.startswith(HANGS)]
        return [each for each in troubles if each not in hanging[1:]]  # the others wait for the first one


def _stop(jobs: Iterable[_Job]) -> None:
    """End the processes; their kernels are ended on the way out, or end by themselves."""
    processes, deadline = [job.process for job in jobs], time.monotonic() + STOPPING
    for process in processes:
        process.terminate()
    for process in processes:
        process.join(timeout=max(0.0, deadline - time.monotonic()))
        process.kill()
        process.join()


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text)


def trouble_of(cell: Any, number: int) -> str:
    """What a teacher should know of a cell: that it hung or killed the kernel, or fails though it was given."""
    errors = {each["ename"]: each["evalue"] for each in cell.get("outputs", []) if each["output_type"] == "error"}
    known = role(cell)
    where = known.get("grade_id") or f"number {number}"
    if SLOW in errors:
        return f"{HANGS} {where}"
    if DEAD in errors:
        return f"the kernel died in the cell {where}"
    if errors and NOT_RUN not in errors and known.get("locked") and not known.get("grade"):
        return f"the given cell {where} fails: " + "; ".join(f"{name}: {text}" for name, text in errors.items())
    if cell["cell_type"] == "code" and not known.get("locked") and (spoken := TOOLS & set(_words(cell["source"]))):
        return f"the cell {where} speaks of {', '.join(sorted(spoken))}, which give the points: look at it"
    return ""
