"""The diffusion explorer in JupyterLab: D moved by keyboard, a profile that flattens, a law that is learned."""

import base64
import io
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

if TYPE_CHECKING:
    from playwright.sync_api import Locator

    from browser.conftest import Chapter

pytestmark = pytest.mark.browser

LEARNING = 20_000  # milliseconds from the press of the button to its result
BYTES = """async image => {
    const bytes = new Uint8Array(await (await fetch(image.src)).arrayBuffer());
    return btoa(bytes.reduce((text, byte) => text + String.fromCharCode(byte), ''));
}"""


@pytest.fixture(scope="module")
def chapter(open_chapter: "Callable[..., Chapter]") -> "Chapter":
    """The chapter with its explorer open: parameters, imports and the explorer's two cells are run, nothing else."""
    cells = ("seed: int = 0", "import ggd_helpers as ggd", "explorer.still()", "explorer.panel")
    return open_chapter("05_diffusion.ipynb", *cells)


def profile_height(image: "Locator") -> int:
    """How many rows of pixels the thick grey curve of the first panel spans."""
    pixels = np.asarray(Image.open(io.BytesIO(base64.b64decode(image.evaluate(BYTES)))).convert("RGB")).astype(int)
    panel = pixels[20:180, 55:290]
    grey = (np.abs(panel - 159) < 4).all(-1)
    thick = grey[1:, 1:] & grey[:-1, 1:] & grey[1:, :-1] & grey[:-1, :-1]  # not the thin dots of the start
    rows = np.flatnonzero(thick.any(1))
    return int(rows[-1] - rows[0])


def test_a_larger_d_flattens_the_profile(chapter: "Chapter"):
    slider, image = chapter.slider("D"), chapter.explorer("D").locator("img")
    slider.scroll_into_view_if_needed()
    readout = slider.locator(".widget-readout")
    number, height = float(readout.text_content()), profile_height(image)
    chapter.screenshot("diffusion_at_first")
    for _ in range(6):
        picture = chapter.fingerprint(image)
        slider.get_by_role("slider").press("PageUp")
        chapter.wait_for_new_picture(image, picture)
    chapter.screenshot("diffusion_flat")
    assert float(readout.text_content()) > 5 * number
    assert profile_height(image) < 0.7 * height
    assert chapter.take_complaints() == []


def test_time_moves_the_picture(chapter: "Chapter"):
    slider, image = chapter.slider("time"), chapter.explorer("D").locator("img")
    picture = chapter.fingerprint(image)
    slider.get_by_role("slider").press("ArrowRight")
    chapter.wait_for_new_picture(image, picture)
    assert chapter.take_complaints() == []


def test_learn_it_draws_what_it_learned(chapter: "Chapter"):
    chapter.learn(chapter.explorer("D"), "relative error", LEARNING)
    chapter.screenshot("diffusion_learned")
    assert chapter.take_complaints() == []
