"""A plugin for nbval, which waits 5 seconds for the outputs of a cell that has ended: too few on a busy machine."""

import pytest

SECONDS = 60


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let every cell of a notebook wait longer."""
    for item in items:
        item.output_timeout = SECONDS
