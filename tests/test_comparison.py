"""What an exercise says of an answer."""

import math

import numpy as np
import pytest
import torch

import ggd_helpers as ggd
from ggd_helpers import comparison
from ggd_helpers.comparison import MIME, Comparison


@pytest.mark.parametrize(
    ("yours", "true"),
    [
        (2.0, 2.0),
        (2, 2.0),
        (torch.tensor([1.0, 2.0], requires_grad=True), [1.0, 2.0]),
        (np.float32(0.1), 0.1),
        ([1e6, 0.5], [1e6, 0.4]),  # small beside the largest
        (math.inf, math.inf),
        ("b", "b"),
        (torch.zeros(0, 3), torch.zeros(0, 3)),
    ],
)
def test_what_agrees(yours, true):
    comparison = Comparison.of("it", yours, true)
    assert comparison.agrees
    assert comparison.why == ""
    assert repr(comparison).endswith("they agree")
    ggd.demand("it", yours, true)


@pytest.mark.parametrize(
    ("yours", "true", "why"),
    [
        (-2.0, 2.0, "the sign is turned"),
        ([2.0, 4.0], [1.0, 2.0], "yours is 2 times the true value everywhere"),
        ([1.0, 2.5], [1.0, 2.0], "they differ by up to 0.5"),
        (0.0, 2.0, "they differ by up to 2"),
        (2.0, 0.0, "they differ by up to 2"),
        ([1.0], [1.0, 1.0], "the shape should be (2,), and yours is (1,)"),
        (math.nan, 1.0, "yours is infinite or not a number where the true value is finite"),
        ([1.0, math.nan], [1.0, math.inf], "the true value is infinite somewhere, and yours is not"),
        (None, 1.0, "a number is asked for, and yours is NoneType"),
        ("one", 1.0, "a number is asked for, and yours is str"),
        ("1.0", 1.0, "a number is asked for, and yours is str"),
        (lambda: 1.0, 1.0, "a number is asked for, and yours is function"),
        ("a", "b", "another answer is right"),
        ("?", "b", "nothing is chosen yet"),
        (1.0, "b", "another answer is right"),
        (True, "yes", "another answer is right"),
    ],
)
def test_what_does_not_agree_and_why(yours, true, why: str):
    comparison = Comparison.of("it", yours, true)
    assert not comparison.agrees
    assert comparison.why == why
    with pytest.raises(AssertionError, match=r"it\n    true value  .*\n    your value  .*\n    not yet: "):
        ggd.demand("it", yours, true)


def test_a_typical_mistake_is_named_before_anything_else():
    hints = {"you forgot to square": 3.0, "upside down": 1 / 9}
    assert Comparison.of("it", 3.0, 9.0, hints).why == "you forgot to square"
    assert Comparison.of("it", 1 / 9, 9.0, hints).why == "upside down"
    assert Comparison.of("it", 9.0, 9.0, {"a hint that is the truth": 9.0}).why == ""


def test_the_tolerance_is_of_the_largest_true_number():
    assert Comparison.of("it", [100.9, 0.0], [100.0, 0.0], tolerance=0.01).agrees
    assert not Comparison.of("it", [101.1, 0.0], [100.0, 0.0], tolerance=0.01).agrees
    assert Comparison.of("it", 0.009, 0.0, tolerance=0.01).agrees


def test_a_check_says_the_same_in_json_and_raises_nothing(monkeypatch: pytest.MonkeyPatch):
    shown = []
    monkeypatch.setattr(comparison, "display", lambda what, **_: shown.append(what))
    ggd.compare("it", 1.0, -1.0)
    ggd.chosen("which", "a", {"a": "the first", "b": "the second"})
    ggd.chosen("which", "c", ["a", "b"])
    ggd.chosen("which", ["a"], ["a", "b"])
    said = shown[0]._repr_mimebundle_()
    assert said[MIME] == {"what": "it", "true": "-1", "yours": "1", "agrees": False, "why": "the sign is turned"}
    assert [each[MIME]["agrees"] for each in shown[1:]] == [True, False, False]
    assert "your choice  the first" in shown[1]["text/plain"]
    assert shown[2]["text/plain"].endswith("not yet: choose one of 'a', 'b'")


def test_a_long_answer_is_shown_in_few_numbers():
    text = repr(Comparison.of("it", torch.arange(100.0), torch.arange(100.0)))
    assert "[0, 1, 2, 3, ...], of shape (100,)" in text
    assert len(text) < 200
