"""Errors of the trained model against the number of realisations: `data/06_realisations.json`.

    .venv/bin/python tests/benchmarks/trap_realisations.py FIRST LAST    (seeds)

For each number of realisations and each seed (of data and networks), chapter 6's model, trained by its recipe. Kept are
the errors of what it predicts from the starts of the test pulls alone, against infinitely many realisations, and how
far the data themselves are off that truth.
"""

import sys

import torch
from kept import about, keep
from tqdm import tqdm
from trapped_bead import BEAD, TEST, automatic, simulate, train

import ggd_helpers as ggd
from ggd_helpers.evaluation import internal_variables as measures

NUMBERS = (124, 500, 2000, 8000)


def errors(seed: int, number: int) -> dict[str, float]:
    """In percent, of the model's force, free energy and dissipation potential, and of the measured force."""
    groups = simulate(seed, number, groups=4)
    whole = ggd.pool(groups)
    test, model = whole.select(TEST), train(whole, automatic(groups), seed)
    found, truth = measures.predicted(ggd.evaluate(model, test, [], stride=2)), measures.exact(BEAD, test)
    data = {"data": measures.percent(test.measured[:, 2::2, 0], truth["force"][:, 1:])}
    return {name: measures.percent(found[name][:, 1:], truth[name][:, 1:]) for name in truth} | data


def main(first: int, last: int) -> None:
    seeds = range(first, last + 1)
    rows = {str(number): [errors(seed, number) for seed in tqdm(seeds, desc=f"{number}")] for number in NUMBERS}
    keep("06_realisations", {"about": about(), "seeds": [*seeds], "rows": rows})


if __name__ == "__main__":
    torch.set_num_threads(1)
    main(int(sys.argv[1]), int(sys.argv[2]))
