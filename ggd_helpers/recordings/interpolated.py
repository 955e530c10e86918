"""Measurements at even times, by straight lines in between: what recipes for clean, even recordings need."""

from dataclasses import replace

import numpy as np
import torch

from ggd_helpers.ranges import check
from ggd_helpers.recordings.measured import Measurements
from ggd_helpers.recordings.regular import Trajectories

LEAST = 0.5  # of the longest record: what lasts less would cut all others short
EVEN = 0.05  # of a step: how far even times may be off by rounding


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


def at_even_times(data: Measurements) -> Trajectories:
    """Read every record at even times as far apart as readings mostly are; see `interpolated`.

    What had to be done stands in `metadata["evened"]`, in sentences: none where all records are complete, as long and
    even, and nothing was done. A record that lasts less than half of the longest, or in which a coordinate was never
    seen, is left out.

    Raises:
        ValueError: no record is left.
    """
    ends = (data.times - data.times[:, :1]).nan_to_num(0.0).amax(dim=1)
    kept = (data.observed.any(dim=1).all(dim=1) & (ends >= LEAST * ends.max()) & (ends > 0)).nonzero()[:, 0]
    if not len(kept):
        raise ValueError(
            "no record that lasts holds a value of every coordinate: there is nothing to draw lines through."
        )
    used, ends = data.select(kept), ends[kept]
    timed = ~used.times.isnan()
    steps = used.times.diff(dim=1)
    points = min(round(ends.min().item() / steps.nanmedian().item()) + 1, int(timed.sum(dim=1).max()))
    even = interpolated(used, max(points, 2))
    uneven = (steps / even.dt - 1).abs().nan_to_num(0.0).max() > EVEN
    missing = int((~used.observed & timed[..., None]).sum())
    shortest, longest = ends.min().item(), ends.max().item()
    said = []
    if len(kept) < len(data):
        said.append(f"{len(data) - len(kept)} of {len(data)} records are left out: too short, or a coordinate unseen.")
    if missing:
        said.append(f"Straight lines stand in for {missing} missing values.")
    if uneven:
        said.append(f"Times are uneven: values are read off straight lines, every {even.dt:.3g}.")
    if longest - shortest > EVEN * even.dt:
        said.append(f"All records end at {shortest:.3g}, like the shortest one; the longest lasts {longest:.3g}.")
    return replace(even, metadata=even.metadata | {"evened": said})
