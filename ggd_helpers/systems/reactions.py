"""Chemical reactions under the law of mass action, as a pair of potentials; any network that can be typed in."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

from ggd_helpers.dynamics.gradient import GradientDynamics
from ggd_helpers.potentials.reactions import IdealMixture, MassActionDissipation
from ggd_helpers.ranges import shown
from ggd_helpers.recordings.measured import Measurements
from ggd_helpers.systems.reaction_text import Reaction, read_reactions, species_of

PRESETS = {
    "A <-> B": "A <-> B",
    "2A + B <-> 2C": "2 A + B <-> 2 C",
    "the thesis's pair": "A + 2 B <-> C; C + D <-> A",
    "an enzyme": "E + S <-> ES | kf=4, kb=1; ES <-> E + P | kf=2, kb=0.5",
    "autocatalysis": "A + X <-> 2 X | kf=3, kb=1; X <-> B | kf=1, kb=0.5",
    "a chain of six": "A <-> B | kf=2; B <-> C; C <-> D | kf=2; D <-> E; E <-> F | kf=2",
}


class MassActionReactions(GradientDynamics):
    """Reactions between `M` species: `dc/dt = nu . Gamma`, `Gamma_n = kf_n prod c^alpha_mn - kb_n prod c^beta_mn`.

    `S = -sum_m c_m (ln c_m + Q_m)`, `Xi = sum_n W_n (cosh(X_n/2) - 1)`, `X_n = -sum_m c*_m nu_mn`,
    `W_n = 4 sqrt(kf kb) sqrt(prod c^(alpha + beta))`, and `Q` from `ln(kf_n/kb_n) = -sum_m (Q_m + 1) nu_mn`: exactly
    mass action, for any network whose rates obey detailed balance. Concentrations are positive, `(..., M)`; initial
    states are uniform in `[0.001, 1]`.

    Args:
        reactions: text, `A + 2 B <-> C | kf=2, kb=0.5`, one a line or separated by `;`, rates 1 unless given; or a
            sequence of `Reaction`.

    Raises:
        ValueError: the text cannot be read, or the rates break detailed balance, so that there is no such entropy.

    Source: thesis 4.2, corrected (see `MassActionDissipation`).

    Example:
        >>> import torch
        >>> import ggd_helpers as ggd
        >>> ggd.MassActionReactions("A <-> B | kf=2.5").velocity(torch.ones(2, dtype=torch.float64))
        tensor([-1.5000,  1.5000], dtype=torch.float64)
    """

    entropy: IdealMixture
    dissipation: MassActionDissipation
    conserved: Tensor
    alpha: Tensor
    beta: Tensor
    kf: Tensor
    kb: Tensor

    def __init__(self, reactions: str | Sequence[Reaction]):
        listed = read_reactions(reactions)
        species = species_of(listed)
        alpha = _molecules([r.reactants for r in listed], species)
        beta = _molecules([r.products for r in listed], species)
        kf = torch.tensor([r.kf for r in listed], dtype=torch.float64)
        kb = torch.tensor([r.kb for r in listed], dtype=torch.float64)
        _check_detailed_balance(listed, beta - alpha)
        reference = -1 - torch.linalg.pinv((beta - alpha).T) @ (kf.log() - kb.log())
        dissipation = MassActionDissipation(beta - alpha, alpha + beta, 4 * (0.5 * (kf.log() + kb.log())).exp())
        super().__init__(IdealMixture(reference), dissipation)
        self.reactions, self.species, self.dim = listed, species, len(species)
        self.register_buffer("conserved", _conserved_quantities(beta - alpha))
        for name, value in (("alpha", alpha), ("beta", beta), ("kf", kf), ("kb", kb)):
            self.register_buffer(name, value)

    @property
    def stoichiometry(self) -> Tensor:
        """The stoichiometric matrix `nu = beta - alpha`, `(species, reactions)`."""
        return self.dissipation.stoichiometry

    def mass_action(self, c: Tensor) -> Tensor:
        """The rates of the textbook, `Gamma_n = kf_n prod c^alpha_mn - kb_n prod c^beta_mn`, `(..., reactions)`."""
        powers = c[..., :, None]
        return self.kf * (powers**self.alpha).prod(-2) - self.kb * (powers**self.beta).prod(-2)

    def affinities(self, c: Tensor) -> Tensor:
        """The affinities `X_n = -sum_m c*_m nu_mn`, above 0 where a reaction runs backwards, `(..., reactions)`."""
        return self.affinities_of(self, c)

    def affinities_of(self, law: GradientDynamics, c: Tensor) -> Tensor:
        """The affinities of these reactions under the entropy of any `law`, `(..., species)` to `(..., reactions)`."""
        return self.dissipation.affinity(law.conjugate(c))

    def sample_initial_states(self, count: int, generator: torch.Generator) -> Tensor:
        """Draw `count` initial concentrations, `(count, species)`, uniform in `[0.001, 1]` (thesis 4.2.1)."""
        return 0.001 + 0.999 * torch.rand(count, self.dim, generator=generator, dtype=torch.float64)

    def read(self, path: str | Path) -> Measurements:
        """Measured concentrations from a CSV file for `Measurements.from_csv`: a column a species, in any order.

        Raises:
            FileNotFoundError: no such file.
            ValueError: the file cannot be read, its columns are not the species, or a concentration is not positive.
        """
        data = Measurements.from_csv(path)
        names = [each.name for each in data.quantities]
        if sorted(names) != sorted(self.species):
            raise ValueError(f"{path} has the columns {shown(', '.join(names))} where the reactions have the species "
                             f"{shown(', '.join(self.species))}: name them alike. (The rates of a species that nobody "
                             "measured depend on the unit in which one imagines it.)")  # fmt: skip
        if (wrong := data.values <= 0).any():
            k, j, i = wrong.nonzero()[0].tolist()
            raise ValueError(f"{path}: concentrations must be positive (got {data.values[k, j, i].item():g} for "
                             f"{names[i]} at t = {data.times[k, j].item():g} in record {k + 1} of {len(data)}), "
                             "since a force is the logarithm of one: leave the cell empty, or give what the device can "
                             "just detect.")  # fmt: skip
        order = [names.index(name) for name in self.species]
        told = {"names": list(self.species), "units": [data.quantities[i].unit for i in order]}
        return replace(data, values=data.values[..., order], metadata=data.metadata | told)

    def equilibrium(self, c0: Tensor) -> Tensor:
        """Where the motion from `c0` ends: the highest entropy at the same conserved quantities, `(..., n)` to same.

        There `c* = q . lambda`, so `ln c = -Q - 1 - q . lambda`; Newton's method finds the multipliers `lambda`.
        """
        q, base = self.conserved, -self.entropy.reference - 1
        wanted = c0 @ q.T
        exponent = (c0.log() - base) @ torch.linalg.pinv(q) if len(q) else wanted
        for _ in range(500):
            c = torch.exp(base + exponent @ q)
            hessian = (q * c[..., None, :]) @ q.T
            step = torch.linalg.solve(hessian, (wanted - c @ q.T)[..., None])[..., 0]
            largest = (step @ q).abs().amax(-1, keepdim=True).clamp_min(1.0)
            exponent = exponent + step / largest
            if (step.abs() <= 1e-13 * (1 + exponent.abs())).all():
                break
        return torch.exp(base + exponent @ q)

    def describe_conserved(self) -> list[str]:
        """The conserved quantities in words: `["A + C", "B + 2 C - 2 D"]`."""
        return [_sum_in_words(row.int().tolist(), self.species) for row in self.conserved]


def _molecules(sides: Sequence[Mapping[str, int]], species: Sequence[str]) -> Tensor:
    """The coefficients of one side of every reaction, `(species, reactions)`."""
    return torch.tensor([[side.get(name, 0) for side in sides] for name in species], dtype=torch.float64)


def _integer_kernel(matrix: Tensor) -> list[list[int]]:
    """Whole-number vectors without common divisor that span the kernel of a matrix of whole numbers."""
    import sympy  # here, for it takes a second

    vectors = []
    for column in sympy.Matrix(matrix.int().tolist()).nullspace():
        scale = sympy.ilcm(*[entry.q for entry in column])
        whole = [int(entry * scale) for entry in column]
        divisor = math.gcd(*whole) * (1 if next(filter(None, whole)) > 0 else -1)
        vectors.append([entry // divisor for entry in whole])
    return vectors


def _conserved_quantities(stoichiometry: Tensor) -> Tensor:
    """Whole numbers `q` `(k, species)` with `q . nu = 0`, the left null space: amounts that no reaction changes.

    Adding one to another keeps the space; it is done as long as that removes minus signs or makes numbers smaller.
    """
    rows = _integer_kernel(stoichiometry.T)

    def weight(row: list[int]) -> tuple[int, int]:
        return sum(min(entry, 0) for entry in row), -sum(map(abs, row))

    better = True
    while better:
        better = False
        for i in range(len(rows)):
            for j, other in enumerate(rows):
                for s, t in ((1, 1), (1, -1), (-1, 1)):
                    trial = [s * a + t * b for a, b in zip(rows[i], other, strict=True)]
                    if i != j and weight(trial) > weight(rows[i]):
                        rows[i], better = trial, True
    return torch.tensor(rows, dtype=torch.float64).reshape(len(rows), len(stoichiometry))


def _sum_in_words(row: Sequence[int], names: Sequence[str]) -> str:
    terms = [(count, name) for count, name in zip(row, names, strict=True) if count]
    words = [
        f"{'-' if count < 0 else '+'} {'' if abs(count) == 1 else f'{abs(count)} '}{name}" for count, name in terms
    ]
    return " ".join(words).removeprefix("+ ")


def _check_detailed_balance(reactions: Sequence[Reaction], stoichiometry: Tensor) -> None:
    """Wegscheider's conditions: around every cycle of reactions the ratios kf/kb must multiply to 1."""
    for cycle in _integer_kernel(stoichiometry):
        members = [(times, reaction) for times, reaction in zip(cycle, reactions, strict=True) if times]
        excess = sum(times * (math.log(r.kf) - math.log(r.kb)) for times, r in members)
        if abs(excess) > 1e-9:
            times, last = members[-1]
            cycle_in_words = ", ".join(str(reaction) for _, reaction in members)
            ratio = f"{math.exp(excess):.4g}" if abs(excess) < 300 else f"10^{excess / math.log(10):.0f}"
            kb = math.log(last.kb) + excess / times
            can_be = abs(kb) < math.log(1e30)  # as far as rates may lie
            advice = f"set kb={math.exp(kb):.6g} in {last}" if can_be else "take rates that are nearer to each other"
            raise ValueError(
                f"reactions: the rates break detailed balance around the cycle of {cycle_in_words}; the ratios kf/kb "
                f"must multiply to 1 there (they give {ratio}), else there is no such entropy: {advice}."
            )
