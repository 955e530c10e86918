"""The runs that a command asks for, and what is refused of it before anything starts."""

import builtins
import json
import os
import sys
from pathlib import Path

import pytest
from test_command_line import SAVE, files, make_run, write_chapter

from ggd_helpers.batch import Refused, find_chapter
from ggd_helpers.batch.agenda import Agenda
from ggd_helpers.batch.ending import Ending
from ggd_helpers.batch.inputs import Inputs, changed
from ggd_helpers.batch.plan import MOST, planned
from ggd_helpers.batch.table import SweepFolder, Table
from ggd_helpers.commands import answer
from ggd_helpers.files import sha256


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_chapter(tmp_path / "notebooks", "03_tiny", SAVE).parent


def values(folder: Path, *assignments: str, zipped: bool = False) -> list[dict[str, object]]:
    return [run.values for run in planned(find_chapter("03_tiny", folder), list(assignments), zipped)]


class TestPlanned:
    def test_every_combination_the_last_parameter_changing_fastest(self, folder: Path):
        found = values(folder, "gamma=0.1,1,10", "seed=0:2")
        assert found == [{"gamma": g, "seed": s} for g in (0.1, 1.0, 10.0) for s in (0, 1)]
        assert {type(run["seed"]) for run in found} == {int}

    def test_one_by_one_and_what_has_one_value_goes_with_all(self, folder: Path):
        found = values(folder, "gamma=0.1,1,10", "seed=3:6", "thesis_recipe=true", zipped=True)
        assert found == [
            {"gamma": g, "seed": s, "thesis_recipe": True} for g, s in zip((0.1, 1, 10), (3, 4, 5), strict=True)
        ]

    @pytest.mark.parametrize(
        ("text", "numbers"),
        [("0:5", [0, 1, 2, 3, 4]), ("0:10:4", [0, 4, 8]), ("5:2:-1", [5, 4, 3]), ("0:2,7, 9:11", [0, 1, 7, 9, 10])],
    )
    def test_ranges_have_no_end(self, folder: Path, text: str, numbers: list[int]):
        assert [run["seed"] for run in values(folder, f"seed={text}")] == numbers

    def test_a_text_is_taken_whole_and_swept_by_naming_it_again(self, folder: Path):
        texts = ["A <-> B | kf=2, kb=1", "C <-> D"]
        assert [run["reactions"] for run in values(folder, *[f"reactions={t}" for t in texts])] == texts

    def test_names_tell_runs_apart_and_can_be_folders(self, folder: Path):
        chapter = find_chapter("03_tiny", folder)
        texts = ["A <-> B | kf=2", "A <-> B | kf=2,", "A/B", "A" * 400, "A" * 401, "..", "A B"]
        runs = planned(chapter, [f"reactions={t}" for t in texts] + ["gamma=1e-5,0.1,1,1e300"])
        names = [run.name for run in runs]
        assert len(set(names)) == len(runs) == 28
        for name in names:
            assert len(name) < 140
            (folder / name).mkdir()
        assert "gamma=0.1_reactions=A-B-" in " ".join(names)

    def test_the_order_of_the_command_makes_no_other_runs(self, folder: Path):
        chapter = find_chapter("03_tiny", folder)
        one, other = (planned(chapter, words) for words in (["gamma=1,2", "seed=0"], ["seed=0", "gamma=1,2"]))
        assert [run.name for run in one] == [run.name for run in other] == ["seed=0_gamma=1", "seed=0_gamma=2"]


