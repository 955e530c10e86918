"""Explorers: controls that redraw a picture, and a button that learns what the picture shows; one module a chapter."""

from ggd_helpers.explorers.particle import ParticleExplorer
from ggd_helpers.explorers.reactions import ReactionsExplorer

__all__ = ["ParticleExplorer", "ReactionsExplorer"]
