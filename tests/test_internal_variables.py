"""Internal variables: encoder, decoders, potentials, objective and measures, each by a property it must have."""

import math
from functools import partial

import numpy as np
import pytest
import torch
from conftest import chord_excess, normal, refused, shaken
from torch import nn
from torch.distributions import Normal, TransformedDistribution
from zuko.distributions import NormalizingFlow
from zuko.transforms import MonotonicTransform

from ggd_helpers.evaluation import internal_variables as measures
from ggd_helpers.evaluation.report import evaluate
from ggd_helpers.free_networks import Dense, Perceptron
from ggd_helpers.initialisation import redraw_
from ggd_helpers.internal_variables.decoders import DECODERS, Gaussian, GaussianMixture, Sigmoidal, decoder_named
from ggd_helpers.internal_variables.encoder import DeepSet
from ggd_helpers.internal_variables.model import InternalVariables
from ggd_helpers.potentials.isothermal import DualDissipation, FreeEnergy
from ggd_helpers.recordings.ensembles import Ensembles, pool, sampling_variance, share_linearly
from ggd_helpers.recordings.simulate_ensembles import simulate_groups
from ggd_helpers.systems import protocols
from ggd_helpers.systems.trapped_bead import TrappedBead
from ggd_helpers.training.fit import fit
from ggd_helpers.training.integral_matching import DynamicsMatching, IntegralMatching, divergence, log_size
from ggd_helpers.training.self_scaled_bfgs import SelfScaledBFGS

BEAD = TrappedBead()
SPEEDS = (0.5, 0.6, 0.7, 0.8, 0.9, 1.0)


def simulated(seed, realisations=400):
    drive = partial(protocols.inputs_of, [protocols.paper(speed) for speed in SPEEDS])
    return simulate_groups(BEAD, drive, realisations, points=101, dt=0.03, seed=seed, groups=2, bins=100)


GROUPS = simulated(20)
DATA = pool(GROUPS)
GRID = torch.linspace(-3, 3, 601, dtype=torch.float64)


# --- networks ---


@pytest.mark.parametrize(("dim", "depth"), [(1, 1), (3, 2), (2, 4)])
def test_the_slope_of_a_free_network_is_its_derivative(dim, depth):
    network, x = Dense(dim, width=7, depth=depth, seed=20), normal((5, 4, dim), 1)
    assert (network.gradient(x) - torch.func.grad(lambda x: network(x).sum())(x)).abs().max() < 1e-13


def test_a_network_of_nothing_is_a_constant():
    network = Perceptron([0, 5, 2], seed=20)
    assert network(torch.zeros(3, 0, dtype=torch.float64)).std(0).max() < 1e-15
    assert Perceptron([2, 5, 0])(torch.zeros(3, 2, dtype=torch.float64)).shape == (3, 0)


# --- encoder ---


def encoder(variables=2, seed=20):
    grid = torch.linspace(-4, 4, 81, dtype=torch.float64)
    reference = share_linearly(torch.linspace(-1, 1, 50) + 0.3 * normal((200, 50), 1), grid)
    return DeepSet(grid, reference, variables, seed=seed)


def test_the_order_of_realisations_does_not_matter():
    model, x = encoder(), 0.5 * normal((300, 4), 2)
    for seed in range(5):
        order = torch.randperm(300, generator=torch.Generator().manual_seed(seed))
        moved = model(share_linearly(x, model.grid)) - model(share_linearly(x[order], model.grid))
        assert moved.abs().max() < 1e-12


def test_realisations_given_twice_or_one_alone_are_a_cloud_as_well():
    model, x = encoder(), 0.5 * normal((300, 4), 2)
    doubled = model(share_linearly(torch.cat([x, x]), model.grid)) - model(share_linearly(x, model.grid))
    assert doubled.abs().max() < 1e-12
    assert torch.isfinite(model(share_linearly(x[:1], model.grid))).all()


def test_the_encoder_sees_more_than_the_mean():
    model = encoder()
    narrow, wide = (
        share_linearly(w * torch.linspace(-1, 1, 101, dtype=torch.float64)[:, None], model.grid) for w in (0.2, 2.0)
    )
    assert (narrow @ model.grid - wide @ model.grid).abs().max() < 1e-12
    assert (model(narrow) - model(wide)).abs().max() > 0.1


