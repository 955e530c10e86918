"""Bands from several fits of one law: of a `committee`, or trained on resampled records."""

import copy
from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from ggd_helpers.evaluation.laplace import Band
from ggd_helpers.ranges import check
from ggd_helpers.recordings.recording import Recording
from ggd_helpers.training.committee import trained
from ggd_helpers.training.contracts import Recipe
from ggd_helpers.training.side_by_side import side_by_side


def bootstrap(model: nn.Module, data: Recording, recipe: Recipe, members: int = 8, seed: int = 0) -> list[nn.Module]:
    """Fit a law again to `members` sets of trajectories, each drawn from the data with replacement.

    Every member begins with the weights of `model`, fitted to all of them: what differs are the data alone.

    Source: Efron, Ann. Statist. 7, 1 (1979).
    """
    check("members", members, "a whole number, 2 or more", "their spread makes the band")
    generator = torch.Generator().manual_seed(seed)
    draws = [torch.randint(len(data), (len(data),), generator=generator) for _ in range(members)]
    return side_by_side(
        [partial(trained, copy.deepcopy(model), data.select(drawn), recipe, seed) for drawn in draws], progress=False
    )


@torch.no_grad()
def band_of(members: list[nn.Module], question: Callable[[Any], Tensor]) -> Band:
    """The mean and the deviation of what the members answer, with Student's distribution of one fewer than they are."""
    answers = torch.stack([question(member) for member in members])
    return Band(answers.mean(dim=0), answers.std(dim=0), len(members) - 1)
