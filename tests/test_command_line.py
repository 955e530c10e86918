"""`ggd` on small chapters of its own: what it prints, writes, refuses and leaves behind."""

import json
import os
import signal
import subprocess
import sys
import time
from importlib import metadata
from pathlib import Path

import nbformat
import papermill
import pytest

from ggd_helpers import batch
from ggd_helpers.__main__ import main, metrics_table

PARAMETERS = """\
seed: int = 0  # seed of all random numbers; 0 or more
gamma: float = 1.0  # damping rate, 1/time; positive
reactions: str = "A <-> B | kf=2"  # one reaction a line
data_file: str = ""  # your own data, CSV
thesis_recipe: bool = False  # also train as the thesis does, slow
out: str = "../runs/03_tiny"  # folder that receives results, figures and weights
"""
SAVE = """\
import json, os, sys
from pathlib import Path
Path(out, "figures").mkdir()
Path(out, "figures", "a.png").touch()
parameters = {"gamma": gamma, "seed": seed, "data_file": data_file, "out": out}
kernel = {"python": sys.executable, "folder": os.getcwd()}
metrics = {"1d": {"velocity_mse": 1.2345e-12 * gamma, "rollout_mse": 3e-14}, "2d": {"velocity_mse": 1e-9}}
print(out)
Path(out, "results.json").write_text(json.dumps({"parameters": parameters, "kernel": kernel, "metrics": metrics}))
"""


def write_chapter(folder: Path, name: str, *cells: str, parameters: str = PARAMETERS) -> Path:
    new = nbformat.v4
    notebook = new.new_notebook(
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
        cells=[
            new.new_markdown_cell(f"Preface\n# The title of {name}\ntext"),
            new.new_code_cell(parameters, metadata={"tags": ["parameters"]}),
            *map(new.new_code_cell, cells),
        ],
    )
    folder.mkdir(exist_ok=True)
    nbformat.write(notebook, folder / f"{name}.ipynb")
    return folder / f"{name}.ipynb"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_chapter(tmp_path / "notebooks", "03_tiny", SAVE)
    return tmp_path / "notebooks"


@pytest.fixture
def no_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(papermill, "execute_notebook", lambda *a, **k: pytest.fail("a kernel would have been started"))


def files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


