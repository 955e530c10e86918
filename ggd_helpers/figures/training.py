"""Figures of how models were trained, for all chapters alike."""

from collections.abc import Mapping

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from ggd_helpers.figures.style import styled
from ggd_helpers.training.fit import History

DASHES = ("-", "--", "-.", ":")


@styled
def loss_curves(panels: Mapping[str, Mapping[str, History]]) -> Figure:
    """The training loss against iterations (above) and time (below), a column each with the recipes side by side.

    Source: thesis, Fig. 4.3, against iterations.
    """
    figure, axes = plt.subplots(
        2, len(panels), figsize=(max(5.2, 3.6 * len(panels)), 4.8), sharex="row", sharey=True, squeeze=False
    )
    for column, (title, histories) in zip(axes.T, panels.items(), strict=True):
        for (label, history), dashes in zip(histories.items(), DASHES, strict=False):
            column[0].loglog(range(1, len(history.losses) + 1), history.losses, dashes, label=label)
            column[1].loglog(history.seconds, history.losses, dashes)
        column[0].set(title=title, xlabel="iteration or epoch")
        column[1].set(xlabel="training time (s)")
    for ax in axes[:, 0]:
        ax.set_ylabel("loss (velocity$^2$)")
    handles = {line.get_label(): line for ax in axes[0] for line in ax.lines}
    figure.legend(handles.values(), handles.keys(), loc="outside upper center", ncols=len(handles))
    return figure
