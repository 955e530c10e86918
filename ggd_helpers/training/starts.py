"""Several starts of one training, as few as it takes: the first that passes a test ends them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from ggd_helpers.ranges import check
from ggd_helpers.recordings.recording import Recording
from ggd_helpers.training.contracts import Recipe
from ggd_helpers.training.fit import History, fit


@dataclass
class Start:
    """One start: the trained model, how its loss fell, and its score in the test (less is better)."""

    model: Any
    history: History
    score: float


def fit_until(
    enough: float,
    score: Callable[[Any], float],
    draw: Callable[[int], nn.Module],
    data: Recording,
    recipe: Recipe,
    starts: int = 3,
    seed: int = 0,
    device: torch.device | str = "cpu",
    progress: bool = True,
) -> list[Start]:
    """Train models one after the other until one scores `enough` or less, at most `starts`; the best comes first.

    Args:
        enough: the score at which no further start is made.
        score: of a trained model, on training data alone; less is better.
        draw: an untrained model from a seed; start `k` takes the seed `1000 seed + k`.
        data, recipe: as of `fit`.
        device: where to train; judged is on the CPU.
    """
    check("starts", starts, "a whole number, 1 or more", "it is how many models are trained at most")
    made: list[Start] = []
    for k in range(starts):
        model = draw(1000 * seed + k).to(device)
        history = fit(model, data, recipe, seed=1000 * seed + k, progress=progress)
        made.append(Start(model.cpu(), history, score(model)))
        if made[-1].score <= enough:
            break
    return sorted(made, key=lambda start: start.score)
