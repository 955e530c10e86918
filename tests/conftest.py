"""Shared by the tests: hypothesis, random numbers and matrices, rounding, figures, explorers, refusals, files."""

import contextlib
import copy
import inspect
import io
import logging
import subprocess
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import ipywidgets as widgets
import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from hypothesis import settings
from matplotlib.figure import Figure
from torch import Tensor, nn

settings.register_profile("tests", deadline=None, derandomize=True, max_examples=50)
settings.load_profile("tests")

# The first lines of a program that is to be ended by signals, however the tests themselves were started.
HEEDS_SIGNALS = """\
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored where tests run behind an &
signal.signal(signal.SIGHUP, signal.SIG_DFL)  # and this one under nohup
"""
GGD = f"{HEEDS_SIGNALS}from ggd_helpers.__main__ import main; sys.exit(main())"  # the command line as such a program


def normal(shape: tuple[int, ...], seed: int, dtype: torch.dtype = torch.float64) -> Tensor:
    """Seeded normal numbers."""
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64).to(dtype)


def dense(metric: Any, size: int) -> np.ndarray:
    """The matrix of a metric that is known by what it makes of vectors."""
    return np.stack([metric @ column for column in np.eye(size)], axis=1)


def positive_definite(random: np.random.Generator, size: int) -> np.ndarray:
    """A random Hessian."""
    root = random.normal(size=(size, size))
    return root @ root.T + 0.1 * np.eye(size)


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


def check_drawn(draw: Callable[[], Figure], caplog: pytest.LogCaptureFixture) -> Figure:
    """Draw a figure: matplotlib must not complain (of fonts that are missing) nor keep it, and its settings stay."""
    before = dict(plt.rcParams)
    with caplog.at_level(logging.WARNING, logger="matplotlib"):
        figure = draw()
        figure.savefig(io.BytesIO(), format="png")
    assert not caplog.records
    assert not plt.get_fignums()
    assert dict(plt.rcParams) == before
    return figure


def check_learning(explorer: object, said: str) -> None:
    """Press the button: the status says so at the end, the button is free again, and the picture is another."""
    before = explorer.image.value
    explorer.learn_button.click()
    assert said in explorer.status.value
    assert not explorer.learn_button.disabled
    assert explorer.image.value != before


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


@contextlib.contextmanager
def immutable(path: Path) -> Iterator[None]:
    """A file or folder that nobody can change, not even root; where that cannot be had the test is skipped."""
    if subprocess.run(["chattr", "+i", path], stderr=subprocess.DEVNULL).returncode:
        pytest.skip("needs root, and a disk on which files can be made immutable")
    try:
        yield
    finally:
        subprocess.run(["chattr", "-i", path], check=True)
