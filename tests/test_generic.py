"""GENERIC and damped mechanics: both laws for any weights, the potentials that they are made of, what is learned."""

import pytest
import torch
from conftest import chord_excess, normal, refused, shaken
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.func import grad, hessian, jacrev, vmap

from ggd_helpers.architectures.generic import learned_beside
from ggd_helpers.architectures.plain import PlainNetwork
from ggd_helpers.dynamics.generic import GENERIC, DampedMechanics
from ggd_helpers.evaluation import generic as measures
from ggd_helpers.evaluation.report import evaluate
from ggd_helpers.potentials.channels import ChannelDissipation, RampDissipation, Seeing
from ggd_helpers.potentials.general import ConcaveEntropy, ConvexDissipation, FormulaDissipation
from ggd_helpers.potentials.generic import (
    CanonicalPoisson,
    EntropyCoordinate,
    FormulaEnergy,
    LearnedEnergy,
    LearnedEntropy,
    LearnedPoisson,
)
from ggd_helpers.recordings.regular import Trajectories
from ggd_helpers.recordings.simulate import simulate
from ggd_helpers.systems.generic.oscillators import DuffingOscillator, HeatBathOscillator
from ggd_helpers.training.fit import fit
from ggd_helpers.training.objectives import Batch, ScaledDifferences
from ggd_helpers.training.self_scaled_bfgs import SelfScaledBFGS

seeds = st.integers(0, 2**31)
FRICTIONS = {
    "channels": ChannelDissipation,
    "ramps": RampDissipation,
    "picnn": lambda dim, forces: ConvexDissipation(dim, forces=forces),
}
every_friction = pytest.mark.parametrize("friction", FRICTIONS.values(), ids=FRICTIONS)


def prescribed_bracket(dim, pairs, friction, seed):
    energy, dissipation = LearnedEnergy(dim), friction(dim, len(pairs))
    return GENERIC(energy, EntropyCoordinate(), CanonicalPoisson(), dissipation, pairs, seed)


def all_learned(pairs, friction, seed, entropy=LearnedEntropy):
    return GENERIC(LearnedEnergy(3), entropy(3), LearnedPoisson(), friction(3, len(pairs)), pairs, seed)


LAWS = {
    "one pair": lambda friction: prescribed_bracket(3, ((1, 2),), friction, 1),
    "two pairs": lambda friction: prescribed_bracket(4, ((1, 3), (2, 3)), friction, 2),
    "all pairs, all learned": lambda friction: all_learned(((0, 1), (0, 2), (1, 2)), friction, 3),
    "concave entropy": lambda friction: all_learned(((0, 2), (1, 2)), friction, 4, ConcaveEntropy),
}


def check_both_laws(law, states):
    """The degeneracies at states: of the energy by the size of its terms, of the entropy, of the reversible part."""
    with torch.no_grad():
        e, s = law.energy.gradient(states), law.conjugate(states)
        reversible, irreversible = law.reversible(states), law.irreversible(states)
        size = (e * reversible).abs().sum(-1) + (e * irreversible).abs().sum(-1)
        for part in (reversible, irreversible, law(states)):
            assert ((e * part).sum(-1).abs() <= 1e-13 * size).all()
        assert (law.poisson(states, s, s) == 0).all()
        assert law.entropy_production(states).min() >= -1e-12
        flow = (s * law(states)).abs().sum(-1) + (s * reversible).abs().sum(-1)
        assert ((s * law(states)).sum(-1) >= -1e-12 - 1e-13 * flow).all()


@every_friction
@pytest.mark.parametrize("make", LAWS.values(), ids=LAWS)
def test_both_laws_of_untrained_models_on_many_states(make, friction):
    law, count = make(friction), 100_000 if friction is ChannelDissipation else 10_000
    states = 2 * normal((count, law.energy.scalar.tilt.numel()), 1)
    check_both_laws(law, states)
    with torch.no_grad():
        assert law.entropy_production(states).max() > 1e-3  # a law that does nothing would keep both
        assert law.reversible(states).abs().max() > 1e-3


