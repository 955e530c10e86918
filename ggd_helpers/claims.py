"""What a chapter claims, each with its value, its bound in words, and the verdict."""

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

from ggd_helpers.ranges import read_range


class Claim(NamedTuple):
    """A value, and the range in words that it is claimed to lie in."""

    text: str
    value: float
    bound: str

    @property
    def holds(self) -> bool:
        """Whether the value is a number of that range."""
        return read_range(self.bound).admits(self.value)

    def __str__(self) -> str:
        return f"{self.text:48s} │ {self.value:9.2g} │ {self.bound:18s} {'holds' if self.holds else 'FAILS'}"


class Claims(list[Claim]):
    """The claims of a chapter, shown one a line.

    Example:
        >>> Claims.of({"velocities": (3e-14, "1e-11 or less"), "Xi is not recovered": (0.004, "0.01 or more")})
        velocities                                       │     3e-14 │ 1e-11 or less      holds
        Xi is not recovered                              │     0.004 │ 0.01 or more       FAILS
    """

    @classmethod
    def of(cls, claims: Mapping[str, tuple[float, str]]) -> "Claims":
        """By text, the value and its bound in the words of `ranges.read_range`.

        Raises:
            ValueError: other words.
        """
        made = cls(Claim(text, value, bound) for text, (value, bound) in claims.items())
        for claim in made:
            read_range(claim.bound)
        return made

    def as_json(self) -> list[dict[str, Any]]:
        """For results.json; a value that is not finite is `null`."""
        return [
            {
                "claim": claim.text,
                "value": float(claim.value) if math.isfinite(claim.value) else None,
                "bound": claim.bound,
                "holds": claim.holds,
            }
            for claim in self
        ]

    def __repr__(self) -> str:
        return "\n".join(map(str, self))
