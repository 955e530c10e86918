"""How often error bands hold the truth: `data/09_coverage.json`.

    .venv/bin/python tests/benchmarks/band_coverage.py SETS FIRST [MEMBERS]

Two systems, two levels of noise, `SETS` data sets each from the seeds `FIRST`, `FIRST + 1`, ..., of 12 records of 12
uneven times. Learned is one potential with the other one given, or both; the bands are nominally of 90 %. Kept is how
often a point of a curve lies in its band (`cover`), half of the band's width (`width`) and the error of the curve
(`error`), both in percent of the curve's rms, the medians over the data sets; and CPU seconds.

Of the first data sets of the particle (`MEMBERS_OF`), a bootstrap of the records and fits from other starts alone, of
`MEMBERS` fits each (6), make bands beside Laplace's.

With both potentials learned no data fix their common scale; it is chosen so that the conjugates are as large as the
known ones. S is compared without its mean.
"""

import json
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from statistics import mean, median
from typing import Any

import torch
from kept import about, keep
from torch import Tensor

import ggd_helpers as ggd

RECORDS, SAMPLES, LEVEL, NOISES, MEMBERS_OF = 12, 12, 0.9, (0.02, 0.05), 5
Question = Callable[[ggd.GradientDynamics], Tensor]


@dataclass(frozen=True)
class Study:
    """A system, the laws that are learned of it, and where they are asked."""

    system: ggd.GradientDynamics
    laws: Mapping[str, Callable[[int], ggd.GradientDynamics]]
    horizon: float
    grid: Tensor
    starts: Tensor
    likelihood: ggd.RecordLikelihood
    times: Tensor = field(default_factory=lambda: torch.linspace(0, 1, 21, dtype=torch.float64))

    def data(self, noise: float, seed: int) -> ggd.Measurements:
        clean = ggd.simulate(self.system, RECORDS, points=401, dt=self.horizon / 400, seed=seed)
        return ggd.measure(clean, ggd.uneven_instants(clean, SAMPLES, seed=seed), noise=noise, seed=seed)


def particle() -> Study:
    system = ggd.SteepParticle(gamma=1.0, steepness=2.0)
    given = ggd.QuadraticEntropy([[1.0]]).requires_grad_(False)

    def entropy() -> ggd.ConcaveEntropy:
        return ggd.ConcaveEntropy(1, width=6, depth=1)

    laws = {
        "Xi": lambda seed: ggd.GradientDynamics(given, ggd.ForceDissipation(1), seed),
        "S": lambda seed: ggd.GradientDynamics(entropy(), system.dissipation, seed),
        "both": lambda seed: ggd.GradientDynamics(entropy(), ggd.ForceDissipation(1), seed),
    }
    grid = torch.linspace(-0.9, 0.9, 37, dtype=torch.float64)[:, None]
    starts = torch.tensor([[0.85], [-0.5]], dtype=torch.float64)
    return Study(system, laws, 3.0, grid, starts, ggd.RecordLikelihood(ggd.GradedRK4(8)))


def reaction() -> Study:
    """S is learned on the line of one reaction: along it lies all that motion says of S."""
    system = ggd.MassActionReactions("A + 2 B <-> C")
    laws = {"S": lambda seed: ggd.GradientDynamics(ggd.MixingEntropy(3), system.dissipation, seed)}
    middle = torch.tensor([0.5, 0.6, 0.4], dtype=torch.float64)
    grid = middle + torch.linspace(-0.2, 0.25, 37, dtype=torch.float64)[:, None] * system.stoichiometry[:, 0]
    starts = torch.tensor([[0.8, 0.7, 0.2], [0.2, 0.3, 0.9]], dtype=torch.float64)
    likelihood = ggd.RecordLikelihood(ggd.GradedRK4(12), domain=ggd.Positive())
    return Study(system, laws, 5.0, grid, starts, likelihood)


