"""Competing architectures: what each promises for any weights, and what it does not keep."""

import pytest
import torch
from conftest import normal, refused, shaken
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from ggd_helpers.architectures.hamiltonian import DissipativeHamiltonianNetwork, HamiltonianNetwork
from ggd_helpers.architectures.metriplectic import FreeFriction, Matrix, Metriplectic, SoftMetriplectic
from ggd_helpers.architectures.onsager import OnsagerInBalance, OnsagerNetwork
from ggd_helpers.architectures.physics_informed import PhysicsInformedOscillator
from ggd_helpers.architectures.projected import Orthogonal, ProjectedMetriplectic, ProjectedPoisson
from ggd_helpers.initialisation import redraw_
from ggd_helpers.integrators import adaptive, rk4
from ggd_helpers.potentials.channels import ChannelDissipation
from ggd_helpers.potentials.general import (
    ConvexDissipation,
    FormulaDissipation,
    FormulaEntropy,
    QuadraticDissipation,
    QuadraticEntropy,
)
from ggd_helpers.potentials.generic import (
    CanonicalPoisson,
    EntropyCoordinate,
    FormulaEnergy,
    LearnedEnergy,
    LearnedEntropy,
)
from ggd_helpers.recordings.regular import Trajectories
from ggd_helpers.training.degeneracy_penalty import PenalisedDegeneracies
from ggd_helpers.training.fit import fit
from ggd_helpers.training.objectives import Batch, ScaledDifferences
from ggd_helpers.training.onsager_residual import OnsagerResidual
from ggd_helpers.training.physics_informed import PhysicsInformed
from ggd_helpers.training.self_scaled_bfgs import SelfScaledBFGS

FRICTION = 0.3
seeds = st.integers(0, 2**31)


def duffing(x):
    """The textbook: `q' = p`, `p' = q - q^3 - 0.3 p`."""
    q, p = x.unbind(-1)
    return torch.stack([p, q - q**3 - FRICTION * p], dim=-1)


def duffing_in_bath(x):
    """The same, and `s' = 0.3 p^2 / e^s`."""
    p, s = x[..., 1], x[..., 2]
    return torch.cat([duffing(x[..., :2]), (FRICTION * p**2 * (-s).exp())[..., None]], dim=-1)


def well(x):
    return x[..., 1] ** 2 / 2 + x[..., 0] ** 4 / 4 - x[..., 0] ** 2 / 2


def states(count, seed, n):
    return 4 * torch.rand(count, n, generator=torch.Generator().manual_seed(seed), dtype=torch.float64) - 2


def recorded(law, count, seed, n, points=101, dt=0.1):
    """Motion of a textbook law from SciPy, its velocities known."""
    x0 = 0.75 * states(count, seed, n)
    path = adaptive(law, x0, dt, points)
    return Trajectories(path, dt, law(path))


def soft(seed=None, width=8):
    return SoftMetriplectic(LearnedEnergy(3), LearnedEntropy(3), 3, width, seed)


def projected(seed=None, dim=3):
    return ProjectedMetriplectic(LearnedEnergy(dim), LearnedEntropy(dim), ProjectedPoisson(dim), dim, seed=seed)


def projected_with_canonical(seed=None):
    return ProjectedMetriplectic(LearnedEnergy(3), EntropyCoordinate(), CanonicalPoisson(), 3, seed=seed)


def onsager(seed=None):
    return OnsagerNetwork(LearnedEntropy(2), Bounded(), seed)


class Bounded(nn.Module):
    """A learned dual that every force is a slope of: a convex network on a parabola."""

    def __init__(self):
        super().__init__()
        self.network, self.parabola = ConvexDissipation(2, width=4), QuadraticDissipation(torch.eye(2))

    def flux(self, x, v):
        return self.network.flux(x, v) + self.parabola.flux(x, v)


LAWS = {
    "HNN": (2, lambda seed: HamiltonianNetwork(LearnedEnergy(2), CanonicalPoisson(), seed)),
    "D-HNN": (
        2,
        lambda seed: DissipativeHamiltonianNetwork(LearnedEnergy(2), LearnedEnergy(2), CanonicalPoisson(), seed),
    ),
    "soft": (3, soft),
    "projected": (3, projected),
    "projected, L and S given": (3, projected_with_canonical),
    "VONN": (2, onsager),
    "VONN in a balance": (2, lambda seed: OnsagerInBalance(LearnedEnergy(1), ChannelDissipation(1, 1), seed=seed)),
}
every_law = pytest.mark.parametrize(("n", "make"), LAWS.values(), ids=LAWS)


