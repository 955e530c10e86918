"""The first page as a student meets it in JupyterLab: all cells run, a start moved, an answer after its prediction.

Every chapter's cells are run by nbval; that they run in JupyterLab, widgets and all, the shortest chapter shows.
"""

import contextlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import ggd_helpers

with contextlib.suppress(ImportError):  # without it the fixtures skip
    from playwright.sync_api import expect

if TYPE_CHECKING:
    from browser.chapter import Chapter
    from browser.conftest import Lab

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def whole(open_chapter: "Callable[..., Chapter]") -> "Chapter":
    """The first page after Run All Cells."""
    whole = open_chapter("00_start_here.ipynb")
    whole.run_all_cells()
    return whole


@pytest.fixture(scope="module")
def chapter(open_chapter: "Callable[..., Chapter]") -> "Chapter":
    """The first page with its first picture and its first prediction, and nothing else, run."""
    cells = ("seed: int", "import ggd_helpers as ggd", "ggd.ClimbExplorer", "climb.panel", "The same recordings")
    return open_chapter("00_start_here.ipynb", *cells)


def test_the_kernel_runs_this_python_and_this_package(lab: "Lab", whole: "Chapter"):
    assert lab.get("api/kernelspecs")["kernelspecs"]["python3"]["spec"]["argv"][0] == sys.executable
    assert Path(whole.ask("ggd.__file__")) == Path(ggd_helpers.__file__)


def test_every_cell_runs_without_error(whole: "Chapter"):
    failures = [
        (cell["source"], output["ename"], output["evalue"])
        for cell in whole.cells
        for output in cell["outputs"]
        if output["output_type"] == "error"
    ]
    assert not failures
    counts = [cell["count"] for cell in whole.cells]
    assert len(counts) > 0
    assert counts == list(range(1, len(counts) + 1))
    assert whole.page.get_by_text("Error displaying widget").count() == 0
    assert whole.take_complaints() == []


def test_another_start_is_another_climb(chapter: "Chapter"):
    chapter.move("start", "ArrowRight")
    assert chapter.ask("climb.start.value") == -0.85
    chapter.screenshot("start_climb")


def test_the_answer_shows_when_one_was_chosen(chapter: "Chapter"):
    button = chapter.page.get_by_role("button", name="its S, not its motion", exact=True)
    button.scroll_into_view_if_needed()
    expect(chapter.page.get_by_text("You said:")).to_have_count(0)
    button.press("Enter")
    expect(chapter.page.get_by_text("You said:")).to_be_visible()
    expect(button).to_be_disabled()
    assert chapter.take_complaints() == []
    chapter.screenshot("start_prediction")
