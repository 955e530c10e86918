"""What the race finds: a row for each case, opponent and seed; and how much memory each opponent takes."""

import copy
import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from memory import now, peak

from racing.cases import CASES, Case, Task
from racing.clock import Turn, run_in_turns
from racing.opponents import flat_of, opponents

MARKS = (1e-6, 1e-9, 1e-12)  # of the mean squared velocity
MEMORY_SECONDS = 2.0
Row = dict[str, Any]
Works = Mapping[str, Callable[[Task, Turn], None]]


def race(case: Case, seed: int, works: Works, seconds: float) -> list[Row]:
    """Let opponents learn one case from one seed, in turns, and judge them afterwards."""
    task = case.build(seed)
    start = flat_of(task.model).read()
    turns = {name: Turn(lambda turn, work=work: work(task, turn), seconds, start) for name, work in works.items()}
    run_in_turns(list(turns.values()))
    return [{"case": case.name, "opponent": name, "seed": seed} | judged(task, turn) for name, turn in turns.items()]


def judged(task: Task, turn: Turn) -> Row:
    """The errors of all snapshots, when they first were below each mark, and what is left at the end."""
    model = copy.deepcopy(task.model)
    flat, errors = flat_of(model), []
    for snapshot in turn.snapshots:
        flat.write(snapshot.theta)
        errors.append(task.velocity_error(model))
    times = [snapshot.seconds for snapshot in turn.snapshots]
    first = {
        f"{mark:.0e}": next((t for t, error in zip(times, errors, strict=True) if error < mark), None) for mark in MARKS
    }
    return task.judged(model) | {
        "loss": turn.snapshots[-1].loss,
        "seconds_to": first,
        "seconds": turn.seconds,
        "wall_seconds": turn.wall,
        "evaluations": turn.evaluations,
        "error": turn.error,
        "curve": {"seconds": times, "velocity_error": errors, "loss": [s.loss for s in turn.snapshots]},
    }


def peak_memory(case: Case, name: str) -> float:
    """MiB that an opponent takes at the most in its first seconds, data and all, in a process of its own."""
    script = Path(__file__).parents[1] / "race.py"
    command = [sys.executable, str(script), "--memory", case.name, name]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def measure_memory(case_name: str, name: str) -> None:
    """Print the answer to `peak_memory`; called in a process that has done nothing else."""
    before = now()
    case = CASES[case_name]
    task = case.build(0)
    turn = Turn(lambda turn: opponents(case)[name](task, turn), MEMORY_SECONDS, flat_of(task.model).read())
    run_in_turns([turn])
    print(json.dumps(peak() - before))
