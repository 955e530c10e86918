"""Experiments: what is trained, on what it is judged, and that an outcome comes back from its file."""

import json

import pytest
import torch
from conftest import refused
from torch import nn

from ggd_helpers.evaluation import measures
from ggd_helpers.evaluation.report import evaluate
from ggd_helpers.experiments import Experiment, Outcome, run_all
from ggd_helpers.recordings.simulate import simulate
from ggd_helpers.systems.particle import OverdampedParticle
from ggd_helpers.training.adam_lbfgs import AdamThenLBFGS
from ggd_helpers.training.fit import fit
from ggd_helpers.training.objectives import FlowMatching
from ggd_helpers.training.self_scaled_bfgs import SelfScaledBFGS


class Slope(nn.Module):
    """A velocity `slope x`: a plain network, without potentials."""

    def __init__(self):
        super().__init__()
        self.slope = nn.Parameter(torch.tensor(-0.2, dtype=torch.float64))

    def forward(self, x):
        return self.slope * x


SYSTEM = OverdampedParticle(1.3)
DATA = simulate(SYSTEM, trajectories=12, points=20, dt=0.1, seed=1)
TESTS = {name: simulate(SYSTEM, trajectories=4, points=20, dt=0.1, seed=seed) for name, seed in (("a", 2), ("b", 3))}
RECIPE = SelfScaledBFGS(FlowMatching(), iterations=20, restarts=1, points=5)
ASKED = [measures.velocity(SYSTEM), measures.rollout]


@pytest.fixture(scope="module")
def outcome():
    return Experiment("slope", Slope(), DATA, TESTS, ASKED, RECIPE, seed=4).run(progress=False)


def test_it_trains_a_copy_and_measures_it_on_every_test_set(outcome):
    model = Slope()
    history = fit(model, DATA, RECIPE, seed=4, progress=False)
    assert outcome.history.losses == history.losses
    assert outcome.model.slope.item() == model.slope.item()
    assert outcome.metrics.keys() == TESTS.keys()
    for name, test in TESTS.items():
        own = evaluate(model, test, ASKED)
        assert outcome.metrics[name] == own.metrics | {"train_seconds": outcome.history.seconds[-1]}
        assert torch.equal(outcome.velocity_errors[name], own.velocity_errors)
        assert torch.equal(outcome.frames[name], own.rollout.states[2, [0, 6, 12, 19]])


def test_it_can_be_run_again():
    experiment = Experiment("slope", Slope(), DATA, TESTS, ASKED, RECIPE, seed=4)
    first, second = (experiment.run(progress=False) for _ in range(2))
    assert experiment.model.slope.item() == -0.2
    assert first.history.losses == second.history.losses


def test_several_at_once_give_what_each_gives_alone():
    several = [Experiment(f"slope {seed}", Slope(), DATA, TESTS, ASKED, RECIPE, seed=seed) for seed in range(3)]
    for together, experiment in zip(run_all(several, progress=False), several, strict=True):
        alone = experiment.run(progress=False)
        assert together.name == alone.name
        assert together.history.losses == pytest.approx(alone.history.losses)
        assert together.model.slope.item() == pytest.approx(alone.model.slope.item())
        assert torch.allclose(together.reports["a"].rollout.states, alone.reports["a"].rollout.states)


def test_training_in_single_precision_is_judged_in_double():
    recipe = AdamThenLBFGS(epochs=4)
    outcome = Experiment("slope", Slope(), DATA, TESTS, ASKED, recipe, dtype=torch.float32).run(progress=False)
    assert outcome.model.slope.dtype == torch.float64
    assert outcome.model.slope.item() == outcome.model.slope.float().item()  # what single precision can hold
    assert outcome.reports["a"].velocities.dtype == torch.float64


def test_an_outcome_comes_back_from_its_file(outcome, tmp_path):
    outcome.keep(tmp_path / "kept.json", command="python it.py", date="2026-11-24")
    back = Outcome.read(tmp_path / "kept.json")
    assert (back.name, back.metrics, back.history) == (outcome.name, outcome.metrics, outcome.history)
    assert back.about == outcome.about | {"command": "python it.py", "date": "2026-11-24"}
    assert back.model is None
    for name in TESTS:
        assert torch.equal(back.velocity_errors[name], outcome.velocity_errors[name])
        assert torch.equal(back.rollout_errors[name], outcome.rollout_errors[name])
        assert torch.equal(back.frames[name], outcome.frames[name])
    assert [path.name for path in tmp_path.iterdir()] == ["kept.json"]


@pytest.mark.parametrize("damage", ["", "{", "[1]", '"text"', "{}", "no history", "history of another kind"])
def test_another_file_is_refused(outcome, tmp_path, damage):
    path = tmp_path / "kept.json"
    outcome.keep(path)
    content = json.loads(path.read_text())
    if damage == "no history":
        del content["history"]
    elif damage == "history of another kind":
        content["history"] = {"speed": 3}
    path.write_text(json.dumps(content) if "history" in damage else damage)
    with refused("kept.json", "cut short or was not written by Outcome.keep"):
        Outcome.read(path)


def test_the_report_of_the_only_test_set(outcome):
    with pytest.raises(ValueError, match="too many values"):
        _ = outcome.report
    one = Experiment("slope", Slope(), DATA, {"a": TESTS["a"]}, ASKED, RECIPE).run(progress=False)
    assert one.report is one.reports["a"]
