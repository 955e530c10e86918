"""nbgrader's whole round: hand out, collect, grade, give feedback; among what is handed in, all that can go wrong."""

import contextlib
import csv
import html
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from marking import SOURCES, answered, source, with_answers, write
from wrong_answers import WRONG, Wrong

from ggd_helpers.batch.chapter import Refused
from ggd_helpers.batch.classroom.exercises import by_id, role
from ggd_helpers.commands import answer

pytest.importorskip("nbgrader", reason='nbgrader is not installed: pip install -e ".[class]"')

from ggd_helpers.batch.classroom.grade import grade, trouble_of
from ggd_helpers.batch.classroom.release import release
from ggd_helpers.batch.classroom.submissions import submissions
from ggd_helpers.batch.classroom.table import Row, rows, write_csv

FIRST = "00_start_here"
SECONDS = 25
WRONGLY = dict(list(enumerate(SOURCES))[::3])
"""By its number, the chapters that are answered wrongly, too."""


def wrong_ones(chapter: str, number: int) -> dict[str, Wrong]:
    """A wrong answer to the first two tasks of the code, and one to the warm-up."""
    kinds = WRONG[chapter]
    chosen = ["warm_up_1_answer", "code_1_answer", "code_3_answer"]
    return {name: kinds[name][number % len(kinds[name])] for name in chosen if name in kinds}


def lost_by(chapter: str, number: int) -> set[str]:
    return {name for wrong in wrong_ones(chapter, number).values() for name in wrong.lost}


def hand_in(course: Path, student: str, chapter: str, notebook: dict) -> None:
    write(notebook, course / "submitted" / student / f"{chapter}.ipynb")


def hand_in_trouble(course: Path) -> None:
    """What hangs, dies, is cut off, empty, cheats, has lost cells, or was not touched; with all other answers right."""
    right = source(FIRST)
    hangs = with_body(right, "warm_up_2_answer", "while True:\n    pass")
    hand_in(course, "hangs_and_dies", FIRST, with_body(hangs, "code_3_answer", "import os\nos._exit(1)"))
    for student, text in (("cut_off", json.dumps(right)[:500]), ("empty", ""), ("picture", "\x89PNG\r\n")):
        path = course / "submitted" / student / FIRST / f"{FIRST}.ipynb"  # nbgrader's own layout is read, too
        path.parent.mkdir(parents=True)
        path.write_text(text, encoding="latin-1")
    kills = with_body(right, "code_1_answer", "import os\nos.kill(os.getppid(), 9)")
    hand_in(course, "kills_its_grader", FIRST, kills)
    handed_out = (course / "release" / FIRST / f"{FIRST}.ipynb").read_text(encoding="utf-8")
    hand_in(course, "untouched", FIRST, json.loads(handed_out))
    cheat = with_body(with_body(right, "warm_up_1_answer", "pass"), "warm_up_1", "pass")
    role(by_id(cheat)["warm_up_1"])["points"] = 100
    gone = ("setup", "code_1", "open")
    cheat["cells"] = [cell for cell in cheat["cells"] if role(cell).get("grade_id") not in gone]
    hand_in(course, "changes_and_deletes", FIRST, cheat)


def with_body(notebook: dict, name: str, text: str) -> dict:
    """A copy with another text in a whole cell."""
    copied = json.loads(json.dumps(notebook))
    by_id(copied)[name]["source"] = text
    return copied


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("course")
    release(folder)
    return folder


def another(course: Path, folder: Path) -> Path:
    """The same course before anything was handed in."""
    leave_out = shutil.ignore_patterns("submitted", "autograded", "feedback", "grades.csv")
    return shutil.copytree(course, folder, ignore=leave_out)


def hand_in_all(course: Path) -> None:
    """Solutions of all chapters; wrong answers of some, for what those of the others lose `test_answers` says."""
    for chapter in SOURCES:
        hand_in(course, "right", chapter, source(chapter))
    for number, chapter in WRONGLY.items():
        wrong = {name: wrong.body for name, wrong in wrong_ones(chapter, number).items()}
        hand_in(course, "wrong", chapter, with_answers(source(chapter), wrong))
    hand_in_trouble(course)


