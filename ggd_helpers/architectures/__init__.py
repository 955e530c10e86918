"""Other architectures than a pair of potentials, to compare with."""
