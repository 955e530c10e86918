"""What a committee costs: in processes on all cores, and stacked into one model.

    python tests/benchmarks/members.py        two minutes on two cores

Prints how long 16 members take, in units of one fit, how far three of them are from single fits with their seeds, and
one closure of K stacked members (`torch.func.vmap`) beside K closures, on every device of this machine.
"""

import time
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.func import functional_call, grad, stack_module_state, vmap

import ggd_helpers as ggd

MEMBERS = 16
STACKED = (1, 16, 256)
POINTS = 1012


def draw(seed: int) -> ggd.GradientDynamics:
    return ggd.GradientDynamics(ggd.ConcaveEntropy(2), ggd.ConvexDissipation(2), seed)


def seconds(task: Callable[[], object], times: int = 1) -> float:
    began = time.perf_counter()
    for _ in range(times):
        task()
    return (time.perf_counter() - began) / times


def side_by_side(data: ggd.Trajectories, recipe: ggd.SelfScaledBFGS) -> None:
    """Print what the processes are worth, and whether they change anything."""
    ggd.committee(draw, data, recipe, members=2, progress=False)  # the processes start
    alone: list[nn.Module] = []

    def fit(seed: int) -> None:
        alone.append(draw(seed))
        ggd.fit(alone[-1], data, recipe, seed=seed, progress=False)

    one = sum(seconds(lambda seed=seed: fit(seed)) for seed in range(3)) / 3  # type: ignore[misc]
    members: list[nn.Module] = []
    all_of_them = seconds(lambda: members.extend(ggd.committee(draw, data, recipe, MEMBERS, progress=False)))
    print(f"one fit {one:.1f} s (mean of three), {MEMBERS} members {all_of_them:.1f} s: {all_of_them / one:.1f} fits")
    x = data.states[:, ::100]
    with torch.no_grad():
        off = max(float((a(x) - b(x)).abs().max() / b(x).abs().max()) for a, b in zip(members, alone, strict=False))
    print(f"the first three are off their single fits by {off:.1e} of the velocity at most")


def stacked(count: int, states: Tensor) -> tuple[float, float]:
    """Seconds of one closure of `count` stacked members, and of `count` closures."""
    models = [draw(seed).to(states.device) for seed in range(count)]
    weights, buffers = stack_module_state(models)

    def loss(weights: dict[str, Tensor], buffers: dict[str, Tensor]) -> Tensor:
        return functional_call(models[0], (weights, buffers), (states,)).square().mean()

    def one_by_one() -> None:
        for model in models:
            torch.autograd.grad(model(states).square().mean(), list(model.parameters()))
        waited()

    def together() -> None:
        vmap(grad(loss))(weights, buffers)
        waited()

    def waited() -> None:
        if states.is_cuda:
            torch.cuda.synchronize()

    for task in (together, one_by_one):
        task()
    times = max(1, 64 // count)
    return seconds(together, times), seconds(one_by_one, times)


if __name__ == "__main__":
    torch.set_num_threads(1)
    particle = ggd.SteepParticle(dim=2)
    data = ggd.simulate(particle, trajectories=92, points=1000, dt=0.01, seed=20)
    side_by_side(data, ggd.SelfScaledBFGS(iterations=150, restarts=1))
    for device in ["cpu"] + ["cuda"] * torch.cuda.is_available():
        for count in STACKED:
            states = data.states[:, :: 1000 // 11][:, :11].reshape(-1, 2)[:POINTS].to(device)
            together, alone = stacked(count, states)
            print(f"{device}: {count:3d} stacked {1e3 * together:8.1f} ms, one by one {1e3 * alone:8.1f} ms")
