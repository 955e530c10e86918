"""Internal variables of a chain: potentials, decoder, objective, recipe and measures, each by what it must have."""

import math
from functools import partial

import pytest
import torch
from conftest import normal, refused, shaken

from ggd_helpers.dynamics.driven import DrivenDynamics
from ggd_helpers.evaluation import chain as measures
from ggd_helpers.evaluation.report import evaluate
from ggd_helpers.free_networks import ConvexInPart
from ggd_helpers.grids import OpenLine
from ggd_helpers.integrators import rk4_along
from ggd_helpers.internal_variables.chain import ChainVariables
from ggd_helpers.internal_variables.decoders import PhaseFlow, TwoPhases, chain_decoder
from ggd_helpers.internal_variables.stiv import PhasesWithNeighbours
from ggd_helpers.potentials.chain import ChainDissipation, LoadedChain, by_spring, of_chain
from ggd_helpers.potentials.general import IsotropicDissipation
from ggd_helpers.potentials.isothermal import ConvexFreeEnergy, DualDissipation
from ggd_helpers.recordings.ensembles import Ensembles, pool, rebin, share_linearly
from ggd_helpers.recordings.simulate_ensembles import simulate_groups
from ggd_helpers.systems import protocols
from ggd_helpers.systems.spring_chain import SpringChain
from ggd_helpers.training.block_matching import BlockMatching
from ggd_helpers.training.fit import fit
from ggd_helpers.training.staged_bfgs import AfterExchange, StagedBFGS
from ggd_helpers.training.starts import fit_until

CHAIN = SpringChain(springs=4)
PULLS = [protocols.stretch(start) for start in (5.0, 7.0, 9.0)]
GROUPS = simulate_groups(CHAIN, partial(protocols.inputs_of, PULLS), 200, points=41, dt=0.1, seed=20, bins=40)
DATA = pool(GROUPS)


def untrained(seed=20):
    return ChainVariables.for_ensembles(DATA, TwoPhases, seed=seed)


def objective(**changes):
    return BlockMatching(CHAIN.pull, **{"block": 5, "lags": (2, 4)} | changes)


# --- potentials ---


def test_differences_on_a_line_go_over_by_parts():
    line, f, v = OpenLine(7), normal((3, 7), 1), normal((3, 7), 2)
    assert ((v * line.gradient(f)).sum(-1) + (line.divergence(v) * f).sum(-1)).abs().max() < 1e-13


def test_the_slope_of_a_partly_convex_network_is_its_derivative():
    network, z = shaken(ConvexInPart(3, 2, width=5), 1), normal((6, 5), 1)
    assert (network.gradient(z) - torch.func.grad(lambda z: network(z).sum())(z)).abs().max() < 1e-12


def test_a_state_is_taken_apart_and_put_together():
    strain, alpha = normal((2, 5, 1), 1), normal((2, 5, 2), 2)
    again = by_spring(of_chain(strain, alpha), 5)
    assert torch.equal(again[0], strain)
    assert torch.equal(again[1], alpha)


@pytest.mark.parametrize("seed", range(3))
def test_the_pair_is_the_derivative_of_its_potentials(seed):
    model, x, load = shaken(untrained().dynamics, seed, 0.7), normal((5, 8), 3), normal((5, 1), 4)
    conjugate = model.at(load).conjugate(x)
    assert (conjugate - torch.func.grad(lambda x: model.entropy(x, load).sum())(x)).abs().max() < 1e-9
    x_star = normal((5, 8), 5)
    by_hand = torch.func.grad(lambda x_star: model.dissipation(x, x_star).sum())(x_star)
    assert (model.dissipation.flux(x, x_star) - by_hand).abs().max() < 1e-9


@pytest.mark.parametrize("seed", range(3))
def test_the_second_law_holds_before_anything_is_learned(seed):
    model, x, load = shaken(untrained().dynamics, seed), 3 * normal((100_000, 8), 1), 3 * normal((100_000, 1), 2)
    with torch.no_grad():
        production = model.at(load).entropy_production(x)
    assert production.min() >= -1e-9 * production.abs().max()
    assert production.max() > 0


