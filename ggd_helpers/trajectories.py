"""Trajectories: simulate them, read them, split them, differentiate them, keep them."""

import csv
import dataclasses
import json
import math
import tempfile
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor

from ggd_helpers.integrators import rk4
from ggd_helpers.parameters import check_parameters


@dataclass(frozen=True)
class Trajectories:
    """States on a regular grid of times; it knows nothing of models.

    Attributes:
        states: `(trajectory, time, n)`.
        dt: the time between two stored states.
        velocities: the exact `dx/dt` at the states, same shape, where it is known (simulated data); else `None`.
        metadata: how the data came about; plain JSON values.
    """

    states: Tensor
    dt: float
    velocities: Tensor | None = None
    metadata: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.states.dim() != 3:
            raise ValueError(f"states must have shape (trajectory, time, n); got {tuple(self.states.shape)}.")
        if not torch.isfinite(self.states).all():
            raise ValueError("states hold NaN or infinity: leave out or mend these trajectories first.")
        if not (math.isfinite(self.dt) and self.dt > 0):
            raise ValueError(f"dt must be positive (got {self.dt!r}): it is the time between two stored states.")
        if self.velocities is not None and self.velocities.shape != self.states.shape:
            raise ValueError(
                f"velocities must have the shape of states, {tuple(self.states.shape)}; "
                f"got {tuple(self.velocities.shape)}."
            )

    def __len__(self) -> int:
        return len(self.states)

    @property
    def times(self) -> Tensor:
        """The times of the stored states, `(time,)`, beginning at 0."""
        return self.dt * torch.arange(self.states.shape[1], device=self.states.device, dtype=self.states.dtype)

    def select(self, trajectories: Tensor) -> Self:
        """Keep the trajectories with these indices."""
        velocities = None if self.velocities is None else self.velocities[trajectories]
        return dataclasses.replace(self, states=self.states[trajectories], velocities=velocities)

    def split(self, test_fraction: float = 0.2, seed: int = 0) -> tuple[Self, Self]:
        """Split at random into training and test trajectories, each whole and each non-empty."""
        check_parameters(test_fraction=test_fraction, seed=seed)
        if len(self) < 2:
            raise ValueError("split needs 2 trajectories or more (got 1): record or simulate another.")
        held_back = min(max(round(test_fraction * len(self)), 1), len(self) - 1)
        order = torch.randperm(len(self), generator=torch.Generator().manual_seed(seed)).to(self.states.device)
        return self.select(order[held_back:]), self.select(order[:held_back])

    def like(self, tensor: Tensor) -> Self:
        """Move to the device and dtype of `tensor`."""
        velocities = None if self.velocities is None else self.velocities.to(tensor)
        return dataclasses.replace(self, states=self.states.to(tensor), velocities=velocities)

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
        start = [windows[:, 0] @ self._stencil(range(-i, span - i)) for i in range(half)]
        end = [windows[:, -1] @ self._stencil(range(-i, span - i)) for i in range(half + 1, span)]
        return torch.cat([torch.stack(start, 1), inside, torch.stack(end, 1)], dim=1) / self.dt

    def _stencil(self, offsets: range) -> Tensor:
        """Weights `w` with `sum_j w_j f(j) = f'(0)` for every polynomial that the offsets can tell apart."""
        powers = np.vander(np.array(offsets, dtype=float), increasing=True).T
        return torch.from_numpy(np.linalg.solve(powers, np.eye(len(offsets))[1])).to(self.states)

    def save(self, path: str | Path) -> None:
        """Write to a `.npz` file, whole or not at all."""
        path = Path(path)
        arrays = {"states": self.states.cpu().numpy(), "dt": self.dt, "metadata": json.dumps(self.metadata)}
        if self.velocities is not None:
            arrays["velocities"] = self.velocities.cpu().numpy()
        with tempfile.NamedTemporaryFile(dir=path.parent, suffix=".npz", delete=False) as file:
            try:
                np.savez_compressed(file, **arrays)
                file.close()
                Path(file.name).replace(path)
            except BaseException:
                Path(file.name).unlink()
                raise

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read what `save` wrote.

        Raises:
            FileNotFoundError: no such file.
            ValueError: the file is cut short, or is not of this kind.
        """
        path = _existing(path)
        try:
            with np.load(path, allow_pickle=False) as arrays:
                velocities = torch.from_numpy(arrays["velocities"]) if "velocities" in arrays else None
                states, dt = torch.from_numpy(arrays["states"]), float(arrays["dt"])
                metadata = json.loads(str(arrays["metadata"]))
        except (zipfile.BadZipFile, EOFError, KeyError, OSError, ValueError) as error:
            raise ValueError(
                f"{path} is cut short or was not written by Trajectories.save ({error}): copy or simulate it again."
            ) from error
        return cls(states, dt, velocities, metadata)

    @classmethod
    def from_csv(cls, path: str | Path) -> Self:
        """Read your own measurements: columns `trajectory`, `t`, and one for every coordinate of the state.

        Every trajectory must hold the same number of rows, evenly spaced in time, with the same step everywhere.

        Raises:
            FileNotFoundError: no such file.
            ValueError: a missing column, a value that is not a finite number, or uneven times; it names the place.
        """
        path = _existing(path)
        names, labels, table = _read_csv(path)
        groups = [np.flatnonzero(labels == label) for label in dict.fromkeys(labels)]
        lengths = {len(group) for group in groups}
        if len(lengths) > 1:
            raise ValueError(f"{path}: trajectories have different lengths ({sorted(lengths)} rows): cut them alike.")
        if lengths == {1}:
            raise ValueError(f"{path}: every trajectory has a single row; differences need several.")
        times = np.stack([table[group, 0] for group in groups])
        steps = np.diff(times, axis=1)
        dt = float(np.median(steps))
        if not dt > 0 or np.abs(steps - dt).max() > 1e-6 * abs(dt):
            worst, at = divmod(int(np.abs(steps - dt).argmax()), steps.shape[1])
            raise ValueError(
                f"{path}: times are not evenly spaced: in trajectory {labels[groups[worst][0]]!r} the step after "
                f"t = {times[worst, at]:.6g} is {steps[worst, at]:.6g}, elsewhere {dt:.6g}. Interpolate to even steps."
            )
        states = torch.from_numpy(np.stack([table[group, 1:] for group in groups]))
        return cls(states, dt, metadata={"source": path.name, "names": names})


def _existing(path: str | Path) -> Path:
    if not Path(path).is_file():
        raise FileNotFoundError(f"There is no file {path} (looked from {Path.cwd()}): check the name and the folder.")
    return Path(path)


def _read_csv(path: Path) -> tuple[list[str], np.ndarray, np.ndarray]:
    """The names of the state's columns, the trajectory labels, and the numbers `(row, 1 + n)`, time first."""
    with path.open(newline="", encoding="utf-8-sig") as file:
        reader = csv.DictReader(file)
        columns = [name.strip() for name in reader.fieldnames or []]
        reader.fieldnames = columns
        missing = [name for name in ("trajectory", "t") if name not in columns]
        names = [name for name in columns if name not in ("trajectory", "t")]
        if missing or not names:
            what = f"column {missing[0]!r} is missing" if missing else "there is no column for the state"
            raise ValueError(f"{path}: {what}; found {columns}. Wanted: trajectory, t, then one column a coordinate.")
        rows = list(reader)
    if not rows:
        raise ValueError(f"{path}: there is no row of data under the header.")
    table = np.empty((len(rows), 1 + len(names)))
    for i, row in enumerate(rows):
        for j, name in enumerate(["t", *names]):
            table[i, j] = _finite(row[name], f"{path}, line {i + 2}, column {name!r}")
    return names, np.array([row["trajectory"] for row in rows]), table


