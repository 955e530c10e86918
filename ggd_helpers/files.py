"""Where files lie, and how they are written: whole or not at all."""

import hashlib
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CHAPTERS, DATA = ROOT / "notebooks", ROOT / "data"
MANIFEST = "manifest.json"  # lists what a run wrote into its folder, with checksums: only that may be replaced


def data_path(name: str) -> Path:
    """The place of a file of your own, or of one that the course ships in `data/`.

    Raises:
        FileNotFoundError: there is neither, or only a folder of that name.
    """
    place = Path.cwd() / name
    try:
        for path in (Path(name), DATA / name):
            if path.is_file():
                return path
        is_folder = place.is_dir()
    except OSError as error:  # such as a name too long for the disk
        raise FileNotFoundError(f"There is no file {name!r} ({error.strerror}).") from None
    if is_folder:
        raise FileNotFoundError(f"{name!r} is a folder, {place.resolve()}: name a file.")
    raise FileNotFoundError(f"There is no file {name!r}, neither at {place.resolve()} nor in {DATA}.")


def sha256(path: Path) -> str:
    """The SHA-256 of a file's content, in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """A place to write to that replaces `path` when the block ends well, and is removed when it does not."""
    partial = path.with_name(path.name + ".partial")
    try:
        yield partial
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def commit() -> str | None:
    """The commit that the package is at, with `-dirty` where files differ; `None` outside a checkout or without git."""
    if not (ROOT / ".git").exists():
        return None
    command = ["git", "-C", str(ROOT), "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=10).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return None
