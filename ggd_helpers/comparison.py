"""What an exercise tells about an answer: the true value, yours, and what is typically wrong when they differ."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from IPython.display import display

from ggd_helpers.ranges import shown

MIME = "application/vnd.ggd.comparison+json"
"""Under this key an output in a notebook says in JSON what it says in words: `ggd class check` reads it."""

UNCHOSEN = "?"
"""What stands where a student has still to choose."""

Hints = Mapping[str, object]
"""By sentence, the value that a typical mistake leads to."""


class Comparison(NamedTuple):
    """One answer beside the truth.

    Example:
        >>> Comparison.of("S at x = 2", 2.0, -2.0, {"the hill is upside down": 2.0})
        S at x = 2
            true value  -2
            your value  2
            not yet: the hill is upside down
    """

    what: str
    true: str
    yours: str
    agrees: bool
    why: str
    """What is typically wrong when an answer is like this; empty when it agrees."""

    @classmethod
    def of(cls, what: str, yours: object, true: object, hints: Hints | None = None, tolerance: float = 1e-6):
        """Compare numbers, tensors or texts; numbers agree within `tolerance` of the largest true one.

        The first hint whose value agrees with yours says why; without one, shape, sign, factor and size are looked at.
        """
        agrees = _agree(yours, true, tolerance)
        typical = (sentence for sentence, wrong in (hints or {}).items() if _agree(yours, wrong, tolerance))
        why = "" if agrees else next(typical, None) or _difference(yours, true)
        return cls(what, _text(true), _text(yours), agrees, why)

    def __repr__(self) -> str:
        verdict = "they agree" if self.agrees else f"not yet: {self.why}"
        return f"{self.what}\n    true value  {self.true}\n    your value  {self.yours}\n    {verdict}"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        return {"text/plain": repr(self), MIME: self._asdict()}


def compare(what: str, yours: object, true: object, hints: Hints | None = None, tolerance: float = 1e-6) -> None:
    """Show the true value, yours, and what is typically wrong when they differ: see `Comparison.of`."""
    display(Comparison.of(what, yours, true, hints, tolerance))


def demand(what: str, yours: object, true: object, hints: Hints | None = None, tolerance: float = 1e-6) -> None:
    """The same for a test that gives points.

    Raises:
        AssertionError: they differ; it says what `compare` would show.
    """
    comparison = Comparison.of(what, yours, true, hints, tolerance)
    if not comparison.agrees:
        raise AssertionError(repr(comparison))


def chosen(what: str, yours: object, offered: Sequence[str] | Mapping[str, str]) -> None:
    """Show which of the `offered` answers was chosen, without the truth; a mapping says in words what each means."""
    there = isinstance(yours, str) and yours in offered
    words = offered[yours] if isinstance(offered, Mapping) and isinstance(yours, str) and there else _text(yours)
    why = "" if there else f"choose one of {', '.join(map(repr, offered))}"
    choice = Comparison(what, "is not told here", words, there, why)
    verdict = "this is one of the answers" if there else f"not yet: {why}"
    display(
        {"text/plain": f"{what}\n    your choice  {words}\n    {verdict}", MIME: choice._asdict()},
        raw=True,
    )


def _agree(yours: object, true: object, tolerance: float) -> bool:
    if isinstance(true, str) or isinstance(yours, str):
        return isinstance(true, str) and isinstance(yours, str) and yours == true
    ours, theirs = _numbers(yours), _numbers(true)
    if ours is None or theirs is None or ours.shape != theirs.shape:
        return False
    finite = theirs[np.isfinite(theirs)]
    size = np.abs(finite).max(initial=0.0) or 1.0
    return np.allclose(ours, theirs, rtol=0.0, atol=tolerance * size)


def _numbers(value: object) -> np.ndarray | None:
    """As an array of float64, or `None` where it holds something else than numbers."""
    import torch  # not with the module: `ggd class check` reads its key of comparisons, and compares nothing itself

    if value is None or isinstance(value, str):  # NumPy reads numbers in texts, too
        return None
    try:
        if isinstance(value, torch.Tensor):
            return value.detach().cpu().double().numpy()
        return np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError, RuntimeError):  # the last: a list of tensors that require a gradient
        return None


def _difference(yours: object, true: object) -> str:
    if isinstance(true, str):
        return "nothing is chosen yet" if yours == UNCHOSEN else "another answer is right"
    ours, theirs = _numbers(yours), _numbers(true)
    if theirs is None:
        raise TypeError(f"the true value must be a text or numbers (got {shown(true)})")
    if ours is None:
        return f"a number is asked for, and yours is {type(yours).__name__}"
    if ours.shape != theirs.shape:
        return f"the shape should be {theirs.shape}, and yours is {ours.shape}"
    finite = np.isfinite(theirs)
    if not np.isfinite(ours[finite]).all():
        return "yours is infinite or not a number where the true value is finite"
    if not np.array_equal(ours[~finite], theirs[~finite]):
        return "the true value is infinite somewhere, and yours is not"
    return _pattern(ours[finite], theirs[finite])


def _pattern(ours: np.ndarray, theirs: np.ndarray) -> str:
    """What finite numbers of one shape have to do with each other."""
    size = np.abs(theirs).max(initial=0.0)
    if size and np.allclose(ours, -theirs, rtol=0.0, atol=1e-6 * size):
        return "the sign is turned"
    factor = float((ours * theirs).sum() / (theirs * theirs).sum()) if size else 0.0
    if theirs.size > 1 and factor and np.allclose(ours, factor * theirs, rtol=0.0, atol=1e-6 * size * abs(factor)):
        return f"yours is {factor:.4g} times the true value everywhere"
    return f"they differ by up to {np.abs(ours - theirs).max(initial=0.0):.2g}"


def _text(value: object) -> str:
    """A few numbers in a few digits; texts as they are."""
    numbers = None if isinstance(value, str) else _numbers(value)
    if numbers is None or numbers.size == 0:
        return str(value) if isinstance(value, str) else shown(value)
    few = ", ".join(f"{number:.6g}" for number in numbers.flat[:4])
    if numbers.ndim == 0:
        return few
    return f"[{few}{', ...' if numbers.size > 4 else ''}], of shape {numbers.shape}"
