"""What a chapter leaves behind: numbers, figures and weights in one folder, for people and for batch jobs."""

import json
import math
import platform
import time
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

import torch
from matplotlib.figure import Figure
from safetensors.torch import save_file

from ggd_helpers import STARTED

DATA = Path(__file__).resolve().parents[1] / "data"


def data_path(name: str) -> Path:
    """The place of a file of your own, or of one that the course ships in `data/`.

    Raises:
        FileNotFoundError: there is neither.
    """
    for path in (Path(name), DATA / name):
        if path.is_file():
            return path
    raise FileNotFoundError(f"There is no file {name!r}, neither at {Path(name).resolve()} nor in {DATA}.")


def save_figure(figure: Figure, out: str, name: str) -> Figure:
    """Keep a figure as `OUT/figures/NAME.png`, and hand it back for the page."""
    folder = Path(out) / "figures"
    folder.mkdir(parents=True, exist_ok=True)
    figure.savefig(folder / f"{name}.png", dpi=150)
    return figure


def save_results(
    out: str,
    chapter: str,
    parameters: Mapping[str, Any],
    metrics: Mapping[str, Mapping[str, float]],
    models: Mapping[str, torch.nn.Module],
    device: torch.device,
) -> Path:
    """Write `OUT/results.json`, and the weights of every model as `OUT/NAME.safetensors`.

    `metrics` has one entry an experiment, with the metric names that all chapters share; a number that was not measured
    is left out, never set to zero. `seconds` counts from the import of this package in the kernel.

    Raises:
        ValueError: a metric that is not a finite number.
    """
    metrics = {label: {name: float(value) for name, value in numbers.items()} for label, numbers in metrics.items()}
    for experiment, numbers in metrics.items():
        for name, value in numbers.items():
            if not math.isfinite(value):
                raise ValueError(f"{experiment}: {name} is {value}: the training went wrong; leave it out or mend it.")
    folder = Path(out)
    folder.mkdir(parents=True, exist_ok=True)
    for name, model in models.items():
        weights = {key: value.cpu().clone().contiguous() for key, value in model.state_dict().items()}  # unshared
        save_file(weights, folder / f"{name}.safetensors")
    content = {
        "chapter": chapter,
        "parameters": dict(parameters),
        "seconds": round(time.perf_counter() - STARTED, 1),
        "device": str(device),
        "seed": parameters.get("seed"),
        "versions": {"python": platform.python_version()}
        | {name: metadata.version(name) for name in ("ggd_helpers", "torch", "numpy", "scipy")},
        "metrics": metrics,
    }
    path = folder / "results.json"
    partial = path.with_suffix(".partial")
    try:
        partial.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    return path
