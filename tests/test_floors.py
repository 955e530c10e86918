"""The package's one rule of layout: a module imports only from its own floor or from those below."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "ggd_helpers"
FLOORS = (
    {"parameters", "grids", "networks", "potentials", "legendre_fenchel"},
    {"dynamics", "integrators"},
    {"systems", "trajectories", "stochastic"},
    {"training", "evaluation"},
    {"figures", "results"},
    {"explorers"},
    {"batch"},
    {"__main__"},
)
FLOOR_OF = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}
MODULES = sorted(path for path in PACKAGE.rglob("*.py") if path != PACKAGE / "__init__.py")


def room_of(path: Path) -> str:
    """The module or sub-package right below the package that holds a file."""
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


def imported_rooms(source: str) -> set[str]:
    """Rooms that a module imports from, wherever in its text."""
    names = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute here"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
    return {name.split(".")[1] for name in names if name.startswith("ggd_helpers.")} & FLOOR_OF.keys()


def test_every_room_has_a_floor():
    assert {room_of(path) for path in MODULES} == FLOOR_OF.keys()


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_no_module_imports_from_a_higher_floor(path):
    here = FLOOR_OF[room_of(path)]
    higher = {room for room in imported_rooms(path.read_text()) if FLOOR_OF[room] > here}
    assert not higher, f"{path.name} stands on floor {here} and imports from {sorted(higher)}"


def test_an_import_is_seen():
    source = "import ggd_helpers.batch\nif True:\n  from ggd_helpers import figures\nfrom ggd_helpers.training import x"
    assert imported_rooms(source) == {"batch", "figures", "training"}
