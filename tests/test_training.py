"""Training: objectives, both recipes, interruption, checkpoints, errors."""

import dataclasses
import importlib
import itertools
import math

import numpy as np
import pytest
import torch
from conftest import normal, refused
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from ggd_helpers.dynamics.gradient import GradientDynamics
from ggd_helpers.potentials.general import ConcaveEntropy, ConvexDissipation, FormulaDissipation, FormulaEntropy
from ggd_helpers.recordings.regular import Trajectories
from ggd_helpers.recordings.simulate import simulate
from ggd_helpers.systems.particle import AnisotropicParticle, OverdampedParticle, SteepParticle
from ggd_helpers.training.adam_lbfgs import AdamThenLBFGS
from ggd_helpers.training.fit import fit
from ggd_helpers.training.objectives import Differences, FlowMatching
from ggd_helpers.training.self_scaled_bfgs import BFGSRun, SelfScaledBFGS

LOOP = importlib.import_module("ggd_helpers.training.fit")  # the package's `fit` is the function of that name

# Small, and with all phases: three starts of 5 iterations, then the best one; Adam up to epoch 4, then L-BFGS.
BFGS = SelfScaledBFGS(iterations=30, points=6, restarts=3, trial=5, validation_fraction=0.4, tolerance=0.0, patience=30)
ADAM = AdamThenLBFGS(epochs=8, batch=5)
RECIPES = {"bfgs": BFGS, "adam": ADAM}
both_recipes = pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)


@pytest.fixture(scope="module")
def data():
    return simulate(OverdampedParticle(), trajectories=10, points=24, dt=0.1, seed=3)


def tiny(width=3, dtype=torch.float64, seed=1):
    entropy = ConcaveEntropy(1, width=width, depth=2, dtype=dtype)
    return GradientDynamics(entropy, ConvexDissipation(1, width=width, depth=1, dtype=dtype), seed=seed)


def weights(model):
    return nn.utils.parameters_to_vector(model.parameters()).detach().clone()


def silent_fit(model, data, recipe, **options):
    return fit(model, data, recipe, progress=False, **options)


def interrupt_at(iteration):
    def watch(i, _):
        if i == iteration:
            raise KeyboardInterrupt

    return watch


class Line(nn.Module):
    """The smallest model: a velocity `slope x`."""

    def __init__(self, slope=0.0, dtype=torch.float64):
        super().__init__()
        self.slope = nn.Parameter(torch.tensor(slope, dtype=dtype))

    def forward(self, x):
        return self.slope * x


# --- objectives ---


def straight_lines(velocity, points=12, dt=0.1):
    """Trajectories of constant velocity `(trajectory, n)`."""
    t = dt * torch.arange(points, dtype=torch.float64)[:, None]
    return Trajectories(normal((*velocity.shape[:1], 1, velocity.shape[1]), 9) + t * velocity[:, None], dt)


@pytest.mark.parametrize("objective", [Differences(2), Differences(6), FlowMatching(1), FlowMatching(4)], ids=str)
@pytest.mark.parametrize("count", [None, 5])
def test_losses_are_mean_squared_errors_of_the_velocity(objective, count):
    velocity, wrong = normal((3, 2), 1), torch.tensor([0.3, -0.2], dtype=torch.float64)
    batch = objective.batch(straight_lines(velocity), count)
    expected = ((velocity - wrong) ** 2).mean().item()
    assert objective.loss(lambda x: wrong.expand_as(x), batch).item() == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(
    "system", [OverdampedParticle(), AnisotropicParticle([[2.0, 0.5], [0.5, 1.0]]), SteepParticle()]
)
@pytest.mark.parametrize("segment", [1, 5])
def test_flow_matching_is_zero_for_the_exact_system(system, segment):
    exact, objective = simulate(system, 10, 20, 0.1, seed=0, substeps=1), FlowMatching(segment)
    assert objective.loss(system, objective.batch(exact)) < 1e-25
    assert objective.loss(lambda x: 1.001 * system(x), objective.batch(exact)) > 1e-9


@pytest.mark.parametrize("order", [2, 6])
def test_differences_of_the_exact_system_leave_the_error_of_differencing(order):
    """On exp(-t) a central difference of order 2 is wrong by the factor sinh(dt)/dt, the thesis's ends by others."""
    dt, x = 0.1, np.exp(-0.1 * np.arange(20))
    estimate = x * (math.exp(-dt) - math.exp(dt)) / (2 * dt)
    estimate[0], estimate[-1] = x[0] * (math.exp(-dt) - 1) / dt, x[-1] * (1 - math.exp(dt)) / dt
    objective = Differences(order)
    batch = objective.batch(Trajectories(torch.from_numpy(x)[None, :, None], dt))
    loss = objective.loss(OverdampedParticle(), batch).item()
    if order == 2:
        assert loss == pytest.approx(np.mean((estimate + x) ** 2), rel=1e-9)
    else:
        assert 0 < loss < (dt**6) ** 2


