"""The first weights of a model: drawn from a seed, whatever modules it is made of."""

import inspect
import math

import torch
from torch import Tensor, nn


@torch.no_grad()
def draw_normal_(parameter: Tensor, deviation: float, generator: torch.Generator) -> None:
    """Fill a parameter with normal numbers of mean 0, drawn on the CPU in float64: a seed means the same everywhere."""
    parameter.copy_(deviation * torch.randn(parameter.shape, generator=generator, dtype=torch.float64))


def draw_kaiming_(weight: Tensor, generator: torch.Generator) -> None:
    """Draw weights `(out, in)` from a normal distribution of variance `2 / in`."""
    draw_normal_(weight, math.sqrt(2.0 / weight.shape[1]), generator)


def redraw_(model: nn.Module, generator: torch.Generator) -> None:
    """Draw everything that a model learns afresh, whatever modules it is made of; what is frozen stays.

    A module that has `reset_parameters(generator)` does it its own way, with all that it holds. One of torch's layers
    is drawn by its own `reset_parameters()`. A parameter of any other module is drawn normal: a matrix as in
    `draw_kaiming_`, the rest with deviation 1/2.
    """
    if not any(parameter.requires_grad for parameter in model.parameters()):
        return
    reset = getattr(model, "reset_parameters", None)
    if reset is not None and "generator" in inspect.signature(reset).parameters:
        reset(generator)
        return
    if reset is not None:
        with torch.random.fork_rng():
            torch.manual_seed(int(torch.randint(2**62, (), generator=generator)))
            reset()
    else:
        for parameter in model.parameters(recurse=False):
            if parameter.requires_grad:
                draw_bare_(parameter, generator)
    for part in model.children():
        redraw_(part, generator)


def redraw_from_(model: nn.Module, seed: int | None) -> None:
    """`redraw_` from a seed; without one the model stays as it is."""
    if seed is not None:
        redraw_(model, torch.Generator().manual_seed(seed))


def restart_(model: nn.Module, generator: torch.Generator) -> None:
    """Draw everything that a model learns afresh for another start of its training, by a seed that is drawn first.

    The model as given is often of the very seed that `generator` began with: drawn from it, it would come out again.
    """
    redraw_(model, torch.Generator().manual_seed(int(torch.randint(2**62, (), generator=generator))))


def draw_bare_(parameter: Tensor, generator: torch.Generator) -> None:
    """Draw a parameter of which nothing else is known."""
    if parameter.dim() == 2:
        draw_kaiming_(parameter, generator)
    else:
        draw_normal_(parameter, 0.5, generator)


def draw_layers_(network: nn.Module, generator: torch.Generator) -> None:
    """Draw all weights of a network afresh (Kaiming normal), and set all its biases to zero."""
    for parameter in network.parameters():
        if parameter.dim() == 2:
            draw_kaiming_(parameter, generator)
        else:
            nn.init.zeros_(parameter)
