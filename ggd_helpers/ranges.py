"""Ranges in words: the words that a message shows are the rule that is checked."""

import math
import re
import sys
from functools import cache
from numbers import Integral, Real
from typing import Any, NamedTuple

_NUMBER = r"-?\d+(?:\.\d+)?(?:e-?\d+)?"
_WORDS = re.compile(
    rf"(?P<whole>a whole number, )?(?:(?P<positive>positive)|greater than (?P<above>{_NUMBER})"
    rf"|(?P<low>{_NUMBER}) or more|(?P<less>{_NUMBER}) or less|(?P<first>{_NUMBER}) to (?P<last>{_NUMBER}))"
    rf"(?: and at most (?P<most>{_NUMBER}))?"
)


class Range(NamedTuple):
    """Numbers from `low` to `high`, both included unless `low` is `open`; only whole ones if `whole`."""

    low: float
    high: float
    open: bool
    whole: bool

    def admits(self, value: Any) -> bool:
        """Whether a value is a number of this range; truth values, NaN and what no float can hold never are."""
        if isinstance(value, bool) or not isinstance(value, Integral if self.whole else Real):
            return False
        try:
            number = float(value)
        except OverflowError:
            return False
        if not math.isfinite(number):
            return False
        exact = int(value) if isinstance(value, Integral) else number
        return (self.low < exact if self.open else self.low <= exact) and exact <= self.high


@cache
def read_range(words: str) -> Range:
    """Read a range: `positive`, `greater than 1`, `10 or more`, `1e-9 or less` or `4 to 256`.

    Before it may stand `a whole number, `, after it ` and at most 20`.

    Raises:
        ValueError: other words.
    """
    match = _WORDS.fullmatch(words)
    if not match:
        raise ValueError(f"{words!r} is not a range: write positive, greater than 1, 10 or more, 1e-9 or less, or "
                         "4 to 256, with 'a whole number, ' before or ' and at most 20' after it.")  # fmt: skip
    lowest = str(-sys.float_info.max) if match["less"] else "0"
    low = next((match[name] for name in ("above", "low", "first") if match[name]), lowest)
    high = match["less"] or match["last"] or match["most"] or str(sys.float_info.max)
    return Range(_exact(low), _exact(high), bool(match["positive"] or match["above"]), bool(match["whole"]))


def _exact(number: str) -> float:
    """A whole number as it is: 2^63 - 1 is no float."""
    return int(number) if number.lstrip("-").isdigit() else float(number)


def shown(value: object) -> str:
    """What was given, on one line of at most 60 characters; a text in quotes."""
    try:
        line = value if isinstance(value, str) else " ".join(str(value).split())
    except ValueError:  # Python writes no more digits than 4300
        line = "a whole number of thousands of digits"
    line = line if len(line) <= 60 else line[:57] + "..."
    return repr(line) if isinstance(value, str) else line


def check(name: str, value: Any, words: str, meaning: str) -> None:
    """Refuse a value outside a range, in the words of `read_range`.

    Raises:
        ValueError: naming the parameter, its range, the value given and what it means.

    Example:
        >>> check("gamma", -1.0, "positive", "it is the damping rate in 1/time")
        Traceback (most recent call last):
        ValueError: gamma must be positive (got -1.0): it is the damping rate in 1/time.
    """
    if not read_range(words).admits(value):
        raise ValueError(f"{name} must be {words} (got {shown(value)}): {meaning}.")


def check_sizes(of: str, **sizes: int) -> None:
    """Refuse sizes of a network, or of what is made of networks, that are not whole and positive."""
    for name, size in sizes.items():
        check(name, size, "a whole number, 1 or more", f"it is a size of {of}")


def check_seed(seed: int) -> None:
    """Refuse what no generator can be seeded with."""
    check("seed", seed, f"a whole number, 0 to {2**63 - 1}", "it starts every random draw")
