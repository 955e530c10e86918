"""The explorer of measurements in JupyterLab: more noise by keyboard, and new data that are asked for."""

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from browser.chapter import Chapter

pytestmark = pytest.mark.browser

CHAPTER = "09_measurements.ipynb"
WIDTH = "explorer.width('velocity')"


def test_more_noise_makes_a_wider_band(chapter: "Chapter"):
    narrow = chapter.ask(WIDTH)
    chapter.screenshot("measurements_at_first")
    less, more = chapter.move("noise", *["ArrowRight"] * 5)
    assert more > less
    assert chapter.ask(WIDTH) > narrow


def test_measure_again_draws_other_data(chapter: "Chapter"):
    before = chapter.ask("float(explorer.data.values.nansum())")
    chapter.learn(chapter.explorer("noise"), "the last 2", button="measure again")
    assert chapter.ask("float(explorer.data.values.nansum())") != before
    chapter.screenshot("measurements_again")
    assert chapter.take_complaints() == []
