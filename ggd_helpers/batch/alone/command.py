"""`ggd explore [NAME]`."""

import argparse
from importlib.util import find_spec
from pathlib import Path

from ggd_helpers.batch.alone.catalogue import explorers, find
from ggd_helpers.batch.chapter import Refused
from ggd_helpers.batch.columns import aligned
from ggd_helpers.batch.signals import answer_all_like_ctrl_c

INSTALL = 'an explorer alone needs Voila, which is not installed: say `pip install -e ".[class]"` in the repository.'


def add_explore_command(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Let `ggd` know the command `explore`."""
    explore = commands.add_parser("explore", help="one explorer alone, in the browser")
    explore.add_argument("name", nargs="?", metavar="NAME", help="which one (default: list them)")
    explore.add_argument("--no-browser", action="store_true", help="print its address and open nothing")
    explore.set_defaults(command=_explore)


def _explore(arguments: argparse.Namespace, folder: Path) -> int:
    if arguments.name is None:
        print(*aligned([entry.name, entry.summary] for entry in explorers().values()), sep="\n")
        print("Open one with: ggd explore NAME")
        return 0
    entry = find(arguments.name)
    if find_spec("voila") is None:
        raise Refused(INSTALL)
    answer_all_like_ctrl_c()
    from ggd_helpers.batch.alone.server import serve

    serve(entry, browser=not arguments.no_browser)
    return 0
