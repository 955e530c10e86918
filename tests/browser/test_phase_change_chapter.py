"""The chain explorer in JupyterLab: a faster pull by keyboard, and a law that is found."""

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from browser.chapter import Chapter

pytestmark = pytest.mark.browser

CHAPTER = "07_phase_change.ipynb"
FORCE = "float(__import__('numpy').interp(16, *explorer.curves()['force']['known']))"


def test_a_faster_pull_needs_a_larger_force(chapter: "Chapter"):
    force = chapter.ask(FORCE)
    chapter.screenshot("chain_at_first")
    slow, fast = chapter.move("speed", *["ArrowRight"] * 3)
    assert fast > slow
    assert chapter.ask(FORCE) > force


def test_time_moves_the_picture(chapter: "Chapter"):
    chapter.move("time", "ArrowRight")


def test_find_it_draws_what_it_found(chapter: "Chapter"):
    chapter.learn(chapter.explorer("speed"), "off by", button="find it")
    chapter.screenshot("chain_found")
    assert chapter.take_complaints() == []
