"""The explorers of chapters 1 and 2 in JupyterLab: worked by keyboard, they move."""

import contextlib
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

with contextlib.suppress(ImportError):  # without it the fixtures skip
    from playwright.sync_api import expect

if TYPE_CHECKING:
    from browser.chapter import Chapter

pytestmark = pytest.mark.browser

SET_UP = ("seed: int", "ggd.Record(")


@pytest.fixture(scope="module")
def theory(open_chapter: "Callable[..., Chapter]") -> "Chapter":
    """The theory chapter with its explorer, and nothing else, run."""
    return open_chapter("01_theory.ipynb", *SET_UP, "ggd.PairExplorer", "explorer.panel")


@pytest.fixture(scope="module")
def mirror(open_chapter: "Callable[..., Chapter]") -> "Chapter":
    """The theory chapter with the jumps and the explorer of the half slope, and nothing else, run."""
    return open_chapter(
        "01_theory.ipynb", *SET_UP, "def log_ways", "def jumps", "ggd.HalfSlopeExplorer", "mirror.panel"
    )


@pytest.fixture(scope="module")
def convex(open_chapter: "Callable[..., Chapter]") -> "Chapter":
    """The chapter on convex networks with the explorer of the envelope, and nothing else, run."""
    return open_chapter("02_convex_networks.ipynb", *SET_UP, "ggd.ConvexExplorer", "convex_explorer.panel")


def choose(chapter: "Chapter", slider: str, option: str) -> None:
    """Choose an entry of a menu in the explorer that holds this slider."""
    explorer = chapter.explorer(slider)
    image = explorer.locator("img")
    chapter.settle()
    picture = chapter.fingerprint(image)
    explorer.locator("select", has=chapter.page.get_by_role("option", name=option, exact=True)).select_option(option)
    chapter.wait_for_new_picture(image, picture)
    chapter.settle()
    assert chapter.take_complaints() == []


@pytest.mark.parametrize(
    ("slider", "key"), [("start x1", "ArrowLeft"), ("shape", "ArrowRight"), ("strength", "ArrowRight")]
)
def test_sliders_of_the_pair_explorer(theory: "Chapter", slider: str, key: str):
    theory.move(slider, key)


def test_an_inadmissible_potential_is_called_by_its_name(theory: "Chapter"):
    expect(theory.explorer("shape")).to_contain_text("Entropy rises")
    choose(theory, "shape", "1 - cos (not admissible)")
    for _ in range(40):
        theory.slider("strength").get_by_role("slider").press("ArrowRight")
    expect(theory.explorer("shape")).to_contain_text("Entropy falls")
    theory.screenshot("theory_explorer")


def test_the_mirror_of_a_measured_hamiltonian_is_found_by_keyboard(mirror: "Chapter"):
    even = "as far as these jumps can tell"
    mirror.move("shift", "ArrowRight")
    mirror.move("share of B", "ArrowLeft")  # to 0.3, where half of ln(0.3/0.7) is -0.42
    expect(mirror.explorer("shift")).not_to_contain_text(even)
    for _ in range(43):
        mirror.slider("shift").get_by_role("slider").press("ArrowLeft")
    expect(mirror.explorer("shift")).to_contain_text(even)
    mirror.explorer("shift").get_by_role("checkbox").check()
    mirror.settle()
    assert mirror.take_complaints() == []
    mirror.screenshot("half_slope_explorer")


@pytest.mark.parametrize(("slider", "key"), [("depth", "ArrowLeft"), ("epsilon", "ArrowLeft"), ("width", "ArrowLeft")])
def test_sliders_of_the_convex_explorer(convex: "Chapter", slider: str, key: str):
    convex.move(slider, key)


def test_another_target_is_fitted(convex: "Chapter"):
    choose(convex, "depth", "sine (not convex)")
    expect(convex.explorer("depth")).to_contain_text("loss")
    convex.screenshot("convex_explorer")


def test_the_width_explorer_moves(open_chapter: "Callable[..., Chapter]"):
    chapter = open_chapter("02_convex_networks.ipynb", *SET_UP, "ggd.WidthExplorer", "width_explorer.panel")
    chapter.move("width", "ArrowRight")
    chapter.screenshot("width_explorer")


def test_the_start_of_two_optimisers_is_moved_and_one_is_exchanged(open_chapter: "Callable[..., Chapter]"):
    chapter = open_chapter("02_convex_networks.ipynb", *SET_UP, "ggd.DescentExplorer", "descent_explorer.panel")
    expect(chapter.explorer("start 2")).to_contain_text("Newton: 60 gradients, at (0.00, 0.00)")
    for _ in range(16):  # from 0.20 to 0.52
        chapter.slider("start 2").get_by_role("slider").press("ArrowRight")
    expect(chapter.explorer("start 2")).to_contain_text("Newton: 60 gradients, at (0.00, -1.00)")
    chapter.move("start 1", "ArrowLeft")
    chapter.move("gradients", "ArrowRight")
    choose(chapter, "start 2", "bent valley")
    chapter.screenshot("descent_explorer")
