"""A prediction: nothing of the answer before one was chosen, and a folded one without a kernel."""

import pytest
from conftest import refused

from ggd_helpers.explorers.prediction import Prediction


@pytest.fixture
def prediction():
    return Prediction("Does 1 < 2?", ["yes", "no", "it <depends>"], answer="yes", because="Count <em>them</em>.")


def shown(prediction):
    asked, row, reply = prediction.panel.children
    return asked.value + " ".join(button.description for button in row.children) + reply.value


def test_before_a_choice_the_answer_is_nowhere(prediction):
    assert "Does 1 &lt; 2?" in shown(prediction)
    assert "Count" not in shown(prediction)
    assert "You said" not in shown(prediction)


@pytest.mark.parametrize(("chosen", "verdict"), [(0, "That is it"), (1, "It is: <b>yes</b>"), (2, "It is: <b>yes</b>")])
def test_a_choice_brings_the_answer_and_ends_the_choosing(prediction, chosen, verdict):
    prediction.buttons[chosen].click()
    assert verdict in prediction.reply.value
    assert "Count <em>them</em>." in prediction.reply.value
    assert all(button.disabled for button in prediction.buttons)


def test_text_of_options_is_text(prediction):
    prediction.buttons[2].click()
    assert "it &lt;depends&gt;" in prediction.reply.value


def test_without_a_kernel_the_answer_is_folded_away(prediction):
    bundle = prediction._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in bundle
    before, after = bundle["text/html"].split("<details>")
    assert "<em>yes &nbsp;·&nbsp; no" in before
    assert "Count" not in before
    assert "Count <em>them</em>." in after


def test_an_answer_that_is_no_option_is_refused():
    with refused("answer", "'maybe'", "['yes', 'no']"):
        Prediction("Is it?", ["yes", "no"], answer="maybe", because="")
