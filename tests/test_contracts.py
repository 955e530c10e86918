"""A user's own model, recording and objective train with both recipes, without a change in the package."""

import math
from dataclasses import dataclass

import pytest
import torch
from conftest import normal
from torch import Tensor, nn

from ggd_helpers.dynamics.gradient import GradientDynamics
from ggd_helpers.initialisation import redraw_
from ggd_helpers.potentials.general import ConcaveEntropy, DissipationPotential
from ggd_helpers.recordings.recording import Recording
from ggd_helpers.recordings.regular import Trajectories
from ggd_helpers.recordings.simulate import simulate
from ggd_helpers.systems.particle import OverdampedParticle
from ggd_helpers.training.adam_lbfgs import AdamThenLBFGS
from ggd_helpers.training.fit import fit
from ggd_helpers.training.self_scaled_bfgs import SelfScaledBFGS


@dataclass(frozen=True)
class Clouds(Recording):
    """Repeated throws at one height each: no trajectories, no time step, no velocities."""

    heights: Tensor
    ranges: Tensor


class Throw(nn.Module):
    """The distance of a throw, `a sqrt(h)`, and the deviation of a cloud, by a layer of torch's and bare parameters."""

    def __init__(self):
        super().__init__()
        self.scale = nn.Linear(1, 1, bias=False, dtype=torch.float64)
        self.log_deviation = nn.Parameter(torch.zeros((), dtype=torch.float64))

    def forward(self, heights):
        return self.scale(heights.sqrt()[:, None]), self.log_deviation.exp()


class Likelihood:
    """The negative log-likelihood of clouds; a batch is a dictionary, of which a recipe knows nothing."""

    def batch(self, data, count=None):
        return {"h": data.heights, "x": data.ranges[:, :count]}

    def loss(self, model, batch):
        mean, deviation = model(batch["h"])
        return (0.5 * ((batch["x"] - mean) / deviation) ** 2 + deviation.log()).mean()

    def unit(self, data):
        return 1.0


RECIPES = {
    "bfgs": SelfScaledBFGS(Likelihood(), iterations=80, points=30, restarts=2, trial=5, tolerance=-math.inf),
    "adam": AdamThenLBFGS(epochs=600, batch=4, objective=Likelihood()),
}


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)
def test_an_own_model_with_own_data_and_objective(recipe, tmp_path):
    heights = torch.linspace(1, 4, 12, dtype=torch.float64)
    data = Clouds(heights, 1.7 * heights.sqrt()[:, None] + 0.3 * normal((12, 30), 1))
    model = Throw()
    redraw_(model, torch.Generator().manual_seed(3))
    fit(model, data, recipe, progress=False, checkpoint=tmp_path / "run.pt")
    root = heights.sqrt()[:, None]
    best = ((root * data.ranges).sum() / (root.square().expand_as(data.ranges)).sum()).item()  # least squares
    spread = (data.ranges - best * root).square().mean().sqrt().item()
    assert model.scale.weight.item() == pytest.approx(best, abs=0.02)
    assert model.log_deviation.exp().item() == pytest.approx(spread, rel=0.05)
    with pytest.raises(ValueError, match="belongs to another run"):
        fit(Throw(), Clouds(heights, data.ranges + 1), recipe, progress=False, checkpoint=tmp_path / "run.pt")


class Layered(DissipationPotential):
    """A user's own potential: a layer of torch's, a bare matrix and a bare number, and no `reset_parameters`."""

    def __init__(self):
        super().__init__()
        self.gate = nn.Linear(1, 1, dtype=torch.float64)
        self.matrix = nn.Parameter(torch.eye(1, dtype=torch.float64))
        self.log_size = nn.Parameter(torch.zeros((), dtype=torch.float64))
        self.fixed = nn.Parameter(torch.ones(3, dtype=torch.float64), requires_grad=False)

    def forward(self, x, x_star):
        size = self.log_size.exp() * torch.sigmoid(self.gate(x)).squeeze(-1)
        return size * (x_star @ self.matrix).square().sum(-1)


def test_a_potential_of_ones_own_is_redrawn_by_a_seed_alone():
    def drawn(seed):
        model = GradientDynamics(ConcaveEntropy(1), Layered(), seed=seed)
        return {name: parameter.detach().clone() for name, parameter in model.named_parameters()}

    torch.manual_seed(1)
    one = drawn(5)
    torch.manual_seed(2)
    same, other = drawn(5), drawn(6)
    for name in one:
        assert torch.equal(one[name], same[name]), name
        if name != "dissipation.fixed" and not name.endswith("bias"):
            assert not torch.equal(one[name], other[name]), name
    assert torch.equal(one["dissipation.fixed"], torch.ones(3, dtype=torch.float64))


def test_a_redraw_leaves_the_global_random_numbers_alone():
    model = Layered()
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    redraw_(model, torch.Generator().manual_seed(0))
    assert torch.equal(torch.rand(3), expected)


def test_restarts_of_an_own_potential_begin_from_fresh_weights():
    data = simulate(OverdampedParticle(), trajectories=10, points=24, dt=0.1, seed=3)
    model, starts = GradientDynamics(OverdampedParticle().entropy, Layered()), []
    recipe = SelfScaledBFGS(iterations=30, points=6, restarts=3, trial=5, tolerance=0.0)

    def watch(iteration, _):
        if iteration in (6, 11):  # just after a redraw
            starts.append(model.dissipation.log_size.item())

    before = 0.0
    fit(model, data, recipe, progress=False, watch=watch)
    assert len({before, *(round(start, 6) for start in starts)}) == 3
    with torch.no_grad():
        assert (model(data.states) + data.states).abs().max() < 1e-3


def test_a_recipe_never_looks_inside_a_batch():
    class Opaque(Likelihood):
        def batch(self, data, count=None):
            return lambda: super(Opaque, self).batch(data, count)

        def loss(self, model, batch):
            return super().loss(model, batch())

    heights = torch.linspace(1, 4, 12, dtype=torch.float64)
    data = Clouds(heights, 1.7 * heights.sqrt()[:, None] + 0.3 * normal((12, 30), 1))
    for recipe in (SelfScaledBFGS(Opaque(), iterations=4, restarts=1), AdamThenLBFGS(4, objective=Opaque())):
        assert len(fit(Throw(), data, recipe, progress=False).losses) > 0


def test_trajectories_are_a_recording_like_any_other():
    assert issubclass(Trajectories, Recording)