def test_the_gauge_is_mean_0_and_deviation_1_on_the_reference():
    model = encoder()
    alpha = model(model.reference)
    assert alpha.mean(0).abs().max() < 1e-12
    assert (alpha.std(0, correction=0) - 1).abs().max() < 1e-12


def test_the_encoder_is_the_deep_set_of_its_formula():
    """On grid points, where sharing changes nothing: rho of the mean of enc, realisation by realisation."""
    model = encoder()
    x = model.grid[torch.randint(81, (40,), generator=torch.Generator().manual_seed(3))]
    by_hand = model.rho(torch.stack([model.enc(each[None]) for each in x]).mean(0))
    raw = model.rho(model.reference @ model.enc(model.grid[:, None]))
    by_hand = (by_hand - raw.mean(0)) / raw.std(0, correction=0)
    assert (model(share_linearly(x[:, None], model.grid))[0] - by_hand).abs().max() < 1e-12


# --- decoders ---


@pytest.mark.parametrize("name", DECODERS)
def test_densities_integrate_to_1(name):
    state = normal((6, 3), 4)
    for seed in range(3):
        decoder = DECODERS[name](3, center=0.4, scale=0.3, seed=seed)
        density = decoder(state).log_prob(GRID[:, None]).exp()
        assert (torch.trapezoid(density, GRID, dim=0) - 1).abs().max() < 1e-6
        assert density.shape == (601, 6)


@pytest.mark.parametrize("name", DECODERS)
def test_samples_of_a_decoder_follow_its_density(name):
    decoder = DECODERS[name](2, center=0.4, scale=0.3, seed=20)
    with torch.random.fork_rng():
        torch.manual_seed(20)
        samples = decoder(normal((1, 2), 4)).sample((4000,))[:, 0]
    density = decoder(normal((1, 2), 4)).log_prob(GRID[:, None]).exp()[:, 0]
    below = np.append(0, torch.cumulative_trapezoid(density, GRID).detach())
    expected = np.interp(samples.sort().values, GRID, below)
    ranks = (np.arange(4000) + 0.5) / 4000
    assert np.abs(expected - ranks).max() < 2.0 / math.sqrt(4000)  # Kolmogorov: one in 1500 is larger


def random_map(seed):
    weights, slopes, places = normal((3, 7, 4), seed)
    return Sigmoidal(torch.log_softmax(weights, -1), slopes, places)


def test_the_sigmoidal_map_is_the_formula_of_the_paper():
    each, y = random_map(1), normal((7,), 2)
    inside = torch.sigmoid(each.log_slopes.exp() * (y[:, None] - each.places))
    assert (each(y) - torch.logit((each.log_weights.exp() * inside).sum(-1))).abs().max() < 1e-12


def test_the_sigmoidal_map_goes_back_and_knows_its_slope_far_out_too():
    for seed in range(5):
        each, y = random_map(seed), torch.linspace(-60, 60, 7, dtype=torch.float64)
        z = each(y)
        assert (each.inv(z) - y).abs().max() < 1e-9
        slope = torch.func.grad(lambda y, each=each: each(y).sum())(y)
        assert (each.log_abs_det_jacobian(y, z) - slope.log()).abs().max() < 1e-9


def test_a_flow_through_the_sigmoidal_map_is_that_of_zuko():
    each, y = random_map(3), torch.linspace(-4, 4, 7, dtype=torch.float64)

    def formula(x):
        inside = torch.sigmoid(each.log_slopes.exp() * (x[..., None] - each.places))
        return torch.logit((each.log_weights.exp() * inside).sum(-1))

    other, base = MonotonicTransform(formula, bound=60.0, eps=1e-9), Normal(0 * y, 1 + 0 * y)
    z, slope = other.call_and_ladj(y)
    assert (each(y) - z).abs().max() < 1e-12
    assert (each.log_abs_det_jacobian(y, z) - slope).abs().max() < 1e-9
    assert (each.inv(z) - other.inv(z)).abs().max() < 1e-8
    ours = TransformedDistribution(base, [each.inv])
    assert (ours.log_prob(y) - NormalizingFlow(other, base).log_prob(y)).abs().max() < 1e-9


def test_a_mixture_of_one_is_a_gaussian():
    one, state = GaussianMixture(2, components=1, seed=20), normal((5, 2), 1)
    parts = one(state).component_distribution
    known = Normal(parts.mean[:, 0], parts.stddev[:, 0]).log_prob(GRID[:, None])
    assert (one(state).log_prob(GRID[:, None]) - known).abs().max() < 1e-12


