"""The whole site: chapters, the pages that they link to, the contents; made aside, then put in its place."""

import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import nbformat
from nbformat import NotebookNode

from ggd_helpers.batch.chapter import Chapter, Refused, chapters
from ggd_helpers.batch.place import STAGING, claimed, unusable
from ggd_helpers.batch.site.addresses import Addresses
from ggd_helpers.batch.site.films import Strip, strips
from ggd_helpers.batch.site.pages import LOOK, Page, markdown_page, page
from ggd_helpers.files import MANIFEST

INDEX, SHARED = "index.html", ("style.css", "film.js")


class Size(NamedTuple):
    """What a chapter needs: its page with all its pictures, bytes, and the pictures of its films alone, counted."""

    name: str
    bytes: int
    frames: int


def build(out: Path, folder: Path) -> list[Size]:
    """Make the site of the chapters in `folder`.

    Raises:
        Refused: a chapter was not executed; `out` cannot be written to, or holds something else than a site.
    """
    _check(out)
    found = chapters(folder)
    notebooks = [_executed(chapter) for chapter in found]
    with claimed(out) as place:
        films = strips(list(zip(found, notebooks, strict=True)))
        site = Site(place.run, found)
        for i, notebook in enumerate(notebooks):
            site.add_chapter(i, notebook, films[found[i].name])
        site.add_the_rest()
        sizes = [site.size(chapter) for chapter in found]
        lies = place.put()
    if lies != out:
        raise Refused(f"something came in the way in {out} meanwhile: the whole site lies in {lies}.")
    return sizes


def _check(out: Path) -> None:
    """Refuse a folder that holds something else than an earlier site."""
    try:
        if out.exists() and not out.is_dir():
            raise Refused(f"{out} is a file, not an earlier site: nothing was touched. Name a folder.")
        there = {path.name for path in out.iterdir()} - {STAGING} if out.exists() else set()
    except OSError as error:
        raise unusable(out, error) from None
    if there and not {INDEX, MANIFEST} <= there:
        raise Refused(
            f"{out} exists and is not an earlier site: nothing was touched. Empty it, or name another folder."
        )


def _executed(chapter: Chapter) -> NotebookNode:
    notebook = nbformat.read(chapter.path, as_version=4)
    codes = [cell for cell in notebook.cells if cell.cell_type == "code"]
    if not any(cell.outputs for cell in codes) or any(cell.execution_count is None for cell in codes if cell.source):
        raise Refused(f"{chapter.path} holds cells without outputs: say `make notebooks`, which executes all chapters.")
    return notebook


class Site:
    """A site that is being written.

    Args:
        out: where to.
        found: its chapters, in reading order.
    """

    def __init__(self, out: Path, found: list[Chapter]):
        self.out, self.chapters = out, found
        self.addresses = Addresses(found[0].path.parents[1], [chapter.path for chapter in found])
        self.cards: list[dict[str, Any]] = []
        self.frames: dict[str, int] = {}

    def add_chapter(self, i: int, notebook: NotebookNode, films: dict[int, Strip]) -> None:
        """Write the page of chapter `i`, with films in place of the still pictures of these cells."""
        chapter = self.chapters[i]
        self.frames[chapter.name] = sum(len(strip.pictures) for strip in films.values())
        for cell, strip in films.items():
            notebook.cells[cell].metadata["film"], notebook.cells[cell].outputs = strip.shown, []
            self._write_pictures(strip.pictures)
        card = _card(chapter, notebook)
        around = {"previous": self.chapters[i - 1]} if i else {}
        around |= {"next": self.chapters[i + 1]} if i + 1 < len(self.chapters) else {}
        made = page(
            notebook,
            chapter.title,
            lambda url: self.addresses.of(url, chapter.path),
            chapter.name,
            **{way: {"page": f"{each.name}.html", "title": each.title} for way, each in around.items()},
        )
        self._write(card["page"], made)
        covers = [strip.cover for strip in films.values()] + list(made.pictures)
        self.cards.append(card | {"cover": covers[0] if covers else None})

    def add_the_rest(self) -> None:
        """Write the contents, then every Markdown file that is linked to, and what these link to; copy other files."""
        contents = LOOK / "contents.md"
        self._write_markdown(INDEX, contents.read_text(encoding="utf-8"), self.addresses.root / "README.md", self.cards)
        known = {chapter.path.resolve() for chapter in self.chapters}
        while waiting := [path for path in self.addresses.pages if path not in known]:
            for path in waiting:
                self._write_markdown(self.addresses.pages[path], path.read_text(encoding="utf-8"), path, [])
            known.update(waiting)
        for address, path in self.addresses.copies.items():
            (self.out / address).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, self.out / address)
        for name in SHARED:
            shutil.copyfile(LOOK / name, self.out / name)

    def size(self, chapter: Chapter) -> Size:
        """What a chapter needs, all in all."""
        files = [self.out / f"{chapter.name}.html", *(self.out / chapter.name).rglob("*.*")]
        return Size(chapter.name, sum(path.stat().st_size for path in files), self.frames[chapter.name])

    def _write_markdown(self, name: str, source: str, path: Path, cards: list[dict[str, Any]]) -> None:
        title = next(iter(re.findall(r"^# +(.+)$", source, re.MULTILINE)), path.stem)
        self._write(name, markdown_page(source, title, lambda url: self.addresses.of(url, path), cards=cards))

    def _write(self, name: str, made: Page) -> None:
        (self.out / name).write_text(made.html, encoding="utf-8")
        self._write_pictures(made.pictures)

    def _write_pictures(self, pictures: Mapping[str, bytes]) -> None:
        for address, content in pictures.items():
            (self.out / address).parent.mkdir(parents=True, exist_ok=True)
            (self.out / address).write_bytes(content)


def _card(chapter: Chapter, notebook: NotebookNode) -> dict[str, Any]:
    """What the contents say of a chapter: its title, its first sentence, and the minutes that it takes."""
    opening = next((cell.source for cell in notebook.cells if cell.cell_type == "markdown"), "")
    paragraphs = [text for text in opening.split("\n\n") if not text.startswith("#")]
    first = re.split(r"(?<=[.!?])\s", paragraphs[0])[0] if paragraphs else ""
    minutes = re.search(r"\*\*Reading\*\* (\d+ minutes)", opening)
    return {
        "page": f"{chapter.name}.html",
        "title": chapter.title,
        "promise": first,
        "minutes": f"{minutes[1]} to read" if minutes else "",
    }
