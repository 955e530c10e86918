"""The record of a chapter: checked parameters, the contract of results.json, whole files, weights that come back."""

import hashlib
import io
import json
import math
import platform
import subprocess
import time
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from conftest import refused
from PIL import Image
from safetensors.torch import load_file

from ggd_helpers import files
from ggd_helpers import record as record_module
from ggd_helpers.batch.place import claimed
from ggd_helpers.dynamics.gradient import GradientDynamics
from ggd_helpers.experiments import Outcome
from ggd_helpers.files import DATA, MANIFEST, sha256
from ggd_helpers.potentials.coordinates import Components, DissipationInComponents, EntropyInComponents
from ggd_helpers.potentials.general import (
    ConcaveEntropy,
    ConvexDissipation,
    IsotropicDissipation,
    QuadraticDissipation,
)
from ggd_helpers.record import Record
from ggd_helpers.systems.particle import AnisotropicParticle
from ggd_helpers.training.fit import History

CELL = """seed: int = 0  # starts every draw; 0 or more
gamma: float = 1.0  # damping rate, 1/time; positive
device: str = "auto"  # where to train; auto, cpu or cuda
out: str = "out"  # folder of the results
"""
METRICS = {"1d": {"velocity_mse": 1.5e-12, "rollout_mse": 2e-14}, "2d": {"velocity_mse": 0.25}}


@pytest.fixture
def variables(tmp_path, monkeypatch):
    """The variables of a notebook in the working folder, `07_small.ipynb`, whose parameters cell was run."""
    cell = {"cell_type": "code", "metadata": {"tags": ["parameters"]}, "source": CELL.splitlines(keepends=True)}
    (tmp_path / "07_small.ipynb").write_text(json.dumps({"cells": [cell]}))
    monkeypatch.chdir(tmp_path)
    return {"seed": 3, "gamma": 2.0, "device": "cpu", "out": str(tmp_path / "runs" / "x"), "something": "else"}


@pytest.fixture
def record(variables):
    made = Record("07_small", variables)
    made.metrics |= METRICS
    return made


def read(path):
    def refuse(name):
        raise AssertionError(f"{name} is not JSON")

    return json.loads(path.read_text(encoding="utf-8"), parse_constant=refuse)


def names_in(folder):
    return sorted(path.name for path in folder.rglob("*") if path.name != MANIFEST)


