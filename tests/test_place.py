"""The folder of a run: what is the user's stays, one run at a time, whole runs only, and what dead runs left goes."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from ggd_helpers.batch import Refused, place
from ggd_helpers.batch.place import STAGING, claimed, undisturbed
from ggd_helpers.files import MANIFEST

EARLIER = {
    "results.json": "earlier",
    "notebook.ipynb": "earlier",
    "figures/a.png": "earlier",
    "1d.safetensors": "earlier",
}
NEW = {"results.json": "new", "notebook.ipynb": "new", "figures/b.png": "new"}
MINE = {"notes.txt": "mine", "figures/mine.png": "mine", "thesis/chapter1.txt": "mine"}
FIRST_LINES = """\
import os, sys
from pathlib import Path
from ggd_helpers.batch import place
from ggd_helpers.batch.place import claimed
"""


def write(folder: Path, content: dict[str, str]) -> None:
    for name, text in content.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


def content(folder: Path) -> dict[str, str]:
    """Every file but manifests, and every empty folder."""
    found: dict[str, str] = {}
    for path in folder.rglob("*"):
        name = str(path.relative_to(folder))
        if path.is_file() and path.name != MANIFEST:
            found[name] = path.read_text()
        elif path.is_dir() and not any(path.iterdir()):
            found[name] = "an empty folder"
    return found


def put(out: Path, files: dict[str, str]) -> Path:
    with claimed(out) as here:
        write(here.run, files)
        return here.put()


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """A folder with an earlier run and files that a user has added."""
    put(tmp_path / "runs" / "x", EARLIER)
    write(tmp_path / "runs" / "x", MINE)
    return tmp_path / "runs" / "x"


@pytest.fixture
def no_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(place, "PATIENCE", 0.0)


class TestOnlyTheEarlierRunIsReplaced:
    def test_what_a_user_added_stays(self, out: Path):
        assert put(out, NEW) == out
        assert content(out) == NEW | MINE

    def test_a_run_without_a_file_of_the_earlier_one_removes_it_and_its_folder(self, tmp_path: Path):
        put(tmp_path / "x", EARLIER)
        put(tmp_path / "x", {"results.json": "new"})
        assert content(tmp_path) == {"x/results.json": "new"}

    def test_what_a_user_removed_is_not_missed(self, out: Path):
        (out / "figures" / "a.png").unlink()
        put(out, NEW)
        assert content(out) == NEW | MINE

    @pytest.mark.parametrize("change", ["edited", "linked"])
    def test_what_a_user_changed_is_refused(self, out: Path, tmp_path: Path, change: str):
        path = out / "results.json"
        if change == "edited":
            path.write_text("edited")
        else:
            write(tmp_path, {"elsewhere": "earlier"})
            path.unlink()
            path.symlink_to(tmp_path / "elsewhere")
        before = content(tmp_path)
        with pytest.raises(Refused, match=r"results\.json was changed after the run.*--out"):
            put(out, NEW)
        assert content(tmp_path) == before

    @pytest.mark.parametrize(
        "manifest", [None, "", "[1]", '{"files": {"../y/mine.txt": "0"}}', '{"files": {"/a": "0"}}']
    )
    def test_a_folder_without_a_manifest_of_ours_is_refused(self, tmp_path: Path, manifest: str | None):
        write(tmp_path / "x", {"results.json": "[1]"} | MINE)
        if manifest is not None:
            (tmp_path / "x" / "manifest.json").write_text(manifest)
        before = content(tmp_path)
        with pytest.raises(Refused, match="not an earlier run"):
            put(tmp_path / "x", NEW)
        assert content(tmp_path) == before

    @pytest.mark.parametrize("name", ["figures/b.png", "figures"])
    def test_a_run_goes_aside_where_something_came_in_its_way(self, tmp_path: Path, name: str):
        out = tmp_path / "x"
        put(out, {"results.json": "earlier"})
        with claimed(out) as here:
            write(here.run, NEW)
            write(out, {name: "mine"})
            assert here.put() == out / "run_2"
        aside = {f"run_2/{each}": text for each, text in NEW.items()}
        assert content(out) == {"results.json": "earlier", name: "mine"} | aside

    def test_a_run_goes_aside_where_a_user_changed_the_earlier_one_meanwhile(self, out: Path):
        with claimed(out) as here:
            write(here.run, NEW)
            write(out, {"results.json": "edited"})
            assert here.put() == out / "run_2"
        assert (
            content(out).items() >= (EARLIER | MINE | {"results.json": "edited", "run_2/results.json": "new"}).items()
        )

    def test_a_run_goes_aside_where_a_file_cannot_be_moved(self, out: Path, monkeypatch: pytest.MonkeyPatch):
        def move(source: Path, target: Path, real=place._move) -> None:
            if target == out / "figures" / "b.png":
                raise OSError(18, "Invalid cross-device link")
            real(source, target)

        monkeypatch.setattr(place, "_move", move)
        assert put(out, NEW) == out / "run_2"
        assert content(out) == EARLIER | MINE | {f"run_2/{name}": text for name, text in NEW.items()}


class TestOneRunAtATime:
    @pytest.mark.usefixtures("no_patience")
    def test_a_second_one_is_refused(self, out: Path):
        with claimed(out):
            with pytest.raises(Refused, match=r"another run is being made into .*x: wait"), claimed(out):
                pytest.fail("two runs in one folder")
            with claimed(out.parent / "y"):
                assert (out / STAGING).is_dir(), "a neighbour that lives is not swept"
        assert content(out) == EARLIER | MINE

    @pytest.mark.usefixtures("no_patience")
    def test_a_kernel_that_outlives_its_program_counts(self, out: Path):
        with claimed(out) as here:
            kernel = subprocess.Popen(["sleep", "60"], pass_fds=[here.lock])
            os.close(os.dup2(os.open(os.devnull, os.O_RDONLY), here.lock))  # as when the program dies
            try:
                with pytest.raises(Refused, match="another run"), claimed(out):
                    pytest.fail("two runs in one folder")
            finally:
                kernel.kill()
                kernel.wait()
            os.open(os.devnull, os.O_RDONLY)  # for the end of the block to close
        put(out, NEW)
        assert content(out) == NEW | MINE

    def test_it_waits_for_a_short_while(self, out: Path):
        program = FIRST_LINES + f"import time\nwith claimed(Path({str(out)!r})): print(1, flush=True); time.sleep(1)"
        with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as other:
            assert other.stdout is not None
            other.stdout.readline()
            put(out, NEW)
        assert content(out) == NEW | MINE


MOVES = len(EARLIER) + len(NEW) + 2  # with both manifests


class TestKilled:
    @pytest.mark.parametrize("after", range(MOVES + 1))
    @pytest.mark.parametrize("again", [False, True], ids=["once", "and while it is undone"])
    def test_while_files_are_moved(self, out: Path, after: int, again: bool):
        """Before the last move, the earlier run is there again at the next claim; after it, the new one is."""
        program = FIRST_LINES + (
            "count, real = int(sys.argv[2]), place._move\n"
            "def move(source, target):\n"
            "    global count\n"
            "    if count == 0: os._exit(9)\n"
            "    count -= 1\n"
            "    real(source, target)\n"
            "place._move = move\n"
            "with claimed(Path(sys.argv[1])) as here:\n"
            "    for name in ('results.json', 'notebook.ipynb', 'figures/b.png'):\n"
            "        (here.run / name).parent.mkdir(exist_ok=True)\n"
            "        (here.run / name).write_text('new')\n"
            "    here.put()\n"
        )
        run = subprocess.run([sys.executable, "-c", program, out, str(after)])
        assert run.returncode == (9 if after < MOVES else 0)
        if again:
            subprocess.run([sys.executable, "-c", program, out, str(after // 2)])
        with claimed(out):
            pass
        assert content(out) == (EARLIER if after < MOVES else NEW) | MINE


class TestSweep:
    def die(self, out: Path) -> None:
        program = f"with claimed(Path({str(out)!r})) as here: (here.run / 'half').touch(); os._exit(9)"
        assert subprocess.run([sys.executable, "-c", FIRST_LINES + program]).returncode == 9
        assert (out / STAGING / "run" / "half").exists()

    def test_a_dead_neighbour_goes_with_the_folder_made_for_it(self, tmp_path: Path):
        self.die(tmp_path / "x")
        put(tmp_path / "y", NEW)
        assert content(tmp_path) == {f"y/{name}": text for name, text in NEW.items()}

    def test_a_folder_that_was_there_before_or_that_a_user_has_used_stays(self, out: Path, tmp_path: Path):
        (out.parent / "empty").mkdir()
        for name in ("x", "empty", "used"):
            self.die(out.parent / name)
        write(out.parent / "used", {"notes.txt": "mine"})
        put(out.parent / "y", NEW)
        there = {f"x/{name}": text for name, text in (EARLIER | MINE).items()}
        there |= {f"y/{name}": text for name, text in NEW.items()}
        assert content(out.parent) == there | {"empty": "an empty folder", "used/notes.txt": "mine"}

    def test_the_next_run_into_the_folder_itself(self, tmp_path: Path):
        self.die(tmp_path / "deep" / "x")
        with contextlib.suppress(ZeroDivisionError), claimed(tmp_path / "deep" / "x"):
            _ = 1 / 0
        assert content(tmp_path) == {}, "and what was made for the dead one goes when that one fails, too"

    def test_what_another_user_owns_is_not_touched(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
        self.die(tmp_path / "x")
        user = os.getuid()
        monkeypatch.setattr(os, "getuid", lambda: user + 1)
        put(tmp_path / "y", NEW)
        assert (tmp_path / "x" / STAGING / "run" / "half").exists()


class TestUndisturbed:
    @pytest.fixture(autouse=True)
    def ctrl_c(self) -> Iterator[None]:
        before = signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored where tests run behind an &
        yield
        signal.signal(signal.SIGINT, before)

    def test_a_signal_waits_for_the_end(self):
        reached = []

        def block() -> None:
            with undisturbed() as came:
                signal.raise_signal(signal.SIGINT)
                reached.append(list(came))

        with pytest.raises(KeyboardInterrupt):
            block()
        assert reached == [[signal.SIGINT]]
        assert signal.getsignal(signal.SIGINT) == signal.default_int_handler

    def test_one_that_is_taken_from_the_list_is_never_answered(self):
        with undisturbed() as came:
            signal.raise_signal(signal.SIGINT)
            came.clear()

    def test_in_another_thread_the_block_runs_all_the_same(self):
        ran: list[int] = []

        def block() -> None:
            with undisturbed():
                ran.append(1)

        thread = threading.Thread(target=block)
        thread.start()
        thread.join()
        assert ran

    def test_a_second_ctrl_c_does_not_keep_a_run_from_clearing(self, out: Path, monkeypatch: pytest.MonkeyPatch):
        def empty(self, real=place.Place.empty) -> None:
            signal.raise_signal(signal.SIGINT)
            real(self)

        with pytest.raises(KeyboardInterrupt), claimed(out):  # noqa: PT012
            monkeypatch.setattr(place.Place, "empty", empty)
            raise KeyboardInterrupt
        assert content(out) == EARLIER | MINE
