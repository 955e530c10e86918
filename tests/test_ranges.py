"""Ranges in words: what each admits, and the sentence of a refusal."""

import math
import sys

import numpy as np
import pytest
from conftest import refused
from hypothesis import given
from hypothesis import strategies as st

from ggd_helpers.ranges import check, check_seed, read_range

NEVER = ["1", None, True, False, [1], math.nan, math.inf, -math.inf, 10**400, 1j]


@pytest.mark.parametrize(
    ("words", "inside", "outside"),
    [
        ("positive", [1e-300, 1, 10.0, np.float64(2), sys.float_info.max], [0, 0.0, -1e-300, -1]),
        ("positive and at most 20", [1e-3, 20], [0, 20.001]),
        ("greater than 0.04 and at most 0.5", [0.05, 0.5], [0.04, 0.51, -1]),
        ("1e-3 or more", [1e-3, 5], [9e-4, -1]),
        ("1e-9 or less", [1e-9, 0, -5.0, -sys.float_info.max], [1.1e-9, 3]),
        ("-2 to 2.5", [-2, 0, 2.5], [-2.1, 2.6]),
        ("a whole number, 10 or more", [10, 128, np.int64(11)], [9, 0, -1, 128.0]),
        ("a whole number, 4 to 4096", [4, 4096], [3, 4097, 64.0]),
    ],
)
def test_a_range_admits_what_its_words_say(words, inside, outside):
    allowed = read_range(words)
    assert [value for value in inside if not allowed.admits(value)] == []
    assert [value for value in [*outside, *NEVER] if allowed.admits(value)] == []


@pytest.mark.parametrize("words", ["", "greter than 0", "10 or so", "1 to", "positive, at most 3", "a whole number"])
def test_other_words_are_an_error_of_the_author(words):
    with refused(repr(words), "not a range"):
        read_range(words)


@given(st.integers(-(10**6), 10**6), st.integers(-(10**6), 10**6), st.integers(-(10**6), 10**6))
def test_whole_numbers_between_two(low, high, value):
    assert read_range(f"a whole number, {low} to {high}").admits(value) == (low <= value <= high)


def test_a_refusal_names_parameter_range_value_and_meaning():
    check("gamma", 2.0, "positive", "it is the damping rate in 1/time")
    with pytest.raises(ValueError, match=r"^gamma must be positive \(got -1\): it is the damping rate in 1/time\.$"):
        check("gamma", -1, "positive", "it is the damping rate in 1/time")


def test_seeds_are_what_a_generator_takes():
    for seed in (0, 2**63 - 1):
        check_seed(seed)
    for seed in (-1, 2**63, 1.0):
        with refused("seed", "a whole number, 0 to 9223372036854775807", repr(seed)):
            check_seed(seed)


def test_a_number_too_long_for_python_to_write_is_refused_like_any_other():
    with refused("seed must be a whole number", "got a whole number of thousands of digits"):
        check_seed(10**5000)