@pytest.mark.parametrize("chapter", SOURCES)
def test_what_is_handed_out_holds_no_solution_and_no_hidden_test(chapter: str, course: Path):
    text = (course / "release" / chapter / f"{chapter}.ipynb").read_text(encoding="utf-8")
    kept = [word for word in ("SOLUTION", "HIDDEN", "MARK SCHEME", "ggd.demand") if word in text]
    assert kept == []
    handed_out = json.loads(text)
    for name, cell in by_id(source(chapter)).items():
        if role(cell)["solution"]:
            text = "".join(by_id(handed_out)[name]["source"])
            assert text == answered(cell["source"], "# your answer here")


def test_a_class_is_graded(course: Path):
    """One test, for what it grades takes a minute, and several would be spread over processes that grade it each."""
    hand_in_all(course)
    table = rows(course, grade(course, seconds=SECONDS, workers=2))
    write_csv(course / "grades.csv", table)
    graded = {(row.student, row.chapter): row for row in table}
    for chapter in SOURCES:
        the_solution_gets_ten_points_and_nothing_is_noted(graded["right", chapter])
    for number, chapter in WRONGLY.items():
        page = course / "feedback" / "wrong" / chapter / f"{chapter}.html"
        wrong_answers_lose_their_points_and_the_feedback_says_why(chapter, number, graded["wrong", chapter], page)
    trouble_is_named_and_costs_its_own_points_only({row.student: row for row in table if row.chapter == FIRST})
    the_table_has_a_line_a_notebook(course / "grades.csv", graded)
    nothing_is_left_but_the_results(course)


def the_solution_gets_ten_points_and_nothing_is_noted(row: Row) -> None:
    assert (row.total, row.of, row.notes) == (10, 10, ""), row


def wrong_answers_lose_their_points_and_the_feedback_says_why(chapter: str, number: int, row: Row, page: Path) -> None:
    assert {name for name, (got, _) in row.points.items() if not got} == lost_by(chapter, number), row
    assert 0 < row.total < 10
    text = html.unescape(page.read_text(encoding="utf-8"))
    for wrong in wrong_ones(chapter, number).values():
        assert wrong.hint in text, (chapter, wrong)


def trouble_is_named_and_costs_its_own_points_only(of_student: dict[str, Row]) -> None:
    assert (of_student["untouched"].total, of_student["untouched"].of, of_student["untouched"].notes) == (0, 10, "")
    row = of_student["hangs_and_dies"]
    assert row.notes == "hangs in the cell warm_up_2_answer; the kernel died in the cell code_3_answer"
    assert {name for name, (got, _) in row.points.items() if got} == {"warm_up_1", "code_1", "code_2"}
    killed = of_student["kills_its_grader"]
    assert (killed.total, killed.notes) == (0, "it was killed by SIGKILL, most often for memory: grade again")
    row = of_student["changes_and_deletes"]
    assert row.notes == "cells were missing and were put back, empty: setup, code_1, open"
    assert {name for name, (got, _) in row.points.items() if not got} == {"warm_up_1"}
    assert (row.total, row.of) == (9, 10)
    assert of_student["cut_off"].notes == "the file is no notebook (it is not JSON, or was cut off)"
    assert of_student["empty"].notes == "the file is empty"
    assert of_student["picture"].notes == "the file is no text, and so no notebook"
    assert {of_student[student].total for student in ("cut_off", "empty", "picture")} == {0}


def the_table_has_a_line_a_notebook(path: Path, graded: dict[tuple[str, str], Row]) -> None:
    with path.open(encoding="utf-8") as file:
        table = list(csv.DictReader(file))
    assert [(line["student"], line["chapter"]) for line in table] == list(graded)
    assert sum(float(line["total"]) for line in table) == sum(row.total for row in graded.values())


def nothing_is_left_but_the_results(course: Path) -> None:
    kept = {path.name for path in course.iterdir()}
    assert kept == {"autograded", "feedback", "gradebook.db", "grades.csv", "release", "source", "submitted"}
    assert [path for path in Path("/proc").glob("[0-9]*/cwd") if is_inside(path, course)] == [], "a kernel is left"


def is_inside(link: Path, folder: Path) -> bool:
    try:
        return link.resolve().is_relative_to(folder)
    except OSError:
        return False


def connection_files(program: int) -> list[Path]:
    """Of the kernels below a program. A child that was just forked is none yet: it has its parent's command line."""
    found = list[Path]()
    for child in psutil.Process(program).children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            found += [Path(word) for word in child.cmdline() if word.endswith("kernel.json")]
    return found