@pytest.mark.parametrize("seed", range(3))
def test_the_free_energy_is_convex_in_the_internal_variable_without_its_base(seed):
    f = ConvexFreeEnergy(1, torch.zeros(1, dtype=torch.float64), torch.ones(1, dtype=torch.float64), 1.0)
    network = shaken(f.network, seed, 2.0)
    a, b, u = 2 * normal((2000, 1), 1), 2 * normal((2000, 1), 2), normal((2000, 1), 3)
    at = [network(torch.cat([x, u], dim=-1)) for x in (a, b, 0.5 * (a + b))]
    assert (at[2] - 0.5 * (at[0] + at[1])).max() <= 1e-10 * at[0].abs().max()


class Linear(torch.nn.Module):
    """Springs that pull with their strain: `f = eps^2 / 2`, nothing remembered."""

    def slopes(self, alpha, strain):
        return torch.zeros_like(alpha), strain


def linear_chain(n):
    jumps = DualDissipation(2, 1.0, 1.0, forces=1)
    return DrivenDynamics(
        LoadedChain(Linear(), OpenLine(n)), ChainDissipation(IsotropicDissipation(2.0), jumps, OpenLine(n))
    )


def test_a_chain_of_linear_springs_goes_where_matrices_say():
    """Under a constant force: places obey dx/dt = m (A x + F at the end), solved by the exponential of a matrix."""
    n, force, end = 5, 0.3, 4.0
    a = -2 * torch.eye(n, dtype=torch.float64) + torch.diag(torch.ones(n - 1, dtype=torch.float64), 1)
    a = a + torch.diag(torch.ones(n - 1, dtype=torch.float64), -1)
    a[-1, -1] = -1
    rest = torch.full((n,), force, dtype=torch.float64).cumsum(0)
    places = rest - torch.linalg.matrix_exp(2.0 * end * a) @ rest
    start = of_chain(torch.zeros(n, 1, dtype=torch.float64), torch.zeros(n, 1, dtype=torch.float64))
    inputs = torch.full((3201, 1), force, dtype=torch.float64)
    with torch.no_grad():
        rolled = rk4_along(linear_chain(n), start, inputs, end / 1600)
    assert (by_spring(rolled[-1], n)[0].squeeze(-1).cumsum(0) - places).abs().max() < 1e-10


def test_a_known_pull_and_the_force_that_it_needs_give_the_same_motion():
    model = shaken(untrained(), 3, 0.3)
    x, speed = model.encode(DATA.shares[:, 0]), torch.full((3, 1), 0.4, dtype=torch.float64)
    with torch.no_grad():
        force = model.end_force(x, speed)
        by_pull, by_force = model.pulled().at(speed)(x), model.dynamics.at(force)(x)
    assert (by_pull - by_force).abs().max() < 1e-12
    assert (by_spring(by_pull, 4)[0].sum((-1, -2)) - 0.4).abs().max() < 1e-12  # the length grows as its end moves


# --- encoder and decoder ---


def test_the_mean_of_the_mixture_is_the_mean_strain():
    decoder, state = shaken(TwoPhases(2, center=0.7, scale=1.3), 1), normal((50, 2), 2)
    assert (decoder(state).mean - (0.7 + 1.3 * state[:, 1])).abs().max() < 1e-12


def test_the_density_of_the_mixture_integrates_to_1():
    grid = torch.linspace(-60, 60, 60_001, dtype=torch.float64)
    density = TwoPhases(2, center=0.7, scale=1.3)(normal((20, 2), 2)).log_prob(grid[:, None]).exp()
    assert (torch.trapezoid(density, grid, dim=0) - 1).abs().max() < 1e-6


def test_the_sampling_variance_of_alpha_is_that_of_new_realisations():
    encoder = untrained().encoder
    generator, grid, realisations = torch.Generator().manual_seed(1), encoder.grid, 400
    points = torch.randn(300 * realisations, generator=generator, dtype=torch.float64) * 0.3 + 1
    clouds = points.view(realisations, 300)
    with torch.no_grad():
        scatter = encoder(share_linearly(clouds, grid)).var(0)
        told = encoder.sampling_variance(share_linearly(points[:, None], grid), realisations)[0]
    assert 0.75 < (told / scatter).item() < 1.35  # 300 clouds tell a variance to 8 percent, and shares smooth a little


# --- training ---


