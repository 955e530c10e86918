"""`ggd` on small chapters of its own: what it prints, writes, refuses and leaves behind."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import nbformat
import papermill
import pytest
from conftest import HEEDS_SIGNALS, immutable

from ggd_helpers import batch, commands
from ggd_helpers.batch.place import Place, claimed
from ggd_helpers.batch.signals import ENDINGS
from ggd_helpers.commands import answer, metrics_table

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
THREADS = "import os; print(os.environ['OMP_NUM_THREADS'], end='')"


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
def unset_threads(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.setenv("OMP_NUM_THREADS", "set, so that the end of the test restores it")
    monkeypatch.delenv("OMP_NUM_THREADS")
    return monkeypatch


def make_run(out: Path) -> None:
    with claimed(out) as place:
        (place.run / "figures").mkdir()
        for name in ("notebook.ipynb", "results.json", "figures/a.png"):
            (place.run / name).write_text("{}")
        place.put()


@pytest.fixture
def no_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(papermill, "execute_notebook", lambda *a, **k: pytest.fail("a kernel would have been started"))


def files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


class TestRun:
    def test_writes_a_whole_run_and_says_where(self, folder: Path, capsys: pytest.CaptureFixture):
        out = folder.parent / "runs" / "03_tiny"
        assert answer(["run", "03_tiny", "-p", "gamma=2"], folder) == 0
        assert files(folder.parent / "runs") == {
            "03_tiny",
            *(
                f"03_tiny/{name}"
                for name in ("notebook.ipynb", "results.json", "manifest.json", "figures", "figures/a.png")
            ),
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

    @pytest.mark.parametrize("name", ['a "quoted" one', "a\\\\back\\slash", "{braces}", "it's", "two\nlines"])
    def test_any_name_of_a_folder_gives_a_notebook_that_can_be_run_again(self, folder: Path, tmp_path: Path, name: str):
        out = tmp_path / name
        batch.run(batch.find_chapter("03_tiny", folder), {}, out, progress=False)
        (parameters,) = [
            cell.source
            for cell in nbformat.read(out / "notebook.ipynb", as_version=4).cells
            if "injected-parameters" in cell.metadata.get("tags", [])
        ]
        values: dict[str, object] = {}
        exec(parameters, values)
        assert values["out"] == str(out)
        assert json.loads((out / "results.json").read_text())["parameters"]["out"] == str(out)

    def test_replaces_an_earlier_run_and_nothing_else(self, folder: Path, tmp_path: Path):
        out = tmp_path / "o"
        for gamma in ("1", "2"):
            assert answer(["run", "03_tiny", "-p", f"gamma={gamma}", "--out", str(out)], folder) == 0
            (out / "figures" / f"mine_{gamma}.txt").write_text("MINE")
        made = {"notebook.ipynb", "results.json", "manifest.json", "figures", "figures/a.png"}
        assert files(out) == made | {"figures/mine_1.txt", "figures/mine_2.txt"}
        assert json.loads((out / "results.json").read_text())["parameters"]["gamma"] == 2.0
        assert files(tmp_path) & {"o", "notebooks"} == {path.name for path in tmp_path.iterdir()}

    def test_into_the_folder_where_one_is(self, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
        (tmp_path / "here").mkdir()
        monkeypatch.chdir(tmp_path / "here")
        assert answer(["run", "03_tiny", "--out", "."], folder) == 0
        assert files(tmp_path / "here") >= {"notebook.ipynb", "results.json", "figures/a.png"}

    def test_what_comes_in_the_way_meanwhile_stays_and_so_does_the_run(self, folder: Path, tmp_path: Path, capsys):
        out = tmp_path / "o"
        write_chapter(folder, "04_disturbed", f"open({str(out / 'results.json')!r}, 'w').write('MINE')", SAVE)
        assert answer(["run", "04_disturbed", "--out", str(out)], folder) == 1
        assert f"the whole run lies in {out / 'run_2'}" in capsys.readouterr().err
        assert (out / "results.json").read_text() == "MINE"
        assert files(out / "run_2") >= {"notebook.ipynb", "results.json", "figures/a.png"}

    def test_ctrl_c_while_the_finished_run_is_put_in_its_place_comes_too_late(
        self, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ):
        def put(self, real=Place.put) -> Path:
            signal.raise_signal(signal.SIGTERM)  # what `ggd run` answers like Ctrl-C
            return real(self)

        monkeypatch.setattr(Place, "put", put)
        assert answer(["run", "03_tiny", "--out", str(tmp_path / "o")], folder) == 0
        assert files(tmp_path / "o") >= {"notebook.ipynb", "results.json", "figures/a.png"}

    def test_computes_on_one_thread_unless_told_otherwise(self, folder: Path, tmp_path: Path, unset_threads):
        write_chapter(folder, "04_threads", THREADS, SAVE)
        for name, said in (("one", "1"), ("three", "3")):
            batch.run(batch.find_chapter("04_threads", folder), {}, tmp_path / name, progress=False)
            assert nbformat.read(tmp_path / name / "notebook.ipynb", as_version=4).cells[3].outputs[0].text == said
            unset_threads.setenv("OMP_NUM_THREADS", "3")

    def test_the_record_of_a_run_names_a_data_file_as_seen_from_the_folder(self, folder: Path, tmp_path: Path):
        """The chapter runs in another folder than the caller, and deeper than where its results end up."""
        (tmp_path / "mine.csv").write_text("a")
        write_chapter(
            folder,
            "04_data",
            "import ggd_helpers",
            "ggd_helpers.Record('04_data', globals()).save()",
            parameters='data_file: str = "x.csv"  # your own data\nout: str = "o"  # folder',
        )
        chapter = batch.find_chapter("04_data", folder)
        values = batch.read_values(chapter, [f"data_file={tmp_path / 'mine.csv'}"])
        results = batch.run(chapter, values, tmp_path / "runs" / "o", progress=False)
        assert results["parameters"] == {"data_file": "../../mine.csv", "out": "."}

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
        assert answer(["run", "04_bad", "--out", str(tmp_path / "new" / "deep" / "run")], folder) == code
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
        assert answer(["run", "04_refuses", "-p", "reactions=A"], folder) == 2
        printed = capsys.readouterr().err
        assert printed.splitlines()[-1] == f"ggd: {said}"
        assert "Traceback" not in printed
        assert answer(["run", "05_breaks", "-p", "reactions=A"], folder) == 1
        printed = capsys.readouterr().err
        assert f"05_breaks stopped in cell [4] at `raise {error}`\n{error.split('(')[0]}: {said}\n" in printed
        assert "----> 2 raise" in printed.partition("The last lines of the traceback:")[2]
        assert files(tmp_path) == before

    def test_another_error_in_that_cell_is_a_mistake_of_the_chapter(self, folder: Path, capsys: pytest.CaptureFixture):
        write_chapter(folder, "04_mistake", "raise KeyError('gama')")
        assert answer(["run", "04_mistake"], folder) == 1
        assert "04_mistake stopped in cell [3] at `raise KeyError('gama')`" in capsys.readouterr().err

    @pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
    def test_ended_by_a_signal_leaves_nothing(self, folder: Path, tmp_path: Path, name: str):
        flag = tmp_path / "started"
        write_chapter(folder, "04_slow", f"import time; open({str(flag)!r}, 'w'); time.sleep(100)")
        program = f"{HEEDS_SIGNALS}from pathlib import Path; from ggd_helpers.commands import answer; "
        program += "sys.exit(answer(['run', '04_slow'], Path(sys.argv[1])))"
        (tmp_path / "tmp").mkdir()
        environment = os.environ | {"TMPDIR": str(tmp_path / "tmp")}
        run = subprocess.Popen(
            [sys.executable, "-c", program, folder], stderr=subprocess.PIPE, text=True, env=environment
        )
        try:
            while not flag.exists():
                assert run.poll() is None
                time.sleep(0.1)
            run.send_signal(getattr(signal, name))
            said = run.communicate(timeout=20)[1]
        finally:
            run.kill()
        assert run.returncode == 1
        assert "ggd: interrupted. Nothing was written" in said
        assert "Traceback" not in said
        flag.unlink()
        assert {path.name for path in tmp_path.iterdir()} == {"notebooks", "tmp"}
        assert files(tmp_path / "tmp") == set()

    @pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
    def test_a_signal_that_comes_when_all_is_written_comes_too_late(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture, name: str
    ):
        def told(*_: object) -> list[str]:
            signal.raise_signal(getattr(signal, name))
            return ["the numbers"]

        before = {each: signal.getsignal(each) for each in ENDINGS}
        monkeypatch.setattr(commands, "metrics_table", told)
        try:
            assert answer(["run", "03_tiny"], folder) == 0
        finally:
            for each, handler in before.items():
                signal.signal(each, handler)
        assert "03_tiny took" in capsys.readouterr().out

    @pytest.mark.parametrize("error", [KeyboardInterrupt, OSError("disk full")])
    def test_half_written_files_go_and_the_earlier_run_stays(
        self, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException
    ):
        def half(chapter, notebook, values, **options):
            Path(notebook).write_text("{")
            raise error

        monkeypatch.setattr(papermill, "execute_notebook", half)
        make_run(tmp_path / "o")
        before = files(tmp_path)
        with pytest.raises((KeyboardInterrupt, OSError)):
            batch.run(batch.find_chapter("03_tiny", folder), {}, tmp_path / "o")
        assert files(tmp_path) == before


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=300k", "tmpfs", disk], stderr=subprocess.DEVNULL).returncode:
        pytest.skip("needs root, and the right to mount a small disk")
    yield disk
    subprocess.run(["umount", disk], check=True)


class TestDisks:
    def test_a_mount_point_cannot_be_renamed_and_takes_run_after_run(self, folder: Path, small_disk: Path):
        for gamma in ("1", "2"):
            assert answer(["run", "03_tiny", "-p", f"gamma={gamma}", "--out", str(small_disk)], folder) == 0
            assert json.loads((small_disk / "results.json").read_text())["parameters"]["gamma"] == float(gamma)
        assert files(small_disk) == {"notebook.ipynb", "results.json", "manifest.json", "figures", "figures/a.png"}

    @pytest.mark.parametrize("where", ["in the chapter", "before it", "in the notebook"])
    def test_a_full_one_is_a_sentence(self, folder: Path, small_disk: Path, capsys: pytest.CaptureFixture, where: str):
        cell = (
            "print('x' * 400_000)" if where == "in the notebook" else "open(out + '/big', 'wb').write(bytes(400_000))"
        )
        write_chapter(folder, "04_big", "pass", cell, SAVE)
        if where == "before it":
            with pytest.raises(OSError, match="No space"):
                (small_disk / "mine").write_bytes(bytes(400_000))
        before = files(small_disk)
        assert answer(["run", "04_big", "--out", str(small_disk / "o")], folder) in (1, 2)
        said = capsys.readouterr().err
        assert "No space left on device" in said.splitlines()[-1]
        assert ("or name another folder" if where == "before it" else "--out") in said.splitlines()[-1]
        assert "Traceback" not in said
        assert files(small_disk) == before


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
        assert answer(["run", "03_tiny", *options], folder) == 2
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
        assert answer(["run", name], folder) == 2
        assert capsys.readouterr().err == f"ggd: {said}\n"

    @pytest.mark.parametrize("kind", ["file", "folder of something else", "results of something else"])
    def test_destination(self, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture, kind: str):
        out = tmp_path / "precious"
        if kind == "file":
            out.touch()
        else:
            out.mkdir()
            (out / "thesis.tex").touch()
            if kind == "results of something else":
                (out / "results.json").write_text("[1]")
        before = files(tmp_path)
        assert answer(["run", "03_tiny", "--out", str(out)], folder) == 2
        assert "not an earlier run" in capsys.readouterr().err
        assert files(tmp_path) == before

    def test_destination_inside_a_file(self, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture):
        (tmp_path / "file").touch()
        assert answer(["run", "03_tiny", "--out", str(tmp_path / "file" / "run")], folder) == 2
        assert "cannot be made or written to (Not a directory): mend that, or name another" in capsys.readouterr().err

    def test_what_a_user_has_edited(self, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture):
        make_run(tmp_path / "o")
        (tmp_path / "o" / "notebook.ipynb").write_text("EDITED")
        assert answer(["run", "03_tiny", "--out", str(tmp_path / "o")], folder) == 2
        assert "notebook.ipynb was changed after the run that wrote it" in capsys.readouterr().err
        assert (tmp_path / "o" / "notebook.ipynb").read_text() == "EDITED"

    @pytest.mark.parametrize("protected", [".", "results.json", "figures"])
    def test_what_cannot_be_replaced(self, folder: Path, tmp_path: Path, capsys, protected: str):
        make_run(tmp_path / "o")
        with immutable(tmp_path / "o" / protected):
            assert answer(["run", "03_tiny", "--out", str(tmp_path / "o")], folder) == 2
        (said,) = capsys.readouterr().err.splitlines()
        assert "or name another folder" in said
        assert files(tmp_path / "o") == {"notebook.ipynb", "results.json", "manifest.json", "figures", "figures/a.png"}

    @pytest.mark.parametrize("name", ["x" * 300, os.fsdecode(b"\xff")], ids=["too long", "not UTF-8"])
    @pytest.mark.parametrize("arguments", [["run", "03_tiny", "--out"], ["run", "03_tiny", "-p"], ["run"], ["lab"]])
    def test_names_that_cannot_be(self, folder: Path, tmp_path, capfd, monkeypatch, arguments: list[str], name: str):
        monkeypatch.chdir(tmp_path)
        before = files(tmp_path)
        name = f"data_file={name}" if arguments[-1] == "-p" else name
        assert answer([*arguments, name], folder) == 2
        assert len(capfd.readouterr().err.splitlines()) == 1
        assert files(tmp_path) == before

    @pytest.mark.parametrize(
        ("text", "said"), [("nowhere.csv", "neither at {here}/nowhere.csv nor"), (".", "is a folder")]
    )
    def test_a_data_file_is_missed_where_the_command_was_given(self, folder, tmp_path, capsys, monkeypatch, text, said):
        (tmp_path / "here").mkdir()
        monkeypatch.chdir(tmp_path / "here")
        assert answer(["run", "03_tiny", "-p", f"data_file={text}"], folder) == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert said.format(here=tmp_path / "here") in line

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
        assert answer(["run", "05_odd"], folder) == 2
        assert said in capsys.readouterr().err

    @pytest.mark.parametrize("command", [["list"], ["run", "03_tiny"]])
    def test_no_chapters(self, tmp_path: Path, capsys: pytest.CaptureFixture, command: list[str]):
        assert answer(command, tmp_path) == 2
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
    program = "import sys; from pathlib import Path; from ggd_helpers.commands import answer; "
    program += "answer(['list'], Path(sys.argv[1])); print(*{name.partition('.')[0] for name in sys.modules})"
    run = subprocess.run([sys.executable, "-c", program, folder], capture_output=True, text=True, check=True)
    imported = set(run.stdout.splitlines()[-1].split())
    assert "ggd_helpers" in imported
    assert not imported & {"torch", "numpy", "matplotlib", "papermill", "nbclient", "nbformat", "jupyter_client"}


def test_list_shows_titles_and_parameters(folder: Path, capsys: pytest.CaptureFixture):
    assert answer(["list"], folder) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "03_tiny  The title of 03_tiny"
    assert [line.split()[0] for line in lines[1:6]] == ["seed", "gamma", "reactions", "data_file", "thesis_recipe"]
    assert lines[2].split(maxsplit=3) == ["gamma", "float", "1.0", "damping rate, 1/time; positive"]
    assert "'A <-> B | kf=2'  one reaction a line" in lines[3]


def test_a_number_that_failed_is_in_the_table():
    lines = metrics_table({"a": {"x": 1.0}, "b": {}}, {"b": {"x": "nan: it left the numbers"}}, 80)
    assert [line.split() for line in lines] == [["experiment", "x"], ["a", "1"], ["b", "failed"]]


def test_table_folds_to_the_width_of_the_terminal():
    names = ["velocity_mse", "velocity_mse_data", "rollout_mse", "min_entropy_production", "train_seconds"]
    metrics = {"1d": dict.fromkeys(names, 1.23456e-12), "2d_quadratic": {"entropy_error": 12.345}}
    (header, *rows) = metrics_table(metrics, {}, 1000)
    assert header.split() == ["experiment", *names, "entropy_error"]
    assert [row.split() for row in rows] == [["1d", *["1.23e-12"] * 5, "-"], ["2d_quadratic", *["-"] * 5, "12.3"]]
    folded = metrics_table(metrics, {}, 60)
    assert max(map(len, folded)) <= 60
    assert [word for line in folded if line.startswith("experiment") for word in line.split()[1:]] == header.split()[1:]


class TestLab:
    @pytest.fixture
    def commands(self, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
        commands: list[list[str]] = []
        monkeypatch.setattr(os, "execv", lambda program, command: commands.append(command))
        return commands

    @pytest.fixture(autouse=True)
    def no_root(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(os, "geteuid", lambda: 1000)

    def test_root_must_ask_for_it(self, folder, commands, monkeypatch, capsys: pytest.CaptureFixture):
        monkeypatch.setattr(os, "geteuid", lambda: 0)
        assert answer(["lab"], folder) == 2
        assert "ggd lab --allow-root" in capsys.readouterr().err
        assert not commands

    def test_its_kernels_compute_on_one_thread_unless_told_otherwise(self, folder, commands, unset_threads):
        answer(["lab"], folder)
        assert os.environ["OMP_NUM_THREADS"] == "1"
        unset_threads.setenv("OMP_NUM_THREADS", "3")
        answer(["lab"], folder)
        assert os.environ["OMP_NUM_THREADS"] == "3"

    @pytest.mark.parametrize("as_root", [["--allow-root"], []])
    def test_opens_the_chapters_for_this_machine_only(self, folder, commands, as_root):
        answer(["lab", *as_root], folder)
        assert commands == [[sys.executable, "-m", "jupyterlab", "--ServerApp.ip=127.0.0.1", *as_root, str(folder)]]

    def test_opens_a_notebook(self, folder: Path, commands):
        answer(["lab", str(folder / "03_tiny.ipynb")], folder)
        assert commands[0][-1] == str(folder / "03_tiny.ipynb")

    def test_refuses_what_is_not_there(self, folder: Path, commands, capsys: pytest.CaptureFixture):
        assert answer(["lab", "nowhere.ipynb"], folder) == 2
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
        assert answer(["doctor"], folder) == 0
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
        assert answer(["doctor"], folder) == 1
        (line,) = capsys.readouterr().err.splitlines()
        assert said in line
        assert '-m pip install "papermill<3,>=2.6"' in line

    def test_sees_that_the_chapters_are_missing(self, tmp_path: Path, capsys: pytest.CaptureFixture):
        assert answer(["doctor"], tmp_path) == 1
        assert "no chapters found" in capsys.readouterr().err

    def test_sees_that_lab_would_start_another_python(self, folder, tmp_path, capsys, monkeypatch):
        register_foreign_kernel(tmp_path, monkeypatch)
        assert answer(["doctor"], folder) == 1
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


def test_refresh_computes_on_one_thread_unless_told_otherwise(tmp_path: Path, unset_threads):
    path = write_chapter(tmp_path / "notebooks", "03_tiny", THREADS)
    batch.refresh(tmp_path / "notebooks")
    assert nbformat.read(path, as_version=4).cells[2].outputs[0].text == "1"


@pytest.mark.parametrize("name", ["argparse", "pathlib", "packaging", "ggd_helpers.commands", "ggd_helpers.batch"])
def test_ctrl_c_while_modules_are_imported_is_no_traceback(name: str):
    """The first tenths of a second are spent on imports, all of them within reach of what answers Ctrl-C."""
    program = (
        "import sys\n"
        "class CtrlC:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == sys.argv[2]: raise KeyboardInterrupt\n"
        "from ggd_helpers.__main__ import main\n"
        "sys.modules.pop(sys.argv[2], None)\n"
        "sys.meta_path.insert(0, CtrlC())\n"
        "sys.exit(main())"
    )
    run = subprocess.run([sys.executable, "-c", program, "list", name], capture_output=True, text=True)
    assert (run.returncode, run.stderr) == (1, "ggd: interrupted.\n")


def test_what_answers_ctrl_c_is_there_at_once():
    """All else is imported under its eyes."""
    program = "import sys; before = set(sys.modules); import ggd_helpers.__main__; print(*(set(sys.modules) - before))"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert not set(run.stdout.split()) & {"argparse", "json", "packaging", "ggd_helpers.commands", "ggd_helpers.batch"}


@pytest.mark.parametrize("arguments", [[], ["fly"], ["run"]])
def test_argparse_answers_bad_usage(arguments: list[str], folder: Path):
    with pytest.raises(SystemExit, match="2"):
        answer(arguments, folder)