def test_a_grading_that_is_ended_leaves_no_kernel_and_can_be_given_again(course: Path, tmp_path: Path, monkeypatch):
    course = another(course, tmp_path / "another")
    (tmp_path / "tmp").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    monkeypatch.setattr("tempfile.tempdir", None)
    waits = "import time\nfrom pathlib import Path\nwhile Path('{}').exists():\n    time.sleep(0.1)".format(
        tmp_path / "wait"
    )
    for student in ("ann", "bob"):
        hand_in(course, student, FIRST, with_body(source(FIRST), "setup", waits))
    for ending, returned in ((signal.SIGTERM, 1), (signal.SIGKILL, -signal.SIGKILL)):
        (tmp_path / "wait").touch()
        command = [sys.executable, "-m", "ggd_helpers", "class", "grade", course, "--workers", "2"]
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
            while len(paths := connection_files(process.pid)) < 2:
                time.sleep(0.05)
            assert [json.loads(path.read_text())["transport"] for path in paths] == ["ipc"] * 2
            children = psutil.Process(process.pid).children(recursive=True)
            with pytest.raises(Refused, match="is being graded by another program: wait for its end"):
                grade(course)
            process.send_signal(ending)
            said = process.communicate(timeout=30)[1]
        assert process.returncode == returned, said
        assert psutil.wait_procs(children, timeout=10)[1] == [], "orphans"
        assert (said == "") == (ending == signal.SIGKILL)
    (tmp_path / "wait").unlink()
    assert answer(["class", "grade", str(course), "--workers", "2"]) == 0
    nothing_is_left_but_the_results(course)
    assert not list((tmp_path / "tmp").iterdir())


def test_the_command_says_why_a_notebook_is_not_graded(course: Path, tmp_path: Path, capsys):
    course = another(course, tmp_path / "another")
    path = course / "submitted" / "eve" / f"{FIRST}.ipynb"
    path.parent.mkdir(parents=True)
    path.write_text("once upon a time")
    assert answer(["class", "grade", str(course)]) == 0
    assert capsys.readouterr().err.startswith(f"eve, {FIRST}: not graded: ")


@pytest.mark.parametrize(
    ("name", "text", "note"),
    [
        ("warm_up_1_answer", "ggd.demand = print", "the cell warm_up_1_answer speaks of demand, which give the points"),
        ("warm_up_1_answer", "on_demand = 3  # demanding", ""),
        ("code_1", "ggd.demand('it', 1, 1)", ""),
    ],
)
def test_an_answer_that_speaks_of_what_gives_the_points_is_named(name: str, text: str, note: str):
    cell = by_id(with_body(source(FIRST), name, text))[name]
    assert trouble_of(cell, 1).partition(":")[0] == note


