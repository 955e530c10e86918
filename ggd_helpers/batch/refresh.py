"""Execute the chapters in place, as they are committed."""

import base64
import io
from pathlib import Path
from typing import TYPE_CHECKING

from ggd_helpers.batch.chapter import chapters
from ggd_helpers.files import CHAPTERS

if TYPE_CHECKING:
    from nbformat import NotebookNode


def refresh(folder: Path = CHAPTERS) -> None:
    """Execute all chapters in place at their defaults, and keep of the outputs what belongs under version control."""
    import nbformat
    from nbclient import NotebookClient

    from ggd_helpers.batch.kernel import ThisPython

    for chapter in chapters(folder):
        print(f"executing {chapter.path}", flush=True)
        notebook = nbformat.read(chapter.path, as_version=4)
        NotebookClient(
            notebook,
            kernel_name="python3",
            kernel_manager_class=ThisPython,
            resources={"metadata": {"path": str(folder)}},
            record_timing=False,
        ).execute()
        _strip(notebook)
        nbformat.write(notebook, chapter.path)


def _strip(notebook: "NotebookNode") -> None:
    """Remove what changes from run to run or breaks GitHub's view; cell ids and outputs stay."""
    notebook.metadata.pop("widgets", None)
    notebook.metadata.get("language_info", {}).pop("version", None)
    for cell in notebook.cells:
        for volatile in ("execution", "papermill"):
            cell.metadata.pop(volatile, None)
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            if png := data.get("image/png"):
                data["image/png"] = _with_few_colours(png)
            if "text/html" in data:  # what a widget shows where there is no kernel
                data.pop("application/vnd.jupyter.widget-view+json", None)


def _with_few_colours(png: str) -> str:
    """The same picture with 64 colours: a third of the size, which keeps a chapter under 1 MB."""
    from PIL import Image

    file = io.BytesIO()
    picture = Image.open(io.BytesIO(base64.b64decode(png))).convert("RGB")
    picture.quantize(64, dither=Image.Dither.NONE).save(file, format="png", optimize=True)
    return base64.b64encode(file.getvalue()).decode()
