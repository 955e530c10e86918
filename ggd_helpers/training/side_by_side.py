"""Independent trainings on all cores at once, in a process for each core."""

import os
import threading
import time
from collections.abc import Callable, Sequence
from operator import call
from typing import TypeVar

import torch
from loky import cpu_count, get_reusable_executor
from loky.process_executor import ProcessPoolExecutor
from tqdm.auto import tqdm

Result = TypeVar("Result")
IDLE = 600.0  # seconds after which a process that nobody asks anything ends
LARGE = "2e9"  # bytes by which a process may grow before loky replaces it, with a warning: trainings differ in size


def side_by_side(tasks: Sequence[Callable[[], Result]], progress: bool = True) -> list[Result]:
    """Call functions of no argument on all cores at once; what they return, in their order.

    Each core gets a process that computes on one thread and stays for the next call. For the first call it has to start
    and to import torch, which takes some seconds, unless `start_processes` was called before. On a single core, or
    where the environment says `LOKY_MAX_CPU_COUNT=1` (as `ggd sweep` does, which has a run for each core already), they
    are called here, one after another.

    Args:
        tasks: what to call. Functions and what they return go to another process and back: they are copied.
        progress: whether to show a progress bar.

    Raises:
        Exception: what the first task that fails raises.
    """
    several = min(len(tasks), cpu_count()) > 1
    results = _processes(len(tasks)).map(call, tasks) if several else map(call, tasks)
    return list(tqdm(results, desc="done", total=len(tasks), leave=False, disable=not progress))


def start_processes(tasks: int) -> None:
    """Start the processes for so many tasks and do not wait: they import torch while something else goes on here."""
    for _ in range(min(tasks, cpu_count()) if cpu_count() > 1 else 0):
        _processes(tasks).submit(_first_slope)


def _processes(tasks: int) -> ProcessPoolExecutor:
    return get_reusable_executor(
        min(tasks, cpu_count()),
        timeout=IDLE,
        initializer=_serve,
        initargs=(os.getpid(),),
        env={"LOKY_MAX_MEMORY_LEAK_SIZE": LARGE},
    )


def _serve(program: int) -> None:
    """Compute on one thread, and end with the program that has started this process, however that ends."""
    torch.set_num_threads(1)

    def watch() -> None:
        while os.getppid() == program:
            time.sleep(1)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _first_slope() -> None:
    """Differentiate something: the first time, torch imports its compiler, which takes as long as to import torch."""
    torch.func.grad(torch.sum)(torch.ones(1))