@every_law
def test_a_law_takes_any_batch_shape_and_a_seed_is_a_law(n, make):
    law, same, other, x = make(5), make(5), make(6), states(6, 1, n).view(2, 3, n)
    velocity = law(x)
    assert velocity.shape == x.shape
    torch.testing.assert_close(velocity[1, 2], law(x[1, 2]), rtol=1e-9, atol=1e-12)
    torch.testing.assert_close(velocity, same(x), rtol=0, atol=0)
    assert (velocity - other(x)).abs().max() > 1e-3
    redraw_(law, torch.Generator().manual_seed(6))
    torch.testing.assert_close(law(x), other(x), rtol=0, atol=0)


@every_law
def test_slopes_by_every_weight_are_those_of_differences(n, make):
    law, x = make(3), states(4, 2, n)
    parameters = [p for p in law.parameters() if p.requires_grad]
    weights = normal((4, n), 4)

    def value():
        return (law(x) * weights).sum()

    slopes = torch.autograd.grad(value(), parameters, allow_unused=True)
    direction = [normal(tuple(p.shape), 10 + i) for i, p in enumerate(parameters)]
    by_slopes = sum((s * d).sum() for s, d in zip(slopes, direction, strict=True) if s is not None)
    step, found = 1e-5, []
    with torch.no_grad():
        for sign in (1, -2, 1):
            for p, d in zip(parameters, direction, strict=True):
                p.add_(sign * step * d)
            found.append(value())
    torch.testing.assert_close((found[0] - found[1]) / (2 * step), by_slopes, rtol=1e-6, atol=1e-7)


# ---------------------------------------------------------------- Hamiltonian
def test_with_the_true_potentials_they_are_the_textbook():
    x = states(50, 3, 2)
    free = HamiltonianNetwork(FormulaEnergy(well), CanonicalPoisson())
    torch.testing.assert_close(free(x), duffing(x) + torch.stack([0 * x[:, 1], FRICTION * x[:, 1]], dim=-1))
    rayleigh = FormulaEnergy(lambda x: -FRICTION / 2 * x[..., 1] ** 2)
    damped = DissipativeHamiltonianNetwork(FormulaEnergy(well), rayleigh, CanonicalPoisson())
    torch.testing.assert_close(damped(x), duffing(x))


def test_another_split_of_a_dhnn_is_the_same_motion():
    """`h = (p^2 - q^2)/2` and `d = -q p` are harmonic, `J dh = -dd`: H is off by h, and no motion can tell."""
    rayleigh = FormulaEnergy(lambda x: -FRICTION / 2 * x[..., 1] ** 2 - x[..., 0] * x[..., 1])
    energy = FormulaEnergy(lambda x: well(x) + (x[..., 1] ** 2 - x[..., 0] ** 2) / 2)
    x = states(50, 3, 2)
    other = DissipativeHamiltonianNetwork(energy, rayleigh, CanonicalPoisson())
    torch.testing.assert_close(other(x), duffing(x))
    assert (energy(x) - well(x)).std() > 0.5 * well(x).std()


def test_an_hnn_keeps_its_own_energy_to_the_order_of_the_integrator():
    law = HamiltonianNetwork(LearnedEnergy(2), CanonicalPoisson(), seed=1)
    x = states(20, 5, 2)
    with torch.no_grad():
        terms = law.energy.gradient(x) * law(x)
        assert (terms.sum(-1).abs() <= 1e-15 * terms.abs().sum(-1)).all()
        drifts = []
        for substeps in (1, 2):
            energy = law.energy(rk4(law, x, 0.4, 26, substeps))
            drifts.append((energy - energy[:, :1]).abs().max().item())
    assert 12 < drifts[0] / drifts[1] < 100  # 2^4 or more: RK4 drifts in energy at the order 4 or 5


