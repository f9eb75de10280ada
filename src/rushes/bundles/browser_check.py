"""The check that a browser folder's page makes of itself, made in a Chromium of this machine."""

from __future__ import annotations

import functools
import json
import os
import queue
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import IO, Any

from rushes.errors import BundleError

PAGE_FILE = "index.html"
SECONDS = 300.0
_PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge")
_APPLICATION = Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome")
_MARK = "rushes-check "


def find_chromium() -> str | None:
    """Return the path of a Chromium, Chrome or Edge of this machine; None where there is none."""
    found = next((path for name in _PROGRAMS if (path := shutil.which(name))), None)
    return found or (str(_APPLICATION) if _APPLICATION.exists() else None)


def check_in_browser(folder: Path, program: str, *, seconds: float = SECONDS) -> dict[str, Any]:
    """Open the page of a folder in a browser without a window, and return what it says of itself.

    Args:
        program: the browser's path.
        seconds: how long it may take.

    Returns:
        `holds`, and `pictures`, `largest_difference`, `disagreements`, `decoding`, `milliseconds` of the samples, or
        the `reason` why it does not hold; with the `browser`'s own name.

    Raises:
        BundleError: the browser ends, or says nothing in time.
    """
    parts = (folder / "parts").is_dir()
    with _address_of(folder, served=parts) as address, _console_of(program, f"{address}#check") as lines:
        report = _first_report(lines, time.monotonic() + seconds)
    if report is None:
        raise BundleError(f"{program} did not say within {seconds:g} s whether {folder / PAGE_FILE} holds there. "
                          "Open the page in a browser: it says so itself")  # fmt: skip
    return report


def why_not(report: Mapping[str, Any]) -> str:
    """Return why a page refuses to answer; "" where its check holds."""
    return "" if report.get("holds") is True else str(report.get("reason") or "it gives no reason")


def _first_report(lines: queue.Queue[str | None], end: float) -> dict[str, Any] | None:
    """Return what the page wrote to the console; None where the browser ended, or the time is over."""
    while (left := end - time.monotonic()) > 0:
        try:
            line = lines.get(timeout=left)
        except queue.Empty:
            return None
        if line is None:
            return None
        _, found, rest = line.partition(f'"{_MARK}')
        if found:
            report, _ = json.JSONDecoder().raw_decode(rest)
            return dict(report)
    return None


def _read_lines(stream: IO[str], lines: queue.Queue[str | None]) -> None:
    with stream:
        for line in stream:
            lines.put(line)
    lines.put(None)


@contextmanager
def _console_of(program: str, address: str) -> Iterator[queue.Queue[str | None]]:
    """Give what a browser says that has a page open, the page's console among it, None last; it is ended afterwards."""
    options = ["--headless", "--disable-gpu", "--no-first-run", "--enable-logging=stderr"]
    if sys.platform != "win32" and os.geteuid() == 0:
        options.append("--no-sandbox")  # Chromium refuses to start as root otherwise; it opens no page but ours
    # Chromium's children may still write while it ends.
    with tempfile.TemporaryDirectory(prefix="rushes-browser-", ignore_cleanup_errors=True) as profile:
        running = subprocess.Popen(
            [program, *options, f"--user-data-dir={profile}", address],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
            text=True, encoding="utf-8", errors="replace",
        )  # fmt: skip
        assert running.stderr is not None
        lines: queue.Queue[str | None] = queue.Queue()
        reading = threading.Thread(target=_read_lines, args=(running.stderr, lines), daemon=True)
        reading.start()
        try:
            yield lines
        finally:
            running.terminate()
            try:
                running.wait(timeout=20)
            except subprocess.TimeoutExpired:
                running.kill()
                running.wait()
            reading.join(timeout=20)  # until the last of the browser's children has ended


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing of what is asked for."""


@contextmanager
def _address_of(folder: Path, *, served: bool) -> Iterator[str]:
    """Give the address of a folder's page: the file, or where it is served on this machine meanwhile."""
    if not served:
        yield (folder / PAGE_FILE).resolve().as_uri()
        return
    with ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Quiet, directory=str(folder))) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}/{PAGE_FILE}"
        finally:
            server.shutdown()
            thread.join()