class TestRefusals:
    def test_a_folder_that_is_no_course(self, tmp_path: Path):
        with pytest.raises(Refused, match="is not a course: make one with `ggd class release"):
            grade(tmp_path)

    def test_nothing_handed_in(self, course: Path, tmp_path: Path):
        tmp_path = another(course, tmp_path / "another")
        with pytest.raises(Refused, match="nothing was handed in: put the notebooks into"):
            grade(tmp_path)

    def test_what_lies_in_the_wrong_place_is_named_and_stops_nothing(self, course: Path, tmp_path: Path):
        tmp_path = another(course, tmp_path / "another")
        folder = tmp_path / "submitted"
        for place in ("ann/homework.ipynb", f"a*/{FIRST}.ipynb", f"{FIRST}.ipynb"):
            write(source(FIRST), folder / place)
        write(source(FIRST), folder / "ann" / ".ipynb_checkpoints" / f"{FIRST}.ipynb")
        notes = {(row.student, row.chapter): row.notes for row in rows(tmp_path, grade(tmp_path))}
        assert notes == {
            ("", FIRST): "it lies in no student's folder: put it into submitted/STUDENT/",
            ("a*", FIRST): "the folder's name holds '*': rename it",
            ("ann", "homework"): "it is called like none of the exercises that were released: rename it",
        }

    def test_a_dead_link_and_letters_of_another_system_cost_the_others_nothing(self, course: Path, tmp_path: Path):
        tmp_path = another(course, tmp_path / "another")
        folder = tmp_path / "submitted"
        for student in ("ann", os.fsdecode(b"J\xfcrgen")):
            (folder / student).mkdir(parents=True)
        (folder / "ann" / f"{FIRST}.ipynb").symlink_to("/nowhere")
        write(source(FIRST), folder / os.fsdecode(b"J\xfcrgen") / f"{FIRST}.ipynb")
        table = rows(tmp_path, grade(tmp_path))
        write_csv(tmp_path / "grades.csv", table)
        assert {row.student: row.notes for row in table} == {
            "ann": "the file cannot be read (No such file or directory)",
            "J\ufffdrgen": "the folder's name holds '\ufffd': rename it",
        }

    def test_what_is_missing_from_the_course_is_named(self, course: Path, tmp_path: Path):
        tmp_path = another(course, tmp_path / "another")
        (tmp_path / "submitted" / "ann").mkdir(parents=True)
        (tmp_path / "submitted" / "ann" / f"{FIRST}.ipynb").touch()
        released = tmp_path / "release" / FIRST / f"{FIRST}.ipynb"
        released.rename(tmp_path / "elsewhere.ipynb")
        (row,) = rows(tmp_path, grade(tmp_path))
        assert row.notes == "it is called like none of the exercises that were released: rename it"
        (tmp_path / "elsewhere.ipynb").rename(released)
        (tmp_path / "gradebook.db").unlink()
        release(tmp_path, ["01_theory"])  # makes a gradebook that knows nothing of the other one
        (row,) = rows(tmp_path, grade(tmp_path))
        assert (row.points, row.notes) == ({}, "the file is empty")
        (tmp_path / "gradebook.db").write_text("mine")
        with pytest.raises(
            Refused, match=r"gradebook.db cannot be used \(file is not a database\): mend that, or move"
        ):
            grade(tmp_path)
        (tmp_path / "source" / FIRST / f"{FIRST}.ipynb").write_text("{")
        with pytest.raises(Refused, match=r"was cut off.*: mend it, or delete it, and it is copied anew"):
            release(tmp_path, [FIRST])

    def test_a_table_that_cannot_be_written_leaves_the_old_one(self, tmp_path: Path):
        (tmp_path / "grades.csv").write_text("old")
        with pytest.raises(UnicodeEncodeError):
            write_csv(tmp_path / "grades.csv", [Row("\udcff", FIRST, {}, 0.0, "")])
        assert [path.read_text() for path in tmp_path.iterdir()] == ["old"]

    def test_of_two_copies_the_newer_one_counts(self, course: Path, tmp_path: Path):
        tmp_path = another(course, tmp_path / "another")
        paths = [tmp_path / "submitted" / "ann" / folder / f"{FIRST}.ipynb" for folder in ("", "later")]
        for age, path in enumerate(reversed(paths)):
            write(source(FIRST), path)
            os.utime(path, (1000 * age, 1000 * age))
        (found,) = submissions(tmp_path)
        assert (found.path, found.note) == (paths[0], "of 2 copies the newest was graded")

    def test_a_teachers_own_changes_of_a_source_stay(self, course: Path, tmp_path: Path):
        tmp_path = another(course, tmp_path / "another")
        changed = json.loads((tmp_path / "source" / FIRST / f"{FIRST}.ipynb").read_text(encoding="utf-8"))
        changed["cells"][0]["source"] = "# My own title"
        write(changed, tmp_path / "source" / FIRST / f"{FIRST}.ipynb")
        path = release(tmp_path, [FIRST])[FIRST]
        assert "# My own title" in path.read_text(encoding="utf-8")

    @pytest.mark.parametrize(
        ("arguments", "words"),
        [
            (["release", "{}/a", "09_magic"], "there are no exercises '09_magic': there are 00_start_here"),
            (["release", "{}/file"], "cannot be made or written to"),
            (["grade", "{}"], "is not a course"),
            (["check", "{}/none.ipynb"], "the file cannot be read (No such file or directory)"),
            (["check", "{}/file"], "the file is empty"),
        ],
    )
    def test_the_command_line_refuses_in_one_line(self, arguments, words: str, tmp_path: Path, capsys):
        (tmp_path / "file").touch()
        assert answer(["class", *(each.format(tmp_path) for each in arguments)]) == 2
        said = capsys.readouterr().err
        assert said.startswith("ggd: ")
        assert words in said
        assert said.count("\n") == 1
