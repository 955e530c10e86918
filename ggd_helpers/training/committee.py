"""Several members of one kind: each is trained by itself, and all cores train at once."""

from collections.abc import Callable
from functools import partial

from torch import nn

from ggd_helpers.ranges import check
from ggd_helpers.recordings.recording import Recording
from ggd_helpers.training.contracts import Recipe
from ggd_helpers.training.fit import fit
from ggd_helpers.training.side_by_side import side_by_side


def committee(
    draw: Callable[[int], nn.Module],
    data: Recording,
    recipe: Recipe,
    members: int = 16,
    seed: int = 0,
    progress: bool = True,
) -> list[nn.Module]:
    """Fit `members` models to the same data, from weights drawn with the seeds `seed`, `seed + 1`, ...

    Member `i` is what `fit(draw(seed + i), data, recipe, seed=seed + i)` makes of it. Members are not stacked into one
    model: on a CPU a closure of 16 stacked ones is no faster than 16 closures (`tests/benchmarks/members.py`).

    Their spread tells how the training ends, not what the data leave open: as error bars they are overconfident.

    Args:
        draw: makes a model from a seed.
        data, recipe: as for `fit`.
        progress: whether to show a progress bar.

    Raises:
        ValueError: `members` is not a whole number from 1; see `fit` for the rest.
    """
    check("members", members, "a whole number, 1 or more", "it is how many models are trained")
    seeds = range(seed, seed + members)
    return side_by_side([partial(trained, draw(each), data, recipe, each) for each in seeds], progress)


def trained(model: nn.Module, data: Recording, recipe: Recipe, seed: int) -> nn.Module:
    """The model after its fit, which may have been in another process."""
    fit(model, data, recipe, seed=seed, progress=False)
    return model
