"""Chapters in a real JupyterLab and explorers alone, in a real browser (a package: its conftest does not hide the one above)."""
