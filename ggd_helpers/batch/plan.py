"""The runs of a sweep, from what the command line says: every combination of the values, or one by one."""

import hashlib
import itertools
import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from ggd_helpers.batch.chapter import Chapter, Refused, read_values
from ggd_helpers.parameters import Parameter
from ggd_helpers.ranges import shown

MOST = 10_000  # runs of a sweep
_RANGE = re.compile(r"(-?\d{1,18}):(-?\d{1,18})(?::(-?\d{1,18}))?")
_LONGEST = 120  # characters of a run's name, which is one of a folder


@dataclass(frozen=True)
class Planned:
    """One run of a sweep: the values that it sets, and the name of its folder, which they alone decide."""

    name: str
    values: dict[str, object]


def planned(chapter: Chapter, assignments: list[str], zipped: bool = False) -> list[Planned]:
    """The runs that texts like `gamma=0.1,1,10` and `seed=0:5` ask for, the last parameter changing fastest.

    Numbers and truth values are listed with commas; `0:5` and `0:10:2` are ranges of whole numbers without their end; a
    text is taken whole. The same parameter may be named again, with further values. `zipped` takes the first value of
    each, then the second, and repeats what has only one.

    Raises:
        Refused: a parameter or a value that `ggd run` would refuse, no value, one that stands there twice, lists of
            several lengths to be zipped, too many runs.
    """
    lists = _values_by_name(chapter, assignments)
    counts = {name: len(values) for name, values in lists.items()}
    if not lists:
        example = next((name for name in chapter.parameters if name != "out"), "gamma")
        raise Refused(f"name what to sweep over, for example -p {example}=1,2,3: {chapter.name} has nothing to do.")
    several = {name: count for name, count in counts.items() if count > 1}
    if zipped and len(set(several.values())) > 1:
        told = ", ".join(f"{name} has {count}" for name, count in several.items())
        raise Refused(f"--zip takes values one by one, and {told}: list as many of each, or leave out --zip.")
    total = max(counts.values()) if zipped else math.prod(counts.values())
    if total > MOST:
        raise Refused(f"these are {total} runs, more than {MOST}: list fewer values, or sweep in several folders.")
    if zipped:
        lists = {name: values * (1 if len(values) > 1 else total) for name, values in lists.items()}
    combined = zip(*lists.values(), strict=True) if zipped else itertools.product(*lists.values())
    return [_named(chapter, dict(zip(lists, values, strict=True))) for values in combined]


def _values_by_name(chapter: Chapter, assignments: list[str]) -> dict[str, list[object]]:
    lists: dict[str, dict[object, None]] = {}
    for assignment in assignments:
        name, equals, text = assignment.partition("=")
        if not equals or name == "out" or name not in chapter.parameters:
            read_values(chapter, [assignment])  # says what is wrong
        for part in _parts(chapter.parameters[name], text):
            value = read_values(chapter, [f"{name}={part}"])[name]
            if value in lists.setdefault(name, {}):
                raise Refused(f"{name}={shown(str(value))[1:-1]} stands there twice: name each value once.")
            lists[name][value] = None
    return {name: list(values) for name, values in lists.items()}


def _parts(parameter: Parameter, text: str) -> Iterable[str]:
    if parameter.type == "str":
        return [text]
    parts: list[str] = []
    for part in text.split(","):
        if not (match := _RANGE.fullmatch(part.strip())):
            parts.append(part)
            continue
        if parameter.type != "int":
            raise Refused(
                f"{parameter.name}={part}: only whole numbers have ranges; list the values of {parameter.name}, "
                f"as in {parameter.name}=0.1,1,10."
            )
        first, end, step = int(match[1]), int(match[2]), int(match[3] or 1)
        numbers = range(first, end, step) if step else range(0)
        if not 0 < len(numbers) <= MOST:
            much = f"more than {MOST} numbers" if len(numbers) else "no number"
            raise Refused(f"{parameter.name}={part} is {much}: write FIRST:END or FIRST:END:STEP, END not included.")
        parts += map(str, numbers)
    return parts


def _named(chapter: Chapter, values: dict[str, object]) -> Planned:
    """In the chapter's order, so that the order of the command line makes no other run."""
    words = [f"{name}={_in_short(name, values[name])}" for name in chapter.parameters if name in values]
    name = "_".join(words)
    if len(name) > _LONGEST:
        name = f"{name[:_LONGEST]}-{_digest(name)}"
    return Planned(name, values)


def _in_short(name: str, value: object) -> str:
    if not isinstance(value, str):
        return str(value).removesuffix(".0").lower()
    plain = Path(value).name if name.endswith("_file") else value
    short = re.sub(r"[^A-Za-z0-9.+-]+", "-", plain)[:24].strip("-")
    return short if short == value else f"{short}-{_digest(value)}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:8]
