"""Explorers: controls that redraw a picture, and a button that learns what the picture shows; one module a chapter."""

from ggd_helpers.explorers.convex import ConvexExplorer, WidthExplorer
from ggd_helpers.explorers.diffusion import DiffusionExplorer
from ggd_helpers.explorers.particle import ParticleExplorer
from ggd_helpers.explorers.reactions import ReactionsExplorer
from ggd_helpers.explorers.theory import PairExplorer

__all__ = [
    "ConvexExplorer",
    "DiffusionExplorer",
    "PairExplorer",
    "ParticleExplorer",
    "ReactionsExplorer",
    "WidthExplorer",
]
