"""Training: what is minimised (`objectives`), how (`self_scaled_bfgs`, `adam_lbfgs`), the loop around it (`fit`).

`contracts` says what these ask of each other, so that a user's own can take their place. `regression` fits functions
without trajectories; `landscapes` watches optimisers go down.
"""
