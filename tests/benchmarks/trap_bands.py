"""Error bands from resampled realisations, and how often they cover the truth: `data/06_bands.json`.

    .venv/bin/python tests/benchmarks/trap_bands.py FIRST LAST      (seeds)

From each seed one data set of chapter 6, in 40 groups of 100 realisations. Each of five members is trained on 40 groups
drawn from these with replacement, from first weights of its own, and predicts the test pulls from the starts of its own
clouds. Kept is how much of all protocols and times lies where the truth of infinitely many realisations is within one
and two deviations of the members, and between their least and their greatest; and of the first data set the members
themselves, on one pull.
"""

import sys
from typing import Any

import torch
from kept import about, keep
from tqdm import tqdm
from trapped_bead import BEAD, TEST, automatic, simulate, train

import ggd_helpers as ggd
from ggd_helpers.evaluation import internal_variables as measures

REALISATIONS, GROUPS, MEMBERS, SHOWN = 4000, 40, 5, 9


def member(groups, seed: int) -> measures.Along:
    """What one member predicts of the test pulls."""
    drawn = torch.randint(GROUPS, (GROUPS,), generator=torch.Generator().manual_seed(seed))
    own = ggd.pool([groups[i] for i in drawn])
    model = train(own, automatic(groups), seed)
    return measures.predicted(ggd.evaluate(model, own.select(TEST), [], stride=2))


def coverage(members: torch.Tensor, truth: torch.Tensor) -> dict[str, float]:
    """Shares of points in percent, `(member, protocol, time)` and `(protocol, time)`; and the sizes of both errors."""
    middle, deviation = members.mean(0), members.std(0)
    off = (middle - truth).abs()
    between = (truth >= members.amin(0)) & (truth <= members.amax(0))
    size = truth.square().mean().sqrt()
    return {
        "one": 100 * (off <= deviation).double().mean().item(),
        "two": 100 * (off <= 2 * deviation).double().mean().item(),
        "between": 100 * between.double().mean().item(),
        "error": 100 * (off.square().mean().sqrt() / size).item(),
        "band": 100 * (deviation.square().mean().sqrt() / size).item(),
    }


def main(first: int, last: int) -> None:
    rows: list[dict[str, dict[str, float]]] = []
    shown: dict[str, Any] = {}
    for seed in range(first, last + 1):
        groups = simulate(seed, REALISATIONS, groups=GROUPS)
        truth = {name: values[:, 1:] for name, values in measures.exact(BEAD, groups[0].select(TEST)).items()}
        made = [member(groups, 100 * seed + i) for i in tqdm(range(MEMBERS), desc=f"seed {seed}")]
        members = {name: torch.stack([one[name][:, 1:] for one in made]) for name in truth}
        rows.append({name: coverage(members[name], truth[name]) for name in truth})
        if not shown:
            times = groups[0].times[2::2]
            shown = {
                "times": times.tolist(),
                "members": {name: values[:, SHOWN].tolist() for name, values in members.items()},
                "truth": {name: values[SHOWN].tolist() for name, values in truth.items()},
            }
    sizes = {"seeds": [*range(first, last + 1)], "members": MEMBERS, "realisations": REALISATIONS}
    keep("06_bands", {"about": about(), **sizes, "coverage": rows, "shown": shown})


if __name__ == "__main__":
    torch.set_num_threads(1)
    main(int(sys.argv[1]), int(sys.argv[2]))
