"""What the race tells in a table: everything on the terminal, the essence in the README."""

import re
from collections.abc import Iterable, Sequence
from statistics import median

from ggd_helpers.files import ROOT, written_whole
from racing.results import MARKS, Row

BEGIN, END = "<!-- make race writes from here -->", "<!-- to here -->"


def spread(values: Sequence[float]) -> str:
    """The median, and the range where there are several."""
    middle = f"{median(values):.0e}"
    return middle if len(values) == 1 else f"{middle} ({min(values):.0e} to {max(values):.0e})"


def first_below(rows: Sequence[Row], mark: float) -> str:
    """The median of the seconds to a mark; how many seeds came there where it is not all."""
    found = [seconds for row in rows if (seconds := row["seconds_to"][f"{mark:.0e}"]) is not None]
    if not found:
        return "–"
    return f"{median(found):.1f} s" + ("" if len(found) == len(rows) else f" ({len(found)} of {len(rows)})")


def grouped(rows: Iterable[Row]) -> dict[str, dict[str, list[Row]]]:
    """Rows by case and opponent."""
    found: dict[str, dict[str, list[Row]]] = {}
    for row in rows:
        found.setdefault(row["case"], {}).setdefault(row["opponent"], []).append(row)
    return found


def whole_table(rows: Iterable[Row], memory: dict[str, dict[str, float]]) -> str:
    """Every number, a block for each case."""
    lines = []
    for case, by_opponent in grouped(rows).items():
        seconds = max(row["seconds"] for each in by_opponent.values() for row in each)
        heads = [*(f"to {mark:.0e}" for mark in MARKS), "velocity_mse", "rollout_mse", "loss", "losses", "MiB"]
        lines += ["", f"{case}, {seconds:.0f} s each", " | ".join([f"{'':29s}", *heads])]
        for name, each in sorted(by_opponent.items(), key=lambda item: _middle_error(item[1])):
            cells = [first_below(each, mark) for mark in MARKS]
            cells += [spread([row[what] for row in each]) for what in ("velocity_mse", "rollout_mse", "loss")]
            cells += [f"{median(row['evaluations'] for row in each):.0f}"]
            cells += [f"{memory[case][name]:.0f}" if name in memory.get(case, {}) else ""]
            lines.append(" | ".join([f"{name:29s}", *cells]))
        lines += [
            f"  {name}, seed {row['seed']}, ended by {row['error']}"
            for name, each in by_opponent.items()
            for row in each
            if row["error"]
        ]
        lines.append(f"  {clocks([row for each in by_opponent.values() for row in each])}")
    return "\n".join(lines)


def clocks(rows: Iterable[Row]) -> str:
    """How the seconds of the processor compare with those of the clock on the wall."""
    longer = median(row["wall_seconds"] / row["seconds"] for row in rows)
    return f"a second of the processor took {longer:.2f} s"


def _middle_error(rows: Sequence[Row]) -> float:
    return median(row["velocity_error"] for row in rows)


def short_table(rows: Iterable[Row]) -> str:
    """A row for each opponent and a column for each case: the error that is left, and the time to the middle mark."""
    by_case = grouped(rows)
    names = list(dict.fromkeys(name for by_opponent in by_case.values() for name in by_opponent))
    best = {case: min(each, key=lambda name, each=each: _middle_error(each[name])) for case, each in by_case.items()}
    lines = ["| | " + " | ".join(by_case) + " |", "|---" * (len(by_case) + 1) + "|"]
    for name in names:
        cells = []
        for case, by_opponent in by_case.items():
            each = by_opponent[name]
            error = spread([row["velocity_error"] for row in each])
            cells.append(f"{f'**{error}**' if best[case] == name else error}; {first_below(each, MARKS[1])}")
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def write_readme(text: str) -> None:
    """Put a text between the two marks of the README."""
    path = ROOT / "README.md"
    page = path.read_text(encoding="utf-8")
    pattern = re.compile(f"{re.escape(BEGIN)}.*?{re.escape(END)}", re.DOTALL)
    if not pattern.search(page):
        raise ValueError(f"README.md: there is no {BEGIN!r} with {END!r} below it.")
    with written_whole(path) as partial:
        partial.write_text(pattern.sub(lambda _: f"{BEGIN}\n{text}\n{END}", page), encoding="utf-8")
