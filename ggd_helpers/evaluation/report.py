"""Put a model to the test on a recording: its velocities, its rollouts, and what measures make of them."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, singledispatch
from typing import Any, ClassVar, Generic, TypeVar

import torch
from torch import Tensor

from ggd_helpers.evaluation.blocks import in_blocks
from ggd_helpers.integrators import rk4, rk4_along
from ggd_helpers.recordings.driven import DrivenTrajectories
from ggd_helpers.recordings.recording import Recording
from ggd_helpers.recordings.regular import Trajectories

Data = TypeVar("Data", bound=Recording)


@dataclass(frozen=True)
class Rollout(Recording):
    """A model's own trajectories from the recorded initial states; they may leave the finite numbers.

    Attributes:
        states: what the model makes, `(trajectory, time, n)`.
        known: the recorded states at these times, of the same shape.
        times: `(time,)`.
    """

    shared: ClassVar[frozenset[str]] = frozenset({"times"})

    states: Tensor
    known: Tensor
    times: Tensor


@dataclass
class Report(Generic[Data]):
    """A model on a recording, as measures see it, and what they found.

    Attributes:
        model, data: what is put to the test, on what; of one device and dtype (a model comes home by `model.cpu()`).
        stride, substeps: a rollout goes in steps of `stride` stored ones, each made of `substeps` RK4 steps.
        metrics: numbers under the names that all chapters share.
        by_trajectory: what was measured on each trajectory, `(trajectory,)` each.
    """

    model: Any
    data: Data
    stride: int = 1
    substeps: int = 1
    metrics: dict[str, float] = field(default_factory=dict)
    by_trajectory: dict[str, Tensor] = field(default_factory=dict)

    @cached_property
    def velocities(self) -> Tensor:
        """The model's velocities at the recorded states, `(trajectory, time, n)`."""
        with torch.no_grad():
            return velocities(self.data, self.model)

    @cached_property
    def rollout(self) -> Rollout:
        """The model's own trajectories over the whole horizon."""
        with torch.no_grad():
            return roll_out(self.data, self.model, self.stride, self.substeps)

    @property
    def velocity_errors(self) -> Tensor:
        """The mean squared error of the velocity on each trajectory, `(trajectory,)`: `measures.velocity` finds it."""
        return self.by_trajectory["velocity_errors"]

    def __repr__(self) -> str:
        return "\n".join(f"{name:24s} {value:.1e}" for name, value in self.metrics.items())


Findings = Mapping[str, float | Tensor]
Measure = Callable[[Report[Any]], Findings]  # numbers, and tensors with one number a trajectory


@torch.no_grad()
def evaluate(model: Any, data: Data, measures: Iterable[Measure], stride: int = 1, substeps: int = 1) -> Report[Data]:
    """Take measures of a model on a recording that it was not trained on; see `measures` for those that there are.

    Example:
        >>> import ggd_helpers as ggd
        >>> system = ggd.OverdampedParticle(gamma=2.0)
        >>> test = ggd.simulate(system, trajectories=3, points=11, dt=0.01, seed=0)
        >>> ggd.evaluate(system, test, [ggd.measures.velocity(system)]).metrics["velocity_mse"]
        0.0
    """
    report = Report(model, data, stride, substeps)
    for measure in measures:
        for name, value in measure(report).items():
            if isinstance(value, Tensor):
                report.by_trajectory[name] = value
            else:
                report.metrics[name] = value
    return report


@singledispatch
def velocities(data: Recording, model: Any) -> Tensor:
    """A model's velocities at the recorded states; every kind of recording registers its own way.

    Raises:
        TypeError: a kind of recording that has registered none.
    """
    raise TypeError(f"{type(data).__name__} does not say how a model is applied to it: register a function with "
                    "ggd_helpers.evaluation.report.velocities.")  # fmt: skip


@velocities.register
def _(data: Trajectories, model: Any) -> Tensor:
    return in_blocks(model, data.states)


@velocities.register
def _(data: DrivenTrajectories, model: Any) -> Tensor:
    return model.at(data.inputs)(data.states)


@singledispatch
def roll_out(data: Recording, model: Any, stride: int, substeps: int) -> Rollout:
    """A model's own trajectories; every kind of recording registers its own way.

    Raises:
        TypeError: a kind of recording that has registered none.
    """
    raise TypeError(f"{type(data).__name__} does not say how a rollout goes: register a function with "
                    "ggd_helpers.evaluation.report.roll_out.")  # fmt: skip


@roll_out.register
def _(data: Trajectories, model: Any, stride: int, substeps: int) -> Rollout:
    known = data.states[:, ::stride]
    made = rk4(model, known[:, 0], stride * data.dt, known.shape[1], substeps)
    return Rollout(made, known, data.times[::stride])


@roll_out.register
def _(data: DrivenTrajectories, model: Any, stride: int, substeps: int) -> Rollout:
    if (stride, substeps) != (1, 1):
        raise ValueError(f"stride and substeps must be 1 where inputs are recorded at the stored times "
                         f"(got {stride} and {substeps}): the rollout takes the steps of the recording.")  # fmt: skip
    made = rk4_along(model, data.states[:, 0], data.inputs_with_middles(), data.dt)
    return Rollout(made, data.states, data.times)
