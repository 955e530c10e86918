"""What the parameters of the chapters mean, and which values they may take."""

import math
import sys
from collections.abc import Callable
from typing import Any, NamedTuple

import torch


class Rule(NamedTuple):
    """One parameter: a test of its value, the range in words, and what it means with its unit."""

    admits: Callable[[Any], bool]
    range: str
    meaning: str


def _is_number(value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    return abs(value) <= sys.float_info.max  # neither NaN, nor infinite, nor a whole number beyond all floats


def _number(low: float, high: float = math.inf) -> Callable[[Any], bool]:
    return lambda value: _is_number(value) and low < value <= high


def _whole(low: int, high: float = math.inf) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, int) and not isinstance(value, bool) and low <= value <= high


RULES = {
    "seed": Rule(_whole(0, 2**63 - 1), "a whole number, 0 or more", "it starts every random draw"),
    "device": Rule(lambda v: v in ("auto", "cpu", "cuda"), "one of 'auto', 'cpu', 'cuda'", "where to train"),
    "trajectories": Rule(_whole(10), "a whole number, 10 or more", "it is how many trajectories are simulated"),
    "points": Rule(_whole(16), "a whole number, 16 or more", "it is how many states of each trajectory are stored"),
    "dt": Rule(_number(0), "positive", "it is the time between two stored states"),
    "thesis_recipe": Rule(lambda v: isinstance(v, bool), "true or false", "it runs the thesis's slow training in full"),
    "gamma": Rule(_number(0), "positive", "it is the damping rate in 1/time"),
    "reactions": Rule(
        lambda v: isinstance(v, str) and v.strip() != "", "a text such as 'A <-> B'", "it is the network"
    ),
    "steepness": Rule(_number(0, 20), "positive and at most 20", "it is how fast the friction law leaves its tangent"),
    "molecules": Rule(_whole(10, 10_000), "a whole number from 10 to 10000", "it is how many molecules jump"),
    "runs": Rule(_whole(100_000, 10_000_000), "a whole number from 100000 to 10 million", "it is the number of runs"),
    "noise": Rule(_number(0.04, 0.5), "greater than 0.04 and at most 0.5", "it is the strength of the noise"),
    "width": Rule(_whole(1, 16), "a whole number from 1 to 16", "it is the number of units in a layer"),
    "depth": Rule(_whole(1, 6), "a whole number from 1 to 6", "it is the number of hidden layers"),
    "epsilon": Rule(_number(0, 20), "positive and at most 20", "it sets how small a positive weight may start"),
    "dim": Rule(_whole(1, 2), "1 or 2", "it is the number of dimensions"),
    "diffusivity": Rule(_number(0), "positive", "it is the coefficient D of Fick's law in length²/time"),
    "cells": Rule(_whole(4, 4096), "a whole number from 4 to 4096", "it is how many cells a side of the grid has"),
    "exponent": Rule(_number(1, 10), "above 1 and at most 10", "it is the m of the porous medium equation"),
    "test_fraction": Rule(_number(0, 0.9), "positive and at most 0.9", "it is the share of trajectories held back"),
    "data_file": Rule(lambda v: isinstance(v, str) and v != "", "the path of a CSV file", "it holds measured states"),
    "out": Rule(lambda v: isinstance(v, str) and v != "", "the path of a folder", "it receives results and figures"),
}


def check_parameters(**values: Any) -> None:
    """Refuse the first parameter whose value lies outside its range.

    Args:
        values: parameters by name, as they stand in a chapter's `parameters` cell.

    Raises:
        ValueError: naming the parameter, its range, the value given and what it means.
        KeyError: a parameter that `RULES` does not know.
    """
    for name, value in values.items():
        rule = RULES[name]
        if not rule.admits(value):
            raise ValueError(f"{name} must be {rule.range} (got {value!r}): {rule.meaning}.")


def choose_device(device: str) -> torch.device:
    """Turn the parameter `device` into a torch device: `auto` takes the GPU when there is one.

    Raises:
        ValueError: `cuda` is asked for and no CUDA device is there.
    """
    check_parameters(device=device)
    if device == "cuda" and not torch.cuda.is_available():
        raise ValueError("device is 'cuda' but torch sees no CUDA device: use 'auto' or 'cpu', or see `ggd doctor`.")
    return torch.device("cuda" if device != "cpu" and torch.cuda.is_available() else "cpu")
