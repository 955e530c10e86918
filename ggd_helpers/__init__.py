"""Learn how things come to rest: generalized gradient dynamics with input-convex networks.

Names are imported when they are first used, so that the command line answers at once.
"""

import time
from importlib import import_module
from typing import Any

STARTED = time.perf_counter()

_HOMES = {
    "batch": [],
    "dynamics": ["GradientDynamics"],
    "evaluation": [
        "Gauge",
        "Report",
        "Tilt",
        "affinity_error",
        "affinity_scale",
        "conservation_drift",
        "evaluate",
        "fix_gauge",
        "fix_tilt",
        "min_entropy_production",
        "potential_errors",
        "relative_error",
    ],
    "explorers": [
        "ConvexExplorer",
        "DiffusionExplorer",
        "PairExplorer",
        "ParticleExplorer",
        "ReactionsExplorer",
        "WidthExplorer",
    ],
    "figures": [],
    "grids": ["PeriodicGrid"],
    "integrators": ["adaptive", "rk4", "rk4_step", "stiff"],
    "legendre_fenchel": ["convex_envelope", "legendre"],
    "networks": ["FICNN", "PICNN", "averaging_", "kaiming_normal_", "positive"],
    "parameters": ["check_parameters", "choose_device"],
    "potentials": [
        "AffinityDissipation",
        "Components",
        "ConcaveEntropy",
        "ConvexDissipation",
        "CoshDissipation",
        "CoshHead",
        "DiluteDissipation",
        "DissipationInComponents",
        "DissipationPotential",
        "Entropy",
        "EntropyInComponents",
        "FormulaDissipation",
        "FormulaEntropy",
        "IdealMixture",
        "IsotropicDissipation",
        "LocalDissipation",
        "LocalEntropy",
        "MassActionDissipation",
        "MixingEntropy",
        "MobilityDissipation",
        "QuadraticDissipation",
        "QuadraticEntropy",
        "arithmetic_mean",
        "logarithmic_mean",
    ],
    "results": ["data_path", "save_figure", "save_results"],
    "stochastic": ["gillespie", "langevin", "most_probable_path", "onsager_machlup_action"],
    "systems": [
        "AnisotropicParticle",
        "FickianDiffusion",
        "MassActionReactions",
        "OverdampedParticle",
        "PRESETS",
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
    ],
    "training": ["AdamThenLBFGS", "Differences", "FlowMatching", "History", "SelfScaledBFGS", "fit", "regress"],
    "trajectories": ["Trajectories", "simulate"],
}
_HOME_OF = {name: module for module, names in _HOMES.items() for name in names}

__all__ = sorted([*_HOMES, *_HOME_OF])


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return import_module(f"ggd_helpers.{name}")
    if name in _HOME_OF:
        return getattr(import_module(f"ggd_helpers.{_HOME_OF[name]}"), name)
    raise AttributeError(f"ggd_helpers has no {name!r}")