class TestRun:
    def test_writes_a_whole_run_and_says_where(self, folder: Path, capsys: pytest.CaptureFixture):
        out = folder.parent / "runs" / "03_tiny"
        assert main(["run", "03_tiny", "-p", "gamma=2"], folder) == 0
        assert files(folder.parent / "runs") == {
            "03_tiny",
            *(f"03_tiny/{name}" for name in ("notebook.ipynb", "results.json", "figures", "figures/a.png")),
        }
        assert out.stat().st_mode == folder.stat().st_mode, "others may read a run as they may read the notebooks"
        printed = capsys.readouterr()
        assert "03_tiny: 100%" in printed.err
        assert "1d          2.47e-12      3e-14\n2d          1e-09         -\n" in printed.out
        assert f"ggd lab {out / 'notebook.ipynb'}" in printed.out

    def test_uses_this_python_in_the_chapters_folder_whatever_kernels_there_are(
        self, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ):
        register_foreign_kernel(tmp_path, monkeypatch)
        results = batch.run(batch.find_chapter("03_tiny", folder), {}, tmp_path / "o", progress=False)
        assert results["kernel"] == {"python": sys.executable, "folder": str(folder)}

    def test_names_its_final_folder_in_everything_it_writes(self, folder: Path, tmp_path: Path):
        out = tmp_path / "a b" / "naïve"
        results = batch.run(batch.find_chapter("03_tiny.ipynb", folder), {"gamma": 0.5}, out, progress=False)
        assert results["parameters"] == {"gamma": 0.5, "seed": 0, "data_file": "", "out": str(out)}
        assert results == json.loads((out / "results.json").read_text())
        notebook = nbformat.read(out / "notebook.ipynb", as_version=4)
        assert notebook.cells[-1].outputs[0].text == f"{out}\n"
        assert ".partial" not in (out / "notebook.ipynb").read_text()

    def test_replaces_an_earlier_run_and_nothing_else(self, folder: Path, tmp_path: Path):
        out = tmp_path / "o"
        out.mkdir()
        (out / "results.json").touch()
        (out / "old.txt").touch()
        assert main(["run", "03_tiny", "--out", str(out)], folder) == 0
        assert files(out) == {"notebook.ipynb", "results.json", "figures", "figures/a.png"}
        assert files(tmp_path) & {"o", "notebooks"} == {path.name for path in tmp_path.iterdir()}

    @pytest.mark.parametrize(
        ("cell", "code", "said"),
        [
            ("x = 0\ny = 1 / x", 1, "`y = 1 / x`\nZeroDivisionError: division by zero"),
            ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", 1, "the kernel died"),
            ("pass", 1, "wrote no results.json"),
        ],
        ids=["error", "dead kernel", "no results"],
    )
    def test_a_failing_chapter_leaves_nothing(
        self, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture, cell: str, code: int, said: str
    ):
        write_chapter(folder, "04_bad", "from pathlib import Path; Path(out, 'half').touch()", cell)
        before = files(tmp_path)
        assert main(["run", "04_bad", "--out", str(tmp_path / "new" / "deep" / "run")], folder) == code
        printed = capsys.readouterr()
        assert said in printed.err
        assert ("Nothing was written" in printed.err) == (code == 1)
        assert ("Traceback" in printed.err) == ("ZeroDivision" in said)
        assert printed.out == ""
        assert files(tmp_path) == before

    @pytest.mark.parametrize(
        ("error", "said"),
        [
            ("ValueError(f'reactions: {reactions} has no entropy')", "reactions: A has no entropy"),
            ("FileNotFoundError('data_file: no file x.csv')", "data_file: no file x.csv"),
        ],
        ids=["refused value", "missing file"],
    )
    def test_only_the_cell_that_validates_refuses(
        self, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture, error: str, said: str
    ):
        write_chapter(folder, "04_refuses", f"raise {error}", "pass")
        write_chapter(
            folder, "05_breaks", "from pathlib import Path; Path(out, 'half').touch()", f"x = 1\nraise {error}"
        )
        before = files(tmp_path)
        assert main(["run", "04_refuses", "-p", "reactions=A"], folder) == 2
        printed = capsys.readouterr().err
        assert printed.splitlines()[-1] == f"ggd: {said}"
        assert "Traceback" not in printed
        assert main(["run", "05_breaks", "-p", "reactions=A"], folder) == 1
        printed = capsys.readouterr().err
        assert f"05_breaks stopped in cell [4] at `raise {error}`\n{error.split('(')[0]}: {said}\n" in printed
        assert "----> 2 raise" in printed.partition("The last lines of the traceback:")[2]
        assert files(tmp_path) == before

    def test_another_error_in_that_cell_is_a_mistake_of_the_chapter(self, folder: Path, capsys: pytest.CaptureFixture):
        write_chapter(folder, "04_mistake", "raise KeyError('gama')")
        assert main(["run", "04_mistake"], folder) == 1
        assert "04_mistake stopped in cell [3] at `raise KeyError('gama')`" in capsys.readouterr().err

    def test_interrupted_by_ctrl_c_leaves_nothing(self, folder: Path, tmp_path: Path):
        flag = tmp_path / "started"
        write_chapter(folder, "04_slow", f"import time; open({str(flag)!r}, 'w'); time.sleep(100)")
        program = "import signal, sys; from pathlib import Path; from ggd_helpers.__main__ import main; "
        program += "signal.signal(signal.SIGINT, signal.default_int_handler); "  # ignored where tests run behind an &
        program += "sys.exit(main(['run', '04_slow'], Path(sys.argv[1])))"
        run = subprocess.Popen([sys.executable, "-c", program, folder], stderr=subprocess.PIPE, text=True)
        try:
            while not flag.exists():
                assert run.poll() is None
                time.sleep(0.1)
            run.send_signal(signal.SIGINT)
            said = run.communicate(timeout=20)[1]
        finally:
            run.kill()
        assert run.returncode == 1
        assert "ggd: interrupted. Nothing was written" in said
        assert "Traceback" not in said
        flag.unlink()
        assert {path.name for path in tmp_path.iterdir()} == {"notebooks"}

    @pytest.mark.parametrize("error", [KeyboardInterrupt, OSError("disk full")])
    def test_half_written_files_go_and_the_earlier_run_stays(
        self, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException
    ):
        def half(chapter, notebook, values, **options):
            notebook.write_text("{")
            raise error

        monkeypatch.setattr(papermill, "execute_notebook", half)
        (tmp_path / "o").mkdir()
        (tmp_path / "o" / "results.json").write_text("{}")
        before = files(tmp_path)
        with pytest.raises((KeyboardInterrupt, OSError)):
            batch.run(batch.find_chapter("03_tiny", folder), {}, tmp_path / "o")
        assert files(tmp_path) == before


