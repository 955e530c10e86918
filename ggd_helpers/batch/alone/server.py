"""Voila, serving one page: an explorer, its legend and nothing else."""

import logging
import secrets
import socket
import tempfile
import threading
import webbrowser
from itertools import count
from pathlib import Path
from typing import Any

import nbformat
from jupyter_client.ioloop import AsyncIOLoopKernelManager
from nbformat import NotebookNode
from traitlets.config import Config
from voila.app import Voila

from ggd_helpers.batch.alone.catalogue import Entry, find
from ggd_helpers.batch.kernel import ThisPython, dead_afterwards
from ggd_helpers.batch.sockets import socket_folder

HERE = "127.0.0.1"
PAGE = Path(__file__).with_name("page")
WIDGETS = ["@jupyter-widgets/jupyterlab-manager", "@voila-dashboards/widgets-manager8"]
SETTINGS = {
    "KernelSpecManager": {"kernel_dirs": []},  # but for the Python that runs this program
    "MappingKernelManager": {
        "cull_idle_timeout": 600,
        "cull_interval": 60,
    },  # of pages that are gone, should they not say so
    "VoilaConfiguration": {"show_tracebacks": True, "extension_allowlist": WIDGETS},  # others may break the page
}


def serve(entry: Entry, browser: bool) -> None:
    """Show an explorer until Ctrl-C, to whoever knows the token; kernels and files are gone at the end."""
    logging.getLogger("tornado").setLevel(logging.ERROR)  # who is turned away need not be told
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)  # what did not reach a page that was closed
    with socket_folder() as sockets, tempfile.TemporaryDirectory(prefix="ggd-explore-", dir=sockets) as folder:
        server = _Server(config=Config(SETTINGS), config_file_paths=[], log_level=logging.ERROR)
        with dead_afterwards(server.started):
            server.show(entry, browser, Path(folder), sockets)


class _Server(Voila):
    """A Voila that asks for a token, which it does not by itself, and leaves nothing behind.

    Attributes:
        started: all kernels, one for each time that the page was opened.
    """

    started: list[ThisPython]

    def __init__(self, **options: Any):
        super().__init__(**options)
        self.started = []

    def show(self, entry: Entry, browser: bool, folder: Path, sockets: Path | None) -> None:
        """Serve until Ctrl-C."""
        self.entry, self.opens, self.folder, self.sockets = entry, browser, folder, sockets
        nbformat.write(nbformat.v4.new_notebook(), folder / "page.ipynb")
        self.notebook_path, self.connection_dir_root = str(folder / "page.ipynb"), str(folder)
        self.ip, self.port, self.token = HERE, _free_port(), secrets.token_hex(24)
        self.initialize([])
        self.template_paths = [str(PAGE), *self.template_paths]  # type: ignore[has-type]
        self.voila_configuration.prelaunch_hook = self._write_page
        self.start()

    def init_settings(self) -> dict:
        """Voila's own, with our kernels."""
        settings = super().init_settings()
        numbers, sockets, started, manager = count(), self.sockets, self.started, self.kernel_manager

        class KernelOfAPage(ThisPython, AsyncIOLoopKernelManager):
            def __init__(self, **options: Any):
                place = {"transport": "ipc", "ip": str(sockets / str(next(numbers)))} if sockets else {}
                # A context of its own would, at its end, close sockets that the server still listens to.
                super().__init__(context=manager.context, **place, **options)
                started.append(self)

            async def shutdown_kernel(self, now: bool = True, restart: bool = False) -> None:  # type: ignore[override]
                await super().shutdown_kernel(now=True, restart=restart)  # a polite one prints tracebacks

        manager.kernel_manager_factory = KernelOfAPage
        return settings

    def launch_browser(self) -> None:
        """Say where the page is, now that the port is known, and open it."""
        address = f"{self.connection_url}?token={self.token}"
        print(f"{self.entry.name}: {address}", "Ctrl-C ends it.", sep="\n", flush=True)
        if self.opens:
            opening = self.folder / "open.html"  # for anyone may see what a browser is started with
            opening.write_text(f'<meta http-equiv="refresh" content="0; url={address}">', encoding="utf-8")
            threading.Thread(target=webbrowser.open, args=[opening.as_uri()], daemon=True).start()

    def stop(self) -> None:
        """Nothing: kernels are ended, and the folder is removed, by whoever made this server."""

    def _write_page(self, request: Any, notebook: NotebookNode, cwd: str) -> NotebookNode:
        """The page that was asked for, `/?explorer=NAME` for another one."""
        entry = find(request.get_argument("explorer", self.entry.name))
        _ = request.xsrf_token  # makes the cookie without which a page that is closed may not end its kernel
        cell = nbformat.v4.new_code_cell(f"from {entry.module} import {entry.kind}\n{entry.kind}.alone().panel")
        notebook.metadata["title"], notebook.cells = f"{entry.name} explorer", [cell]
        return notebook


def _free_port() -> int:
    """One that is free now; Voila looks for another near it, should it be taken in between."""
    with socket.socket() as free:
        free.bind((HERE, 0))
        return free.getsockname()[1]
