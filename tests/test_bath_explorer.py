"""The bath explorer without a browser: the equations by hand, every control, both laws, and what learners keep."""

import math

import numpy as np
import pytest
import torch
from conftest import check_control, check_learning, check_legend
from torch import nn

from ggd_helpers.explorers import bath
from ggd_helpers.explorers.bath import BathExplorer, energies, motion, rolled_out, velocity
from ggd_helpers.systems.generic.friction import LAWS, THRESHOLD
from ggd_helpers.systems.generic.oscillators import DuffingInBath

CONTROLS = {"law": "threshold", "friction": 0.7, "temperature": 0.5, "energy": 0.3, "time": 7.5}  # none starts there
every_law = pytest.mark.parametrize("law", LAWS)


@pytest.fixture(scope="module")
def explorer():
    """One for all tests, since laying out its picture takes seconds; each test leaves it as it was."""
    return BathExplorer(seed=20)


@pytest.fixture
def quick(monkeypatch):
    """Learners that stop early: a few seconds each instead of ten."""
    fewer = {"GENERIC": 400, "GENERIC, E given": 160, "plain network": 480}
    quicker = {name: learner._replace(iterations=fewer[name]) for name, learner in bath.LEARNERS.items()}
    monkeypatch.setattr(bath, "LEARNERS", quicker)


def by_hand(law, friction=0.3):
    return lambda p, T: LAWS[law].force(friction, p, T)


@every_law
def test_the_equations_by_hand_are_those_of_the_potentials(law):
    system = DuffingInBath(0.3, LAWS[law].dissipation)
    x = system.sample_states(2000, torch.Generator().manual_seed(20))
    expected = torch.from_numpy(velocity(x.T.numpy(), by_hand(law)).T)
    torch.testing.assert_close(system(x), expected, rtol=1e-11, atol=1e-13)
    terms = system.energy.gradient(x) * system(x)
    assert (terms.sum(-1).abs() <= 1e-13 * terms.abs().sum(-1)).all()
    assert system.entropy_production(x).min() >= 0


@every_law
@pytest.mark.parametrize("temperature", [bath.COLDEST, bath.HOTTEST])
@pytest.mark.parametrize("friction", [0.05, 1.0])
def test_the_forms_of_energy_add_up_and_entropy_rises(law, temperature, friction):
    start = np.array([1.0, math.sqrt(2), math.log(temperature)])
    path = motion(by_hand(law, friction), start, bath.TIMES)
    forms = energies(path)
    assert forms["sum"][0] == pytest.approx(1)
    assert np.ptp(forms["sum"]) < 1e-7
    assert np.diff(path[:, 2]).min() > -1e-9
    assert forms["heat"][-1] > 0.1
    known = DuffingInBath().energy(torch.from_numpy(path)).numpy()
    np.testing.assert_allclose(forms["sum"] - known, 0.25 - np.exp(start[2]), atol=1e-12)


def test_the_panel_is_explained(explorer):
    check_legend(explorer.panel, 7)


@pytest.mark.parametrize("name", CONTROLS)
def test_every_control_changes_the_picture(explorer, name):
    check_control(explorer, name, CONTROLS[name])


@every_law
def test_the_curves_obey_the_second_law(explorer, law):
    explorer.law.value = law
    curves = explorer.curves()
    times, risen = curves["entropy"]["known"]
    _, rate = curves["production"]["known"]
    assert rate.min() >= 0
    np.testing.assert_allclose(np.cumsum(rate[1:] + rate[:-1]) * np.diff(times) / 2, risen[1:], atol=2e-3)
    slow = np.abs(curves["phase"]["known"][1]) < THRESHOLD
    assert (rate[slow] == 0).all() == (law == "threshold")
    p, force = curves["friction"]["known"]
    assert (p * force >= 0).all()
    np.testing.assert_allclose(force, -force[::-1], atol=1e-14)
    explorer.law.value = "linear"


def test_a_colder_bath_makes_the_growing_friction_steeper(explorer):
    explorer.law.value, slopes = "growing", []
    for explorer.temperature.value in (0.4, 1.0, 2.5):
        slopes.append(explorer.curves()["friction"]["known"][1].max())
    assert slopes == sorted(slopes, reverse=True)
    explorer.law.value, explorer.temperature.value = "linear", 1.0


@every_law
def test_a_path_is_that_of_the_equations_by_hand(law):
    """The GENERIC's by collocation, from a guess of another friction and another law; ODEPACK's by hand.

    In one well: near the saddle between them small errors of both would grow.
    """
    start = np.array([1.0, 0.6, 0.0])
    system = DuffingInBath(0.25, LAWS[law].dissipation)
    found = rolled_out(system, motion(by_hand("linear"), start, bath.TIMES))
    exact = motion(by_hand(law, 0.25), start, bath.TIMES)
    np.testing.assert_allclose(found, exact, atol=1e-3 if law == "threshold" else 1e-4)


class Exploding(nn.Module):
    """A law that leaves everything behind."""

    def forward(self, x):
        return x**3


def test_a_path_that_leaves_is_not_followed():
    guess = motion(by_hand("linear"), np.array([1.0, 1.0, 0.0]), bath.TIMES)
    path = rolled_out(Exploding(), guess)
    assert np.isfinite(path[0]).all()
    assert np.isnan(path[-1]).all()
    assert not (np.abs(path) > bath.FARTHEST).any()


def learn(explorer, name):
    """Train a learner; the drift of the known energy on its path, and its curves."""
    explorer.learner.value = name
    assert "learned" not in explorer.curves()["phase"]
    check_learning(explorer, "drifts by")
    curves = explorer.curves()
    return curves["drift"]["learned"][1].max(), curves


def test_who_keeps_what(explorer, quick):
    """With a threshold: GENERIC keeps its own energy and raises entropy, the plain network breaks both laws."""
    explorer.law.value = "threshold"
    off, curves = learn(explorer, "GENERIC")
    own = curves["drift"]["own"][1].max()
    assert own < 1e-4 < off
    assert curves["production"]["learned"][1].min() >= 0
    assert curves["production"]["falls"][0].size == 0
    known, learned = (curves["phase"][kind][0] for kind in ("known", "learned"))
    assert np.abs(known - learned)[:100].max() < 0.1

    off_given, curves = learn(explorer, "GENERIC, E given")
    assert off_given < 1e-4
    np.testing.assert_allclose(curves["drift"]["own"][1], curves["drift"]["learned"][1], atol=1e-12)

    off_plain, curves = learn(explorer, "plain network")
    assert off_plain > 10 * off_given
    assert curves["production"]["falls"][0].size > 0
    assert "own" not in curves["drift"]

    for explorer.temperature.value, explorer.energy.value in ((0.5, 0.6), (1.0, 0.3)):  # another start: not forgotten
        assert "learned" in explorer.curves()["phase"]
        assert explorer.learned[0] == pytest.approx(explorer.path[0], abs=1e-9)
    explorer.learner.value = "GENERIC"
    assert "learned" in explorer.curves()["phase"]
    explorer.friction.value = 0.5
    for explorer.learner.value in bath.LEARNERS:
        assert "learned" not in explorer.curves()["phase"]
        assert "Dashed curves appear" in explorer.status.value


def test_a_friction_beyond_is_told():
    assert "friction = 0 is beyond this explorer (0.05 to 1): it begins at 0.05" in BathExplorer(0.0).status.value