# --- potentials ---


@pytest.mark.parametrize("seed", range(5))
def test_the_dual_dissipation_potential_is_admissible_for_random_weights(seed):
    potential = shaken(DualDissipation(2, energy=0.3, rate=2.0), seed, 1.5)
    x, a, b = normal((500, 2), 1), normal((500, 2), 2), normal((500, 2), 3)
    zero = torch.zeros_like(a)
    assert potential(x, zero).abs().max() < 1e-10
    assert potential.flux(x, zero).abs().max() < 1e-10
    scale = potential(x, a).abs().max().item()
    assert potential(x, a).min() > -1e-12 * scale
    share = torch.rand(500, generator=torch.Generator().manual_seed(4), dtype=torch.float64)
    assert chord_excess(lambda g: potential(x, g), a, b, share).max() < 1e-12 * scale
    slope = torch.func.grad(lambda g: potential(x, g).sum())(a)
    assert (potential.flux(x, a) - slope).abs().max() < 1e-11 * scale


def test_without_the_network_the_dissipation_is_the_base_parabola():
    potential = DualDissipation(1, energy=0.3, rate=2.0)
    for parameter in potential.network.parameters():
        nn.init.zeros_(parameter)
    g = normal((9, 1), 1)
    parabola = 0.3 * 2.0 * 0.5 * (g[:, 0] / 0.3) ** 2
    own = (potential(g, g) - parabola) / parabola  # positive weights are never 0: exp(-5) at least
    assert 0 <= own.min() <= own.max() < 1e-3


def test_slopes_of_the_free_energy_are_its_derivatives():
    center, scale = normal((2,), 1), normal((2,), 2).exp()
    potential = shaken(FreeEnergy(3, center, scale, energy=0.7), 20, 1.5)
    x, u = normal((8, 3), 3), normal((8, 2), 4)
    by_x, by_u = torch.func.grad(lambda x, u: -potential(x, u).sum(), argnums=(0, 1))(x, u)
    found_x, found_u = potential.slopes(x, u)
    assert (found_x - by_x).abs().max() < 1e-10
    assert (found_u - by_u).abs().max() < 1e-10
    assert (potential.at(u).conjugate(x) + by_x).abs().max() < 1e-10


@pytest.mark.parametrize("seed", [20, 21])
def test_the_second_law_on_100000_states_of_untrained_models(seed):
    model = shaken(InternalVariables.for_ensembles(DATA, variables=2, seed=seed), seed)
    alpha, u = 3 * normal((100_000, 2), seed), 3 * normal((100_000, 1), seed + 1)
    with torch.no_grad():
        production = model.dynamics.at(u).entropy_production(alpha)
        dissipation = model.dissipation(alpha, u)
    assert production.min() > -1e-12 * production.max()
    assert (production - dissipation).min() > -1e-12 * production.max()


# --- the model ---


def test_rate_and_force_are_those_of_the_driven_law():
    model = InternalVariables.for_ensembles(DATA, variables=2, seed=20)
    alpha, u = normal((9, 2), 1), normal((9, 1), 2)
    rate, force = model.rate_and_force(alpha, u)
    assert (rate - model.dynamics.at(u)(alpha)).abs().max() < 1e-13
    assert (force - model.dynamics.force(alpha, u)).abs().max() < 1e-13


@pytest.mark.parametrize("variables", [0, 1, 2])
@pytest.mark.parametrize("decoder", DECODERS.values(), ids=DECODERS)
def test_every_decoder_with_every_number_of_variables_has_a_loss_and_measures(variables, decoder):
    model = InternalVariables.for_ensembles(DATA, variables, decoder, seed=20)
    objective = IntegralMatching(sampling_variance(GROUPS))
    loss = objective.loss(model, objective.batch(DATA, 4))
    loss.backward()
    assert torch.isfinite(loss)
    assert all(torch.isfinite(p.grad).all() for p in model.parameters() if p.grad is not None)
    found = evaluate(model, DATA, [measures.dynamics, measures.likelihood], stride=2).metrics
    assert ("alpha_error" in found) == (variables > 0)
    assert all(math.isfinite(value) for value in found.values())


