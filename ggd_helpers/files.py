"""Where files lie, and how they are written: whole or not at all."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CHAPTERS, DATA = ROOT / "notebooks", ROOT / "data"


def data_path(name: str) -> Path:
    """The place of a file of your own, or of one that the course ships in `data/`.

    Raises:
        FileNotFoundError: there is neither.
    """
    for path in (Path(name), DATA / name):
        if path.is_file():
            return path
    raise FileNotFoundError(f"There is no file {name!r}, neither at {Path(name).resolve()} nor in {DATA}.")


@contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """A place to write to that replaces `path` when the block ends well, and is removed when it does not."""
    partial = path.with_name(path.name + ".partial")
    try:
        yield partial
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
