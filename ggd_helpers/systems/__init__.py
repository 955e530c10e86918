"""Physical systems: an analytic pair of potentials, and where their trajectories start; one module a system."""

from ggd_helpers.systems.diffusion import (
    FickianDiffusion,
    PorousMedium,
    barenblatt,
    effective_diffusivity,
    local_dynamics,
    mixing_entropy,
    mobility_dissipation,
    on_grid,
)
from ggd_helpers.systems.particle import AnisotropicParticle, OverdampedParticle, Particle, SteepParticle
from ggd_helpers.systems.reaction_text import Reaction
from ggd_helpers.systems.reactions import PRESETS, MassActionReactions

__all__ = [
    "PRESETS",
    "AnisotropicParticle",
    "FickianDiffusion",
    "MassActionReactions",
    "OverdampedParticle",
    "Particle",
    "PorousMedium",
    "Reaction",
    "SteepParticle",
    "barenblatt",
    "effective_diffusivity",
    "local_dynamics",
    "mixing_entropy",
    "mobility_dissipation",
    "on_grid",
]
