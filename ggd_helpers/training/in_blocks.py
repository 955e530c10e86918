"""A model's velocities at more states than memory holds the intermediate numbers of: block by block, twice."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

MOST_AT_ONCE = 2**18  # numbers of the states: a pair of the usual size keeps some 4 kB for each of them, in all 1 GiB


def velocity_in_blocks(model: Callable[[Tensor], Tensor], states: Tensor) -> Tensor:
    """What `model(states)` is, `(..., n)` to `(..., n)`, in memory that does not grow with the intermediate numbers.

    Up to `MOST_AT_ONCE` numbers the model is just called. Beyond, it is called for one block of states after the other,
    and once more for each when slopes are asked for: a third more time for a bounded memory.
    """
    if states.numel() <= MOST_AT_ONCE:
        return model(states)
    rows, flat = max(1, MOST_AT_ONCE // states.shape[-1]), states.reshape(-1, states.shape[-1])
    learned = [p for p in model.parameters() if p.requires_grad] if isinstance(model, nn.Module) else []
    velocity = _InBlocks.apply(model, rows, flat, *learned)
    return velocity.unflatten(0, states.shape[:-1])


class _InBlocks(torch.autograd.Function):
    """A function of states and parameters that forgets what is between them, and makes it again for its slope."""

    @staticmethod
    def forward(ctx: Any, model: Callable[[Tensor], Tensor], rows: int, states: Tensor, *learned: Tensor) -> Tensor:
        ctx.model, ctx.rows, ctx.learned = model, rows, learned
        ctx.save_for_backward(states)
        return torch.cat([model(block) for block in states.split(rows)])

    @staticmethod
    def backward(ctx: Any, *slopes: Tensor) -> tuple[Tensor | None, ...]:
        (states,), (slope,) = ctx.saved_tensors, slopes
        by_state, by_learned = torch.empty_like(states), [torch.zeros_like(p) for p in ctx.learned]
        blocks = zip(states.split(ctx.rows), slope.split(ctx.rows), by_state.split(ctx.rows), strict=True)
        for block, slope_there, into in blocks:
            with torch.enable_grad():
                block = block.detach().requires_grad_()
                velocity = ctx.model(block)
            found = torch.autograd.grad(velocity, [block, *ctx.learned], slope_there, materialize_grads=True)
            into.copy_(found[0])
            for total, part in zip(by_learned, found[1:], strict=True):
                total += part
        return None, None, by_state, *by_learned
