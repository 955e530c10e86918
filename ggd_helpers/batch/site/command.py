"""`ggd site OUT`."""

import argparse
import time
from importlib.util import find_spec
from pathlib import Path

from ggd_helpers.batch.chapter import Refused
from ggd_helpers.batch.columns import aligned
from ggd_helpers.batch.signals import answer_all_like_ctrl_c

NEEDED = ("nbconvert", "latex2mathml")
MB = 1e6


def add_site_command(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Let `ggd` know the command `site`."""
    site = commands.add_parser("site", help="the chapters as static pages, explorers as films")
    site.add_argument("out", type=Path, metavar="OUT", help="the folder of the pages")
    site.set_defaults(command=_site)


def _site(arguments: argparse.Namespace, folder: Path) -> int:
    missing = [name for name in NEEDED if find_spec(name) is None]
    if missing:
        raise Refused(
            f'a site needs {" and ".join(missing)}, not installed: say `pip install -e ".[site]"` in the repository.'
        )
    answer_all_like_ctrl_c()
    from ggd_helpers.batch.site.build import build

    start = time.perf_counter()
    sizes = build(arguments.out.resolve(), folder)  # its lock is read from other folders
    rows = [[size.name, f"{size.bytes / MB:.2f} MB", f"{size.frames} pictures in films"] for size in sizes]
    print(*aligned(rows), sep="\n")
    print(f"{len(sizes)} chapters in {time.perf_counter() - start:.0f} s. Open {arguments.out / 'index.html'}")
    return 0
