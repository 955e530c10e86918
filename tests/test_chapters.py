"""The committed chapters are whole: executed, without errors, readable on GitHub, and settable from the command line.

nbval compares outputs, but finds nothing to compare in a notebook without any: that is what these tests exclude.
"""

import base64
import io
import json
from pathlib import Path

import pytest
from PIL import Image

from ggd_helpers import batch
from ggd_helpers.files import CHAPTERS

PATHS = sorted(CHAPTERS.glob("*.ipynb"))


def read(path: Path) -> dict:
    return json.loads(path.read_text(encoding="utf-8"))


def code_cells(path: Path) -> list[dict]:
    return [cell for cell in read(path)["cells"] if cell["cell_type"] == "code"]


def test_there_are_chapters():
    assert PATHS, f"no notebooks in {CHAPTERS}"
    assert [chapter.path for chapter in batch.chapters()] == PATHS, "a chapter is called NN_name.ipynb"


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
class TestChapter:
    def test_every_cell_was_run_in_order_and_without_error(self, path: Path):
        cells = code_cells(path)
        assert [cell["execution_count"] for cell in cells] == list(range(1, len(cells) + 1)), "say `make notebooks`"
        errors = [output for cell in cells for output in cell["outputs"] if output["output_type"] == "error"]
        assert not errors

    def test_metadata_is_what_every_reader_understands(self, path: Path):
        metadata = read(path)["metadata"]
        assert metadata["kernelspec"]["name"] == "python3"
        assert "widgets" not in metadata, "GitHub does not show a notebook with widget state: say `make notebooks`"

    def test_cells_have_unique_ids(self, path: Path):
        ids = [cell["id"] for cell in read(path)["cells"]]
        assert len(set(ids)) == len(ids)

    def test_pictures_have_few_colours(self, path: Path):
        pictures = [
            Image.open(io.BytesIO(base64.b64decode(output["data"]["image/png"])))
            for cell in code_cells(path)
            for output in cell["outputs"]
            if "image/png" in output.get("data", {})
        ]
        assert {picture.mode for picture in pictures} <= {"P"}, "three times too large: say `make notebooks`"

    def test_size(self, path: Path):
        assert path.stat().st_size < 1_000_000

    def test_parameters_are_unique_literals_with_a_comment_each(self, path: Path):
        tagged = [cell for cell in code_cells(path) if "parameters" in cell["metadata"].get("tags", [])]
        assert len(tagged) == 1
        statements = [line for line in "".join(tagged[0]["source"]).splitlines() if line and not line.startswith("#")]
        parameters = batch.read_chapter(path).parameters
        assert len(parameters) == len(statements), "one parameter a line, each with its type, each name once"
        assert all(parameter.comment for parameter in parameters.values())
        assert parameters["out"].default == f"../runs/{path.stem}"