@pytest.mark.usefixtures("no_kernel")
class TestRefusedBeforeAKernelStarts:
    @pytest.mark.parametrize(
        ("assignments", "said"),
        [
            (["gamma=abc"], "gamma must be a number (got 'abc'): damping rate, 1/time."),
            (["gamma="], "gamma must be a number (got '')"),
            (["gamma=nan"], "gamma must be positive (got nan)"),
            (["gamma=-1"], "gamma must be positive (got -1.0): damping rate, 1/time."),
            (["gamma=1e999"], "gamma must be positive (got inf)"),
            (["seed=1.5"], "seed must be a whole number (got '1.5'): seed of all random numbers."),
            (["thesis_recipe=yes"], "thesis_recipe must be true or false (got 'yes')"),
            (["gama=1"], "03_tiny has no parameter 'gama': did you mean 'gamma'? Its parameters are: seed, gamma,"),
            (["dim=3"], "03_tiny has no parameter 'dim'. Its parameters are: seed, gamma,"),
            (["gamma"], "-p gamma: write -p name=value"),
            (["gamma=1", "gamma=2"], "gamma is given more than once"),
            (["out=here"], "out cannot be set with -p: say --out here instead"),
        ],
    )
    def test_parameter(self, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture, assignments, said):
        before = files(tmp_path)
        options = [option for assignment in assignments for option in ("-p", assignment)]
        assert main(["run", "03_tiny", *options], folder) == 2
        assert capsys.readouterr().err.startswith(f"ggd: {said}")
        assert files(tmp_path) == before

    @pytest.mark.parametrize(
        ("name", "said"),
        [
            ("03_tinny", "there is no chapter '03_tinny': did you mean '03_tiny'? The chapters are: 03_tiny."),
            ("qqq", "there is no chapter 'qqq'. The chapters are: 03_tiny."),
        ],
    )
    def test_chapter(self, folder: Path, capsys: pytest.CaptureFixture, name: str, said: str):
        assert main(["run", name], folder) == 2
        assert capsys.readouterr().err == f"ggd: {said}\n"

    @pytest.mark.parametrize("kind", ["file", "folder of something else"])
    def test_destination(self, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture, kind: str):
        out = tmp_path / "precious"
        if kind == "file":
            out.touch()
        else:
            out.mkdir()
            (out / "thesis.tex").touch()
        before = files(tmp_path)
        assert main(["run", "03_tiny", "--out", str(out)], folder) == 2
        assert "not an earlier run" in capsys.readouterr().err
        assert files(tmp_path) == before

    def test_destination_inside_a_file(self, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture):
        (tmp_path / "file").touch()
        assert main(["run", "03_tiny", "--out", str(tmp_path / "file" / "run")], folder) == 2
        assert "cannot be made (Not a directory): name another folder with --out" in capsys.readouterr().err

    @pytest.mark.parametrize(
        ("parameters", "said"),
        [
            ("n: int = 1  # one; 0 or more", "has no parameter `out`"),
            ("out: str = f()", "cannot be read"),
            ("a: T = 1", "a: T"),
        ],
    )
    def test_a_notebook_that_is_no_chapter(self, folder: Path, capsys: pytest.CaptureFixture, parameters, said):
        write_chapter(folder, "05_odd", SAVE, parameters=parameters)
        assert main(["run", "05_odd"], folder) == 2
        assert said in capsys.readouterr().err

    @pytest.mark.parametrize("command", [["list"], ["run", "03_tiny"]])
    def test_no_chapters(self, tmp_path: Path, capsys: pytest.CaptureFixture, command: list[str]):
        assert main(command, tmp_path) == 2
        assert f"no chapters found in {tmp_path}" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("assignment", "value"),
    [
        ("gamma=2", 2.0),
        ("gamma=1e-3", 1e-3),
        ("seed=7", 7),
        ("thesis_recipe=true", True),
        ("thesis_recipe=False", False),
        ("reactions=A + 2 B <-> C | kf=2, kb=0.5", "A + 2 B <-> C | kf=2, kb=0.5"),
        ("data_file=nowhere.csv", "nowhere.csv"),
    ],
)
def test_values_have_the_type_of_the_default(folder: Path, assignment: str, value: object):
    (read,) = batch.read_values(batch.find_chapter("03_tiny", folder), [assignment]).values()
    assert read == value
    assert type(read) is type(value)


