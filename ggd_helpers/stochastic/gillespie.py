"""Jump processes: molecules that react one at a time, by Gillespie's direct method, many runs at once."""

from collections.abc import Callable

import torch
from torch import Tensor


def gillespie(
    propensities: Callable[[Tensor], Tensor], changes: Tensor, start: Tensor, times: Tensor, generator: torch.Generator
) -> Tensor:
    """Simulate a jump process exactly, and look at it at the given times.

    In the state `N` the next event comes after a waiting time `-ln(u)/sum_j a_j(N)`; it is event `j` with probability
    `a_j / sum_j a_j`, and adds row `j` of `changes` to `N`.

    Args:
        propensities: the rates `a` of all kinds of events, `(runs, species)` to `(runs, events)`, in 1/time.
        changes: what an event adds to the numbers of molecules, `(events, species)`.
        start: numbers of molecules, `(runs, species)`.
        times: increasing, `(time,)`; the runs begin at time 0.
        generator: the source of randomness.

    Returns:
        The numbers of molecules, `(runs, time, species)`.

    Raises:
        ValueError: a rate is negative or not finite.

    Source: Gillespie (1977).
    """
    counts, clock = start.clone(), torch.zeros(len(start), dtype=times.dtype)
    seen = torch.empty(len(start), len(times), start.shape[1], dtype=start.dtype)
    looked = torch.zeros(len(start), dtype=torch.long)  # at how many times
    running = torch.arange(len(start))
    while len(running):
        now, state = clock[running], counts[running]
        rates = propensities(state).to(times)
        _check(rates)
        total = rates.sum(dim=-1)
        wait = -torch.log1p(-_uniform(now, generator)) / total  # infinite where nothing can happen
        before = torch.searchsorted(times, now + wait)  # at how many times the next event is still to come
        due = before - looked[running]
        time = torch.arange(int(due.sum())) + (before - due.cumsum(0)).repeat_interleave(due)
        seen[running.repeat_interleave(due), time] = state.repeat_interleave(due, dim=0)
        looked[running] = before
        level = _uniform(now, generator) * total
        event = (rates.cumsum(dim=-1) <= level[:, None]).sum(dim=-1).clamp(max=len(changes) - 1)
        counts[running], clock[running] = state + changes[event], now + wait
        running = running[clock[running] <= times[-1]]
    return seen


def _uniform(like: Tensor, generator: torch.Generator) -> Tensor:
    return torch.rand(like.shape, generator=generator, dtype=like.dtype)


def _check(rates: Tensor) -> None:
    if not (torch.isfinite(rates) & (rates >= 0)).all():
        raise ValueError("A rate is negative or not finite: propensities must vanish where a molecule is missing.")
