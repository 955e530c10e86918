"""A chapter's table of results: the numbers of this run, and median and range over the seeds that the course keeps."""

import json
import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

Metrics = Mapping[str, Mapping[str, float]]  # by experiment, by name


@dataclass(frozen=True)
class OverSeeds:
    """What a chapter found from each of several seeds, kept in `data/`.

    Attributes:
        seeds: that were run.
        metrics: by experiment and name, the numbers of all seeds that gave one.
        failed_claims: by claim, the seeds at which it failed.
        about: parameters, command, date, machine.
    """

    seeds: Sequence[int]
    metrics: Mapping[str, Mapping[str, Sequence[float]]]
    failed_claims: Mapping[str, Sequence[int]]
    about: Mapping[str, Any]

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read what tests/benchmarks/over_seeds.py wrote."""
        return cls(**json.loads(path.read_text(encoding="utf-8")))

    def show(self, experiment: str, metric: str) -> str:
        """`median (lowest to highest)`, or nothing where no seed gave that number."""
        values = self.metrics.get(experiment, {}).get(metric, [])
        if not values:
            return ""
        return f"{statistics.median(values):.1e} ({min(values):.1e} to {max(values):.1e})"


@dataclass(frozen=True)
class Table:
    """Rows of results, shown as a table on a page and as aligned text elsewhere.

    Args:
        metrics: this run's numbers; none where only what is kept is shown.
        rows: experiments by the label of their row.
        columns: metrics.
        kept: the numbers over seeds to stand below this run's, if there are any.
    """

    metrics: Metrics
    rows: Mapping[str, str]
    columns: Sequence[str]
    kept: OverSeeds | None = None

    def cells(self, experiment: str) -> list[tuple[str, str]]:
        """For each column this run's number, and what is kept over seeds; empty where there is none."""
        numbers = self.metrics.get(experiment, {})
        return [
            (
                f"{numbers[column]:.1e}" if math.isfinite(numbers.get(column, math.nan)) else "",
                self.kept.show(experiment, column) if self.kept else "",
            )
            for column in self.columns
        ]

    def __repr__(self) -> str:
        wide = max([24, *map(len, self.rows)])
        lines = [" " * wide + "".join(f"{column:>32s}" for column in self.columns)]
        for label, experiment in self.rows.items():
            for part in range(2 if self.kept else 1):
                name = label if part == 0 else "  over seeds"
                lines.append(f"{name:{wide}s}" + "".join(f"{cell[part]:>32s}" for cell in self.cells(experiment)))
        return "\n".join(lines)

    def _repr_markdown_(self) -> str:
        lines = [
            "| | " + " | ".join(f"`{column}`" for column in self.columns) + " |",
            "|---" * (len(self.columns) + 1) + "|",
        ]
        for label, experiment in self.rows.items():
            cells = ["<br>".join(part for part in cell if part) or "–" for cell in self.cells(experiment)]
            lines.append(f"| {label} | " + " | ".join(cells) + " |")
        if self.kept:
            seeds, about = self.kept.seeds, self.kept.about
            lines += [
                "",
                f"*{'First this run, then median' if self.metrics else 'Median'} (lowest to highest) over seeds "
                f"{seeds[0]} to {seeds[-1]}: "
                f"`{about['command']}`, {about['date']}. Another processor rounds differently: there the same seed may "
                "end elsewhere.*",
            ]
        return "\n".join(lines)
