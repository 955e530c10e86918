"""Entropies and dissipation potentials: of any kind (`general`), and those made for one kind of system."""

from ggd_helpers.potentials.coordinates import Components, DissipationInComponents, EntropyInComponents
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
from ggd_helpers.potentials.local import LocalDissipation, LocalEntropy, arithmetic_mean, logarithmic_mean
from ggd_helpers.potentials.mobility import DiluteDissipation, MobilityDissipation
from ggd_helpers.potentials.reactions import (
    AffinityDissipation,
    CoshHead,
    IdealMixture,
    MassActionDissipation,
    MixingEntropy,
)

__all__ = [
    "AffinityDissipation",
    "Components",
    "ConcaveEntropy",
    "ConvexDissipation",
    "CoshDissipation",
    "CoshHead",
    "DiluteDissipation",
    "DissipationInComponents",
    "DissipationPotential",
    "Entropy",
    "EntropyInComponents",
    "FormulaDissipation",
    "FormulaEntropy",
    "IdealMixture",
    "IsotropicDissipation",
    "LocalDissipation",
    "LocalEntropy",
    "MassActionDissipation",
    "MixingEntropy",
    "MobilityDissipation",
    "Potential",
    "QuadraticDissipation",
    "QuadraticEntropy",
    "arithmetic_mean",
    "logarithmic_mean",
    "positive_definite",
]
