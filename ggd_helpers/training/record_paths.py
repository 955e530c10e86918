"""The paths of a law at the times of measurements, and how they move with its weights and with their starts."""

from collections.abc import Callable
from typing import NamedTuple, Protocol

import torch
from torch import Tensor
from torch.func import jacfwd

from ggd_helpers.training.weights import Weights


class Paths(NamedTuple):
    """The paths through `k` records with `m` times each, of a law with `p` weights.

    Attributes:
        states: at the times of the measurements, `(k, m, n)`; not finite where the law cannot be followed.
        slopes: makes their derivatives by the weights and by their own start, `(k, m, n, p)` and `(k, m, n, n)`.
    """

    states: Tensor
    slopes: Callable[[], tuple[Tensor, Tensor]]


class Integrator(Protocol):
    """A way to follow a law."""

    def through(self, weights: Weights, times: Tensor) -> Callable[[Tensor, Tensor], Paths]:
        """Prepare for the times `(k, m)`, increasing in each record, NaN behind its end.

        The answer makes the paths of weights `(p,)` and starts `(k, n)`, the states at the first time of each record.
        """
        ...

    def finer(self) -> "Integrator":
        """The same with an error many times smaller, to judge this one's."""
        ...


def own_clocks(times: Tensor) -> Tensor:
    """Times since the first of each record, `(k, m)`; those behind the end of a record repeat its last one."""
    elapsed = times - times[:, :1]
    return elapsed.nan_to_num(-torch.inf).cummax(dim=1).values


def linearised(weights: Weights, theta: Tensor, states: Tensor) -> tuple[Tensor, Tensor]:
    """The derivatives of a law's velocity by its weights and by the state, `(..., n)` to `(..., n, p)`, `(..., n, n)`.

    Every state has its velocity to itself, so one shift of all states at once is the shift of each.
    """

    def velocity(theta: Tensor, shift: Tensor) -> Tensor:
        return weights.ask(lambda law: law(states + shift), theta)

    return jacfwd(velocity, argnums=(0, 1))(theta, torch.zeros_like(states[(0,) * (states.dim() - 1)]))
