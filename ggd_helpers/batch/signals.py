"""Ctrl-C and its kin: answered alike, and not in the middle of what must come to its end."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

ENDINGS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]


def answer_all_like_ctrl_c() -> None:
    """TERM and HUP raise `KeyboardInterrupt`, too; under nohup, HUP stays ignored."""
    for ending in ENDINGS:
        if signal.getsignal(ending) == signal.SIG_DFL:
            signal.signal(ending, signal.default_int_handler)


@contextmanager
def undisturbed() -> Iterator[list[int]]:
    """The block comes to its end before Ctrl-C, TERM or HUP are answered; it must be short.

    Yields the signals that came so far; those that are taken from the list are never answered.
    """
    came: list[int] = []
    if threading.current_thread() is not threading.main_thread():  # nobody else is told of signals
        yield came
        return
    before = {each: signal.signal(each, lambda number, frame: came.append(number)) for each in ENDINGS}
    try:
        yield came
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
        if came:
            signal.raise_signal(came[0])
