"""The loop around a recipe: progress, interruption, checkpoints, and the record of how the loss fell."""

import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

import torch
from torch import nn
from tqdm.auto import tqdm

from ggd_helpers.ranges import check_seed
from ggd_helpers.recordings.recording import Recording
from ggd_helpers.training.checkpoint import Checkpoint
from ggd_helpers.training.contracts import Recipe
from ggd_helpers.training.self_scaled_bfgs import SelfScaledBFGS

CHECKPOINT_EVERY = 50  # iterations


@dataclass
class History:
    """How the loss fell: one entry an iteration (BFGS) or an epoch (Adam and L-BFGS); and by which recipe."""

    recipe: str
    losses: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    interrupted: bool = False

    def __repr__(self) -> str:
        if not self.losses:
            return f"{self.recipe}: no iteration was finished"
        end = "interrupted" if self.interrupted else "done"
        return f"{self.recipe}: {end} after {len(self.losses)} iterations, lowest loss {min(self.losses):.1e}"


def fit(
    model: nn.Module,
    data: Recording,
    recipe: Recipe | None = None,
    seed: int = 0,
    checkpoint: str | Path | None = None,
    progress: bool = True,
    watch: Callable[[int, float], None] | None = None,
) -> History:
    """Train a model on a recording; the model ends with the best weights found.

    Args:
        model: any module that the recipe's objective can score; for `Differences` and `FlowMatching` it maps states
            `(..., n)` to velocities `(..., n)`. Its device and dtype are used.
        data: the training trajectories, of the kind that the objective makes its batches from.
        recipe: `SelfScaledBFGS()` unless another is given; `AdamThenLBFGS()` is the thesis's.
        seed: of the validation split, the restarts and the batches.
        checkpoint: a file to resume from when it exists, and to write to every 50 iterations. A resumed run starts
            from the same model (class, structure, values) and gives the same weights as an uninterrupted one.
        progress: whether to show a progress bar with the loss.
        watch: called with (iteration, loss) after each iteration; the weights of that moment are in the model.

    Interrupting the kernel (Ctrl-C, or the stop button) keeps the best weights so far.

    Raises:
        ValueError: nothing to train, velocities of another shape than the states, a loss that is not finite (the model
            then keeps the best weights so far), a checkpoint that was changed or is of another model, data or recipe.
    """
    check_seed(seed)
    recipe = recipe or SelfScaledBFGS()
    trained = [p for p in model.parameters() if p.requires_grad]
    if not trained:
        raise ValueError("The model has no free parameter: both potentials are prescribed, there is nothing to train.")
    kept = Checkpoint(checkpoint, model, data, recipe, seed) if checkpoint else None
    run = recipe.start(model, data.like(trained[0]), torch.Generator().manual_seed(seed))
    history = History(run.name)
    if kept and kept.path.exists():
        earlier = kept.resume(run)
        history.losses, history.seconds = earlier["losses"], earlier["seconds"]
    before, began = (history.seconds or [0.0])[-1], time.perf_counter()
    bar = tqdm(total=run.total, initial=run.iteration, desc="fit", leave=False, disable=not progress)
    with bar, _threads(recipe.threads):
        try:
            while not run.finished:
                loss = run.step()
                history.losses.append(loss)
                history.seconds.append(before + time.perf_counter() - began)
                bar.set_postfix(loss=f"{loss:.1e}", refresh=False)
                bar.update()
                if watch:
                    watch(run.iteration, loss)
                if kept and (run.iteration % CHECKPOINT_EVERY == 0 or run.finished):
                    kept.save(run, asdict(history))
        except KeyboardInterrupt:
            history.interrupted = True
        except ValueError:  # a loss that is not finite any more: nothing that was learned before is lost
            run.keep_best()
            raise
    run.keep_best()
    return history


@contextlib.contextmanager
def _threads(count: int | None) -> Iterator[None]:
    """Let torch use `count` threads for a while: small batches are slower on two than on one."""
    before = torch.get_num_threads()
    torch.set_num_threads(count or before)
    try:
        yield
    finally:
        torch.set_num_threads(before)
