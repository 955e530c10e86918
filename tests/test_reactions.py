"""Mass action as a pair of potentials, against textbook rates, SciPy's solvers, and detailed balance."""

import numpy as np
import pytest
import torch
from conftest import normal
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

from ggd_helpers.dynamics.gradient import GradientDynamics
from ggd_helpers.evaluation.measures import conservation_drift
from ggd_helpers.evaluation.reactions import Tilt, affinity_error, affinity_scale
from ggd_helpers.integrators import stiff
from ggd_helpers.potentials.general import ConvexDissipation, FormulaEntropy
from ggd_helpers.potentials.reactions import (
    AffinityDissipation,
    CoshHead,
    IdealMixture,
    MassActionDissipation,
    MixingEntropy,
)
from ggd_helpers.recordings.simulate import simulate
from ggd_helpers.systems.reactions import PRESETS, MassActionReactions

THESIS = PRESETS["the thesis's pair"]


def positive(shape, seed):
    """Concentrations in `[0.01, 1.5]`."""
    return 0.01 + 1.49 * torch.rand(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def textbook(system: MassActionReactions, c: np.ndarray) -> np.ndarray:
    """Mass action in plain loops, from the reactions as they were read."""
    rates = dict.fromkeys(system.species, 0.0)
    at = dict(zip(system.species, c, strict=True))
    for reaction in system.reactions:
        forward, backward = reaction.kf, reaction.kb
        for name, count in reaction.reactants.items():
            forward *= at[name] ** count
        for name, count in reaction.products.items():
            backward *= at[name] ** count
        for name, count in reaction.reactants.items():
            rates[name] -= count * (forward - backward)
        for name, count in reaction.products.items():
            rates[name] += count * (forward - backward)
    return np.array([rates[name] for name in system.species])


@st.composite
def networks(draw):
    """Random texts of up to 4 reactions between up to 5 species, whose rates come from energies: detailed balance."""
    names = "ABCDE"[: draw(st.integers(2, 5))]
    energy = {name: draw(st.floats(-2, 2)) for name in names}
    lines = []
    for _ in range(draw(st.integers(1, 4))):
        sides = [draw(st.dictionaries(st.sampled_from(names), st.integers(1, 3), min_size=1, max_size=3)) for _ in "lr"]
        assume(sides[0] != sides[1])
        kf = 10.0 ** draw(st.floats(-2, 2))
        drop = sum(n * energy[m] for m, n in sides[0].items()) - sum(n * energy[m] for m, n in sides[1].items())
        left, right = (" + ".join(f"{n} {m}" for m, n in side.items()) for side in sides)
        lines.append(f"{left} <-> {right} | kf={kf!r}, kb={float(kf * np.exp(-drop))!r}")
    return "; ".join(lines)


@given(networks(), st.integers(0, 99))
def test_the_pair_is_mass_action_for_any_network(text, seed):
    system = MassActionReactions(text)
    c = positive((4, system.dim), seed)
    expected = np.stack([textbook(system, row) for row in c.numpy()])
    scale = np.abs(system.kf.numpy()).max() + np.abs(system.kb.numpy()).max()
    np.testing.assert_allclose(system.velocity(c).numpy(), expected, rtol=1e-10, atol=1e-10 * scale)
    mass_action = (system.mass_action(c) @ system.stoichiometry.T).numpy()
    np.testing.assert_allclose(mass_action, expected, rtol=1e-10, atol=1e-10 * scale)


@given(networks(), st.integers(0, 99))
def test_conserved_quantities_are_whole_numbers_that_no_velocity_changes(text, seed):
    system = MassActionReactions(text)
    q, nu = system.conserved.numpy(), system.stoichiometry.numpy()
    assert q.shape == (system.dim - np.linalg.matrix_rank(nu), system.dim)
    assert np.linalg.matrix_rank(q) == len(q) if len(q) else True
    np.testing.assert_array_equal(q, np.round(q))
    np.testing.assert_array_equal(q @ nu, 0)
    velocity = system.velocity(positive((3, system.dim), seed)).numpy()
    np.testing.assert_allclose(velocity @ q.T, 0, atol=1e-10 * (1 + np.abs(velocity).max()) * (1 + np.abs(q).sum()))


@given(networks(), st.integers(0, 99))
def test_the_second_law_and_the_conditions_on_xi(text, seed):
    system = MassActionReactions(text)
    c, c_star = positive((8, system.dim), seed), normal((8, system.dim), seed)
    eps = 8 * torch.finfo(torch.float64).eps  # of sums over species whose terms are of either sign
    production = system.conjugate(c) * system.velocity(c)
    assert (system.entropy_production(c) >= -eps * production.abs().sum(-1)).all()
    assert (system.dissipation(c, torch.zeros_like(c)) == 0).all()
    xi, gain = system.dissipation(c, c_star), c_star * system.dissipation.flux(c, c_star)
    assert (xi >= 0).all()
    assert (gain.sum(-1) >= xi - eps * gain.abs().sum(-1)).all()


@given(networks(), st.integers(0, 99))
def test_equilibrium_stands_still_keeps_what_is_conserved_and_has_the_highest_entropy(text, seed):
    system = MassActionReactions(text)
    c0 = positive((3, system.dim), seed)
    rest = system.equilibrium(c0)
    q = system.conserved
    torch.testing.assert_close(rest @ q.T, c0 @ q.T, rtol=1e-9, atol=1e-9)
    torch.testing.assert_close(
        system.affinities(rest), torch.zeros(3, len(system.reactions)).double(), rtol=0, atol=1e-8
    )
    assert (system.entropy(rest) >= system.entropy(c0) - 1e-9).all()


@pytest.mark.parametrize("name", PRESETS)
def test_the_slopes_of_the_potentials_are_their_gradients(name):
    system = MassActionReactions(PRESETS[name])
    c, c_star = positive((5, system.dim), 1), normal((5, system.dim), 2)
    by_autograd = torch.func.grad(lambda c: system.entropy(c).sum())(c)
    torch.testing.assert_close(system.conjugate(c), by_autograd, rtol=1e-12, atol=1e-12)
    by_autograd = torch.func.grad(lambda y: system.dissipation(c, y).sum())(c_star)
    torch.testing.assert_close(system.dissipation.flux(c, c_star), by_autograd, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", PRESETS)
def test_each_reaction_has_its_textbook_rate_and_its_term_of_xi(name):
    system = MassActionReactions(PRESETS[name])
    c, along = positive((5, 1, system.dim), 1), torch.linspace(-6, 6, 25, dtype=torch.float64)[:, None]
    law, close = system.dissipation, {"rtol": 1e-10, "atol": 1e-12}
    forward = system.kf * (c[..., None] ** system.alpha).prod(-2)
    backward = system.kb * (c[..., None] ** system.beta).prod(-2)
    expected = 4 * (forward * backward).sqrt() * ((along / 2).cosh() - 1)
    torch.testing.assert_close(law.along(c, along), expected, **close)
    torch.testing.assert_close(law.slopes(c, system.affinities(c)), backward - forward, **close)
    expected = 2 * (forward.sqrt() - backward.sqrt()).square().sum(-1)  # since X = ln(backward/forward)
    torch.testing.assert_close(system.dissipation(c, system.conjugate(c)), expected, **close)


def reference(t, c):
    """The thesis's two reactions with rates 1."""
    a, b, c_, d = c
    first, second = a * b**2 - c_, c_ * d - a
    return [second - first, -2 * first, first - second, -second]


def enzyme(t, c):
    e, s, es, p = c
    bind, release = 4 * e * s - es, 2 * es - 0.5 * e * p
    return [release - bind, -bind, bind - release, release]


def fast_and_slow(t, c):
    a, b, c_, d = c
    fast, slow = 1e4 * a - b, b * c_ - d
    return [-fast, fast - slow, -slow, slow]


@pytest.mark.parametrize(
    ("text", "rates", "method", "solver"),
    [
        (THESIS, reference, "DOP853", "RK4"),
        (PRESETS["an enzyme"], enzyme, "DOP853", "RK4"),
        ("A <-> B | kf=1e4; B + C <-> D", fast_and_slow, "Radau", "LSODA"),
    ],
)
def test_three_networks_against_scipy_on_rates_written_by_hand(text, rates, method, solver):
    data = simulate(MassActionReactions(text), trajectories=10, points=64, dt=0.005, seed=21)
    assert data.metadata["integrator"].startswith(solver)
    for path in data.states[:3].numpy():
        expected = solve_ivp(rates, (0, 0.32), path[0], method, 0.005 * np.arange(64), rtol=1e-12, atol=1e-14).y.T
        np.testing.assert_allclose(path, expected, rtol=0, atol=1e-8)


def test_the_printed_mobility_fails_where_a_species_stands_on_both_sides():
    system = MassActionReactions("A + X <-> 2 X")
    c = positive((4, 2), 3)
    nu = system.stoichiometry
    printed = MassActionDissipation(nu, nu.abs(), system.dissipation.prefactors)
    assert (printed.flux(c, system.conjugate(c)) - system.mass_action(c) @ nu.T).abs().max() > 0.01


def test_conserved_quantities_in_words():
    assert MassActionReactions(PRESETS["an enzyme"]).describe_conserved() == ["E + ES", "S + ES + P"]
    assert MassActionReactions("A <-> 2 A").describe_conserved() == []


def test_initial_states_fill_the_thesis_box():
    c = MassActionReactions(THESIS).sample_initial_states(2000, torch.Generator().manual_seed(0))
    assert c.shape == (2000, 4)
    assert 0.001 <= c.min() < 0.01
    assert 0.99 < c.max() <= 1


# --- learnable potentials that know some chemistry ---

NU = MassActionReactions(THESIS).stoichiometry


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("head", [lambda: CoshHead(4, 2), lambda: ConvexDissipation(4, width=6, forces=2)])
def test_untrained_structured_models_obey_the_second_law_and_conserve(head, seed):
    model = GradientDynamics(MixingEntropy(4), AffinityDissipation(NU, head()), seed=seed)
    c = positive((500, 4), seed)
    velocity = model(c).detach()
    assert (model.entropy_production(c) >= -1e-12).all()
    torch.testing.assert_close(velocity @ MassActionReactions(THESIS).conserved.T, torch.zeros(500, 2).double(),
                               rtol=0, atol=1e-12 * (1 + velocity.abs().max().item()))  # fmt: skip
    assert (model.dissipation(c, torch.zeros_like(c)).abs() < 1e-12).all()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_slopes_are_gradients_and_batches_do_not_matter(dtype):
    head = CoshHead(4, 2, seed=1, dtype=dtype)
    model = GradientDynamics(MixingEntropy(4, seed=1, dtype=dtype), AffinityDissipation(NU.to(dtype), head))
    c, c_star = positive((3, 5, 4), 1).to(dtype), normal((3, 5, 4), 2, dtype)
    tight = {"rtol": 1e-4, "atol": 1e-4} if dtype == torch.float32 else {"rtol": 1e-11, "atol": 1e-12}
    torch.testing.assert_close(model.conjugate(c), torch.func.grad(lambda c: model.entropy(c).sum())(c), **tight)
    slope = torch.func.grad(lambda y: model.dissipation(c, y).sum())(c_star)
    torch.testing.assert_close(model.dissipation.flux(c, c_star), slope, **tight)
    torch.testing.assert_close(model(c)[1, 2], model(c[1, 2]), **tight)
    torch.testing.assert_close(torch.func.vmap(model)(c[0]), model(c[0]), **tight)


@pytest.mark.parametrize("seed", range(3))
def test_mixing_entropy_is_concave_by_chords(seed):
    entropy = MixingEntropy(3, seed=seed)
    a, b, t = positive((400, 3), seed), positive((400, 3), seed + 50), torch.rand(400, 1).double()
    inside = entropy(t * a + (1 - t) * b)
    chord = t[:, 0] * entropy(a) + (1 - t[:, 0]) * entropy(b)
    assert (inside >= chord - 1e-12).all()


def test_cosh_head_holds_mass_action_exactly():
    system, head = MassActionReactions("A + 2 B <-> C | kf=3; C <-> A | kb=2"), CoshHead(3, 2)
    with torch.no_grad():
        head.log_prefactors.copy_(system.dissipation.prefactors.log())
        head.exponents.copy_(system.dissipation.orders / 2)
        head.directions.copy_(0.5 * torch.eye(2))
    model = GradientDynamics(system.entropy, AffinityDissipation(system.stoichiometry, head))
    c = positive((20, 3), 5)
    torch.testing.assert_close(model(c).detach(), system(c), rtol=1e-12, atol=1e-13)


def test_every_parameter_gets_a_gradient():
    model = GradientDynamics(MixingEntropy(4), AffinityDissipation(NU, CoshHead(4, 2)), seed=0)
    (model(positive((50, 4), 1)) - 1).square().mean().backward()
    without = [name for name, p in model.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0]
    assert without == []


# --- the tilt ---


def tilted(system, q, shift):
    return GradientDynamics(FormulaEntropy(lambda c: system.entropy(c) + c @ q - shift), system.dissipation)


def test_the_tilt_is_found_and_taken_out():
    system = MassActionReactions(THESIS)
    q, c = system.conserved.T @ torch.tensor([0.7, -0.3]).double(), positive((50, 6, 4), 1)
    model = tilted(system, q, 2.5)
    torch.testing.assert_close(model(c), system(c), rtol=1e-10, atol=1e-12)
    tilt = Tilt.fix(model, system, c)
    torch.testing.assert_close(tilt.slope, q, rtol=1e-10, atol=1e-12)
    torch.testing.assert_close(tilt.entropy(model, c), system.entropy(c), rtol=1e-10, atol=1e-10)
    assert affinity_error(model, system, c) < 1e-10


def test_the_tilt_cannot_hide_an_error_that_moves_affinities():
    system = MassActionReactions(THESIS)
    c, wrong = positive((50, 4), 1), system.stoichiometry[:, 0]
    model = tilted(system, wrong, 0.0)
    tilt = Tilt.fix(model, system, c)
    torch.testing.assert_close(tilt.slope, torch.zeros(4).double(), rtol=0, atol=1e-10)
    assert isinstance(tilt, Tilt)
    assert affinity_error(model, system, c) > 0.1


def test_the_scale_of_affinities():
    system = MassActionReactions(THESIS)
    model = GradientDynamics(FormulaEntropy(lambda c: 3 * system.entropy(c)), system.dissipation)
    c = positive((50, 4), 1)
    scale = affinity_scale(model, system, c)
    assert scale == pytest.approx(3.0)
    assert affinity_error(model, system, c, scale) < 1e-12


@pytest.mark.parametrize("other", [0.5, 0.9, 1.1, 2.0])
def test_no_other_scale_brings_affinities_closer(other):
    system, c = MassActionReactions(THESIS), positive((50, 4), 1)
    model = GradientDynamics(FormulaEntropy(lambda c: system.entropy(c) - 3 * (c**2).sum(-1)), system.dissipation)
    scale = affinity_scale(model, system, c)
    assert affinity_error(model, system, c, scale) < affinity_error(model, system, c, other * scale)


def test_drift_is_seen():
    system = MassActionReactions("A <-> B")
    path = torch.tensor([[[0.5, 0.5], [0.4, 0.6], [0.4, 0.7]]], dtype=torch.float64)
    assert conservation_drift(path, system.conserved) == pytest.approx(0.1)
    assert conservation_drift(stiff(system, path[:, 0], 0.1, 5), system.conserved) < 1e-12


def test_nothing_conserved_does_not_drift():
    assert conservation_drift(torch.rand(2, 3, 1).double(), MassActionReactions("A <-> 2 A").conserved) == 0.0


def test_ideal_mixture_has_its_maximum_where_the_logarithm_says():
    entropy = IdealMixture(torch.tensor([-1.0, 0.5]).double())
    torch.testing.assert_close(entropy.conjugate(torch.tensor([1.0, np.exp(-1.5)])), torch.zeros(2).double(), rtol=0,
                               atol=1e-6)  # fmt: skip