@given(st.integers(16, 400), st.integers(3, 20), st.sampled_from([1, 3]), st.sampled_from([0.01, 0.3]))
def test_a_few_points_of_each_trajectory_are_chosen(points, count, n, dt):
    decay = torch.exp(-dt * torch.arange(points, dtype=torch.float64))[:, None]
    states = normal((6, 1, n), points).sign() * (1 + normal((6, 1, n), count).abs()) * decay
    for objective in (Differences(2), FlowMatching(3)):
        chosen, targets, _ = objective.batch(Trajectories(states, dt), count)
        assert chosen.shape == (6, count, n)
        assert targets.shape[:2] == chosen.shape[:2]
        assert torch.equal(chosen[:, 0], states[:, 0])
        assert (chosen[:, :, None] == states[:, None]).all(-1).any(-1).all()  # true states, no interpolation
    chosen = Differences(2).batch(Trajectories(states, dt), count).states
    assert (chosen.abs().diff(dim=1) <= 0).all()  # in the order of time


def test_chosen_points_cover_the_way_without_gaps():
    """In 12 points of a relaxation over 20 time constants: no long stretch of the way or of its scales is left out."""
    t = 0.01 * torch.arange(2001, dtype=torch.float64)
    states = torch.exp(-t)[None, :, None].expand(20, -1, 1)
    chosen = Differences(2).batch(Trajectories(states, 0.01), 12).states.squeeze(-1)
    assert -chosen.diff(dim=1).min() < 2 / 11
    everything = chosen.flatten().sort().values
    assert everything.diff().max() < 0.03  # together they fill what a single one leaves out
    assert everything[everything > 1e-5].log().diff().max() < 1  # on all scales of the approach to rest
    assert everything[0] == states[0, -1, 0]  # the last time too


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_trajectory_at_rest_gives_points_too(dtype):
    states = torch.zeros(2, 20, 1, dtype=dtype)
    for objective in (Differences(6), FlowMatching(2)):
        batch = objective.batch(Trajectories(states, 0.1), 5)
        assert batch.states.shape == (2, 5, 1)
        assert not batch.targets.any()


@pytest.mark.parametrize("segment", [0, -1, 24, 1000])
def test_a_segment_must_fit_into_a_trajectory(data, segment):
    with pytest.raises(ValueError, match=rf"segment must be from 1 to 23.*got {segment}"):
        FlowMatching(segment).batch(data)
    FlowMatching(23).batch(data)


# --- learning ---


def test_bfgs_learns_the_particle():
    truth = OverdampedParticle()
    data, test = simulate(truth, 16, 64, 0.05, seed=3), simulate(truth, 10, 64, 0.05, seed=4)
    model = GradientDynamics(ConcaveEntropy(1, width=4), ConvexDissipation(1, width=4), seed=1)
    recipe = SelfScaledBFGS(iterations=350, points=8, restarts=2, trial=40, patience=200)
    history = silent_fit(model, data, recipe)
    with torch.no_grad():
        error = (model(test.states) + test.states).square().mean().item()
    assert error < 1e-7 * test.states.square().mean().item()
    assert len(history.losses) == len(history.seconds) <= 350
    assert history.recipe == "SelfScaledBFGS"
    assert not history.interrupted
    assert sorted(history.seconds) == history.seconds
    assert "done after" in repr(history)


def test_adam_and_lbfgs_learn_a_line(data):
    model = nn.Linear(1, 1, bias=False, dtype=torch.float64)
    nn.init.constant_(model.weight, -0.9)
    history = silent_fit(model, data, AdamThenLBFGS(epochs=20, batch=4))
    x = data.states.numpy()
    v = np.concatenate([x[:, 1:2] - x[:, :1], (x[:, 2:] - x[:, :-2]) / 2, x[:, -1:] - x[:, -2:-1]], axis=1) / data.dt
    assert model.weight.item() == pytest.approx((x * v).sum() / (x * x).sum(), abs=1e-6)  # least squares
    assert len(history.losses) == 20
    assert history.losses[-1] < 0.1 * history.losses[0]


@pytest.mark.parametrize("objective", [Differences(6), FlowMatching(1), FlowMatching(5)], ids=str)
def test_a_plain_module_learns_with_either_objective(data, objective):
    model = nn.Linear(1, 1, bias=False, dtype=torch.float64)
    silent_fit(
        model, data, SelfScaledBFGS(objective, iterations=40, points=6, restarts=1, patience=20, tolerance=1e-16)
    )
    assert model.weight.item() == pytest.approx(-1.0, abs=1e-6)


@pytest.mark.parametrize("seed", [0, 1, 7])
def test_a_restart_draws_other_weights_where_model_and_fit_have_one_seed(data, seed):
    """A fresh generator of the same seed would draw the weights that the model has: the trials would all be one."""
    model, after_one_step = tiny(seed=seed), []
    recipe = SelfScaledBFGS(iterations=4, points=6, restarts=4, trial=1, tolerance=0.0)
    silent_fit(model, data, recipe, seed=seed, watch=lambda *_: after_one_step.append(weights(model)))
    for one, other in itertools.combinations(after_one_step[:3], 2):
        assert (one - other).abs().max() > 0.1


