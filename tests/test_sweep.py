"""Sweeps on two workers: what is done, recorded, tried again and not, and that nothing is lost or made twice."""

import contextlib
import csv
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
from conftest import HEEDS_SIGNALS, immutable
from test_command_line import write_chapter

from ggd_helpers import batch
from ggd_helpers.batch import memory, sockets
from ggd_helpers.batch.cluster import Cluster, local_cluster
from ggd_helpers.batch.inputs import Inputs
from ggd_helpers.batch.job import Job, do
from ggd_helpers.batch.place import STAGING, held
from ggd_helpers.commands import answer

pytestmark = pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="looks for kernels as Linux shows them")

PARAMETERS = """\
seed: int = 0  # starts every random draw; 0 or more
gamma: float = 1.0  # damping rate, 1/time; positive
nap: float = 0.0  # seconds; 0 or more
out: str = "../runs/03_tiny"  # folder of the results
"""
DIES, BREAKS, FILLS, BAD = 13, 14, 15, 16
VALIDATES = f"if gamma == {BAD}: raise ValueError('gamma must not be {BAD}')"
WORKS = f"""\
import json, os, random, time
from pathlib import Path
Path(out, "started").touch()
if gamma == {DIES}: os._exit(7)
if gamma == {BREAKS}: 1 / 0
if gamma == {FILLS}: raise MemoryError("no room for so many numbers")
time.sleep(nap)"""
SAVES = """\
metrics = {"1d": {"mse": gamma * random.Random(seed).random(), "pid": os.getpid()}}
parameters = {"seed": seed, "gamma": gamma, "out": "."}
Path(out, "results.json").write_text(json.dumps({"parameters": parameters, "metrics": metrics}))"""
PROGRAM = f"""{HEEDS_SIGNALS}
from pathlib import Path
from ggd_helpers.commands import answer
if __name__ == "__main__":
    sys.exit(answer(sys.argv[2:], Path(sys.argv[1])))
"""


def rows(out: Path) -> dict[str, dict[str, str]]:
    with (out / "sweep.csv").open(newline="") as file:
        listed = list(csv.DictReader(file))
    assert len({row["run"] for row in listed}) == len(listed)
    return {row["run"]: row for row in listed}


def pids(out: Path) -> dict[str, float]:
    """The kernel that made each run."""
    return {name: float(row["1d.pid"]) for name, row in rows(out).items() if row.get("1d.pid")}


def make_chapter(folder: Path) -> Path:
    return write_chapter(folder / "notebooks", "03_tiny", VALIDATES, WORKS, SAVES, parameters=PARAMETERS).parent


def kernels(folder: Path) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if any(f"{folder}/" in word and "kernel.json" in word for word in process.cmdline()):
                found.append(process)
    return found


def check_tidy(out: Path) -> None:
    """Nothing half-made lies in the folder of a sweep, and no kernel lives."""
    assert not kernels(out)
    assert not [path for path in out.rglob("*") if path.name == STAGING or path.name.endswith(".partial")]


