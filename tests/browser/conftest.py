"""A real JupyterLab on a copy of the chapters, and a real browser that opens them.

Fixtures: `chromium` (the browser), `lab` (the server), `open_chapter` (a function from a notebook name to a `Chapter`),
`chapter` (the one that a module names as `CHAPTER`).
"""

import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from browser.chapter import EXPLORER, KERNEL_IS_IDLE, PATIENCE, SECONDS, Chapter
from ggd_helpers.files import CHAPTERS

if TYPE_CHECKING:
    from playwright.sync_api import Browser

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
OPTIONS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"]
OPTIONS += ["--disable-background-networking", "--disable-component-update"]

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
    """An environment in which Jupyter reads and writes below `folder`; kernels run this test's Python and package."""
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
        "PYTHONPATH": os.pathsep.join(filter(None, (str(CHAPTERS.parent), os.environ.get("PYTHONPATH")))),
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
    end = time.monotonic() + PATIENCE / SECONDS
    while time.monotonic() < end and server.poll() is None:
        with suppress(OSError):
            lab.get("api/status")
            return
        with suppress(subprocess.TimeoutExpired):
            server.wait(0.1)
    pytest.fail(f"JupyterLab did not start:\n{lab.log.read_text()[-3000:]}", pytrace=False)


@pytest.fixture(scope="module")
def open_chapter(
    chromium: "Browser", lab: Lab, tmp_path_factory: pytest.TempPathFactory
) -> "Iterator[Callable[..., Chapter]]":
    """A function that opens a notebook in a page of its own, waits for its kernel, and runs the cells that are named.

    A cell is named by its whole text, or by any text that only it holds.
    """
    context = chromium.new_context(viewport={"width": 1280, "height": 1000}, service_workers="block")
    context.set_default_timeout(PATIENCE)

    def open_it(name: str, *cells: str) -> Chapter:
        chapter = Chapter(context.new_page(), tmp_path_factory.mktemp("pictures"))
        chapter.page.goto(lab.address(f"lab/tree/notebooks/{name}") + "&reset")
        chapter.page.wait_for_selector(".jp-NotebookPanel .jp-Cell")
        chapter.page.wait_for_function(KERNEL_IS_IDLE)
        for text in cells:
            chapter.run_cell(text)
        return chapter

    try:
        yield open_it
    finally:
        context.close()


@pytest.fixture(scope="module")
def chapter(request: pytest.FixtureRequest, open_chapter: "Callable[..., Chapter]") -> Chapter:
    """The chapter that the module names as `CHAPTER`, with its explorer, and nothing else, run."""
    return open_chapter(request.module.CHAPTER, *EXPLORER)
