"""GENERIC: motion that conserves energy and raises entropy; and damped mechanics, its face at one temperature."""

import torch
from torch import Tensor, nn

from ggd_helpers.initialisation import redraw_from_
from ggd_helpers.potentials.general import DissipationPotential, Entropy
from ggd_helpers.potentials.generic import Energy, Poisson
from ggd_helpers.ranges import check, shown


class GENERIC(nn.Module):
    """Energy, entropy, Poisson operator and dissipation potential, and the evolution that they generate.

    `x' = L dE + Phi dE`, where `Phi` is the skew matrix of the slopes `dXi/dF` of a convex `Xi(x, F)` at the wedge
    `F = dS ^ dE`, that is `F_ij = S_i E_j - S_j E_i` on chosen pairs of coordinates. For any weights, then,

    `dE . x' = 0` (both matrices are skew), and `dS . x' = F . dXi/dF >= Xi >= 0` (where `L dS = 0`).

    A physical system and a learned model are both of this kind: each part is prescribed or learned by being passed.

    Shapes: states are `(..., n)`; every method works on any batch shape and under `torch.func.vmap`.

    Args:
        energy: `E(x)`.
        entropy: `S(x)`; both laws hold whether it is concave or not.
        poisson: `L(x)` with `L dS = 0`.
        dissipation: an admissible `Xi(x, F)`; its second argument is `(..., pairs)`.
        pairs: `((i, j), ...)`, the coordinates between which energy is exchanged irreversibly, counted from 0.
        seed: when given, every network of the parts is drawn afresh from this seed.

    Raises:
        ValueError: no pair, a pair of one coordinate, the same pair twice, or states without such a coordinate.

    Source: Grmela and Oettinger (1997); with a wedge and any convex Xi, thesis (3.1) made degenerate.
    """

    def __init__(
        self,
        energy: Energy,
        entropy: Entropy,
        poisson: Poisson,
        dissipation: DissipationPotential,
        pairs: tuple[tuple[int, int], ...],
        seed: int | None = None,
    ):
        super().__init__()
        _check_pairs(pairs)
        self.energy, self.entropy, self.poisson, self.dissipation = energy, entropy, poisson, dissipation
        self.pairs = tuple((int(i), int(j)) for i, j in pairs)
        redraw_from_(self, seed)

    def conjugate(self, x: Tensor) -> Tensor:
        """The entropic conjugate `dS/dx`, `(..., n)` to `(..., n)`."""
        return self.entropy.conjugate(x)

    def force(self, x: Tensor) -> Tensor:
        """The wedge `F = dS ^ dE` on the pairs, `(..., n)` to `(..., pairs)`."""
        return self._wedge(self.conjugate(x), self.energy.gradient(x))

    def reversible(self, x: Tensor) -> Tensor:
        """`L dE`, `(..., n)` to `(..., n)`: it conserves energy and entropy."""
        return self.poisson(x, self.energy.gradient(x), self.conjugate(x))

    def irreversible(self, x: Tensor) -> Tensor:
        """`Phi dE`, `(..., n)` to `(..., n)`: it conserves energy and raises entropy."""
        return self._irreversible(x, self.conjugate(x), self.energy.gradient(x))

    def velocity(self, x: Tensor) -> Tensor:
        """The velocity `L dE + Phi dE`, `(..., n)` to `(..., n)`."""
        s, e = self.conjugate(x), self.energy.gradient(x)
        return self.poisson(x, e, s) + self._irreversible(x, s, e)

    def forward(self, x: Tensor) -> Tensor:
        """The velocity: a model is a map from states to velocities."""
        return self.velocity(x)

    def entropy_production(self, x: Tensor) -> Tensor:
        """The rate `dS/dt = F . dXi/dF`, `(..., n)` to `(...)`; never negative for an admissible Xi."""
        force = self.force(x)
        return (force * self.dissipation.flux(x, force)).sum(-1)

    def _wedge(self, s: Tensor, e: Tensor) -> Tensor:
        """`S_i E_j - S_j E_i` on the pairs, `(..., n)` twice to `(..., pairs)`."""
        self._check_states(s)
        S, E = s.unbind(-1), e.unbind(-1)
        return torch.stack([S[i] * E[j] - S[j] * E[i] for i, j in self.pairs], dim=-1)

    def _irreversible(self, x: Tensor, s: Tensor, e: Tensor) -> Tensor:
        """`Phi dE`: each pair moves its two coordinates, `x_i' += Phi_ij E_j` and `x_j' -= Phi_ij E_i`."""
        E, moved = e.unbind(-1), list(torch.zeros_like(e).unbind(-1))
        for flux, (i, j) in zip(self.dissipation.flux(x, self._wedge(s, e)).unbind(-1), self.pairs, strict=True):
            moved[i] = moved[i] + flux * E[j]
            moved[j] = moved[j] - flux * E[i]
        return torch.stack(moved, dim=-1)

    def _check_states(self, x: Tensor) -> None:
        if max(map(max, self.pairs)) >= (n := x.shape[-1]):
            raise ValueError(f"pairs must be of coordinates 0 to {n - 1}, for the states have {n} (got {self.pairs}).")


