"""What every recording can do, of whatever kind: select, split, move, keep, read back, and say what it holds."""

import dataclasses
import hashlib
import json
import math
import zipfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from textwrap import shorten
from typing import Any, ClassVar, Self

import numpy as np
import torch
from torch import Tensor

from ggd_helpers.files import written_whole
from ggd_helpers.ranges import check, check_seed

MOST_BYTES = 400_000_000  # a file of 2 MB may unpack to 2 GB
MOST_TEXT = 40_000_000  # read as JSON it may take six times as much


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
    def load(cls, path: str | Path, most_bytes: int = MOST_BYTES) -> Self:
        """Read what `save` wrote, if it takes no more memory than `most_bytes` (400 MB unless given).

        Raises:
            FileNotFoundError: no such file.
            ValueError: the file is cut short, is not of this kind, or holds more than `most_bytes`.
        """
        path = existing_file(path)
        try:
            with zipfile.ZipFile(path) as archive:
                sizes = {each.filename.removesuffix(".npy"): each.file_size for each in archive.infolist()}
                fields = dataclasses.fields(cls)
                needed = {each.name for each in fields if each.default is not None or each.name in sizes}
                size = sum(sizes[name] for name in needed)
                if size <= most_bytes:
                    values = {name: _value(_read_array(archive, name)) for name in needed}
                    if not isinstance(values.get("metadata", {}), dict):
                        raise ValueError("metadata are no JSON object")
                    return cls(**values)
        except Exception as error:  # NumPy and zip have many ways to fail on a damaged file
            why = shorten(str(error), 200)  # of one line
            raise ValueError(
                f"{path} is cut short or was not written by {cls.__name__}.save ({why}): copy or simulate it again."
            ) from error
        raise ValueError(
            f"{path} would take {size} bytes of memory, more than most_bytes = {most_bytes}: if you know where it "
            f"comes from, say {cls.__name__}.load(..., most_bytes={size})."
        )


def _read_array(archive: zipfile.ZipFile, name: str) -> np.ndarray:
    """An array of numbers or text, once its header is known to ask for no more than the file holds."""
    entry = archive.getinfo(f"{name}.npy")
    with archive.open(entry) as file:
        version = np.lib.format.read_magic(file)
        read_header = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, _, dtype = read_header(file)
        if dtype.kind not in "fiubU":
            raise ValueError(f"{name} are neither real numbers nor text but {dtype}")
        if dtype.kind == "U" and entry.file_size > MOST_TEXT:
            raise ValueError(f"{name} take {entry.file_size} bytes, more than the {MOST_TEXT} that a text may")
        if math.prod(shape) * dtype.itemsize != entry.file_size - file.tell():
            raise ValueError(f"{name} are not as long as their header says")
    with archive.open(entry) as file:
        return np.lib.format.read_array(file, allow_pickle=False)


def _value(array: np.ndarray) -> Any:
    """What `save` made this array of."""
    if array.dtype.kind == "U":
        return json.loads(array.item())
    return torch.from_numpy(array) if array.ndim else array.item()


def existing_file(path: str | Path) -> Path:
    """The path of a file that is there.

    Raises:
        FileNotFoundError: it is not.
    """
    path, why = Path(path), f"looked from {Path.cwd()}"
    with suppress(OSError):  # a name may be too long for the disk
        if path.is_file():
            return path
        why = "that is a folder" if path.is_dir() else why
    raise FileNotFoundError(f"There is no file {path} ({why}): check the name and the folder.")


def check_numbers(**tensors: Tensor | None) -> None:
    """Refuse a tensor without a value, or of anything but real floating-point numbers, by its name."""
    for name, tensor in tensors.items():
        if tensor is None:
            continue
        if not tensor.is_floating_point():
            raise ValueError(
                f"{name} must be real floating-point numbers (got {tensor.dtype}): use float64 or float32."
            )
        if not tensor.numel():
            raise ValueError(f"{name} are empty (shape {tuple(tensor.shape)}): give 1 value or more.")


def check_finite(**tensors: Tensor | None) -> None:
    """Refuse what `check_numbers` refuses, and a tensor with a value that is not finite."""
    check_numbers(**tensors)
    for name, tensor in tensors.items():
        if tensor is not None and not all(map(math.isfinite, tensor.detach().aminmax())):  # without a second tensor
            raise ValueError(f"{name} hold NaN or infinity: leave out or mend these trajectories first.")


def check_alongside(name: str, known: Tensor, **tensors: Tensor | None) -> None:
    """Refuse a tensor, by its name, that is not `(trajectory, time, k)` with the trajectories and times of `known`."""
    for other, tensor in tensors.items():
        if tensor is not None and (tensor.dim() != 3 or tensor.shape[:2] != known.shape[:2]):
            raise ValueError(f"{other} must have shape (trajectory, time, k) with the trajectories and times of "
                             f"{name}, {tuple(known.shape)}; got {tuple(tensor.shape)}.")  # fmt: skip
