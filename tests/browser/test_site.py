"""`ggd site`, opened from disk without a network: every page drawn, every film moved by keyboard."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from conftest import GGD

from ggd_helpers.files import CHAPTERS

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

NAMES = sorted(path.stem for path in CHAPTERS.glob("[0-9][0-9]_*.ipynb"))
MB = 1e6
# What is wrong with a page: pictures that did not come, formulas without a size, more width than the screen's.
WRONG = """async () => {
    const pictures = [...document.images], formulas = [...document.querySelectorAll('main math')];
    for (const picture of pictures) picture.loading = 'eager';
    await Promise.allSettled(pictures.map(picture => picture.decode()));
    const small = box => box.width < 2 || box.height < 2;
    return [
        ...pictures.filter(picture => !picture.naturalWidth).map(picture => `no picture ${picture.src}`),
        ...formulas.filter(each => !each.closest('details:not([open])') && small(each.getBoundingClientRect()))
            .map(each => `nothing drawn of ${each.textContent}`),
        ...document.querySelectorAll('merror, math mtext:empty'),
        ...(document.scrollingElement.scrollWidth > innerWidth ? ['wider than the screen'] : []),
    ];
}"""
SHOWN = """async slider => {
    const film = slider.closest('figure'), picture = film.querySelector('img');
    await picture.decode();
    return {source: picture.src, told: picture.alt, value: film.querySelector('output').textContent,
            said: slider.ariaValueText, size: [picture.naturalWidth, picture.naturalHeight],
            at: Number(slider.value), last: Number(slider.max),
            outlined: parseFloat(getComputedStyle(slider).outlineWidth) >= 2};
}"""


@pytest.fixture(scope="module")
def site(chromium: "Browser", tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All pages with all films, as the command makes them."""
    out = tmp_path_factory.mktemp("site") / "pages"
    subprocess.run([sys.executable, "-c", GGD, "site", out], check=True, stdout=subprocess.DEVNULL)
    return out


class Reader:
    """A page that is open without a network.

    Attributes:
        complaints: errors of the page and of its console, and addresses elsewhere that it asked for.
    """

    def __init__(self, browser: "Browser", width: int, **options: bool):
        context = browser.new_context(viewport={"width": width, "height": 900}, offline=True, **options)
        self.page: Page = context.new_page()
        self.complaints: list[str] = []
        self.page.on("pageerror", lambda error: self.complaints.append(f"page: {error}"))
        self.page.on("console", lambda said: self.complaints.append(f"console: {said.text}"))
        self.page.on("request", lambda asked: self._hear(asked.url))

    def _hear(self, address: str) -> None:
        if not address.startswith(("file:", "data:")):
            self.complaints.append(f"asked for {address}")


@pytest.fixture
def reader(chromium: "Browser") -> Iterator[Reader]:
    reader = Reader(chromium, 1280)
    yield reader
    reader.page.context.close()


@pytest.mark.parametrize("width", [1280, 390])
def test_every_page_is_drawn_and_fits_the_screen(chromium: "Browser", site: Path, width: int, tmp_path: Path):
    reader = Reader(chromium, width)
    paths = sorted(site.glob("*.html"))
    assert {path.stem for path in paths} > {"index", *NAMES}
    for path in paths:
        reader.page.goto(path.as_uri())
        assert reader.page.evaluate(WRONG) == [], path.name
        if folder := os.environ.get("GGD_SCREENSHOTS"):
            reader.page.screenshot(path=tmp_path / "page.png", full_page=True)
            shutil.copy(tmp_path / "page.png", Path(folder) / f"site_{path.stem}_{width}.png")
    assert reader.complaints == []
    reader.page.context.close()


@pytest.mark.parametrize("name", NAMES)
def test_every_film_is_moved_by_keyboard(reader: Reader, site: Path, name: str):
    reader.page.goto((site / f"{name}.html").as_uri())
    sliders = reader.page.get_by_role("slider").all()
    assert len(sliders) == reader.page.locator("figure.film").count() >= 1
    for slider in sliders:
        slider.focus()
        opened = slider.evaluate(SHOWN)
        assert opened["outlined"]
        slider.press("Home")
        frames = [slider.evaluate(SHOWN)]
        for _ in range(frames[0]["last"]):
            slider.press("ArrowRight")
            frames.append(slider.evaluate(SHOWN))
        assert [frame["at"] for frame in frames] == list(range(len(frames)))
        assert frames[opened["at"]] == opened, "it begins with another picture than that of its place"
        for part in ("source", "told", "value"):
            assert len({frame[part] for frame in frames}) == len(frames), part
        assert len({tuple(frame["size"]) for frame in frames}) == 1
        assert all(frame["said"] == frame["value"] for frame in frames)
    assert reader.complaints == []


def test_a_chapter_needs_two_megabytes_at_most(site: Path):
    for name in NAMES:
        files = [site / f"{name}.html", *(path for path in (site / name).rglob("*") if path.is_file())]
        assert sum(path.stat().st_size for path in files) <= 2 * MB, name


def test_without_scripts_the_still_picture_stays(chromium: "Browser", site: Path):
    reader = Reader(chromium, 1280, java_script_enabled=False)
    reader.page.goto((site / f"{NAMES[0]}.html").as_uri())
    assert reader.page.locator("figure.film img").first.is_visible()
    assert reader.page.get_by_role("slider").count() == 0
    reader.page.context.close()


def test_from_the_contents_to_a_chapter_and_on_by_keyboard(reader: Reader, site: Path):
    page = reader.page
    page.goto((site / "index.html").as_uri())
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.getBoundingClientRect().left") >= 0, "the link to skip with is shown"
    page.get_by_role("link", name="0. Start here").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/00_start_here.html")
    page.get_by_role("link", name="1. Theory").first.press("Enter")
    page.wait_for_url("**/01_theory.html")
    page.get_by_role("link", name="Contents").first.press("Enter")
    page.wait_for_url("**/index.html")
    assert reader.complaints == []
