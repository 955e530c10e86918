"""The race of `tests/benchmarks/race.py`: what is learned, who learns it, the clock, and what is told of it."""