BAD = [
    (["-p", "gamma=abc"], "gamma must be a number (got 'abc'): damping rate, 1/time."),
    (["-p", "gamma=1,,2"], "gamma must be a number (got '')"),
    (["-p", "gamma="], "gamma must be a number (got '')"),
    (["-p", "gamma=1,-1"], "gamma must be positive (got -1.0)"),
    (["-p", "gamma=1,nan"], "gamma must be positive (got nan)"),
    (["-p", "gamma=0:5"], "gamma=0:5: only whole numbers have ranges; list the values of gamma, as in gamma=0.1,1,10."),
    (["-p", "gamma=1,1.0"], "gamma=1.0 stands there twice"),
    (["-p", "gamma=1", "-p", "gamma=2,1"], "gamma=1.0 stands there twice"),
    (["-p", "seed=0:3,2"], "seed=2 stands there twice"),
    (["-p", "seed=5:0"], "seed=5:0 is no number: write FIRST:END"),
    (["-p", "seed=0:5:0"], "seed=0:5:0 is no number"),
    (["-p", "seed=0:x"], "seed must be a whole number (got '0:x')"),
    (["-p", "seed=-2:1"], "seed must be a whole number, 0 or more (got -2)"),
    (["-p", f"seed=0:{10**15}"], f"seed=0:{10**15} is more than {MOST} numbers"),
    (["-p", "seed=0:200", "-p", "gamma=" + ",".join(map(str, range(1, 101)))], "these are 20000 runs, more than 10000"),
    (["-p", "thesis_recipe=true,maybe"], "thesis_recipe must be true or false (got 'maybe')"),
    (["-p", "data_file=nowhere.csv"], "data_file: There is no file 'nowhere.csv'"),
    (["-p", "gama=1"], "03_tiny has no parameter 'gama': did you mean 'gamma'?"),
    (["-p", "gamma"], "-p gamma: write -p name=value"),
    (["-p", "out=here"], "out cannot be set with -p: say --out here instead"),
    ([], "name what to sweep over, for example -p seed=1,2,3: 03_tiny has nothing to do."),
    (["--zip", "-p", "gamma=1,2,3", "-p", "seed=0:2"], "--zip takes values one by one, and gamma has 3, seed has 2"),
    (["-p", "gamma=1", "--workers", "0"], "--workers must be a whole number, 1 to 1000 (got 0)"),
    (["-p", "gamma=1", "--workers", "two"], "--workers must be a whole number, 1 to 1000 (got 'two')"),
    (["-p", "gamma=1", "--workers", "2", "--scheduler", "x"], "--workers is for this machine, --scheduler names"),
    (["-p", "gamma=1", "--out", "{file}"], "{file} is a file"),
    (["-p", "gamma=1", "--out", "{file}/deeper"], "{file}/deeper cannot be made or written to (Not a directory)"),
    (["-p", "gamma=1", "--out", "{thesis}"], "{thesis} exists and is not an earlier sweep: nothing was touched."),
    (["-p", "gamma=1", "--out", "{other}"], "{other} holds a sweep of 04_other, not of 03_tiny"),
    (["-p", "gamma=1", "--out", "{odd}"], "{odd}/sweep.json cannot be read"),
    (["-p", "gamma=1", "--out", "x" * 300], "cannot be made or written to (File name too long)"),
    (["-p", "gamma=1", "--out", os.fsdecode(b"\xff")], "is not a folder that can be named"),
    (["--plot", "mse"], "there is no table at"),
    (["--plot", "mse", "--out", "{thesis}"], "there is no table at {thesis}/sweep.csv"),
]


