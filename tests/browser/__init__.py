"""JupyterLab and Voila in a real browser (a package, so that its conftest does not hide the one above)."""