def test_an_hnn_learns_what_swings_for_ever_and_not_what_comes_to_rest():
    def swinging(x):
        return torch.stack([x[..., 1], -x[..., 0]], dim=-1)

    def resting(x):
        return swinging(x) - torch.stack([0 * x[..., 1], 0.3 * x[..., 1]], dim=-1)

    recipe, missed = SelfScaledBFGS(iterations=80, points=20, restarts=1), []
    for truth in (swinging, resting):
        data = recorded(truth, 10, 6, 2, points=51)
        law = HamiltonianNetwork(LearnedEnergy(2, width=8), CanonicalPoisson(), seed=2)
        fit(law, data, recipe, progress=False)
        with torch.no_grad():
            missed.append((law(data.states) - data.velocities).square().mean() / data.velocities.square().mean())
    assert missed[0] < 1e-4
    assert missed[1] > 1e-3


# ---------------------------------------------------------------- metriplectic
@settings(max_examples=30)
@given(seeds, st.integers(2, 5))
def test_projected_operators_are_degenerate_for_any_weights(seed, dim):
    law = shaken(projected(dim=dim), seed)
    x = normal((20, dim), seed)
    with torch.no_grad():
        e, s, v = law.energy.gradient(x), law.entropy.conjugate(x), law(x)
        lost, made = law.violations(x)
        sizes = [scale_of(law.poisson, x, s, s), scale_of(law.friction, x, e, e)]
        assert (lost.norm(dim=-1) <= 1e-13 * sizes[0]).all()
        assert (made.norm(dim=-1) <= 1e-13 * sizes[1]).all()
        size = e.norm(dim=-1) * (scale_of(law.poisson, x, e, s) + scale_of(law.friction, x, s, e))
        assert ((e * v).sum(-1).abs() <= 1e-13 * size).all()
        size = s.norm(dim=-1) * (scale_of(law.poisson, x, e, s) + scale_of(law.friction, x, s, e))
        assert ((s * v).sum(-1) >= -1e-13 * size).all()


def scale_of(operator, x, slope, other):
    """How large the terms are of which an operator makes its answer: all factors by their sizes, `(...)`."""
    q = operator.orthogonal.halves.norm() * 2 * other.norm(dim=-1)
    inner = operator.matrix(x) if hasattr(operator, "matrix") else operator.factor(x)
    size = inner.flatten(-2).norm(dim=-1)
    return q**2 * (2 * size if hasattr(operator, "matrix") else size**2) * slope.norm(dim=-1)


@pytest.mark.parametrize("make", [soft, projected])
def test_operators_are_skew_and_never_negative(make):
    law, x, u, v = make(seed=3), states(100, 18, 3), normal((100, 3), 1), normal((100, 3), 2)
    with torch.no_grad():
        e, s = law.energy.gradient(x), law.entropy.conjugate(x)
        torch.testing.assert_close((u * law.poisson(x, v, s)).sum(-1), -(v * law.poisson(x, u, s)).sum(-1))
        torch.testing.assert_close((u * law.friction(x, v, e)).sum(-1), (v * law.friction(x, u, e)).sum(-1))
        assert ((u * law.friction(x, u, e)).sum(-1) >= 0).all()
        assert law.poisson(x, v, s).norm(dim=-1).mean() > 0.05


def test_free_operators_are_not_degenerate():
    x, rates = states(1000, 7, 3), []
    for seed in range(5):
        law = soft(seed)
        with torch.no_grad():
            terms = law.energy.gradient(x) * law(x)
            assert (terms.sum(-1).abs() / terms.abs().sum(-1)).median() > 0.05
            assert all(violation.norm(dim=-1).mean() > 0.05 for violation in law.violations(x))
            rates.append(law.entropy_production(x).min().item())
    assert min(rates) < -0.01


def test_with_the_true_parts_a_metriplectic_law_is_the_textbook():
    """`M = f/T (T e_p - p e_s)(...)^T`, quadratic friction written as a matrix: `M dE = 0`."""

    class Rayleigh(nn.Module):
        def forward(self, x, slope, energy_slope):
            temperature = x[..., 2].exp()
            d = torch.stack([0 * temperature, temperature, -x[..., 1]], dim=-1)
            return FRICTION / temperature[..., None] * d * (d * slope).sum(-1, keepdim=True)

    energy = FormulaEnergy(lambda x: well(x) + x[..., 2].exp())
    law, x = Metriplectic(energy, EntropyCoordinate(), CanonicalPoisson(), Rayleigh()), states(50, 8, 3)
    torch.testing.assert_close(law(x), duffing_in_bath(x))
    torch.testing.assert_close(law.entropy_production(x), duffing_in_bath(x)[:, 2])
    assert max(violation.abs().max() for violation in law.violations(x)) < 1e-14


