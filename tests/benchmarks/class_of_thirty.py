"""A class of thirty gets the exercises, hands in and is graded by `ggd class`: are the points right, how long is it?

    python tests/benchmarks/class_of_thirty.py [STUDENTS]

Each of 30 students hands in a week's two notebooks, 60 in all, which go round the nine exercise notebooks: each
solved, untouched or, in three cases of five, with one to three typical wrong answers, drawn by chance. The first
hangs, the last is cut off. A cell may take 25 s, so that the one that hangs costs no more; two are graded at a time.

Prints the time, what became of these two, and what is not as it should be. Fails if points or notes are not as they
should be, or if it took more than 15 minutes.
"""

import csv
import itertools
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).parents[1] / "classroom"))

from marking import SOURCES, source, with_answers
from wrong_answers import WRONG, Wrong

from ggd_helpers.batch.classroom.exercises import by_id, role

SEED = 20
EACH = 2
SECONDS = 25
HANGS = "hangs in the cell warm_up_1_answer"
CUT_OFF = "the file is no notebook (it is not JSON, or was cut off)"


class HandedIn(NamedTuple):
    """A notebook of a student, and the points and the note that the table should give it."""

    kind: str
    text: str
    points: float
    note: str = ""


def ggd_class(*arguments: str | Path) -> None:
    """`ggd class ...`, without its table; what it says of its progress is seen."""
    subprocess.run([sys.executable, "-m", "ggd_helpers", "class", *arguments], check=True, stdout=subprocess.DEVNULL)


def with_wrong_answers(chapter: str, answers: dict[str, Wrong]) -> HandedIn:
    """The right notebook but for some answers, which lose the points that are known of each."""
    right = source(chapter)
    lost = {name for answer in answers.values() for name in answer.lost}
    notebook = with_answers(right, {name: answer.body for name, answer in answers.items()})
    points = 10 - sum(role(by_id(right)[name])["points"] for name in lost)
    return HandedIn("wrong" if answers else "solved", json.dumps(notebook), points)


def drawn(chapter: str, course: Path, chance: random.Random) -> HandedIn:
    """A notebook of a student who is no trouble."""
    kind = chance.choice(["solved", "untouched", "wrong", "wrong", "wrong"])
    if kind == "untouched":
        return HandedIn(kind, (course / "release" / chapter / f"{chapter}.ipynb").read_text(encoding="utf-8"), 0)
    names = chance.sample(sorted(WRONG[chapter]), chance.randint(1, 3)) if kind == "wrong" else []
    return with_wrong_answers(chapter, {name: chance.choice(WRONG[chapter][name]) for name in names})


def hand_in(course: Path, students: int) -> dict[tuple[str, str], HandedIn]:
    """All that a class hands in, by student and chapter."""
    chance, chapters = random.Random(SEED), itertools.cycle(SOURCES)
    keys = [(f"student_{i:02}", next(chapters)) for i in range(1, students + 1) for _ in range(EACH)]
    handed_in = {key: drawn(key[1], course, chance) for key in keys}
    hanging = source(keys[0][1])
    by_id(hanging)["warm_up_1_answer"]["source"] = "while True:\n    pass"
    handed_in[keys[0]] = HandedIn("hanging", json.dumps(hanging), 9, HANGS)  # but for warm_up_1, a point, it is right
    handed_in[keys[-1]] = HandedIn("cut off", json.dumps(source(keys[-1][1]))[:500], 0, CUT_OFF)
    for (student, chapter), each in handed_in.items():
        path = course / "submitted" / student / f"{chapter}.ipynb"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(each.text, encoding="utf-8")
    return handed_in


def check(handed_in: dict[tuple[str, str], HandedIn], table: dict[tuple[str, str], tuple[float, str]]) -> None:
    """Each notebook has its line, with the points and the note that it should have."""
    assert list(table) == sorted(handed_in)
    amiss = [key for key, each in handed_in.items() if table[key] != (each.points, each.note)]
    for key, each in handed_in.items():
        if each.note or key in amiss:
            points, note = table[key]
            print(f"{', '.join(key)}, {each.kind}: {points:g} points, {each.points:g} are right; {note or 'no note'}")
    kinds = Counter(each.kind for each in handed_in.values())
    print(", ".join(f"{count} {kind}" for kind, count in kinds.items()) + f"; {len(amiss)} not as they should be")
    assert not amiss


def main(students: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        course = Path(folder) / "course"
        ggd_class("release", course)
        handed_in = hand_in(course, students)
        start = time.perf_counter()
        ggd_class("grade", course, "--workers", "2", "--seconds", str(SECONDS))
        seconds = time.perf_counter() - start
        with (course / "grades.csv").open(encoding="utf-8") as file:
            lines = list(csv.DictReader(file))
    table = {(line["student"], line["chapter"]): (float(line["total"]), line["notes"]) for line in lines}
    print(f"{len(table)} notebooks of {students} students in {seconds:.0f} s, {seconds / len(table):.1f} s a notebook")
    print(f"    load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    check(handed_in, table)
    assert seconds <= 15 * 60


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 30)