@pytest.fixture(scope="module")
def chapters(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_chapter(tmp_path_factory.mktemp("sweep"))


@pytest.fixture(scope="module")
def out(chapters: Path) -> Path:
    """One sweep in which a run dies, one breaks, one fills the memory and one is refused, beside two that are well."""
    out = chapters.parent / "runs" / "mixed"
    options = ["-p", f"gamma=2,{DIES},{BREAKS},{FILLS},{BAD},3", "--workers", "2", "--out", str(out)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ggd_helpers.batch.sweep.ATTEMPTS", 2)  # one less than usual, for time
        assert answer(["sweep", "03_tiny", *options], chapters) == 1
    return out


class TestOneSweep:
    def test_every_run_is_in_the_table_once_with_how_it_ended(self, out: Path):
        found = {name: (row["status"], row["attempts"]) for name, row in rows(out).items()}
        assert found == {
            "gamma=2": ("done", "1"),
            f"gamma={DIES}": ("kernel died", "2"),
            f"gamma={BREAKS}": ("failed", "1"),
            f"gamma={FILLS}": ("out of memory", "1"),
            f"gamma={BAD}": ("refused", "1"),
            "gamma=3": ("done", "1"),
        }

    def test_an_error_names_the_cell(self, out: Path):
        said = {name: row["error"] for name, row in rows(out).items()}
        assert said[f"gamma={BREAKS}"].startswith(
            f"03_tiny stopped in cell [4] at `if gamma == {BREAKS}: 1 / 0` ZeroDiv"
        )
        assert "the kernel died in cell [4], which begins with `import json" in said[f"gamma={DIES}"]
        assert "ended itself with exit code 7" in said[f"gamma={DIES}"]
        assert "MemoryError: no room for so many numbers" in said[f"gamma={FILLS}"]
        assert said[f"gamma={BAD}"] == f"gamma must not be {BAD}"
        assert said["gamma=2"] == ""

    def test_what_failed_leaves_no_folder_and_what_is_done_a_whole_run(self, out: Path):
        assert {path.name for path in out.iterdir() if path.is_dir()} == {"gamma=2", "gamma=3", "records"}
        assert {path.name for path in (out / "gamma=2").iterdir()} == {
            "manifest.json",
            "notebook.ipynb",
            "results.json",
            "started",
        }
        check_tidy(out)

    def test_its_numbers_are_those_of_a_single_run_to_the_last_digit(self, out: Path, chapters: Path):
        single = batch.run(batch.find_chapter("03_tiny", chapters), {"gamma": 3.0}, out.parent / "one", progress=False)
        assert float(rows(out)["gamma=3"]["1d.mse"]) == single["metrics"]["1d"]["mse"]
        assert rows(out)["gamma=2"]["1d.mse"] != rows(out)["gamma=3"]["1d.mse"]

    def test_a_figure_shows_the_first_metric_and_another_can_be_asked_for(self, out: Path, chapters: Path, capsys):
        assert (out / "summary_1d.mse.png").read_bytes().startswith(b"\x89PNG")
        assert answer(["sweep", "03_tiny", "--plot", "pid", "--out", str(out)], chapters) == 0
        assert str(out / "summary_1d.pid.png") in capsys.readouterr().out
        assert answer(["sweep", "03_tiny", "--plot", "msee", "--out", str(out)], chapters) == 2
        assert "'msee' is no metric of this sweep: name one of 1d.mse" in capsys.readouterr().err

    def test_a_figure_that_cannot_be_written_is_a_sentence(self, out: Path, chapters: Path, capsys):
        path = out / "summary_1d.mse.png"
        with immutable(path):
            assert answer(["sweep", "03_tiny", "--plot", "1d.mse", "--out", str(out)], chapters) == 1
        (said,) = capsys.readouterr().err.splitlines()
        assert said.startswith(f"ggd: {path}")
        assert said.endswith(": Operation not permitted: mend that, and give the same command again.")
        check_tidy(out)

    def test_a_table_that_was_changed_by_hand_is_not_replaced(self, out: Path, chapters: Path, capsys):
        before = (out / "sweep.csv").read_text()
        (out / "sweep.csv").write_text(before + "mine\n")
        try:
            assert answer(["sweep", "03_tiny", "-p", "gamma=2", "--out", str(out)], chapters) == 2
            assert "sweep.csv was changed after the sweep that wrote it" in capsys.readouterr().err
        finally:
            (out / "sweep.csv").write_text(before)

    def test_two_sweeps_in_one_folder_are_refused(self, out: Path, chapters: Path, capsys, monkeypatch):
        monkeypatch.setattr("ggd_helpers.batch.place.PATIENCE", 0.0)
        with held(out):
            assert answer(["sweep", "03_tiny", "-p", "gamma=2", "--out", str(out)], chapters) == 2
        assert "another run is being made into" in capsys.readouterr().err


@pytest.fixture
def no_cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    def none(*arguments):
        pytest.fail("workers would be started")

    monkeypatch.setattr("distributed.LocalCluster", none)


class TestAgain:
    """After the sweep above; these tests change nothing in it."""

    @pytest.mark.usefixtures("no_cluster")
    def test_what_is_done_is_not_done_again(self, out: Path, chapters: Path, capsys: pytest.CaptureFixture):
        before = pids(out)
        assert answer(["sweep", "03_tiny", "-p", "gamma=2,3", "--out", str(out)], chapters) == 0
        assert pids(out) == before
        said = capsys.readouterr().out
        assert "The folder holds 4 runs of other commands, which the table does not show." in said
        assert "2 runs: 2 done" in said

    @pytest.mark.parametrize(
        ("change", "said"),
        [
            ("notebook", "2 runs will be made again: the notebook changed since."),
            ("results", "1 run will be made again: what the run had written changed since."),
            ("nothing", "done      gamma=3"),
        ],
    )
    def test_what_changed_is_seen_and_said(self, out: Path, chapters: Path, capsys, change: str, said: str):
        path = {"notebook": chapters / "03_tiny.ipynb", "results": out / "gamma=3" / "results.json"}.get(change)
        before = path.read_text() if path else ""
        if path:
            path.write_text(before.replace("json.dumps", "(json.dumps)") if change == "notebook" else before + " ")
        try:
            assert answer(["sweep", "03_tiny", "-p", "gamma=2,3", "--out", str(out), "--dry-run"], chapters) == 0
        finally:
            if path:
                path.write_text(before)
        printed = capsys.readouterr().out
        assert said in printed
        assert ("missing   gamma=3" in printed) == (change != "nothing")


OPTIONS = ["-p", "gamma=1", "-p", "seed=0:2", "-p", "nap=1", "--workers", "1", "--out"]


@contextlib.contextmanager
def begun(chapters: Path, out: Path) -> Iterator[subprocess.Popen]:
    """A sweep of two runs that goes on in another process, and has begun one of them."""
    (chapters.parent / "program.py").write_text(PROGRAM)
    command = [sys.executable, chapters.parent / "program.py", chapters, "sweep", "03_tiny", *OPTIONS, out]
    began = time.time()
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        try:
            while not any(path.stat().st_mtime > began for path in out.glob(f"*/{STAGING}/run/started")):
                assert process.poll() is None, process.communicate()[0]
                time.sleep(0.05)
            yield process
        finally:
            process.kill()


def gone(processes: list[psutil.Process], seconds: float) -> bool:
    return not psutil.wait_procs(processes, timeout=seconds)[1]


def kill_first_worker(out: Path) -> None:
    """Wait for a kernel, and end its worker."""
    while not (found := kernels(out)):
        time.sleep(0.05)
    worker = found[0].parent()
    assert worker is not None
    worker.kill()


def test_killed_interrupted_and_robbed_of_a_worker_it_finishes_all_the_same(tmp_path: Path, monkeypatch):
    chapters, out = make_chapter(tmp_path), tmp_path / "out"
    (tmp_path / "tmp").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    monkeypatch.setattr("tempfile.tempdir", None)
    with begun(chapters, out) as process:
        children = psutil.Process(process.pid).children(recursive=True)
        process.kill()  # with the scheduler in it
        assert gone(children, 10), "orphans"

    with begun(chapters, out) as process:
        children = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(signal.SIGINT)
        said = process.communicate(timeout=60)[0]
        assert process.returncode == 1, said
        assert "ggd: interrupted. What is done stays, and the same command goes on with the rest." in said
        assert "Traceback" not in said
        assert gone(children, 0.5), "orphans"
    check_tidy(out)
    assert len(rows(out)) == 2
    finished = pids(out)

    thief = threading.Thread(target=kill_first_worker, args=(out,), daemon=True)
    thief.start()
    assert answer(["sweep", "03_tiny", *OPTIONS, str(out)], chapters) == 0
    thief.join()
    assert [row["status"] for row in rows(out).values()] == ["done"] * 2
    assert sorted(row["attempts"] for row in rows(out).values()) == ["1", "2"]
    assert pids(out).items() >= finished.items(), "what is done is not made again"
    check_tidy(out)
    assert not list((tmp_path / "tmp").iterdir()), "nothing is left among the temporary files"


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A small one."""
    (tmp_path / "disk").mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=300k", "tmpfs", tmp_path / "disk"]
    if subprocess.run(mount, stderr=subprocess.DEVNULL).returncode:
        pytest.skip("needs root, and the right to mount a small disk")
    yield tmp_path / "disk"
    subprocess.run(["umount", tmp_path / "disk"], check=True)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with local_cluster(1, tmp_path_factory.mktemp("scratch")) as cluster:
        cluster.client.wait_for_workers(1, timeout=120)
        yield cluster


class TestCluster:
    def test_workers_can_be_reached_from_this_machine_only(self, cluster: Cluster):
        me = psutil.Process()
        open_here = [each for one in (me, *me.children(recursive=True)) for each in one.net_connections("inet")]
        listening = [each.laddr.ip for each in open_here if each.status == "LISTEN"]
        assert len(listening) >= 2
        assert set(listening) == {"127.0.0.1"}

    def test_the_workers_of_a_scheduler_can_be_used(self, cluster: Cluster, chapters: Path, tmp_path: Path, capsys):
        options = ["-p", "gamma=1", "--out", str(tmp_path / "o"), "--scheduler", cluster.client.scheduler.address]
        assert answer(["sweep", "03_tiny", *options], chapters) == 0
        assert "1 run: 1 done" in capsys.readouterr().out

    def test_a_worker_that_does_not_see_the_same_says_so(self, cluster: Cluster, chapters: Path, tmp_path: Path):
        values, folder = {"gamma": 1.0}, tmp_path / "o"
        inputs = Inputs(chapters / "03_tiny.ipynb").of(values)
        job = Job(chapters / "03_tiny.ipynb", folder, "gamma=1", values, inputs, "1")
        ending = cluster.client.submit(do, job).result()
        assert ending.status == "failed"
        assert f"does not see {folder}: name a folder with --out that all machines share." in ending.error
        with held(folder):
            other = replace(job, inputs=inputs | {"package": "another"})
            ending = cluster.client.submit(do, other).result()
        assert ending.status == "failed"
        assert "the notebook, the package or a data file is not the one that the sweep began with" in ending.error

    def test_a_full_disk_is_a_sentence_and_the_table_goes_on(
        self, cluster: Cluster, tmp_path: Path, disk: Path, capsys
    ):
        big = "if gamma == 2: open(out + '/big', 'wb').write(bytes(400_000))"
        chapters = write_chapter(tmp_path / "n", "04_full", big, WORKS, SAVES, parameters=PARAMETERS).parent
        options = ["--scheduler", cluster.client.scheduler.address, "--out", str(disk / "o")]
        assert answer(["sweep", "04_full", "-p", "gamma=1,2", *options], chapters) == 1
        said = capsys.readouterr().err.splitlines()[-1]
        assert said.startswith("ggd: No space left on device: make room, or name a folder on another disk with --out.")
        assert said.endswith("the same command goes on with the rest.")
        found = {name: row["status"] for name, row in rows(disk / "o").items()}
        assert found == {"gamma=1": "done", "gamma=2": "missing"}
        check_tidy(disk)


def test_a_scheduler_that_is_not_there(chapters: Path, tmp_path: Path, capsys, monkeypatch):
    monkeypatch.setattr("ggd_helpers.batch.cluster.PATIENCE", 1)
    for address in ("127.0.0.1:1", "nonsense://x", "tcp://"):
        options = ["-p", "gamma=1,2", "--scheduler", address, "--out", str(tmp_path / "o")]
        assert answer(["sweep", "03_tiny", *options], chapters) == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert line.startswith(f"ggd: no Dask scheduler answers at {address} (")
    assert not (tmp_path / "o").exists()


def test_a_folder_that_cannot_be_written_to_is_a_sentence(tmp_path: Path, chapters: Path, capsys):
    place = tmp_path / "o"
    place.mkdir()
    with immutable(place):
        assert answer(["sweep", "03_tiny", "-p", "gamma=1,2", "--out", str(place)], chapters) == 2
    (said,) = capsys.readouterr().err.splitlines()
    assert said.startswith(f"ggd: {place} cannot be made or written to (")


class TestSockets:
    def test_kernels_talk_through_sockets_of_their_own(self, tmp_path: Path):
        asks = "import json, sys; told = json.load(open(sys.argv[sys.argv.index('-f') + 1]))"
        tells = "Path(out, 'results.json').write_text(json.dumps({'parameters': {}, 'metrics': {}, 'told': told}))"
        cells = (asks, "from pathlib import Path\n" + tells)
        folder = write_chapter(tmp_path / "notebooks", "04_asks", *cells, parameters=PARAMETERS).parent
        told = batch.run(batch.find_chapter("04_asks", folder), {}, tmp_path / "o", progress=False)["told"]
        assert told["transport"] == "ipc"
        assert Path(told["ip"]).is_absolute()
        assert not Path(told["ip"]).parent.exists(), "they go with the run"

    def test_a_folder_of_a_dead_program_goes_and_that_of_a_living_one_stays(self, tmp_path: Path, monkeypatch):
        monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
        (tmp_path / f"{sockets.PREFIX}dead").mkdir()
        with sockets.socket_folder() as first, sockets.socket_folder() as second:
            assert set(tmp_path.iterdir()) == {first, second}
        assert not list(tmp_path.iterdir())

    def test_a_socket_has_a_short_path_even_where_temporary_files_have_long_ones(self, tmp_path: Path, monkeypatch):
        deep = tmp_path / ("x" * 90)
        deep.mkdir()
        monkeypatch.setattr("tempfile.tempdir", str(deep))
        with sockets.socket_folder() as folder:
            assert len(os.fsencode(folder / "k-99")) <= 103  # type: ignore[operator]


class TestMemory:
    @pytest.mark.parametrize(
        ("text", "count"),
        [("low 0\noom 3\noom_kill 2\n", 2), ("oom_kill_disable 0\nunder_oom 0\noom_kill 5\n", 5), ("oom 3\n", None)],
    )
    def test_what_linux_counts_is_read(self, tmp_path: Path, text: str, count: int | None):
        (tmp_path / "events").write_text(text)
        assert memory.counted_in(tmp_path / "events") == count
        assert memory.counted_in(tmp_path / "nowhere") is None
        assert memory.killed_for_memory() >= 0

    def test_a_kernel_that_the_system_kills_for_memory_is_told_from_one_that_was_killed(self, tmp_path: Path):
        """In a control group that may have 600 MB, which takes root."""
        group = Path("/sys/fs/cgroup/memory") if Path("/sys/fs/cgroup/memory").is_dir() else Path("/sys/fs/cgroup")
        group = group / f"ggd-{os.getpid()}"
        try:
            group.mkdir()
            limit = "memory.limit_in_bytes" if "memory" in group.parts else "memory.max"
            (group / limit).write_text("600M")
            swap = group / ("memory.memsw.limit_in_bytes" if "memory" in group.parts else "memory.swap.max")
            swap.write_text("600M" if "memory" in group.parts else "0")
        except OSError:
            with contextlib.suppress(OSError):
                group.rmdir()
            pytest.skip("needs the right to limit the memory of a process")
        fills = "if gamma == 1: x = b'1' * 2_000_000_000\nelse: import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
        chapters = write_chapter(tmp_path / "notebooks", "04_big", "pass", fills, parameters=PARAMETERS).parent
        program = (
            "import os, sys\nfrom pathlib import Path\nfrom ggd_helpers import batch\n"
            f"Path({str(group / 'cgroup.procs')!r}).write_text(str(os.getpid()))\n"
            "for gamma in (1.0, 2.0):\n"
            "    try: batch.run(batch.find_chapter('04_big', Path(sys.argv[1])), {'gamma': gamma}, Path(sys.argv[2]))\n"
            "    except batch.ChapterFailed as error: print(type(error).__name__, error)"
        )
        command = [sys.executable, "-c", program, chapters, tmp_path / "out"]
        try:
            said = subprocess.run(command, timeout=120, capture_output=True, text=True).stdout
        finally:
            time.sleep(0.2)
            group.rmdir()
        first, other = (line for line in said.splitlines() if "the kernel died" in line)
        assert first.startswith("OutOfMemory 04_big: the kernel died in cell [4]")
        assert first.endswith("the system killed it, for the memory ran out.")
        assert other.startswith("KernelDied 04_big: the kernel died in cell [4]")
        assert other.endswith("killed by SIGKILL.")
