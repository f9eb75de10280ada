"""Chromium, driven over a pipe: how long a page takes until it is there, and what it does when keys are pressed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_ANSWER_BYTES = 1 << 16
_CONTROL, _SHIFT = 2, 8
_ESCAPE = 27
_COMPLAINTS = ("Runtime.exceptionThrown", "Log.entryAdded")


@dataclass(frozen=True, slots=True)
class PageLoad:
    """How a page was loaded.

    Attributes:
        seconds: from the begin of the navigation to the end of its load event; styles, pictures and scripts are done.
        elements: in the page.
        height_pixels: of the whole page, at the width of the window.
    """

    seconds: float
    elements: int
    height_pixels: int


class Browser:
    """A running Chromium with one tab.

    Attributes:
        complaints: what went wrong in a page that `open` loaded: exceptions, and what is not found or not allowed.
    """

    def __init__(self, commands: int, answers: int) -> None:
        self._commands, self._answers = commands, answers
        self._number = 0
        self._session = ""
        self._rest = b""
        self.complaints: list[str] = []
        target = self._call("Target.createTarget", {"url": "about:blank"})["targetId"]
        self._session = str(self._call("Target.attachToTarget", {"targetId": target, "flatten": True})["sessionId"])
        self._call("Page.enable")

    def new_tab(self) -> str:
        """Open a further tab and return what `turn_to` knows it by; commands still go to the one that they went to."""
        here = self._session
        self._session = ""
        target = self._call("Target.createTarget", {"url": "about:blank"})["targetId"]
        made = str(self._call("Target.attachToTarget", {"targetId": target, "flatten": True})["sessionId"])
        self.turn_to(made)
        self._call("Page.enable")
        self.turn_to(here)
        return made

    @property
    def tab(self) -> str:
        return self._session

    def turn_to(self, tab: str) -> None:
        """Show another tab, and send what follows to it: one that is hidden draws nothing."""
        self._session = tab
        self._call("Page.bringToFront")

    def load(self, page: Path, *, width: int = 1280, height: int = 800) -> PageLoad:
        """Load a page from a file and return how long it took."""
        shape = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
        self._call("Emulation.setDeviceMetricsOverride", shape)
        self._call("Page.navigate", {"url": page.resolve().as_uri()})
        self._wait_for("Page.loadEventFired")
        found = self._evaluate(
            "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(JSON.stringify({"
            "end: performance.getEntriesByType('navigation')[0].loadEventEnd,"
            "elements: document.querySelectorAll('*').length,"
            "height: document.documentElement.scrollHeight})))))"
        )
        return PageLoad(found["end"] / 1000, int(found["elements"]), int(found["height"]))

    def open(self, address: str, *, width: int = 1280, height: int = 800) -> None:
        """Go to an address, and return when its load event has fired."""
        shape = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
        self._call("Emulation.setDeviceMetricsOverride", shape)
        self._call("Runtime.enable")
        self._call("Log.enable")
        self._call("Page.navigate", {"url": address})
        self._wait_for("Page.loadEventFired")

    def ask(self, expression: str) -> Any:
        """Return the value of an expression in the page, a promise's when it is kept.

        Raises:
            RuntimeError: it threw.
        """
        asked = {"expression": expression, "awaitPromise": True, "returnByValue": True}
        answer = self._call("Runtime.evaluate", asked)
        if "exceptionDetails" in answer:
            raise RuntimeError(f"{expression}: {json.dumps(answer['exceptionDetails'])}")
        return answer["result"].get("value")

    def wait_until(self, expression: str, *, seconds: float = 20) -> None:
        """Return as soon as an expression in the page is true.

        Raises:
            TimeoutError: it was not within so many seconds.
        """
        end = time.monotonic() + seconds
        while not self.ask(f"Boolean({expression})"):
            if time.monotonic() > end:
                raise TimeoutError(f"{expression} was not true within {seconds:g} s; complaints: {self.complaints}")
            time.sleep(0.02)

    def press(self, key: str, *, control: bool = False, shift: bool = False) -> None:
        """Press a key and let it go; `key` is as in `KeyboardEvent.key`."""
        event: dict[str, Any] = {"key": key, "modifiers": control * _CONTROL + shift * _SHIFT}
        if key == "Escape":
            event["windowsVirtualKeyCode"] = _ESCAPE  # by which a browser closes its own dialogs
        for kind in ("keyDown", "keyUp"):
            self._call("Input.dispatchKeyEvent", {"type": kind, **event})

    def _evaluate(self, expression: str) -> dict[str, float]:
        asked = {"expression": expression, "awaitPromise": True}
        found: dict[str, float] = json.loads(self._call("Runtime.evaluate", asked)["result"]["value"])
        return found

    def _call(self, method: str, parameters: dict[str, Any] | None = None) -> dict[str, Any]:
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": parameters or {}}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._commands, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._read()
            if answer.get("id") == self._number:
                if "error" in answer:
                    raise RuntimeError(f"Chromium refused {method}: {answer['error']}")
                result: dict[str, Any] = answer["result"]
                return result

    def _wait_for(self, event: str) -> None:
        while self._read().get("method") != event:
            pass

    def _read(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            more = os.read(self._answers, _ANSWER_BYTES)
            if not more:
                raise RuntimeError("Chromium ended before it answered")
            self._rest += more
        first, _, self._rest = self._rest.partition(b"\0")
        answer: dict[str, Any] = json.loads(first)
        said = answer.get("params", {})
        if answer.get("method") in _COMPLAINTS and said.get("entry", {}).get("level", "error") == "error":
            self.complaints.append(json.dumps(said)[:500])
        return answer


@contextmanager
def open_browser() -> Iterator[Browser]:
    """Give a browser, which is closed at the end.

    Raises:
        FileNotFoundError: there is no Chromium on this machine.
    """
    program = shutil.which("chromium") or shutil.which("google-chrome")
    if program is None:
        raise FileNotFoundError("there is no chromium on this machine")
    command_in, command_out = os.pipe()
    answer_in, answer_out = os.pipe()
    # Chromium's children may still write while it ends.
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        # Chromium reads commands from descriptor 3 and answers on 4.
        script = f'exec 3<&{command_in} 4>&{answer_out}; exec "$@"'
        options = ["--headless=new", "--no-sandbox", "--disable-gpu", "--remote-debugging-pipe",
                   f"--user-data-dir={profile}"]  # fmt: skip
        running = subprocess.Popen(
            ["bash", "-c", script, "bash", program, *options],
            pass_fds=(command_in, answer_out),
            stderr=subprocess.DEVNULL,
        )
        os.close(command_in)
        os.close(answer_out)
        try:
            yield Browser(command_out, answer_in)
        finally:
            running.terminate()
            running.wait(timeout=20)
            os.close(command_out)
            os.close(answer_in)
