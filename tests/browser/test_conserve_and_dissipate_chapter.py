"""The bath explorer in JupyterLab: more energy by keyboard, and an energy that is learned."""

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from browser.chapter import Chapter

pytestmark = pytest.mark.browser

CHAPTER = "08_conserve_and_dissipate.ipynb"
HEAT = "float(explorer.curves()['energies']['known heat'][1][-1] * explorer.energy.value)"


def test_more_energy_becomes_more_heat(chapter: "Chapter"):
    heat = chapter.ask(HEAT)
    chapter.screenshot("bath_at_first")
    less, more = chapter.move("energy", *["ArrowRight"] * 3)
    assert more > less
    assert chapter.ask(HEAT) > heat + 0.1


@pytest.mark.parametrize("name", ["friction", "temperature", "time"])
def test_sliders_move_the_picture(chapter: "Chapter", name: str):
    chapter.move(name, "ArrowRight")


def test_learn_it_draws_what_it_found(chapter: "Chapter"):
    chapter.learn(chapter.explorer("energy"), "the energy that it keeps")
    assert "learned" in chapter.ask("[*explorer.curves()['phase']]")
    chapter.screenshot("bath_learned")
    assert chapter.take_complaints() == []
