"""A cloud of realisations told by a few numbers that evolve: encoder, decoder and a driven pair of potentials."""

import math
from collections.abc import Callable
from typing import Self

import torch
from torch import Tensor, nn
from torch.distributions import Distribution

from ggd_helpers.dynamics.driven import DrivenDynamics
from ggd_helpers.initialisation import redraw_from_
from ggd_helpers.internal_variables.decoders import Decoder, Gaussian
from ggd_helpers.internal_variables.encoder import DeepSet
from ggd_helpers.potentials.general import DissipationPotential, IsotropicDissipation
from ggd_helpers.potentials.isothermal import DualDissipation, FreeEnergy
from ggd_helpers.recordings.ensembles import Ensembles

MOST_REFERENCES = 1000  # distributions that the internal variables are standardised on


class LearnedDynamics(DrivenDynamics):
    """The pair `(-f, phi*)` that moves internal variables, both learned."""

    entropy: FreeEnergy
    dissipation: DissipationPotential


class InternalVariables(nn.Module):
    """Internal variables of a driven ensemble of one coordinate, and all that they are good for.

    `alpha = encode(P)`; `p(x | alpha, u)`; `dalpha/dt = dphi*/dg` at `g = -df/dalpha`; `F = df/du`. The last two are
    one driven pair, with its second law.

    Shapes: shares `(..., 1, bins)`, internal variables `(..., variables)`, inputs `(..., k)`.

    Args:
        encoder: from distributions to internal variables.
        decoder: from `(alpha, u)`, the input in the units of the free energy, to a distribution.
        dynamics: the pair `(-f, phi*)` that moves the internal variables.

    Source: IB-VONN, section 2.4.
    """

    def __init__(self, encoder: DeepSet, decoder: Decoder, dynamics: LearnedDynamics):
        super().__init__()
        self.encoder, self.decoder, self.dynamics = encoder, decoder, dynamics

    @classmethod
    def for_ensembles(
        cls, data: Ensembles, variables: int = 1, decoder: Callable[..., Decoder] = Gaussian, seed: int = 0
    ) -> Self:
        """An untrained model, in the units of the given (training) ensembles.

        Raises:
            ValueError: more than one coordinate, no measured force, nothing that moves, or a parameter out of range.
        """
        if data.shares.shape[2] != 1:
            raise ValueError(f"one coordinate is told here (got {data.shares.shape[2]}): select one.")
        every = math.ceil(data.shares.shape[:2].numel() / MOST_REFERENCES)
        reference = data.shares.flatten(0, 2)[::every]
        center, spread = data.mean.mean().item(), (data.mean.var() + data.variance.mean()).sqrt().item()
        u_center, u_spread = data.inputs.mean((0, 1)), data.inputs.std((0, 1))
        energy = (data.measured.std((0, 1)) * u_spread).sum().item()
        rate = rate_of(data)
        if not (energy > 0 and rate > 0):
            raise ValueError("nothing moves in these ensembles: take protocols that pull.")
        encoder = DeepSet(data.grid, reference, variables, center, spread)
        free_energy = FreeEnergy(variables, u_center, u_spread, energy)
        still: DissipationPotential = IsotropicDissipation()  # nothing can flow where there is no variable
        dissipation = DualDissipation(variables, energy, rate, width=6) if variables else still
        model = cls(
            encoder,
            decoder(variables + len(u_center), center=center, scale=spread),
            LearnedDynamics(free_energy, dissipation),
        )
        redraw_from_(model, seed)
        return model

    def encode(self, shares: Tensor) -> Tensor:
        """The internal variables of distributions, `(..., 1, bins)` to `(..., variables)`."""
        return self.encoder(shares).squeeze(-2)

    def decode(self, alpha: Tensor, u: Tensor) -> Distribution:
        """The distribution of the coordinate, from `(..., variables)` and `(..., k)`."""
        free_energy = self.dynamics.entropy
        return self.decoder(torch.cat([alpha, (u - free_energy.center) / free_energy.scale], dim=-1))

    def rate_and_force(self, alpha: Tensor, u: Tensor) -> tuple[Tensor, Tensor]:
        """`dalpha/dt`, `(..., variables)`, and `F`, `(..., k)`, from one pass through the free energy."""
        slope, force = self.dynamics.entropy.slopes(alpha, u)
        return self.dynamics.dissipation.flux(alpha, -slope), force

    def free_energy(self, alpha: Tensor, u: Tensor) -> Tensor:
        """`f(alpha, u)`, `(..., variables)` and `(..., k)` to `(...)`."""
        return -self.dynamics.entropy(alpha, u)

    def dissipation(self, alpha: Tensor, u: Tensor) -> Tensor:
        """`phi*` at the forces of the moment, energy/time, `(..., variables)` and `(..., k)` to `(...)`."""
        return self.dynamics.dissipation(alpha, self.dynamics.at(u).conjugate(alpha))


def rate_of(data: Ensembles) -> float:
    """How fast means move, 1/time: their rms speed over five stored times, by the spread of all of them."""
    lag = min(5, data.mean.shape[1] - 1)
    moved = data.mean[:, lag:] - data.mean[:, :-lag]
    return (moved.square().mean().sqrt() / (lag * data.dt * data.mean.std())).item()
