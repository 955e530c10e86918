"""Every exercise notebook marked in this process: the solution, the placeholders, typical wrong answers."""

import json
from collections.abc import Callable, Iterator
from functools import cache

import pytest
from marking import SOURCES, Marked, agrees, answered, shown_nowhere, source, what
from wrong_answers import WRONG

from ggd_helpers.batch.classroom.exercises import role, without_hidden_tests

ANSWERS = [(chapter, answer) for chapter, answers in WRONG.items() for answer in answers]


@pytest.fixture(scope="module")
def marked() -> Iterator[Callable[[str], Marked]]:
    """Notebooks by chapter, each run once."""
    with pytest.MonkeyPatch.context() as patch:
        shown_nowhere(patch)
        yield cache(lambda chapter: Marked(source(chapter)["cells"]))


def test_every_chapter_has_exercises_and_wrong_answers():
    assert list(SOURCES) == list(WRONG)
    assert SOURCES


@pytest.mark.parametrize("chapter", SOURCES)
def test_the_solution_gets_ten_points(chapter: str, marked: Callable[[str], Marked]):
    assert sum(marked(chapter).points.values()) == 10, marked(chapter).messages


@pytest.mark.parametrize(("chapter", "answer"), ANSWERS)
def test_typical_wrong_answers_lose_the_points_they_should_and_are_told_why(chapter: str, answer: str, marked):
    notebook = marked(chapter)
    wrong = WRONG[chapter][answer]
    assert len(wrong) >= 3
    for body, lost, hint in wrong:
        found, said = notebook.mark(answer, body)
        assert found == set(lost), f"{body}\n{said}"
        assert hint in said, f"{body}\n{said}"


@pytest.mark.parametrize("chapter", SOURCES)
def test_visible_checks_agree_with_the_solution_and_not_with_the_placeholders(chapter: str, monkeypatch):
    shown = shown_nowhere(monkeypatch)
    handed_out = [cell | {"source": without_hidden_tests(cell["source"])} for cell in source(chapter)["cells"]]
    Marked(handed_out)
    assert [each for each in shown if not agrees(each)] == []
    shown.clear()
    for cell in handed_out:
        cell["source"] = answered(cell["source"], "# your answer here")
    notebook = Marked(handed_out)  # every cell runs: nothing that is handed out raises
    assert notebook.messages == {}
    of_properties = {"above a chord (0: nowhere, 1: somewhere)"}  # a plane is convex, too
    assert {what(each) for each in shown if agrees(each)} <= of_properties


@pytest.mark.parametrize("chapter", SOURCES)
def test_the_placeholders_get_nothing(chapter: str, marked: Callable[[str], Marked]):
    notebook, lost = marked(chapter), set()
    for cell in notebook.cells:
        if role(cell)["solution"]:
            lost |= notebook.mark(role(cell)["grade_id"], "# your answer here")[0]
    assert lost == {role(cell)["grade_id"] for cell in notebook.cells if role(cell)["grade"]}


@pytest.mark.parametrize("chapter", SOURCES)
def test_every_answer_has_wrong_ones(chapter: str):
    answers = {role(cell)["grade_id"] for cell in source(chapter)["cells"] if role(cell).get("solution")}
    assert answers == set(WRONG[chapter])


@pytest.mark.parametrize("chapter", SOURCES)
def test_a_source_is_as_nbgrader_and_a_teacher_expect_it(chapter: str):
    notebook = json.loads(SOURCES[chapter].read_text(encoding="utf-8"))
    cells = notebook["cells"]
    assert notebook["metadata"]["kernelspec"]["name"] == "python3"
    names = [role(cell)["grade_id"] for cell in cells if role(cell)]
    assert len(set(names)) == len(names)
    assert len({cell["id"] for cell in cells}) == len(cells)
    assert all(role(cell) for cell in cells if cell["cell_type"] == "code")
    assert all(not cell.get("outputs") for cell in cells)
    texts = {role(cell)["grade_id"]: "".join(cell["source"]) for cell in cells if role(cell)}
    graded = [cell for cell in cells if role(cell).get("grade")]
    assert sum(role(cell)["points"] for cell in graded) == 10
    for cell in graded:
        text = texts[role(cell)["grade_id"]]
        assert "### BEGIN HIDDEN TESTS\n" in text
        assert "ggd.demand(" not in text.partition("### BEGIN HIDDEN")[0], "a visible check shows, it does not raise"
    (task,) = [cell for cell in cells if role(cell).get("task")]
    assert "=== BEGIN MARK SCHEME ===" in texts[role(task)["grade_id"]]
    whole = json.dumps(cells)
    assert [word for word in ("widgets", "Explorer", "Prediction", "interact") if word in whole] == []