def test_a_seed_says_which_model():
    def weights(seed):
        model = InternalVariables.for_ensembles(DATA, seed=seed)
        return torch.cat([parameter.flatten() for parameter in model.parameters()])

    assert torch.equal(weights(20), weights(20))
    assert (weights(20) - weights(21)).abs().max() > 0.1


# --- the objective ---


def test_log_size_is_the_profile_likelihood():
    """Minus the Gaussian log-likelihood at its best variance, found by trying many, up to a constant."""
    residual = 0.3 * normal((500, 1), 1)
    tried = torch.linspace(0.1, 0.6, 5001, dtype=torch.float64)
    best = (tried.log() + residual.square().mean() / (2 * tried**2)).min() - 0.5
    assert log_size(residual).item() == pytest.approx(best.item(), abs=1e-6)
    assert log_size(torch.zeros(5, 1), 0.25).item() == pytest.approx(math.log(0.5))
    assert log_size(torch.zeros(5, 0)).item() == 0


def test_the_divergence_is_zero_for_the_density_of_the_cells_and_known_for_shifted_gaussians():
    grid = torch.linspace(-8, 8, 801, dtype=torch.float64)
    density, shifted = Normal(0.0, 1.0).log_prob(grid), Normal(0.5, 1.0).log_prob(grid)
    spacing = grid[1] - grid[0]
    shares = density.exp() * spacing
    assert divergence(shares, density, spacing).abs() < 1e-12
    assert divergence(shares, shifted, spacing).item() == pytest.approx(0.5**2 / 2, rel=1e-6)


class Exact(nn.Module):
    """The exact answer with alpha = the mean: nothing is learned."""

    dynamics = BEAD

    def encode(self, shares):
        return shares @ DATA.grid

    def rate_and_force(self, alpha, u):
        return BEAD.at(u)(alpha), BEAD.force(alpha, u)

    def decode(self, alpha, u):
        return Normal(alpha[..., 0], math.sqrt(BEAD.variance), validate_args=False)

    def free_energy(self, alpha, u):
        return 0.37 - BEAD.entropy(alpha, u)

    def dissipation(self, alpha, u):
        return BEAD.dissipation(alpha, BEAD.at(u).conjugate(alpha))


def test_the_exact_answer_scores_better_than_one_with_another_friction_force_or_width():
    objective = IntegralMatching(sampling_variance(GROUPS))
    batch, exact = objective.batch(DATA), Exact()
    best = objective.loss(exact, batch)

    def changed(rate=1.0, force=1.0, width=1.0):
        model = Exact()
        model.rate_and_force = lambda a, u: (rate * BEAD.at(u)(a), force * BEAD.force(a, u))
        model.decode = lambda a, u: Normal(a[..., 0], width * math.sqrt(BEAD.variance), validate_args=False)
        return objective.loss(model, batch)

    for change in ({"rate": 1.05}, {"rate": 0.95}, {"force": 1.01}, {"force": 0.99}, {"width": 1.2}, {"width": 0.85}):
        assert changed(**change) > best + 0.02, change


def test_windows_are_stretches_of_the_protocols():
    objective = IntegralMatching(sampling_variance(GROUPS), lag=7)
    batch = objective.batch(DATA, 5)
    assert batch.shares.shape[:3] == (6, 5, 8)
    mean, known = batch.shares[..., 0, :] @ DATA.grid, DATA.mean[..., 0]
    assert torch.allclose(mean[:, 0], known[:, :8])
    assert torch.allclose(mean[:, -1], known[:, -8:])


def test_matching_the_dynamics_alone_is_the_same_loss_without_the_decoder():
    model, floor = InternalVariables.for_ensembles(DATA, seed=20), sampling_variance(GROUPS)
    alone, whole = DynamicsMatching(floor), IntegralMatching(floor)
    batch = alone.batch(DATA, 8)
    with torch.no_grad():
        dynamics, both = alone.loss(model, batch), whole.loss(model, batch)
        alpha = model.encode(batch.shares)[:, ::2, 0]
        density = model.decode(alpha, batch.inputs[:, ::2, 0]).log_prob(DATA.grid[:, None, None]).movedim(0, -1)
        shares, spacing = batch.shares[:, ::2, 0, 0], DATA.grid[1] - DATA.grid[0]
        known = shares * (shares.clamp_min(1e-300).log() - density - spacing.log())
        assert both - dynamics == pytest.approx(0.5 * known.sum(-1).mean().log().item(), rel=1e-9)
        shaken(model.decoder, 5, 1.5)
        assert alone.loss(model, batch) == dynamics
        assert abs(whole.loss(model, batch) - both) > 0.1