def test_a_draw_that_no_path_can_be_followed_from_is_a_start_that_lost(data):
    """Its second start gives infinity wherever it looks; the first one goes on, the third is tried."""

    class Cliff(nn.Module):
        def __init__(self):
            super().__init__()
            self.rate, self.drawn = nn.Parameter(torch.tensor(-0.2).double()), 1

        def reset_parameters(self, generator):
            self.drawn += 1
            nn.init.constant_(self.rate, -0.5)

        def forward(self, x):
            return self.rate * x * (math.inf if self.drawn == 2 else 1.0)

    model = Cliff()
    recipe = SelfScaledBFGS(iterations=20, points=6, restarts=3, trial=2, tolerance=0.0)
    history = silent_fit(model, data, recipe)
    assert model.drawn == 3
    assert all(math.isfinite(loss) for loss in history.losses)
    assert model.rate.item() == pytest.approx(-1.0, abs=1e-5)


def test_a_plain_module_is_restarted_too(data):
    """Three starts: the weight as given, and two fresh draws, each tried before it moves to -1."""
    model, tried = nn.Linear(1, 1, bias=False, dtype=torch.float64), set()
    nn.init.constant_(model.weight, 5.0)
    model.register_forward_pre_hook(lambda *_: tried.add(round(model.weight.item(), 3)))
    silent_fit(model, data, SelfScaledBFGS(iterations=8, points=6, restarts=3, trial=2, tolerance=0.0))
    assert model.weight.item() == pytest.approx(-1.0, abs=1e-5)
    assert len([weight for weight in tried if abs(weight + 1) > 0.05 and abs(weight) < 1]) >= 2
    assert 5.0 in tried


@both_recipes
def test_only_the_free_half_of_a_pair_is_trained(data, recipe):
    model = GradientDynamics(OverdampedParticle().entropy, ConvexDissipation(1, width=3, depth=1, seed=2))
    before = weights(model.entropy), weights(model.dissipation)
    silent_fit(model, data, recipe)
    assert torch.equal(weights(model.entropy), before[0])
    assert not torch.equal(weights(model.dissipation), before[1])


@both_recipes
def test_training_lowers_the_loss_on_data(data, recipe):
    model, objective = tiny(), recipe.objective
    batch = objective.batch(data)
    before = objective.loss(model, batch).item()
    history = silent_fit(model, data, recipe)
    assert objective.loss(model, batch).item() < 0.9 * before
    assert all(math.isfinite(loss) for loss in history.losses)


@both_recipes
def test_the_data_follow_the_dtype_of_the_model(data, recipe):
    model, seen = tiny(dtype=torch.float32), set()
    model.register_forward_pre_hook(lambda _, inputs: seen.add(inputs[0].dtype))
    silent_fit(model, data, recipe)
    assert seen == {torch.float32}
    assert {parameter.dtype for parameter in model.parameters()} == {torch.float32}
    assert data.states.dtype == torch.float64


@both_recipes
def test_same_seed_same_weights(data, recipe):
    def trained(seed):
        model = tiny()
        return silent_fit(model, data, recipe, seed=seed).losses, weights(model)

    one, same, other = trained(0), trained(0), trained(1)
    assert one[0] == same[0]
    assert torch.equal(one[1], same[1])
    assert not torch.equal(one[1], other[1])


@both_recipes
def test_watch_sees_the_iteration_and_the_loss(data, recipe):
    seen = []
    history = silent_fit(tiny(), data, recipe, watch=lambda *each: seen.append(each))
    assert seen == list(enumerate(history.losses, start=1))


def test_the_number_of_threads_is_set_for_the_training_alone(data):
    before, seen = torch.get_num_threads(), set()
    recipe = dataclasses.replace(BFGS, threads=before + 1, iterations=2)
    silent_fit(tiny(), data, recipe, watch=lambda *_: seen.add(torch.get_num_threads()))
    assert seen == {before + 1}
    assert torch.get_num_threads() == before
    with pytest.raises(ZeroDivisionError):
        silent_fit(tiny(), data, recipe, watch=lambda *_: 1 / 0)
    assert torch.get_num_threads() == before


def test_watch_sees_the_weights_of_the_moment(data):
    """So that a figure drawn from `watch` shows the model with that loss, in trial starts too."""
    model, mismatches = tiny(), []
    training, _ = data.split(BFGS.validation_fraction, 0)
    batch = BFGS.objective.batch(training, BFGS.points)

    def watch(iteration, loss):
        if BFGS.objective.loss(model, batch).item() != pytest.approx(loss, rel=1e-6):
            mismatches.append(iteration)

    silent_fit(model, data, BFGS, watch=watch, seed=0)
    assert mismatches == []


class TwoValleys(nn.Module):
    """A velocity `a(theta) x` whose error has a bad valley at -1 and a good one, `a = -1`, at 1."""

    def __init__(self, starts):
        super().__init__()
        self.starts = list(starts)
        self.theta = nn.Parameter(torch.tensor(self.starts.pop(0), dtype=torch.float64))

    def reset_parameters(self, generator):
        nn.init.constant_(self.theta, self.starts.pop(0))

    def forward(self, x):
        return (-1 + (self.theta**2 - 1) ** 2 + 0.05 * (1 - self.theta) ** 2) * x


@pytest.mark.parametrize("starts", [(0.9, -0.9, -1.1), (-0.9, 0.9, -1.1), (-0.9, -1.1, 0.9)])
def test_the_best_of_several_starts_goes_on(data, starts):
    model = TwoValleys(starts)
    history = silent_fit(model, data, SelfScaledBFGS(iterations=40, points=6, restarts=3, trial=3, tolerance=0.0))
    assert model.theta.item() == pytest.approx(1.0, abs=1e-3)
    assert history.losses[-1] < 1e-8  # and not only its weights were kept


