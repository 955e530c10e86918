"""`ggd class release | check | grade`."""

import argparse
import sys
import time
from pathlib import Path

from ggd_helpers.batch.chapter import Refused
from ggd_helpers.batch.columns import aligned
from ggd_helpers.batch.signals import answer_all_like_ctrl_c


def add_class_command(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `class` with its three commands to the command line."""
    classroom = commands.add_parser("class", help="exercises: hand out, check, grade")
    steps = classroom.add_subparsers(required=True, metavar="STEP")

    release = steps.add_parser("release", help="make a course: exercises without solutions and hidden tests")
    release.add_argument("course", type=Path, metavar="DIR", help="the folder of the course")
    release.add_argument("exercises", nargs="*", metavar="CHAPTER", help="which ones (default: all)")
    release.set_defaults(command=_release)

    check = steps.add_parser("check", help="for a student: does it run, and which checks do not agree yet?")
    check.add_argument("file", type=Path, metavar="FILE", help="your notebook")
    check.add_argument("--seconds", type=_positive, default=60, help="for a cell at most (default: 60)")
    check.set_defaults(command=_check)

    grade = steps.add_parser("grade", help="grade what lies in DIR/submitted/STUDENT/")
    grade.add_argument("course", type=Path, metavar="DIR", help="the folder of the course")
    grade.add_argument("--seconds", type=_positive, default=60, help="for a cell at most (default: 60)")
    grade.add_argument("--workers", type=_positive, help="notebooks at a time (default: as many as cores)")
    grade.set_defaults(command=_grade)


def _positive(text: str) -> int:
    if text.isdecimal() and int(text) > 0:
        return int(text)
    raise argparse.ArgumentTypeError(f"must be a whole number, 1 or more (got {text!r})")


def _release(arguments: argparse.Namespace, folder: Path) -> int:
    from ggd_helpers.batch.classroom.release import release

    released = release(arguments.course, arguments.exercises, folder / "exercises")
    for path in released.values():
        print(path)
    print(f"Hand these out. Collect into {arguments.course / 'submitted'}/STUDENT/,")
    print(f"then say: ggd class grade {arguments.course}")
    return 0


def _check(arguments: argparse.Namespace, folder: Path) -> int:
    from ggd_helpers.batch.classroom.check import check
    from ggd_helpers.batch.classroom.exercises import NoNotebook

    answer_all_like_ctrl_c()
    try:
        found = check(arguments.file, folder / "exercises", arguments.seconds)
    except NoNotebook as error:
        raise Refused(f"{arguments.file}: {error}.") from None
    for note in found.notes:
        print(f"  note     {note}")
    for name in found.well:
        print(f"  well     {name}")
    for name, why in found.failing.items():
        print(f"  not yet  {name}: {why}")
    print("Points are given by tests with other inputs; what agrees here need not pass there.")
    return 1 if found.failing or found.notes else 0


def _grade(arguments: argparse.Namespace, folder: Path) -> int:
    from ggd_helpers.batch.classroom.grade import Graded, grade
    from ggd_helpers.batch.classroom.table import lines, rows, write_csv

    answer_all_like_ctrl_c()
    start = time.perf_counter()

    def say(result: Graded) -> None:
        outcome = f"{result.seconds:.0f} s" if result.graded else f"not graded: {result.notes[-1]}"
        print(f"{result.submission.student}, {result.submission.exercise}: {outcome}", file=sys.stderr)

    try:
        results = grade(arguments.course, arguments.seconds, arguments.workers, say)
    except KeyboardInterrupt:
        print("ggd: interrupted. The same command grades the class from the start.", file=sys.stderr)
        return 1
    table = rows(arguments.course, results)
    write_csv(arguments.course / "grades.csv", table)
    print(*aligned(lines(table)), sep="\n")
    print(f"{len(results)} notebooks in {time.perf_counter() - start:.0f} s")
    print(f"  table     {arguments.course / 'grades.csv'}")
    print(f"  feedback  {arguments.course / 'feedback'}")
    return 0