# --- measures ---


class AtRest(Exact):
    """The exact answer that also knows the exact start."""

    def encode(self, shares):
        return torch.zeros(*shares.shape[:2], 1, dtype=shares.dtype)


def test_what_is_predicted_from_the_exact_start_by_the_exact_law_is_the_truth():
    found, truth = measures.predicted(evaluate(AtRest(), DATA, [], stride=2)), measures.exact(BEAD, DATA)
    assert list(found) == list(truth) == ["force", "free_energy", "dissipation"]
    for name in truth:
        assert found[name].shape == (6, 51)
        assert measures.percent(found[name], truth[name]) < 0.5, name  # steps of 0.06 under a trap of period 1


def test_the_truth_under_a_ramp_is_that_of_the_closed_form():
    bead, speed = TrappedBead(stiffness=2.0, anchor=0.5, viscosity=1.5), 0.8
    drive = partial(protocols.inputs_of, [protocols.ramp(speed)])
    data = pool(simulate_groups(bead, drive, 4, points=101, dt=0.02, seed=20))
    t, rate = data.times[::2], 2.5 / 1.5
    mean, u = 2.0 / 1.5 * speed * (t / rate - (1 - torch.exp(-rate * t)) / rate**2), speed * t
    truth = measures.exact(bead, data)
    assert (truth["force"][0] - 2 * (u - mean)).abs().max() < 1e-6
    assert (truth["free_energy"][0] - (0.25 * mean**2 + (u - mean) ** 2)).abs().max() < 1e-6
    assert (truth["dissipation"][0] - (2 * u - 2.5 * mean) ** 2 / 3).abs().max() < 1e-6


@pytest.mark.parametrize("batch", [(), (3,), (2, 4)])
def test_shares_of_a_distribution_on_a_grid_follow_its_density(batch):
    mean = 0.3 * normal((*batch, 1), 1)[..., 0]
    shares = measures.shares_on(GRID, Normal(mean, 0.4))
    assert shares.shape == (*batch, len(GRID))
    assert (shares.sum(-1) - 1).abs().max() < 1e-12
    above = shares[..., GRID > 0.1].sum(-1)
    known = 0.5 * torch.erfc((0.1 - mean) / (0.4 * math.sqrt(2)))
    assert (above - known).abs().max() < 0.01


def test_the_exact_answer_has_no_error_but_that_of_the_samples():
    found = evaluate(Exact(), DATA, measures.against(BEAD), stride=2).metrics
    assert found["f_error"] < 1e-10
    assert found["phi_error"] < 1e-10
    floors = measures.sampling_floors(Exact(), GROUPS[0], DATA)
    assert found["force_error"] < 2 * floors["sampling_floor_force"]
    assert found["mean_error"] < 2 * floors["sampling_floor_mean"]
    entropy = 0.5 * math.log(2 * math.pi * math.e * BEAD.variance)
    assert found["nll"] == pytest.approx(entropy, abs=0.03)


def test_a_mean_on_the_grid_is_that_of_a_lopsided_mixture():
    mixture = GaussianMixture(2, center=0.4, scale=0.3, seed=20)(normal((4, 5, 2), 1))
    assert (measures.mean_on(GRID, mixture)[..., 0] - mixture.mean).abs().max() < 1e-6


def test_floors_from_halves_are_those_of_independent_data():
    exact = Exact()
    half = measures.sampling_floors(exact, GROUPS[0], DATA)
    others = [pool(simulated(seed)) for seed in (21, 22, 23)]
    truth = BEAD.mean(DATA.inputs, DATA.dt)[:, 1:]
    known = {
        "sampling_floor_mean": [measures.percent(other.mean[:, 1:], truth) for other in others],
        "sampling_floor_force": [measures.percent(o.outputs[:, 1:], o.inputs[:, 1:] - truth) for o in others],
    }
    for name, values in known.items():
        assert half[name] == pytest.approx(sum(values) / 3, rel=0.25), name


