"""Internal variables of a chain: one state for every spring, one encoder, decoder and pair of potentials for all."""

import copy
import math
from typing import Self

import torch
from torch import Tensor, nn
from torch.distributions import Distribution

from ggd_helpers.dynamics.driven import DrivenDynamics
from ggd_helpers.grids import OpenLine
from ggd_helpers.initialisation import redraw_from_
from ggd_helpers.integrators import VelocityField
from ggd_helpers.internal_variables.decoders import PhaseFlow, TwoPhases
from ggd_helpers.internal_variables.encoder import DeepSet
from ggd_helpers.internal_variables.model import MOST_REFERENCES, rate_of
from ggd_helpers.potentials.chain import ChainDissipation, LoadedChain, by_spring, of_chain
from ggd_helpers.potentials.general import IsotropicDissipation
from ggd_helpers.potentials.isothermal import ConvexFreeEnergy, DualDissipation
from ggd_helpers.recordings.ensembles import Ensembles


class ChainVariables(nn.Module):
    """A chain of springs told by `(eps_i, alpha_i)`: the mean strain of every spring and what else its past has left.

    `alpha_i = encode(P_i)`, `p_i = decode(eps_i, alpha_i)`; the pair `(-(sum f - F sum eps), Xi)` moves them all.

    Shapes: shares `(..., n, bins)`, states of the chain `(..., n (1 + variables))` (see `of_chain`), loads `(..., 1)`.

    Args:
        encoder: from the distribution of a spring's strain to its internal variables.
        decoder: from `(alpha, (eps - center) / scale)` back to the distribution.
        entropy, dissipation: the pair; the load is its input.

    Source: IB-VONN, section 4.2.
    """

    def __init__(
        self, encoder: DeepSet, decoder: TwoPhases | PhaseFlow, entropy: LoadedChain, dissipation: ChainDissipation
    ):
        super().__init__()
        self.encoder, self.decoder = encoder, decoder
        self.dynamics = DrivenDynamics(entropy, dissipation)
        self.chain, self.pair = entropy, dissipation

    @classmethod
    def for_ensembles(
        cls, data: Ensembles, decoder: type[TwoPhases | PhaseFlow], variables: int = 1, seed: int = 0
    ) -> Self:
        """An untrained model, in the units of the given (training) ensembles.

        Raises:
            ValueError: no measured force, nothing that moves, or a parameter out of range.
        """
        mean, line = data.mean, OpenLine(data.shares.shape[2])
        center, scale = mean.mean().item(), (mean.var() + data.variance.mean()).sqrt().item()
        energy, rate = data.measured.std().item() * scale, rate_of(data)
        if not (energy > 0 and rate > 0):
            raise ValueError("nothing moves in these ensembles: take protocols that pull.")
        speed = data.inputs.diff(dim=1).square().mean().sqrt().item() / data.dt
        every = math.ceil(data.shares.shape[:3].numel() / MOST_REFERENCES)
        free_energy = ConvexFreeEnergy(variables, mean.new_tensor([center]), mean.new_tensor([scale]), energy)
        jumps = DualDissipation(variables + 1, energy, rate, width=8, forces=variables, depth=1)
        model = cls(
            DeepSet(data.grid, data.shares.flatten(0, 2)[::every], variables, center, scale),
            decoder(variables + 1, center=center, scale=scale),
            LoadedChain(free_energy, line),
            ChainDissipation(IsotropicDissipation(speed / data.measured.std().item()), jumps, line, center, scale),
        )
        redraw_from_(model, seed)
        return model

    def with_decoder(self, decoder: type[TwoPhases | PhaseFlow], seed: int = 0) -> Self:
        """The same model, all else copied, with an untrained decoder of another family that weighs its parts alike.

        That is where a flow may start from: alone it often finds a variable that says little.
        """
        other = copy.deepcopy(self)
        fresh = decoder(self.encoder.variables + 1, center=self.decoder.center, scale=self.decoder.scale, seed=seed)
        fresh.weigh.load_state_dict(self.decoder.weigh.state_dict())
        other.decoder = fresh
        return other

    def encode(self, shares: Tensor) -> Tensor:
        """The state of a chain, `(..., n, bins)` to `(..., n (1 + variables))`."""
        return of_chain((shares @ self.encoder.grid)[..., None], self.encoder(shares))

    def decode(self, x: Tensor) -> Distribution:
        """The distributions of the strains, a state to the batch shape `(..., n)`."""
        strain, alpha = by_spring(x, self.chain.line.cells)
        return self.decoder(torch.cat([alpha, (strain - self.decoder.center) / self.decoder.scale], dim=-1))

    def stress(self, x: Tensor) -> Tensor:
        """The stress `df/deps` of every spring, a state to `(..., n)`."""
        return self.chain.slopes(x)[0].squeeze(-1)

    def end_force(self, x: Tensor, velocity: Tensor) -> Tensor:
        """The force `F = s_n + v / m` that moves the end at `velocity` `(..., 1)`: no network has to learn it."""
        return self.stress(x)[..., -1:] + velocity / self.pair.friction.mobility()

    def pulled(self) -> "PulledEnd":
        """The same chain where the velocity of its end is the input, in place of the force."""
        return PulledEnd(self)


class PulledEnd:
    """A chain whose end is moved at a given velocity, `(..., 1)`: the force follows from the state."""

    def __init__(self, model: ChainVariables):
        self.model = model

    def at(self, velocity: Tensor) -> VelocityField:
        """The rates of the state while the end moves at `velocity`."""
        return lambda x: self.model.dynamics.at(self.model.end_force(x, velocity))(x)
