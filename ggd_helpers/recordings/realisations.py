"""Your own realisations of a driven bead, from a CSV file to groups of ensembles."""

from pathlib import Path

import torch
from torch import Tensor

from ggd_helpers.ranges import check
from ggd_helpers.recordings.ensembles import Ensembles, share_linearly
from ggd_helpers.recordings.regular import Trajectories

COLUMNS = ["x", "lambda"]


def realisations_from_csv(path: str | Path, stiffness: float, groups: int = 2, bins: int = 200) -> list[Ensembles]:
    """Read realisations of a bead in a moving trap: columns `trajectory`, `t`, `x` (the bead), `lambda` (the trap).

    Trajectories with the same `lambda` are realisations of one protocol; the file holds equally many of each. The force
    is not in the file: it is that of a trap of known stiffness, `F = k (lambda - mean x)`.

    Args:
        path: of the file.
        stiffness: `k` of the trap, force/length.
        groups: independent groups that the realisations are dealt out to, as `simulate_groups` does.
        bins: points of the histograms.

    Raises:
        FileNotFoundError: no such file.
        ValueError: a file that `Trajectories.from_csv` refuses, other columns, fewer than 4 times, protocols of
            unequally many realisations, or too few of them.
    """
    check("stiffness", stiffness, "positive", "it is the stiffness of the trap")
    check("groups", groups, "a whole number, 2 or more", "their differences are the sampling error")
    check("bins", bins, "a whole number, 8 or more", "it is how many points a histogram has")
    data = Trajectories.from_csv(path)
    names = data.metadata["names"]
    if sorted(names) != sorted(COLUMNS):
        raise ValueError(f"{path}: wanted are the columns trajectory, t, x and lambda (got {', '.join(names)}).")
    if len(data.times) < 4:
        raise ValueError(
            f"{path}: every trajectory needs 4 rows or more (got {len(data.times)}): a motion is compared."
        )
    x, trap = (data.states[..., names.index(name)] for name in COLUMNS)
    by_protocol = _realisations_of(str(path), trap, groups)
    clouds, inputs = x[by_protocol], trap[by_protocol[:, 0], :, None]  # (protocol, realisation, time)
    margin = 1e-3 * (x.max() - x.min()).item() + 1e-12
    grid = torch.linspace(x.min().item() - margin, x.max().item() + margin, bins, dtype=x.dtype)
    made = []
    for group in range(groups):
        own = clouds[:, group::groups]
        shares = share_linearly(own.movedim(1, 0), grid)[:, :, None]
        outputs = stiffness * (inputs - own.mean(1)[..., None])
        made.append(Ensembles(shares, grid, inputs, data.dt, own.shape[1], outputs, data.metadata | {"group": group}))
    return made


def _realisations_of(path: str, trap: Tensor, groups: int) -> Tensor:
    """Which trajectories have the same protocol, `(protocol, realisation)`; as many of each as `groups` can share."""
    _, label, counts = torch.unique(trap, dim=0, return_inverse=True, return_counts=True)
    if counts.min() < 2 * groups:
        raise ValueError(f"{path}: every protocol needs {2 * groups} realisations or more (one has {counts.min()}): "
                         "repeat the same lambda with other jitter.")  # fmt: skip
    if counts.min() < counts.max():
        raise ValueError(f"{path}: protocols must have equally many realisations (got {counts.min()} to "
                         f"{counts.max()}): leave some out.")  # fmt: skip
    alike = label.argsort(stable=True).view(len(counts), -1)
    return alike[:, : alike.shape[1] // groups * groups]
