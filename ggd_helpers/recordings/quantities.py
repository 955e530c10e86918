"""What a column holds: a name and a unit, read from headers such as `x [mm]` or `t (min)`."""

from typing import NamedTuple


class Quantity(NamedTuple):
    """A name and its unit; `None` where no unit is known. As text it is what an axis says: `x (mm)`."""

    name: str
    unit: str | None = None

    def __str__(self) -> str:
        return self.name if self.unit is None else f"{self.name} ({self.unit})"


def read_quantity(text: str) -> Quantity:
    """Read `x`, `x [mm]` or `x (mm)`; digits in brackets belong to the name, as in `c[0]`.

    Raises:
        ValueError: two units, an empty one, no name before it, or a bracket that is not closed.
    """
    text = text.strip()
    if text.count("[") != text.count("]") or text.count("(") != text.count(")"):
        raise ValueError("has a bracket that is not closed: write a unit as x [mm] or x (mm)")
    name, unit = _split(text)
    if unit is None:
        return Quantity(text)
    if not unit:
        raise ValueError("has an empty unit: write the unit between the brackets, or leave them out")
    if not name:
        raise ValueError("has a unit but no name: write it as x [mm]")
    if _split(name)[1] is not None:
        raise ValueError("has two units: keep one")
    return Quantity(name, unit)


def _split(text: str) -> tuple[str, str | None]:
    """What stands before brackets at the end, and in them; `None` where there are none, or digits in them."""
    start = _opening(text)
    unit = text[start + 1 : -1].strip()
    return (text, None) if start < 0 or unit.isdigit() else (text[:start].rstrip(), unit)


def _opening(text: str) -> int:
    """Where the bracket that ends a text was opened; -1 where none ends it."""
    depth, pair = 0, {")": "(", "]": "["}.get(text[-1:])
    if pair is None:
        return -1
    for i in reversed(range(len(text))):
        depth += (text[i] == text[-1]) - (text[i] == pair)
        if depth == 0:
            return i
    return -1