class TestParameters:
    def test_they_are_taken_from_the_variables_and_nothing_else_is(self, record, variables):
        assert record.parameters == {name: variables[name] for name in ("seed", "gamma", "device", "out")}
        assert record.device == torch.device("cpu")

    @pytest.mark.parametrize(
        ("name", "value", "words"),
        [
            ("gamma", -1.0, ["gamma must be positive (got -1.0)", "damping rate"]),
            ("gamma", "abc", ["gamma must be positive (got 'abc')"]),
            ("seed", 1.5, ["seed must be a whole number, 0 or more (got 1.5)"]),
            ("device", "gpu", ["device must be auto, cpu or cuda (got 'gpu')"]),
        ],
    )
    def test_a_value_outside_its_range_is_refused(self, variables, name, value, words):
        with refused(*words):
            Record("07_small", variables | {name: value})

    def test_a_parameter_that_is_not_defined_says_what_to_run(self, variables):
        del variables["gamma"]
        with refused("gamma is not defined", "run the cell with the parameters"):
            Record("07_small", variables)

    def test_a_chapter_of_the_course_is_found_from_any_folder(self, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        own = {"seed": 0, "gamma": 1.0, "out": "x"}
        assert Record("00_start_here", own).parameters == own


class TestResultsFile:
    def test_it_keeps_the_contract(self, record, variables, tmp_path):
        path = record.save()
        content = read(path)
        assert path == tmp_path / "runs" / "x" / "results.json"
        named = {"commit", "sha256", "threads", "cpu_capability", "platform"}
        always = {"chapter", "parameters", "seconds", "device", "seed", "versions", "metrics", "claims"}
        assert set(content) == always | named
        assert content["chapter"] == "07_small"
        assert content["parameters"] == record.parameters | {"out": "."}
        assert (content["seed"], content["device"]) == (3, "cpu")
        assert content["metrics"] == METRICS
        assert {"python", "ggd_helpers", "torch", "numpy", "scipy"} <= set(content["versions"])
        assert all(isinstance(version, str) and version for version in content["versions"].values())
        assert names_in(path.parent) == ["results.json"]

    def test_claims_stand_in_it_with_their_verdicts(self, record):
        shown = record.claim({"small": (1e-3, "1e-2 or less"), "large": (1e-3, "1 or more")})
        assert [line.split()[-1] for line in repr(shown).splitlines()] == ["holds", "FAILS"]
        assert [claim["holds"] for claim in read(record.save())["claims"]] == [True, False]

    def test_what_is_kept_over_seeds_is_shown_for_these_parameters_only(self, record, tmp_path, monkeypatch):
        monkeypatch.setattr(record_module, "DATA", tmp_path)
        about = {"parameters": {"gamma": 2.0}, "command": "by hand", "date": "today"}
        kept = {"seeds": [0, 1], "metrics": {"1d": {"velocity_mse": [1e-3, 2e-3]}}, "failed_claims": {}, "about": about}
        (tmp_path / "07_small_seeds.json").write_text(json.dumps(kept))
        table = record.table({"ours": "1d"}, ["velocity_mse"])
        assert "1.5e-12" in repr(table)
        assert "1.5e-03 (1.0e-03 to 2.0e-03)" in repr(table)
        record.parameters["gamma"] = 3.0
        assert "over seeds" not in repr(record.table({"ours": "1d"}, ["velocity_mse"]))

    def test_a_page_is_kept_and_listed_as_the_records_own(self, record):
        shown = record.page("# a law", "report")
        assert shown.data == (record.folder / "report.md").read_text() == "# a law"
        assert "report.md" in json.loads((record.folder / MANIFEST).read_text())["files"]

    def test_seconds_count_from_the_making_of_the_record(self, record):
        time.sleep(0.3)
        assert 0.3 <= read(record.save())["seconds"] < 60

    def test_a_second_save_replaces_the_first(self, record):
        record.save()
        record.metrics = {"1d": {"velocity_mse": 1.0}}
        assert read(record.save())["metrics"] == {"1d": {"velocity_mse": 1.0}}

    @pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
    def test_a_number_that_is_not_finite_is_recorded_as_failed_and_the_rest_stays(self, record, bad):
        record.metrics |= {"2d": {"velocity_mse": 0.25, "rollout_mse": bad}, "3d": {"rollout_mse": bad}}
        content = read(record.save())
        assert content["metrics"] == METRICS | {"3d": {}}
        assert set(content["failed"]) == {"2d", "3d"}
        assert content["failed"]["2d"]["rollout_mse"].startswith(f"{bad}: ")

    def test_what_cannot_be_written_leaves_the_earlier_results_alone(self, record):
        old = record.save().read_text()
        record.parameters["seed"] = object()
        with pytest.raises(TypeError, match="JSON"):
            record.save()
        assert (record.folder / "results.json").read_text() == old
        assert names_in(record.folder) == ["results.json"]

    def test_a_full_disk_leaves_the_earlier_results_and_no_part_of_new_ones(self, record, monkeypatch):
        old, write_text = record.save().read_text(), Path.write_text

        def write_half(path, text, **options):
            write_text(path, text[: len(text) // 2], **options)
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(Path, "write_text", write_half)
        with pytest.raises(OSError, match="No space"):
            record.save()
        assert (record.folder / "results.json").read_text() == old
        assert names_in(record.folder) == ["results.json"]

    def test_numbers_from_numpy_and_torch_are_numbers(self, record):
        record.metrics = {"1d": {"a": np.float64(0.5), "b": np.float32(0.25), "c": torch.tensor(0.125)}}
        assert read(record.save())["metrics"] == {"1d": {"a": 0.5, "b": 0.25, "c": 0.125}}


class TestProvenance:
    def test_the_notebook_and_a_data_file_are_known_by_their_content(self, variables, tmp_path, digests):
        content = read(Record("07_small", variables | {"data_file": "mine.csv"}).save())
        assert content["sha256"] == digests
        assert content["parameters"]["data_file"] == "../../mine.csv"
        assert (tmp_path / "runs" / "x" / content["parameters"]["data_file"]).resolve() == tmp_path / "mine.csv"

    @pytest.fixture
    def digests(self, variables, tmp_path):
        """A data file that the parameters cell of the notebook names, and what another program says of both."""
        notebook = json.loads((tmp_path / "07_small.ipynb").read_text())
        notebook["cells"][0]["source"].append('data_file: str = "mine.csv"  # your own data\n')
        (tmp_path / "07_small.ipynb").write_text(json.dumps(notebook))
        (tmp_path / "mine.csv").write_text("trajectory,t,x\n")
        files = {"07_small.ipynb": tmp_path / "07_small.ipynb", "data_file": tmp_path / "mine.csv"}
        return {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in files.items()}

    def test_they_are_those_of_the_beginning(self, variables, tmp_path, digests):
        record = Record("07_small", variables | {"data_file": "mine.csv"})
        (tmp_path / "mine.csv").write_text("changed while the chapter runs")
        assert read(record.save())["sha256"] == digests

    @pytest.mark.usefixtures("digests")
    @pytest.mark.parametrize("value", ["particle.csv", str(DATA / "particle.csv")])
    def test_a_file_of_the_course_goes_by_its_name(self, variables, value):
        content = read(Record("07_small", variables | {"data_file": value}).save())
        assert content["parameters"]["data_file"] == "particle.csv"

    @pytest.mark.usefixtures("digests")
    def test_a_file_that_is_not_there_is_the_chapters_to_refuse(self, variables):
        content = read(Record("07_small", variables | {"data_file": "nowhere.csv"}).save())
        assert content["parameters"]["data_file"] == "nowhere.csv"
        assert set(content["sha256"]) == {"07_small.ipynb"}

    @pytest.mark.parametrize("threads", [1, 2])
    def test_what_changes_the_last_digits(self, record, threads):
        before = torch.get_num_threads()
        torch.set_num_threads(threads)
        try:
            content = read(record.save())
        finally:
            torch.set_num_threads(before)
        assert content["threads"] == threads
        assert f"CPU capability usage: {content['cpu_capability']}" in torch.__config__.show()
        assert platform.machine() in content["platform"]

    @pytest.fixture
    def checkout(self, tmp_path, monkeypatch):
        """A repository with one commit, which the package seems to lie in."""
        monkeypatch.setattr(files, "ROOT", tmp_path / "checkout")
        (tmp_path / "checkout").mkdir()
        (tmp_path / "checkout" / "a").touch()
        git = ["git", "-C", str(tmp_path / "checkout"), "-c", "user.name=x", "-c", "user.email=x"]
        try:
            for command in (["init", "-q"], ["add", "a"], ["commit", "-qm", "a"], ["tag", "-am", "a", "v1"]):
                subprocess.run([*git, *command], check=True)
        except FileNotFoundError:
            pytest.skip("needs git")
        return tmp_path / "checkout"

    def test_the_commit_and_whether_files_differ_from_it(self, checkout, variables):
        head = (checkout / ".git" / (checkout / ".git" / "HEAD").read_text().split()[1]).read_text().strip()
        assert read(Record("07_small", variables).save())["commit"] == head
        (checkout / "a").write_text("changed")
        assert read(Record("07_small", variables).save())["commit"] == f"{head}-dirty"

    def test_no_commit_outside_a_checkout_even_inside_another_repository(self, checkout, variables, monkeypatch):
        (checkout / "site-packages").mkdir()
        monkeypatch.setattr(files, "ROOT", checkout / "site-packages")
        assert read(Record("07_small", variables).save())["commit"] is None

    def test_no_commit_without_git(self, checkout, variables, monkeypatch):
        monkeypatch.setenv("PATH", "")
        assert read(Record("07_small", variables).save())["commit"] is None


class TestOutcomes:
    def outcome(self, **about):
        model = GradientDynamics(ConcaveEntropy(1), ConvexDissipation(1))
        return Outcome("1d", History("x", [2.0], [0.5]), {"1d_a": {"velocity_mse": 1.0}}, {}, {}, about, model)

    def test_numbers_and_model_are_taken_in(self, record):
        outcome = self.outcome()
        assert record.add(outcome) is outcome
        assert record.metrics == METRICS | {"1d_a": {"velocity_mse": 1.0}}
        assert record.models == {"1d": outcome.model}

    @pytest.mark.parametrize(("gamma", "found"), [(2.0, True), (2, True), (1.0, False)])
    def test_kept_numbers_belong_to_their_parameters(self, record, tmp_path, gamma, found):
        self.outcome().keep(tmp_path / "kept.json", parameters={"gamma": gamma})
        kept = record.kept("kept.json")
        assert (kept is not None) == found
        if kept is not None:
            assert kept.metrics == {"1d_a": {"velocity_mse": 1.0}}
            record.add(kept)
            assert record.models == {}


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
    def test_they_make_the_same_model_again(self, record, name):
        model, fresh = MODELS[name](1), MODELS[name](2)
        record.models[name] = model
        record.save()
        assert set(names_in(record.folder)) == {f"{name}.safetensors", "results.json"}
        fresh.load_state_dict(load_file(record.folder / f"{name}.safetensors"))
        x = torch.randn(50, 2, generator=torch.Generator().manual_seed(0)).to(next(model.parameters()))
        assert torch.equal(fresh(x), model(x))

    def test_models_that_share_a_potential(self, record):
        entropy = ConcaveEntropy(1)
        record.models = {name: GradientDynamics(entropy, ConvexDissipation(1)) for name in ("one", "two")}
        record.save()
        assert names_in(record.folder) == ["one.safetensors", "results.json", "two.safetensors"]

    def test_potentials_that_share_numbers_are_saved_whole(self, record):
        units = Components.in_units_of(16.0)
        pair = EntropyInComponents(ConcaveEntropy(1), units), DissipationInComponents(ConvexDissipation(1), units)
        model = GradientDynamics(*pair)
        record.models["1d"] = model
        record.save()
        assert load_file(record.folder / "1d.safetensors").keys() == model.state_dict().keys()

    def test_there_is_no_results_file_without_its_weights(self, record, monkeypatch):
        """A disk that fills up while the weights are written leaves the earlier ones, and no part of new ones."""
        record.models["1d"] = MODELS["networks"](0)
        record.save()
        before = {path.name: path.read_bytes() for path in record.folder.iterdir()}
        write_bytes = Path.write_bytes

        def write_half(path, content):
            write_bytes(path, content[: len(content) // 2])
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(Path, "write_bytes", write_half)
        record.models["1d"] = MODELS["networks"](1)
        with pytest.raises(OSError, match="No space"):
            record.save()
        assert {path.name: path.read_bytes() for path in record.folder.iterdir()} == before

    def test_they_can_be_read_by_whoever_reads_the_numbers(self, record):
        record.models["1d"] = MODELS["networks"](0)
        path = record.save()
        assert (record.folder / "1d.safetensors").stat().st_mode == path.stat().st_mode


class TestFigure:
    def draw(self, *points):
        figure, axes = plt.subplots()
        plt.close(figure)
        axes.plot(points)
        return figure

    def test_it_is_a_png_of_that_name_and_comes_back_for_the_page(self, record):
        figure = self.draw(0, 1)
        assert record.figure(figure, "4_1_trajectories") is figure
        with Image.open(record.folder / "figures" / "4_1_trajectories.png") as image:
            assert image.format == "PNG"
            assert min(image.size) > 500
        assert names_in(record.folder) == ["4_1_trajectories.png", "figures"]

    def test_on_the_page_things_lie_where_they_lie_in_the_file(self, record):
        with plt.rc_context({"figure.constrained_layout.use": True}):
            figure = record.figure(self.draw(0, 1), "a")
        (axes,) = figure.axes
        laid_out = axes.get_position().bounds
        axes.set_ylabel("two\nlines")  # would push the panel aside, if the figure were laid out again
        figure.savefig(io.BytesIO(), dpi=90)
        assert axes.get_position().bounds == laid_out

    def test_a_second_one_replaces_the_first(self, record):
        record.figure(self.draw(), "a")
        empty = (record.folder / "figures" / "a.png").read_bytes()
        record.figure(self.draw(0, 1), "a")
        assert (record.folder / "figures" / "a.png").read_bytes() != empty


class TestManifest:
    def test_it_lists_what_was_written_so_that_a_run_may_replace_it(self, record):
        """Whoever ran a chapter in JupyterLab may run it as a batch job into the same folder."""
        record.models["1d"] = MODELS["networks"](0)
        for points in ((0, 1), (1, 0)):  # again, as when a cell is run twice
            record.figure(TestFigure().draw(*points), "a")
            record.save()
        (record.folder / "mine.txt").write_text("mine")
        listed = read(record.folder / MANIFEST)["files"]
        assert listed == {
            name: sha256(record.folder / name) for name in ("figures/a.png", "1d.safetensors", "results.json")
        }
        with claimed(record.folder) as place:
            assert set(place.earlier()) == {*listed, MANIFEST}

    def test_a_file_of_that_name_that_is_a_users_own_stays(self, record):
        record.folder.mkdir(parents=True)
        (record.folder / MANIFEST).write_text("my list")
        record.save()
        assert (record.folder / MANIFEST).read_text() == "my list"
