"""The paper's chain: what its simulation costs, its sampling floors, and how well STIV follows it without training.

Run: python tests/benchmarks/chain_stiv.py 20 21      (seeds of the data)
"""

import resource
import sys
import time
from functools import partial

import torch

import ggd_helpers as ggd

PULLS = [ggd.protocols.stretch(float(length)) for length in range(12, 29)] + [ggd.protocols.wavy_stretch(20.0)]
ROWS = {"train": torch.arange(0, 17, 2), "test": torch.arange(1, 17, 2), "unseen": torch.tensor([17])}


def gigabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def percent(found: torch.Tensor, known: torch.Tensor) -> float:
    """The starts are left out."""
    return 100 * ggd.relative_error(found[:, 1:], known[:, 1:])


def main(seed: int, realisations: int = 2000) -> None:
    chain, began, before = ggd.SpringChain(), time.process_time(), gigabytes()
    drive = partial(ggd.protocols.inputs_of, PULLS)
    groups = ggd.simulate_groups(chain, drive, realisations, points=301, dt=0.1, seed=seed, bins=128)
    seconds, memory = time.process_time() - began, gigabytes() - before
    print(f"seed {seed}: {seconds:.1f} CPU seconds, {memory:.2f} GiB more than before, {gigabytes():.2f} GiB in all")
    for name, rows in ROWS.items():
        half, data = groups[0].select(rows), ggd.pool(groups).select(rows)
        strain, share, force = data.mean, chain.upper_share(data), chain.pull(data)
        floors = percent(half.mean, strain), percent(chain.upper_share(half), share), percent(chain.pull(half), force)
        print(f"  {name:7s} floor: eps {floors[0]:.2f}, p {floors[1]:.2f}, F {floors[2]:.2f}")
        for law in (ggd.stiv.LocalPhases(chain), ggd.stiv.PhasesWithNeighbours(chain)):
            loaded = ggd.stiv.under_force(law, strain[:, 0], share[:, 0], force, data.dt)
            pulled = ggd.stiv.under_pull(law, strain[:, 0], share[:, 0], data.inputs, data.dt)
            print(
                f"          {type(law).__name__:20s} F known: eps {percent(loaded.strain, strain):.2f}, "
                f"p {percent(loaded.share, share):.2f}; v known: eps {percent(pulled.strain, strain):.2f}, "
                f"p {percent(pulled.share, share):.2f}, F {percent(pulled.force, force):.2f}",
                flush=True,
            )


if __name__ == "__main__":
    torch.set_num_threads(1)
    for each in sys.argv[1:] or ["20", "21"]:
        main(int(each))
