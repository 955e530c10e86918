"""The parameters of a chapter, as its cell tagged `parameters` declares them: name, type, default, meaning, range.

A line is `gamma: float = 1.0  # damping rate, 1/time; positive`. What stands after the last `;` is checked: for numbers
a range in the words of `ranges`, for texts a choice such as `auto, cpu or cuda`.
"""

import ast
import io
import json
import re
import tokenize
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ggd_helpers.ranges import check, read_range, shown

_CHOICE = re.compile(r"\w+(, \w+)* or \w+")


def _truth(text: str) -> bool:
    return {"true": True, "false": False}[text.lower()]


_READERS: dict[str, tuple[Callable[[str], Any], str]] = {
    "float": (float, "a number"),
    "int": (int, "a whole number"),
    "bool": (_truth, "true or false"),
    "str": (str, "text"),
}


@dataclass(frozen=True)
class Parameter:
    """One line of the parameters cell.

    Raises:
        ValueError: a type that is not one of four, or a number without a range that can be read.
    """

    name: str
    type: str
    default: object
    comment: str

    def __post_init__(self) -> None:
        if self.type not in _READERS:
            raise ValueError(f"{self.name}: {self.type} (its type must be one of {', '.join(_READERS)})")
        if self.type in ("int", "float"):
            read_range(self._range())

    @property
    def meaning(self) -> str:
        """The comment without the range."""
        return self.comment.rpartition("; ")[0] or self.comment

    def _range(self) -> str:
        return ("a whole number, " if self.type == "int" else "") + self.comment.rpartition("; ")[2]

    def read(self, text: str) -> Any:
        """The value that a text from the command line stands for, in its range.

        Raises:
            ValueError: naming the parameter, its type or range, the text and the meaning.
        """
        reader, wanted = _READERS[self.type]
        try:
            value = reader(text)
        except (ValueError, KeyError):
            raise ValueError(f"{self.name} must be {wanted} (got {shown(text)}): {self.meaning}.") from None
        self.check(value)
        return value

    def check(self, value: Any) -> None:
        """Refuse a value of another type, or outside the range.

        Raises:
            ValueError: naming the parameter, its range, the value and the meaning.
        """
        if self.type in ("int", "float"):
            check(self.name, value, self._range(), self.meaning)
            return
        choice = self.comment.rpartition("; ")[2]
        if self.type == "bool":
            admitted, words = isinstance(value, bool), "true or false"
        elif _CHOICE.fullmatch(choice):
            admitted, words = value in re.split(r", | or ", choice), choice
        else:
            admitted, words = isinstance(value, str) and bool(value.strip()), "a text that is not empty"
        if not admitted:
            raise ValueError(f"{self.name} must be {words} (got {shown(value)}): {self.meaning}.")


def read_parameters(source: str) -> dict[str, Parameter]:
    """The parameters that the source of a cell declares, in order.

    Parsed here and not by `papermill.inspect_notebook`, which drops every line with a second `=` in it
    (`reactions: str = "A <-> B | kf=2"`) and takes two seconds to import.

    Raises:
        ValueError, SyntaxError: a line that is not a declaration of this kind.
    """
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    comments = {token.start[0]: token.string.lstrip("# ") for token in tokens if token.type == tokenize.COMMENT}
    parameters = {}
    for line in ast.parse(source).body:
        if isinstance(line, ast.AnnAssign):
            name, kind = ast.unparse(line.target), ast.unparse(line.annotation)
            if line.value is None:
                raise ValueError(f"{name} has no default (write {name}: {kind} = ...)")
            comment = comments.get(line.end_lineno or 0, "")
            parameters[name] = Parameter(name, kind, ast.literal_eval(line.value), comment)
    return parameters


def tagged_parameters(notebook: Mapping[str, Any]) -> int | None:
    """Which cell of a notebook is tagged `parameters`."""
    tags = [cell["metadata"].get("tags", []) for cell in notebook["cells"]]
    return next((i for i, names in enumerate(tags) if "parameters" in names), None)


def parameters_of(notebook: Mapping[str, Any]) -> dict[str, Parameter]:
    """The parameters of a notebook, from its cell tagged `parameters`; none when there is no such cell."""
    tagged = tagged_parameters(notebook)
    return {} if tagged is None else read_parameters("".join(notebook["cells"][tagged]["source"]))


def load_notebook(path: Path) -> dict[str, Any]:
    """A notebook as plain JSON."""
    return json.loads(path.read_text(encoding="utf-8"))
