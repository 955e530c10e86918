"""Levenberg and Marquardt's method on the misses of an objective, differentiated by `torch.func`."""

from collections.abc import Callable, Iterator
from functools import singledispatch
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from ggd_helpers.integrators import rk4
from ggd_helpers.training.objectives import Batch, Differences, FlowMatching
from ggd_helpers.training.weights import Weights

CHUNK = 2**23  # numbers of the Jacobian that are made at a time


class Normal(NamedTuple):
    """At some weights: the sum of squares, and with the Jacobian `J` of the misses `r` also `J^T J` and `J^T r`."""

    loss: float
    hessian: Tensor
    pull: Tensor


def descend(
    normal: Callable[[Tensor], Normal], loss: Callable[[Tensor], float], theta: Tensor, damping: float
) -> Iterator[Tensor]:
    """The weights after each step that lowers the sum of squares; it ends when no damping helps any more.

    A step solves `(J^T J + mu 1) d = -J^T r`; `mu` falls by 5 after a step, and grows by 4 where one fails. It begins
    at `damping` times the largest diagonal entry.

    Source: Levenberg (1944), Marquardt (1963); the factors: Transtrum and Sethna, arXiv:1201.5885 (2012).
    """
    mu = None
    while True:
        here = normal(theta)
        mu = damping * here.hessian.diagonal().max().item() if mu is None else mu
        for _ in range(20):
            step = _step(here, mu)
            if step is not None and loss(theta + step) < here.loss:
                theta, mu = theta + step, mu / 5
                yield theta
                break
            mu *= 4
        else:
            return


def _step(here: Normal, mu: float) -> Tensor | None:
    """The damped step; `None` where rounding leaves the matrix without a root."""
    damped = here.hessian + mu * torch.eye(len(here.pull), dtype=here.pull.dtype)
    root, failed = torch.linalg.cholesky_ex(damped)
    return None if failed else -torch.cholesky_solve(here.pull[:, None], root)[:, 0]


@singledispatch
def misses(objective: Any, model: nn.Module, state: Tensor, target: Tensor, dt: float) -> Tensor:
    """The misses at one point, whose mean square over all points is the loss of an objective."""
    raise TypeError(f"no misses of {type(objective).__name__} are known")


@misses.register
def _(objective: Differences, model: nn.Module, state: Tensor, target: Tensor, dt: float) -> Tensor:
    return model(state) - target


@misses.register
def _(objective: FlowMatching, model: nn.Module, state: Tensor, target: Tensor, dt: float) -> Tensor:
    path = rk4(model, state, dt, objective.segment + 1, objective.substeps)[..., 1:, :]
    elapsed = dt * torch.arange(1, objective.segment + 1).to(path)
    return ((path - target) / elapsed[:, None]).flatten()


class LeastSquares:
    """An objective on a batch as a sum of squares of its misses, in its unit; `breathe` is called between chunks."""

    def __init__(
        self, objective: Any, model: nn.Module, batch: Batch, unit: float, breathe: Callable[[], None] = lambda: None
    ):
        self.objective, self.model, self.dt = objective, model, batch.dt
        self.states = batch.states.flatten(0, -2)
        self.targets = batch.targets.flatten(0, batch.states.dim() - 2)
        self.weights, self.breathe = Weights(model), breathe
        self.size = (batch.targets.numel() * unit) ** 0.5

    def _of(self, theta: Tensor, state: Tensor, target: Tensor) -> Tensor:
        found = self.weights.ask(lambda model: misses(self.objective, model, state, target, self.dt), theta)
        return found / self.size

    def normal(self, theta: Tensor) -> Normal:
        """`J^T J`, `J^T r` and `r^T r`, from a few points at a time."""
        loss, p = 0.0, len(theta)
        hessian, pull = theta.new_zeros(p, p), theta.new_zeros(p)

        def with_value(theta: Tensor, state: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
            found = self._of(theta, state, target)
            return found, found

        slopes = torch.func.vmap(torch.func.jacrev(with_value, has_aux=True), in_dims=(None, 0, 0))
        points = max(1, CHUNK // (p * self.targets[0].numel()))
        for state, target in zip(self.states.split(points), self.targets.split(points), strict=True):
            jacobian, r = (part.detach() for part in slopes(theta, state, target))
            jacobian, r = jacobian.reshape(-1, p), r.flatten()
            hessian.addmm_(jacobian.T, jacobian)
            pull.addmv_(jacobian.T, r)
            loss += r.square().sum().item()
            self.breathe()
        return Normal(loss, hessian, pull)
