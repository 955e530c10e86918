"""What the numbers of a run depend on, as digests: two runs with the same ones need not both be made."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

from ggd_helpers.batch.chapter import Refused
from ggd_helpers.files import data_path, sha256
from ggd_helpers.parameters import load_notebook, parameters_of

PACKAGE = Path(__file__).resolve().parents[1]
WORDS = {"notebook": "the notebook", "package": "the package", "parameters": "a default or a data file"}


class Inputs:
    """Digests of a notebook's code and of the package as they are now, and of what runs set.

    Raises:
        Refused: the notebook cannot be read.
    """

    def __init__(self, notebook: Path):
        try:
            content = load_notebook(notebook)
            code = ["".join(cell["source"]) for cell in content["cells"] if cell["cell_type"] == "code"]
            self._defaults = {name: each.default for name, each in parameters_of(content).items() if name != "out"}
        except (OSError, ValueError, KeyError, SyntaxError) as error:
            raise Refused(f"{notebook} cannot be read as a chapter: {error}") from None
        modules = {path.relative_to(PACKAGE).as_posix(): sha256(path) for path in sorted(PACKAGE.rglob("*.py"))}
        self._sources = {"notebook": _digest(code), "package": _digest(modules)}
        self._files: dict[str, str] = {}

    def of(self, values: dict[str, object]) -> dict[str, str]:
        """Digests of the notebook, the package, and all parameters with the content of the files that they name.

        Raises:
            Refused: such a file cannot be read.
        """
        parameters = self._defaults | values
        files = {name: self._file(str(value)) for name, value in parameters.items() if name.endswith("_file") and value}
        return self._sources | {"parameters": _digest(parameters | files)}

    def _file(self, name: str) -> str:
        try:
            if name not in self._files:
                self._files[name] = sha256(data_path(name))
        except OSError as error:
            raise Refused(f"a data file cannot be read: {error}") from None
        return self._files[name]


def changed(before: Mapping[str, str], now: Mapping[str, str]) -> str:
    """What differs, in words; empty where nothing does."""
    return " and ".join(word for name, word in WORDS.items() if before.get(name) != now[name])


def _digest(content: object) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