def test_the_penalty_is_added_by_its_weight():
    law, x = soft(seed=1), states(30, 9, 3)
    batch = Batch(x, duffing_in_bath(x), 0.1)
    lost, made = law.violations(x)
    penalty = (lost.square().mean() + made.square().mean()) / batch.targets.square().mean()
    for weight in (0.0, 0.1, 3.0):
        found = PenalisedDegeneracies(weight=weight).loss(law, batch)
        torch.testing.assert_close(found, ScaledDifferences().loss(law, batch) + weight * penalty)


def test_a_penalty_makes_violations_small_but_not_zero():
    data = recorded(duffing_in_bath, 8, 10, 3, points=41)
    left = {}
    for weight in (0.0, 1.0):
        law = soft(seed=4, width=4)
        recipe = SelfScaledBFGS(PenalisedDegeneracies(weight=weight), iterations=60, points=12, restarts=1)
        fit(law, data, recipe, progress=False)
        with torch.no_grad():
            left[weight] = max(violation.square().mean().sqrt().item() for violation in law.violations(data.states))
    assert 1e-6 < left[1.0] < 0.3 * left[0.0]


# ---------------------------------------------------------------- Onsager
def test_onsagers_principle_gives_the_velocity_of_the_dual_pair():
    """`Xi* = sum v asinh v - sqrt(1 + v^2) + 1` is the dual of `cosh x* - 1`: the velocity is `sinh(dS/dx)`."""
    dual = FormulaDissipation(lambda x, v: (v * torch.asinh(v) - (1 + v**2).sqrt() + 1).sum(-1))
    law, x = OnsagerNetwork(QuadraticEntropy(2 * torch.eye(2)), dual), states(50, 11, 2)
    torch.testing.assert_close(law(x), torch.sinh(-2 * x), rtol=1e-9, atol=1e-9)


def test_a_learned_pair_meets_the_principle_and_the_second_law():
    law, x = onsager(seed=2), states(50, 12, 2)
    with torch.no_grad():
        v = law(x)
        assert law.residual(x, v).abs().max() < 1e-10
        assert ((law.entropy.conjugate(x) * v).sum(-1) >= -1e-12).all()


def test_a_dual_that_is_steep_one_way_and_flat_the_other_gives_a_velocity():
    """`Xi* = a (v_1 + v_2)^2/2` and `S = -(x_1 + x_2)^2/2`: `a (v_1 + v_2) = -(x_1 + x_2)`, any the other way."""
    steep = 1e6
    dual = FormulaDissipation(lambda x, v: steep * v.sum(-1).square() / 2)
    entropy = FormulaEntropy(lambda x: -x.sum(-1).square() / 2)
    law, x = OnsagerNetwork(entropy, dual), states(50, 12, 2)
    v = law(x)
    torch.testing.assert_close(steep * v.sum(-1), -x.sum(-1), rtol=1e-6, atol=1e-6)
    assert (v[:, 0] - v[:, 1]).abs().max() < 1e-3


def test_the_raw_loss_is_zero_for_potentials_that_vanish_whatever_the_motion():
    x = states(50, 13, 2)
    batch = Batch(x, duffing(x), 0.1)
    losses = []
    for size in (1.0, 1e-3, 0.0):
        entropy = FormulaEntropy(lambda x, size=size: -size * well(x))
        dual = FormulaDissipation(lambda x, v, size=size: size * v.square().sum(-1) / 2)
        losses.append(OnsagerResidual().loss(OnsagerNetwork(entropy, dual), batch).item())
    assert losses[0] > 0.1  # the same pair, only smaller, gives the same motion and a loss as small as one likes
    assert losses[1] == pytest.approx(1e-6 * losses[0], rel=1e-9)
    assert losses[2] == 0


