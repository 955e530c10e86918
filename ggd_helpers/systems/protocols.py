"""What is done to a system over time: where a trap is held, how long a chain is kept."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ggd_helpers.ranges import check
from ggd_helpers.recordings.recording import check_finite
from ggd_helpers.recordings.regular import Trajectories

JUMP = 0.34  # the share of a protocol's whole range that it may move between two of ten times or more


@dataclass(frozen=True)
class Protocol:
    """One input `u(t)`; a formula gives its values `(time,)` at times `(time,)`.

    Attributes:
        name: what to call it in a legend.
        formula: the values at given times.
        end: the last time that it knows.
    """

    name: str
    formula: Callable[[Tensor], Tensor]
    end: float = math.inf

    def __call__(self, times: Tensor) -> Tensor:
        """The values at increasing times, `(time,)` to `(time,)`.

        Raises:
            ValueError: a time after the end, values that are not finite or not one a time, a jump.
        """
        if times.max() > self.end * (1 + 1e-9):
            raise ValueError(f"protocol {self.name!r} ends at t = {self.end:g}, before t = {times.max():g}: take fewer "
                             "points, or a longer protocol.")  # fmt: skip
        values = torch.as_tensor(self.formula(times))
        if values.shape != times.shape:
            raise ValueError(f"protocol {self.name!r} must give one value a time, {tuple(times.shape)} "
                             f"(got {tuple(values.shape)}).")  # fmt: skip
        values = values.to(times)
        check_finite(**{f"the values of protocol {self.name!r}": values})
        self._check_smooth(times, values)
        return values

    def _check_smooth(self, times: Tensor, values: Tensor) -> None:
        if len(values) < 10:
            return
        moves = values.diff().abs()
        largest, whole = moves.max(), values.max() - values.min()
        if largest > JUMP * whole:
            at = times[moves.argmax()]
            raise ValueError(f"protocol {self.name!r} jumps by {largest:.3g} at t = {at:.3g}: let it rise over ten "
                             "stored times or more, since the force is compared at every one.")  # fmt: skip


def inputs_of(protocols: Sequence[Protocol], times: Tensor) -> Tensor:
    """The inputs of several protocols at the same times, `(protocol, time, 1)`.

    Raises:
        ValueError: no protocol, or one that is refused.
    """
    if not protocols:
        raise ValueError("protocols must be 1 or more (got none): say how the system is driven.")
    return torch.stack([protocol(times) for protocol in protocols])[..., None]


def paper(speed: float) -> Protocol:
    """The pull of the IB-VONN paper, `u = v t (1 - exp(-t)) (1 + 2 sin 2 pi t)`.

    Source: IB-VONN, section 3.3.
    """
    _check_finite_number("speed", speed)
    return Protocol(f"v = {speed:g}", lambda t: speed * t * (1 - torch.exp(-t)) * (1 + 2 * torch.sin(2 * torch.pi * t)))


def stretch(start: float, speed: float = 0.5) -> Protocol:
    """The pull of the paper's chain, from a length on, `u = L + v t (1 - exp(-t/10))`.

    Source: IB-VONN, section 4.1, with the time in units of `eta/k`.
    """
    _check_finite_number("start", start)
    _check_finite_number("speed", speed)
    return Protocol(f"from {start:g}", lambda t: start + speed * t * (1 - torch.exp(-t / 10)))


def wavy_stretch(start: float, speed: float = 0.5) -> Protocol:
    """The chain's unseen protocol, `u = L + v t (1 - exp(-t/10)) (1 + 0.2 sin(pi t/10))`, from L = 20 in the paper.

    Source: IB-VONN, section 4.3.
    """
    plain = stretch(0.0, speed).formula
    _check_finite_number("start", start)
    name = f"wavy, from {start:g}"
    return Protocol(name, lambda t: start + plain(t) * (1 + 0.2 * torch.sin(torch.pi * t / 10)))


def smooth_ramp(speed: float) -> Protocol:
    """A pull that sets in smoothly, `u = v t (1 - exp(-t))`: with v = 1.2 the paper's unseen protocol."""
    _check_finite_number("speed", speed)
    return Protocol(f"smooth ramp, v = {speed:g}", lambda t: speed * t * (1 - torch.exp(-t)))


def ramp(speed: float) -> Protocol:
    """A steady pull, `u = v t`."""
    _check_finite_number("speed", speed)
    return Protocol(f"ramp, v = {speed:g}", lambda t: speed * t)


def sine(amplitude: float, period: float) -> Protocol:
    """To and fro, `u = a sin(2 pi t / period)`."""
    _check_finite_number("amplitude", amplitude)
    check("period", period, "positive", "it is the time of one swing to and fro")
    return Protocol(f"sine, period {period:g}", lambda t: amplitude * torch.sin(2 * torch.pi * t / period))


def step(height: float, at: float, rise: float = 0.1) -> Protocol:
    """From 0 to `height` around the time `at`, `u = h/2 (1 + tanh(2 (t - at) / rise))`: nearly all of it in `rise`."""
    _check_finite_number("height", height)
    check("at", at, "0 or more", "it is the time of the step")
    check("rise", rise, "positive", "it is how long the step takes: no hand moves a trap in no time")
    return Protocol(f"step at {at:g}", lambda t: height / 2 * (1 + torch.tanh(2 * (t - at) / rise)))


def from_csv(path: str | Path) -> list[Protocol]:
    """Protocols from a CSV file with the columns `trajectory`, `t` and one value; straight lines between its times.

    Raises:
        FileNotFoundError: no such file.
        ValueError: a file that `Trajectories.from_csv` refuses, or more columns of values than one.
    """
    data = Trajectories.from_csv(path)
    if data.states.shape[-1] != 1:
        raise ValueError(f"{path}: a protocol has one column of values beside trajectory and t "
                         f"(got {data.states.shape[-1]}).")  # fmt: skip
    end = data.times[-1].item()

    def line_through(values: Tensor) -> Callable[[Tensor], Tensor]:
        return lambda t: torch.from_numpy(np.interp(t.numpy(), data.times.numpy(), values.numpy())).to(t)

    return [
        Protocol(f"{Path(path).stem} {i + 1}", line_through(values[:, 0]), end) for i, values in enumerate(data.states)
    ]


def _check_finite_number(name: str, value: float) -> None:
    check(name, value, "-1e6 to 1e6", "it is the size of the protocol")
