"""What training on ensembles minimises: the rates, integrated over short windows; the force; the decoded densities."""

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from ggd_helpers.internal_variables.decoders import log_density_on
from ggd_helpers.internal_variables.model import InternalVariables
from ggd_helpers.ranges import check
from ggd_helpers.recordings.ensembles import Ensembles


class Windows(NamedTuple):
    """Short stretches of ensembles, each of `lag + 1` stored times, `(protocol, window, time, ...)`."""

    shares: Tensor
    inputs: Tensor
    outputs: Tensor
    grid: Tensor
    dt: float


def log_size(residual: Tensor, floor: Tensor | float = 0.0) -> Tensor:
    """`sum_i 1/2 ln(mean r_i^2 + floor_i)` over the last axis: minus the log-likelihood of Gaussian residuals.

    Their variance is the one of highest likelihood, `mean r^2`, but never less than the floor; so nobody has to
    weigh residuals of different kinds against each other. 0 where there is none.
    """
    if not residual.numel():
        return residual.new_zeros(())
    return 0.5 * (residual.flatten(0, -2).square().mean(0) + floor).log().sum()


def divergence(shares: Tensor, log_density: Tensor, spacing: Tensor) -> Tensor:
    """How far decoded densities are from the histograms, `KL = sum P ln(P / (p h))`, `(..., bins)` twice to `(...)`."""
    return (torch.special.xlogy(shares, shares) - shares * (log_density + spacing.log())).sum(-1)


@dataclass(frozen=True)
class DynamicsMatching:
    """The profile likelihood of rates and forces alone, with weights that nobody sets; no cloud is decoded.

    `1/2 ln mean r^2 + 1/2 ln(mean e^2 + floor)`, where over each window `r = alpha(end) - alpha(start) - int dphi*/dg
    dt` (trapezoids: means are noisy, and differences of them more so) and `e` is the error of the force. Sampling
    errors keep `r` away from 0 by themselves; the force has the errors of the very cloud that alpha is encoded from,
    so its floor has to be measured.

    Args:
        force_floor: variance of the sampling error of the mean force, `(m,)`; see `sampling_variance`.
        lag: stored steps that a window spans.

    Source: IB-VONN, (27) to (29) and the end of section 2.4.
    """

    force_floor: Tensor
    lag: int = 5

    def batch(self, data: Ensembles, count: int | None = None) -> Windows:
        """Windows that begin at `count` evenly spread times of each protocol (end to end when `None`).

        Raises:
            ValueError: `lag` is not shorter than the protocols, or no force was measured.
        """
        last = data.shares.shape[1] - 1
        check("lag", self.lag, f"a whole number, 1 to {last}", "it is how many stored steps a window spans")
        count = min(count or last, last // self.lag)
        starts = torch.linspace(0, last - self.lag, count).round().long()
        at = starts[:, None] + torch.arange(self.lag + 1)
        return Windows(data.shares[:, at], data.inputs[:, at], data.measured[:, at], data.grid, data.dt)

    def loss(self, model: InternalVariables, batch: Windows) -> Tensor:
        """Minus the profile log-likelihood, a scalar."""
        return self._dynamics_loss(model, batch, model.encode(batch.shares))

    def residuals(self, model: InternalVariables, batch: Windows, alpha: Tensor) -> tuple[Tensor, Tensor]:
        """Those of the rates, `(protocol, window, variables)`, and of the forces, `(protocol, window, time, m)`."""
        rate, force = model.rate_and_force(alpha, batch.inputs)
        change = torch.trapezoid(rate, dx=batch.dt, dim=2)
        return alpha[:, :, -1] - alpha[:, :, 0] - change, force - batch.outputs

    def _dynamics_loss(self, model: InternalVariables, batch: Windows, alpha: Tensor) -> Tensor:
        motion, held = self.residuals(model, batch, alpha)
        return log_size(motion) + log_size(held, self.force_floor.to(held))

    def unit(self, data: Ensembles) -> float:
        """1: a likelihood has no unit to be measured in."""
        return 1.0


@dataclass(frozen=True)
class IntegralMatching(DynamicsMatching):
    """`DynamicsMatching` and the decoded densities: `1/2 ln mean KL` more.

    KL is the divergence of the histogram from the decoded density, half the squared residual of a density; sampling
    errors keep it away from 0.

    Source: IB-VONN, (27) to (34), there with weights set by hand.
    """

    def loss(self, model: InternalVariables, batch: Windows) -> Tensor:
        """Minus the profile log-likelihood, a scalar."""
        alpha = model.encode(batch.shares)
        return self._dynamics_loss(model, batch, alpha) + 0.5 * self.divergence(model, batch, alpha).log()

    def divergence(self, model: InternalVariables, batch: Windows, alpha: Tensor) -> Tensor:
        """The mean divergence at the first time of every second window."""
        decoded = model.decode(alpha[:, ::2, 0], batch.inputs[:, ::2, 0])
        log_density = log_density_on(batch.grid, decoded)
        return divergence(batch.shares[:, ::2, 0, 0], log_density, batch.grid[1] - batch.grid[0]).mean()
