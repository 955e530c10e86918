"""Explorers as films: which one a cell shows, opened as the chapter opens it, and its pictures made small."""

import ast
import io
from collections.abc import Iterable, Mapping
from functools import partial
from importlib import import_module
from typing import Any, NamedTuple

from nbformat import NotebookNode
from PIL import Image

from ggd_helpers.batch.alone.catalogue import Entry, explorers
from ggd_helpers.batch.chapter import Chapter
from ggd_helpers.explorers.film import Film, film
from ggd_helpers.training.side_by_side import side_by_side

COLOURS = 128


class Shown(NamedTuple):
    """An explorer as a cell shows it.

    Attributes:
        entry: which one.
        given: the arguments by name or place, as far as they are known without running the chapter; `None` where
            they are not.
    """

    entry: Entry
    given: tuple[list, dict] | None

    def film(self) -> Film:
        """Its film, with pictures in WebP; an explorer whose arguments are not known is opened alone."""
        kind = getattr(import_module(self.entry.module), self.entry.kind)
        taken = film(kind.alone() if self.given is None else kind(*self.given[0], **self.given[1]))
        return taken._replace(frames=[frame._replace(picture=small(frame.picture)) for frame in taken.frames])


class Strip(NamedTuple):
    """A film in a site.

    Attributes:
        shown: what the template and `film.js` ask for.
        pictures: its frames, by address.
    """

    shown: dict[str, Any]
    pictures: dict[str, bytes]

    @property
    def cover(self) -> str:
        """The address of the frame with which it begins."""
        return self.shown["frames"][self.shown["first"]]["src"]


def strips(read: Iterable[tuple[Chapter, NotebookNode]]) -> dict[str, dict[int, Strip]]:
    """The films of all explorers of some chapters, by the chapter's name and the index of the cell.

    Cores work side by side, an explorer at a time each.
    """
    found = [
        (chapter, i, cell, explorer)
        for chapter, notebook in read
        for i, cell in enumerate(notebook.cells)
        if cell.cell_type == "code"
        and (explorer := shown(cell.source, {name: each.default for name, each in chapter.parameters.items()}))
    ]
    films: dict[str, dict[int, Strip]] = {chapter.name: {} for chapter, _ in read}
    taken = side_by_side([explorer.film for *_, explorer in found])
    for (chapter, i, cell, explorer), each in zip(found, taken, strict=True):
        number = len(films[chapter.name]) + 1
        films[chapter.name][i] = _strip(each, explorer.entry.name, f"{chapter.name}/film_{number}", cell)
    return films


def _strip(taken: Film, explorer: str, folder: str, cell: NotebookNode) -> Strip:
    """A film as files in a folder, as wide on the page as the still picture that its cell shows."""
    pictures = {f"{folder}/{k:02}.webp": frame.picture for k, frame in enumerate(taken.frames)}
    frames = [
        {"src": address, "value": frame.value, "alt": frame.told, "said": frame.status}
        for address, frame in zip(pictures, taken.frames, strict=True)
    ]
    wide, high = Image.open(io.BytesIO(taken.frames[0].picture)).size
    widths = [output.get("metadata", {}).get("image/png", {}).get("width") for output in cell.outputs]
    width = next(filter(None, widths), wide)
    about: dict[str, Any] = {
        "id": folder.rpartition("/")[2].replace("_", "-"),
        "explorer": explorer,
        "control": taken.control,
    }
    about |= {"frames": frames, "first": taken.first, "width": width, "height": round(high * width / wide)}
    about["talks"] = len({frame.status for frame in taken.frames}) > 1
    return Strip(about, pictures)


def shown(source: str, parameters: Mapping[str, object]) -> Shown | None:
    """The explorer whose still picture a cell ends with; `None` for other cells.

    Args:
        source: of the cell.
        parameters: of its chapter, by name.
    """
    body = _statements(source)
    if not body or not _is_still(body[-1]):
        return None
    kinds = {entry.kind: entry for entry in explorers().values()}
    for call in (node for statement in body for node in ast.walk(statement) if isinstance(node, ast.Call)):
        entry = kinds.get(call.func.attr) if isinstance(call.func, ast.Attribute) else None
        if entry:
            return Shown(entry, _given(call, parameters))
    return None


def _statements(source: str) -> list[ast.stmt]:
    try:
        return ast.parse(source).body
    except SyntaxError:  # one of IPython's own commands
        return []


def _is_still(statement: ast.stmt) -> bool:
    call = statement.value if isinstance(statement, ast.Expr) else None
    return isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == "still"


def _given(call: ast.Call, parameters: Mapping[str, object]) -> tuple[list, dict] | None:
    value = partial(_value, parameters=parameters)
    try:
        return [value(each) for each in call.args], {each.arg: value(each.value) for each in call.keywords}
    except (KeyError, ValueError):
        return None


def _value(node: ast.expr, parameters: Mapping[str, object]) -> object:
    return parameters[node.id] if isinstance(node, ast.Name) else ast.literal_eval(node)


def small(png: bytes) -> bytes:
    """The same picture with few colours, as lossless WebP."""
    picture = Image.open(io.BytesIO(png)).convert("RGB")
    few = picture.quantize(COLOURS, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE).convert("RGB")
    file = io.BytesIO()
    few.save(file, format="webp", lossless=True, quality=60, method=2)
    return file.getvalue()
