"""Weights set by hand, each varied by factors of ten, against the automatic ones: `data/06_weights.json`.

    .venv/bin/python tests/benchmarks/trap_weights.py FIRST LAST      (seeds)

From each seed (of data and networks) the model of chapter 6 is trained by the same recipe, from the same first weights,
on `w_r mean r^2 + w_e mean e^2 + w_d mean KL`: rates, forces, densities. The paper's own weights for this example are
lost in the text that we have. Instead, weights set by hand get the best that can be had, in hindsight: each residual
counts in units of what the automatic training left of it, so that (1, 1, 1) has the very minimum of the automatic loss.
`plain` takes 1 for all three in units of the model instead: deviations of alpha and of the force, and KL as it is.
"""

import sys
from dataclasses import dataclass

import torch
from kept import about, keep
from tqdm import tqdm
from trapped_bead import TRAIN, automatic, judge, simulate, train

import ggd_helpers as ggd
from ggd_helpers.training.integral_matching import Windows

REALISATIONS = 4000
KINDS = ("rates", "forces", "densities")


def mean_squares(model: ggd.InternalVariables, batch: Windows, objective: ggd.IntegralMatching) -> torch.Tensor:
    """Mean squared residuals of rates and forces, and the mean divergence of densities, `(3,)`."""
    alpha = model.encode(batch.shares)
    rates, forces = objective.residuals(model, batch, alpha)
    return torch.stack([rates.square().mean(), forces.square().mean(), objective.divergence(model, batch, alpha)])


@dataclass(frozen=True)
class HandSet(ggd.IntegralMatching):
    """A weighted sum of mean squares."""

    weights: torch.Tensor | None = None

    def loss(self, model, batch):
        """The weighted sum, a scalar."""
        return (self.weights * mean_squares(model, batch, self)).sum()


def choices(left: torch.Tensor, plain: torch.Tensor) -> dict[str, torch.Tensor]:
    """Weights by name."""
    hindsight = 1 / left
    made = {"hindsight": hindsight}
    for i, kind in enumerate(KINDS):
        for name, factor in (("x 10", 10.0), ("/ 10", 0.1)):
            changed = hindsight.clone()
            changed[i] *= factor
            made[f"{kind} {name}"] = changed
    return made | {"plain": plain}


def main(first: int, last: int) -> None:
    rows: dict[str, list[dict]] = {}
    for seed in range(first, last + 1):
        groups = simulate(seed, REALISATIONS, groups=4)
        whole, objective = ggd.pool(groups), automatic(groups)
        training = whole.select(TRAIN)
        model = train(whole, objective, seed)
        rows.setdefault("automatic", []).append(judge(model, whole))
        with torch.no_grad():
            left = mean_squares(model, objective.batch(training, 40), objective)
        left[1] += objective.force_floor[0]
        plain = torch.tensor([1.0, 1 / training.measured.var().item(), 1.0], dtype=torch.float64)
        for name, weights in tqdm(choices(left, plain).items(), desc=f"seed {seed}"):
            chosen = HandSet(objective.force_floor, weights=weights)
            rows.setdefault(name, []).append(judge(train(whole, chosen, seed), whole))
    sizes = {"seeds": [*range(first, last + 1)], "realisations": REALISATIONS}
    keep("06_weights", {"about": about(), **sizes, "rows": rows})


if __name__ == "__main__":
    torch.set_num_threads(1)
    main(int(sys.argv[1]), int(sys.argv[2]))
