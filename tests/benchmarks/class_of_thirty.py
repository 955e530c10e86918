"""How long does it take to grade a class of thirty? For each of six chapters the solution, the untouched copy and three
wrong answers are handed in; one of the thirty hangs, one is cut off.

    python tests/benchmarks/class_of_thirty.py [WORKERS]

Prints the table, the points that each should have where they differ, and the time.
"""

import json
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "classroom"))

from marking import SOURCES, source, with_answers, write
from wrong_answers import WRONG

from ggd_helpers.batch.classroom.exercises import by_id, role
from ggd_helpers.batch.classroom.grade import grade
from ggd_helpers.batch.classroom.release import release
from ggd_helpers.batch.classroom.table import lines, rows
from ggd_helpers.batch.columns import aligned


def hand_in(course: Path) -> dict[tuple[str, str], float]:
    """Thirty notebooks, and the points that each should get."""
    expected = {}

    def put(student: str, chapter: str, notebook: dict, points: float) -> None:
        write(notebook, course / "submitted" / student / f"{chapter}.ipynb")
        expected[student, chapter] = points

    for chapter in list(SOURCES)[:6]:
        whole = source(chapter)
        worth = {name: role(cell)["points"] for name, cell in by_id(whole).items() if role(cell)["grade"]}
        put("right", chapter, whole, 10)
        handed_out = course / "release" / chapter / f"{chapter}.ipynb"
        put("untouched", chapter, json.loads(handed_out.read_text(encoding="utf-8")), 0)
        for number in range(3):
            wrong = {name: kinds[number] for name, kinds in WRONG[chapter].items() if name != "experiment_2_answer"}
            lost = {name for each in wrong.values() for name in each.lost}
            bodies = {name: each.body for name, each in wrong.items()}
            put(f"wrong {number}", chapter, with_answers(whole, bodies), 10 - sum(worth[name] for name in lost))
    hangs = source("03_particle")
    by_id(hangs)["warm_up_1_answer"]["source"] = "while True:\n    pass"
    put("right", "03_particle", hangs, 9)
    (course / "submitted" / "right" / "05_diffusion.ipynb").write_text('{"cells": [', encoding="utf-8")
    expected["right", "05_diffusion"] = 0
    return expected


def main(workers: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        course = Path(folder) / "course"
        release(course)
        expected = hand_in(course)
        start = time.perf_counter()
        results = grade(course, workers=workers, progress=lambda each: print(each.submission.path.name, flush=True))
        seconds = time.perf_counter() - start
        table = rows(course, results)
    print(*aligned(lines(table)), sep="\n")
    for row in table:
        if row.total != expected[row.student, row.chapter]:
            print(f"{row.student}, {row.chapter}: {row.total}, should be {expected[row.student, row.chapter]}")
    print(f"{len(table)} notebooks, {workers} at a time: {seconds:.0f} s")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 2)
