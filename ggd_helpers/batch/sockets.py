"""Where a kernel's sockets lie: folders with short names, which go with the program that made them."""

import os
import shutil
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ggd_helpers.batch.place import try_lock
from ggd_helpers.batch.signals import undisturbed

PREFIX = "ggd-sockets-"
LONGEST = 103  # bytes of a socket's absolute path, on the strictest of systems
_LONGEST_NAME = len(PREFIX) + 8 + len("/k-99")


@contextmanager
def socket_folder() -> Iterator[Path | None]:
    """A new folder for sockets, gone after the block; `None` where the system knows no such sockets.

    What dead programs left is removed first.
    """
    if not hasattr(socket, "AF_UNIX"):
        yield None
        return
    clear_dead_sockets()
    folder, lock = _new_folder()
    try:
        yield folder
    finally:
        with undisturbed():
            shutil.rmtree(folder, ignore_errors=True)
            os.close(lock)


def clear_dead_sockets() -> None:
    """Remove the folders of this user whose program is dead."""
    for folder in _parent().glob(f"{PREFIX}*"):
        with suppress(OSError):
            if folder.stat().st_uid == os.getuid() and (lock := try_lock(folder)) is not None:
                shutil.rmtree(folder, ignore_errors=True)
                os.close(lock)


def _parent() -> Path:
    """The folder for temporary files, or `/tmp` where that has too long a name for a socket in it."""
    usual = Path(tempfile.gettempdir()).resolve()
    return usual if len(os.fsencode(usual)) + 1 + _LONGEST_NAME <= LONGEST else Path("/tmp").resolve()


def _new_folder() -> tuple[Path, int]:
    while True:
        folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=_parent()))
        with suppress(FileNotFoundError):  # another program took it for a dead one's, before it was locked
            if (lock := try_lock(folder)) is not None:
                return folder, lock
