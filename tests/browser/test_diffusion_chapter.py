"""The diffusion explorer in JupyterLab: D moved by keyboard, a profile that flattens, a law that is learned."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from browser.chapter import Chapter

pytestmark = pytest.mark.browser

SPREAD = "float(max(explorer.curves()['profile']['known'][1]) - min(explorer.curves()['profile']['known'][1]))"
DRAWN = "__import__('hashlib').sha256(explorer.image.value).hexdigest()"


@pytest.fixture(scope="module")
def chapter(open_chapter: "Callable[..., Chapter]") -> "Chapter":
    """The chapter with its explorer open: parameters, imports and the explorer's two cells are run, nothing else."""
    cells = ("seed: int = 0", "import ggd_helpers as ggd", "explorer.still()", "explorer.panel")
    return open_chapter("05_diffusion.ipynb", *cells)


def test_a_larger_d_flattens_the_profile(chapter: "Chapter"):
    slider, image = chapter.slider("D"), chapter.explorer("D").locator("img")
    slider.scroll_into_view_if_needed()
    chapter.settle()
    readout = slider.locator(".widget-readout")
    number, spread = float(readout.text_content()), chapter.ask(SPREAD)
    chapter.screenshot("diffusion_at_first")
    for _ in range(6):
        picture = chapter.fingerprint(image)
        slider.get_by_role("slider").press("PageUp")
        chapter.wait_for_new_picture(image, picture)
    chapter.settle()
    chapter.screenshot("diffusion_flat")
    assert float(readout.text_content()) > 5 * number
    assert chapter.ask(SPREAD) < 0.7 * spread
    assert chapter.fingerprint(image) == chapter.ask(DRAWN), "the page shows another picture than the kernel drew"
    assert chapter.take_complaints() == []


def test_time_moves_the_picture(chapter: "Chapter"):
    slider, image = chapter.slider("time"), chapter.explorer("D").locator("img")
    chapter.settle()
    picture = chapter.fingerprint(image)
    slider.get_by_role("slider").press("ArrowRight")
    chapter.wait_for_new_picture(image, picture)
    chapter.settle()
    assert chapter.take_complaints() == []


def test_learn_it_draws_what_it_learned(chapter: "Chapter"):
    chapter.learn(chapter.explorer("D"), "relative error")
    chapter.screenshot("diffusion_learned")
    assert chapter.take_complaints() == []
