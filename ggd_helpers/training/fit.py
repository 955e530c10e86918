"""The loop around a recipe: progress, interruption, checkpoints, and the record of how the loss fell."""

import contextlib
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import torch
from matplotlib.axes import Axes
from torch import Tensor, nn
from tqdm.auto import tqdm

from ggd_helpers.files import written_whole
from ggd_helpers.ranges import check_seed
from ggd_helpers.recordings.recording import Recording
from ggd_helpers.training.contracts import Recipe, Run
from ggd_helpers.training.self_scaled_bfgs import SelfScaledBFGS

CHECKPOINT_EVERY = 50  # iterations


@dataclass
class History:
    """How the loss fell: one entry an iteration (BFGS) or an epoch (Adam and L-BFGS)."""

    recipe: str
    losses: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    interrupted: bool = False

    def plot(self, axes: Axes, label: str | None = None) -> None:
        """Draw the loss over training time, both logarithmic."""
        axes.loglog(self.seconds, self.losses, label=label or self.recipe)
        axes.set(xlabel="training time (s)", ylabel="training loss (velocity$^2$)")

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
        checkpoint: a file to resume from when it exists, and to write to every 50 iterations. A resumed run gives the
            same weights as an uninterrupted one.
        progress: whether to show a progress bar with the loss.
        watch: called with (iteration, loss) after each iteration; the weights of that moment are in the model.

    Interrupting the kernel (Ctrl-C, or the stop button) keeps the best weights so far.

    Raises:
        ValueError: nothing to train, a loss that is not finite, a checkpoint of another model or recipe.
    """
    check_seed(seed)
    if checkpoint and not Path(checkpoint).parent.is_dir():
        raise ValueError(f"checkpoint {checkpoint}: there is no folder {Path(checkpoint).parent}: make it first.")
    recipe = recipe or SelfScaledBFGS()
    trained = [p for p in model.parameters() if p.requires_grad]
    if not trained:
        raise ValueError("The model has no free parameter: both potentials are prescribed, there is nothing to train.")
    run = recipe.start(model, data.like(trained[0]), torch.Generator().manual_seed(seed))
    history = History(type(recipe).__name__)
    fingerprint = _fingerprint(trained, data, recipe, seed)
    if checkpoint and Path(checkpoint).exists():
        _resume(Path(checkpoint), run, history, fingerprint)
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
                if checkpoint and (run.iteration % CHECKPOINT_EVERY == 0 or run.finished):
                    _save(Path(checkpoint), run, history, fingerprint)
        except KeyboardInterrupt:
            history.interrupted = True
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


def _fingerprint(trained: Sequence[Tensor], data: Recording, recipe: Recipe, seed: int) -> str:
    """What a checkpoint must agree on with the run that resumes it."""
    parameters = [(*p.shape, str(p.dtype)) for p in trained]
    return f"{recipe!r}, seed {seed}, parameters {parameters}, {data.fingerprint()}"


def _save(path: Path, run: Run, history: History, fingerprint: str) -> None:
    with written_whole(path) as partial:
        torch.save({"for": fingerprint, "run": run.state_dict(), "history": asdict(history)}, partial)


def _resume(path: Path, run: Run, history: History, fingerprint: str) -> None:
    try:
        content = torch.load(path, weights_only=True)
        found = content["for"]
    except Exception as error:  # torch.load has many ways to fail on a file that is not its own
        raise ValueError(f"checkpoint {path} is cut short or not one of ours: delete it and start afresh.") from error
    if found != fingerprint:
        raise ValueError(f"checkpoint {path} belongs to another run: delete it, or give another path.\n"
                         f"  found:  {found}\n  wanted: {fingerprint}")  # fmt: skip
    run.load_state_dict(content["run"])
    history.losses, history.seconds = content["history"]["losses"], content["history"]["seconds"]
