"""The clock of the race: opponents take turns in one process, and time counts for the one whose turn it is.

Time is that of the processor: what other programs take of the machine is nobody's loss.
"""

import math
import threading
import time
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch

SLICE = 2.0  # seconds of a turn
FIRST, GROWTH = 0.05, 1.15  # seconds to the first snapshot, and by what factor the next one is later


class Snapshot(NamedTuple):
    """What an opponent had when: the weights that it would have ended with, and their loss as it sees it."""

    seconds: float  # of the processor
    loss: float
    theta: np.ndarray


class TimeUp(Exception):
    """An opponent's time is spent."""


class Turn:
    """An opponent at work, in a thread of its own that runs only while it holds the baton.

    Every evaluation of the loss reports to `lowest` or `latest`; there the baton is handed over when a slice is used
    up, snapshots are taken, and the work ends (`TimeUp`) when the budget is spent.

    Attributes:
        seconds, wall: of the processor and of the clock on the wall, while it held the baton.
        evaluations: how many losses it has reported.
        snapshots: what it had, at times that grow by `GROWTH`; at last what it ended with.
        error: in words, where it ended by one.
    """

    def __init__(self, work: Callable[["Turn"], None], budget: float, start: np.ndarray):
        self.budget, self.work = budget, work
        self.seconds = self.wall = 0.0
        self.evaluations, self.finished = 0, False
        self.snapshots: list[Snapshot] = []
        self.error: str | None = None
        self._now = start, math.inf
        self._due, self._slice_began = FIRST, 0.0
        self._go, self._back = threading.Semaphore(0), threading.Semaphore(0)
        threading.Thread(target=self._run, daemon=True).start()

    def take(self) -> None:
        """Work for a slice; called by whoever holds the clock."""
        self._go.release()
        self._back.acquire()

    @property
    def share(self) -> float:
        """How much of the budget is spent, 0 to 1."""
        return min(self._spent() / self.budget, 1.0)

    def lowest(self, theta: np.ndarray, loss: float) -> None:
        """Report a loss, of an opponent that ends with the weights of the lowest one."""
        self._report(theta, loss, loss < self._now[1])

    def latest(self, theta: np.ndarray, loss: float) -> None:
        """Report a loss, of an opponent that ends with what it has."""
        self._report(theta, loss, True)

    def breathe(self) -> None:
        """Let others work, when the slice is used up; for work that is long and has nothing to report yet."""
        spent = self._spent()
        if spent >= self.budget:
            raise TimeUp
        if spent - self._slice_began >= SLICE:
            self._pause()
            self._back.release()
            self._go.acquire()
            self._resume()

    def _report(self, theta: np.ndarray, loss: float, counts: bool) -> None:
        spent = self._spent()
        if spent >= self.budget:  # what came after the end does not count
            raise TimeUp
        self.evaluations += 1
        if counts:
            self._now = theta.copy(), loss
        if spent >= self._due:
            self._snap(spent)
            self._due = FIRST * GROWTH ** (1 + math.floor(math.log(spent / FIRST) / math.log(GROWTH)))
        self.breathe()

    def _spent(self) -> float:
        return self.seconds + time.process_time() - self._began

    def _snap(self, spent: float) -> None:
        self.snapshots.append(Snapshot(spent, self._now[1], self._now[0]))

    def _resume(self) -> None:
        self._slice_began = self.seconds
        self._began, self._wall_began = time.process_time(), time.perf_counter()

    def _pause(self) -> None:
        self.seconds += time.process_time() - self._began
        self.wall += time.perf_counter() - self._wall_began

    def _run(self) -> None:
        self._go.acquire()
        torch.set_num_threads(1)
        self._resume()
        try:
            self.work(self)
        except TimeUp:
            pass
        except Exception as error:  # an opponent that breaks down has what it had
            self.error = f"{type(error).__name__}: {error}"
        finally:
            self._pause()
            self._snap(self.seconds)
            self.finished = True
            self._back.release()


def run_in_turns(turns: list[Turn]) -> None:
    """Let all of them work, slice by slice, until each has finished."""
    while waiting := [turn for turn in turns if not turn.finished]:
        for turn in waiting:
            turn.take()
