"""What modules derive from their weights alone: at every call, or once while the weights are held."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Generic, TypeVar

from torch import nn

Value = TypeVar("Value")


class Derived(nn.Module, Generic[Value]):
    """A module that needs, at every call, what a subclass's `derive` makes of its weights alone."""

    held: Value | None = None

    def derive(self) -> Value:
        """Make it of the weights as they are."""
        raise NotImplementedError

    def derived(self) -> Value:
        """What `derive` makes; as it is held, if it is (`weights_held`)."""
        return self.derive() if self.held is None else self.held


@contextmanager
def weights_held(model: nn.Module) -> Iterator[None]:
    """While the weights of a model do not change, derive from them once: a path asks thousands of times."""
    modules = [module for module in model.modules() if isinstance(module, Derived)]
    try:  # from here on, for nothing may stay held: not after Ctrl-C, either
        for module in modules:
            module.held = module.derive()
        yield
    finally:
        for module in modules:
            module.held = None
