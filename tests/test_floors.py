"""The rule of layout: a module imports only from its own floor of the README's map, or from those below."""

import ast
import re
from pathlib import Path

import pytest

from ggd_helpers import __all__ as exported

PACKAGE = Path(__file__).parents[1] / "ggd_helpers"
ROWS = re.findall(r"^\| (\d) \| (.+?) \|", (PACKAGE.parent / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
FLOOR_OF = {room: int(floor) for floor, rooms in ROWS for room in re.findall(r"`(\w+)/?`", rooms)}
MODULES = sorted(path for path in PACKAGE.rglob("*.py") if path != PACKAGE / "__init__.py")


def room_of(path: Path) -> str:
    """The module or sub-package right below the package that holds a file."""
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


def imported_names(source: str) -> set[str]:
    """What a module imports from right below the package, wherever in its text: rooms, and names of the package."""
    names = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute here"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
    return {name.split(".")[1] for name in names if name.startswith("ggd_helpers.")}


def test_the_map_has_every_room():
    assert {room_of(path) for path in MODULES} == FLOOR_OF.keys()


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_no_module_imports_from_a_higher_floor(path):
    here, names = FLOOR_OF[room_of(path)], imported_names(path.read_text(encoding="utf-8"))
    higher = {name for name in names & FLOOR_OF.keys() if FLOOR_OF[name] > here}
    assert not higher, f"{path.name} stands on floor {here} and imports from {sorted(higher)}"
    front = names & (set(exported) - FLOOR_OF.keys())
    assert not front, f"{path.name} imports from the package's front door, which stands on every floor"


def test_an_import_is_seen():
    source = "import ggd_helpers.batch\nif True:\n  from ggd_helpers import fit\nfrom ggd_helpers.training import x"
    assert imported_names(source) == {"batch", "fit", "training"}
