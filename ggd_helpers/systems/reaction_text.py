"""Chemical reactions, made of numbers or read from text: `A + 2 B <-> C | kf=2, kb=0.5`, one a line or by `;`."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from numbers import Integral
from typing import Any

from ggd_helpers.ranges import check, shown

ARROW = "<->"
MOST_CHARACTERS, MOST_REACTIONS, MOST_SPECIES, MOST_MOLECULES = 10_000, 60, 60, 12
_SPECIES = r"[A-Za-z]\w*"
_TERM = re.compile(rf"(?P<coefficient>\d*)\s*(?P<species>{_SPECIES})", re.ASCII)
_RATE = re.compile(r"(?P<name>\w+)\s*=\s*(?P<value>\S+)", re.ASCII)
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)


@dataclass(frozen=True)
class Reaction:
    """One reversible reaction: molecules on either side by species, and its forward and backward rate coefficients.

    Whether made by hand, by `dataclasses.replace` or from text, this is where a reaction is checked.

    Raises:
        ValueError: a side is empty, both are the same, a name is none that a text could hold, a coefficient is not a
            whole number from 1 to 12, or a rate (1/time for one molecule a side) does not lie in `[1e-30, 1e30]`.

    Example:
        >>> import ggd_helpers as ggd
        >>> print(ggd.Reaction({"A": 1, "B": 2}, {"C": 1}, kf=2.0))
        A + 2 B <-> C
    """

    reactants: Mapping[str, int]
    products: Mapping[str, int]
    kf: float = 1.0
    kb: float = 1.0

    def __post_init__(self) -> None:
        _check_side(self.reactants, "left of the arrow (reactants)")
        _check_side(self.products, "right of the arrow (products)")
        if self.reactants == self.products:
            raise ValueError(f"both sides are the same ({self}), so nothing happens: change one of them.")
        for name, rate in (("kf", self.kf), ("kb", self.kb)):
            check(name, rate, "1e-30 to 1e30", "it is a rate coefficient, 1/time for one molecule a side")

    def __str__(self) -> str:
        return f"{_side(self.reactants)} {ARROW} {_side(self.products)}"


def _side(molecules: Mapping[str, int]) -> str:
    return " + ".join(name if count == 1 else f"{count} {name}" for name, count in molecules.items())


def _check_side(molecules: Mapping[str, int], where: str) -> None:
    if not isinstance(molecules, Mapping):
        raise ValueError(f"{where}: give whole numbers by species, such as {{'A': 2}} (got {shown(molecules)}).")
    if not molecules:
        raise ValueError(f"nothing stands {where}: name a species there.")
    for name, count in molecules.items():
        if not isinstance(name, str) or not re.fullmatch(_SPECIES, name, re.ASCII):
            raise ValueError(
                f"{where}: {shown(name)} is not a species, such as A or H2O: names begin with a letter, and letters, "
                "digits and _ may follow."
            )
        if not isinstance(count, Integral) or isinstance(count, bool) or not 1 <= count <= MOST_MOLECULES:
            raise ValueError(
                f"{where}: the coefficient of {name} must be a whole number from 1 to {MOST_MOLECULES} "
                f"(got {shown(count)})."
            )


def read_reactions(given: str | Sequence[Reaction]) -> list[Reaction]:
    """The reactions of a network, read from text or taken as they are: at most 60, between at most 60 species.

    Raises:
        ValueError: the first thing that cannot be read or is no network, with its place and what to write instead.
    """
    reactions = _read_text(given) if isinstance(given, str) else given
    if not isinstance(reactions, Sequence) or not all(isinstance(each, Reaction) for each in reactions):
        raise ValueError(
            "reactions must be a text such as 'A + 2 B <-> C | kf=2, kb=0.5', or a sequence of Reaction "
            f"(got {shown(given)})."
        )
    if not reactions:
        raise ValueError(
            f"reactions holds no reaction (got {shown(given)}): write one such as 'A + 2 B <-> C | kf=2, kb=0.5'."
        )
    species = species_of(reactions)
    for count, most, what in ((len(reactions), MOST_REACTIONS, "reactions"), (len(species), MOST_SPECIES, "species")):
        if count > most:
            raise ValueError(f"reactions names {count} {what}: at most {most} can be handled here.")
    return list(reactions)


def species_of(reactions: Sequence[Reaction]) -> list[str]:
    """All species, in the order in which they are named."""
    return list(dict.fromkeys(name for each in reactions for side in (each.reactants, each.products) for name in side))


def _read_text(text: str) -> list[Reaction]:
    if len(text) > MOST_CHARACTERS:
        raise ValueError(f"reactions must be at most {MOST_CHARACTERS} characters long (got {len(text)}).")
    lines = [line.strip() for line in re.split(r"[;\n]", text)]
    return [_read_one(line, f"reaction {i} ({shown(line)})") for i, line in enumerate(filter(None, lines), 1)]


def _read_one(line: str, place: str) -> Reaction:
    equation, bar, rates = line.partition("|")
    sides = equation.split(ARROW)
    if len(sides) != 2:
        raise ValueError(f"{place}: {_arrow_problem(equation, len(sides) - 1)}")
    reactants, products = (_read_side(side, where, place) for side, where in zip(sides, ("left", "right"), strict=True))
    coefficients = _read_rates(rates, place) if bar else {}
    try:
        return Reaction(reactants, products, **coefficients)
    except ValueError as error:
        raise ValueError(f"{place}: {error}") from None


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
    molecules: dict[str, int] = {}
    for term in side.split("+") if side.strip() else ():
        match = _TERM.fullmatch(term.strip())
        if not match:
            raise ValueError(
                f"{place}, {where} of the arrow: {shown(term.strip())} is not a species, such as A, 2 B or H2O: names "
                "begin with a letter, a whole number may stand before them, and + stands between them."
            )
        name, digits = match["species"], match["coefficient"]
        count = int(digits.lstrip("0")[:9] or 0) if digits else 1  # nine digits are too many already
        if name in molecules:
            raise ValueError(
                f"{place}: {name} is named twice {where} of the arrow: write {molecules[name] + count} {name} once."
            )
        molecules[name] = count
    return molecules


def _read_rates(text: str, place: str) -> dict[str, Any]:
    """The rates by name; what is no number stays the text that it is, for `Reaction` to refuse."""
    rates: dict[str, Any] = {}
    for part in text.split(","):
        match = _RATE.fullmatch(part.strip())
        if not match or match["name"] not in ("kf", "kb"):
            raise ValueError(f"{place}, after the bar: {shown(part.strip())} is not a rate: write kf=2, kb=0.5.")
        name, value = match["name"], match["value"]
        if name in rates:
            raise ValueError(f"{place}, after the bar: {name} is given twice: keep one.")
        rates[name] = float(value) if _NUMBER.fullmatch(value) else value
    return rates
