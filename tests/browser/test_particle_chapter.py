"""The particle explorer in JupyterLab: its sliders can be read, and are moved by keyboard; a law that is learned."""

import contextlib
import re
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

with contextlib.suppress(ImportError):  # without it the fixtures skip
    from playwright.sync_api import expect

if TYPE_CHECKING:
    from browser.chapter import Chapter

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def chapter(open_chapter: "Callable[..., Chapter]") -> "Chapter":
    """The chapter with its explorer, and nothing else, run."""
    return open_chapter(
        "03_particle.ipynb", "seed: int = 0", "import ggd_helpers as ggd", "explorer.still()", "explorer"
    )


def test_every_slider_has_its_role_and_a_readable_description(chapter: "Chapter"):
    sliders = chapter.explorer("gamma").locator(".widget-slider").all()
    assert len(sliders) >= 4
    for slider in sliders:
        slider.scroll_into_view_if_needed()
        label = slider.locator(".widget-label")
        expect(label).to_be_visible()
        expect(label).to_have_text(re.compile(r"\w"), use_inner_text=True)  # as it is rendered, once it is
        assert label.evaluate("label => label.scrollWidth <= label.clientWidth"), f"{label.text_content()} is cut off"
        expect(slider.get_by_role("slider")).to_have_count(1)
        expect(slider.locator(".widget-readout")).to_be_visible()


def test_arrow_keys_move_gamma_and_redraw_the_picture(chapter: "Chapter"):
    slider, image = chapter.slider("gamma"), chapter.explorer("gamma").locator("img")
    readout = slider.locator(".widget-readout")
    slider.scroll_into_view_if_needed()
    chapter.settle()
    number, picture = float(readout.text_content()), chapter.fingerprint(image)
    chapter.screenshot("explorer_at_first")

    for _ in range(3):
        slider.get_by_role("slider").press("ArrowRight")
    chapter.wait_for_new_picture(image, picture)
    chapter.settle()
    assert float(readout.text_content()) > number
    image.scroll_into_view_if_needed()
    chapter.screenshot("explorer_after_arrow_keys")
    assert chapter.take_complaints() == []


def test_learn_it_draws_what_it_learned(chapter: "Chapter"):
    chapter.learn(chapter.explorer("gamma"), "relative error")
    chapter.screenshot("explorer_after_learning")
    assert chapter.take_complaints() == []