def test_a_model_fits_its_own_motion_and_no_other_does():
    """Residuals of rates integrated over blocks: nearly none for the law that made the motion."""
    model, goal = shaken(untrained(), 5, 0.2), objective(held_floor=1e-12)
    loads = CHAIN.pull(DATA)
    with torch.no_grad():
        x = rk4_along(model.dynamics, model.encode(DATA.shares[:, 0]), loads.repeat_interleave(2, dim=1)[:, :-1], 0.1)
        batch = goal.batch(DATA)
        averages = (x[:, :-1] + x[:, 1:]).unfold(1, 5, 5).mean(-1) / 2
        own = goal.motion_loss(model, batch, x[:, ::5], averages)
        model.pair.friction.log_mobility += 0.2
        other = goal.motion_loss(model, batch, x[:, ::5], averages)
    assert other - own > 1.0


def test_averages_over_blocks_are_trapezoids():
    batch = objective().batch(DATA)
    by_hand = torch.trapezoid(DATA.shares[:, 5:11], dim=1) / 5
    assert (batch.averages[:, 1] - by_hand).abs().max() < 1e-14
    assert batch.edges.shape[1] == batch.averages.shape[1] + 1 == 9


@pytest.mark.parametrize(
    ("changes", "words"),
    [({"block": 0}, "block must be"), ({"block": 99}, "block must be"), ({"lags": (9,)}, "lags must be")],
)
def test_blocks_that_do_not_fit_are_refused(changes, words):
    with refused(words):
        objective(**changes).batch(DATA)


def test_each_stage_trains_its_own_part_and_the_loss_falls():
    model, seen = untrained(), []
    names = [name for name, _ in model.named_parameters()]
    recipe = StagedBFGS(objective(), candidates=2, iterations=(4, 4, 4, 4, 4))

    def watch(iteration, loss):
        seen.append((loss, [p.detach().clone() for p in model.parameters()]))

    fit(model, DATA, recipe, seed=20, progress=False, watch=watch)
    assert len(seen) == 24
    for first, last, parts in ((8, 11, ("dynamics", "chain", "pair")), (12, 15, ("encoder", "decoder"))):
        still = [i for i, name in enumerate(names) if name.startswith(parts)]
        assert all(torch.equal(seen[first][1][i], seen[last][1][i]) for i in still)
        assert seen[last][0] < seen[first][0]
    assert seen[19][0] < seen[16][0]
    assert seen[23][0] < seen[20][0]


def staged_run(candidates=2, iterations=(2, 2, 2, 3, 2)):
    return StagedBFGS(objective(), candidates, iterations).start(untrained(), DATA, torch.Generator().manual_seed(1))


@pytest.mark.parametrize("done", [3, 5, 7, 9, 12])  # in the second candidate, and in each of the other stages
def test_a_resumed_run_goes_on_like_an_uninterrupted_one(done):
    first, second = staged_run(), staged_run()
    for _ in range(done):
        first.step()
    kept = first.state_dict()
    rest = [first.step() for _ in range(13 - done)]
    second.load_state_dict(kept)
    assert [second.step() for _ in range(13 - done)] == pytest.approx(rest, rel=1e-9)
    assert first.finished
    assert second.finished


def test_a_checkpoint_of_another_loss_is_refused():
    first, second = staged_run(), staged_run()
    first.step()
    kept = first.state_dict()
    second.batch = second.batch._replace(edges=second.batch.edges.roll(1, dims=-1))
    with refused("another formula"):
        second.load_state_dict(kept)


@pytest.mark.parametrize("done", [1, 3, 5])  # steps: in the first candidate, in the second, in the second stage
def test_an_interrupted_run_leaves_the_best_weights(done):
    run = staged_run()
    losses = [run.step() for _ in range(done)]
    run.flat.write(run.descent.theta + 1.0)  # as in the middle of a line search
    run.keep_best()
    batch = objective().batch(DATA)
    left = objective().density_loss(run.model, batch, run.model.encode(batch.edges))
    assert left.item() == pytest.approx(min(losses), rel=1e-9)


