"""Potentials of chemical reactions: mass action's own pair, and learnable ones that know a part of the chemistry."""

import math

import torch
from torch import Tensor, nn

from ggd_helpers.initialisation import draw_normal_
from ggd_helpers.networks import FICNN
from ggd_helpers.potentials.general import DissipationPotential, Entropy, cosh_less_one


class IdealMixture(Entropy):
    """The entropy of an ideal mixture, `S(c) = -sum_m c_m (ln c_m + Q_m)`, with reference values `Q` `(n,)`.

    Source: thesis (4.3).
    """

    reference: Tensor

    def __init__(self, reference: Tensor):
        super().__init__()
        self.register_buffer("reference", reference)

    def forward(self, c: Tensor) -> Tensor:
        """The entropy, `(..., n)` to `(...)`."""
        return -(c * (c.log() + self.reference)).sum(-1)

    def conjugate(self, c: Tensor) -> Tensor:
        """The entropic conjugate `c* = -ln c - Q - 1`, `(..., n)` to `(..., n)`."""
        return -c.log() - self.reference - 1


class MassActionDissipation(DissipationPotential):
    """Mass action's dissipation potential, `Xi(c, c*) = sum_n W_n(c) (cosh(X_n / 2) - 1)`.

    `X_n = -sum_m c*_m nu_mn` is the affinity, `W_n = W0_n sqrt(prod_m c_m^(alpha_mn + beta_mn))` the mobility of
    reaction `n`, `Gamma_n = -W_n/2 sinh(X_n/2)` its rate: `X_n > 0` drives it backwards, since `c* = -mu/RT` makes
    `X_n` minus De Donder's affinity over `RT`. (The thesis prints `|nu_mn|` for `alpha_mn + beta_mn`: wrong if a
    species stands on both sides.)

    Args:
        stoichiometry: `nu = beta - alpha`, `(species, reactions)`.
        orders: `alpha + beta`, `(species, reactions)`.
        prefactors: `W0`, `(reactions,)`.

    Source: thesis (4.4), corrected.
    """

    stoichiometry: Tensor
    orders: Tensor
    prefactors: Tensor

    def __init__(self, stoichiometry: Tensor, orders: Tensor, prefactors: Tensor):
        super().__init__()
        self.register_buffer("stoichiometry", stoichiometry)
        self.register_buffer("orders", orders)
        self.register_buffer("prefactors", prefactors)

    def mobility(self, c: Tensor) -> Tensor:
        """`W_n(c)`, `(..., species)` to `(..., reactions)`."""
        return self.prefactors * torch.exp(0.5 * c.log() @ self.orders)

    def affinity(self, c_star: Tensor) -> Tensor:
        """The affinities `X_n = -sum_m c*_m nu_mn`, `(..., species)` to `(..., reactions)`."""
        return -c_star @ self.stoichiometry

    def along(self, c: Tensor, affinity: Tensor) -> Tensor:
        """What each reaction adds to `Xi` at its affinity, `W_n (cosh(X_n/2) - 1)`.

        Shapes: `(..., species)` and `(..., reactions)` to `(..., reactions)`.
        """
        return self.mobility(c) * cosh_less_one(affinity / 2)

    def slopes(self, c: Tensor, affinity: Tensor) -> Tensor:
        """The slopes of `along`, `W_n/2 sinh(X_n/2)`, shapes as there: minus the rates `Gamma_n` of mass action."""
        return 0.5 * (self.mobility(c) * torch.sinh(affinity / 2))

    def forward(self, c: Tensor, c_star: Tensor) -> Tensor:
        """The dissipation potential, `(..., n)` twice to `(...)`."""
        return self.along(c, self.affinity(c_star)).sum(-1)

    def flux(self, c: Tensor, c_star: Tensor) -> Tensor:
        """The flux `dXi/dc*_m = -1/2 sum_n W_n sinh(X_n / 2) nu_mn`, `(..., n)` twice to `(..., n)`."""
        return -self.slopes(c, self.affinity(c_star)) @ self.stoichiometry.T


class LearnedMixture(IdealMixture):
    """An ideal mixture whose reference values are learned, `S(c) = -sum_m c_m (ln c_m + Q_m)`, from `Q = -1` on."""

    def __init__(self, dim: int):
        Entropy.__init__(self)
        self.reference = nn.Parameter(torch.full((dim,), -1.0, dtype=torch.float64))


class LearnedMassAction(MassActionDissipation):
    """Mass action's dissipation potential with learned prefactors `W0 > 0`, from `W0 = 4` on (rates 1).

    Args:
        stoichiometry, orders: as of `MassActionDissipation`.
    """

    def __init__(self, stoichiometry: Tensor, orders: Tensor):
        super().__init__(stoichiometry, orders, torch.ones(stoichiometry.shape[1], dtype=torch.float64))
        self.log_scale = nn.Parameter(torch.full_like(self.prefactors, math.log(4)))

    def mobility(self, c: Tensor) -> Tensor:
        """`W_n(c)`, `(..., species)` to `(..., reactions)`."""
        return self.log_scale.exp() * super().mobility(c)

    def rates(self, entropy: IdealMixture) -> tuple[Tensor, Tensor]:
        """The coefficients `kf`, `kb = W0/4 exp(-+ sum_m (Q_m + 1) nu_mn / 2)` of each reaction, `(reactions,)` twice.

        Source: thesis 4.2.
        """
        shift = (entropy.reference + 1) @ self.stoichiometry / 2
        return (self.log_scale - math.log(4) - shift).exp(), (self.log_scale - math.log(4) + shift).exp()


