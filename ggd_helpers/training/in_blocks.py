"""A mean error over more states than memory holds the intermediate numbers of: block by block, slopes and all."""

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn

MOST_AT_ONCE = 2**18  # numbers of the states: a pair of the usual size keeps some 4 kB for each of them, in all 1 GiB

Error = Callable[[Tensor, Tensor], Tensor]


def mean_in_blocks(error: Error, model: Callable[[Tensor], Tensor], states: Tensor, targets: Tensor) -> Tensor:
    """`mean error(states, targets)`, a scalar, in memory that does not grow with the intermediate numbers.

    Up to `MOST_AT_ONCE` numbers of the states all are taken at once. Beyond, one block of states after the other gives
    its part of the mean and, where a gradient will be asked for, of the slopes by the parameters of `model`.

    Shapes: states `(..., n)` and targets `(..., *)`; `error` maps `(rows, n)` and `(rows, *)` to errors of any one
    shape `(rows, *)`.
    """
    if states.numel() <= MOST_AT_ONCE:
        return error(states, targets).mean()
    rows = max(1, MOST_AT_ONCE // states.shape[-1])
    blocks = zip(states.flatten(0, -2).split(rows), targets.flatten(0, states.dim() - 2).split(rows), strict=True)
    learned = [p for p in model.parameters() if p.requires_grad] if isinstance(model, nn.Module) else []
    return _Mean.apply(error, blocks, torch.is_grad_enabled() and bool(learned), *learned)


class _Mean(torch.autograd.Function):
    """The mean over blocks as a function of the parameters, whose slopes are found on the way."""

    @staticmethod
    def forward(ctx: Any, error: Error, blocks: Iterable[tuple[Tensor, Tensor]], sloped: bool, *learned: Tensor) -> Any:
        parts, size, slopes = [], 0, [torch.zeros_like(p) for p in learned]
        for block in blocks:
            with torch.set_grad_enabled(sloped):
                errors = error(*block)
                part = errors.sum()
            parts.append(part.detach())
            size += errors.numel()
            if sloped:
                for slope, more in zip(slopes, torch.autograd.grad(part, learned, materialize_grads=True), strict=True):
                    slope += more
        ctx.slopes = [slope / size for slope in slopes]
        return torch.stack(parts).sum() / size

    @staticmethod
    def backward(ctx: Any, *outer: Tensor) -> tuple[Tensor | None, ...]:
        return None, None, None, *(outer[0] * slope for slope in ctx.slopes)
