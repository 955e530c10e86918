"""The trap explorer in JupyterLab: a faster pull by keyboard, and a number that is found."""

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from browser.chapter import Chapter

pytestmark = pytest.mark.browser

CHAPTER = "06_internal_variables.ipynb"
FORCE = "float(abs(explorer.curves()['force']['known'][1]).max())"


def test_a_faster_pull_needs_a_larger_force(chapter: "Chapter"):
    force = chapter.ask(FORCE)
    chapter.screenshot("trap_at_first")
    slow, fast = chapter.move("speed", *["ArrowRight"] * 3)
    assert fast > slow
    assert chapter.ask(FORCE) > 1.1 * force


def test_time_moves_the_picture(chapter: "Chapter"):
    chapter.move("time", "ArrowRight")


def test_find_it_draws_what_it_found(chapter: "Chapter"):
    chapter.learn(chapter.explorer("speed"), "relative error", button="find it")
    chapter.screenshot("trap_found")
    assert chapter.take_complaints() == []
