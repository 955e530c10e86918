"""Where the potentials come from: noise (`langevin`) and jumps (`gillespie`)."""

from ggd_helpers.stochastic.gillespie import gillespie
from ggd_helpers.stochastic.langevin import langevin, most_probable_path, onsager_machlup_action

__all__ = ["gillespie", "langevin", "most_probable_path", "onsager_machlup_action"]