def test_training_on_the_raw_loss_collapses_and_in_the_balance_does_not():
    data = recorded(duffing, 8, 14, 2, points=61)
    size = data.velocities.square().mean()
    law = OnsagerNetwork(LearnedEntropy(2, width=6), ConvexDissipation(2, width=4), seed=3)
    fit(law, data, SelfScaledBFGS(OnsagerResidual(), iterations=150, points=12, restarts=1), progress=False)
    with torch.no_grad():
        residual = law.residual(data.states, data.velocities).square().mean()
        slope = law.entropy.conjugate(data.states).square().mean()
        assert residual < 1e-5  # a good loss
        assert slope < 1e-2  # since nothing is left: it was about 1
        assert (law(data.states[:, ::10]) - data.velocities[:, ::10]).square().mean() > 0.3 * size
    balanced = OnsagerInBalance(LearnedEnergy(1, width=6), ChannelDissipation(1, 1, 2, 4), seed=3)
    fit(balanced, data, SelfScaledBFGS(iterations=150, points=12, restarts=1), progress=False)
    with torch.no_grad():
        assert (balanced(data.states) - data.velocities).square().mean() < 1e-4 * size


def test_the_balance_is_newtons_law():
    free_energy = FormulaEnergy(lambda q: (q**4 / 4 - q**2 / 2).sum(-1))
    dual = FormulaDissipation(lambda q, v: FRICTION / 2 * v.square().sum(-1))
    law, x = OnsagerInBalance(free_energy, dual), states(50, 15, 2)
    torch.testing.assert_close(law(x), duffing(x))
    torch.testing.assert_close(law.energy(x), well(x))
    two = OnsagerInBalance(free_energy, dual, degrees=2)
    y = states(20, 16, 4)
    torch.testing.assert_close(two(y)[:, ::2], duffing(y[:, ::2]))


# ---------------------------------------------------------------- the inverse problem
def test_slopes_of_the_curve_are_those_of_automatic_differentiation():
    network, t = PhysicsInformedOscillator(10.0, width=5, seed=1), torch.linspace(0, 10, 7, dtype=torch.float64)

    q, q1, q2 = network.curve(t)
    torch.testing.assert_close(network(t), q)
    torch.testing.assert_close(torch.func.vmap(torch.func.grad(network))(t), q1)
    torch.testing.assert_close(torch.func.vmap(torch.func.grad(torch.func.grad(network)))(t), q2)


def test_coefficients_are_found_from_positions_alone():
    path = adaptive(duffing, torch.tensor([[1.3, 1.0]], dtype=torch.float64), 0.15, 41)
    hidden = torch.stack([path[..., 0], torch.full_like(path[..., 0], 7.0)], dim=-1)  # momenta are not looked at
    network = PhysicsInformedOscillator(6.0, width=10, seed=0)
    recipe = SelfScaledBFGS(PhysicsInformed(collocation=60), iterations=400, restarts=1, tolerance=1e-14)
    fit(network, Trajectories(hidden, 0.15), recipe, progress=False)
    found, true = network.coefficients.detach(), torch.tensor([1.0, 1.0, FRICTION], dtype=torch.float64)
    assert (found - true).abs().max() < 0.02
    x = states(50, 17, 2)
    assert (network.law()(x) - duffing(x)).square().mean() < 1e-3
    redraw_(network, torch.Generator().manual_seed(1))
    assert (network.coefficients == 0).all()


# ---------------------------------------------------------------- refusals
def test_bad_input_is_refused():
    for make, word in [
        (lambda: soft(width=0), "width"),
        (lambda: projected(dim=1), "dim"),
        (lambda: Orthogonal(0), "dim"),
        (lambda: FreeFriction(0), "dim"),
        (lambda: Matrix(0), "dim"),
        (lambda: OnsagerInBalance(LearnedEnergy(1), ChannelDissipation(1, 1), degrees=0), "degrees"),
        (lambda: PhysicsInformedOscillator(0.0), "horizon"),
        (lambda: PhysicsInformedOscillator(1.0, rate=-1.0), "rate"),
        (lambda: PenalisedDegeneracies(weight=-0.1), "weight"),
    ]:
        with refused(word, "must be"):
            make()


@pytest.mark.parametrize("name", ["noise", "weight", "collocation"])
def test_a_loss_of_a_curve_names_what_is_out_of_range(name):
    data = Trajectories(states(1, 1, 2)[None], 0.1)
    with refused(name, "0"):
        PhysicsInformed(**{name: 0}).batch(data)
    with refused("the number of trajectories", "2"):
        PhysicsInformed().batch(Trajectories(states(2, 1, 2)[:, None], 0.1))
