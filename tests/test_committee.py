"""A committee: its members are what single fits make, in the order of their seeds."""

import pytest
import torch
from conftest import refused

import ggd_helpers as ggd

RECIPE = ggd.SelfScaledBFGS(iterations=6, points=6, restarts=2, trial=2, validation_fraction=0.4)


@pytest.fixture(scope="module")
def data():
    return ggd.simulate(ggd.OverdampedParticle(), trajectories=8, points=24, dt=0.1, seed=3)


def draw(seed):
    return ggd.GradientDynamics(ggd.ConcaveEntropy(1, width=3, depth=2), ggd.IsotropicDissipation(), seed)


def slopes(law):
    with torch.no_grad():
        return law.conjugate(torch.linspace(-1, 1, 9, dtype=torch.float64)[:, None])


def test_members_are_single_fits_of_their_seeds(data, monkeypatch):
    monkeypatch.setattr("ggd_helpers.training.side_by_side.cpu_count", lambda: 2)
    members = ggd.committee(draw, data, RECIPE, members=3, seed=5, progress=False)
    for seed, member in zip((5, 6, 7), members, strict=True):
        alone = draw(seed)
        ggd.fit(alone, data, RECIPE, seed=seed, progress=False)
        torch.testing.assert_close(slopes(member), slopes(alone), rtol=1e-6, atol=1e-9)
    assert (slopes(members[0]) - slopes(members[1])).abs().max() > 1e-3


def test_no_committee_without_a_member(data):
    with refused("members"):
        ggd.committee(draw, data, RECIPE, members=0)
