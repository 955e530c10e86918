"""The generating function of increments, as it is measured from many of them."""

import torch
from torch import Tensor


def generating_function(steps: Tensor, momenta: Tensor, rate: float) -> tuple[Tensor, Tensor]:
    """`H(p) = rate ln <exp(p . dx)>` over increments `dx`, and its standard error.

    Shapes: `steps` `(count, n)`, `momenta` `(k, n)`; the answers are `(k,)`. With `p` in units of the force, increments
    are to be divided by `eps`, and `rate` is `eps/dt`.

    Source: thesis 1.3 and 1.4.
    """
    sizes, often = distinct(steps)  # of jumps there are few
    count, exponents = len(steps), momenta @ sizes.T
    largest = exponents.amax(dim=1, keepdim=True)
    weights = (exponents - largest).exp()  # the largest is 1, so that none is infinite
    mean = weights @ often.to(weights) / count
    variance = (weights - mean[:, None]).square() @ often.to(weights) / (count - 1)
    return rate * (mean.log() + largest[:, 0]), rate * (variance / count).sqrt() / mean


def distinct(rows: Tensor) -> tuple[Tensor, Tensor]:
    """The rows that differ, `(k, n)`, and how often each is there, `(k,)`, of `(count, n)`.

    Column by column, for `unique(dim=0)` compares whole rows and takes fifty times as long.
    """
    place = rows.new_zeros(len(rows), dtype=torch.long)
    for column in rows.T:
        value = column.unique(return_inverse=True)[1]
        place = (place * len(rows) + value).unique(return_inverse=True)[1]
    often = place.bincount()
    found = rows.new_empty(len(often), rows.shape[1])
    found[place] = rows
    return found, often
