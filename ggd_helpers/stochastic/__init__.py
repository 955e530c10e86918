"""Where the potentials come from: noise (`langevin`) and jumps (`gillespie`)."""