def test_a_parameter_without_influence_does_no_harm(data):
    model = Line(-0.5)
    model.unused = nn.Parameter(torch.tensor(3.0, dtype=torch.float64))
    silent_fit(model, data, SelfScaledBFGS(iterations=30, points=6, restarts=1))
    assert model.slope.item() == pytest.approx(-1.0, abs=1e-6)
    assert model.unused.item() == 3.0


@pytest.mark.parametrize("start", [2.0, 100.0, 300.0])
def test_a_line_search_that_meets_infinity_turns_back(data, start):
    """A velocity `log(theta) x`: long steps towards theta = 1/e end where there is no logarithm."""
    model, walls = Line(start), []

    def velocity(x):
        walls.append(model.slope.item() <= 0)
        return model.slope.log() * x

    model.forward = velocity
    silent_fit(model, data, SelfScaledBFGS(iterations=60, points=6, restarts=1))
    assert any(walls)
    assert model.slope.item() == pytest.approx(math.exp(-1), abs=1e-5)


def test_adam_may_take_every_few_states(data):
    model, seen = Line(-0.5), set()
    model.register_forward_pre_hook(lambda _, inputs: seen.add(inputs[0].shape[1]))
    silent_fit(model, data, AdamThenLBFGS(epochs=4, batch=4, objective=Differences(order=2, every=5)))
    assert seen == {5}  # 24 states a trajectory
    with refused("every", "1 or more", "0"):
        silent_fit(model, data, AdamThenLBFGS(objective=Differences(every=0)))


def test_early_stop_when_solved_and_when_stalled(data):
    line = Line(-0.5)
    solved = SelfScaledBFGS(FlowMatching(), iterations=500, restarts=1, points=6, tolerance=1e-8, patience=400)
    assert len(silent_fit(line, data, solved).losses) < 20
    noise = Trajectories(data.states + 0.1 * normal(data.states.shape, 5), data.dt)
    stalled = SelfScaledBFGS(iterations=500, restarts=1, points=6, tolerance=0.0, patience=20)
    assert len(silent_fit(Line(-0.5), noise, stalled).losses) < 100


def overfitting():
    """Few noisy points and many weights: the training loss goes on falling while validation rises."""
    clean = simulate(OverdampedParticle(), 10, 16, 0.2, seed=1)
    noisy = Trajectories(clean.states + 0.1 * normal(clean.states.shape, 2), clean.dt)
    recipe = SelfScaledBFGS(Differences(2), iterations=120, points=8, restarts=1, validation_fraction=0.4, patience=120)
    validation = recipe.objective.batch(noisy.split(0.4, 0)[1], recipe.points)
    pair = ConcaveEntropy(1, width=6, depth=3), ConvexDissipation(1, width=6, depth=2)
    model = GradientDynamics(*pair, seed=1)
    return model, noisy, recipe, lambda: recipe.objective.loss(model, validation).item()


def test_the_best_on_validation_is_kept_when_later_weights_overfit():
    model, noisy, recipe, score = overfitting()
    scores = []

    def watch(iteration, _):
        if iteration % 20 == 0:  # where the recipe looks at the validation trajectories
            scores.append(score())

    silent_fit(model, noisy, recipe, watch=watch)
    assert min(scores) < 0.5 * scores[-1], "this example should overfit"
    assert score() == pytest.approx(min(scores), rel=1e-12)


# --- interruption ---


@both_recipes
@pytest.mark.parametrize("iteration", [1, 4, 6, 8])
def test_an_interrupt_keeps_the_best_weights(data, recipe, iteration):
    model = tiny()
    if recipe is BFGS:
        _, judged = data.split(recipe.validation_fraction, 0)
        judged = recipe.objective.batch(judged, recipe.points)
    else:
        judged = recipe.objective.batch(data)
    at_interrupt = []

    def watch(i, _):
        if i == iteration:
            at_interrupt.append(recipe.objective.loss(model, judged).item())
            raise KeyboardInterrupt

    before = recipe.objective.loss(model, judged).item()
    history = silent_fit(model, data, recipe, watch=watch)
    after = recipe.objective.loss(model, judged).item()
    assert history.interrupted
    assert len(history.losses) == iteration
    assert "interrupted" in repr(history)
    assert after <= min(before, *at_interrupt) * (1 + 1e-9)


def test_an_interrupt_between_two_looks_at_validation_loses_no_progress(data):
    recipe = SelfScaledBFGS(iterations=60, points=6, restarts=1, validation_fraction=0.2, tolerance=0.0, patience=60)
    test_an_interrupt_keeps_the_best_weights(data, recipe, 38)


@both_recipes
@pytest.mark.parametrize("call", [1, 2, 7, 30])
def test_an_interrupt_inside_an_iteration_leaves_a_sound_model(data, recipe, call):
    model, calls = tiny(), 0
    batch = recipe.objective.batch(data)
    before = recipe.objective.loss(model, batch).item()

    def hook(*_):
        nonlocal calls
        calls += 1
        if calls == call + 1:  # the first call is made while the run is prepared
            raise KeyboardInterrupt

    handle = model.register_forward_pre_hook(hook)
    history = silent_fit(model, data, recipe)
    handle.remove()
    assert history.interrupted
    assert recipe.objective.loss(model, batch).item() <= 1.05 * before


