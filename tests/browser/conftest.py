"""A real JupyterLab on a copy of the chapters, and a real browser that opens them.

Fixtures: `chromium` (the browser), `lab` (the server), `open_chapter` (a function from a notebook name to a `Chapter`).
"""

import json
import os
import secrets
import shutil
import socket
import struct
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from ggd_helpers.files import CHAPTERS

if TYPE_CHECKING:
    from playwright.sync_api import Browser, ConsoleMessage, Locator, Page

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
OPTIONS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"]
OPTIONS += ["--disable-background-networking", "--disable-component-update"]
SECONDS = 1000  # playwright counts in milliseconds
PATIENCE = 60 * SECONDS  # for anything that the page does by itself, on a loaded machine
RUN_PATIENCE = 600 * SECONDS  # for all cells of a chapter

LAB_SETTINGS = {
    "@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False},
    "@jupyterlab/docmanager-extension:plugin": {"autosave": False},
}


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say aloud what was skipped: a line in the summary is easily missed."""
    reasons = {report.longrepr[2] for report in terminalreporter.getreports("skipped") if "browser" in report.keywords}
    if reasons:
        terminalreporter.write_sep("=", "NOT TESTED IN A BROWSER", yellow=True, bold=True)
        terminalreporter.write_line("\n".join(sorted(reasons)), yellow=True)


@pytest.fixture(scope="package")  # Playwright holds an event loop, which other tests must not meet
def chromium() -> "Iterator[Browser]":
    """Headless Chromium; where it or Playwright is missing the test is skipped, and fails on CI."""
    missing = []
    if find_spec("playwright") is None:
        missing.append(f'the Python package playwright ({sys.executable} -m pip install "playwright>=1.45,<2")')
    if CHROMIUM is None:
        missing.append("the browser chromium (Debian, Ubuntu: apt-get install chromium fonts-dejavu-core)")
    if missing:
        reason = f"The browser tests need {' and '.join(missing)}."
        pytest.fail(reason, pytrace=False) if os.environ.get("CI") else pytest.skip(reason)

    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=OPTIONS)
        try:
            yield browser
        finally:
            browser.close()


@dataclass(frozen=True)
class Lab:
    """A running JupyterLab: where it answers, and the log that it writes."""

    url: str
    token: str
    log: Path

    def address(self, path: str) -> str:
        """The address of a page or an API call, with the token."""
        return f"{self.url}/{path}?token={self.token}"

    def get(self, path: str) -> Any:
        """The JSON answer to an API call."""
        with urllib.request.urlopen(self.address(path), timeout=10) as answer:
            return json.load(answer)


def _course(folder: Path) -> Path:
    """A copy of the chapters where `../data` and `../runs` are what they are in the repository."""
    shutil.copytree(CHAPTERS, folder / "notebooks", ignore=shutil.ignore_patterns(".*"))
    shutil.copytree(CHAPTERS.parent / "data", folder / "data")
    return folder


def _private_jupyter(folder: Path) -> dict[str, str]:
    """An environment in which Jupyter reads and writes below `folder`, and `python3` is the Python of this test."""
    kernel = folder / "data/kernels/python3/kernel.json"
    settings = folder / "config/labconfig/default_setting_overrides.json"
    for path in (kernel, settings):
        path.parent.mkdir(parents=True)
    argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    kernel.write_text(json.dumps({"argv": argv, "display_name": "Python 3", "language": "python"}))
    settings.write_text(json.dumps(LAB_SETTINGS))
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("JUPYTER", "MPLBACKEND"))}
    return environment | {
        "JUPYTER_CONFIG_DIR": str(folder / "config"),
        "JUPYTER_DATA_DIR": str(folder / "data"),
        "JUPYTER_RUNTIME_DIR": str(folder / "runtime"),
        "JUPYTER_PREFER_ENV_PATH": "0",  # the kernel above comes before any that is installed
        "JUPYTERLAB_SETTINGS_DIR": str(folder / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(folder / "workspaces"),
        "IPYTHONDIR": str(folder / "ipython"),
    }


@pytest.fixture(scope="package")  # Playwright holds an event loop, which other tests must not meet
def lab(chromium: "Browser", tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """JupyterLab on 127.0.0.1, serving a copy of the repository's chapters and data."""
    private = tmp_path_factory.mktemp("jupyter")
    course = _course(tmp_path_factory.mktemp("course"))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    lab = Lab(f"http://127.0.0.1:{port}", secrets.token_hex(12), private / "lab.log")
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--expose-app-in-browser"]
    command += ["--ServerApp.ip=127.0.0.1", f"--ServerApp.port={port}", "--ServerApp.port_retries=0"]
    command += [f"--IdentityProvider.token={lab.token}", f"--ServerApp.root_dir={course}"]
    command += ["--LabApp.check_for_updates_class=jupyterlab.handlers.announcements.NeverCheckForUpdate"]
    with lab.log.open("w") as log:
        server = subprocess.Popen(command, env=_private_jupyter(private), stdout=log, stderr=subprocess.STDOUT)
    try:
        _wait_until_up(server, lab)
        yield lab
    finally:
        server.terminate()  # ends the kernels too
        try:
            server.wait(30)
        except subprocess.TimeoutExpired:
            server.kill()  # a kernel whose server is gone ends by itself
            server.wait()


def _wait_until_up(server: subprocess.Popen, lab: Lab) -> None:
    end = time.monotonic() + 90
    while time.monotonic() < end and server.poll() is None:
        try:
            lab.get("api/status")
            return
        except OSError:
            time.sleep(0.1)
    pytest.fail(f"JupyterLab did not start:\n{lab.log.read_text()[-3000:]}", pytrace=False)


