"""Measure what was simulated: at few instants, even or not, with noise, and with numbers that got lost."""

import torch
from torch import Tensor

from ggd_helpers.ranges import check, check_seed
from ggd_helpers.recordings.measured import Measurements
from ggd_helpers.recordings.regular import Trajectories


def even_instants(clean: Trajectories, points: int) -> Tensor:
    """Which of the stored times to read so that all records share `points` even ones, from the first to the last.

    Returns their numbers, `(trajectory, points)`; even up to the spacing of what is stored.

    Raises:
        ValueError: fewer than 2 points, or more than are stored.
    """
    stored = _check_points(clean, points)
    shares = torch.arange(points, dtype=torch.float64) / (points - 1)
    return (shares * (stored - 1)).round().long().expand(len(clean), -1)


def uneven_instants(clean: Trajectories, points: int, seed: int, shortest: float = 1.0) -> Tensor:
    """Draw which of the stored times to read: the first one and `points - 1` others, for every record anew.

    Records end at a random share of the whole time, between `shortest` and 1; a shorter one has as many points.
    Returns the numbers of the times, increasing, `(trajectory, points)`.

    Raises:
        ValueError: a number out of range, fewer than 2 points, or more than the shortest record has stored.
    """
    check("shortest", shortest, "positive and at most 1", "it is the share of the whole time that every record lasts")
    check_seed(seed)
    stored = _check_points(clean, points, shortest)
    generator = torch.Generator().manual_seed(seed)
    ends = shortest + (1 - shortest) * torch.rand(len(clean), 1, generator=generator, dtype=torch.float64)
    others = torch.arange(1, stored)
    draws = torch.rand(len(clean), stored - 1, generator=generator, dtype=torch.float64)
    draws = draws.masked_fill(others > (ends * (stored - 1)).round(), torch.inf)
    chosen = others[draws.argsort(dim=1)[:, : points - 1]].sort(dim=1).values
    return torch.nn.functional.pad(chosen, (1, 0))


def measure(clean: Trajectories, instants: Tensor, noise: float, seed: int, lost: float = 0.0) -> Measurements:
    """Read clean trajectories at some of their times, with normal noise, and lose some of the numbers.

    Whoever fits is not told the deviation of the noise (`deviation` is `None`); whoever judges finds it in
    `metadata["noise"]`, a number for each coordinate.

    Args:
        clean: what is measured, for example simulated.
        instants: the numbers of the times that are read, increasing, `(trajectory, points)`.
        noise: its deviation, as a share of each coordinate's deviation over all that is read.
        seed: of the noise, and of what is lost.
        lost: the probability that a single number is missing.

    Raises:
        ValueError: a number out of range, or a record of which everything got lost.
    """
    check("noise", noise, "0 or more", "it is the deviation of the noise by that of the clean values")
    check("lost", lost, "0 to 0.9", "it is the share of single numbers that are missing")
    check_seed(seed)
    generator = torch.Generator().manual_seed(seed)
    instants = instants.to(clean.states.device)
    exact = clean.states.take_along_dim(instants[..., None], dim=1)
    deviation = noise * exact.flatten(0, 1).std(dim=0, correction=0)
    kicks = torch.randn(exact.shape, generator=generator, dtype=torch.float64).to(exact)
    is_lost = torch.rand(exact.shape, generator=generator, dtype=torch.float64).to(exact) < lost
    values = (exact + deviation * kicks).masked_fill(is_lost, torch.nan)
    how = {"noise": deviation.tolist(), "noise_share": noise, "noise_seed": seed, "lost": lost}
    return Measurements(clean.times[instants], values, metadata=clean.metadata | how)


def _check_points(clean: Trajectories, points: int, shortest: float = 1.0) -> int:
    """How many times are stored, once `points` of them are there to be read."""
    stored = clean.states.shape[1]
    most = round(shortest * (stored - 1)) + 1
    check(
        "points", points, f"a whole number, 2 to {most}", "it is how many of the stored times are read of each record"
    )
    return stored
