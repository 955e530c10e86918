"""Explorers: sliders that redraw a picture, and a button that learns what the picture shows; one module a chapter."""

from ggd_helpers.explorers.diffusion import DiffusionExplorer
from ggd_helpers.explorers.particle import ParticleExplorer

__all__ = ["DiffusionExplorer", "ParticleExplorer"]