def compared(band: ggd.Band, truth: Tensor) -> dict[str, float]:
    size = truth.square().mean().sqrt()
    low, high = band.edges(LEVEL)
    return {
        "cover": 100 * band.holds(truth, LEVEL).double().mean().item(),
        "width": 50 * ((high - low).median() / size).item(),
        "error": 100 * ((band.value - truth).square().mean().sqrt() / size).item(),
    }


def rollout(study: Study) -> Question:
    return lambda law: ggd.rk4(law, study.starts, study.horizon / 60, 61)[:, 3::3]


def one(study: Study, learned: str, noise: float, seed: int, members: int) -> dict[str, dict[str, dict[str, float]]]:
    """The bands of one data set by the way that they were made and by what they are of."""
    data, draw = study.data(noise, seed), study.laws[learned]
    recipe = ggd.WholeRecords(study.likelihood)
    model, began = draw(seed), time.process_time()
    history = ggd.fit(model, data, recipe, seed=seed, progress=False)
    fitted_at = time.process_time()
    laplace = ggd.Laplace.of(model, data, study.likelihood)
    asked = (ggd.with_both_learned if learned == "both" else ggd.with_one_given)(study.system, study.grid)
    asked = {name: question for name, question in asked.items() if learned == "both" or name in ("velocity", learned)}
    bands = {name: laplace.band(question) for name, question in asked.items()}
    bands["rollout"] = laplace.rollout(study.starts, study.horizon * study.times)
    done = time.process_time()
    bands["rollout"] = ggd.Band(*(each[:, 1:] for each in bands["rollout"][:2]), bands["rollout"].degrees)
    with torch.no_grad():
        exact = {name: question(study.system) for name, question in (asked | {"rollout": rollout(study)}).items()}
    rows = {"laplace": {name: compared(band, exact[name]) for name, band in bands.items()}}
    noise_found = (laplace.noise / torch.tensor(data.metadata["noise"])).mean().item()
    seconds = {"fit": fitted_at - began, "bands": done - fitted_at, "iterations": len(history.losses)}
    rows["laplace"]["fit"] = seconds | {"noise": noise_found}
    if members:
        again = ggd.WholeRecords(study.likelihood, restarts=1)
        for way, made in {
            "bootstrap": ggd.bootstrap(model, data, again, members, seed),
            "other starts": ggd.committee(draw, data, recipe, members, seed + 1000, progress=False),
        }.items():
            every = (asked | {"rollout": rollout(study)}).items()
            spread = {name: ggd.band_of(made, question)._replace(value=bands[name].value) for name, question in every}
            rows[way] = {name: compared(band, exact[name]) for name, band in spread.items()}
    return rows


def gathered(rows: list[dict[str, dict[str, dict[str, float]]]]) -> dict[str, Any]:
    """Means of coverages, medians of the rest, over the data sets."""
    found: dict[str, Any] = defaultdict(dict)
    for way in rows[0]:
        mine = [row[way] for row in rows if way in row]
        for name in mine[0]:
            numbers = {key: [each[name][key] for each in mine] for key in mine[0][name]}
            found[way][name] = {k: mean(v) if k == "cover" else median(v) for k, v in numbers.items()}
        found[way]["sets"] = len(mine)
    return found


def main(sets: int, first: int, members: int) -> None:
    table: dict[str, Any] = {}
    for name, study in (("particle", particle()), ("reaction", reaction())):
        for learned in study.laws:
            for noise in NOISES:
                few = MEMBERS_OF if name == "particle" and noise == NOISES[-1] else 0
                key = f"{name}, {learned} learned, {100 * noise:.0f} %"
                rows = [one(study, learned, noise, first + i, members if i < few else 0) for i in range(sets)]
                table[key] = gathered(rows)
                print(key, json.dumps(table[key]), flush=True)
    sizes = {"sets": sets, "first_seed": first, "members": members, "records": RECORDS, "samples": SAMPLES}
    keep("09_coverage", {"about": about(**sizes), "level": LEVEL, "coverage": table})


if __name__ == "__main__":
    torch.set_num_threads(1)
    main(int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]) if len(sys.argv) > 3 else 6)
