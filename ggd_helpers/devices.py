"""Where tensors live: the CPU, or a GPU when there is one."""

import torch


def choose_device(device: str) -> torch.device:
    """Turn the parameter `device` into a torch device: `auto` takes the GPU when there is one.

    Raises:
        ValueError: a name that is not `auto`, `cpu` or `cuda`, or `cuda` where torch sees no CUDA device.
    """
    if device not in ("auto", "cpu", "cuda"):
        raise ValueError(f"device must be auto, cpu or cuda (got {device!r}): it is where networks are trained.")
    if device == "cuda" and not torch.cuda.is_available():
        raise ValueError("device is 'cuda' but torch sees no CUDA device: use 'auto' or 'cpu', or see `ggd doctor`.")
    return torch.device("cuda" if device != "cpu" and torch.cuda.is_available() else "cpu")
