"""Figures: one function each, data or models in, a matplotlib Figure out."""

from ggd_helpers.figures.bath_live import BathPicture
from ggd_helpers.figures.diffusion import (
    densities,
    diffusivities,
    field_comparison,
    floor_by_frame,
    pictures,
    profiles,
    spot,
    waves,
)
from ggd_helpers.figures.diffusion_live import DiffusionPicture
from ggd_helpers.figures.generic import (
    Friction,
    energy_drifts,
    friction_laws,
    learned_paths,
    learners_over_seeds,
    there_and_back,
    where_energy_goes,
)
from ggd_helpers.figures.internal_variables import (
    bands,
    clouds,
    collapse,
    errors_against_number,
    errors_by_weights,
    loops,
    moments,
    potentials_along,
    roll_outs,
    surface,
)
from ggd_helpers.figures.measured import (
    BandPanel,
    FoundPanel,
    error_bands,
    fitted_records,
    found_functions,
    held_out,
)
from ggd_helpers.figures.particle import (
    beyond_the_data,
    ellipses,
    entropy_hill,
    error_histogram,
    potentials,
    potentials_2d,
    prediction,
    same_motion,
    trajectories_1d,
    trajectories_2d,
)
from ggd_helpers.figures.particle_live import ParticlePicture
from ggd_helpers.figures.phase_change import (
    closure,
    free_energy_plane,
    hysteresis,
    marginals,
    over_time,
    phase_space,
    same_mean,
    shares_against,
)
from ggd_helpers.figures.reactions import (
    concentrations,
    dissipation_slices,
    entropy_derivatives,
    entropy_slices,
    fixed_or_along,
    from_outside,
    linear_regime,
    predicted_concentrations,
    same_reaction,
    visited,
    worth_of_knowledge,
)
from ggd_helpers.figures.reactions_live import ReactionsPicture
from ggd_helpers.figures.spring_chain import one_chain
from ggd_helpers.figures.start import growing, rough_laws
from ggd_helpers.figures.training import ablation, loss_curves
from ggd_helpers.figures.trap_live import TrapPicture
