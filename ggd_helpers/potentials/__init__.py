"""Entropies and dissipation potentials: of any kind (`general`), driven ones, and those made for one kind of system."""
