"""The place of a run: one folder, claimed by one run at a time, in which only what an earlier run wrote is replaced.

A run is made in `OUT/.ggd-partial` and moved, file by file, when its last cell has ended. `OUT/manifest.json` lists
what it wrote; the rest is the user's. A lock says whether a run lives, so that what a dead one left is swept.
"""

import json
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath

from ggd_helpers.batch.chapter import Refused
from ggd_helpers.batch.signals import undisturbed
from ggd_helpers.files import MANIFEST, sha256, written_whole

STAGING, LOCK = ".ggd-partial", "lock"
ANOTHER = "or name another folder (ggd run, ggd sweep: with --out)."
PATIENCE = 3.0  # seconds: a kernel whose program was killed looks once a second whether it still has one


class Busy(Refused):
    """Another run is being made into the folder."""


class Place:
    """A folder that this run alone may write to.

    Args:
        out: the folder.
        lock: the descriptor that holds the lock; a kernel that inherits it holds the lock with its program.
        made: the folders that were made for it, innermost first, which go when they are left empty.

    Attributes:
        run: where the run is made, until `put` moves it to `out`.
    """

    def __init__(self, out: Path, lock: int, made: list[Path]):
        self.out, self.lock, self.made = out, lock, made
        self.staging = out / STAGING
        self.run, self._old, self._journal = (self.staging / name for name in ("run", "old", "journal.json"))

    def earlier(self) -> list[str]:
        """The files of the run that lies here, as it left them.

        Raises:
            Refused: what lies here is no run, or was changed after it, or cannot be replaced.
        """
        listed = _read_manifest(self.out)
        for name, digest in listed.items():
            path = self.out / name
            if not os.path.lexists(path):
                continue
            if path.is_symlink() or not path.is_file() or sha256(path) != digest:
                raise Refused(f"{path} was changed after the run that wrote it: keep it elsewhere, {ANOTHER}")
            for each in (path, path.parent):
                if not os.access(each, os.W_OK):
                    raise Refused(f"{each} is protected from writing: lift that, {ANOTHER}")
        return [name for name in (*listed, MANIFEST) if os.path.lexists(self.out / name)]

    def put(self) -> Path:
        """Let the finished run take the place of the earlier one; returns where it lies.

        That is `out`, or a new folder in it where something came in the way since the run began.
        """
        new = [name for name in _files(self.run) if name != MANIFEST]
        manifest = {"files": {name: sha256(self.run / name) for name in new}}
        (self.run / MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
        new.append(MANIFEST)
        try:
            old = self.earlier()
            if any(os.path.lexists(self.out / name) for name in set(new) - set(old)):
                raise Refused("something is in the way")
            self._swap(old, new)
        except (OSError, Refused):
            self.roll_back()
            aside = next(path for i in range(2, 10**6) if not os.path.lexists(path := self.out / f"run_{i}"))
            self.run.rename(aside)
            return aside
        return self.out

    def _swap(self, old: list[str], new: list[str]) -> None:
        """While the journal lies there, the earlier run is the one that counts."""
        with written_whole(self._journal) as partial:
            partial.write_text(json.dumps(new), encoding="utf-8")
        for name in old:
            _move(self.out / name, self._old / name)
        for name in new:
            _move(self.run / name, self.out / name)
        self._journal.unlink()
        _remove_empty_folders(self.out, old)

    def roll_back(self) -> None:
        """Undo a `put` that did not come to its end; can be done again when it does not come to its own."""
        if not self._journal.exists():
            return
        new = [name for name in json.loads(self._journal.read_text(encoding="utf-8")) if _is_inside(name)]
        for name in new:
            if not os.path.lexists(self.run / name):  # it was moved already, to where nothing else lay
                _move(self.out / name, self.run / name)
        for name in _files(self._old):
            _move(self._old / name, self.out / name)
        _remove_empty_folders(self.out, new)
        self._journal.unlink()

    def empty(self) -> None:
        """Remove all that a run left in the staging folder, but the lock."""
        self.roll_back()
        for path in self.staging.iterdir():
            if path.is_dir():
                shutil.rmtree(path)
            elif path.name != LOCK:
                path.unlink()

    def clear(self) -> None:
        """Leave nothing behind but what lies at its place; the lock's file goes last, for others wait for it."""
        self.empty()
        (self.staging / LOCK).unlink()
        with suppress(OSError):  # whoever waited has made a lock in it, or a user has put a file into it
            for folder in (self.staging, *self.made):
                folder.rmdir()


@contextmanager
def claimed(out: Path) -> Iterator[Place]:
    """The folder `out`, made where it is missing, for this run alone; what dead runs left in its neighbours goes.

    Raises:
        Refused: it cannot be made or written to, it holds something else than a run.
        Busy: another run is being made into it.
    """
    with held(out) as place:
        clear_dead(out.parent)
        place.earlier()
        yield place


@contextmanager
def held(out: Path) -> Iterator[Place]:
    """The folder `out`, made where it is missing, for this program alone, whatever lies in it.

    Raises:
        Refused: it cannot be made or written to.
        Busy: another program holds it.
    """
    try:
        if out.exists() and not out.is_dir():
            raise Refused(f"{out} is a file, not an earlier run: nothing was touched. Move it, {ANOTHER}")
        place = _claim(out)
    except OSError as error:
        raise unusable(out, error) from None
    try:
        yield place
    finally:
        with undisturbed():
            with suppress(OSError):
                place.clear()
            os.close(place.lock)


def unusable(folder: Path, error: OSError) -> Refused:
    """Why nothing can be written to a folder, as a sentence."""
    return Refused(f"{folder} cannot be made or written to ({error.strerror}): mend that, or name another folder.")


def _claim(out: Path) -> Place:
    made = [folder for folder in (out, *out.parents) if not folder.exists()]
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            (out / STAGING).mkdir(parents=True, exist_ok=True)
            lock = try_lock(out / STAGING)
        except FileNotFoundError:  # its owner has removed it in between
            continue
        if lock is not None:
            break
        if time.monotonic() > deadline:
            raise Busy(f"another run is being made into {out}: wait for its end, {ANOTHER}")
        time.sleep(0.1)
    made = sorted({*made, *_made(lock)}, key=lambda folder: -len(folder.parts))  # those of a dead run, too
    place = Place(out, lock, made)
    try:
        os.ftruncate(lock, 0)
        os.pwrite(lock, json.dumps([str(folder) for folder in made]).encode(), 0)
        place.empty()
        place.run.mkdir()
    except BaseException:
        with suppress(OSError):
            place.clear()
        os.close(lock)
        raise
    return place


def try_lock(staging: Path) -> int | None:
    """A descriptor that holds the lock of a staging folder until its last copy is closed; `None` where another does.

    Raises:
        Refused: the system has no such locks.
    """
    try:
        import fcntl
    except ModuleNotFoundError:
        raise Refused("runs and classes need locks that Windows does not have: work in its Linux, WSL.") from None
    lock = os.open(staging / LOCK, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.path.samestat(os.fstat(lock), (staging / LOCK).stat()):  # and not one that was removed meanwhile
            return lock
    except BlockingIOError:
        pass
    except OSError:
        os.close(lock)
        raise
    os.close(lock)
    return None


def clear_dead(folder: Path) -> None:
    """Remove what dead runs of this user left in the folders of `folder`."""
    for staging in folder.glob(f"*/{STAGING}"):
        with suppress(OSError):
            if staging.stat().st_uid != os.getuid():
                continue
            if (lock := try_lock(staging)) is not None:
                try:
                    Place(staging.parent, lock, _made(lock)).clear()
                finally:
                    os.close(lock)


def _made(lock: int) -> list[Path]:
    """The folders that were made for a run, innermost first; none when its lock was not written yet."""
    with suppress(ValueError):
        return [Path(folder) for folder in json.loads(os.pread(lock, os.fstat(lock).st_size, 0))]
    return []


def _read_manifest(out: Path) -> dict[str, str]:
    """The digests of the files of the run in `out`, by name; none in an empty folder."""
    try:
        listed = json.loads((out / MANIFEST).read_text(encoding="utf-8"))["files"]
        if all(_is_inside(name) and isinstance(digest, str) for name, digest in listed.items()):
            return listed
    except FileNotFoundError:
        if all(path.name == STAGING for path in out.iterdir()):
            return {}
    except (ValueError, KeyError, TypeError, AttributeError):
        pass
    raise Refused(
        f"{out} exists and is not an earlier run (it holds no {MANIFEST} that a run wrote; the first runs wrote none): "
        f"nothing was touched. Empty it, {ANOTHER}"
    )


def _is_inside(name: str) -> bool:
    path = PurePosixPath(name)
    return not path.is_absolute() and ".." not in path.parts


def _files(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir())


def _move(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    source.rename(target)


def _remove_empty_folders(out: Path, names: list[str]) -> None:
    for folder in {out / parent for name in names for parent in PurePosixPath(name).parents[:-1]}:
        with suppress(OSError):
            folder.rmdir()
