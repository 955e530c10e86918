"""Physical systems: an analytic pair of potentials, and where their trajectories start; one module a system."""
