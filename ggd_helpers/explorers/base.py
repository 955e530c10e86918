"""What all explorers share: a panel, a picture and its still, and a button that is locked while a model trains."""

import ipywidgets as widgets
from IPython.display import Image, display


class Explorer:
    """Controls and a picture; display `explorer.panel`, or put the explorer last in a cell.

    Attributes:
        panel: the controls and the picture.
        image: the picture.
    """

    panel: widgets.VBox
    image: widgets.Image

    def _ipython_display_(self) -> None:
        display(self.panel)

    def still(self) -> Image:
        """The present picture without the controls, for pages that are read without a kernel."""
        return Image(self.image.value)


class LearningExplorer(Explorer):
    """An explorer with a button that trains a model; a subclass writes `_train`."""

    def __init__(self) -> None:
        self.learn_button = widgets.Button(description="learn it", button_style="primary")
        self.learn_button.on_click(lambda _: self.learn())

    def learn(self) -> None:
        """Train a model on the system as it is set, with the button locked meanwhile, and show it as it converges."""
        self.learn_button.disabled = True
        try:
            self._train()
        finally:
            self.learn_button.disabled = False

    def _train(self) -> None:
        raise NotImplementedError