# What the page says of its open notebook, from JupyterLab's own model: code cells out of sight have no elements yet.
_CELLS = """() => {
    const cells = [...window.jupyterapp.shell.currentWidget.content.model.cells];
    return cells.filter(cell => cell.type === 'code' && cell.sharedModel.source.trim()).map(cell => ({
        source: cell.sharedModel.source, count: cell.executionCount, outputs: cell.outputs.toJSON()}));
}"""
_KERNEL_IS_IDLE = """() => {
    const panel = window.jupyterapp?.shell.currentWidget;
    return panel?.context?.isReady && panel.sessionContext.session?.kernel?.status === 'idle'
        && document.querySelector('.jp-Notebook-ExecutionIndicator')?.dataset.status === 'idle';
}"""
_RUN_ENDED = f"""() => {{
    const cells = ({_CELLS})();
    const failed = cells.some(cell => cell.outputs.some(output => output.output_type === 'error'));
    return ({_KERNEL_IS_IDLE})() && (failed || cells.every(cell => cell.count !== null));
}}"""
_RUN_CELL = """async text => {
    const notebook = window.jupyterapp.shell.currentWidget.content;
    const codes = notebook.widgets.map(cell => cell.model.type === 'code' ? cell.model.sharedModel.source : '');
    const found = codes.flatMap((source, i) => source.includes(text) ? [i] : []);
    if (found.length !== 1) throw new Error(`${found.length} cells hold ${text}`);
    notebook.activeCellIndex = found[0];
    await notebook.scrollToItem(found[0], 'start');
    await window.jupyterapp.commands.execute('notebook:run-cell');
}"""
_DIGEST = """async image => {
    const bytes = await (await fetch(image.src)).arrayBuffer();
    const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
    return [...digest].map(byte => byte.toString(16).padStart(2, '0')).join('');
}"""
_DIGEST_IS_NEW = (
    f"async ([image, old]) => {{ try {{ return await ({_DIGEST})(image) !== old }} catch {{ return false }} }}"
)


def _kernel_message(frame: str | bytes) -> tuple[dict, dict] | None:
    """Header and content of a kernel's message in a websocket frame, `v1.kernel.websocket.jupyter.org`."""
    if isinstance(frame, str):  # JupyterLab's events
        return None
    offsets = struct.unpack_from(f"<{struct.unpack_from('<Q', frame)[0]}Q", frame, 8)
    _channel, header, _parent, _metadata, content, *_ = (frame[a:b] for a, b in pairwise(offsets))
    return json.loads(header), json.loads(content)


@dataclass
class Chapter:
    """A chapter that is open in JupyterLab.

    Attributes:
        page: the browser's page.
        pictures: the folder for screenshots; `$GGD_SCREENSHOTS` gets a copy where it is set.
        complaints: errors of the page, of its console, and of the kernel, in the order they came. What a widget's
            callback raises is shown nowhere on the page; it is here.
    """

    page: "Page"
    pictures: Path
    complaints: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("pageerror", lambda error: self.complaints.append(f"page: {error}"))
        self.page.on("console", self._hear_console)
        self.page.on("websocket", lambda socket: socket.on("framereceived", self._hear_kernel))

    def _hear_console(self, message: "ConsoleMessage") -> None:
        if message.type == "error":
            self.complaints.append(f"console: {message.text}")

    def _hear_kernel(self, frame: str | bytes) -> None:
        message = _kernel_message(frame)
        if message and message[0]["msg_type"] == "error":
            self.complaints.append(f"kernel: {message[1]['ename']}: {message[1]['evalue']}")

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
        """Run the one code cell that holds `text`, show it, and wait until the kernel is done."""
        self.page.evaluate(_RUN_CELL, text)
        self.page.wait_for_function(_KERNEL_IS_IDLE, timeout=RUN_PATIENCE)

    def _choose(self, menu: str, command: str) -> None:
        self.page.get_by_role("menuitem", name=menu, exact=True).click()
        self.page.locator(f'.lm-Menu [data-command="{command}"]').click()

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

    def learn(self, explorer: "Locator", result: str, timeout: float) -> None:
        """Press an explorer's "learn it" by keyboard; its picture changes and it reports `result` in `timeout` ms."""
        button, image = explorer.get_by_role("button", name="learn it"), explorer.locator("img")
        picture = self.fingerprint(image)
        button.press("Enter")
        explorer.get_by_text(result).wait_for(timeout=timeout)
        button.and_(self.page.locator(":enabled")).wait_for()
        self.wait_for_new_picture(image, picture)
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


@pytest.fixture(scope="module")
def open_chapter(
    chromium: "Browser", lab: Lab, tmp_path_factory: pytest.TempPathFactory
) -> "Iterator[Callable[..., Chapter]]":
    """A function that opens a notebook in a page of its own, waits for its kernel, and runs the cells that are named.

    A cell is named by any text that only it holds.
    """
    context = chromium.new_context(viewport={"width": 1280, "height": 1000}, service_workers="block")
    context.set_default_timeout(PATIENCE)

    def open_it(name: str, *cells: str) -> Chapter:
        chapter = Chapter(context.new_page(), tmp_path_factory.mktemp("pictures"))
        chapter.page.goto(lab.address(f"lab/tree/notebooks/{name}") + "&reset")
        chapter.page.wait_for_selector(".jp-NotebookPanel .jp-Cell")
        chapter.page.wait_for_function(_KERNEL_IS_IDLE)
        for text in cells:
            chapter.run_cell(text)
        return chapter

    try:
        yield open_it
    finally:
        context.close()
