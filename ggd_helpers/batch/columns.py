"""Tables on the screen."""

from collections.abc import Iterable


def aligned(rows: Iterable[Iterable[str]]) -> list[str]:
    """Rows of as many cells each, as lines in which every column is as wide as its widest cell."""
    rows = [list(row) for row in rows]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
