"""Checkpoints: a training kept in a file, and taken up again only by the training that it belongs to."""

import hashlib
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ggd_helpers.files import written_whole
from ggd_helpers.recordings.recording import Recording
from ggd_helpers.training.contracts import Recipe, Run


class Checkpoint:
    """A file that a training writes to and goes on from, bound to the model as it is now: before it starts.

    Raises:
        ValueError: there is no folder for it.
    """

    def __init__(self, path: str | Path, model: nn.Module, data: Recording, recipe: Recipe, seed: int):
        self.path, self.model = Path(path), model
        if not self.path.parent.is_dir():
            raise ValueError(f"checkpoint {path}: there is no folder {self.path.parent}: make it first.")
        self.start = {name: tensor.detach().cpu().clone() for name, tensor in _tensors(model).items()}
        self.belongs_to = {
            "recipe": re.sub(r" at 0x\w+", "", repr(recipe)),  # of an object without a repr of its own
            "seed": str(seed),
            "data": data.fingerprint(),
            "model": f"{type(model).__qualname__} of structure {_structure(model)}",
        }

    def save(self, run: Run, history: dict[str, Any]) -> None:
        """Write the state of a run, whole or not at all."""
        content = {"for": self.belongs_to, "start": self.start, "run": run.state_dict(), "history": history}
        with written_whole(self.path) as partial:
            torch.save(content | {"digest": _digest(content)}, partial)

    def resume(self, run: Run) -> dict[str, Any]:
        """Bring a run to where the file was written, and return the history up to there.

        Raises:
            ValueError: the file was changed, is no checkpoint, or belongs to another run; the model is left as it was.
        """
        content = self._read()
        if (reason := self._mismatch(content)) is not None:
            raise self._foreign(reason)
        try:
            run.load_state_dict(content["run"])
            return content["history"]
        except Exception as error:  # whatever the state of another version leads to
            self.model.load_state_dict(self.start, strict=False)
            raise (self._foreign(str(error)) if isinstance(error, ValueError) else self._damaged()) from error

    def _read(self) -> dict[str, Any]:
        try:
            content = torch.load(self.path, map_location="cpu", weights_only=True)
            digest = content.pop("digest")
        except Exception as error:  # torch.load has many ways to fail on a file that is not its own
            raise self._damaged() from error
        if digest != _digest(content):
            raise self._damaged()
        return content

    def _mismatch(self, content: dict[str, Any]) -> str | None:
        """What tells the run that wrote the file from this one; `None` if nothing does."""
        for name, here in self.belongs_to.items():
            if (found := content["for"].get(name)) != here:
                return f"its {name} was {found}, here it is {here}"
        for name, tensor in self.start.items():
            if not _close(content["start"][name], tensor):
                return f"its model started from another {name}: make the model as it was, with its seed"
        return None

    def _foreign(self, reason: str) -> ValueError:
        return ValueError(f"checkpoint {self.path} belongs to another run: delete it, or give another path ({reason}).")

    def _damaged(self) -> ValueError:
        return ValueError(f"checkpoint {self.path} was changed, is cut short or not one of ours: delete it and start "
                          "afresh.")  # fmt: skip


def check_same_loss(kept: float, here: float, unit: float, dtype: torch.dtype) -> None:
    """Refuse a model in which the weights of a checkpoint have another loss than the one that they were kept with.

    It tells apart formulas of one structure, `a x` and `a x^3`. The two losses may differ by what processors round
    differently: `1e-4` of the loss, and 100 times the last digit of `dtype` in the `unit` of the loss.

    Raises:
        ValueError: with both losses.
    """
    if not abs(here - kept) <= 1e-4 * abs(kept) + 100 * torch.finfo(dtype).eps * unit:
        raise ValueError(f"its weights had the loss {kept:.4g}, in this model they have {here:.4g}: another formula")


def _tensors(model: nn.Module) -> dict[str, Tensor]:
    """All parameters and buffers that a model keeps, trained or not."""
    return {name: value for name, value in model.state_dict().items() if isinstance(value, Tensor)}


def _structure(model: nn.Module) -> str:
    """A short text that differs for models of other parts, or with other tensors: not for other values in them."""
    parts = [(name, type(part).__qualname__) for name, part in model.named_modules()]
    tensors = [(name, tuple(tensor.shape), str(tensor.dtype)) for name, tensor in _tensors(model).items()]
    trained = [name for name, parameter in model.named_parameters() if parameter.requires_grad]
    return _digest([parts, tensors, trained])


def _close(found: Tensor, here: Tensor) -> bool:
    """Whether tensors of one shape are the same draw: processors round differently in the last digits."""
    return torch.allclose(found.double(), here.double(), rtol=1e-5, atol=1e-8, equal_nan=True)


def _digest(value: Any) -> str:
    """A short text that differs for other plain values or tensors."""
    digest = hashlib.sha256()
    for part in _bytes(value):
        digest.update(part)
    return digest.hexdigest()[:16]


def _bytes(value: Any) -> Iterator[bytes]:
    if isinstance(value, Tensor):
        yield f"{value.dtype} {tuple(value.shape)} ".encode()
        yield value.detach().cpu().contiguous().flatten().view(torch.uint8).numpy().tobytes()
    elif isinstance(value, Mapping):
        yield from _bytes([*value.items()])
    elif isinstance(value, list | tuple):
        yield f"{type(value).__name__} of {len(value)} ".encode()
        for each in value:
            yield from _bytes(each)
    else:
        yield f"{value!r} ".encode()