def test_training_finds_the_law():
    """Ten times better than a force without memory, the equilibrium force `k0 k u / (k0 + k)`; alpha is one-to-one."""
    model, objective = InternalVariables.for_ensembles(DATA, seed=20), IntegralMatching(sampling_variance(GROUPS))
    recipe = SelfScaledBFGS(objective, iterations=150, points=10, restarts=1, tolerance=-math.inf)
    fit(model, DATA, recipe, seed=20, progress=False)
    found = evaluate(model, DATA, measures.against(BEAD), stride=2).metrics
    without_memory = measures.percent(BEAD.force(BEAD.equilibrium_mean(DATA.inputs), DATA.inputs), DATA.outputs)
    assert found["force_error"] < without_memory / 10
    assert found["f_error"] < 10
    alpha, mean = model.encode(DATA.shares).flatten(), DATA.mean.flatten()
    slopes = alpha[mean.argsort()].unfold(0, 60, 60).mean(-1).diff()
    assert (slopes.sign() == slopes.sign().sum().sign()).double().mean() > 0.95


def test_a_redraw_changes_all_that_is_learned():
    model = InternalVariables.for_ensembles(DATA, seed=20)
    before = {name: parameter.detach().clone() for name, parameter in model.named_parameters()}
    redraw_(model, torch.Generator().manual_seed(5))
    same = [name for name, parameter in model.named_parameters() if torch.equal(parameter, before[name])]
    assert all("raw_base" in name or ("dissipation" in name and "bias" in name) for name in same), same


# --- bad input ---


def without_force():
    return Ensembles(DATA.shares, DATA.grid, DATA.inputs, DATA.dt, DATA.realisations)


def still():
    return Ensembles(
        DATA.shares[:, :1].expand_as(DATA.shares),
        DATA.grid,
        torch.zeros_like(DATA.inputs),
        DATA.dt,
        DATA.realisations,
        torch.zeros_like(DATA.outputs),
    )


OBJECTIVE = IntegralMatching(sampling_variance(GROUPS))
BAD = {
    "minus one variable": (lambda: InternalVariables.for_ensembles(DATA, variables=-1), "variables must be", "got -1"),
    "half a variable": (lambda: InternalVariables.for_ensembles(DATA, variables=0.5), "variables must be", "got 0.5"),
    "no force": (lambda: InternalVariables.for_ensembles(without_force()), "the force must have been measured"),
    "no force to match": (lambda: OBJECTIVE.batch(without_force()), "the force must have been measured"),
    "nothing moves": (lambda: InternalVariables.for_ensembles(still()), "nothing moves", "take protocols that pull"),
    "decoder x": (lambda: decoder_named("x"), "decoder must be gaussian, gmm or flow", "got 'x'"),
    "no component": (lambda: GaussianMixture(1, components=0), "components must be", "got 0"),
    "no unit": (lambda: DECODERS["flow"](1, units=0), "units must be", "got 0"),
    "no spread": (lambda: Gaussian(1, scale=0.0), "scale must be positive", "got 0.0"),
    "long lag": (lambda: IntegralMatching(torch.zeros(1), lag=500).batch(DATA), "lag must be", "1 to 100", "got 500"),
    "no lag": (lambda: IntegralMatching(torch.zeros(1), lag=0).batch(DATA), "lag must be", "got 0"),
    "no rate": (lambda: DualDissipation(1, energy=1.0, rate=math.nan), "rate must be positive", "got nan"),
    "no energy": (lambda: DualDissipation(1, energy=0.0, rate=1.0), "energy must be positive", "got 0.0"),
    "stride": (lambda: evaluate(Exact(), DATA, [measures.dynamics]), "stride must be 2", "got 1"),
}


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD)
def test_bad_input_is_refused_in_one_sentence(bad):
    attempt, *words = bad
    with refused(*words):
        attempt()


def test_the_distance_from_data_is_one_for_the_truth_and_large_for_an_untrained_model():
    """The truth as a model: alpha is the mean itself, and the pair that of the bead."""

    class Truth:
        dynamics = BEAD

        def encode(self, shares):
            return (shares @ DATA.grid).flatten(-1).clone()

        def decode(self, alpha, u):
            return Normal(alpha.squeeze(-1), BEAD.variance**0.5)

    distance = measures.distance_from_data(Truth(), GROUPS[0], DATA)
    assert 0.3 < distance < 3
    untrained = InternalVariables.for_ensembles(DATA, seed=20)
    assert measures.distance_from_data(untrained, GROUPS[0], DATA) > 5 * distance
