"""Explorers: controls that redraw a picture, and a button that learns what the picture shows; one module a chapter."""
