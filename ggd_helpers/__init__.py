"""Learn how things come to rest: generalized gradient dynamics with input-convex networks.

Names are imported when they are first used, so that the command line answers at once.
"""

from importlib import import_module
from typing import Any

# Where each public name lives: the only list of them.
_HOMES = {
    "architectures.generic": ["learned_beside"],
    "architectures.hamiltonian": ["DissipativeHamiltonianNetwork", "HamiltonianNetwork"],
    "architectures.metriplectic": ["FreeFriction", "FreePoisson", "Friction", "Metriplectic", "SoftMetriplectic"],
    "architectures.neighbours": ["NeighbourNetwork"],
    "architectures.onsager": ["OnsagerInBalance", "OnsagerNetwork"],
    "architectures.physics_informed": ["PhysicsInformedOscillator"],
    "architectures.plain": ["LawInComponents", "PlainNetwork", "count_learned"],
    "architectures.polynomial": ["PolynomialLaw"],
    "architectures.projected": ["ProjectedFriction", "ProjectedMetriplectic", "ProjectedPoisson"],
    "comparison": ["chosen", "compare", "demand"],
    "devices": ["choose_device"],
    "dynamics.driven": ["DrivenDynamics"],
    "dynamics.generic": ["GENERIC", "DampedMechanics"],
    "dynamics.gradient": ["GradientDynamics"],
    "dynamics.law": ["Law"],
    "evaluation.errors": ["relative_error"],
    "evaluation.freedoms": ["Freedom", "Gauge", "Shift", "potential_errors"],
    "evaluation.measures": ["conservation_drift", "min_entropy_production"],
    "evaluation.reactions": ["ScaledTilt", "Tilt", "affinity_error", "affinity_scale"],
    "evaluation.report": ["Report", "evaluate"],
    "experiments": ["Experiment", "Outcome"],
    "explorers.bath": ["BathExplorer"],
    "explorers.convex": ["ConvexExplorer", "WidthExplorer"],
    "explorers.diffusion": ["DiffusionExplorer"],
    "explorers.half_slope": ["HalfSlopeExplorer"],
    "explorers.optimisers": ["DescentExplorer"],
    "explorers.particle": ["ParticleExplorer"],
    "explorers.phase_change": ["ChainExplorer"],
    "explorers.prediction": ["Prediction"],
    "explorers.reactions": ["ReactionsExplorer"],
    "explorers.start": ["ClimbExplorer"],
    "explorers.theory": ["PairExplorer"],
    "explorers.trap": ["TrapExplorer"],
    "files": ["data_path"],
    "free_networks": ["ConvexInPart", "Dense", "Perceptron"],
    "grids": ["OpenLine", "PeriodicGrid"],
    "integrators": ["adaptive", "rk4", "rk4_along", "rk4_step", "stiff"],
    "internal_variables.chain": ["ChainVariables"],
    "internal_variables.decoders": [
        "Gaussian",
        "GaussianMixture",
        "PhaseFlow",
        "SigmoidalFlow",
        "TwoPhases",
        "chain_decoder",
        "decoder_named",
    ],
    "internal_variables.encoder": ["DeepSet"],
    "internal_variables.model": ["InternalVariables"],
    "legendre_fenchel": ["convex_envelope", "legendre"],
    "networks": ["FICNN", "PICNN", "averaging_", "kaiming_normal_", "positive", "redraw_"],
    "potentials.channels": ["ChannelDissipation", "RampDissipation", "Seeing"],
    "potentials.chain": ["ChainDissipation", "LoadedChain"],
    "potentials.coordinates": ["Components", "DissipationInComponents", "EntropyInComponents"],
    "potentials.driven": ["DrivenDissipation", "DrivenEntropy"],
    "potentials.general": [
        "ConcaveEntropy",
        "ConvexDissipation",
        "CoshDissipation",
        "DissipationPotential",
        "Entropy",
        "FormulaDissipation",
        "FormulaEntropy",
        "IsotropicDissipation",
        "QuadraticDissipation",
        "QuadraticEntropy",
    ],
    "potentials.generic": [
        "CanonicalPoisson",
        "Energy",
        "EntropyCoordinate",
        "FormulaEnergy",
        "LearnedEnergy",
        "LearnedEntropy",
        "LearnedPoisson",
        "Poisson",
    ],
    "potentials.isothermal": ["ConvexFreeEnergy", "DualDissipation", "FreeEnergy"],
    "potentials.local": ["LocalDissipation", "LocalEntropy", "arithmetic_mean", "logarithmic_mean"],
    "potentials.mobility": ["DiluteDissipation", "MobilityDissipation"],
    "potentials.reactions": [
        "AffinityDissipation",
        "CoshHead",
        "IdealMixture",
        "LearnedMassAction",
        "LearnedMixture",
        "MassActionDissipation",
        "MixingEntropy",
    ],
    "record": ["Record"],
    "recordings.driven": ["DrivenTrajectories", "drive"],
    "recordings.ensembles": ["Ensembles", "pool", "rebin", "sampling_variance", "share_linearly"],
    "recordings.measure": ["even_instants", "measure", "uneven_instants"],
    "recordings.measured": ["Measurements"],
    "recordings.realisations": ["realisations_from_csv"],
    "recordings.recording": ["Recording"],
    "recordings.regular": ["Trajectories"],
    "recordings.simulate": ["simulate"],
    "recordings.simulate_ensembles": ["simulate_groups", "simulate_paths"],
    "stochastic.gillespie": ["gillespie"],
    "stochastic.langevin": ["langevin", "most_probable_path", "onsager_machlup_action"],
    "systems.diffusion": [
        "FickianDiffusion",
        "PorousMedium",
        "barenblatt",
        "effective_diffusivity",
        "local_dynamics",
        "mixing_entropy",
        "mobility_dissipation",
        "on_grid",
    ],
    "systems.generic.friction": ["growing_friction", "linear_friction", "threshold_friction"],
    "systems.generic.gas_containers": ["GasContainers"],
    "systems.generic.motor": ["ChemicalMotor"],
    "systems.generic.oscillators": ["DuffingInBath", "DuffingOscillator", "HeatBathOscillator"],
    "systems.generic.viscoplastic": ["PerzynaBar"],
    "systems.particle": ["AnisotropicParticle", "OverdampedParticle", "Particle", "SteepParticle"],
    "systems.reaction_text": ["Reaction"],
    "systems.reactions": ["PRESETS", "MassActionReactions"],
    "systems.spring_chain": ["SpringChain"],
    "systems.trapped_bead": ["TrappedBead"],
    "training.adam_lbfgs": ["AdamThenLBFGS"],
    "training.block_matching": ["BlockMatching"],
    "training.degeneracy_penalty": ["PenalisedDegeneracies"],
    "training.fit": ["History", "fit"],
    "training.integral_matching": ["DynamicsMatching", "IntegralMatching"],
    "training.objectives": ["Differences", "FlowMatching", "ScaledDifferences"],
    "training.onsager_residual": ["OnsagerResidual"],
    "training.physics_informed": ["PhysicsInformed"],
    "training.regression": ["regress"],
    "training.self_scaled_bfgs": ["SelfScaledBFGS"],
    "training.staged_bfgs": ["StagedBFGS", "after_exchange"],
    "training.starts": ["Start", "fit_until"],
}
_HOME_OF = {name: module for module, names in _HOMES.items() for name in names}
_MODULES = {
    "figures": "figures",
    "generic_measures": "evaluation.generic",
    "learners": "evaluation.learners",
    "measures": "evaluation.measures",
    "profiles": "systems.profiles",
    "protocols": "systems.protocols",
    "stiv": "internal_variables.stiv",
}

__all__ = sorted([*_HOME_OF, *_MODULES])


def __getattr__(name: str) -> Any:
    if name in _HOME_OF:
        return getattr(import_module(f"ggd_helpers.{_HOME_OF[name]}"), name)
    if name in _MODULES:
        return import_module(f"ggd_helpers.{_MODULES[name]}")
    raise AttributeError(f"ggd_helpers has no {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
