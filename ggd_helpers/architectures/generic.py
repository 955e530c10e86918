"""Learned laws beside a known system of GENERIC: what of it is given, and what is learned."""

from ggd_helpers.dynamics.generic import GENERIC
from ggd_helpers.potentials.channels import ChannelDissipation, RampDissipation, Seeing
from ggd_helpers.potentials.generic import Energy
from ggd_helpers.systems.generic.known import KnownGENERIC


def learned_beside(
    system: KnownGENERIC,
    energy: Energy,
    friction: type[ChannelDissipation] | type[RampDissipation] = ChannelDissipation,
    seed: int = 0,
) -> GENERIC:
    """A law with the entropy, the Poisson operator and the pairs of a known system, and a learned Xi.

    Args:
        system: the known one; nothing else of it is used than these and which coordinates Xi depends on.
        energy: `system.energy`, or one to be learned: `LearnedEnergy(n)`.
        friction: the kind of Xi, one that bends smoothly or one that may bend sharply.
        seed: of all first weights.
    """
    dissipation = Seeing(friction(len(system.sees), len(system.pairs)), system.sees)
    return GENERIC(energy, system.entropy, system.poisson, dissipation, system.pairs, seed)
