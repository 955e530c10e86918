"""How much memory this process takes, in MiB, as Linux tells it.

`resource.getrusage` does not serve: a process begins there with what the one that started it had taken.
"""

import re
from pathlib import Path


def now() -> float:
    """What it holds."""
    return _told("VmRSS")


def peak() -> float:
    """The most that it has held."""
    return _told("VmHWM")


def _told(name: str) -> float:
    text = Path("/proc/self/status").read_text(encoding="ascii")
    return int(re.search(rf"{name}:\s+(\d+) kB", text)[1]) / 1024
