"""What a student is told before handing in; nbgrader is not needed for it."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from marking import source, with_answers, write
from wrong_answers import WRONG

from ggd_helpers.batch.classroom.check import check
from ggd_helpers.batch.classroom.exercises import by_id, put_back_missing, role, without_hidden_tests
from ggd_helpers.commands import answer

CHAPTER = "00_start_here"


def handed_out() -> dict:
    notebook = source(CHAPTER)
    for cell in notebook["cells"]:
        cell["source"] = without_hidden_tests(cell["source"])
    return notebook


def test_what_is_right_is_well(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    write(handed_out(), tmp_path / "mine.ipynb")  # under any name
    assert answer(["class", "check", str(tmp_path / "mine.ipynb")]) == 0
    said = capsys.readouterr().out
    graded = [name for name, cell in by_id(handed_out()).items() if role(cell)["grade"]]
    assert [line for line in said.splitlines() if line.startswith("  ")] == [f"  well     {name}" for name in graded]


def test_what_fails_is_named_with_its_cell_and_the_reason(tmp_path: Path):
    wrong = {"warm_up_2_answer": WRONG[CHAPTER]["warm_up_2_answer"][0].body, "code_3_answer": "count = cuont"}
    notebook = with_answers(source(CHAPTER), wrong)
    cells = by_id(notebook)
    cells["experiment"]["source"] += "\nimport ipywidgets\nipywidgets.IntSlider()"
    cells["experiment_2_answer"]["source"] = "def meaning(:"
    notebook["cells"].remove(cells["code_1"])
    write(notebook, tmp_path / "mine.ipynb")
    found = check(tmp_path / "mine.ipynb")
    assert found.well == ["warm_up_1", "experiment_1"]
    assert found.failing["warm_up_2"].startswith("dS/dt for gamma = 5, x = 0.8: that is Xi")
    assert found.failing["code_3"] == "NameError at `count = cuont`: name 'cuont' is not defined"
    assert found.failing["experiment"] == "it shows a widget, and a graded notebook must not: take it out"
    assert found.failing["experiment_2_answer"].startswith("SyntaxError")
    assert list(found.failing) == [
        "warm_up_2",
        "code_2",  # it uses what the missing cell makes
        "code_3",
        "experiment",
        "experiment_2_answer",
        "experiment_2",
    ]
    assert found.notes == [
        "the cell code_1 is missing: take it from the notebook that was handed out",
        "the cell experiment was changed: grading puts back what was handed out",
    ]


def test_a_cell_that_hangs_is_stopped_and_the_others_run(tmp_path: Path):
    notebook = handed_out()
    by_id(notebook)["warm_up_2_answer"]["source"] = "while True:\n    pass"
    by_id(notebook)["code_3_answer"]["source"] = "import os\nos._exit(1)"
    write(notebook, tmp_path / "mine.ipynb")
    found = check(tmp_path / "mine.ipynb", seconds=5)
    assert found.well == ["warm_up_1", "code_1", "code_2"]
    assert "TookTooLong: the cell was stopped" in found.failing["warm_up_2_answer"]
    assert found.failing["code_3_answer"].startswith("KernelDied: the kernel died in this cell")
    assert found.failing["experiment_2"] == "NotRun: the kernel had died in an earlier cell"


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_ends_it_and_its_kernel(tmp_path: Path, ending: signal.Signals):
    notebook = handed_out()
    by_id(notebook)["setup"]["source"] = f"import time; open({str(tmp_path / 'begun')!r}, 'w'); time.sleep(60)"
    write(notebook, tmp_path / "mine.ipynb")
    program = (
        "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "from ggd_helpers.__main__ import main; sys.exit(main())"
    )
    command = [sys.executable, "-c", program, "class", "check", tmp_path / "mine.ipynb"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        while not (tmp_path / "begun").exists():
            time.sleep(0.05)
        children = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(ending)
        assert process.communicate(timeout=30)[0] == "ggd: interrupted.\n"
    assert process.returncode == 1
    assert children
    assert psutil.wait_procs(children, timeout=3)[1] == []


def test_another_notebook_is_noted(tmp_path: Path):
    write({"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}, tmp_path / "none.ipynb")
    assert answer(["class", "check", str(tmp_path / "none.ipynb")]) == 2
    cell = {"cell_type": "markdown", "metadata": {}, "source": "my notes", "id": "a"}
    write({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}, tmp_path / "other.ipynb")
    found = check(tmp_path / "other.ipynb")
    assert found.notes == ["none of its cells is one of an exercise notebook: is it the one that was handed out?"]


def test_missing_cells_come_back_to_their_places():
    notebook, whole = handed_out(), handed_out()
    gone = ["setup", "warm_up_1", "code_2", "experiment_2", "open"]
    notebook["cells"] = [cell for cell in notebook["cells"] if role(cell).get("grade_id") not in gone]
    assert put_back_missing(notebook, whole) == gone
    assert list(by_id(notebook)) == list(by_id(whole))
    assert put_back_missing(notebook, whole) == []


def test_checking_needs_no_nbgrader_and_waits_for_no_torch(tmp_path: Path):
    program = (
        "import sys; sys.modules['nbgrader'] = sys.modules['torch'] = None; from ggd_helpers.commands import answer; "
        "import ggd_helpers.batch.classroom.check; "
        f"sys.exit(answer(['class', 'release', {str(tmp_path / 'course')!r}]))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("ggd: exercises are released and graded with nbgrader: install it with")
