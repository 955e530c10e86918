"""The paths of a stiff law: SciPy's Radau for the states, the same scheme on the same steps for their derivatives."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from ggd_helpers.ranges import check
from ggd_helpers.training.record_paths import Paths, linearised, own_clocks
from ggd_helpers.training.weights import Weights

# Radau IIA of order 5: where in a step its stages lie, and their weights (Hairer and Wanner, table IV.5.6).
ROOT = 6**0.5
NODES = torch.tensor([(4 - ROOT) / 10, (4 + ROOT) / 10, 1.0], dtype=torch.float64)
WEIGHTS = torch.tensor(
    [
        [(88 - 7 * ROOT) / 360, (296 - 169 * ROOT) / 1800, (-2 + 3 * ROOT) / 225],
        [(296 + 169 * ROOT) / 1800, (88 + 7 * ROOT) / 360, (-2 - 3 * ROOT) / 225],
        [(16 - ROOT) / 36, (16 + ROOT) / 36, 1 / 9],
    ],
    dtype=torch.float64,
)


class _Lost(ArithmeticError):
    """The velocity is not finite."""


def radau_tangents(by_weights: Tensor, by_state: Tensor, lengths: Tensor) -> Tensor:
    """Radau for `dX/dt = f_x X + f_theta`, `X = [dx/d theta, dx/d start]`: `X` at start and stages of every step.

    Given are `f_theta` and `f_x` at the stages, `(steps, 3, k, n, p)` and `(steps, 3, k, n, n)`, and the lengths of the
    steps, `(steps, k)`; the answer is `(steps, 4, k, n, p + n)`. Each step solves its 3 n equations at once.
    """
    _, _, k, n, p = by_weights.shape
    x = torch.cat([by_weights.new_zeros(n, p), torch.eye(n).to(by_weights)], dim=-1).expand(k, n, p + n)
    source = torch.nn.functional.pad(by_weights, (0, n))
    steps = []
    for h, f_x, f_theta in zip(lengths, by_state, source, strict=True):
        slopes = (f_x @ x + f_theta).movedim(0, 1).flatten(1, 2)  # of the stages, were X to stay as it is: (k, 3 n, .)
        coupling = h[:, None, None, None, None] * torch.einsum("ij,ikab->kiajb", WEIGHTS.to(x), f_x)
        matrix = torch.eye(3 * n).to(x) - coupling.flatten(3, 4).flatten(1, 2)
        solved = torch.linalg.solve(matrix, slopes).unflatten(1, (3, n))
        stages = x + h[:, None, None] * torch.einsum("ij,kjap->ikap", WEIGHTS.to(x), solved)
        steps.append(torch.cat([x[None], stages]))
        x = stages[-1]
    return torch.stack(steps)


def _lagrange(s: Tensor) -> Tensor:
    """The weights at `s` of a cubic through the start of a step and its three stages, `(...)` to `(4, ...)`."""
    nodes = torch.cat([torch.zeros(1), NODES]).to(s)
    factors = [[(s - b) / (a - b) for b in nodes if b != a] for a in nodes]
    return torch.stack([one * two * three for one, two, three in factors])


@dataclass(frozen=True)
class Radau:
    """SciPy's Radau, for laws whose rates differ by orders of magnitude.

    All records go as one system, each on its own time from 0 to 1. The derivatives follow the variational equation
    `dX/dt = f_x X + f_theta` by the same scheme on the same steps, `f_x` and `f_theta` by torch: they are as exact as
    the path, and cost one linear solve a step.

    Attributes:
        rtol, atol: tolerances of the states.
    """

    rtol: float = 1e-6
    atol: float = 1e-9

    def through(self, weights: Weights, times: Tensor) -> Callable[[Tensor, Tensor], Paths]:
        """Prepare for the times `(k, m)`; see `Integrator`."""
        for name in ("rtol", "atol"):
            check(name, getattr(self, name), "positive", "it is a tolerance of SciPy's solver")
        elapsed = own_clocks(times)
        durations = elapsed[:, -1:]
        shares = elapsed / durations.clamp_min(torch.finfo(elapsed.dtype).tiny)

        def follow(theta: Tensor, starts: Tensor) -> Paths:
            solution = self._solve(weights, theta, starts, durations)
            if solution is None:
                return Paths(starts[:, None].expand(*times.shape, -1) * torch.nan, _no_slopes)

            def at(s: Tensor) -> Tensor:
                return (
                    torch.from_numpy(solution(s.flatten().numpy())).T.unflatten(0, s.shape).unflatten(-1, starts.shape)
                )

            records = torch.arange(len(times))[:, None]
            states = at(shares)[records, torch.arange(times.shape[1]), records]

            def slopes() -> tuple[Tensor, Tensor]:
                nodes = torch.from_numpy(solution.ts)
                h = nodes.diff()
                f_theta, f_x = linearised(weights, theta, at(nodes[:-1, None] + h[:, None] * NODES))
                x = radau_tangents(f_theta, f_x, h[:, None] * durations[:, 0])
                step = (torch.searchsorted(nodes, shares, right=True) - 1).clamp(0, len(h) - 1)
                weight = _lagrange((shares - nodes[step]) / h[step])
                read = sum(w[..., None, None] * x[step, i, records] for i, w in enumerate(weight))
                by_weights, by_start = read.split([len(theta), starts.shape[-1]], dim=-1)
                return by_weights, by_start

            return Paths(states, slopes)

        return follow

    def finer(self) -> "Radau":
        """With tolerances a hundred times smaller."""
        return replace(self, rtol=max(self.rtol / 100, 1e-13), atol=self.atol / 100)

    def _solve(self, weights: Weights, theta: Tensor, starts: Tensor, durations: Tensor):
        """SciPy's dense solution over the shares of all records' durations; `None` if it does not reach the end."""
        from scipy.integrate import solve_ivp  # here, for it takes 0.7 s

        def velocity(s: float, y: np.ndarray) -> np.ndarray:
            slope = durations * weights.ask(lambda law: law(torch.from_numpy(y).view(starts.shape)), theta)
            if not torch.isfinite(slope).all():
                raise _Lost
            return slope.flatten().numpy()

        def jacobian(s: float, y: np.ndarray) -> np.ndarray:
            _, f_x = linearised(weights, theta, torch.from_numpy(y).view(starts.shape))
            return torch.block_diag(*(durations[..., None] * f_x)).numpy()

        try:
            solved = solve_ivp(velocity, (0.0, 1.0), starts.flatten().numpy(), method="Radau", jac=jacobian,
                               rtol=self.rtol, atol=self.atol, dense_output=True)  # fmt: skip
        except _Lost:
            return None
        return solved.sol if solved.success else None


def _no_slopes() -> tuple[Tensor, Tensor]:
    raise ArithmeticError("a path that is not finite has no slopes")
