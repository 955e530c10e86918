"""The command line: `ggd list`, `ggd run`, `ggd sweep`, `ggd class`, `ggd explore`, `ggd site`, `ggd lab`,
`ggd doctor`.

Exit codes: 0 done, 1 failed, 2 refused (what was asked for cannot be done as asked).
"""

import argparse
import errno
import os
import platform
import shutil
import sys
import time
from importlib import metadata
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement

from ggd_helpers import batch
from ggd_helpers.batch import sweep_command
from ggd_helpers.batch.alone.command import add_explore_command
from ggd_helpers.batch.classroom.command import add_class_command
from ggd_helpers.batch.columns import aligned
from ggd_helpers.batch.signals import answer_all_like_ctrl_c, undisturbed
from ggd_helpers.batch.site.command import add_site_command
from ggd_helpers.files import CHAPTERS

NOT_WRITTEN = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM)
"""Why a file cannot be written, and no fault of this program."""


def answer(argv: list[str], folder: Path = CHAPTERS) -> int:
    """Do what the command line says with the chapters in `folder`; returns the exit code."""
    arguments = _parser().parse_args(argv)
    try:
        return arguments.command(arguments, folder)
    except batch.Refused as error:
        print(f"ggd: {error}", file=sys.stderr)
        return 2
    except batch.ChapterFailed as error:
        print(f"ggd: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        if error.errno not in NOT_WRITTEN:
            raise
        place = f"{error.filename}: " if error.filename else ""
        print(f"ggd: {place}{error.strerror}: mend that, and give the same command again.", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("ggd", description="Generalized gradient dynamics, chapter by chapter.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    listing = commands.add_parser("list", help="the chapters and what can be set in them")
    listing.set_defaults(command=_list)

    run = commands.add_parser("run", help="run one chapter as a batch job")
    run.add_argument("chapter", metavar="CHAPTER", help="its name, for example 03_particle")
    run.add_argument(
        "-p", dest="assignments", metavar="NAME=VALUE", action="append", default=[], help="may be repeated"
    )
    run.add_argument("--out", type=Path, metavar="FOLDER", help="where the run goes (default: runs/CHAPTER)")
    run.set_defaults(command=_run)

    sweep_command.add_parser(commands)

    lab = commands.add_parser("lab", help="JupyterLab on the chapters")
    lab.add_argument("path", nargs="?", type=Path, metavar="PATH", help="another notebook or folder to open")
    lab.add_argument("--allow-root", action="store_true", help="as root, too, whom JupyterLab refuses otherwise")
    lab.set_defaults(command=_lab)

    add_class_command(commands)
    add_explore_command(commands)
    add_site_command(commands)

    doctor = commands.add_parser("doctor", help="what is installed, what is missing and how to get it")
    doctor.set_defaults(command=_doctor)
    return parser


def _list(arguments: argparse.Namespace, folder: Path) -> int:
    for chapter in batch.chapters(folder):
        print(f"{chapter.name}  {chapter.title}")
        rows = [
            [f"    {parameter.name}", parameter.type, repr(parameter.default), parameter.comment]
            for parameter in chapter.parameters.values()
            if parameter.name != "out"
        ]
        print(*aligned(rows), "", sep="\n")
    print("Run one with: ggd run CHAPTER -p NAME=VALUE --out FOLDER")
    return 0


def _run(arguments: argparse.Namespace, folder: Path) -> int:
    chapter = batch.find_chapter(arguments.chapter, folder)
    values = batch.read_values(chapter, arguments.assignments)
    out = arguments.out or folder.parent / "runs" / chapter.name
    answer_all_like_ctrl_c()
    start = time.perf_counter()
    try:
        results = batch.run(chapter, values, out)
    except KeyboardInterrupt:
        print(f"ggd: interrupted. Nothing was written to {out}.", file=sys.stderr)
        return 1
    with undisturbed() as came:  # all is written: whoever ends the program now comes too late
        _tell(chapter.name, out, results, time.perf_counter() - start)
        came.clear()
    return 0


def _tell(name: str, out: Path, results: dict[str, Any], seconds: float) -> None:
    """Print the numbers of a run that was finished, and where it left what."""
    width = shutil.get_terminal_size((100, 24)).columns
    pictures = len(list((out / "figures").glob("*.png")))
    print("", *metrics_table(results["metrics"], results.get("failed", {}), width), "", sep="\n")
    shown = _shortest(out.resolve())
    print(f"{name} took {seconds:.0f} s")
    print(f"  notebook  {shown / 'notebook.ipynb'}")
    print(f"  numbers   {shown / 'results.json'}")
    print(f"  figures   {shown / 'figures'} ({pictures} pictures)")
    print(f"  open it   {_shortest(Path(sys.executable).with_name('ggd'))} lab {shown / 'notebook.ipynb'}")


def metrics_table(metrics: dict[str, dict[str, float]], failed: dict[str, dict[str, str]], width: int) -> list[str]:
    """Lines of a table, experiments down and metrics across, folded into as many blocks as `width` asks for."""
    cells = {label: {name: f"{value:.3g}" for name, value in numbers.items()} for label, numbers in metrics.items()}
    for label, reasons in failed.items():
        cells[label] |= dict.fromkeys(reasons, "failed")
    names = list(dict.fromkeys(name for numbers in cells.values() for name in numbers))
    columns = [[name, *(numbers.get(name, "-") for numbers in cells.values())] for name in names]
    labels = ["experiment", *metrics]
    blocks = [[labels]]
    for column in columns:
        if len(blocks[-1]) > 1 and sum(2 + max(map(len, cells)) for cells in [*blocks[-1], column]) > width:
            blocks.append([labels])
        blocks[-1].append(column)
    lines = []
    for block in blocks:
        lines += ["", *aligned(zip(*block, strict=True))]
    return lines[1:]


def _shortest(path: Path) -> Path:
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def _lab(arguments: argparse.Namespace, folder: Path) -> int:
    from ggd_helpers.batch.kernel import one_thread

    path = arguments.path or folder
    try:
        path.stat()
    except OSError as error:
        reason = f"there is nothing at {path} ({error.strerror})"
        raise batch.Refused(f"{reason}: name a notebook or a folder, or say `ggd lab` alone.") from None
    root = hasattr(os, "geteuid") and os.geteuid() == 0
    if root and not arguments.allow_root:
        raise batch.Refused(
            "you are root, and whoever reaches JupyterLab's page may do all that you may: "
            "work as another user, or say `ggd lab --allow-root`."
        )
    one_thread()
    as_root = ["--allow-root"] if arguments.allow_root else []
    os.execv(sys.executable, [sys.executable, "-m", "jupyterlab", "--ServerApp.ip=127.0.0.1", *as_root, str(path)])


def _doctor(arguments: argparse.Namespace, folder: Path) -> int:
    import torch
    from jupyter_client.kernelspec import KernelSpecManager

    rows, problems = _packages()
    gpus = [torch.cuda.get_device_name(gpu) for gpu in range(torch.cuda.device_count())]
    rows.append(["torch build", f"CUDA {torch.version.cuda}" if torch.version.cuda else "CPU only"])
    rows.append(["devices", ", ".join(gpus) or "no GPU: everything runs on the CPU"])
    rows.append(["cores", f"{os.cpu_count()} (torch uses {torch.get_num_threads()})"])

    kernel = KernelSpecManager().get_kernel_spec("python3")
    python = kernel.argv[0] if Path(kernel.argv[0]).is_absolute() else sys.executable  # "python" is this one
    rows.append(["Lab's kernel", python])
    if python != sys.executable:
        problems.append(
            f"JupyterLab would start another Python than this one, {python}, because of {kernel.resource_dir}: "
            "remove that folder, or unset JUPYTER_PATH."
        )
    try:
        rows.append(["chapters", f"{len(batch.chapters(folder))} in {folder}"])
    except batch.Refused as error:
        problems.append(str(error))
    browser = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    rows.append(["chromium", browser or "not found: only the browser test needs it (Debian: apt-get install chromium)"])

    print(*aligned(rows), sep="\n")
    for problem in problems:
        print(f"ggd: {problem}", file=sys.stderr)
    return 1 if problems else 0


def _packages() -> tuple[list[list[str]], list[str]]:
    """A row for Python and each package that ggd_helpers needs, and a sentence for each that is missing or unfit."""
    try:
        needed = [Requirement(line) for line in metadata.requires("ggd_helpers") or []]
    except metadata.PackageNotFoundError:
        return [], ["ggd_helpers is not installed: say `make run`, or `pip install -e .` in the repository."]
    rows, problems = [["python", platform.python_version()]], []
    for requirement in needed:
        if requirement.marker and not requirement.marker.evaluate({"extra": ""}):
            continue
        try:
            version = metadata.version(requirement.name)
        except metadata.PackageNotFoundError:
            version = "missing"
        rows.append([requirement.name, version])
        if version == "missing" or not requirement.specifier.contains(version, prereleases=True):
            problems.append(
                f"{requirement.name} is {version}, needed is {requirement.specifier}: "
                f'{_shortest(Path(sys.executable))} -m pip install "{requirement.name}{requirement.specifier}"'
            )
    return rows, problems
