"""Grade one notebook, in a process of its own."""

import multiprocessing
import os
import signal
import threading
from pathlib import Path

from ggd_helpers.batch.classroom.course import nbgrader_api, succeed
from ggd_helpers.batch.classroom.running import ToTheEnd
from ggd_helpers.batch.kernel import kernel_at


def work(course: Path, staged: Path, student: str, exercise: str, seconds: int, log: Path) -> None:
    """Autograde the staged notebook of a student, and write the feedback; what is said goes to the log.

    It ends with the program that started it, however that one ends.
    """
    _on_its_own(log)
    from nbgrader.converters import Autograde
    from nbgrader.preprocessors import Execute

    api = nbgrader_api(course)
    place = log.with_suffix("")
    place.mkdir()
    with kernel_at(place, None, []) as kernel:

        class ExecuteToTheEnd(ToTheEnd, Execute):
            """nbgrader's way to run a notebook, with this Python, and to its end."""

            kernels = kernel

        api.coursedir.submitted_directory = str(staged)
        api.config.ExecuteToTheEnd.timeout = seconds
        usual = Autograde().autograde_preprocessors
        api.config.Autograde.autograde_preprocessors = [ExecuteToTheEnd if step is Execute else step for step in usual]
        succeed(api.autograde(exercise, student, force=True, create=True), "it could not be graded")
    succeed(api.generate_feedback(exercise, student, force=True), "no feedback could be written")


def _on_its_own(log: Path) -> None:
    """Leave Ctrl-C to who started this process; end by an exception, so that the kernel ends, too; write to a log."""
    os.setsid()
    for ending in (signal.SIGTERM, signal.SIGINT):
        signal.signal(ending, signal.default_int_handler)
    with log.open("wb") as file:
        for stream in (1, 2):
            os.dup2(file.fileno(), stream)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    if parent := multiprocessing.parent_process():
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)