class MixingEntropy(Entropy):
    """A learnable entropy that knows of ideal mixing: `S(c) = -FICNN(c) - sum_m a_m c_m ln c_m`, learned `a_m > 0`.

    Concave by construction; its conjugate grows without bound where a species runs out, as no plain network's does. The
    network is a correction, and starts small: data never determine what it adds along conserved quantities.
    """

    def __init__(self, dim: int, width: int = 4, depth: int = 1, seed: int = 0, dtype: torch.dtype = torch.float64):
        super().__init__()
        self.network = FICNN(dim, width=width, depth=depth, seed=seed, dtype=dtype)
        self.log_mixing = nn.Parameter(torch.zeros(dim, dtype=dtype))

    def forward(self, c: Tensor) -> Tensor:
        """The entropy, `(..., n)` to `(...)`."""
        return -self.network(c) - (self.log_mixing.exp() * c * c.log()).sum(-1)

    def conjugate(self, c: Tensor) -> Tensor:
        """The entropic conjugate, `(..., n)` to `(..., n)`."""
        return -self.network.gradient(c) - self.log_mixing.exp() * (c.log() + 1)

    def reset_parameters(self, generator: torch.Generator) -> None:
        """Draw the network, a tenth of its usual size, and the mixing coefficients afresh."""
        self.network.reset_parameters(generator)
        with torch.no_grad():
            for parameter in self.network.parameters():
                parameter.mul_(0.1)
        draw_normal_(self.log_mixing, 0.2, generator)


class AffinityDissipation(DissipationPotential):
    """A dissipation potential that knows the stoichiometry: `Xi(c, c*) = head(c, nu^T c*)`.

    The flux lies in the span of the reactions, so every conserved quantity is conserved to rounding.

    Args:
        stoichiometry: `nu`, `(species, reactions)`.
        head: an admissible potential of `(c, nu^T c*)`, shapes `(..., species)` and `(..., reactions)`.
    """

    stoichiometry: Tensor

    def __init__(self, stoichiometry: Tensor, head: DissipationPotential):
        super().__init__()
        self.register_buffer("stoichiometry", stoichiometry)
        self.head = head

    def forward(self, c: Tensor, c_star: Tensor) -> Tensor:
        """The dissipation potential, `(..., n)` twice to `(...)`."""
        return self.head(c, c_star @ self.stoichiometry)

    def flux(self, c: Tensor, c_star: Tensor) -> Tensor:
        """The flux `nu . d head/d(nu^T c*)`, `(..., n)` twice to `(..., n)`."""
        return self.head.flux(c, c_star @ self.stoichiometry) @ self.stoichiometry.T


class CoshHead(DissipationPotential):
    """A head for `AffinityDissipation` with one cosh a reaction: `sum_k exp(b_k + w_k . ln c) (cosh(u_k . y) - 1)`.

    Learned are `b`, the exponents `w` and the directions `u`; mass action is `w = (alpha + beta)/2`, `u = 1/2` on its
    own reaction. Admissible for any values of them.
    """

    def __init__(self, species: int, reactions: int, seed: int = 0, dtype: torch.dtype = torch.float64):
        super().__init__()
        self.log_prefactors = nn.Parameter(torch.empty(reactions, dtype=dtype))
        self.exponents = nn.Parameter(torch.empty(species, reactions, dtype=dtype))
        self.directions = nn.Parameter(torch.empty(reactions, reactions, dtype=dtype))
        self.reset_parameters(torch.Generator().manual_seed(seed))

    def mobility(self, c: Tensor) -> Tensor:
        """`exp(b_k + w_k . ln c)`, `(..., species)` to `(..., reactions)`."""
        return torch.exp(self.log_prefactors + c.log() @ self.exponents)

    def forward(self, c: Tensor, y: Tensor) -> Tensor:
        """The potential, `(..., species)` and `(..., reactions)` to `(...)`."""
        return (self.mobility(c) * cosh_less_one(y @ self.directions)).sum(-1)

    def flux(self, c: Tensor, y: Tensor) -> Tensor:
        """The slope in `y`, `(..., reactions)`."""
        return (self.mobility(c) * torch.sinh(y @ self.directions)) @ self.directions.T

    def reset_parameters(self, generator: torch.Generator) -> None:
        """Draw afresh: small exponents, and directions near half of each reaction's own."""
        draw_normal_(self.log_prefactors, 0.3, generator)
        draw_normal_(self.exponents, 0.3, generator)
        draw_normal_(self.directions, 0.1, generator)
        with torch.no_grad():
            self.directions.add_(0.5 * torch.eye(len(self.directions)).to(self.directions))