def disturb(model, at, interrupt):
    """Throw the weights far away after one epoch, and interrupt after another."""

    def watch(iteration, _):
        if iteration == at:
            nn.init.constant_(model.slope, 5.0)
        if iteration == interrupt:
            raise KeyboardInterrupt

    return watch


def test_the_best_epoch_is_kept_when_later_ones_are_worse(data):
    model = Line(-0.9)
    silent_fit(model, data, AdamThenLBFGS(epochs=10), watch=disturb(model, at=2, interrupt=4))
    assert -1.1 < model.slope.item() < -0.89


# --- checkpoints ---


@pytest.fixture
def checkpoint_every(monkeypatch):
    return lambda iterations: monkeypatch.setattr(LOOP, "CHECKPOINT_EVERY", iterations)


@pytest.mark.parametrize(
    ("name", "dtype", "iteration"),
    [
        ("bfgs", torch.float64, 2),  # in the first trial
        ("bfgs", torch.float64, 5),  # between two starts
        ("bfgs", torch.float32, 8),  # in the second trial, in another precision
        ("bfgs", torch.float64, 15),  # when the best start was chosen
        ("bfgs", torch.float64, 30),  # at the end
        ("adam", torch.float64, 2),  # in Adam's half
        ("adam", torch.float64, 4),  # between the halves
        ("adam", torch.float32, 7),  # in L-BFGS's half, in another precision
    ],
)
def test_resumed_equals_uninterrupted_bit_for_bit(tmp_path, data, checkpoint_every, name, dtype, iteration):
    checkpoint_every(1)
    straight, recipe = tiny(dtype=dtype), RECIPES[name]
    expected = silent_fit(straight, data, recipe)
    path = tmp_path / "run.pt"
    first = silent_fit(tiny(dtype=dtype), data, recipe, checkpoint=path, watch=interrupt_at(iteration))
    assert first.interrupted
    resumed = tiny(dtype=dtype)
    calls = []
    history = silent_fit(resumed, data, recipe, checkpoint=path, watch=lambda *each: calls.append(each))
    assert len(calls) == len(expected.losses) - iteration + 1  # it went on, and did not begin again
    assert history.losses == expected.losses
    assert not history.interrupted
    assert torch.equal(weights(resumed), weights(straight))
    assert [file.name for file in tmp_path.iterdir()] == ["run.pt"]


def test_resuming_twice_and_from_sparse_checkpoints(tmp_path, data, checkpoint_every):
    checkpoint_every(4)
    straight = tiny()
    silent_fit(straight, data, BFGS)
    for iteration in (7, 14, 27):
        silent_fit(tiny(), data, BFGS, checkpoint=tmp_path / "run.pt", watch=interrupt_at(iteration))
    resumed = tiny()
    history = silent_fit(resumed, data, BFGS, checkpoint=str(tmp_path / "run.pt"))
    assert torch.equal(weights(resumed), weights(straight))
    assert len(history.losses) == 30
    assert sorted(history.seconds) == history.seconds


def test_a_resumed_run_remembers_the_best_and_when_to_stop(tmp_path, checkpoint_every):
    """Best on validation long before the interrupt; and an early stop in the same iteration."""
    checkpoint_every(10)
    straight, noisy, recipe, _ = overfitting()
    recipe = dataclasses.replace(recipe, iterations=400, patience=60, tolerance=0.0)
    losses = silent_fit(straight, noisy, recipe).losses
    assert len(losses) < 400, "this example should stop early"
    silent_fit(overfitting()[0], noisy, recipe, checkpoint=tmp_path / "run.pt", watch=interrupt_at(len(losses) - 5))
    resumed = overfitting()[0]
    assert silent_fit(resumed, noisy, recipe, checkpoint=tmp_path / "run.pt").losses == losses
    assert torch.equal(weights(resumed), weights(straight))


def test_a_resumed_run_remembers_the_best_epoch(tmp_path, data, checkpoint_every):
    checkpoint_every(1)
    model, path, recipe = Line(-0.9), tmp_path / "run.pt", AdamThenLBFGS(epochs=10)
    silent_fit(model, data, recipe, checkpoint=path, watch=disturb(model, at=1, interrupt=4))
    resumed = Line(-0.9)
    silent_fit(resumed, data, recipe, checkpoint=path, watch=interrupt_at(4))
    assert -1.1 < resumed.slope.item() < -0.89


@both_recipes
def test_a_finished_checkpoint_gives_its_weights_at_once(tmp_path, data, recipe):
    first, second, path = tiny(), tiny(), tmp_path / "run.pt"
    losses = silent_fit(first, data, recipe, checkpoint=path).losses
    history = silent_fit(second, data, recipe, checkpoint=path, watch=lambda *_: pytest.fail("it trained again"))
    assert history.losses == losses
    assert torch.equal(weights(first), weights(second))


