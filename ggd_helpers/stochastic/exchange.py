"""Molecules that change between A and B one at a time: the Hamiltonian of their jumps, and their entropy, counted."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from ggd_helpers.stochastic.generating import generating_function
from ggd_helpers.stochastic.gillespie import gillespie

CHANGES = torch.tensor([[-1, 1], [1, -1]])  # one molecule goes from A to B, or back
EVENTS = 0.6  # on average, in a run that is short


@dataclass(frozen=True)
class Exchange:
    """`n` molecules, each of which changes from A to B and from B to A at rate 1.

    Args:
        molecules: their number `n`.
    """

    molecules: int

    def hamiltonian(self, xi: Tensor, share: float, runs: int, generator: torch.Generator) -> Tensor:
        """`H(c, xi) = ln <exp(xi dN_B)>/(n tau)` at a share of B, from many runs of a short time `tau`, `(k,)`.

        Of the formula it is `r_+ (exp(xi) - 1) + r_- (exp(-xi) - 1)`, with `r_- = share` and `r_+ = 1 - share`.
        """
        n_b, window = round(share * self.molecules), EVENTS / self.molecules
        start = torch.tensor([[self.molecules - n_b, n_b]]).expand(runs, 2)
        after = gillespie(torch.Tensor.double, CHANGES, start, torch.tensor([window], dtype=xi.dtype), generator)
        jumps = (after[:, 0, 1:] - n_b).to(xi)
        return generating_function(jumps, xi[:, None], 1 / EVENTS)[0]

    def counted_slope(self, share: float) -> float:
        """The slope of the entropy per molecule, `ln W(N_B)/n`, over the share of B, by counting the ways `W`."""
        n_b = round(share * self.molecules)
        return (self._log_ways(n_b + 1) - self._log_ways(n_b - 1)) / 2

    def _log_ways(self, n_b: int) -> float:
        """The logarithm of the binomial coefficient."""
        n = self.molecules
        return math.lgamma(n + 1) - math.lgamma(n_b + 1) - math.lgamma(n - n_b + 1)
