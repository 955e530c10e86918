"""A chapter that is open in JupyterLab: what a reader does with it, what the kernel answers, when both are at rest."""

import json
import os
import shutil
import struct
import time
from ast import literal_eval
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import ConsoleMessage, Locator, Page, WebSocket

SECONDS = 1000  # playwright counts in milliseconds
PATIENCE = 180 * SECONDS  # for anything that the page does by itself, on a loaded machine
RUN_PATIENCE = 600 * SECONDS  # for what the kernel computes: all cells of a chapter, a model that learns
EXPLORER = ("seed: int = 0", "import ggd_helpers as ggd", "explorer.still()", "explorer.panel")
"""The cells of a chapter that its last explorer needs: parameters, imports, and its own two."""

# What the page says of its open notebook, from JupyterLab's own model: code cells out of sight have no elements yet.
_CELLS = """() => {
    const cells = [...window.jupyterapp.shell.currentWidget.content.model.cells];
    return cells.filter(cell => cell.type === 'code' && cell.sharedModel.source.trim()).map(cell => ({
        source: cell.sharedModel.source, count: cell.executionCount, outputs: cell.outputs.toJSON()}));
}"""
KERNEL_IS_IDLE = """() => {
    const panel = window.jupyterapp?.shell.currentWidget;
    return panel?.context?.isReady && panel.sessionContext.session?.kernel?.status === 'idle'
        && document.querySelector('.jp-Notebook-ExecutionIndicator')?.dataset.status === 'idle';
}"""
_RUN_ENDED = f"""() => {{
    const cells = ({_CELLS})();
    const failed = cells.some(cell => cell.outputs.some(output => output.output_type === 'error'));
    return ({KERNEL_IS_IDLE})() && (failed || cells.every(cell => cell.count !== null));
}}"""
_RUN_CELL = """async text => {
    const notebook = window.jupyterapp.shell.currentWidget.content;
    const codes = notebook.widgets.map(cell => cell.model.type === 'code' ? cell.model.sharedModel.source : '');
    const whole = codes.indexOf(text);
    const found = whole < 0 ? codes.flatMap((source, i) => source.includes(text) ? [i] : []) : [whole];
    if (found.length !== 1) throw new Error(`${found.length} cells hold ${text}`);
    notebook.activeCellIndex = found[0];
    await notebook.scrollToItem(found[0], 'start');
    await window.jupyterapp.commands.execute('notebook:run-cell');
}"""
_DIGEST = """async image => {
    const read = () => fetch(image.src).then(answer => answer.arrayBuffer());
    const bytes = await read().catch(read);  // a new picture takes the old one's address away
    const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
    return [...digest].map(byte => byte.toString(16).padStart(2, '0')).join('');
}"""
_DIGEST_IS_NEW = (
    f"async ([image, old]) => {{ try {{ return await ({_DIGEST})(image) !== old }} catch {{ return false }} }}"
)
# The value of a Python expression in the kernel. Messages come in order: the page has then taken in all earlier ones.
_ASK = """async expression => {
    const kernel = window.jupyterapp.shell.currentWidget.sessionContext.session.kernel;
    const request = {code: '', silent: true, store_history: false, user_expressions: {answer: expression}};
    return (await kernel.requestExecute(request).done).content.user_expressions.answer;
}"""
_DRAWN = "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"


class _Message(NamedTuple):
    """A message to or from a kernel."""

    header: dict
    parent: dict
    content: dict


def _kernel_message(frame: str | bytes) -> _Message | None:
    """The message in a websocket frame, `v1.kernel.websocket.jupyter.org`."""
    if isinstance(frame, str):  # JupyterLab's events
        return None
    offsets = struct.unpack_from(f"<{struct.unpack_from('<Q', frame)[0]}Q", frame, 8)
    _channel, header, parent, _metadata, content, *_ = (frame[a:b] for a, b in pairwise(offsets))
    return _Message(json.loads(header), json.loads(parent), json.loads(content))


