"""Bands from several fits of one law: trained on resampled records, or on the same ones from other starts."""

import copy
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from ggd_helpers.evaluation.laplace import Band
from ggd_helpers.ranges import check
from ggd_helpers.recordings.recording import Recording
from ggd_helpers.training.contracts import Recipe
from ggd_helpers.training.fit import fit


def bootstrap(model: nn.Module, data: Recording, recipe: Recipe, members: int = 8, seed: int = 0) -> list[nn.Module]:
    """Fit a law again to `members` sets of trajectories, each drawn from the data with replacement.

    Every member begins with the weights of `model`, fitted to all of them: what differs are the data alone.

    Source: Efron, Ann. Statist. 7, 1 (1979).
    """
    check("members", members, "a whole number, 2 or more", "their spread makes the band")
    generator = torch.Generator().manual_seed(seed)
    made = [copy.deepcopy(model) for _ in range(members)]
    for member in made:
        drawn = torch.randint(len(data), (len(data),), generator=generator)
        fit(member, data.select(drawn), recipe, seed=seed, progress=False)
    return made


def from_other_starts(
    draw: Callable[[int], nn.Module], data: Recording, recipe: Recipe, members: int = 8, seed: int = 0
) -> list[nn.Module]:
    """Fit `members` laws to the same data, from weights drawn with the seeds `seed`, `seed + 1`, ...

    Their spread tells how the training ends, not what the data leave open: as error bars they are overconfident.
    """
    check("members", members, "a whole number, 2 or more", "their spread makes the band")
    made = [draw(seed + i) for i in range(members)]
    for i, member in enumerate(made):
        fit(member, data, recipe, seed=seed + i, progress=False)
    return made


@torch.no_grad()
def band_of(members: list[nn.Module], question: Callable[[Any], Tensor]) -> Band:
    """The mean and the deviation of what the members answer, with Student's distribution of one fewer than they are."""
    answers = torch.stack([question(member) for member in members])
    return Band(answers.mean(dim=0), answers.std(dim=0), len(members) - 1)
