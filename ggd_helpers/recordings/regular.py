"""Trajectories on a regular grid of times: simulated or measured, differentiated."""

import warnings
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor

from ggd_helpers.ranges import check, shown
from ggd_helpers.recordings.recording import Recording, check_finite
from ggd_helpers.recordings.regular_rows import read_regular


@dataclass(frozen=True)
class Trajectories(Recording):
    """States on a regular grid of times.

    Attributes:
        states: `(trajectory, time, n)`.
        dt: the time between two stored states.
        velocities: the exact `dx/dt` at the states, same shape, where it is known (simulated data); else `None`.
        metadata: how the data came about; plain JSON values.

    Raises:
        ValueError: shapes that do not fit, no states, values that are not finite floating-point numbers, or a `dt` that
            is not positive.
    """

    states: Tensor
    dt: float
    velocities: Tensor | None = None
    metadata: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.states.dim() != 3:
            raise ValueError(f"states must have shape (trajectory, time, n); got {tuple(self.states.shape)}.")
        check("dt", self.dt, "positive", "it is the time between two stored states")
        if self.velocities is not None and self.velocities.shape != self.states.shape:
            raise ValueError(
                f"velocities must have the shape of states, {tuple(self.states.shape)}; "
                f"got {tuple(self.velocities.shape)}."
            )
        check_finite(states=self.states, velocities=self.velocities)

    @property
    def times(self) -> Tensor:
        """The times of the stored states, `(time,)`, beginning at 0."""
        return self.dt * torch.arange(self.states.shape[1], device=self.states.device, dtype=self.states.dtype)

    def differences(self, order: int = 6) -> Tensor:
        """Estimate `dx/dt` from the states by finite differences, `(trajectory, time, n)`.

        `order=2`: central differences inside, first-order one-sided ones at the two ends (thesis 3.2 and 4.1.1).
        `order=6`: seven-point differences everywhere, one-sided within three points of an end.

        Raises:
            ValueError: another order, or fewer points than the formula spans.
        """
        if order not in (2, 6):
            raise ValueError(f"order must be 2 or 6 (got {order!r}).")
        points, span = self.states.shape[1], order + 1
        if points < span:
            raise ValueError(f"differences of order {order} need {span} points or more a trajectory (got {points}).")
        half = order // 2
        windows = self.states.unfold(1, span, 1)  # (trajectory, window, n, span)
        inside = windows @ self._stencil(range(-half, half + 1))
        if order == 2:
            start = self.states[:, 1:2] - self.states[:, 0:1]
            end = self.states[:, -1:] - self.states[:, -2:-1]
            return torch.cat([start, inside, end], dim=1) / self.dt
        first = [windows[:, 0] @ self._stencil(range(-i, span - i)) for i in range(half)]
        last = [windows[:, -1] @ self._stencil(range(-i, span - i)) for i in range(half + 1, span)]
        return torch.cat([torch.stack(first, 1), inside, torch.stack(last, 1)], dim=1) / self.dt

    def _stencil(self, offsets: range) -> Tensor:
        """Weights `w` with `sum_j w_j f(j) = f'(0)` for every polynomial that the offsets can tell apart."""
        powers = np.vander(np.array(offsets, dtype=float), increasing=True).T
        return torch.from_numpy(np.linalg.solve(powers, np.eye(len(offsets))[1])).to(self.states)

    @classmethod
    def from_csv(cls, path: str | Path) -> Self:
        """Read your own measurements: columns `trajectory`, `t`, and one for every coordinate of the state.

        Every trajectory must hold the same number of rows, evenly spaced in time, with the same step everywhere; times
        may be rounded. A first column without a name, or called `index` or `Unnamed: 0`, holds row numbers: it is left
        out, with a warning, and named in `metadata["left_out"]`.

        Raises:
            FileNotFoundError: no such file.
            ValueError: a missing column, a value that is not a finite number, or uneven times; it names the place.
        """
        names, left_out, dt, states = read_regular(path)
        if left_out:
            warnings.warn(
                f"{path}: the first column, {shown(left_out[0])}, is left out: by its name it holds row numbers. Write "
                "the file without them (pandas: index=False), or rename it if it is a coordinate.",
                stacklevel=2,
            )
        metadata = {"source": Path(path).name, "names": names, "left_out": left_out}
        return cls(torch.from_numpy(states), dt, metadata=metadata)
