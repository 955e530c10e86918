"""Training: what is minimised (`objectives`), how (`self_scaled_bfgs`, `adam_lbfgs`), the loop around it (`fit`).

`regression` fits functions without trajectories; `landscapes` watches optimisers go down.
"""

from ggd_helpers.training.adam_lbfgs import AdamThenLBFGS
from ggd_helpers.training.fit import History, fit
from ggd_helpers.training.objectives import Differences, FlowMatching
from ggd_helpers.training.regression import STRICTER, from_below, mean_square, regress
from ggd_helpers.training.self_scaled_bfgs import SelfScaledBFGS

__all__ = [
    "STRICTER",
    "AdamThenLBFGS",
    "Differences",
    "FlowMatching",
    "History",
    "SelfScaledBFGS",
    "fit",
    "from_below",
    "mean_square",
    "regress",
]
