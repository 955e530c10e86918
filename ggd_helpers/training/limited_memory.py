"""The metric of L-BFGS: for models with more parameters than a dense metric can hold."""

from collections import deque
from typing import Any

import numpy as np
import torch


class LimitedMemory:
    """The metric `H` of L-BFGS: `scale` times the unit matrix, updated by the last `PAIRS` steps and no others.

    It is never written down: `H v` follows from the pairs of steps `s` and changes of gradient `y` by two loops over
    them. `scale` is `y.s / y.y` of the latest pair. Memory and time grow like the number of parameters.

    Source: Nocedal (1980); Liu and Nocedal (1989).
    """

    PAIRS = 50

    def __init__(self, scale: float):
        self.scale = scale
        self.pairs: deque[tuple[np.ndarray, np.ndarray]] = deque(maxlen=self.PAIRS)

    def __matmul__(self, vector: np.ndarray) -> np.ndarray:
        vector, shares = vector.copy(), []
        for step, change in reversed(self.pairs):
            shares.append((step @ vector) / (change @ step))
            vector -= shares[-1] * change
        vector *= self.scale
        for (step, change), share in zip(self.pairs, reversed(shares), strict=True):
            vector += (share - (change @ vector) / (change @ step)) * step
        return vector

    def update(self, step: np.ndarray, change: np.ndarray, step_b_step: float) -> None:
        """Take in one step, and forget the oldest; `step_b_step` is of no use here."""
        curvature = change @ step
        if curvature > 1e-300:
            self.scale = float(curvature / (change @ change))
            self.pairs.append((step, change))

    def state(self) -> dict[str, Any]:
        """What `from_state` needs."""
        names = ("steps", "changes")
        kept = dict.fromkeys(names, torch.empty(0))
        if self.pairs:
            stacked = (np.stack(arrays) for arrays in zip(*self.pairs, strict=True))
            kept = {name: torch.from_numpy(array) for name, array in zip(names, stacked, strict=True)}
        return kept | {"scale": self.scale}

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> "LimitedMemory":
        """The metric that `state` was taken of."""
        metric = cls(state["scale"])
        metric.pairs.extend(zip(state["steps"].numpy(), state["changes"].numpy(), strict=True))
        return metric