def test_a_draw_from_which_nothing_can_be_learned_has_lost(monkeypatch):
    monkeypatch.setattr("ggd_helpers.training.staged_bfgs.restart_", lambda model, generator: spoil(model))
    run, first = staged_run(), staged_run(candidates=1)
    losses = [run.step() for _ in range(4)], [first.step() for _ in range(4)]
    assert losses[0] == pytest.approx(losses[1], rel=1e-9)
    assert run.iteration == first.iteration + 2


def test_after_an_exchange_the_decoder_learns_alone_and_then_with_all():
    model, seen = untrained().with_decoder(PhaseFlow, 3), []
    names = [name for name, _ in model.named_parameters()]

    def watch(iteration, loss):
        seen.append((loss, [p.detach().clone() for p in model.parameters()]))

    fit(model, DATA, AfterExchange(objective(), (5, 4)), seed=20, progress=False, watch=watch)
    moved = {name for name, a, b in zip(names, seen[0][1], seen[4][1], strict=True) if not torch.equal(a, b)}
    assert moved
    assert all(name.startswith("decoder") for name in moved)
    assert seen[4][0] < seen[0][0]
    assert seen[8][0] < seen[5][0]
    assert not torch.equal(seen[5][1][0], seen[8][1][0])


@pytest.mark.parametrize("recipe", [StagedBFGS, AfterExchange])
@pytest.mark.parametrize("iterations", [(), (1, 1, 1), (1, 0), (1, 1, 1, 1, 0)])
def test_iterations_that_are_no_plan_are_refused(recipe, iterations):
    with refused("iterations must be"):
        recipe(objective(), iterations=iterations).start(untrained(), DATA, torch.Generator())


def spoil(model):
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.fill_(math.nan)


def test_starts_end_with_the_first_that_passes_and_the_best_comes_first():
    scores = iter([9.0, 5.0, 1.5, 0.1])
    recipe = StagedBFGS(objective(), 1, (1, 1, 1, 1, 1))
    made = fit_until(2.0, lambda model: next(scores), untrained, DATA, recipe, starts=4, progress=False)
    assert [start.score for start in made] == [1.5, 5.0, 9.0]


# --- measures ---


def test_all_measures_are_finite_and_named_as_agreed():
    found = evaluate(untrained(), DATA, measures.against(CHAIN)).metrics
    both = {f"{name}_error{suffix}" for name in ("eps", "alpha", "p") for suffix in ("", "_v")}
    assert set(found) == both | {"force_error_v", "stress_error", "decoded_p_error", "nll"}
    assert all(map(math.isfinite, found.values()))


def test_floors_from_halves_are_those_of_new_data():
    """On average over ten data sets: one has few independent numbers."""
    drive, grid_of = partial(protocols.inputs_of, PULLS[:1]), untrained()
    truth = pool(simulate_groups(CHAIN, drive, 10_000, points=41, dt=0.1, seed=21, bins=40))
    floors, off = [], []
    for seed in range(30, 40):
        groups = simulate_groups(CHAIN, drive, 100, points=41, dt=0.1, seed=seed, bins=40)
        whole = pool(groups)
        floors.append(measures.sampling_floors(CHAIN, grid_of, groups[0], whole)["sampling_floor_eps"] ** 2)
        off.append(1e4 * ((whole.mean - truth.mean)[:, 1:].square().sum() / truth.mean[:, 1:].square().sum()).item())
    assert 0.6 < sum(floors) / sum(off) < 1.6


def test_a_model_of_nothing_that_moves_is_refused():
    shares = DATA.shares[:, :1].expand(-1, 41, -1, -1)
    still = Ensembles(shares, DATA.grid, DATA.inputs, 0.1, 200, torch.zeros_like(DATA.outputs))
    with refused("nothing moves"):
        ChainVariables.for_ensembles(still, TwoPhases)


# --- flow, grids, guesses ---


def test_a_flow_about_the_mean_integrates_to_1():
    grid = torch.linspace(-12, 12, 6001, dtype=torch.float64)
    density = PhaseFlow(2, center=0.7, scale=1.3, seed=3)(normal((20, 2), 2)).log_prob(grid[:, None]).exp()
    assert (torch.trapezoid(density, grid, dim=0) - 1).abs().max() < 1e-6


