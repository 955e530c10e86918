"""What a chapter leaves behind: the contract of results.json, whole files or none, weights that come back."""

import json
import os
import subprocess
import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

from ggd_helpers import results
from ggd_helpers.dynamics import GradientDynamics
from ggd_helpers.potentials import (
    Components,
    ConcaveEntropy,
    ConvexDissipation,
    DissipationInComponents,
    EntropyInComponents,
    IsotropicDissipation,
    QuadraticDissipation,
)
from ggd_helpers.results import data_path, save_figure, save_results
from ggd_helpers.systems import AnisotropicParticle

CPU = torch.device("cpu")
PARAMETERS = {"seed": 3, "gamma": 2.0, "device": "auto", "thesis_recipe": False, "out": "somewhere"}
METRICS = {"1d": {"velocity_mse": 1.5e-12, "rollout_mse": 2e-14}, "2d": {"velocity_mse": 0.25}}


def save(out, parameters=PARAMETERS, metrics=METRICS, models=None):
    return save_results(str(out), "03_particle", parameters, metrics, models or {}, CPU)


def read(path):
    def refuse(name):
        raise AssertionError(f"{name} is not JSON")

    return json.loads(path.read_text(encoding="utf-8"), parse_constant=refuse)


def names_in(folder):
    return sorted(path.name for path in folder.rglob("*"))


