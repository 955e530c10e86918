"""Trajectories: simulate them, read them, split them, differentiate them, keep them."""

import csv
import dataclasses
import json
import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor

from ggd_helpers.integrators import fastest_rate, rk4, stiff
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
        partial = path.with_name(path.name + ".partial")
        try:
            with partial.open("wb") as file:
                np.savez_compressed(file, **arrays)
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)

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
        except Exception as error:  # NumPy and zip have many ways to fail on a damaged file
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
        groups = {label: [i for i, each in enumerate(labels) if each == label] for label in dict.fromkeys(labels)}
        lengths = {label: len(group) for label, group in groups.items()}
        if len(set(lengths.values())) > 1:
            shortest, longest = min(lengths, key=lengths.get), max(lengths, key=lengths.get)
            raise ValueError(
                f"{path}: trajectories have different lengths ({shortest!r} has {lengths[shortest]} rows, "
                f"{longest!r} has {lengths[longest]}): cut them alike."
            )
        if 1 in lengths.values():
            raise ValueError(f"{path}: every trajectory has a single row; differences need several.")
        dt = _common_step(path, {label: table[group, 0] for label, group in groups.items()})
        states = torch.from_numpy(np.stack([table[group, 1:] for group in groups.values()]))
        return cls(states, dt, metadata={"source": path.name, "names": names})


def _existing(path: str | Path) -> Path:
    if not Path(path).is_file():
        raise FileNotFoundError(f"There is no file {path} (looked from {Path.cwd()}): check the name and the folder.")
    return Path(path)


def _common_step(path: Path, times: dict[str, np.ndarray]) -> float:
    """The time step that all trajectories share; anything else is refused, with the place."""
    first = next(iter(times.values()))
    dt = float(first[1] - first[0])
    for label, each in times.items():
        for before, step in zip(each, np.diff(each), strict=False):
            if not step > 0:
                raise ValueError(
                    f"{path}: times must increase; in trajectory {label!r} they do not after {before:.6g}."
                )
            if abs(step - dt) > 1e-6 * dt:
                raise ValueError(
                    f"{path}: times are not evenly spaced: in trajectory {label!r} the step after t = {before:.6g} is "
                    f"{step:.6g}, the first one of the file is {dt:.6g}. Interpolate to even steps."
                )
    return float(np.mean([np.diff(each).mean() for each in times.values()]))


def _read_csv(path: Path) -> tuple[list[str], list[str], np.ndarray]:
    """The names of the state's columns, the trajectory labels, and the numbers `(row, 1 + n)`, time first."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.reader(file)
            columns = [name.strip() for name in next(reader, [])]
            rows = [(f"{path}, line {reader.line_num}", row) for row in reader if row]
    except (UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"{path} is not a CSV file in UTF-8 ({error}): save it as CSV UTF-8.") from error
    names = _state_columns(path, columns)
    if not rows:
        raise ValueError(f"{path}: there is no row of data under the header.")
    for place, row in rows:
        if len(row) != len(columns):
            raise ValueError(
                f"{place}: {len(row)} cells where the header has {len(columns)}: is a comma missing, or one a decimal "
                "comma?"
            )
        if not row[columns.index("trajectory")].strip():
            raise ValueError(f"{place}, column 'trajectory': the label is empty: name the trajectory.")
    order = [columns.index(name) for name in ("t", *names)]
    table = [[_finite(row[i], f"{place}, column {columns[i]!r}") for i in order] for place, row in rows]
    return names, [row[columns.index("trajectory")].strip() for _, row in rows], np.array(table)


def _state_columns(path: Path, columns: list[str]) -> list[str]:
    names = [name for name in columns if name not in ("trajectory", "t")]
    missing = [name for name in ("trajectory", "t") if name not in columns]
    twice = [name for name in columns if columns.count(name) > 1]
    problems = [f"column {name!r} is missing" for name in missing]
    problems += [] if names else ["there is no column for the state"]
    problems += [f"column {name!r} stands twice" for name in twice]
    if problems:
        raise ValueError(
            f"{path}: {problems[0]}; found {columns}. Wanted: trajectory, t, then one column a coordinate."
        )
    return names


def _finite(text: str, place: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ValueError(f"{place}: {text!r} is not a finite number: fill it in or leave the trajectory out.")
    return value


MOST_SUBSTEPS = 20  # a system that needs more of them is stiff


def simulate(
    system: torch.nn.Module, trajectories: int, points: int, dt: float, seed: int, substeps: int | None = None
) -> Trajectories:
    """Integrate a system from random initial states; the metadata say with which integrator.

    RK4 takes all trajectories at once, with as many steps for each stored one as keep a step under a tenth of the
    fastest time scale at the start. Where that needs more than 20, SciPy's solver for stiff systems takes over.

    Args:
        system: maps states to velocities, and has `sample_initial_states(count, generator)`.
        trajectories, points, dt: how many, how long, and the time between stored states.
        seed: of the initial states.
        substeps: RK4 steps for each stored one; chosen as said above unless given.

    Raises:
        ValueError: a parameter out of range, or a motion that leaves the finite numbers.
    """
    check_parameters(trajectories=trajectories, points=points, dt=dt, seed=seed)
    x0 = system.sample_initial_states(trajectories, torch.Generator().manual_seed(seed))
    with torch.no_grad():
        if substeps is None:
            substeps = max(1, math.ceil(dt * fastest_rate(system, x0[:32]) / 0.1))
        if substeps > MOST_SUBSTEPS:
            integrator, states = "LSODA (stiff)", stiff(system, x0, dt, points)
        else:
            integrator, states = f"RK4, {substeps} steps a point", rk4(system, x0, dt, points, substeps)
        if not torch.isfinite(states).all():
            raise ValueError(f"The simulation left the finite numbers: dt = {dt} with substeps = {substeps} is too "
                             "coarse for this system; take a smaller dt or more substeps.")  # fmt: skip
        velocities = system(states)
    metadata = {"system": type(system).__name__, "trajectories": trajectories, "points": points, "seed": seed}
    return Trajectories(states, dt, velocities, metadata | {"integrator": integrator})
