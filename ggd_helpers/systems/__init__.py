"""Physical systems: an analytic pair of potentials, and where their trajectories start; one module a system."""

from ggd_helpers.systems.particle import AnisotropicParticle, OverdampedParticle, Particle, SteepParticle
from ggd_helpers.systems.reactions import PRESETS, MassActionReactions

__all__ = [
    "PRESETS",
    "AnisotropicParticle",
    "MassActionReactions",
    "OverdampedParticle",
    "Particle",
    "SteepParticle",
]
