"""Which explorers there are: those of the package's public names that end in `Explorer`."""

import ast
import difflib
import re
from dataclasses import dataclass
from pathlib import Path

from ggd_helpers import _HOME_OF
from ggd_helpers.batch.chapter import Refused

KIND, PACKAGE = "Explorer", Path(__file__).parents[2]


@dataclass(frozen=True)
class Entry:
    """One explorer, read without importing it.

    Attributes:
        name: what the command line calls it: `half_slope` is the `HalfSlopeExplorer`.
        kind: the name of its class.
        module: where that lives.
        summary: the first line of its docstring.
    """

    name: str
    kind: str
    module: str
    summary: str


def explorers() -> dict[str, Entry]:
    """All explorers by name, in alphabetical order."""
    entries = [_entry(kind, home) for kind, home in _HOME_OF.items() if kind.endswith(KIND)]
    return {entry.name: entry for entry in sorted(entries, key=lambda entry: entry.name)}


def find(name: str) -> Entry:
    """The explorer of this name.

    Raises:
        Refused: there is none; the sentence names those that are spelt much like it, or lie in a module that is.
    """
    known = explorers()
    if name in known:
        return known[name]
    spoken = {entry.module.split(".")[-1]: entry.name for entry in known.values()} | {each: each for each in known}
    like = list(dict.fromkeys(spoken[word] for word in difflib.get_close_matches(name, spoken, cutoff=0.5)))
    hint = f"did you mean {' or '.join(like)}?" if like else f"choose one of {', '.join(known)}."
    raise Refused(f"there is no explorer {name!r}: {hint}")


def _entry(kind: str, home: str) -> Entry:
    source = (PACKAGE / f"{home.replace('.', '/')}.py").read_text(encoding="utf-8")
    (node,) = (node for node in ast.parse(source).body if isinstance(node, ast.ClassDef) and node.name == kind)
    name = re.sub(r"(?<=.)(?=[A-Z])", "_", kind.removesuffix(KIND)).lower()
    return Entry(name, kind, f"ggd_helpers.{home}", (ast.get_docstring(node) or "").partition("\n")[0])