@dataclass
class Chapter:
    """A chapter that is open in JupyterLab.

    Attributes:
        page: the browser's page.
        pictures: the folder for screenshots; `$GGD_SCREENSHOTS` gets a copy where it is set.
        complaints: errors of the page, of its console, and of the kernel, in the order they came. What a widget's
            callback raises is shown nowhere on the page; it is here.
        moved: identities of the messages by which widgets told the kernel that they were moved.
        answered: identities of the messages that the kernel is done with.
    """

    page: "Page"
    pictures: Path
    complaints: list[str] = field(default_factory=list)
    moved: set[str] = field(default_factory=set)
    answered: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.page.on("pageerror", lambda error: self.complaints.append(f"page: {error}"))
        self.page.on("console", self._hear_console)
        self.page.on("websocket", self._listen)

    def _listen(self, socket: "WebSocket") -> None:
        socket.on("framesent", self._hear_page)
        socket.on("framereceived", self._hear_kernel)

    def _hear_page(self, frame: str | bytes) -> None:
        message = _kernel_message(frame)
        if message and message.header["msg_type"] == "comm_msg":
            self.moved.add(message.header["msg_id"])

    def _hear_console(self, message: "ConsoleMessage") -> None:
        if message.type == "error":
            self.complaints.append(f"console: {message.text}")

    def _hear_kernel(self, frame: str | bytes) -> None:
        message = _kernel_message(frame)
        if message and message.header["msg_type"] == "error":
            self.complaints.append(f"kernel: {message.content['ename']}: {message.content['evalue']}")
        if message and message.content.get("execution_state") == "idle":
            self.answered.add(message.parent.get("msg_id"))

    def take_complaints(self) -> list[str]:
        """The complaints since the last call."""
        taken, self.complaints = self.complaints, []
        return taken

    def run_all_cells(self) -> None:
        """Clear the committed outputs, run every cell from the menu, and wait until the kernel has done them all."""
        self._choose("Edit", "editmenu:clear-all")
        self.page.wait_for_function(f"() => ({_CELLS})().every(cell => cell.count === null)")
        self._choose("Run", "runmenu:run-all")
        self.page.wait_for_function(_RUN_ENDED, timeout=RUN_PATIENCE)

    def run_cell(self, text: str) -> None:
        """Run the code cell that is `text`, or the only one that holds it; show it; wait until the kernel is done."""
        self.page.evaluate(_RUN_CELL, text)
        self.page.wait_for_function(KERNEL_IS_IDLE, timeout=RUN_PATIENCE)

    def _choose(self, menu: str, command: str) -> None:
        self.page.get_by_role("menuitem", name=menu, exact=True).click()
        self.page.locator(f'.lm-Menu [data-command="{command}"]').click()

    def ask(self, expression: str) -> Any:
        """The value of a Python expression in the kernel: a number, a text, or a list of them."""
        answer = self.page.evaluate(_ASK, expression)
        if answer["status"] != "ok":
            pytest.fail(f"{expression}: {answer['ename']}: {answer['evalue']}")
        return literal_eval(answer["data"]["text/plain"])

    def settle(self) -> None:
        """Wait until the kernel is done with every move of a widget, and the page has drawn what came of it.

        A widget that is drawn anew may tell the kernel its value again; the page is settled when no move is added
        while all that was sent to it is drawn.
        """
        end = time.monotonic() + RUN_PATIENCE / SECONDS
        while time.monotonic() < end:
            count, all_answered = len(self.moved), self.moved <= self.answered
            self.ask("None")
            self.page.evaluate(_DRAWN)
            if all_answered and len(self.moved) == count:
                return
        pytest.fail(f"{len(self.moved - self.answered)} moves of widgets are without an answer", pytrace=False)

    @property
    def cells(self) -> list[dict]:
        """`source`, `count` and `outputs` of every code cell that is not empty."""
        return self.page.evaluate(_CELLS)

    def screenshot(self, name: str) -> None:
        """Keep what is on screen as `NAME.png`."""
        path = self.pictures / f"{name}.png"
        self.page.screenshot(path=path)
        if folder := os.environ.get("GGD_SCREENSHOTS"):
            Path(folder).mkdir(parents=True, exist_ok=True)
            shutil.copy(path, folder)

    def number(self, description: str) -> float:
        """What a slider's readout says."""
        text = self.slider(description).locator(".widget-readout").text_content()
        return float(text.replace("\N{MINUS SIGN}", "-"))

    def move(self, description: str, *keys: str) -> tuple[float, float]:
        """Press keys on a slider, each until its explorer shows a new picture; its number before and after."""
        control, image = self.slider(description), self.explorer(description).locator("img")
        control.scroll_into_view_if_needed()
        self.settle()
        before = self.number(description)
        for key in keys:
            picture = self.fingerprint(image)
            control.get_by_role("slider").press(key)
            self.wait_for_new_picture(image, picture)
        self.settle()
        after = self.number(description)
        assert after != before
        assert self.take_complaints() == []
        return before, after

    def learn(self, explorer: "Locator", result: str, button: str = "learn it") -> None:
        """Press an explorer's button by keyboard; it reports `result`, shows it, and can be pressed again."""
        pressed, image = explorer.get_by_role("button", name=button), explorer.locator("img")
        self.settle()
        picture = self.fingerprint(image)
        pressed.press("Enter")
        explorer.get_by_text(result).wait_for(timeout=RUN_PATIENCE)
        self.settle()
        assert self.fingerprint(image) != picture
        assert pressed.is_enabled()
        image.scroll_into_view_if_needed()

    def slider(self, description: str) -> "Locator":
        """The widget with this description beside its slider: label, handle (`role=slider`) and `.widget-readout`."""
        label = self.page.locator(".widget-label").get_by_text(description, exact=True)
        return self.page.locator(".widget-slider", has=label)

    def explorer(self, description: str) -> "Locator":
        """The output that holds the slider with this description."""
        return self.page.locator(".jp-OutputArea-output", has=self.slider(description))

    def fingerprint(self, image: "Locator") -> str:
        """A digest of the bytes that an image shows."""
        return image.evaluate(_DIGEST)

    def wait_for_new_picture(self, image: "Locator", old: str) -> str:
        """Wait until an image shows other bytes than those with the fingerprint `old`, and return the new one."""
        self.page.wait_for_function(_DIGEST_IS_NEW, arg=[image.element_handle(), old])
        return self.fingerprint(image)
