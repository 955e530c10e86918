"""`ggd sweep`: what it reads from the command line, what it says meanwhile and at the end."""

import argparse
import os
import sys
import time
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from ggd_helpers.batch.agenda import Agenda
from ggd_helpers.batch.chapter import Refused, find_chapter
from ggd_helpers.batch.cluster import Cluster, WorkersFail, check_installed, cores, local_cluster, running_cluster
from ggd_helpers.batch.ending import Ending
from ggd_helpers.batch.job import Job
from ggd_helpers.batch.place import PATIENCE, STAGING, clear_dead
from ggd_helpers.batch.plan import planned
from ggd_helpers.batch.run import FULL, DiskFull, check_can_run, resolved
from ggd_helpers.batch.signals import answer_all_like_ctrl_c
from ggd_helpers.batch.sockets import clear_dead_sockets
from ggd_helpers.batch.sweep import SchedulerLost, Sweep
from ggd_helpers.batch.table import SweepFolder, Table
from ggd_helpers.files import written_whole
from ggd_helpers.ranges import check


def add_parser(commands: Any) -> None:
    """Let `ggd` know the command `sweep`."""
    sweep = commands.add_parser("sweep", help="run a chapter at many values of its parameters")
    sweep.add_argument("chapter", metavar="CHAPTER", help="its name, for example 03_particle")
    sweep.add_argument(
        "-p",
        dest="assignments",
        metavar="NAME=VALUES",
        action="append",
        default=[],
        help="values with commas, whole numbers FIRST:END; may be repeated",
    )
    sweep.add_argument("--zip", action="store_true", help="values one by one instead of every combination")
    sweep.add_argument("--workers", metavar="N", help="runs at a time on this machine (default: one a core)")
    sweep.add_argument("--scheduler", metavar="ADDRESS", help="use the workers of this Dask scheduler instead")
    sweep.add_argument("--dry-run", action="store_true", help="list the runs, estimate the time, start nothing")
    sweep.add_argument("--plot", metavar="METRIC", help="what the figure shows; without -p, of the sweep that is there")
    sweep.add_argument("--out", type=Path, metavar="FOLDER", help="where it goes (default: runs/CHAPTER_sweep)")
    sweep.set_defaults(command=_sweep)


def _sweep(arguments: argparse.Namespace, folder: Path) -> int:
    chapter = find_chapter(arguments.chapter, folder)
    out = SweepFolder(resolved(arguments.out or folder.parent / "runs" / f"{chapter.name}_sweep"), chapter.name)
    if arguments.plot and not arguments.assignments:
        print(f"  figure  {_draw(out, arguments.plot)}")
        return 0
    check_can_run(chapter)
    runs = planned(chapter, arguments.assignments, arguments.zip)
    workers = _workers(arguments)
    out.check()
    if arguments.dry_run:
        _list(Agenda(chapter, out, runs), workers)
        return 0
    check_installed()
    answer_all_like_ctrl_c()
    with out.claimed() as place:
        agenda = Agenda(chapter, out, runs)
        for note in agenda.notes():
            print(note)
        if arguments.scheduler:
            cluster = running_cluster(arguments.scheduler)
        else:
            cluster = local_cluster(max(1, min(workers, len(agenda.to_do))), place.run)
        reason = _make(agenda, cluster, out)
    print(f"{chapter.name}, {agenda.counts()}\n  table   {out.table}")
    if reason:
        print(f"ggd: {reason}. What is done stays, and the same command goes on with the rest.", file=sys.stderr)
        return 1
    try:
        print(f"  figure  {_draw(out, arguments.plot)}")
    except Refused as error:
        if arguments.plot:
            raise
        print(f"  figure  none: {error}")
    return 1 if agenda.to_do else 0


def _make(agenda: Agenda, cluster: AbstractContextManager[Cluster], out: SweepFolder) -> str:
    """Make the runs that are missing or failed; returns why not all could be made, if so."""
    from tqdm import tqdm

    try:
        jobs = agenda.to_do
        if not jobs:
            agenda.write()
            return ""
        with cluster as workers, tqdm(total=len(jobs), desc=out.chapter, unit="run", file=sys.stderr) as bar:
            agenda.write()

            def told(job: Job, ending: Ending) -> None:
                agenda.take(job, ending)
                bar.write(_line(job, ending))
                bar.update()

            def between(sweep: Sweep) -> None:
                names = sweep.running
                running = ", ".join(names[:3]) + (" ..." if len(names) > 3 else "") or "waiting for workers"
                if bar.postfix != running:
                    bar.set_postfix_str(running)

            Sweep(workers, jobs, told).finish(between)
    except (KeyboardInterrupt, SchedulerLost, WorkersFail) as error:
        agenda.catch_up()
        return str(error) or "interrupted"
    except DiskFull as error:
        return str(error).rstrip(".")
    except OSError as error:
        if error.errno not in FULL:
            raise
        return f"{os.strerror(error.errno)}: make room, or name a folder on another disk with --out"
    finally:
        _clear(out.path)
    return ""


def _clear(out: Path) -> None:
    """Remove what dead runs left; a kernel whose worker was killed looks once a second whether it still has one."""
    deadline = time.monotonic() + PATIENCE
    while any(out.glob(f"*/{STAGING}")) and time.monotonic() < deadline:
        clear_dead(out)
        time.sleep(0.1)
    clear_dead_sockets()


def _line(job: Job, ending: Ending) -> str:
    again = f", begun {ending.attempts} times" if ending.attempts > 1 else ""
    said = f": {ending.told}" if ending.told else ""
    return f"{ending.status:8s}  {job.name}  {ending.seconds:.0f} s{again}{said}"


def _list(agenda: Agenda, workers: int) -> None:
    for job in agenda.jobs:
        print(f"{agenda.status(job.name):8s}  {job.name}")
    print(*agenda.notes(), agenda.estimate(workers) + ".", sep="\n")


def _draw(out: SweepFolder, metric: str | None) -> str:
    """Draw a metric, or else one that the table chooses, against the parameters that were swept; returns where."""
    table = Table.read(out.table)
    name = table.metric(metric)
    runs, parameters = table.shown(name)
    from ggd_helpers.figures.sweep import against_parameters

    path = out.path / f"summary_{name.replace('/', '-')}.png"
    with written_whole(path) as partial:
        against_parameters(runs, parameters, name).savefig(partial, dpi=150, format="png")
    return f"{path} (another: --plot {table.metrics[-1]})"


def _workers(arguments: argparse.Namespace) -> int:
    if arguments.workers and arguments.scheduler:
        raise Refused("--workers is for this machine, --scheduler names a cluster with workers of its own: keep one.")
    if arguments.workers is None:
        threads = os.environ.get("OMP_NUM_THREADS", "1")
        return max(1, cores() // int(threads)) if threads.isdigit() and int(threads) else 1
    try:
        number = int(arguments.workers)
    except ValueError:
        number = arguments.workers
    try:
        check("--workers", number, "a whole number, 1 to 1000", "so many runs are made at a time")
    except ValueError as error:
        raise Refused(str(error)) from None
    return number
