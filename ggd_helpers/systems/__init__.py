"""Physical systems: an analytic pair of potentials, and where their trajectories start; one module a system."""

from ggd_helpers.systems.particle import AnisotropicParticle, OverdampedParticle, Particle, SteepParticle

__all__ = ["AnisotropicParticle", "OverdampedParticle", "Particle", "SteepParticle"]