def test_a_flow_of_narrow_phases_has_the_share_and_the_mean_that_it_is_told():
    grid = torch.linspace(-12, 12, 12_001, dtype=torch.float64)
    decoder, state = PhaseFlow(2, center=0.7, scale=1.3, seed=3), normal((20, 2), 2)
    weight, bias = decoder.network.weights[-1], decoder.network.biases[-1]
    with torch.no_grad():
        bias[4:8] += 2.5  # steep: each phase is a twentieth as wide as they are apart
        weight[1::2], bias[1::2] = weight[::2], bias[::2]  # and both sigmoids of a phase lie on one another
        bias[8:] += torch.tensor([0.25, -0.25, 0.25, -0.25])
    density = decoder(state).log_prob(grid[:, None]).exp()
    mean = torch.trapezoid(density * grid[:, None], grid, dim=0)
    assert (mean - (0.7 + 1.3 * state[:, 1])).abs().max() < 0.05
    share = torch.sigmoid(decoder.weigh(state[:, :1])).squeeze(-1)
    spread = torch.trapezoid(density * (grid[:, None] - mean) ** 2, grid, dim=0)
    places = decoder.network(state)[:, [8, 10]].diff(dim=-1).squeeze(-1) + 2
    assert (spread - share * (1 - share) * (1.3 * places) ** 2).abs().max() < 0.1 * spread.max()


def test_a_decoder_of_another_family_keeps_all_else():
    model = shaken(untrained(), 4, 0.3)
    other = model.with_decoder(PhaseFlow)
    assert torch.equal(other.encode(DATA.shares), model.encode(DATA.shares))
    logit = normal((7, 1), 2)
    assert torch.equal(other.decoder.weigh(logit), model.decoder.weigh(logit))
    with torch.no_grad():
        other.encoder.enc.weights[0] += 1.0
    assert not torch.equal(other.encode(DATA.shares), model.encode(DATA.shares))  # copied, not shared


@pytest.mark.parametrize("name", ["gaussian", "x", None])
def test_a_decoder_that_knows_no_mean_is_refused(name):
    with refused("decoder must be gmm or flow"):
        chain_decoder(name)


def test_ensembles_on_another_grid_keep_their_means():
    grid = torch.linspace(DATA.grid[0] - 0.3, DATA.grid[-1] + 0.7, 57, dtype=torch.float64)
    moved = rebin(DATA, grid)
    assert (moved.mean - DATA.mean).abs().max() < 1e-12
    assert moved.shares.shape[-1] == 57
    with refused("grid must reach"):
        rebin(DATA, torch.linspace(0.0, 0.5, 9, dtype=torch.float64))


def test_a_guess_by_polynomial_is_exact_for_one_and_blind_to_the_rest():
    facts, noise = normal((4, 50, 3, 2), 1), normal((4, 50, 3), 2)
    change = 1 + facts[..., 0] ** 2 * facts[..., 1]
    rows = torch.tensor([0, 1])
    assert (measures.guess_by_polynomial(facts, change, rows) - change).abs().max() < 1e-9
    guess = measures.guess_by_polynomial(facts, noise, rows)[2:]
    assert (guess - noise[2:]).square().mean() > 0.9 * noise[2:].var()


def test_laws_without_training_are_judged_by_the_same_names():
    found = measures.without_training(CHAIN, PhasesWithNeighbours(CHAIN), DATA)
    assert set(found) == {"eps_error", "eps_error_v", "p_error", "p_error_v", "force_error_v"}
    assert max(found.values()) < 25  # 200 realisations


def test_an_untrained_model_is_far_from_the_data_and_one_that_breaks_is_infinitely_far():
    model = untrained()
    assert measures.distance_from_data(CHAIN, model, GROUPS[0], DATA) > 3
    with torch.no_grad():
        model.pair.friction.log_mobility += 40
    assert measures.distance_from_data(CHAIN, model, GROUPS[0], DATA) == math.inf


@pytest.mark.parametrize("variables", [1, 2])
def test_one_and_two_variables_train(variables):
    model = ChainVariables.for_ensembles(DATA, TwoPhases, variables, seed=20)
    history = fit(model, DATA, StagedBFGS(objective(), 1, (3, 3, 3, 6, 3)), seed=20, progress=False)
    assert history.losses[-1] < history.losses[9]
    assert set(evaluate(model, DATA, measures.against(CHAIN)).metrics) >= {"eps_error", "p_error"}