def _finite(text: str | None, place: str) -> float:
    try:
        value = float(text or "")
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ValueError(f"{place}: {text!r} is not a finite number: fill it in or leave the trajectory out.")
    return value


def simulate(
    system: torch.nn.Module, trajectories: int, points: int, dt: float, seed: int, substeps: int = 1
) -> Trajectories:
    """Integrate a system with RK4 from random initial states, all trajectories at once.

    Args:
        system: maps states to velocities, and has `sample_initial_states(count, generator)`.
        trajectories, points, dt: how many, how long, and the time between stored states.
        seed: of the initial states.
        substeps: RK4 steps for each stored one.

    Raises:
        ValueError: a parameter out of range, or a motion that leaves the finite numbers.
    """
    check_parameters(trajectories=trajectories, points=points, dt=dt, seed=seed)
    x0 = system.sample_initial_states(trajectories, torch.Generator().manual_seed(seed))
    with torch.no_grad():
        states = rk4(system, x0, dt, points, substeps)
        if not torch.isfinite(states).all():
            raise ValueError(f"The simulation left the finite numbers: dt = {dt} with substeps = {substeps} is too "
                             "coarse for this system; take a smaller dt or more substeps.")  # fmt: skip
        velocities = system(states)
    metadata = {"system": type(system).__name__, "trajectories": trajectories, "points": points, "seed": seed}
    return Trajectories(states, dt, velocities, metadata)
