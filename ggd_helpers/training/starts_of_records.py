"""Where records start: states that nobody knows exactly, as free numbers."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor
from torch.nn import functional

from ggd_helpers.ranges import check
from ggd_helpers.recordings.measured import Measurements


class Domain(Protocol):
    """Where states may lie, as the image of all numbers; works on each coordinate alone."""

    def states(self, raw: Tensor) -> Tensor:
        """States from free numbers, any shape."""
        ...

    def raw(self, states: Tensor) -> Tensor:
        """The numbers that lead to these states, or to the nearest that there are."""
        ...

    def slope(self, raw: Tensor) -> Tensor:
        """The derivative of `states`, any shape."""
        ...


@dataclass(frozen=True)
class Everywhere:
    """States are any numbers."""

    def states(self, raw: Tensor) -> Tensor:
        """The numbers themselves."""
        return raw

    def raw(self, states: Tensor) -> Tensor:
        """The states themselves."""
        return states

    def slope(self, raw: Tensor) -> Tensor:
        """One."""
        return torch.ones_like(raw)


@dataclass(frozen=True)
class Positive:
    """States are positive, `x = w ln(1 + exp(raw/w))`: `raw` itself where that is many times `w`, for concentrations.

    Attributes:
        width: `w`, in the unit of the states.
    """

    width: float = 0.1

    def states(self, raw: Tensor) -> Tensor:
        """States from free numbers, any shape."""
        return self.width * functional.softplus(raw / self.width)

    def raw(self, states: Tensor) -> Tensor:
        """The numbers that lead to these states; to a fifth of the width for what is less."""
        x = states.clamp_min(0.2 * self.width) / self.width
        return self.width * (x + torch.log(-torch.expm1(-x)))

    def slope(self, raw: Tensor) -> Tensor:
        """The derivative of `states`, any shape."""
        return torch.sigmoid(raw / self.width)


@dataclass(frozen=True)
class Starts:
    """The unknown starts of `k` records: a first guess, and a prior so weak that it only serves what was never seen.

    Attributes:
        guess: of the free numbers behind the starts, `(k, n)`.
        spread: deviations of their prior about the guess, `(n,)`: ten times that of all values of the coordinate, or 1
            where a coordinate was never seen; 0 where the start is known.
    """

    guess: Tensor
    spread: Tensor

    @classmethod
    def of(cls, data: Measurements, known: Mapping[int, float], domain: Domain) -> "Starts":
        """Guess each start to be the first value seen; the mean of the other records' where a record saw none.

        Args:
            known: the coordinates whose starts are known, and their value.

        Raises:
            ValueError: a known start of a coordinate that is not there.
        """
        n, values, seen = data.values.shape[-1], data.values, data.observed
        first = values.gather(1, seen.int().argmax(dim=1, keepdim=True))[:, 0]
        usual = first.nanmean(dim=0).nan_to_num(0.0)
        guess = domain.raw(torch.where(first.isnan(), usual, first))
        spread = 10 * _deviation(values)
        for coordinate, value in known.items():
            check("known_starts", coordinate, f"a whole number, 0 to {n - 1}", "they name coordinates of the state")
            guess[:, coordinate] = domain.raw(torch.tensor(float(value)).to(guess))
            spread[coordinate] = 0.0
        return cls(guess, spread)


def _deviation(values: Tensor) -> Tensor:
    """The deviation of all values of a coordinate, `(n,)`; 1 where it has fewer than two different ones."""
    values = values.flatten(0, 1)
    found = (values - values.nanmean(dim=0)).square().nanmean(dim=0).sqrt()
    return torch.where(found > 0, found, 1.0)
