"""Chromium through Playwright, a server beside it, and axe-core: what the tests of every tab of the page need.

Import the fixtures where they are used: `from web.browsing import chromium_browser, visit`.
"""

from __future__ import annotations

import base64
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, FilePayload, Page, expect, sync_playwright

from rushes.web.server import Server, listen

SHAPES = {"wide": (1280, 800), "tablet": (820, 1180), "phone": (390, 844)}
_WAIT_MS = 30_000  # how long something may take on a machine that is busy with other tests
expect.set_options(timeout=_WAIT_MS)


@contextmanager
def serving(app: Any, *, lifespan: bool = False) -> Iterator[str]:
    """Serve an application on this machine and yield its address."""
    listening, started = listen(0), threading.Event()
    server = Server(app, listening, started=started.set, lifespan=lifespan)
    address = f"http://127.0.0.1:{server.port}/"
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    assert started.wait(4 * _WAIT_MS / 1000), "the server did not start"
    try:
        yield address
    finally:
        server.stop()
        thread.join(_WAIT_MS / 1000)


@pytest.fixture(scope="module")
def chromium_browser(chromium: str) -> Iterator[Browser]:
    """A Chromium of this module alone: Playwright's event loop must not be there for what other modules run."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield browser
        browser.close()


Visit = Callable[..., Page]


@pytest.fixture
def visit(chromium_browser: Browser) -> Iterator[Visit]:
    """Open a page of a server: `visit(address, "#/predict", shape="tablet", dark=True)`.

    The test fails where a page raised an error, was refused something by its policy, or asked for what is not there
    or for another server; `page.allowed = ["…"]` names parts of complaints that the test is about.
    """
    with ExitStack() as stack:
        complaints: list[tuple[Page, str]] = []

        def open_page(
            address: str, hash_: str = "", *, shape: str = "wide", dark: bool = False, touch: bool = False
        ) -> Page:
            width, height = SHAPES[shape]
            context = chromium_browser.new_context(
                viewport={"width": width, "height": height},
                color_scheme="dark" if dark else "light",
                has_touch=touch,
                reduced_motion="reduce",
                accept_downloads=True,
                permissions=["clipboard-read", "clipboard-write"],
            )
            stack.callback(context.close)
            context.set_default_timeout(_WAIT_MS)
            page = context.new_page()
            page.on("filechooser", lambda _: None)  # whoever presses for one is sure to catch it
            page.on("pageerror", lambda error: complaints.append((page, str(error))))
            page.on("console", lambda said: complaints.append((page, said.text)) if said.type == "error" else None)
            page.on(
                "request",
                lambda asked: (
                    None
                    if asked.url.startswith((address, "blob:", "data:"))
                    else complaints.append((page, f"asked for {asked.url}"))
                ),
            )
            page.goto(address + hash_)
            page.wait_for_selector("html[data-ready]")
            return page

        yield open_page
        wrong = [said for page, said in complaints if not any(part in said for part in getattr(page, "allowed", []))]
        assert wrong == [], "\n".join(wrong)


def check_access(page: Page, *, within: str | None = None) -> None:
    """Fail with axe-core's report where the page, as it is now, breaks a rule of WCAG 2.2 A or AA, or a best practice.

    Args:
        within: selector of the part to look at; None looks at the whole page.
    """
    found = Axe().run(page, context=within, options={"resultTypes": ["violations"]})
    assert found.violations_count == 0, found.generate_report()


def press(page: Page, *keys: str) -> None:
    """Press keys one after another, as `KeyboardEvent.key` names them."""
    for key in keys:
        page.keyboard.press(key)


def choose(page: Page, *files: FilePayload) -> None:
    """Choose files with the key O of the Predict tab."""
    with page.expect_file_chooser() as chosen:
        page.keyboard.press("o")
    chosen.value.set_files(list(files))


def drop(page: Page, selector: str, files: Sequence[FilePayload], *, kind: str = "drop") -> None:
    """Drop files on an element, or paste them (`kind="paste"`), as a person's mouse or clipboard would."""
    told = [{**one, "buffer": base64.b64encode(one["buffer"]).decode()} for one in files]
    page.evaluate(_DROP, [selector, kind, told])


_DROP = """([selector, kind, files]) => {
  const transfer = new DataTransfer();
  for (const one of files) {
    const bytes = Uint8Array.from(atob(one.buffer), (sign) => sign.charCodeAt(0));
    transfer.items.add(new File([bytes], one.name, { type: one.mimeType }));
  }
  const place = document.querySelector(selector), told = { bubbles: true, cancelable: true };
  if (kind === "paste") place.dispatchEvent(new ClipboardEvent("paste", { ...told, clipboardData: transfer }));
  else for (const name of ["dragenter", "dragover", "drop"])
    place.dispatchEvent(new DragEvent(name, { ...told, dataTransfer: transfer }));
}"""


def said(page: Page) -> str:
    """Return what a screen reader was told last."""
    return page.inner_text("#said").replace("\xa0", " ").strip()
