"""Runs that are ended at any moment: a user's files stay as they are, and a folder holds an earlier or a whole new run.

`GGD_FAULTS=60` makes as many runs as that, instead of the few of every day.
"""

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import nbclient
import pytest
from conftest import HEEDS_SIGNALS
from test_command_line import write_chapter

from ggd_helpers import batch
from ggd_helpers.batch.place import STAGING, claimed
from ggd_helpers.files import MANIFEST, sha256

pytestmark = pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="looks for kernels as Linux shows them")
RUNS = int(os.environ.get("GGD_FAULTS", "12"))
PARAMETERS = """\
gamma: float = 1.0  # damping rate, 1/time; positive
out: str = "out"  # folder of the results
"""
CELLS = [
    "from pathlib import Path; import json, time; Path(out, 'figures').mkdir()",
    "for i in range(20): Path(out, 'figures', f'{i}.png').write_text(str(gamma)); time.sleep(0.005)",
    "Path(out, '1d.safetensors').write_text(str(gamma))",
    "Path(out, 'results.json').write_text(json.dumps({'parameters': {'gamma': gamma}, 'metrics': {}}))",
]
PROGRAM = f"""{HEEDS_SIGNALS}
from pathlib import Path
from ggd_helpers.commands import answer
sys.exit(answer(["run", "03_tiny", "-p", "gamma=" + sys.argv[2], "--out", sys.argv[3]], Path(sys.argv[1])))
"""
SIGNALS = [signal.SIGHUP, signal.SIGINT, signal.SIGKILL]
KINDS = ["no folder", "an earlier run", "an earlier run and a user's files", "a user's empty folder"]


@dataclass
class Target:
    """A folder that runs go to, and the value of `gamma` that each run had which may lie there."""

    folder: Path
    may_hold: set[float | None]
    mine: dict[Path, str]


@pytest.fixture
def chapters(tmp_path: Path) -> Path:
    return write_chapter(tmp_path / "notebooks", "03_tiny", *CELLS, parameters=PARAMETERS).parent


def make_target(folder: Path, kind: str, chapters: Path) -> Target:
    if kind == "no folder":
        return Target(folder, {None}, {})
    if kind == "a user's empty folder":
        folder.mkdir()
        return Target(folder, {None}, {})
    batch.run(batch.find_chapter("03_tiny", chapters), {"gamma": 0.5}, folder, progress=False)
    names = ["notes.txt", "figures/mine.png", "thesis/chapter1.txt"] if kind.endswith("user's files") else []
    mine = {folder / name: f"mine, {name}" for name in names}
    for path, text in mine.items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    return Target(folder, {0.5}, mine)


def start(chapters: Path, gamma: float, folder: Path) -> subprocess.Popen:
    environment = os.environ | {"TMPDIR": str(chapters.parent / "tmp")}
    command = [sys.executable, "-c", PROGRAM, chapters, str(gamma), folder]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=environment)


def held(target: Target) -> float | None:
    """The `gamma` of the run that lies in a folder; every file of it must be of this run, and nothing else be there."""
    there = {path for path in target.folder.rglob("*") if not path.is_dir()} - target.mine.keys()
    if not there:
        return None
    listed = json.loads((target.folder / MANIFEST).read_text())["files"]
    assert {target.folder / name for name in (*listed, MANIFEST)} == there
    assert len(there) == 24
    assert {name: sha256(target.folder / name) for name in listed} == listed
    gamma = json.loads((target.folder / "results.json").read_text())["parameters"]["gamma"]
    texts = {path.read_text() for path in there if path.suffix in (".png", ".safetensors")}
    assert texts == {str(gamma)}
    assert f"gamma = {gamma}" in (target.folder / "notebook.ipynb").read_text()
    return gamma


def kernels(folder: Path) -> list[Path]:
    """Where Linux keeps what it knows of the living kernels whose connection file lies below a folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            line = (process / "cmdline").read_text(errors="replace")
            if "ipykernel" in line and f"{folder}/" in line:
                found.append(process)
    return found


def test_a_users_files_stay_and_runs_are_whole(chapters: Path, tmp_path: Path):
    (tmp_path / "tmp").mkdir()
    runs = tmp_path / "runs"
    runs.mkdir()
    (runs / "diary.txt").write_text("mine")
    began = time.perf_counter()
    assert start(chapters, 0.25, runs / "whole").wait() == 0
    duration = time.perf_counter() - began

    targets = [make_target(runs / str(i), kind, chapters) for i, kind in enumerate(KINDS)]
    moments = random.Random(11)
    swept_later = answered = 0
    for i in range(RUNS):
        target, gamma = targets[i % len(targets)], i + 1.0
        ending = SIGNALS[i // len(targets) % len(SIGNALS)]
        run = start(chapters, gamma, target.folder)
        time.sleep(moments.uniform(0.1, 1.05) * duration)
        run.send_signal(ending)
        said = run.communicate(timeout=60)[1]
        assert run.returncode in (0, 1, -ending), said
        assert {path: path.read_text() for path in target.mine} == target.mine
        if run.returncode == 0:
            target.may_hold = {gamma}
        elif "Nothing was written" not in said:
            target.may_hold = target.may_hold | {gamma}
        if ending != signal.SIGKILL:  # what that one leaves, the next run sweeps
            assert held(target) in target.may_hold
        print(f"run {i}: {ending.name}, ended with {run.returncode}")
        swept_later += run.returncode == -signal.SIGKILL
        answered += "Nothing was written" in said
    assert swept_later > 0, "no moment met a run that could not answer"
    assert answered > 0, "no moment met a run that could"

    time.sleep(2)  # the kernel of a killed run looks once a second
    assert start(chapters, 0.75, runs / "whole").wait() == 0
    for target in targets:
        assert {path: path.read_text() for path in target.mine} == target.mine
        assert held(target) in target.may_hold
    assert (runs / "diary.txt").read_text() == "mine"
    assert {path.name for path in runs.iterdir()} <= {"diary.txt", "whole", *(target.folder.name for target in targets)}
    assert held(Target(runs / "whole", {0.75}, {})) == 0.75
    assert not list((tmp_path / "tmp").iterdir())
    assert not kernels(tmp_path)
    for target in targets:
        with claimed(target.folder):
            pass  # nobody holds it any more


def test_a_kernel_holds_the_lock_and_dies_even_if_it_was_starting_when_ctrl_c_came(chapters, tmp_path, monkeypatch):
    def interrupt(*arguments) -> None:
        for process in kernels(tmp_path):
            for each in (process / "fd").iterdir():
                with contextlib.suppress(OSError):  # a process that starts opens and closes files all the time
                    opened.append(str(each.readlink()))
        raise KeyboardInterrupt

    opened: list[str] = []
    monkeypatch.setattr(nbclient.NotebookClient, "start_new_kernel_client", interrupt)
    with pytest.raises(KeyboardInterrupt):
        batch.run(batch.find_chapter("03_tiny", chapters), {}, tmp_path / "out", progress=False)
    assert str(tmp_path / "out" / STAGING / "lock") in opened
    assert not kernels(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"notebooks"}
