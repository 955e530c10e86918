"""How repeated realisations of one system scatter: the generating function of their increments, by cell of states."""

from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

import torch
from torch import Tensor

from ggd_helpers.ranges import check
from ggd_helpers.recordings.recording import Recording, check_finite
from ggd_helpers.recordings.regular import Trajectories
from ggd_helpers.stochastic.generating import generating_function


@dataclass(frozen=True)
class Fluctuations(Recording):
    """The generating function of increments, `H(x, p) = eps/dt ln E[exp(p . dx/eps) | x]`, measured in cells of states.

    Its slope at `p = 0` is the velocity, its curvature there the variance of the increments over `eps dt`; the further
    ones tell jumps from Gaussian noise.

    Attributes:
        states: the mean state of each cell, `(cell, n)`.
        generating: `H` there, `(cell, momenta)`.
        deviation: the standard error of `H`, `(cell, momenta)`.
        momenta: the `p`, `(momenta, n)`.
        noise: the `eps`: one over the number of molecules, or Boltzmann's constant in the units of the entropy.
        dt: the time between two stored states.
        metadata: how the data came about; plain JSON values.

    Source: thesis 1.3 and 1.4; Mielke, Peletier and Renger (2014).
    """

    shared: ClassVar[frozenset[str]] = frozenset({"momenta"})

    states: Tensor
    generating: Tensor
    deviation: Tensor
    momenta: Tensor
    noise: float
    dt: float
    metadata: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_finite(states=self.states, generating=self.generating, deviation=self.deviation, momenta=self.momenta)
        check("noise", self.noise, "positive", "it is eps, one over the number of molecules")
        if not (self.deviation > 0).all():
            raise ValueError("deviation must be positive: some cell has increments that are all alike.")

    @classmethod
    def of(cls, paths: Trajectories, noise: float, momenta: Tensor, least: int = 4000) -> Self:
        """Measure `H` from many paths: all increments that begin near one another count together.

        States are halved along the coordinate in which they spread most, again and again, while `least` of them or more
        are left in a half: all cells hold about as many.

        Args:
            paths: states `(trajectory, time, n)` at small steps, of realisations of one system.
            noise: the `eps`, which increments alone do not tell.
            momenta: the `p`, `(momenta, n)`, in units of the force; `H` tells the slopes of `Xi` at forces up to `2 p`
                from those that were met. With tiny ones it tells the velocity alone.
            least: increments in a cell.

        Raises:
            ValueError: `noise` or `least` out of range, momenta of another length, or fewer increments than `least`.
        """
        check("noise", noise, "positive", "it is eps, one over the number of molecules")
        check("least", least, "a whole number, 30 or more", "it is the number of increments in a cell")
        states, steps = paths.states[:, :-1].flatten(0, 1), paths.states.diff(dim=1).flatten(0, 1)
        if momenta.dim() != 2 or momenta.shape[-1] != states.shape[-1]:
            raise ValueError(f"momenta must be (momenta, {states.shape[-1]}), as long as a state "
                             f"(got {tuple(momenta.shape)}).")  # fmt: skip
        if len(states) < least:
            raise ValueError(f"paths hold {len(states)} increments, and a cell needs least = {least}: record more, or "
                             "take fewer.")  # fmt: skip
        cells = _halved(states, torch.arange(len(states)), least)
        measured = [generating_function(steps[cell] / noise, momenta, noise / paths.dt) for cell in cells]
        generating, deviation = map(torch.stack, zip(*measured, strict=True))
        centres = torch.stack([states[cell].mean(dim=0) for cell in cells])
        return cls(centres, generating, deviation, momenta, noise, paths.dt, paths.metadata)


def _halved(states: Tensor, chosen: Tensor, least: int) -> list[Tensor]:
    """Indices of the cells into which the chosen states fall."""
    half = len(chosen) // 2
    if half < least:
        return [chosen]
    own = states[chosen]
    order = own[:, own.std(dim=0).argmax()].argsort(stable=True)
    return _halved(states, chosen[order[:half]], least) + _halved(states, chosen[order[half:]], least)
