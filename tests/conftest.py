"""Shared by the tests: how hypothesis runs, random numbers, rounding errors, controls of explorers, refusals."""

import contextlib
import copy
import inspect
from collections.abc import Iterator, Mapping
from types import ModuleType

import ipywidgets as widgets
import pytest
import torch
from hypothesis import settings
from torch import Tensor, nn

settings.register_profile("tests", deadline=None, derandomize=True, max_examples=50)
settings.load_profile("tests")


def normal(shape: tuple[int, ...], seed: int, dtype: torch.dtype = torch.float64) -> Tensor:
    """Seeded normal numbers."""
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64).to(dtype)


def rescale_raw_weights(network: nn.Module, scale: float, shift: float) -> None:
    """Move the free weights behind the positive ones far away from where they are drawn."""
    with torch.no_grad():
        for raw in network.raw_weights:
            raw.mul_(scale).add_(shift)


def shaken(module: nn.Module, seed: int, size: float = 1.0) -> nn.Module:
    """The same module with large random weights everywhere."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.copy_(size * torch.randn(parameter.shape, generator=generator, dtype=torch.float64))
    return module


def rounding(network: nn.Module, *inputs: Tensor) -> Tensor:
    """How large the rounding errors of a convex network's value may be, `(...)`.

    With all weights and inputs made positive nothing cancels, and softplus only grows: the value is then a bound of
    every sum inside the network, and rounding errors are a small multiple of its last digit.
    """
    bound = copy.deepcopy(network)
    with torch.no_grad():
        for name, parameter in bound.named_parameters():
            if "raw_weights" not in name:
                parameter.abs_()
        return 32 * torch.finfo(inputs[0].dtype).eps * bound(*[x.abs() for x in inputs])


def chord_excess(function, a: Tensor, b: Tensor, t: Tensor) -> Tensor:
    """How far a function lies above its chord from `a` to `b` at the share `t` of `a`: never, when it is convex."""
    inside = t[..., None] * a + (1 - t)[..., None] * b
    return function(inside) - (t * function(a) + (1 - t) * function(b))


def controls(widget: widgets.Widget) -> Iterator[widgets.Widget]:
    """Every slider, menu and button of a panel: all that has a description."""
    if getattr(widget, "description", ""):
        yield widget
    for child in getattr(widget, "children", ()):
        yield from controls(child)


def functions_of(module: ModuleType, home: str) -> set[str]:
    """The names of the functions that a module offers and that are written in the module `home`."""
    return {name for name, f in inspect.getmembers(module, inspect.isfunction) if f.__module__ == home}


def put_back(explorer: object, first: Mapping[str, object]) -> None:
    """Set the controls of an explorer, by name, to the values that it opened with."""
    for name, value in first.items():
        getattr(explorer, name).value = value


def check_control(explorer: object, name: str, other: object) -> None:
    """Another value of a control must change the picture, and the old one bring it back."""
    control, picture = getattr(explorer, name), explorer.image.value
    old, control.value = control.value, other
    assert explorer.image.value != picture
    control.value = old
    assert explorer.image.value == picture


def check_legend(panel: widgets.VBox, count: int) -> None:
    """A panel has so many controls, each described and explained in its legend."""
    found = list(controls(panel))
    legends = "".join(child.value for child in panel.children if isinstance(child, widgets.HTML))
    assert len(found) == count
    assert all(f"<b>{control.description}</b>" in legends for control in found)


@contextlib.contextmanager
def refused(*words: str) -> Iterator[None]:
    """The block must raise a `ValueError` of one line that holds all these words."""
    with pytest.raises(ValueError, match=r".") as error:
        yield
    message = str(error.value)
    assert [word for word in words if word not in message] == [], message
    assert "\n" not in message
    assert "np." not in message  # NumPy's way to write a text or a number
