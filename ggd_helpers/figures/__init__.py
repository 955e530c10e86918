"""Figures: one function each, data or models in, a matplotlib Figure out."""

from ggd_helpers.figures.diffusion import (
    densities,
    field_comparison,
    floor_by_frame,
    pictures,
    profiles,
    spot,
    waves,
)
from ggd_helpers.figures.diffusion_live import DiffusionPicture
from ggd_helpers.figures.particle import (
    ellipses,
    entropy_hill,
    entropy_production,
    error_histogram,
    loss_curves,
    potentials,
    potentials_2d,
    prediction,
    same_motion,
    trajectories_1d,
    trajectories_2d,
)
from ggd_helpers.figures.particle_live import ParticlePicture

__all__ = [
    "DiffusionPicture",
    "ParticlePicture",
    "densities",
    "ellipses",
    "entropy_hill",
    "entropy_production",
    "error_histogram",
    "field_comparison",
    "floor_by_frame",
    "loss_curves",
    "pictures",
    "potentials",
    "potentials_2d",
    "prediction",
    "profiles",
    "same_motion",
    "spot",
    "trajectories_1d",
    "trajectories_2d",
    "waves",
]