class Renamed(GradientDynamics):
    """The same tensors under the same names, in a class that may do something else with them."""

    def __init__(self):
        super().__init__(tiny().entropy, tiny().dissipation)


def half_frozen(model, half):
    getattr(model, half).requires_grad_(False)
    return model


def foreign(kind, path, data):
    if kind in ("text", "cut in half", "cut short", "empty", "a list", "a tensor", "a dictionary"):
        content = {"a list": [1, 2], "a tensor": torch.zeros(3), "a dictionary": {"a": 1}}.get(kind)
        if content is not None:
            torch.save(content, path)
            return
        silent_fit(tiny(), data, BFGS, checkpoint=path)
        whole = path.read_bytes()
        cut = {"cut in half": len(whole) // 2, "cut short": len(whole) - 10, "empty": 0}
        path.write_bytes(b"no checkpoint" if kind == "text" else whole[: cut[kind]])
    else:
        model, recipe, seed = {
            "another width": (tiny(width=4), BFGS, 0),
            "another recipe": (tiny(), ADAM, 0),
            "another setting": (tiny(), dataclasses.replace(BFGS, trial=7), 0),
            "another objective": (tiny(), SelfScaledBFGS(FlowMatching(), 30, 6, 2, 6), 0),
            "another seed": (tiny(), BFGS, 1),
            "another model's seed": (tiny(seed=77), BFGS, 0),
            "another structure": (Renamed(), BFGS, 0),
            "another frozen half": (half_frozen(tiny(), "entropy"), BFGS, 0),
            "another precision": (tiny(dtype=torch.float32), BFGS, 0),
        }[kind]
        silent_fit(model, data, recipe, seed=seed, checkpoint=path)


@pytest.mark.parametrize(
    "kind",
    ["text", "cut in half", "cut short", "empty", "a list", "a tensor", "a dictionary", "another width",
     "another recipe", "another setting", "another objective", "another seed", "another precision",
     "another model's seed", "another structure", "another frozen half"],
)  # fmt: skip
def test_a_foreign_checkpoint_is_refused_and_left_alone(tmp_path, data, kind):
    path, model = tmp_path / "run.pt", tiny()
    foreign(kind, path, data)
    content, before = path.read_bytes(), weights(model)
    reason = "belongs to another run" if kind.startswith("another") else "cut short or not one of ours"
    with refused("checkpoint", "run.pt", f"{reason}: delete it"):
        silent_fit(model, data, BFGS, checkpoint=path)
    assert path.read_bytes() == content
    assert torch.equal(weights(model), before)
    assert [file.name for file in tmp_path.iterdir()] == ["run.pt"]


class Power(nn.Module):
    """A velocity `slope x^power`: the same class and numbers, whatever the power."""

    def __init__(self, power, slope):
        super().__init__()
        self.power, self.slope = power, nn.Parameter(torch.tensor(slope, dtype=torch.float64))

    def forward(self, x):
        return self.slope * x**self.power


@both_recipes
@pytest.mark.parametrize("slope", [-0.5, 0.0])  # at 0, both formulas have the same loss at the start
@pytest.mark.parametrize("iteration", [3, 30])
def test_a_checkpoint_of_another_formula_is_refused(tmp_path, data, recipe, slope, iteration, checkpoint_every):
    checkpoint_every(1)
    path, model = tmp_path / "run.pt", Power(3, slope)
    silent_fit(Power(1, slope), data, recipe, checkpoint=path, watch=interrupt_at(iteration))
    with refused("run.pt", "belongs to another run", "the loss", "another formula"):
        silent_fit(model, data, recipe, checkpoint=path)
    assert model.slope.item() == slope
    silent_fit(Power(1, slope), data, recipe, checkpoint=path)


def leaves(state, way=()):
    """The way to every value of nested dictionaries and lists."""
    children = state.items() if isinstance(state, dict) else enumerate(state) if isinstance(state, list) else ()
    for key, value in children:
        yield (*way, key)
        yield from leaves(value, (*way, key))


def damage_one(content, way, damage):
    """Change one value of a checkpoint."""
    *above, last = way
    for key in above:
        content = content[key]
    if damage == "missing":
        del content[last]
    elif damage == "NaN":
        content[last] = content[last] * math.nan if isinstance(content[last], torch.Tensor) else math.nan
    else:
        content[last] = {"text": "text", "another shape": torch.zeros(2, 5), "a list": [None]}[damage]


@both_recipes
def test_a_checkpoint_that_was_changed_is_refused_whatever_was_changed(tmp_path, data, checkpoint_every, recipe):
    checkpoint_every(1)
    path, whole, model = tmp_path / "run.pt", tmp_path / "whole.pt", tiny()
    silent_fit(tiny(), data, recipe, checkpoint=whole, watch=interrupt_at(7))
    ways = [way for way in leaves(torch.load(whole)) if not isinstance(way[-1], int)]
    assert ("run", "best") in ways
    kinds = itertools.cycle(["missing", "NaN", "text", "another shape", "a list"])
    for way, damage in [(("run", "best"), "NaN"), *zip(ways, kinds, strict=False)]:
        content = torch.load(whole)
        damage_one(content, way, damage)
        torch.save(content, path)
        with refused("run.pt", "was changed, is cut short or not one of ours: delete it"):
            silent_fit(model, data, recipe, checkpoint=path)
    assert torch.equal(weights(model), weights(tiny()))


def test_a_checkpoint_of_another_version_is_refused(tmp_path, data, monkeypatch):
    """Whole and unchanged, but its run does not know all that today's knows."""
    path, model, today = tmp_path / "run.pt", tiny(), BFGSRun.state_dict
    with monkeypatch.context() as patch:
        patch.setattr(BFGSRun, "state_dict", lambda run: {k: v for k, v in today(run).items() if k != "generator"})
        silent_fit(tiny(), data, BFGS, checkpoint=path)
    with refused("run.pt", "not one of ours: delete it"):
        silent_fit(model, data, BFGS, checkpoint=path)
    assert torch.equal(weights(model), weights(tiny()))


def test_a_checkpoint_survives_the_rounding_of_another_processor(tmp_path, data, checkpoint_every):
    checkpoint_every(1)
    path, elsewhere = tmp_path / "run.pt", tiny()
    silent_fit(tiny(), data, BFGS, checkpoint=path, watch=interrupt_at(12))
    with torch.no_grad():
        for parameter in elsewhere.parameters():
            parameter.mul_(1 + 1e-14)
    forward = elsewhere.forward
    elsewhere.forward = lambda x: (1 + 1e-12) * forward(x)
    history = silent_fit(elsewhere, data, BFGS, checkpoint=path, watch=interrupt_at(13))
    assert len(history.losses) == 13


class Nameless:
    """An objective without a `__repr__`: Python shows it with its address."""

    def __init__(self):
        self.batch, self.loss, self.unit = (getattr(Differences(), name) for name in ("batch", "loss", "unit"))


def test_an_objective_without_a_repr_can_be_resumed(tmp_path, data):
    losses = []
    for _ in range(2):
        recipe = dataclasses.replace(BFGS, objective=Nameless())
        losses.append(silent_fit(tiny(), data, recipe, checkpoint=tmp_path / "run.pt").losses)
    assert losses[0] == losses[1]


class Trap:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return type(self.path).touch, (self.path,)


def test_a_checkpoint_never_runs_code(tmp_path, data):
    torch.save({"for": Trap(tmp_path / "sprung")}, tmp_path / "run.pt")
    with refused("run.pt", "not one of ours"):
        silent_fit(tiny(), data, BFGS, checkpoint=tmp_path / "run.pt")
    assert not (tmp_path / "sprung").exists()


def test_a_checkpoint_of_other_data_is_refused(tmp_path, data):
    path = tmp_path / "run.pt"
    silent_fit(tiny(), data, BFGS, checkpoint=path)
    with pytest.raises(ValueError, match="belongs to another run"):
        silent_fit(tiny(), Trajectories(2 * data.states, data.dt), BFGS, checkpoint=path)


@pytest.mark.parametrize("step", ["torch.save", "os.replace"])
def test_an_interrupted_checkpoint_leaves_the_earlier_one_whole(tmp_path, data, checkpoint_every, monkeypatch, step):
    checkpoint_every(5)
    path = tmp_path / "run.pt"
    silent_fit(tiny(), data, BFGS, checkpoint=path, watch=interrupt_at(8))
    content = path.read_bytes()

    def interrupted(*_):
        if step == "torch.save":
            path.with_name("run.pt.partial").write_bytes(b"half")
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(step, interrupted)
        assert silent_fit(tiny(), data, BFGS, checkpoint=path).interrupted
    assert path.read_bytes() == content
    assert [file.name for file in tmp_path.iterdir()] == ["run.pt"]


def test_a_checkpoint_in_a_missing_folder_is_refused_before_training(tmp_path, data):
    with pytest.raises((ValueError, FileNotFoundError), match="nowhere"):
        silent_fit(tiny(), data, BFGS, checkpoint=tmp_path / "nowhere" / "run.pt", watch=interrupt_at(1))


# --- errors ---


def test_nothing_to_train(data):
    formulas = GradientDynamics(
        FormulaEntropy(lambda x: -0.5 * (x**2).sum(-1)), FormulaDissipation(lambda x, y: 0.5 * (y**2).sum(-1))
    )
    for model in (OverdampedParticle(), formulas, tiny().requires_grad_(False)):
        with pytest.raises(ValueError, match=r"no free parameter.*prescribed"):
            silent_fit(model, data, BFGS)


@both_recipes
@pytest.mark.parametrize("slope", [math.nan, math.inf])
def test_a_loss_that_is_not_finite_at_the_start(data, recipe, slope):
    class Restartable(Line):
        def reset_parameters(self, generator):
            pass

    with pytest.raises(ValueError, match=r"loss is not finite.*[Rr]escale the data"):
        silent_fit(Restartable(slope), data, recipe)


@pytest.mark.parametrize("iteration", [3, 6])  # of Adam, of L-BFGS
def test_a_loss_that_becomes_not_finite(data, iteration):
    model = Line(-0.5)

    def watch(i, _):
        if i == iteration - 1:
            with torch.no_grad():
                model.slope.fill_(math.nan)

    with pytest.raises(ValueError, match=f"loss is not finite in epoch {iteration}"):
        silent_fit(model, data, ADAM, watch=watch)


@pytest.mark.parametrize("restarts", [1, 3])
def test_a_descent_whose_loss_is_nan_from_some_iteration_on_is_an_error(data, restarts):
    model, losses, calls = tiny(), [], 0
    forward = model.forward

    def velocity(x):
        nonlocal calls
        calls += 1
        return forward(x) * (1.0 if calls <= 30 else math.nan)

    model.forward = velocity
    with pytest.raises(ValueError, match=r"loss is not finite from iteration \d+ on.*NaN") as error:
        silent_fit(model, data, SelfScaledBFGS(points=6, restarts=restarts), watch=lambda *each: losses.append(each[1]))
    falling = sum(b < a for a, b in itertools.pairwise(losses)) + 1
    assert f"from iteration {falling + 1} on" in str(error.value)
    assert torch.isfinite(weights(model)).all()


def test_a_loss_that_becomes_not_finite_leaves_the_best_weights(data):
    model = Line(-0.9)
    with pytest.raises(ValueError, match="loss is not finite in epoch 4"):
        silent_fit(model, data, AdamThenLBFGS(epochs=10), watch=broken_after(model, 3))
    assert -1.1 < model.slope.item() < -0.89


def broken_after(model, iteration):
    def watch(i, _):
        if i == iteration:
            nn.init.constant_(model.slope, math.nan)

    return watch


def test_a_validation_that_is_never_finite_is_an_error(data):
    """The logarithm of states that the validation trajectories, and only they, have below 0."""
    states = data.states.abs() + 0.1
    _, validation = Trajectories(torch.arange(10.0).reshape(10, 1, 1).expand(10, 24, 1), 0.1).split(0.4, 0)
    states[validation.states[:, 0, 0].long()] *= -1
    model = Line(-0.5)
    model.forward = lambda x: model.slope * x.log()
    with refused("validation", "never finite"):
        silent_fit(model, Trajectories(states, 0.1), BFGS)


@both_recipes
@pytest.mark.parametrize("objective", [Differences(2), FlowMatching(1), FlowMatching(3)], ids=str)
@pytest.mark.parametrize("shape", ["one for all", "no coordinates", "one too many", "turned round"])
def test_velocities_of_another_shape_than_the_states_are_refused(recipe, objective, shape):
    plane = simulate(OverdampedParticle(dim=2), trajectories=10, points=16, dt=0.1, seed=3)
    model = Line(-0.5)
    wrong = {
        "one for all": lambda v: v[..., :1],
        "no coordinates": lambda v: v.sum(-1),
        "one too many": lambda v: v[None],
        "turned round": lambda v: v.transpose(0, 1),
    }[shape]
    model.forward = lambda x: wrong(model.slope * x)
    with refused("velocities", "the shape of the states", "(..., n) to (..., n)"):
        silent_fit(model, plane, dataclasses.replace(recipe, objective=objective))


@both_recipes
def test_states_far_too_large_are_an_error(data, recipe):
    with pytest.raises(ValueError, match="loss is not finite"):
        silent_fit(tiny(), Trajectories(1e200 * data.states, data.dt), recipe)


@pytest.mark.parametrize(
    ("recipe", "words"),
    [
        (SelfScaledBFGS(iterations=0), ["iterations", "1 or more", "0"]),
        (SelfScaledBFGS(iterations=1.5), ["iterations", "a whole number", "1.5"]),
        (SelfScaledBFGS(points=0), ["points", "or more", "0"]),
        (SelfScaledBFGS(restarts=0), ["restarts", "1 or more", "0"]),
        (SelfScaledBFGS(trial=-1), ["trial", "1 or more", "-1"]),
        (SelfScaledBFGS(patience=0), ["patience", "1 or more", "0"]),
        (SelfScaledBFGS(validation_fraction=2.0), ["validation_fraction", "2.0"]),
        (AdamThenLBFGS(epochs=1), ["epochs", "2 or more", "1"]),
        (AdamThenLBFGS(batch=0), ["batch", "1 or more", "0"]),
    ],
)
def test_bad_settings_are_refused_by_name(data, recipe, words):
    with refused(*words):
        silent_fit(tiny(), data, recipe)


@pytest.mark.parametrize("seed", [-1, 1.5])
def test_a_bad_seed_is_refused(data, seed):
    with pytest.raises(ValueError, match=f"seed must be .*got {seed}"):
        silent_fit(tiny(), data, BFGS, seed=seed)


# --- GPU ---


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device: torch.cuda.is_available() is false")
@both_recipes
def test_training_on_cuda_agrees_with_the_cpu(data, recipe):
    on_cpu, on_gpu, seen = tiny(), tiny().cuda(), set()
    on_gpu.register_forward_pre_hook(lambda _, inputs: seen.add(inputs[0].device.type))
    silent_fit(on_cpu, data, recipe)
    silent_fit(on_gpu, data, recipe)
    assert seen == {"cuda"}
    assert {parameter.device.type for parameter in on_gpu.parameters()} == {"cuda"}
    assert data.states.device.type == "cpu"
    x = torch.linspace(-1, 1, 41, dtype=torch.float64)[:, None]
    velocity = on_gpu(x.cuda())
    assert velocity.device.type == "cuda"
    torch.testing.assert_close(velocity.cpu(), on_cpu(x), rtol=0, atol=1e-6)
