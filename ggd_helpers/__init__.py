"""Learn how things come to rest: generalized gradient dynamics with convex networks."""
