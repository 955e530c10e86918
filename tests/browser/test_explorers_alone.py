"""`ggd explore`: every explorer alone in a page of its own, worked and heard by keyboard."""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest
from conftest import GGD

from browser.chapter import PATIENCE
from ggd_helpers.batch.alone.catalogue import explorers

with contextlib.suppress(ImportError):  # without it the fixtures skip
    from playwright.sync_api import expect

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page

pytestmark = pytest.mark.browser

NAMES = list(explorers())
# What has the focus: what kind of control it is, its name, its value, and whether a line around it shows the focus.
FOCUSED = """() => {
    const here = document.activeElement;
    if (here === document.body) return null;
    const kinds = {SELECT: 'menu', TEXTAREA: 'text', INPUT: here.type, BUTTON: 'button'};
    const kind = here.role ?? (here.className.includes('readout') ? 'readout' : kinds[here.tagName]);
    const readout = here.closest('.widget-slider')?.querySelector('.widget-readout')?.textContent;
    const label = here.ariaLabel ?? here.labels?.[0]?.textContent ?? here.textContent;
    const line = getComputedStyle(here);
    return {kind, name: label.trim(), value: readout ?? here.ariaValueNow ?? here.value, said: here.ariaValueText,
            outlined: line.outlineStyle !== 'none' && parseFloat(line.outlineWidth) >= 2};
}"""
SPOKEN = "picture => document.querySelector('[role=status]').textContent === picture.alt"
NEW_TEXT = "([picture, old]) => picture.alt !== old && picture.alt === picture.title"


@pytest.fixture(scope="module")
def server(chromium: "Browser") -> Iterator[tuple[psutil.Process, str]]:
    """`ggd explore` with the first explorer, and where: `&explorer=NAME` shows another."""
    command = [sys.executable, "-c", GGD, "explore", NAMES[0], "--no-browser"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        address = re.search(r"http://127\.0\.0\.1:\d+/\?token=\w+", server.stdout.readline())[0]
        yield psutil.Process(server.pid), address
    finally:
        server.send_signal(signal.SIGINT)
        server.communicate(timeout=60)
    assert server.returncode == 0


class Alone:
    """The page of one explorer.

    Attributes:
        complaints: errors of the page and of its console.
        hosts: which servers it asked for something.
    """

    def __init__(self, page: "Page", address: str):
        self.page, self.complaints, self.hosts = page, list[str](), set[str]()
        page.on("pageerror", lambda error: self.complaints.append(f"page: {error}"))
        page.on(
            "console", lambda said: self.complaints.append(f"console: {said.text}") if said.type == "error" else None
        )
        page.on(
            "request", lambda asked: self.hosts.add(re.sub(r"^(blob:|data:).*|^\w+://([^/:]+).*", r"\2", asked.url))
        )
        page.goto(address, wait_until="commit")

    @property
    def picture(self) -> "Locator":
        return self.page.locator("img.widget-image")

    def wait(self) -> None:
        """Until the picture is there, and told."""
        self.picture.wait_for(timeout=PATIENCE)
        expect(self.page.get_by_role("status")).to_have_text(re.compile(r"\w"))

    def press(self, key: str) -> dict | None:
        """Press a key; what has the focus then."""
        self.page.keyboard.press(key)
        return self.page.evaluate(FOCUSED)

    def walk(self, key: str, meet: "Callable[[dict], None]") -> None:
        """Press Tab or Shift+Tab until the page has no more controls, and meet each of them on the way."""
        for _ in range(60):
            here = self.press(key)
            if here is None:
                return
            meet(here)
        pytest.fail("the focus never leaves the page's controls")


@pytest.fixture(scope="module")
def open_alone(chromium: "Browser", server: "tuple[psutil.Process, str]") -> "Iterator[Callable[[str], Alone]]":
    """A function from a name to its page; the next one's kernel starts meanwhile."""
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    opened: dict[str, Alone] = {}
    _, address = server

    def open_it(name: str) -> Alone:
        at = NAMES.index(name)
        for each in NAMES[at : at + 2]:
            if each not in opened:
                opened[each] = Alone(context.new_page(), f"{address}&explorer={each}")
        return opened[name]

    yield open_it
    context.close()


@pytest.mark.parametrize("name", NAMES)
def test_an_explorer_alone_is_worked_and_heard_by_keyboard(
    open_alone: "Callable[[str], Alone]", name: str, tmp_path: Path
):
    alone = open_alone(name)
    alone.wait()
    page, picture = alone.page, alone.picture
    expect(page).to_have_title(f"{name} explorer")
    first_text, first_source = picture.get_attribute("alt"), picture.get_attribute("src")
    assert len(first_text) > 80

    controls: list[dict] = []
    alone.walk("Tab", controls.append)
    assert [each for each in controls if not each["outlined"]] == []
    assert [each for each in controls if not each["name"]] == []
    assert [each for each in controls if each["kind"] == "slider" and each["said"] != each["value"]] == []
    in_panel = page.locator("[role=slider], select, textarea, input, button").count()
    assert len([each for each in controls if each["kind"] != "readout"]) == in_panel
    words = page.locator(".widget-html b").all_text_contents()
    named = {each["name"] for each in controls if each["kind"] in ("slider", "menu", "text", "checkbox")}
    assert [each for each in named if each not in words and each.split()[0] not in ", ".join(words).split(", ")] == []

    still: list[str] = []

    def move(here: dict) -> None:  # backwards, for a preset that is chosen makes new sliders behind it
        if here["kind"] in ("slider", "menu") and here["value"] == alone.press("ArrowLeft")["value"]:
            still.extend([here["name"]] if here["value"] == alone.press("ArrowRight")["value"] else [])

    alone.walk("Shift+Tab", move)
    assert still == []
    page.wait_for_function(NEW_TEXT, arg=[picture.element_handle(), first_text], timeout=PATIENCE)
    page.wait_for_function(SPOKEN, arg=picture.element_handle(), timeout=PATIENCE)
    assert picture.get_attribute("src") != first_source
    picture.scroll_into_view_if_needed()
    page.screenshot(path=tmp_path / f"alone_{name}.png", full_page=True)
    if folder := os.environ.get("GGD_SCREENSHOTS"):
        shutil.copy(tmp_path / f"alone_{name}.png", folder)
    assert alone.complaints == []
    assert alone.hosts - {""} == {"127.0.0.1"}
    page.goto("about:blank")


def test_a_page_that_is_closed_ends_its_kernel(chromium: "Browser", server: "tuple[psutil.Process, str]"):
    process, address = server
    others = process.children()
    alone = Alone(chromium.new_page(), f"{address}&explorer=climb")
    alone.wait()
    (kernel,) = set(process.children()) - set(others)
    alone.page.goto("about:blank")
    assert psutil.wait_procs([kernel], timeout=30)[1] == []
    alone.page.close()


def test_a_page_without_the_token_shows_nothing(chromium: "Browser", server: "tuple[psutil.Process, str]"):
    page = chromium.new_page()
    page.goto(server[1].split("?")[0])
    expect(page).to_have_url(re.compile("/login"))
    assert page.locator("img.widget-image").count() == 0
    page.close()
