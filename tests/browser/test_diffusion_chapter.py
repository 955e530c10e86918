"""The diffusion explorer in JupyterLab: D moved by keyboard, a profile that flattens, a law that is learned."""

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from browser.chapter import Chapter

pytestmark = pytest.mark.browser

CHAPTER = "05_diffusion.ipynb"
SPREAD = "float(max(explorer.curves()['profile']['known'][1]) - min(explorer.curves()['profile']['known'][1]))"
DRAWN = "__import__('hashlib').sha256(explorer.image.value).hexdigest()"


def test_a_larger_d_flattens_the_profile(chapter: "Chapter"):
    spread = chapter.ask(SPREAD)
    chapter.screenshot("diffusion_at_first")
    small, large = chapter.move("D", *["PageUp"] * 6)
    chapter.screenshot("diffusion_flat")
    assert large > 5 * small
    assert chapter.ask(SPREAD) < 0.7 * spread
    shown = chapter.fingerprint(chapter.explorer("D").locator("img"))
    assert shown == chapter.ask(DRAWN), "the page shows another picture than the kernel drew"


def test_time_moves_the_picture(chapter: "Chapter"):
    chapter.move("time", "ArrowRight")


def test_learn_it_draws_what_it_learned(chapter: "Chapter"):
    chapter.learn(chapter.explorer("D"), "relative error")
    chapter.screenshot("diffusion_learned")
    assert chapter.take_complaints() == []
