"""Points by student and exercise, from the gradebook: on the screen, and as a file for a spreadsheet."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ggd_helpers.batch.classroom.course import gradebook
from ggd_helpers.batch.classroom.grade import Graded
from ggd_helpers.files import written_whole


@dataclass(frozen=True)
class Row:
    """One notebook: points by exercise as `(got, of)`, what was given by hand in addition, what to know of it."""

    student: str
    chapter: str
    points: dict[str, tuple[float, float]]
    extra: float
    notes: str

    @property
    def total(self) -> float:
        """All points, with those given by hand."""
        return sum(got for got, _ in self.points.values()) + self.extra

    @property
    def of(self) -> float:
        """How many points there are to get."""
        return sum(most for _, most in self.points.values())


def rows(course: Path, results: Sequence[Graded]) -> list[Row]:
    """The rows of the notebooks that were graded; of those that could not be, without points."""
    with gradebook(course.resolve()) as book:
        return [_row(book, result) for result in results]


def _row(book: Any, result: Graded) -> Row:
    student, chapter = result.submission.student, result.submission.exercise
    points: dict[str, tuple[float, float]] = {}
    extra = 0.0
    if result.graded:
        for grade in book.find_submission(chapter, student).notebooks[0].grades:
            extra += grade.extra_credit or 0.0
            if grade.max_score:
                points[grade.name] = (grade.score, grade.max_score)
    elif chapter in {assignment.name for assignment in book.assignments}:
        for cell in book.find_assignment(chapter).notebooks[0].grade_cells:
            points[cell.name] = (0.0, cell.max_score)
    return Row(student, chapter, points, extra, "; ".join(result.notes))


def write_csv(path: Path, table: Sequence[Row]) -> None:
    """A line a notebook: student, chapter, points of each exercise, extra, total, of how many, notes."""
    names = list(dict.fromkeys(name for row in table for name in row.points))
    with written_whole(path) as partial, partial.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["student", "chapter", *names, "extra", "total", "of", "notes"])
        for row in table:
            got = [_short(row.points[name][0]) if name in row.points else "" for name in names]
            writer.writerow(
                [row.student, row.chapter, *got, _short(row.extra), _short(row.total), _short(row.of), row.notes]
            )


def lines(table: Sequence[Row]) -> list[list[str]]:
    """Cells of the same table for the screen, with its header."""
    names = list(dict.fromkeys(name for row in table for name in row.points))
    lines = [["student", "chapter", *names, "total", "notes"]]
    for row in table:
        got = [_short(row.points[name][0]) if name in row.points else "-" for name in names]
        lines.append([row.student, row.chapter, *got, f"{_short(row.total)} of {_short(row.of)}", row.notes])
    return lines


def _short(points: float) -> str:
    return f"{points:g}"
