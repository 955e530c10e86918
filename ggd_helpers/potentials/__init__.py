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

__all__ = [
    "Components",
    "ConcaveEntropy",
    "ConvexDissipation",
    "CoshDissipation",
    "DiluteDissipation",
    "DissipationInComponents",
    "DissipationPotential",
    "Entropy",
    "EntropyInComponents",
    "FormulaDissipation",
    "FormulaEntropy",
    "IsotropicDissipation",
    "LocalDissipation",
    "LocalEntropy",
    "MobilityDissipation",
    "Potential",
    "QuadraticDissipation",
    "QuadraticEntropy",
    "arithmetic_mean",
    "logarithmic_mean",
    "positive_definite",
]