def test_a_file_is_looked_for_where_the_command_is_given(folder, tmp_path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "mine.csv").touch()
    monkeypatch.chdir(tmp_path)
    values = batch.read_values(batch.find_chapter("03_tiny", folder), ["data_file=mine.csv"])
    assert values == {"data_file": str(tmp_path / "mine.csv")}


def test_list_imports_nothing_slow(folder: Path):
    """It answers at once: none of these is imported, each of which takes longer than all of `ggd list`."""
    program = "import sys; from pathlib import Path; from ggd_helpers.__main__ import main; "
    program += "main(['list'], Path(sys.argv[1])); print(*{name.partition('.')[0] for name in sys.modules})"
    run = subprocess.run([sys.executable, "-c", program, folder], capture_output=True, text=True, check=True)
    imported = set(run.stdout.splitlines()[-1].split())
    assert "ggd_helpers" in imported
    assert not imported & {"torch", "numpy", "matplotlib", "papermill", "nbclient", "nbformat", "jupyter_client"}


def test_list_shows_titles_and_parameters(folder: Path, capsys: pytest.CaptureFixture):
    assert main(["list"], folder) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "03_tiny  The title of 03_tiny"
    assert [line.split()[0] for line in lines[1:6]] == ["seed", "gamma", "reactions", "data_file", "thesis_recipe"]
    assert lines[2].split(maxsplit=3) == ["gamma", "float", "1.0", "damping rate, 1/time; positive"]
    assert "'A <-> B | kf=2'  one reaction a line" in lines[3]


def test_table_folds_to_the_width_of_the_terminal():
    names = ["velocity_mse", "velocity_mse_data", "rollout_mse", "min_entropy_production", "train_seconds"]
    metrics = {"1d": dict.fromkeys(names, 1.23456e-12), "2d_quadratic": {"entropy_error": 12.345}}
    (header, *rows) = metrics_table(metrics, 1000)
    assert header.split() == ["experiment", *names, "entropy_error"]
    assert [row.split() for row in rows] == [["1d", *["1.23e-12"] * 5, "-"], ["2d_quadratic", *["-"] * 5, "12.3"]]
    folded = metrics_table(metrics, 60)
    assert max(map(len, folded)) <= 60
    assert [word for line in folded if line.startswith("experiment") for word in line.split()[1:]] == header.split()[1:]