@st.composite
def laws(draw):
    """Random sizes, random pairs, large random weights."""
    dim = draw(st.integers(3, 6))
    possible = [(i, j) for i in range(dim) for j in range(dim) if i < j]
    pairs = tuple(draw(st.lists(st.sampled_from(possible), min_size=1, max_size=4, unique=True)))
    seen = tuple(draw(st.sets(st.integers(0, dim - 1), max_size=dim)))
    friction = draw(st.sampled_from([ChannelDissipation, RampDissipation]))
    dissipation = Seeing(friction(len(seen), len(pairs)), seen)
    energy = LearnedEnergy(dim, width=draw(st.integers(1, 9)))
    if dim == 3 and draw(st.booleans()):
        law = GENERIC(energy, LearnedEntropy(3), LearnedPoisson(), dissipation, pairs)
    else:
        law = GENERIC(energy, EntropyCoordinate(), CanonicalPoisson((dim - 1) // 2), dissipation, pairs)
    return shaken(law, draw(seeds), size=draw(st.sampled_from([0.5, 1.0]))), dim


@given(laws(), seeds)
def test_both_laws_whatever_the_weights_sizes_and_pairs(drawn, seed):
    law, dim = drawn
    check_both_laws(law, normal((50, dim), seed))


@every_friction
def test_it_is_gradient_dynamics_of_a_degenerate_potential(friction):
    """`Phi dE` is the slope of `Xi(x, x* ^ dE)` in `x*` at `dS`, and that potential does not see `x* -> x* + dE`."""
    law, x = all_learned(((0, 2), (1, 2)), friction, 5), normal((20, 3), 1)
    e = law.energy.gradient(x)

    def potential(x_star):
        wedge = [x_star[..., i] * e[..., j] - x_star[..., j] * e[..., i] for i, j in law.pairs]
        return law.dissipation(x, torch.stack(wedge, -1))

    slope = grad(lambda x_star: potential(x_star).sum())(law.conjugate(x))
    torch.testing.assert_close(law.irreversible(x), slope, rtol=1e-10, atol=1e-12)
    torch.testing.assert_close(potential(law.conjugate(x) + 3 * e), potential(law.conjugate(x)), rtol=1e-9, atol=1e-11)


def test_a_rotation_by_hand():
    """`E = x_0^2/2`, `S = x_2`, `Xi = F^2`: `F = -x_0`, `x_0' = -2 x_0 E_2 = 0`, `x_2' = 2 x_0^2`... with `E_2 = 1`."""
    energy = FormulaEnergy(lambda x: x[..., 0] ** 2 / 2 + x[..., 2])
    square = FormulaDissipation(lambda x, force: force[..., 0] ** 2)
    law = GENERIC(energy, EntropyCoordinate(), CanonicalPoisson(), square, ((0, 2),))
    x = torch.tensor([3.0, 5.0, 7.0], dtype=torch.float64)
    assert law.force(x).tolist() == [-3.0]
    assert law.reversible(x).tolist() == [0.0, -3.0, 0.0]
    assert law.irreversible(x).tolist() == [-6.0, 0.0, 18.0]
    assert law(x).tolist() == [-6.0, -3.0, 18.0]
    assert law.entropy_production(x).item() == 18.0


def test_a_turned_pair_is_the_same_law_for_an_even_friction():
    even = FormulaDissipation(lambda x, force: (force**4).sum(-1) + (force**2).sum(-1))
    energy, x = LearnedEnergy(3, seed=1), normal((10, 3), 1)
    there = GENERIC(energy, EntropyCoordinate(), CanonicalPoisson(), even, ((1, 2),))
    back = GENERIC(energy, EntropyCoordinate(), CanonicalPoisson(), even, ((2, 1),))
    torch.testing.assert_close(there(x), back(x), rtol=1e-13, atol=1e-14)


def test_the_learned_poisson_operator_is_skew_and_obeys_jacobi():
    entropy, poisson = LearnedEntropy(3, seed=1), shaken(LearnedPoisson(), 2)

    def matrix(x):
        return torch.stack([poisson(x, unit, entropy.conjugate(x)) for unit in torch.eye(3, dtype=x.dtype)], -1)

    for x in normal((20, 3), 3):
        L, dL = matrix(x), jacrev(matrix)(x)  # dL[i, j, l] = d L_ij / dx_l
        torch.testing.assert_close(L, -L.T, rtol=0, atol=0)
        turn = torch.einsum("il,jkl->ijk", L, dL)
        cyclic = turn + turn.permute(1, 2, 0) + turn.permute(2, 0, 1)
        assert cyclic.abs().max() <= 1e-13 * turn.abs().max()
        assert turn.abs().max() > 1e-3


# --- damped mechanics ---


@every_friction
@pytest.mark.parametrize("degrees", [1, 3])
def test_friction_only_brakes(friction, degrees):
    law = DampedMechanics(LearnedEnergy(2 * degrees), friction(2 * degrees, degrees), seed=1)
    x = 2 * normal((20_000, 2 * degrees), 2)
    with torch.no_grad():
        slope, velocity = law.energy.gradient(x), law(x)
        rate = (slope * velocity).sum(-1)
        size = (slope * velocity).abs().sum(-1)
        assert (rate <= 1e-12 + 1e-13 * size).all()
        torch.testing.assert_close(law.energy_loss(x), -rate, rtol=0, atol=1e-12 * size.max().item())
        assert torch.equal(velocity[..., :degrees], slope[..., degrees:])  # q' = dH/dp, without friction
        assert rate.min() < -1e-3


def test_without_friction_the_energy_stays():
    undamped = DampedMechanics(LearnedEnergy(2, seed=1), FormulaDissipation(lambda x, force: 0 * force.sum(-1)))
    x = normal((1000, 2), 1)
    slope = undamped.energy.gradient(x)
    torch.testing.assert_close(undamped(x), torch.stack([slope[:, 1], -slope[:, 0]], -1), rtol=0, atol=0)


# --- potentials ---


@every_friction
@given(seed=seeds)
@settings(max_examples=20)
def test_frictions_are_admissible(friction, seed):
    dissipation = shaken(friction(2, 2), seed)
    x, a, b = normal((30, 2), seed), normal((30, 2), seed + 1), 3 * normal((30, 2), seed + 2)
    zero = torch.zeros_like(a)
    size = 1 + dissipation(x, a).abs() + dissipation(x, b).abs()
    assert (dissipation(x, zero).abs() <= 1e-13 * size).all()
    assert (dissipation.flux(x, zero).abs() <= 1e-13 * size[:, None]).all()
    assert (dissipation(x, b) >= -1e-13 * size).all()
    excess = chord_excess(lambda force: dissipation(x, force), a, b, torch.tensor(0.3, dtype=torch.float64))
    assert (excess <= 1e-12 * size).all()
    slope = grad(lambda force: dissipation(x, force).sum())(a)
    torch.testing.assert_close(dissipation.flux(x, a), slope, rtol=1e-9, atol=1e-11 * size.max().item())


def test_ramps_bend_as_sharply_as_a_threshold():
    dissipation = RampDissipation(0, 1, ramps=2)
    with torch.no_grad():
        dissipation.slopes.copy_(torch.tensor([[1.0], [-1.0]]))
        dissipation.offsets.fill_(-0.4)
        dissipation.log_widths.fill_(-12.0)
        for bias in dissipation.log_factor.biases:
            bias.zero_()
    force = torch.linspace(-1, 1, 101, dtype=torch.float64)[:, None]
    over = (force.abs() - 0.4).clamp(min=0)
    torch.testing.assert_close(dissipation.flux(force[:, :0], force), over * force.sign(), rtol=0, atol=1e-5)
    torch.testing.assert_close(dissipation(force[:, :0], force), over[:, 0] ** 2 / 2, rtol=0, atol=1e-5)


@every_friction
def test_unseen_coordinates_change_nothing(friction):
    dissipation, force = Seeing(friction(2, 1), (2, 0)), normal((10, 1), 2)
    x = normal((10, 4), 1)
    other = torch.stack([x[:, 0], x[:, 1] + 1, x[:, 2], x[:, 3] - 2], -1)
    assert torch.equal(dissipation(x, force), dissipation(other, force))
    assert torch.equal(dissipation.flux(x, force), dissipation.flux(other, force))
    assert not torch.equal(dissipation(x, force), dissipation(x + 1, force))
    torch.testing.assert_close(dissipation(x, force), dissipation.inner(x[:, [2, 0]], force), rtol=0, atol=0)


@pytest.mark.parametrize("dim", [1, 2, 4])
def test_slopes_of_learned_scalars(dim):
    x = normal((20, dim), 1)
    energy, entropy = shaken(LearnedEnergy(dim), 2), shaken(LearnedEntropy(dim), 3)
    for scalar, slope in ((energy, energy.gradient), (entropy, entropy.conjugate)):
        torch.testing.assert_close(slope(x), grad(lambda x, f=scalar: f(x).sum())(x), rtol=1e-10, atol=1e-11)
    assert hessian(energy)(x[0]).abs().max() > 1e-6


def test_most_temperatures_are_positive_to_begin_with():
    x = normal((1000, 3), 1)
    positive = [(LearnedEnergy(3, seed=seed).gradient(x)[:, 2] > 0).double().mean().item() for seed in range(20)]
    assert min(positive) > 0.5


@pytest.mark.parametrize("bodies", [1, 2])
def test_entropy_as_a_coordinate(bodies):
    x = normal((4, 5), 1)
    entropy = EntropyCoordinate(bodies)
    torch.testing.assert_close(entropy(x), x[:, 4] + (x[:, 3] if bodies == 2 else 0), rtol=1e-15, atol=0)
    assert torch.equal(entropy.conjugate(x), grad(lambda x: entropy(x).sum())(x))


# --- shapes, seeds, training ---


@every_friction
@pytest.mark.parametrize("make", LAWS.values(), ids=LAWS)
def test_vmap_is_the_batched_call(make, friction):
    law = make(friction)
    x = normal((2, 3, law.energy.scalar.tilt.numel()), 1)
    for method in (law.force, law.reversible, law.irreversible, law.velocity, law.entropy_production):
        torch.testing.assert_close(vmap(vmap(method))(x), method(x), rtol=1e-11, atol=1e-12)
    torch.testing.assert_close(law.velocity(x), law.reversible(x) + law.irreversible(x), rtol=1e-12, atol=1e-13)


def test_a_seed_draws_everything_learned_and_nothing_prescribed():
    def weights(law):
        return torch.nn.utils.parameters_to_vector(law.parameters()).detach()

    system = HeatBathOscillator()
    first, second = (learned_beside(system, LearnedEnergy(3), seed=seed) for seed in (1, 2))
    assert (weights(first) != weights(second)).double().mean() > 0.9
    assert torch.equal(weights(first), weights(learned_beside(system, LearnedEnergy(3), seed=1)))
    assert not list(system.parameters())


def test_every_weight_of_a_law_receives_a_gradient():
    for friction in (ChannelDissipation, RampDissipation):
        law = all_learned(((0, 2), (1, 2)), friction, 1)
        law(normal((50, 3), 1)).square().sum().backward()
        constant = "energy.scalar.network.biases.2", "entropy.scalar.network.biases.2"  # of no slope
        for name, parameter in law.named_parameters():
            if name not in constant:
                assert parameter.grad.isfinite().all(), name
                assert (parameter.grad != 0).any(), name


def test_friction_is_found_from_trajectories():
    system = HeatBathOscillator()
    data = simulate(system, 20, 101, 0.1, seed=20)
    law = learned_beside(system, system.energy, seed=20)
    recipe = SelfScaledBFGS(ScaledDifferences(), iterations=120, points=15, restarts=2, trial=20)
    fit(law, data.select(torch.arange(15)), recipe, seed=20, progress=False)
    numbers = evaluate(law, data.select(torch.arange(15, 20)), measures.against(system)).metrics
    assert numbers["velocity_mse"] < 1e-6
    assert numbers["Xi_error"] < 1e-2
    assert numbers["energy_drift"] < 1e-4
    assert numbers["E_error"] == 0
    assert numbers["degeneracy"] < 1e-13
    assert numbers["min_entropy_production"] >= -1e-12


def test_the_scaled_misfit_does_not_depend_on_units():
    targets, found = normal((4, 30, 3), 1), normal((4, 30, 3), 2)
    units = torch.tensor([1.0, 1e-3, 50.0], dtype=torch.float64)
    objective, states = ScaledDifferences(), torch.zeros(4, 30, 3, dtype=torch.float64)
    loss = objective.loss(lambda x: found, Batch(states, targets, 1.0))
    torch.testing.assert_close(objective.loss(lambda x: found * units, Batch(states, targets * units, 1.0)), loss)
    mean = targets.mean((0, 1)).expand_as(targets)
    torch.testing.assert_close(objective.loss(lambda x: mean, Batch(states, targets, 1.0)), torch.ones_like(loss))
    still = targets * torch.tensor([1.0, 1.0, 0.0], dtype=torch.float64)
    assert objective.loss(lambda x: found * still.sign().abs(), Batch(states, still, 1.0)).isfinite()
    found, still, states = found.float() * still.sign().abs().float(), still.float(), states.float()
    assert objective.loss(lambda x: found, Batch(states, still, 1.0)).isfinite()


# --- measures ---


def test_measures_see_what_is_wrong():
    system = HeatBathOscillator()
    states = system.sample_states(1000, torch.Generator().manual_seed(1))
    assert measures.degeneracy(system, system.energy, states) < 1e-13
    assert measures.degeneracy(lambda x: -x, system.energy, states[:, :2].abs() @ torch.eye(2, 3).double()) > 0.5
    twice = FormulaEnergy(lambda x: 2 * system.energy(x) + 5)
    assert measures.energy_error(twice, system.energy, states) == pytest.approx(1)
    shifted = FormulaEnergy(lambda x: system.energy(x) + 5)
    assert measures.energy_error(shifted, system.energy, states) < 1e-14
    data = simulate(system, 3, 11, 0.05, seed=1)
    leaky = PlainNetwork(3, seed=1)
    assert evaluate(leaky, data, [measures.energy_drift(system)]).metrics["energy_drift"] > 1e-3
    assert evaluate(system, data, [measures.energy_drift(system)]).metrics["energy_drift"] < 1e-6


def test_the_drift_is_the_largest_change_of_the_known_energy():
    """A law that only warms its bath, `s' = 1`, gains `e^1 - 1` from `s = 0` in one unit of time."""
    data = Trajectories(torch.zeros(1, 11, 3, dtype=torch.float64), dt=0.1)
    warming = lambda x: torch.tensor([0.0, 0.0, 1.0], dtype=x.dtype).expand_as(x)  # noqa: E731
    numbers = evaluate(warming, data, [measures.energy_drift(HeatBathOscillator())]).metrics
    assert numbers["energy_drift"] == pytest.approx(torch.e - 1)


def test_potentials_of_a_known_law_have_no_error():
    system = DuffingOscillator()
    numbers = evaluate(system, simulate(system, 3, 11, 0.05, seed=1), [measures.potentials(system)]).metrics
    assert numbers == {"E_error": 0.0, "Xi_error": 0.0}


# --- bad input ---


def law_on(pairs):
    return GENERIC(LearnedEnergy(3), EntropyCoordinate(), CanonicalPoisson(), ChannelDissipation(3, 1), pairs)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: law_on(()), ["pairs", "one or more"]),
        (lambda: law_on(((1, 2, 3),)), ["pairs", "(1, 2, 3)"]),
        (lambda: law_on(((1, 1),)), ["pairs", "two coordinates"]),
        (lambda: law_on(((1, 2), (2, 1))), ["pairs", "twice"]),
        (lambda: law_on(((-1, 2),)), ["pairs", "0 or more", "-1"]),
        (lambda: law_on(((0.5, 2),)), ["pairs", "whole number", "0.5"]),
        (lambda: law_on(((1, 3),))(normal((2, 3), 1)), ["pairs", "0 to 2", "3"]),
        (lambda: EntropyCoordinate(0), ["bodies", "1 or more", "0"]),
        (lambda: CanonicalPoisson(0), ["degrees", "1 or more", "0"]),
        (lambda: CanonicalPoisson(2)(*normal((3, 2, 3), 1)), ["states", "4 coordinates", "got 3", "degrees = 2"]),
        (lambda: LearnedEnergy(0), ["dim", "1 or more", "0"]),
        (lambda: LearnedPoisson()(*normal((3, 2, 4), 1)), ["coordinates", "3 to 3", "4"]),
        (lambda: Seeing(ChannelDissipation(1, 1), (-1,)), ["coordinates", "0 or more", "-1"]),
        (lambda: Seeing(ChannelDissipation(2, 1), (1, 1)), ["coordinates", "differ", "(1, 1)"]),
        (lambda: ChannelDissipation(1, 0), ["forces", "1 or more", "0"]),
        (lambda: ChannelDissipation(1, 1, channels=0), ["channels", "1 or more", "0"]),
        (lambda: RampDissipation(1, 1, ramps=0), ["ramps", "1 or more", "0"]),
        (lambda: DuffingOscillator()(normal((2, 3), 1)), ["states", "even", "3"]),
    ],
)
def test_bad_input_is_refused(make, words):
    with refused(*words):
        make()
