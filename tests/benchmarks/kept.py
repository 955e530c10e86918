"""How a benchmark keeps what it found in `data/`: beside it the command that makes it again, the date, the machine."""

import datetime
import json
import platform
import sys
from pathlib import Path
from typing import Any

import torch

from ggd_helpers.files import DATA, ROOT, commit, written_whole


def about(**more: Any) -> dict[str, Any]:
    """The command of this run, its date, the commit and the machine."""
    script = Path(sys.argv[0]).resolve().relative_to(ROOT)
    return {
        "command": " ".join(["python", str(script), *sys.argv[1:]]),
        "date": datetime.date.today().isoformat(),
        "commit": commit(),
        "platform": platform.platform(),
        "torch": torch.__version__,
        **more,
    }


def keep(name: str, content: dict[str, Any]) -> None:
    """Write `data/NAME.json`."""
    with written_whole(DATA / f"{name}.json") as path:
        path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    print(f"kept in data/{name}.json")
