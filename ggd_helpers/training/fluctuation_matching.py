"""Learn both potentials from how realisations scatter: the generating function of a pair against the measured one."""

from dataclasses import dataclass

from torch import Tensor

from ggd_helpers.dynamics.gradient import GradientDynamics
from ggd_helpers.recordings.fluctuations import Fluctuations
from ggd_helpers.stochastic.langevin import mobility_and_slope


@dataclass(frozen=True)
class FluctuationMatching:
    """Match the generating function of the increments: `mean ((H(model) - H(measured)) / deviation)^2`.

    For the pair of a jump process `H(x, p) = (Xi(x, x* + 2p) - Xi(x, x*)) / 2`. As a function of `p` it tells
    `Xi(x, .)`, and by its minimum, at `p = -x*/2`, the force: the noise pins what velocities leave open.

    Source: thesis 1.4; Mielke, Peletier and Renger (2014).
    """

    def batch(self, data: Fluctuations, count: int | None = None) -> Fluctuations:
        """All cells: there are few of them, and `count` a trajectory has no meaning here."""
        return data

    def loss(self, model: GradientDynamics, batch: Fluctuations) -> Tensor:
        """The mean squared misfit in units of the standard error, a scalar; about 1 for the true pair."""
        missed = self.generating(model, batch.states, batch.momenta, batch.noise) - batch.generating
        return (missed / batch.deviation).square().mean()

    def unit(self, data: Fluctuations) -> float:
        """What a model scores that says 0."""
        return (data.generating / data.deviation).square().mean().item()

    def generating(self, model: GradientDynamics, x: Tensor, p: Tensor, noise: float) -> Tensor:
        """`H(x, p)` of a pair, `(cell, n)` and `(momenta, n)` to `(cell, momenta)`."""
        x_star = model.conjugate(x)[:, None]
        x, shifted = x[:, None].expand(-1, len(p), -1), x_star + 2 * p
        return (model.dissipation(x, shifted) - model.dissipation(x, x_star.expand_as(x))) / 2


class LangevinMatching(FluctuationMatching):
    """The same for Gaussian noise, `dx = (M dS + eps dM) dt + sqrt(2 eps M) dW` with `Xi = M(x) |x*|^2 / 2`.

    `H(x, p) = p . (M x* + eps dM/dx) + M |p|^2`: to the pair's own, the noise adds the drift `eps dM/dx`, without which
    the stationary density would not be `exp(S/eps)`.

    Source: thesis 1.3.
    """

    def generating(self, model: GradientDynamics, x: Tensor, p: Tensor, noise: float) -> Tensor:
        """`H(x, p)` with the drift of the noise, `(cell, n)` and `(momenta, n)` to `(cell, momenta)`."""
        _, slope = mobility_and_slope(model.dissipation, x)
        return super().generating(model, x, p, noise) + noise * slope @ p.T
