"""Where files lie, and how they are written: whole or not at all."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CHAPTERS, DATA = ROOT / "notebooks", ROOT / "data"


def data_path(name: str) -> Path:
    """The place of a file of your own, or of one that the course ships in `data/`.

    Raises:
        FileNotFoundError: there is neither, or only a folder of that name.
    """
    for path in (Path(name), DATA / name):
        with suppress(OSError):  # a name may be too long for the disk
            if path.is_file():
                return path
    place = Path.cwd() / name
    with suppress(OSError):
        if place.is_dir():
            raise FileNotFoundError(f"{name!r} is a folder, {place}: name a file.")
    raise FileNotFoundError(f"There is no file {name!r}, neither at {place} nor in {DATA}.")


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
