"""The first page in JupyterLab: a start that is moved, and a prediction committed to before its answer shows."""

import contextlib
from typing import TYPE_CHECKING

import pytest

with contextlib.suppress(ImportError):  # without it the fixtures skip
    from playwright.sync_api import expect

if TYPE_CHECKING:
    from browser.chapter import Chapter

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def chapter(open_chapter) -> "Chapter":
    """The first page with its first picture and its first prediction, and nothing else, run."""
    cells = ("seed: int", "import ggd_helpers as ggd", "ggd.ClimbExplorer", "climb.panel", "The same recordings")
    return open_chapter("00_start_here.ipynb", *cells)


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
