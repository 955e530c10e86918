"""Where in the site the files lie that pages link to."""

from collections.abc import Iterable
from pathlib import Path
from urllib.parse import unquote, urlsplit

FILES = "files"


class Addresses:
    """Addresses of a flat site: chapters and Markdown files are pages, other files are copied.

    Args:
        root: only what lies in this folder is shown.
        chapters: the notebooks that are pages; others are not linked to, for exercises hold their solutions.

    Attributes:
        pages: the name of the page of each file that has one, in the order in which they were linked to.
        copies: what to copy, by its address.
    """

    def __init__(self, root: Path, chapters: Iterable[Path]):
        self.root = root.resolve()
        self.pages = {path.resolve(): f"{path.stem}.html" for path in chapters}
        self.copies: dict[str, Path] = {}

    def of(self, url: str, page: Path) -> str | None:
        """What the address `url` in the file `page` becomes; `None` where it leads to nothing that the site shows."""
        parts = urlsplit(url)
        if parts.scheme or parts.netloc or not parts.path:
            return url
        target = (page.parent / unquote(parts.path)).resolve()
        if not target.is_file() or not target.is_relative_to(self.root):
            return None
        name = "_".join(target.relative_to(self.root).parts)
        if target.suffix == ".md":
            self.pages.setdefault(target, f"{Path(name).stem.lower()}.html")
        elif target.suffix != ".ipynb":
            self.copies[f"{FILES}/{name}"] = target
            return f"{FILES}/{name}"
        if target not in self.pages:
            return None
        return self.pages[target] + (f"#{parts.fragment}" if parts.fragment else "")
