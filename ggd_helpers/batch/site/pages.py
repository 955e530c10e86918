"""Pages by nbconvert, all from one template: a notebook's text, code and outputs, as they were committed."""

import re
import struct
from base64 import b64decode
from collections.abc import Callable, Mapping
from importlib import metadata
from pathlib import Path
from typing import Any, NamedTuple

from nbconvert.exporters import TemplateExporter
from nbconvert.filters import Highlight2HTML
from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell, new_notebook
from traitlets.config import Config

from ggd_helpers.batch.site.prose import Prose

LOOK = Path(__file__).with_name("look")
PNG, WIDGET = "image/png", "application/vnd.jupyter.widget-view+json"
Address = Callable[[str], str | None]


class Page(NamedTuple):
    """A page: its HTML, and the pictures that belong to it, by address."""

    html: str
    pictures: Mapping[str, bytes]


class _Exporter(TemplateExporter):
    """Three times as fast as nbconvert's own exporter of HTML, which reads each page again to mend what ours has."""

    output_mimetype, file_extension = "text/html", ".html"


def page(notebook: NotebookNode, title: str, address: Address, pictures: str = "", **more: Any) -> Page:
    """A notebook as a page.

    Args:
        notebook: what to show; it is changed.
        title: of the window.
        address: what links become, see `Prose`.
        pictures: the folder of the page's pictures.
        more: what else the template asks for: `previous` and `next` page, `cards`.
    """
    prose = Prose(address)
    exporter = _Exporter(
        extra_template_basedirs=[str(LOOK.parent)],
        template_name=LOOK.name,
        filters={"markdown2html": prose, "highlight_code": Highlight2HTML(pygments_lexer="ipython3")},
        config=Config({"ExtractOutputPreprocessor": {"enabled": True}}),
    )
    resources = {"unique_key": "figure", "output_files_dir": pictures or None, "outputs": {}} | more
    resources |= {"title": title, "sections": _sections(notebook, address), "version": metadata.version("ggd_helpers")}
    _prepare(notebook)
    html, made = exporter.from_notebook_node(notebook, resources)
    return Page(html, made["outputs"])


def markdown_page(source: str, title: str, address: Address, **more: Any) -> Page:
    """A text as a page, see `page`."""
    return page(new_notebook(cells=[new_markdown_cell(source)]), title, address, **more)


def _sections(notebook: NotebookNode, address: Address) -> list[dict[str, str]]:
    """The headings of the second level, and where they stand."""
    texts = (cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    headings = re.findall(r"^## .+$", "\n".join(texts), re.MULTILINE)
    found = re.findall(r'<h2 id="(.*?)">(.*?)</h2>', Prose(address)("\n\n".join(headings)))
    return [{"anchor": anchor, "title": title} for anchor, title in found]


def _prepare(notebook: NotebookNode) -> None:
    """Leave out widgets, and tell of every figure how large it is and what it is."""
    section = ""
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            section = next(iter(re.findall(r"^#+ +(.+)$", cell.source, re.MULTILINE)[::-1]), section)
        if cell.cell_type == "code":
            cell.outputs = [each for each in cell.outputs if not _is_widget(each)]
            for output in cell.outputs:
                if PNG in output.get("data", {}):
                    output.metadata[PNG] = _shape(output) | {"alt": _told(cell.source, section)}


def _is_widget(output: NotebookNode) -> bool:
    data = output.get("data", {})
    return WIDGET in data and "text/html" not in data


def _shape(output: NotebookNode) -> dict[str, int]:
    """How wide and high to show a figure, in the page's pixels: its own, or what the notebook says."""
    width, height = struct.unpack(">II", b64decode(output.data[PNG])[16:24])
    shown = output.metadata.get(PNG, {}).get("width", width)
    return {"width": shown, "height": round(height * shown / width)}


def _told(source: str, section: str) -> str:
    """What a figure is, as far as its cell says; what it shows is written below it."""
    name = re.search(r"""record\.figure\(.*["']([^"'{}]+)["']\s*,?\s*\)""", source, re.DOTALL)
    words = re.sub(r"^(\d+[a-z]?_)+", "", name[1]).replace("_", " ") if name else ""
    place = section.replace("$", "")
    return f"Figure{f': {words}' if words else ''}, of “{place}”; the text beside it says what it shows."
