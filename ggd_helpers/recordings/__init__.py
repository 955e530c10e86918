"""Recordings: on a regular grid of times (`regular`), driven, of ensembles, as measured; how they are simulated."""
