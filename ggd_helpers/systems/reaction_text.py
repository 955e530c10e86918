"""Read chemical reactions from text: `A + 2 B <-> C | kf=2, kb=0.5`, one a line or separated by `;`."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

ARROW = "<->"
MOST_CHARACTERS, MOST_REACTIONS, MOST_SPECIES, MOST_MOLECULES = 10_000, 60, 60, 12
_TERM = re.compile(r"(?P<coefficient>\d*)\s*(?P<species>[A-Za-z]\w*)", re.ASCII)
_RATE = re.compile(r"(?P<name>\w+)\s*=\s*(?P<value>\S+)", re.ASCII)
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)


@dataclass(frozen=True)
class Reaction:
    """One reversible reaction: molecules on either side by species, and its forward and backward rate coefficients."""

    reactants: Mapping[str, int]
    products: Mapping[str, int]
    kf: float = 1.0
    kb: float = 1.0

    def __str__(self) -> str:
        return f"{_side(self.reactants)} {ARROW} {_side(self.products)}"


def _side(molecules: Mapping[str, int]) -> str:
    return " + ".join(name if count == 1 else f"{count} {name}" for name, count in molecules.items())


def read_reactions(text: str) -> list[Reaction]:
    """Read every reaction of a text.

    Raises:
        ValueError: the first thing that cannot be read, with its place and what to write instead.
    """
    if not isinstance(text, str) or not text.strip():
        raise ValueError(f"reactions must be a text such as 'A + 2 B <-> C | kf=2, kb=0.5' (got {text!r}).")
    if len(text) > MOST_CHARACTERS:
        raise ValueError(f"reactions must be at most {MOST_CHARACTERS} characters long (got {len(text)}).")
    lines = [line.strip() for line in re.split(r"[;\n]", text)]
    reactions = [_read_one(line, f"reaction {i} ({_short(line)})") for i, line in enumerate(filter(None, lines), 1)]
    species = species_of(reactions)
    if not reactions:
        raise ValueError(f"reactions holds no reaction (got {_short(text)}): write one such as 'A <-> B'.")
    for count, most, what in ((len(reactions), MOST_REACTIONS, "reactions"), (len(species), MOST_SPECIES, "species")):
        if count > most:
            raise ValueError(f"reactions names {count} {what}: at most {most} can be handled here.")
    return reactions


def species_of(reactions: list[Reaction]) -> list[str]:
    """All species, in the order in which they are named."""
    return list(dict.fromkeys(name for each in reactions for side in (each.reactants, each.products) for name in side))


def _short(text: str) -> str:
    return repr(text if len(text) <= 60 else text[:57] + "...")


def _read_one(line: str, place: str) -> Reaction:
    equation, bar, rates = line.partition("|")
    sides = equation.split(ARROW)
    if len(sides) != 2:
        raise ValueError(f"{place}: {_arrow_problem(equation, len(sides) - 1)}")
    reactants, products = (_read_side(side, where, place) for side, where in zip(sides, ("left", "right"), strict=True))
    if reactants == products:
        raise ValueError(f"{place}: both sides are the same, so nothing happens: change one of them.")
    return Reaction(reactants, products, **_read_rates(rates, place) if bar else {})


def _arrow_problem(equation: str, arrows: int) -> str:
    if arrows > 1:
        return f"{arrows} arrows {ARROW} in one reaction: write one reaction a line, or separate them by ';'."
    if found := re.search(r"<?[-=]+>|<[-=]+|=|⇌|↔|→", equation):
        return (
            f"the arrow {found[0]!r} is not known: write {ARROW} (every reaction runs both ways, else there is no "
            "entropy; a small kb makes a nearly one-way reaction)."
        )
    return f"there is no arrow: write reactants {ARROW} products."


def _read_side(side: str, where: str, place: str) -> dict[str, int]:
    if not side.strip():
        raise ValueError(f"{place}: nothing stands {where} of the arrow: name a species there.")
    molecules: dict[str, int] = {}
    for term in side.split("+"):
        match = _TERM.fullmatch(term.strip())
        if not match:
            raise ValueError(
                f"{place}, {where} of the arrow: {_short(term.strip())} is not a species, such as A, 2 B or H2O: names "
                "begin with a letter, a whole number may stand before them, and + stands between them."
            )
        name, count = match["species"], int(match["coefficient"][:9] or 1)
        if not 1 <= count <= MOST_MOLECULES:
            raise ValueError(
                f"{place}, {where} of the arrow: the coefficient of {name} must be 1 to {MOST_MOLECULES} "
                f"(got {match['coefficient'][:9]})."
            )
        if name in molecules:
            raise ValueError(
                f"{place}: {name} is named twice {where} of the arrow: write {molecules[name] + count} {name} once."
            )
        molecules[name] = count
    return molecules


def _read_rates(text: str, place: str) -> dict[str, float]:
    rates: dict[str, float] = {}
    for part in text.split(","):
        match = _RATE.fullmatch(part.strip())
        if not match or match["name"] not in ("kf", "kb"):
            raise ValueError(f"{place}, after the bar: {_short(part.strip())} is not a rate: write kf=2, kb=0.5.")
        name, value = match["name"], match["value"]
        if name in rates:
            raise ValueError(f"{place}, after the bar: {name} is given twice: keep one.")
        number = float(value) if _NUMBER.fullmatch(value) else math.nan
        if not 1e-30 <= number <= 1e30:
            raise ValueError(
                f"{place}, after the bar: {name} must be a positive number (got {_short(value)}): it is a rate "
                "coefficient, 1/time for one molecule a side."
            )
        rates[name] = number
    return rates
