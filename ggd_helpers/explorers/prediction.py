"""A prediction to commit to before the answer is shown."""

import html
from collections.abc import Sequence
from typing import Any

import ipywidgets as widgets


class Prediction:
    """A question with a few answers to choose from; the right one appears when one was chosen.

    On a page without a kernel the question stands with its answer folded away.

    Args:
        question: plain text.
        options: plain texts, one of them `answer`.
        answer: the right one.
        because: why, in HTML.

    Raises:
        ValueError: the answer is not among the options.
    """

    def __init__(self, question: str, options: Sequence[str], answer: str, because: str):
        if answer not in options:
            raise ValueError(
                f"answer must be one of the options {list(options)} (got {answer!r}): correct one of them."
            )
        self.question, self.options, self.answer, self.because = question, list(options), answer, because
        self.reply = widgets.HTML()
        self.buttons = [widgets.Button(description=option, layout=widgets.Layout(width="auto")) for option in options]
        for button in self.buttons:
            button.on_click(self._commit)
        asked = widgets.HTML(self._asked())
        self.panel = widgets.VBox(
            [asked, widgets.HBox(self.buttons, layout=widgets.Layout(flex_flow="row wrap")), self.reply]
        )

    def _commit(self, chosen: widgets.Button) -> None:
        for button in self.buttons:
            button.disabled = True
        chosen.button_style = "info"
        verdict = "That is it." if chosen.description == self.answer else f"It is: <b>{html.escape(self.answer)}</b>."
        self.reply.value = f"You said: <b>{html.escape(chosen.description)}</b>. {verdict} {self.because}"

    def _asked(self) -> str:
        return f"<b>Predict.</b> {html.escape(self.question)}"

    def static(self) -> str:
        """The question with its answer folded away, as HTML."""
        choices = " &nbsp;·&nbsp; ".join(map(html.escape, self.options))
        answer = f"<b>{html.escape(self.answer)}</b>. {self.because}"
        return (
            f"<blockquote><p>{self._asked()}</p><p><em>{choices}</em></p>"
            f"<details><summary>Answer</summary>{answer}</details></blockquote>"
        )

    def _repr_mimebundle_(self, **options: Any) -> dict[str, Any]:
        return self.panel._repr_mimebundle_(**options) | {"text/html": self.static()}
