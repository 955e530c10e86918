"""How far a tensor is off."""

from torch import Tensor


def relative_error(found: Tensor, true: Tensor) -> float:
    """The relative L2 error `|found - true| / |true|` over all elements."""
    return ((found - true).norm() / true.norm()).item()
