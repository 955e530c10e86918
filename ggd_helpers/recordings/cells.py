"""The cells of a table: texts to numbers, what stands for a missing one, and what is wrong with a text."""

import math
import re
from collections.abc import Sequence

import numpy as np

from ggd_helpers.ranges import shown

MISSING = frozenset({"", "nan", "na", "n/a", "null", "none", "<na>"})  # in small letters; the last one is pandas's
_DECIMAL_COMMA = re.compile(r"\s*[+-]?\d*,\d+(e[+-]?\d+)?\s*", re.IGNORECASE)


def to_numbers(texts: Sequence[str], missing: frozenset[str] = frozenset()) -> np.ndarray:
    """The finite numbers that texts hold, `(row,)`; NaN where a text is one of those that stand for a missing number.

    Raises:
        ValueError: another text among them.
    """
    try:
        numbers = np.fromiter(map(float, texts), float, len(texts))
    except ValueError:
        either = (math.nan if text.strip().lower() in missing else float(text) for text in texts)
        numbers = np.fromiter(either, float, len(texts))
    if "_" in "".join(texts):
        raise ValueError("digits with a _ between them: Python would take them")
    if np.isinf(numbers).any() or not (missing or np.isfinite(numbers).all()):
        raise ValueError("a number that is not finite")
    return numbers


def is_number(text: str, missing: frozenset[str] = frozenset()) -> bool:
    """Whether `to_numbers` takes it."""
    try:
        to_numbers([text], missing)
    except ValueError:
        return False
    return True


def complaint(text: str, remedy: str) -> str:
    """What is wrong with a text that is no number, and what to do: the remedy, unless only its comma is wrong."""
    if _DECIMAL_COMMA.fullmatch(text):
        return f"{shown(text)} is not a finite number: write a decimal point instead of the comma."
    return f"{shown(text) if text.strip() else 'an empty cell'} is not a finite number: {remedy}."
