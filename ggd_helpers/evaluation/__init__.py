"""How good is a trained model? Errors, rollouts, the second law (`general`); freedoms of reactions (`reactions`)."""

from ggd_helpers.evaluation.general import (
    Gauge,
    Report,
    conservation_drift,
    evaluate,
    fix_gauge,
    min_entropy_production,
    potential_errors,
    relative_error,
)
from ggd_helpers.evaluation.reactions import Tilt, affinity_error, affinity_scale, fix_tilt

__all__ = [
    "Gauge",
    "Report",
    "Tilt",
    "affinity_error",
    "affinity_scale",
    "conservation_drift",
    "evaluate",
    "fix_gauge",
    "fix_tilt",
    "min_entropy_production",
    "potential_errors",
    "relative_error",
]
