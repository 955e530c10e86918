"""What every recording can do, of whatever kind: select, split, move, keep, read back, and say what it holds."""

import dataclasses
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
import torch
from torch import Tensor

from ggd_helpers.files import written_whole
from ggd_helpers.ranges import check, check_seed


@dataclass(frozen=True)
class Recording:
    """Tensors that belong together, recorded of several trajectories; it knows nothing of models.

    A kind of recording is a frozen dataclass: its tensors count trajectories along their first axis, but for those
    named in `shared`; what else it holds (a time step, metadata) is JSON.
    """

    shared: ClassVar[frozenset[str]] = frozenset()

    def tensors(self) -> dict[str, Tensor]:
        """All tensors by the name of their field."""
        values = {each.name: getattr(self, each.name) for each in dataclasses.fields(self)}
        return {name: value for name, value in values.items() if isinstance(value, Tensor)}

    def _mapped(self, function: Callable[[Tensor], Tensor], leave: frozenset[str] = frozenset()) -> Self:
        """The same recording with every tensor replaced by what the function makes of it."""
        return dataclasses.replace(
            self, **{name: function(tensor) for name, tensor in self.tensors().items() if name not in leave}
        )

    def __len__(self) -> int:
        return next(len(tensor) for name, tensor in self.tensors().items() if name not in self.shared)

    def select(self, trajectories: Tensor) -> Self:
        """Keep the trajectories with these indices."""
        return self._mapped(lambda tensor: tensor[trajectories], leave=self.shared)

    def split(self, test_fraction: float = 0.2, seed: int = 0) -> tuple[Self, Self]:
        """Split at random into training and test trajectories, each whole and each non-empty.

        Raises:
            ValueError: a fraction or seed out of range, or a single trajectory.
        """
        check("test_fraction", test_fraction, "positive and at most 0.9", "it is the share of trajectories held back")
        check_seed(seed)
        if len(self) < 2:
            raise ValueError("split needs 2 trajectories or more (got 1): record or simulate another.")
        held_back = min(max(round(test_fraction * len(self)), 1), len(self) - 1)
        order = torch.randperm(len(self), generator=torch.Generator().manual_seed(seed))
        order = order.to(next(iter(self.tensors().values())).device)
        return self.select(order[held_back:]), self.select(order[:held_back])

    def like(self, tensor: Tensor) -> Self:
        """Move to the device of `tensor`, and numbers with a fraction to its dtype."""
        return self._mapped(lambda each: each.to(tensor) if each.is_floating_point() else each.to(tensor.device))

    def fingerprint(self) -> str:
        """A short text that differs for recordings of another kind, shape or content."""
        digest = hashlib.sha256()
        for name, tensor in self.tensors().items():
            digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
            digest.update(tensor.detach().cpu().contiguous().numpy().tobytes())
        plain = {each.name: getattr(self, each.name) for each in dataclasses.fields(self) if each.name != "metadata"}
        digest.update(repr({k: v for k, v in plain.items() if not isinstance(v, Tensor)}).encode())
        return f"{type(self).__name__} of {len(self)}, {digest.hexdigest()[:16]}"

    def save(self, path: str | Path) -> None:
        """Write to a `.npz` file, whole or not at all."""
        path = Path(path)
        arrays: dict[str, Any] = {name: tensor.detach().cpu().numpy() for name, tensor in self.tensors().items()}
        for each in dataclasses.fields(self):
            if each.name not in arrays and (value := getattr(self, each.name)) is not None:
                arrays[each.name] = value if isinstance(value, float) else json.dumps(value)
        with written_whole(path) as partial, partial.open("wb") as file:
            np.savez_compressed(file, **arrays)

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read what `save` wrote.

        Raises:
            FileNotFoundError: no such file.
            ValueError: the file is cut short, or is not of this kind.
        """
        path = existing_file(path)
        try:
            with np.load(path, allow_pickle=False) as arrays:
                needed = {
                    each.name for each in dataclasses.fields(cls) if each.default is not None or each.name in arrays
                }
                return cls(**{name: _value(arrays[name]) for name in needed})
        except Exception as error:  # NumPy and zip have many ways to fail on a damaged file
            raise ValueError(
                f"{path} is cut short or was not written by {cls.__name__}.save ({error}): copy or simulate it again."
            ) from error


def _value(array: np.ndarray) -> Any:
    """What `save` made this array of."""
    if array.dtype.kind == "U":
        return json.loads(str(array))
    return torch.from_numpy(array) if array.ndim else array.item()


def existing_file(path: str | Path) -> Path:
    """The path of a file that is there.

    Raises:
        FileNotFoundError: it is not.
    """
    if not Path(path).is_file():
        raise FileNotFoundError(f"There is no file {path} (looked from {Path.cwd()}): check the name and the folder.")
    return Path(path)


def check_finite(**tensors: Tensor | None) -> None:
    """Refuse a tensor with a value that is not finite, by its name."""
    for name, tensor in tensors.items():
        if tensor is not None and not torch.isfinite(tensor).all():
            raise ValueError(f"{name} hold NaN or infinity: leave out or mend these trajectories first.")
