"""Every parameter of the chapters: values that pass, values that do not, and the sentence that says why."""

import math

import numpy as np
import pytest
import torch

from ggd_helpers.parameters import RULES, check_parameters, choose_device

NOT_NUMBERS = ["abc", "1", None, True, False, [1], math.nan, math.inf, -math.inf]
POSITIVE = [-1, -1.0, 0, 0.0, -1e-300, 10**400, *NOT_NUMBERS]
# name: (words of the range, valid values, invalid values)
CASES = {
    "seed": ("a whole number, 0 or more", [0, 1, 2**32, 2**63 - 1], [-1, 1.0, 2**63, *NOT_NUMBERS]),
    "device": ("one of 'auto', 'cpu', 'cuda'", ["auto", "cpu", "cuda"], ["gpu", "CPU", "", 0, None, ["cpu"]]),
    "trajectories": ("a whole number, 10 or more", [10, 128], [9, 0, -1, 128.0, *NOT_NUMBERS]),
    "points": ("a whole number, 16 or more", [16, 2048], [15, 0, -1, 2048.0, *NOT_NUMBERS]),
    "dt": ("positive", [0.005, 1, 1e-12], POSITIVE),
    "thesis_recipe": ("true or false", [True, False], [0, 1, "true", None]),
    "gamma": ("positive", [0.1, 1, 10.0, np.float64(2)], POSITIVE),
    "reactions": ("a text such as 'A <-> B'", ["A <-> B"], ["", "  ", None, 3]),
    "steepness": ("positive and at most 20", [1e-3, 1, 20], [20.001, *POSITIVE]),
    "dim": ("1 or 2", [1, 2], [0, 3, -1, 1.0, *NOT_NUMBERS]),
    "diffusivity": ("positive", [1e-4, 0.003, 1], POSITIVE),
    "cells": ("a whole number from 4 to 4096", [4, 64, 4096], [3, 4097, 0, -1, 64.0, *NOT_NUMBERS]),
    "exponent": ("above 1 and at most 10", [1.5, 2, 10.0], [1, 1.0, 10.1, *POSITIVE]),
    "test_fraction": ("positive and at most 0.9", [0.01, 0.2, 0.9], [0.91, 1, *POSITIVE]),
    "molecules": ("a whole number from 10 to 10000", [10, 1000, 10_000], [9, 10_001, 100.0, *NOT_NUMBERS]),
    "runs": ("a whole number from 100000 to 10 million", [100_000, 10**7], [99_999, 10**7 + 1, 1e6, *NOT_NUMBERS]),
    "noise": ("greater than 0.04 and at most 0.5", [0.05, 0.5], [0.04, 0.501, 1, *POSITIVE]),
    "width": ("a whole number from 1 to 16", [1, 16], [0, 17, -1, 8.0, *NOT_NUMBERS]),
    "depth": ("a whole number from 1 to 6", [1, 6], [0, 7, -1, 3.0, *NOT_NUMBERS]),
    "epsilon": ("positive and at most 20", [0.5, 5, 20], [20.001, *POSITIVE]),
    "data_file": ("the path of a CSV file", ["data/mine.csv"], ["", None, 3, True]),
    "out": ("the path of a folder", ["runs/03"], ["", None, 3, True]),
}


def test_every_rule_is_tested():
    assert set(RULES) == set(CASES)


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, (_, good, _) in CASES.items() for value in good])
def test_good_values_pass(name, value):
    check_parameters(**{name: value})


@pytest.mark.parametrize(
    ("name", "value"),
    [(name, value) for name, (_, _, bad) in CASES.items() for value in bad],
    ids=lambda value: repr(value)[:20],
)
def test_bad_values_are_refused_with_name_range_and_value(name, value):
    with pytest.raises(ValueError, match=name) as error:
        check_parameters(**{name: value})
    message = str(error.value)
    assert message.startswith(f"{name} must be {CASES[name][0]} (got {value!r}): ")
    assert message.endswith(".")
    assert "\n" not in message


def test_the_first_bad_one_of_several_is_named():
    with pytest.raises(ValueError, match=r"^gamma must be positive \(got -1\): it is the damping rate in 1/time\.$"):
        check_parameters(seed=0, gamma=-1, dim=7)


def test_an_unknown_parameter_is_not_silently_accepted():
    with pytest.raises(KeyError, match="gama"):
        check_parameters(gama=1.0)


def test_device_auto_takes_what_is_there(monkeypatch):
    assert choose_device("cpu") == torch.device("cpu")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert choose_device("auto") == torch.device("cpu")
    with pytest.raises(ValueError, match=r"'cuda'.*no CUDA device.*'cpu'"):
        choose_device("cuda")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert choose_device("auto") == choose_device("cuda") == torch.device("cuda")
    assert choose_device("cpu") == torch.device("cpu")
    with pytest.raises(ValueError, match="device must be one of"):
        choose_device("tpu")