@pytest.mark.usefixtures("no_kernel")
class TestRefused:
    @pytest.fixture
    def no_kernel(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("ggd_helpers.batch.sweep_command._make", lambda *a: pytest.fail("runs would be made"))

    @pytest.fixture
    def places(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Path]:
        found = {name: tmp_path / name for name in ("file", "thesis", "other", "odd")}
        found["file"].touch()
        for name, content in (("thesis", None), ("other", '{"chapter": "04_other", "tables": []}'), ("odd", "[1]")):
            found[name].mkdir()
            (found[name] / ("sweep.json" if content else "thesis.tex")).write_text(content or "mine")
        monkeypatch.chdir(tmp_path)
        return found

    @pytest.mark.parametrize(("options", "said"), BAD, ids=[f"{i}" for i in range(len(BAD))])
    @pytest.mark.parametrize("dry", [[], ["--dry-run"]], ids=["", "dry"])
    def test_in_one_sentence(self, folder, places, capfd, options: list[str], said: str, dry: list[str]):
        before = files(folder.parent)
        named = [option.format(**places) if "{" in option else option for option in options]
        if dry and ("cannot be made" in said or "--plot" in named):
            pytest.skip("only what writes can find out, and a figure is no run")
        assert answer(["sweep", "03_tiny", *named, *dry], folder) == 2
        printed = capfd.readouterr()
        (line,) = printed.err.splitlines()
        assert line.startswith("ggd: ")
        assert said.format(**places) in line
        assert printed.out == ""
        assert files(folder.parent) == before

    @pytest.mark.parametrize("name", ["03_tinny", ""])
    def test_an_unknown_chapter(self, folder: Path, capsys: pytest.CaptureFixture, name: str):
        assert answer(["sweep", name, "-p", "gamma=1"], folder) == 2
        assert f"there is no chapter {name!r}" in capsys.readouterr().err

    def test_a_notebook_that_is_no_chapter(self, folder: Path, capsys: pytest.CaptureFixture):
        write_chapter(folder, "05_odd", SAVE, parameters="n: int = 1  # one; 0 or more")
        assert answer(["sweep", "05_odd", "-p", "n=1,2"], folder) == 2
        assert "05_odd has no parameter `out`" in capsys.readouterr().err

    def test_without_dask(self, folder: Path, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch):
        def without(name: str, *arguments, real=builtins.__import__):
            if name == "distributed":
                raise ImportError(name)
            return real(name, *arguments)

        monkeypatch.setattr(builtins, "__import__", without)
        monkeypatch.delitem(sys.modules, "distributed", raising=False)
        before = files(folder.parent)
        assert answer(["sweep", "03_tiny", "-p", "gamma=1,2", "--dry-run"], folder) == 0
        assert answer(["sweep", "03_tiny", "-p", "gamma=1,2"], folder) == 2
        said = capsys.readouterr().err
        assert (
            said
            == 'ggd: a sweep needs Dask, which is not installed: say `pip install -e ".[batch]"` in the repository.\n'
        )
        assert files(folder.parent) == before


def test_a_dry_run_lists_the_runs_and_touches_nothing(folder: Path, capsys: pytest.CaptureFixture):
    before = files(folder.parent)
    assert answer(["sweep", "03_tiny", "-p", "gamma=1,2", "-p", "seed=0:2", "--dry-run", "--workers", "2"], folder) == 0
    *runs, estimate = capsys.readouterr().out.splitlines()
    assert runs == [f"missing   seed={s}_gamma={g}" for g in (1, 2) for s in (0, 1)]
    assert estimate == "4 runs to make; how long one takes is known when the first is done."
    assert files(folder.parent) == before


def test_what_workers_finished_while_the_sweep_was_ended_is_taken_in(folder: Path, tmp_path: Path):
    chapter, out = find_chapter("03_tiny", folder), SweepFolder(tmp_path / "out", "03_tiny")
    out.path.mkdir()
    agenda = Agenda(chapter, out, planned(chapter, ["gamma=1,2"]))
    one, other = agenda.jobs
    make_run(one.folder)
    (one.folder / "results.json").write_text('{"metrics": {"1d": {"mse": 0.5}}}')
    digests = {name: sha256(one.folder / name) for name in ("results.json", "notebook.ipynb")}
    (one.folder / "manifest.json").write_text(json.dumps({"files": digests}))
    Ending("done", 2.0, 1, "", one.inputs, sha256(one.folder / "manifest.json")).write(one.record)
    assert agenda.to_do == [one, other]
    agenda.catch_up()
    assert agenda.to_do == [other]
    assert agenda.counts() == "2 runs: 1 done, 1 missing"
    lines = out.table.read_text().splitlines()
    assert lines[1:] == ["gamma=1,1.0,done,1,2.0,,0.5", "gamma=2,2.0,missing,,,,"]
    assert agenda.estimate(2) == "1 run to make, 2 at a time: about 2 s (2 s each, the median of 1 in this folder)"


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        (None, "1d.mse"),
        ("1d_untrained.mse", "1d_untrained.mse"),
        ("drift", "2d.drift"),
        ("mse", "'mse' is measured in several experiments: name one of 1d_untrained.mse, 1d.mse."),
        ("1d.msee", "'1d.msee' is no metric of this sweep: name one of 1d.mse"),
    ],
)
def test_a_metric_is_found_by_its_name_or_chosen(tmp_path: Path, asked: str | None, found: str):
    (tmp_path / "sweep.csv").write_text("run,gamma,status,attempts,seconds,error,1d_untrained.mse,1d.mse,2d.drift\n")
    table = Table.read(tmp_path / "sweep.csv")
    assert table.parameters == ["gamma"]
    if found in table.metrics:
        assert table.metric(asked) == found
    else:
        with pytest.raises(Refused, match=found.replace(".", r"\.")):
            table.metric(asked)


class TestInputs:
    def test_what_the_numbers_depend_on_is_seen(self, folder: Path, tmp_path: Path):
        notebook, data = folder / "03_tiny.ipynb", tmp_path / "mine.csv"
        data.write_text("1")
        values = {"gamma": 2.0, "data_file": str(data)}
        first = Inputs(notebook).of(values)
        assert changed(first, Inputs(notebook).of(dict(values))) == ""
        data.write_text("2")
        assert changed(first, Inputs(notebook).of(values)) == "a default or a data file"
        data.write_text("1")
        notebook.write_text(notebook.read_text().replace("rollout_mse", "roll_mse"))
        assert changed(first, Inputs(notebook).of(values)) == "the notebook"
        assert changed(first | {"package": "another"}, Inputs(notebook).of(values)) == "the notebook and the package"

    def test_text_and_outputs_of_a_notebook_do_not_count(self, folder: Path):
        notebook = folder / "03_tiny.ipynb"
        first = Inputs(notebook).of({})
        content = json.loads(notebook.read_text())
        content["cells"][0]["source"] = ["# Another title"]
        content["cells"][-1]["execution_count"] = 7
        notebook.write_text(json.dumps(content))
        assert changed(first, Inputs(notebook).of({})) == ""
