"""What a computation will cost in memory and time, known before it starts: what no laptop can do is refused."""

MEMORY = 8 * 2**30  # bytes
SECONDS = 3600.0
BYTES = 64  # of memory that a stored number costs at the worst moment: itself, and seven copies on the way


def check_memory(what: str, numbers: int, change: str) -> None:
    """Refuse to make so many numbers that they need more than `MEMORY`.

    Raises:
        ValueError: naming what is to be made, the memory and what to change.
    """
    needed = BYTES * min(numbers, 10**300)  # the largest floats end at 1e308
    if needed > MEMORY:
        raise ValueError(f"{what} need about {needed / 2**30:.3g} GiB of memory, more than the {MEMORY / 2**30:.3g} "
                         f"GiB of a laptop: {change}.")  # fmt: skip


def check_time(what: str, seconds: float, change: str) -> None:
    """Refuse to start what takes longer than `SECONDS`.

    Raises:
        ValueError: naming what is to be done, the time and what to change.
    """
    if not seconds <= SECONDS:
        raise ValueError(f"{what} take about {seconds / 3600:.3g} hours on a laptop, more than "
                         f"{SECONDS / 3600:.3g}: {change}.")  # fmt: skip


def check_rk4(steps: int, numbers: int) -> None:
    """Refuse a Runge-Kutta integration of so many steps of a batch of so many numbers; see `check_time`.

    Measured on simple laws: a step costs 0.2 ms, and 0.1 microseconds for every number of the batch.
    """
    steps = min(steps, 10**200)
    what = f"{steps:.3g} RK4 steps of {numbers} numbers"
    check_time(what, steps * (2e-4 + 1e-7 * numbers), "take fewer points, substeps or trajectories, or slower motion")