class TestResultsFile:
    def test_it_keeps_the_contract(self, tmp_path):
        path = save(tmp_path / "runs" / "03_particle")
        content = read(path)
        assert path == tmp_path / "runs" / "03_particle" / "results.json"
        assert set(content) == {"chapter", "parameters", "seconds", "device", "seed", "versions", "metrics"}
        assert content["chapter"] == "03_particle"
        assert content["parameters"] == PARAMETERS
        assert content["seed"] == 3
        assert content["device"] == "cpu"
        assert content["metrics"] == METRICS
        assert isinstance(content["seconds"], float)
        assert content["seconds"] >= 0
        assert {"python", "ggd_helpers", "torch", "numpy", "scipy"} <= set(content["versions"])
        assert all(isinstance(version, str) and version for version in content["versions"].values())

    def test_nothing_but_the_results_is_left(self, tmp_path):
        save(tmp_path)
        assert names_in(tmp_path) == ["results.json"]

    def test_a_second_run_replaces_the_first(self, tmp_path):
        save(tmp_path)
        path = save(tmp_path, metrics={"1d": {"velocity_mse": 1.0}})
        assert read(path)["metrics"] == {"1d": {"velocity_mse": 1.0}}
        assert names_in(tmp_path) == ["results.json"]

    @pytest.mark.parametrize("bad", [float("nan"), float("inf"), -float("inf")])
    def test_a_metric_that_is_not_finite_is_refused(self, tmp_path, bad):
        model = GradientDynamics(ConcaveEntropy(1), ConvexDissipation(1))
        metrics = {"1d": {"velocity_mse": 1.0}, "2d": {"rollout_mse": bad}}
        with pytest.raises(ValueError, match=r"2d: rollout_mse is -?(nan|inf)"):
            save(tmp_path / "out", metrics=metrics, models={"1d": model})
        assert not (tmp_path / "out").exists()

    def test_a_refused_run_leaves_the_earlier_one_alone(self, tmp_path):
        old = save(tmp_path).read_text()
        with pytest.raises(ValueError, match="velocity_mse"):
            save(tmp_path, metrics={"1d": {"velocity_mse": float("nan")}})
        assert (tmp_path / "results.json").read_text() == old
        assert names_in(tmp_path) == ["results.json"]

    def test_what_cannot_be_written_leaves_the_earlier_results_alone(self, tmp_path):
        old = save(tmp_path).read_text()
        with pytest.raises(TypeError, match="JSON"):
            save(tmp_path, parameters={"seed": object()})
        assert (tmp_path / "results.json").read_text() == old
        assert names_in(tmp_path) == ["results.json"]

    def test_a_full_disk_leaves_the_earlier_results_and_no_part_of_new_ones(self, tmp_path, monkeypatch):
        old = save(tmp_path).read_text()
        write_text = Path.write_text

        def write_half(path, text, **options):
            write_text(path, text[: len(text) // 2], **options)
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(Path, "write_text", write_half)
        with pytest.raises(OSError, match="No space"):
            save(tmp_path, metrics={"1d": {"velocity_mse": 1.0}})
        assert (tmp_path / "results.json").read_text() == old
        assert names_in(tmp_path) == ["results.json"]

    def test_numbers_from_numpy_and_torch_are_numbers(self, tmp_path):
        metrics = {"1d": {"a": np.float64(0.5), "b": np.float32(0.25), "c": torch.tensor(0.125)}}
        assert read(save(tmp_path, metrics=metrics))["metrics"] == {"1d": {"a": 0.5, "b": 0.25, "c": 0.125}}

    def test_seconds_count_from_the_first_use_of_the_package(self, tmp_path):
        program = (
            "import time, ggd_helpers as ggd; ggd.check_parameters(gamma=1.0); time.sleep(1.0);"
            f"ggd.save_results({str(tmp_path)!r}, 'x', {{}}, {{}}, {{}}, ggd.choose_device('cpu'))"
        )
        subprocess.run([sys.executable, "-c", program], check=True, env=os.environ | {"OMP_NUM_THREADS": "1"})
        assert read(tmp_path / "results.json")["seconds"] >= 1.0


MODELS = {
    "networks": lambda seed: GradientDynamics(ConcaveEntropy(2), ConvexDissipation(2), seed=seed),
    "isotropic": lambda seed: GradientDynamics(ConcaveEntropy(2, width=5), IsotropicDissipation(), seed=seed),
    "prescribed": lambda seed: GradientDynamics(
        AnisotropicParticle([[1.0, 0.2], [0.2, 2.0]]).entropy, QuadraticDissipation(torch.eye(2)), seed=seed
    ),
    "single": lambda seed: GradientDynamics(ConcaveEntropy(2), ConvexDissipation(2), seed=seed).float(),
}


class TestWeights:
    @pytest.mark.parametrize("name", MODELS)
    def test_they_make_the_same_model_again(self, tmp_path, name):
        model, fresh = MODELS[name](1), MODELS[name](2)
        save(tmp_path, models={name: model})
        assert set(names_in(tmp_path)) == {f"{name}.safetensors", "results.json"}
        fresh.load_state_dict(load_file(tmp_path / f"{name}.safetensors"))
        x = torch.randn(50, 2, generator=torch.Generator().manual_seed(0)).to(next(model.parameters()))
        assert torch.equal(fresh(x), model(x))

    def test_models_that_share_a_potential(self, tmp_path):
        entropy = ConcaveEntropy(1)
        pairs = {name: GradientDynamics(entropy, ConvexDissipation(1)) for name in ("one", "two")}
        save(tmp_path, models=pairs)
        assert names_in(tmp_path) == ["one.safetensors", "results.json", "two.safetensors"]

    def test_potentials_that_share_numbers_are_saved_whole(self, tmp_path):
        units = Components.in_units_of(16.0)
        pair = EntropyInComponents(ConcaveEntropy(1), units), DissipationInComponents(ConvexDissipation(1), units)
        model = GradientDynamics(*pair)
        save(tmp_path, models={"1d": model})
        assert load_file(tmp_path / "1d.safetensors").keys() == model.state_dict().keys()

    def test_there_is_no_results_file_without_its_weights(self, tmp_path, monkeypatch):
        def fail(*args, **kwargs):
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(results, "save_file", fail)
        with pytest.raises(OSError, match="No space"):
            save(tmp_path, models={"1d": MODELS["networks"](0)})
        assert not (tmp_path / "results.json").exists()


@pytest.fixture
def places(tmp_path, monkeypatch):
    """A working folder and a `data/` folder, both empty."""
    own, shipped = tmp_path / "own", tmp_path / "data"
    own.mkdir()
    shipped.mkdir()
    monkeypatch.chdir(own)
    monkeypatch.setattr(results, "DATA", shipped)
    return own, shipped


class TestDataPath:
    def test_your_own_file_comes_first(self, places):
        for place in places:
            (place / "particle.csv").write_text(place.name)
        assert data_path("particle.csv").read_text() == "own"

    def test_then_the_one_that_the_course_ships(self, places):
        (places[1] / "particle.csv").write_text("data")
        assert data_path("particle.csv").read_text() == "data"

    def test_an_absolute_path(self, places):
        path = places[0].parent / "elsewhere.csv"
        path.write_text("here")
        assert data_path(str(path)).read_text() == "here"

    def test_neither(self, places):
        (places[0] / "folder.csv").mkdir()
        for name in ("nothing.csv", "folder.csv"):
            with pytest.raises(FileNotFoundError) as error:
                data_path(name)
            sentence = str(error.value)
            assert sentence.endswith(".")
            assert "\n" not in sentence
            assert repr(name) in sentence
            assert str(places[0] / name) in sentence
            assert str(places[1]) in sentence


class TestSaveFigure:
    def test_it_writes_a_png_of_that_name_and_returns_the_figure(self, tmp_path):
        figure, axes = plt.subplots()
        plt.close(figure)
        axes.plot([0, 1])
        assert save_figure(figure, str(tmp_path / "runs" / "x"), "4_1_trajectories") is figure
        with Image.open(tmp_path / "runs" / "x" / "figures" / "4_1_trajectories.png") as image:
            assert image.format == "PNG"
            assert min(image.size) > 500
        assert names_in(tmp_path / "runs" / "x") == ["4_1_trajectories.png", "figures"]

    def test_a_second_one_replaces_the_first(self, tmp_path):
        figure, axes = plt.subplots()
        plt.close(figure)
        save_figure(figure, str(tmp_path), "a")
        empty = (tmp_path / "figures" / "a.png").read_bytes()
        axes.plot([0, 1])
        save_figure(figure, str(tmp_path), "a")
        assert (tmp_path / "figures" / "a.png").read_bytes() != empty