class TestLab:
    @pytest.fixture
    def commands(self, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
        commands: list[list[str]] = []
        monkeypatch.setattr(os, "execv", lambda program, command: commands.append(command))
        return commands

    @pytest.mark.parametrize(("user", "as_root"), [(0, ["--allow-root"]), (1000, [])])
    def test_opens_the_chapters_for_this_machine_only(self, folder, commands, monkeypatch, user, as_root):
        monkeypatch.setattr(os, "geteuid", lambda: user)
        main(["lab"], folder)
        assert commands == [[sys.executable, "-m", "jupyterlab", "--ServerApp.ip=127.0.0.1", *as_root, str(folder)]]

    def test_opens_a_notebook(self, folder: Path, commands):
        main(["lab", str(folder / "03_tiny.ipynb")], folder)
        assert commands[0][-1] == str(folder / "03_tiny.ipynb")

    def test_refuses_what_is_not_there(self, folder: Path, commands, capsys: pytest.CaptureFixture):
        assert main(["lab", "nowhere.ipynb"], folder) == 2
        assert "there is nothing at nowhere.ipynb" in capsys.readouterr().err
        assert not commands


def register_foreign_kernel(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = {"argv": ["/bin/false", "{connection_file}"], "display_name": "Another Python", "language": "python"}
    kernel = folder / "jupyter" / "kernels" / "python3"
    kernel.mkdir(parents=True)
    (kernel / "kernel.json").write_text(json.dumps(spec))
    monkeypatch.setenv("JUPYTER_PATH", str(folder / "jupyter"))


class TestDoctor:
    def test_is_content_here(self, folder: Path, capsys: pytest.CaptureFixture):
        assert main(["doctor"], folder) == 0
        printed = capsys.readouterr()
        assert printed.err == ""
        rows = [line.split()[0] for line in printed.out.splitlines()]
        assert {"python", "torch", "papermill", "devices", "cores", "chapters", "chromium"} <= set(rows)
        assert "ruff" not in rows, "what only developers need is not asked of a student"

    @pytest.mark.parametrize(("version", "said"), [("1.0", "papermill is 1.0"), (None, "papermill is missing")])
    def test_names_a_package_and_how_to_get_it(self, folder, capsys, monkeypatch, version, said):
        def reported(name: str, real=metadata.version) -> str:
            if name != "papermill":
                return real(name)
            if version is None:
                raise metadata.PackageNotFoundError(name)
            return version

        monkeypatch.setattr(metadata, "version", reported)
        assert main(["doctor"], folder) == 1
        (line,) = capsys.readouterr().err.splitlines()
        assert said in line
        assert '-m pip install "papermill<3,>=2.6"' in line

    def test_sees_that_the_chapters_are_missing(self, tmp_path: Path, capsys: pytest.CaptureFixture):
        assert main(["doctor"], tmp_path) == 1
        assert "no chapters found" in capsys.readouterr().err

    def test_sees_that_lab_would_start_another_python(self, folder, tmp_path, capsys, monkeypatch):
        register_foreign_kernel(tmp_path, monkeypatch)
        assert main(["doctor"], folder) == 1
        assert "another Python than this one, /bin/false" in capsys.readouterr().err


def test_refresh_executes_in_place_and_keeps_ids(tmp_path: Path):
    path = write_chapter(tmp_path / "notebooks", "03_tiny", "print(6 * 7)")
    notebook = nbformat.read(path, as_version=4)
    ids = [cell.id for cell in notebook.cells]
    notebook.metadata.widgets = {"state": {}}
    notebook.cells[2].metadata.execution = {"iopub.execute_input": "2020-01-01"}
    nbformat.write(notebook, path)

    batch.refresh(tmp_path / "notebooks")

    executed = json.loads(path.read_text())
    assert [cell["id"] for cell in executed["cells"]] == ids
    assert executed["cells"][2]["outputs"][0]["text"] == ["42\n"]
    assert [cell["metadata"] for cell in executed["cells"]] == [{}, {"tags": ["parameters"]}, {}]
    assert "widgets" not in executed["metadata"]
    assert "version" not in executed["metadata"]["language_info"]
    assert path.read_text().startswith('{\n "cells"')
    assert path.read_text().endswith("}\n")


@pytest.mark.parametrize("arguments", [[], ["fly"], ["run"]])
def test_argparse_answers_bad_usage(arguments: list[str], folder: Path):
    with pytest.raises(SystemExit, match="2"):
        main(arguments, folder)
