"""The reactions explorer in JupyterLab: a network typed in, a wrong one refused, a slider moved by keyboard."""

import contextlib
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

with contextlib.suppress(ImportError):  # without it the fixtures skip
    from playwright.sync_api import expect

if TYPE_CHECKING:
    from playwright.sync_api import Locator

    from browser.chapter import Chapter

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def chapter(open_chapter: "Callable[..., Chapter]") -> "Chapter":
    """The chapter with the cells run that the explorer needs."""
    cells = ("seed: int", "import ggd_helpers as ggd", "ggd.ReactionsExplorer", "explorer.panel")
    return open_chapter("04_reactions.ipynb", *cells)


def panel_of(chapter: "Chapter") -> "Locator":
    """The output that holds the explorer."""
    return chapter.page.locator(".jp-OutputArea-output", has=chapter.page.locator(".widget-textarea"))


def settled(chapter: "Chapter", image: "Locator") -> str:
    """The fingerprint of a picture once no control moves any more, not even one that was just put on the page."""
    chapter.settle()
    return chapter.fingerprint(image)


def test_a_typed_network_changes_the_picture_and_a_wrong_one_shows_its_sentence(chapter: "Chapter"):
    panel = panel_of(chapter)
    text, image = panel.locator("textarea"), panel.locator("img")
    expect(image).to_be_visible()
    expect(panel).to_contain_text("conserved: A + C")
    first = settled(chapter, image)

    text.fill("E + S <-> ES | kf=4; ES <-> E + P")
    text.press("Tab")
    expect(panel).to_contain_text("conserved: E + ES, S + ES + P")
    chapter.wait_for_new_picture(image, first)
    second = settled(chapter, image)
    expect(panel.locator(".widget-label").get_by_text("c ES", exact=True)).to_be_visible()
    shown = [menu.locator("option:checked").text_content() for menu in panel.locator("select").all()]
    assert [text.replace("\xa0", " ") for text in shown] == ["your own", "E + S <-> ES"]
    chapter.screenshot("reactions_typed")

    text.fill("E + S -> P")
    text.press("Tab")
    expect(panel).to_contain_text("the arrow '->' is not known")
    assert settled(chapter, image) == second
    chapter.screenshot("reactions_refused")

    text.fill("A <-> B")
    text.press("Tab")
    chapter.wait_for_new_picture(image, second)
    third = settled(chapter, image)
    slider = chapter.slider("kf 1").get_by_role("slider")
    slider.focus()
    slider.press("ArrowRight")
    chapter.wait_for_new_picture(image, third)
    chapter.settle()
    assert chapter.take_complaints() == []


def test_learn_it_trains_and_shows_its_error(chapter: "Chapter"):
    chapter.learn(panel_of(chapter), "learned from 40 trajectories")
    chapter.screenshot("reactions_learned")
    assert chapter.take_complaints() == []
