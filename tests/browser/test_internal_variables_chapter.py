"""The trap explorer in JupyterLab: a faster pull by keyboard, and a number that is found."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from browser.chapter import Chapter

pytestmark = pytest.mark.browser

FORCE = "float(abs(explorer.curves()['force']['known'][1]).max())"


@pytest.fixture(scope="module")
def chapter(open_chapter: "Callable[..., Chapter]") -> "Chapter":
    """The chapter with its explorer open: parameters, imports and the explorer's two cells are run, nothing else."""
    cells = ("seed: int = 0", "import ggd_helpers as ggd", "explorer.still()", "explorer.panel")
    return open_chapter("06_internal_variables.ipynb", *cells)


def test_a_faster_pull_needs_a_larger_force(chapter: "Chapter"):
    slider, image = chapter.slider("speed"), chapter.explorer("speed").locator("img")
    slider.scroll_into_view_if_needed()
    chapter.settle()
    number, force = float(slider.locator(".widget-readout").text_content()), chapter.ask(FORCE)
    chapter.screenshot("trap_at_first")
    for _ in range(3):
        picture = chapter.fingerprint(image)
        slider.get_by_role("slider").press("ArrowRight")
        chapter.wait_for_new_picture(image, picture)
    chapter.settle()
    assert float(slider.locator(".widget-readout").text_content()) > number
    assert chapter.ask(FORCE) > 1.1 * force
    assert chapter.take_complaints() == []


def test_time_moves_the_picture(chapter: "Chapter"):
    slider, image = chapter.slider("time"), chapter.explorer("speed").locator("img")
    chapter.settle()
    picture = chapter.fingerprint(image)
    slider.get_by_role("slider").press("ArrowRight")
    chapter.wait_for_new_picture(image, picture)
    chapter.settle()
    assert chapter.take_complaints() == []


def test_find_it_draws_what_it_found(chapter: "Chapter"):
    chapter.learn(chapter.explorer("speed"), "relative error", button="find it")
    chapter.screenshot("trap_found")
    assert chapter.take_complaints() == []
