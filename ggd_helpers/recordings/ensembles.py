"""Recordings of many realisations of one protocol: at every time a cloud, kept as a histogram."""

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import torch
from torch import Tensor

from ggd_helpers.ranges import check
from ggd_helpers.recordings.recording import Recording, check_alongside, check_finite


@dataclass(frozen=True)
class Ensembles(Recording):
    """The distribution of each coordinate at every time, one ensemble of realisations for each protocol.

    Attributes:
        shares: the share of the realisations at every point of the grid, `(protocol, time, n, bins)`; sums are 1.
        grid: the points, increasing, `(bins,)`; all ensembles have the same ones.
        inputs: `(protocol, time, k)`.
        dt: the time between two stored distributions.
        realisations: how many each ensemble has.
        outputs: what was measured beside, averaged, `(protocol, time, m)`; or `None`.
        metadata: how the data came about; plain JSON values.

    Raises:
        ValueError: shapes that do not fit, a grid that is not even, or shares that are negative or do not sum to 1.
    """

    shared: ClassVar[frozenset[str]] = frozenset({"grid"})

    shares: Tensor
    grid: Tensor
    inputs: Tensor
    dt: float
    realisations: int
    outputs: Tensor | None = None
    metadata: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.shares.dim() != 4 or self.grid.shape != self.shares.shape[-1:]:
            raise ValueError(f"shares must have shape (protocol, time, n, bins) and grid (bins,); "
                             f"got {tuple(self.shares.shape)} and {tuple(self.grid.shape)}.")  # fmt: skip
        check_alongside("shares", self.shares, inputs=self.inputs, outputs=self.outputs)
        check_finite(shares=self.shares, grid=self.grid, inputs=self.inputs, outputs=self.outputs)
        check("dt", self.dt, "positive", "it is the time between two stored distributions")
        check("realisations", self.realisations, "a whole number, 1 or more", "it is how many each ensemble has")
        steps = self.grid.diff()
        if not (steps > 0).all() or (steps - steps.mean()).abs().max() > 1e-3 * steps.mean():
            raise ValueError(f"grid must increase in even steps (got steps from {steps.min():.3g} to "
                             f"{steps.max():.3g}): take torch.linspace(low, high, bins).")  # fmt: skip
        if self.shares.min() < 0:
            raise ValueError(
                f"shares must be 0 or more (got {self.shares.min():.3g}): they are parts of the realisations."
            )
        off = (self.shares.sum(-1) - 1).abs().max().item()
        if off > 1e3 * torch.finfo(self.shares.dtype).eps * math.sqrt(len(self.grid)):
            raise ValueError(f"shares must sum to 1 over the grid; one sum is {off:.1e} off.")

    @property
    def times(self) -> Tensor:
        """The times of the stored distributions, `(time,)`, beginning at 0."""
        return self.dt * torch.arange(self.shares.shape[1], device=self.shares.device, dtype=self.shares.dtype)

    @property
    def measured(self) -> Tensor:
        """The outputs, where they are needed.

        Raises:
            ValueError: there are none.
        """
        if self.outputs is None:
            raise ValueError("the force must have been measured (outputs is None): without it f has no scale.")
        return self.outputs

    @property
    def mean(self) -> Tensor:
        """The mean of every coordinate, `(protocol, time, n)`: exactly that of the realisations."""
        return self.shares @ self.grid

    @property
    def variance(self) -> Tensor:
        """The variance of every coordinate, `(protocol, time, n)`: at most a quarter of a squared bin too large."""
        return (self.shares * (self.grid - self.mean[..., None]) ** 2).sum(-1)


