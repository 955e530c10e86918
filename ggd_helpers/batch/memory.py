"""Whether the system killed a process because the memory ran out, as Linux counts it."""

import re
from pathlib import Path

_GROUPS = (  # where a control group counts, in the second and the first version of them; then the whole machine
    (re.compile(r"^0::(.*)$", re.MULTILINE), "/sys/fs/cgroup{}/memory.events"),
    (re.compile(r"^\d+:(?:.*,)?memory(?:,.*)?:(.*)$", re.MULTILINE), "/sys/fs/cgroup/memory{}/memory.oom_control"),
    (re.compile(r"()"), "/proc/vmstat"),
)


def killed_for_memory() -> int:
    """How many processes were killed for memory so far, in the control group of this one, or else on this machine.

    Zero for ever where no system counts them.
    """
    try:
        groups = Path("/proc/self/cgroup").read_text(encoding="utf-8")
    except OSError:
        groups = ""
    for pattern, place in _GROUPS:
        if found := pattern.search(groups):
            count = counted_in(Path(place.format(found[1].rstrip("/"))))
            if count is not None:
                return count
    return 0


def counted_in(path: Path) -> int | None:
    """The number that stands behind `oom_kill` in a file of the system; `None` where there is none."""
    try:
        found = re.search(r"^oom_kill (\d+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    except OSError:
        return None
    return int(found[1]) if found else None
