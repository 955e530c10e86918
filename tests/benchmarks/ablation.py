"""Every target with every precision, optimiser and number of points, at one budget: `data/ablation_CASE.json`.

    .venv/bin/python tests/benchmarks/ablation.py CASE GRADIENTS

CASE is `particle`, `reactions` or `diffusion`. Each training takes GRADIENTS gradients of its loss from one start (the
same for all that share a seed), on one thread, and ends with the weights of its lowest loss. Of Adam's learning rates
the best of three is taken, by the loss of seed 20. No validation, no second start.
"""

import contextlib
import itertools
import math
import sys
import time
from collections.abc import Callable

import torch
from kept import about, keep
from torch import nn
from tqdm import tqdm

import ggd_helpers as ggd
from ggd_helpers import profiles
from ggd_helpers.training.flat_parameters import FlatParameters
from ggd_helpers.training.quasi_newton import Descent

TARGETS = {
    "central differences": ggd.Differences(order=2),
    "6th-order differences": ggd.Differences(order=6),
    "flow": ggd.FlowMatching(),
}
PRECISIONS = {"single": torch.float32, "double": torch.float64}
SEEDS, TUNING_SEED, RATES = (0, 1, 2), 20, (3e-2, 1e-2, 3e-3)
Loss = Callable[[], torch.Tensor]


class Spent(Exception):
    """The budget of gradients is spent."""


class Budget:
    """A loss that counts its gradients, and keeps the weights of the lowest one."""

    def __init__(self, model: nn.Module, loss: Loss, gradients: int):
        self.flat, self.loss, self.left = FlatParameters(list(model.parameters())), loss, gradients
        self.best, self.lowest = self.flat.read(), math.inf

    def __call__(self, theta):
        if not self.left:
            raise Spent
        self.left -= 1
        loss, gradient = self.flat.loss_and_gradient(self.loss, theta)
        if loss < self.lowest:
            self.best, self.lowest = theta.copy(), loss
        return loss, gradient


def self_scaled_bfgs(budget: Budget, unit: float) -> None:
    def relative(theta):
        loss, gradient = budget(theta)
        return loss / unit, gradient / unit

    descent = Descent.start(relative, budget.flat.read())
    while descent.failures < 3:
        descent.step(relative)


def lbfgs(budget: Budget, unit: float) -> None:
    """torch's, well set: no tolerance, 50 pairs, strong Wolfe conditions."""
    optimiser = torch.optim.LBFGS(
        budget.flat.parameters,
        max_iter=budget.left,
        max_eval=budget.left,
        tolerance_grad=0,
        tolerance_change=0,
        history_size=50,
        line_search_fn="strong_wolfe",
    )
    optimiser.step(lambda: _closure(budget, unit))


def adam(rate: float) -> Callable[[Budget, float], None]:
    """Adam, its rate falling to zero like a cosine over the budget."""

    def run(budget: Budget, unit: float) -> None:
        optimiser = torch.optim.Adam(budget.flat.parameters, lr=rate)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, budget.left)
        while True:
            optimiser.step(lambda: _closure(budget, unit))
            schedule.step()

    return run


def _closure(budget: Budget, unit: float) -> float:
    loss, gradient = budget(budget.flat.read())
    parts = torch.from_numpy(gradient / unit).split([p.numel() for p in budget.flat.parameters])
    for parameter, part in zip(budget.flat.parameters, parts, strict=True):
        parameter.grad = part.reshape(parameter.shape).to(parameter)
    return loss / unit


def particle():
    system = ggd.OverdampedParticle(gamma=1.0, dim=1)
    data = ggd.simulate(system, trajectories=128, points=2048, dt=0.005, seed=21)
    model = ggd.GradientDynamics(ggd.ConcaveEntropy(1), ggd.ConvexDissipation(1))
    return system, model, data, (6, 12)


def reactions():
    """The general mode of the dense networks."""
    system = ggd.MassActionReactions("A + 2 B <-> C; C + D <-> A")
    data = ggd.simulate(system, trajectories=128, points=2048, dt=0.005, seed=21)
    model = ggd.GradientDynamics(ggd.ConcaveEntropy(4, width=10), ggd.ConvexDissipation(4, width=10))
    return system, model, data, (6, 12)


def diffusion():
    """The local law, on step data: there the targets differ most."""
    system = ggd.FickianDiffusion(profile=profiles.discontinuous)
    data = ggd.simulate(system, trajectories=10, points=64, dt=0.03, seed=21, substeps=1)
    units = ggd.Components.in_units_of(16.0)
    entropy = ggd.EntropyInComponents(ggd.ConcaveEntropy(dim=1, width=4, depth=2), units)
    mobility = ggd.MobilityDissipation(scale=system.grid.width**2 / 0.03, width=4)
    law = ggd.local_dynamics(entropy, ggd.DissipationInComponents(mobility, units), system.grid)
    return system, law, data, (6, 12)


def train(case, objective, dtype, optimiser, points: int, seed: int, gradients: int) -> dict[str, float]:
    """One training: the exact error of its velocity on the test trajectories, its loss, its seconds of CPU."""
    system, model, data, _ = case
    training, test = data.split(test_fraction=0.2, seed=0)
    ggd.redraw_(model.double(), torch.Generator().manual_seed(seed))
    model.to(dtype)
    batch = objective.batch(training, points)
    batch = batch._replace(states=batch.states.to(dtype), targets=batch.targets.to(dtype))
    budget, began = Budget(model, lambda: objective.loss(model, batch), gradients), time.process_time()
    with contextlib.suppress(Spent):
        optimiser(budget, objective.unit(training))
    seconds = time.process_time() - began
    budget.flat.write(budget.best)
    model.double()
    with torch.no_grad():
        error = (model(test.states) - system(test.states)).square().mean().item()
    return {"velocity_mse": error, "loss": budget.lowest, "seconds": seconds}


def tuned_rate(case, gradients: int) -> float:
    """Adam's best rate, by the loss that it reaches from a seed that is not reported."""
    args = (TARGETS["6th-order differences"], torch.float64)
    return min(RATES, key=lambda rate: train(case, *args, adam(rate), 6, TUNING_SEED, gradients)["loss"])


def main(name: str, gradients: int) -> None:
    torch.set_num_threads(1)
    case = {"particle": particle, "reactions": reactions, "diffusion": diffusion}[name]()
    rate = tuned_rate(case, gradients)
    optimisers = {"Adam": adam(rate), "L-BFGS": lbfgs, "self-scaled BFGS": self_scaled_bfgs}
    rows = []
    for target, precision, optimiser, points in tqdm(
        list(itertools.product(TARGETS, PRECISIONS, optimisers, case[-1])), desc=name
    ):
        made = [
            train(case, TARGETS[target], PRECISIONS[precision], optimisers[optimiser], points, seed, gradients)
            for seed in SEEDS
        ]
        row = {"target": target, "precision": precision, "optimiser": optimiser, "points": points}
        rows.append(row | {name: [one[name] for one in made] for name in made[0]})
    keep(f"ablation_{name}", {"about": about(gradients=gradients, seeds=SEEDS, adam_rate=rate), "rows": rows})


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
