"""Imports, pyproject.toml (pip), environment.yml (conda), constraints.txt (tested versions), README say the same thing.

Conda's channels may be out of reach of a test machine, so nothing is solved here: specs are parsed and compared.
"""

import ast
import re
import sys
import tomllib
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from rattler import MatchSpec

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
ENVIRONMENT = yaml.safe_load((ROOT / "environment.yml").read_text())
CONDA_NAMES = {"torch": "pytorch"}  # where conda-forge says it differently


def conda_ranges(environment: dict) -> dict[str, SpecifierSet]:
    """Version range by package name, each spec read by conda's own grammar."""
    specs = [MatchSpec(entry, strict=True) for entry in environment["dependencies"] if isinstance(entry, str)]
    return {canonicalize_name(spec.name.normalized): SpecifierSet(spec.version or "") for spec in specs}


def pip_ranges(project: dict) -> dict[str, SpecifierSet]:
    """The same for pyproject.toml, in conda's names; pip is there to install the package itself."""
    needed = map(Requirement, project["dependencies"])
    ranges = {canonicalize_name(CONDA_NAMES.get(each.name, each.name)): each.specifier for each in needed}
    return ranges | {"python": SpecifierSet(project["requires-python"]), "pip": SpecifierSet()}


def test_conda_and_pip_ranges_agree():
    assert conda_ranges(ENVIRONMENT) == pip_ranges(PROJECT)


@pytest.mark.parametrize(
    ("old", "new"),
    [("pytorch >=2.6,<2.14", ["pytorch >=2.6"]), ("tqdm >=4.66,<5", []), ("pip", ["pip", "black >=24"])],
    ids=["another range", "one too few", "one too many"],
)
def test_a_disagreement_is_seen(old: str, new: list[str]):
    assert old in ENVIRONMENT["dependencies"]
    kept = [entry for entry in ENVIRONMENT["dependencies"] if entry != old]
    assert conda_ranges({"dependencies": kept + new}) != pip_ranges(PROJECT)


def test_environment_is_one_that_conda_and_binder_read():
    assert set(ENVIRONMENT) == {"name", "channels", "dependencies"}
    assert ENVIRONMENT["channels"] == ["conda-forge"]
    assert [entry for entry in ENVIRONMENT["dependencies"] if isinstance(entry, dict)] == [{"pip": ["-e ."]}]


@pytest.mark.parametrize("name", ["README.md", "environment.yml"])
def test_the_environment_that_is_made_is_the_one_that_is_activated(name: str):
    commands = re.findall(
        r"conda env create -f (\S+) && conda activate (\w+)", (ROOT / name).read_text(encoding="utf-8")
    )
    assert commands == [("environment.yml", ENVIRONMENT["name"])]


def imported_modules(source: str) -> set[str]:
    """Top-level names of what a module imports, wherever in its text."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module or "")
    return {name.partition(".")[0] for name in names}


PACKAGE = ROOT / "ggd_helpers"
EXTRAS = {
    "class": {path for room in ("alone", "classroom") for path in (PACKAGE / "batch" / room).rglob("*.py")},
    "batch": {PACKAGE / "batch" / f"{name}.py" for name in ("cluster", "job", "sweep", "worker")},
    "site": set((PACKAGE / "batch" / "site").rglob("*.py")),
}
"""What is not needed for a chapter is declared as an extra, and imported in these modules only."""


def foreign_imports(paths: Iterable[Path]) -> set[str]:
    """The distributions that modules import from, the standard library and the package itself left out."""
    names = set().union(*(imported_modules(path.read_text(encoding="utf-8")) for path in paths))
    providers = metadata.packages_distributions()
    foreign = names - sys.stdlib_module_names - {"ggd_helpers"}
    return {canonicalize_name(providers.get(name, [name])[0]) for name in foreign}


def declared(lines: list[str]) -> set[str]:
    return {canonicalize_name(Requirement(line).name) for line in lines}


def test_every_import_of_the_package_is_declared():
    usual = set(PACKAGE.rglob("*.py")) - set().union(*EXTRAS.values())
    assert {"torch", "pillow"} <= foreign_imports(usual)
    needed = declared(PROJECT["dependencies"])
    assert foreign_imports(usual) <= needed, "imported by the package and not declared in pyproject.toml"
    for extra, modules in EXTRAS.items():
        more = declared(PROJECT["optional-dependencies"][extra])
        assert foreign_imports(modules) - needed == more, extra


def test_every_dependency_has_a_tested_version_within_its_range():
    pinned = {}
    for line in (ROOT / "tests" / "constraints.txt").read_text().splitlines():
        if not line.startswith("#"):
            requirement = Requirement(line)
            (pin,) = requirement.specifier
            assert pin.operator == "==", line
            assert "+" not in pin.version, f"{line}: a local build cannot be had elsewhere"
            pinned[canonicalize_name(requirement.name)] = pin.version
    extras = PROJECT["optional-dependencies"]
    for requirement in map(
        Requirement, PROJECT["dependencies"] + [line for name in ("dev", *EXTRAS) for line in extras[name]]
    ):
        version = pinned[canonicalize_name(requirement.name)]
        assert requirement.specifier.contains(version), f"{requirement} does not admit the tested {version}"
