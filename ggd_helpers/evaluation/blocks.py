"""A function of many states, block by block: what it needs in between stays in the processor's cache."""

from collections.abc import Callable

import torch
from torch import Tensor

AT_ONCE = 2**16  # numbers of the states: with more, most of the time goes into fetching fresh memory


def in_blocks(function: Callable[[Tensor], Tensor], states: Tensor) -> Tensor:
    """`function(states)` for a function that treats each state by itself, one block of states after the other.

    Shapes: states `(..., n)`; `function` maps `(rows, n)` to `(rows, *)`, and `(..., *)` comes back. Where `AT_ONCE`
    numbers hold them all, `function` is given the states as they are.
    """
    if states.numel() <= AT_ONCE:
        return function(states)
    blocks = states.flatten(0, -2).split(max(1, AT_ONCE // states.shape[-1]))
    return torch.cat([function(block) for block in blocks]).unflatten(0, states.shape[:-1])
