"""Legendre-Fenchel transforms and convex envelopes of functions of one variable, on a grid."""

from typing import NamedTuple

import torch
from torch import Tensor


class Transform(NamedTuple):
    """The conjugate function `f*(p)`, and the `x` where the supremum is taken, which is its slope `df*/dp`."""

    value: Tensor
    slope: Tensor


def legendre(x: Tensor, f: Tensor, p: Tensor) -> Transform:
    """The Legendre-Fenchel transform `f*(p) = sup_x (p x - f(x))`, the supremum taken over the grid `x`.

    Its error is at most `h^2 f''/8` on a grid of step `h`, always to the low side.

    Shapes: `x` `(k,)` increasing, `f` `(..., k)`, `p` `(m,)`; both parts of the answer are `(..., m)`.

    Raises:
        ValueError: the supremum lies at an end of the grid, so that a wider grid would give more.

    Source: thesis 1.3 (with `x` for the velocity and `p` for the force, or the other way round).
    """
    best = (p[:, None] * x - f[..., None, :]).max(dim=-1)
    missed = ((best.indices == 0) | (best.indices == len(x) - 1)).reshape(-1, len(p)).any(dim=0)
    if missed.any():
        raise ValueError(f"p = {p[missed][0].item():.4g} is a slope that f does not reach between x = "
                         f"{x[0].item():.4g} and {x[-1].item():.4g}: widen the grid, or leave out this p.")  # fmt: skip
    return Transform(best.values, x[best.indices])


def convex_envelope(x: Tensor, f: Tensor) -> Tensor:
    """The largest convex function below `f`: what is left after two Legendre-Fenchel transforms, `f**`.

    Found as the lower hull of the points `(x, f)`. Shapes: `x` `(k,)` increasing, `f` `(k,)`; the answer is `(k,)`.
    """
    hull: list[int] = []
    for i in range(len(x)):
        while len(hull) > 1 and _chord_slope(x, f, hull[-2], hull[-1]) >= _chord_slope(x, f, hull[-1], i):
            hull.pop()
        hull.append(i)
    ends = torch.tensor(hull, device=x.device)
    left = torch.searchsorted(x[ends], x, right=True).clamp(1, len(hull) - 1)
    a, b = ends[left - 1], ends[left]
    share = (x - x[a]) / (x[b] - x[a])
    return f[a] + share * (f[b] - f[a])


def _chord_slope(x: Tensor, f: Tensor, i: int, j: int) -> Tensor:
    return (f[j] - f[i]) / (x[j] - x[i])
