"""Measurements at even times, by straight lines in between: what recipes for clean, even recordings need."""

import numpy as np
import torch

from ggd_helpers.ranges import check
from ggd_helpers.recordings.measured import Measurements
from ggd_helpers.recordings.regular import Trajectories


def interpolated(data: Measurements, points: int) -> Trajectories:
    """Read every record at `points` even times, from its first one to where the shortest record ends.

    Straight lines between the values of a coordinate; where it was not seen yet, or no longer, its nearest value
    stands. Noise stays, curvature between the values is lost.

    Raises:
        ValueError: fewer than 2 points, or a record in which a coordinate was never seen.
    """
    check("points", points, "a whole number, 2 or more", "it is how many even times a record is read at")
    never = ~data.observed.any(dim=1)
    if never.any():
        k, c = never.nonzero()[0].tolist()
        raise ValueError(f"trajectory {k} holds no value of coordinate {c}: there is nothing to draw a line through.")
    clocks = (data.times - data.times[:, :1]).numpy()
    even = np.linspace(0.0, np.nanmax(clocks, axis=1).min(), points)
    records = zip(clocks, data.values.numpy(), data.observed.numpy(), strict=True)
    states = [
        np.stack([np.interp(even, t[seen[:, c]], x[seen[:, c], c]) for c in range(x.shape[1])], axis=-1)
        for t, x, seen in records
    ]
    return Trajectories(torch.from_numpy(np.stack(states)), float(even[1]), metadata=dict(data.metadata))