def _check_pairs(pairs: tuple[tuple[int, int], ...]) -> None:
    if not pairs or any(len(pair) != 2 for pair in pairs):
        raise ValueError(f"pairs must be one or more pairs of coordinates, as in ((1, 2),) (got {shown(pairs)}).")
    for pair in pairs:
        for coordinate in pair:
            check("pairs", coordinate, "a whole number, 0 or more", "they hold coordinates, counted from 0")
    if any(i == j for i, j in pairs) or len(set(map(frozenset, pairs))) < len(pairs):
        raise ValueError(f"pairs must be of two coordinates each, and no pair may be there twice (got {shown(pairs)}): "
                         "F_ii = 0 and F_ji = -F_ij say nothing more.")  # fmt: skip


class DampedMechanics(nn.Module):
    """Mechanics with friction at one temperature, `x = (q, p)`: `x' = J dH - (0, dXi/dp*)` at `p* = dH/dp`.

    Friction acts on the momenta only and only brakes: `dH/dt = -p* . dXi/dp* <= -Xi <= 0`. Since `q' = dH/dp` has no
    friction in it, motion determines `H` up to a constant. With the bath as another coordinate this is `GENERIC`.

    Shapes: states `(..., 2 d)`, first the coordinates, then the momenta.

    Args:
        energy: `H(x)`.
        dissipation: an admissible `Xi(x, p*)`; its second argument is `(..., d)`.
        seed: when given, every network of the pair is drawn afresh from this seed.

    Raises:
        ValueError: states with an odd number of coordinates.
    """

    def __init__(self, energy: Energy, dissipation: DissipationPotential, seed: int | None = None):
        super().__init__()
        self.energy, self.dissipation = energy, dissipation
        redraw_from_(self, seed)

    def force(self, x: Tensor) -> Tensor:
        """The velocity `p* = dH/dp` that friction answers to, `(..., 2 d)` to `(..., d)`."""
        return _momenta(self.energy.gradient(x))

    def velocity(self, x: Tensor) -> Tensor:
        """The velocity `(dH/dp, -dH/dq - dXi/dp*)`, `(..., 2 d)` to `(..., 2 d)`."""
        slope = self.energy.gradient(x)
        friction = self.dissipation.flux(x, _momenta(slope))
        by_p, by_q = _momenta(slope), slope[..., : friction.shape[-1]]
        return torch.cat([by_p, -by_q - friction], dim=-1)

    def forward(self, x: Tensor) -> Tensor:
        """The velocity: a model is a map from states to velocities."""
        return self.velocity(x)

    def energy_loss(self, x: Tensor) -> Tensor:
        """The rate `-dH/dt = p* . dXi/dp*`, `(..., 2 d)` to `(...)`; never negative for an admissible Xi."""
        force = self.force(x)
        return (force * self.dissipation.flux(x, force)).sum(-1)


def _momenta(x: Tensor) -> Tensor:
    """The second half of a state or a slope, `(..., 2 d)` to `(..., d)`."""
    if x.shape[-1] % 2:
        raise ValueError(f"states must have an even number of coordinates, first q, then p (got {x.shape[-1]}).")
    return x[..., x.shape[-1] // 2 :]
