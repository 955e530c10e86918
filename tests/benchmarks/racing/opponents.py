"""Who learns: each opponent takes a task and its turn, and works until it can do no more or its time is spent."""

import copy
import math
from collections.abc import Callable

import numpy as np
import scipy.optimize
import torch

import ggd_helpers as ggd
from ggd_helpers.training.flat_parameters import FlatParameters
from ggd_helpers.training.quasi_newton import Descent
from racing.cases import Case, Task
from racing.clock import Turn
from racing.hager_zhang import HagerZhangDescent
from racing.levenberg_marquardt import LeastSquares, descend
from racing.ss_broyden import BroydenDescent


def flat_of(model: torch.nn.Module) -> FlatParameters:
    """What a model learns, as one vector."""
    return FlatParameters([p for p in model.parameters() if p.requires_grad])


class Watched:
    """The loss of a task in its unit, and its slope, as a function of the weights; every call is reported."""

    def __init__(self, task: Task, turn: Turn):
        self.task, self.turn, self.model = task, turn, copy.deepcopy(task.model)
        self.flat = flat_of(self.model)

    def loss(self) -> torch.Tensor:
        """Of the weights as they are, with the graph."""
        return self.task.recipe.objective.loss(self.model, self.task.batch) / self.task.unit

    def __call__(self, theta: np.ndarray) -> tuple[float, np.ndarray]:
        found = self.flat.loss_and_gradient(self.loss, theta)
        self.turn.lowest(theta, found[0])
        return found


def thesis(task: Task, turn: Turn) -> None:
    """The thesis's recipe: float32, central differences at every 16th state, half of the time Adam, half L-BFGS."""
    torch.set_flush_denormal(True)  # of this thread; saturated units make numbers that are five times slower otherwise
    model = copy.deepcopy(task.model).float()
    flat, recipe = flat_of(model), ggd.AdamThenLBFGS(objective=ggd.Differences(order=2, every=16))
    run = recipe.start(model, task.train.like(flat.parameters[0]), torch.Generator().manual_seed(task.seed))
    while True:
        run.total = 0 if turn.share >= 0.5 else 2 * run.iteration + 2  # an epoch of the second half, or of the first
        loss = run.step()
        turn.latest(flat.read(), loss / task.unit)


def adam(rate: float) -> Callable[[Task, Turn], None]:
    """Adam on all points, its rate falling to zero like a cosine over its time."""

    def work(task: Task, turn: Turn) -> None:
        function = Watched(task, turn)
        theta = torch.from_numpy(function.flat.read()).requires_grad_()
        optimiser = torch.optim.Adam([theta], lr=rate)
        while True:
            optimiser.param_groups[0]["lr"] = 0.5 * rate * (1 + math.cos(math.pi * turn.share))
            theta.grad = torch.from_numpy(function(theta.detach().numpy().copy())[1])
            optimiser.step()

    return work


def lbfgs(task: Task, turn: Turn) -> None:
    """torch's L-BFGS: no tolerance, 50 pairs, strong Wolfe conditions; begun anew where it stops."""
    function = Watched(task, turn)
    theta = torch.from_numpy(function.flat.read()).requires_grad_()
    settings = {"tolerance_grad": 0, "tolerance_change": 0, "history_size": 50, "line_search_fn": "strong_wolfe"}

    def closure() -> float:
        loss, gradient = function(theta.detach().numpy().copy())
        theta.grad = torch.from_numpy(gradient)
        return loss

    while True:
        torch.optim.LBFGS([theta], max_iter=10**9, max_eval=10**9, **settings).step(closure)


def scipy_bfgs(task: Task, turn: Turn) -> None:
    """SciPy's BFGS without a tolerance; begun anew where its line search fails, as long as that lowers the loss."""
    function = Watched(task, turn)
    theta, lowest = function.flat.read(), math.inf
    while True:
        options = {"gtol": 0.0, "maxiter": 10**9}
        found = scipy.optimize.minimize(function, theta, jac=True, method="BFGS", options=options)
        if not found.fun < lowest:
            return
        theta, lowest = found.x, found.fun


def levenberg_marquardt(damping: float) -> Callable[[Task, Turn], None]:
    """Levenberg and Marquardt's method, with the first damping that was tuned."""

    def work(task: Task, turn: Turn) -> None:
        function = Watched(task, turn)
        squares = LeastSquares(task.recipe.objective, function.model, task.batch, task.unit, turn.breathe)
        start = torch.from_numpy(function.flat.read())

        @torch.no_grad()
        def loss(theta: torch.Tensor) -> float:
            function.flat.write(theta.numpy())
            value = function.loss().item()
            turn.lowest(theta.numpy(), value if math.isfinite(value) else math.inf)
            return value

        for _ in descend(squares.normal, loss, start, damping):
            pass

    return work


def descent(kind: type[Descent]) -> Callable[[Task, Turn], None]:
    """A descent like the package's, from the one start, until it fails three times in a row."""

    def work(task: Task, turn: Turn) -> None:
        function = Watched(task, turn)
        run = kind.start(function, function.flat.read())
        while run.failures < 3:
            run.step(function)

    return work


class BroydenWithHagerZhang(HagerZhangDescent, BroydenDescent):
    """SSBroyden with Hager and Zhang's line search."""


def chapter_recipe(task: Task, turn: Turn) -> None:
    """The chapter's recipe as it is: several starts, one of which goes on, chosen on validation trajectories."""
    model = copy.deepcopy(task.model)
    run = task.recipe.start(model, task.train, torch.Generator().manual_seed(task.seed))
    while not run.finished:
        loss = run.step()
        turn.latest(run.best, min(loss / task.unit, run.best_validation))


OURS = "self-scaled BFGS (ours)"


def opponents(case: Case) -> dict[str, Callable[[Task, Turn], None]]:
    """All opponents by name, with what was tuned for a case."""
    return {
        "thesis's recipe": thesis,
        "Adam": adam(case.adam_rate),
        "L-BFGS (torch)": lbfgs,
        "BFGS (SciPy)": scipy_bfgs,
        "Levenberg-Marquardt": levenberg_marquardt(case.damping),
        "SSBroyden": descent(BroydenDescent),
        "SSBroyden, Hager-Zhang": descent(BroydenWithHagerZhang),
        "self-scaled BFGS, Hager-Zhang": descent(HagerZhangDescent),
        OURS: descent(Descent),
        "ours, the chapter's recipe": chapter_recipe,
    }
