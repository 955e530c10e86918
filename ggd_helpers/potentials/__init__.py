"""Entropies and dissipation potentials: of any kind (`general`), and those made for one kind of system."""

from ggd_helpers.potentials.general import (
    ConcaveEntropy,
    ConvexDissipation,
    CoshDissipation,
    DissipationPotential,
    Entropy,
    FormulaDissipation,
    FormulaEntropy,
    IsotropicDissipation,
    Potential,
    QuadraticDissipation,
    QuadraticEntropy,
    positive_definite,
)
from ggd_helpers.potentials.reactions import (
    AffinityDissipation,
    CoshHead,
    IdealMixture,
    MassActionDissipation,
    MixingEntropy,
)

__all__ = [
    "AffinityDissipation",
    "ConcaveEntropy",
    "ConvexDissipation",
    "CoshDissipation",
    "CoshHead",
    "DissipationPotential",
    "Entropy",
    "FormulaDissipation",
    "FormulaEntropy",
    "IdealMixture",
    "IsotropicDissipation",
    "MassActionDissipation",
    "MixingEntropy",
    "Potential",
    "QuadraticDissipation",
    "QuadraticEntropy",
    "positive_definite",
]