def share_linearly(values: Tensor, grid: Tensor) -> Tensor:
    """Histograms in which every value is shared by its two neighbours on the grid, so that means stay exact.

    Shapes: `values` `(realisation, ...)`, an evenly spaced `grid` `(bins,)`; the answer is `(..., bins)`, sums are 1.

    Raises:
        ValueError: no realisation, a value outside the grid, or one that is not finite.
    """
    if not len(values):
        raise ValueError("values must be those of 1 realisation or more (got none): an empty ensemble has no shares.")
    low, high = grid[0], grid[-1]
    if not ((values >= low) & (values <= high)).all():
        raise ValueError(f"values must lie on the grid, from {low:g} to {high:g} "
                         f"(got {values.min():g} to {values.max():g}): take a wider one.")  # fmt: skip
    place = (values - low) / (high - low) * (len(grid) - 1)
    left = place.floor().long().clamp(max=len(grid) - 2)
    right_share = place - left
    flat = torch.zeros(values[0].numel(), len(grid), dtype=values.dtype, device=values.device)
    left, right_share = left.flatten(1).T, right_share.flatten(1).T
    flat.scatter_add_(1, left, 1 - right_share).scatter_add_(1, left + 1, right_share)
    return (flat / len(values)).unflatten(0, values.shape[1:]) if values.dim() > 1 else flat[0] / len(values)


def pool(groups: Sequence[Ensembles]) -> Ensembles:
    """One ensemble of all the realisations of several, of the same protocols on the same grid.

    A group given twice counts twice: that is how realisations are drawn again (bootstrap).

    Raises:
        ValueError: no group, or groups of other protocols, times or grids.
    """
    if not groups:
        raise ValueError("groups must be 1 or more (got none): there is no realisation in an empty ensemble.")
    first = groups[0]
    for other in groups[1:]:
        alike = other.shares.shape == first.shares.shape and other.dt == first.dt and (other.outputs is None) == (
            first.outputs is None
        )  # fmt: skip
        if not (alike and torch.equal(other.grid, first.grid) and torch.equal(other.inputs, first.inputs)):
            raise ValueError("groups to pool must have the same protocols, times and grid: simulate them together.")
    counts = torch.tensor([group.realisations for group in groups], dtype=first.shares.dtype)
    total, weights = int(counts.sum()), counts / counts.sum()

    def average(tensors: Sequence[Tensor]) -> Tensor:
        return sum(weight * tensor for weight, tensor in zip(weights, tensors, strict=True))

    outputs = None if first.outputs is None else average([g.outputs for g in groups if g.outputs is not None])
    metadata = first.metadata | {"group": "pooled"}
    shares = average([group.shares for group in groups])
    return Ensembles(shares, first.grid, first.inputs, first.dt, total, outputs, metadata)


def sampling_variance(groups: Sequence[Ensembles]) -> Tensor:
    """The variance of the sampling error of what all groups together measured, `(m,)`: from their scatter.

    Raises:
        ValueError: fewer than 2 groups, or nothing measured.
    """
    measured = [group.outputs for group in groups if group.outputs is not None]
    if len(measured) < 2:
        raise ValueError(f"groups with outputs must be 2 or more (got {len(measured)}): one has no scatter.")
    return torch.stack(measured).var(dim=0).mean((0, 1)) / len(measured)


def rebin(data: Ensembles, grid: Tensor) -> Ensembles:
    """The same ensembles on other points: every share goes to its two neighbours there, so that means stay exact.

    An encoder knows one grid only. Points beyond the new grid must hold no share.

    Raises:
        ValueError: realisations lie outside of the new grid.
    """
    used = (data.shares > 0).any(0).any(0).any(0)
    outside = used & ((data.grid < grid[0]) | (data.grid > grid[-1]))
    if outside.any():
        raise ValueError(f"grid must reach from {data.grid[used][0]:g} to {data.grid[used][-1]:g}, where realisations "
                         f"are (got {grid[0]:g} to {grid[-1]:g}).")  # fmt: skip
    moved = share_linearly(data.grid.clamp(grid[0], grid[-1])[None], grid)
    return dataclasses.replace(data, shares=data.shares @ moved, grid=grid)
