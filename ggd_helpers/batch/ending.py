"""How a run of a sweep ended, and where that is kept."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from ggd_helpers.files import MANIFEST, sha256, written_whole

DONE, FAILED, REFUSED = "done", "failed", "refused"
NO_MEMORY = "out of memory"  # of the kernel: once more would end as before
DIED, LOST = "kernel died", "worker lost"  # chance, which may not strike again
BUSY = "made by another"
MISSING = "missing"


@dataclass(frozen=True)
class Ending:
    """One attempt's end.

    Args:
        status: one of the words above.
        seconds: from its start to its end.
        attempts: how often the run was begun, in the sweep that ended it.
        error: what went wrong, in a sentence, with more lines where there is more to say; empty where nothing did.
        inputs: digests of what its numbers depend on.
        manifest: digest of the manifest of what it wrote, where it did.
    """

    status: str
    seconds: float
    attempts: int
    error: str
    inputs: Mapping[str, str]
    manifest: str = ""

    @property
    def told(self) -> str:
        """What went wrong, on one line."""
        return " ".join(self.error.split("\n\n")[0].split())

    def write(self, path: Path) -> None:
        """Keep it, whole or not at all."""
        path.parent.mkdir(exist_ok=True)
        with written_whole(path) as partial:
            partial.write_text(json.dumps(asdict(self), indent=2) + "\n", encoding="utf-8")

    @classmethod
    def read(cls, path: Path) -> "Ending | None":
        """The one that is kept there; `None` where none is that can be read."""
        try:
            return cls(**json.loads(path.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return None

    def left_its_run_in(self, folder: Path) -> bool:
        """Whether the run that this tells of lies in `folder`, with the numbers that it wrote."""
        try:
            listed = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))["files"]
            numbers = sha256(folder / "results.json") == listed["results.json"]
            return numbers and sha256(folder / MANIFEST) == self.manifest
        except (OSError, ValueError, KeyError, TypeError):
            return False
