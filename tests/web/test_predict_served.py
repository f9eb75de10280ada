"""The Predict tab before the API itself: a tiny bundle answers what is chosen, by keys alone."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import FilePayload, expect

from footage.painted import write_film
from footage.stills import write_raw
from rushes.api.limits import Limits
from rushes.api.service import Strength
from rushes.studio.app import make_application
from rushes.studio.predicting import open_predicting
from rushes.web.guard import Access
from web.browsing import Visit, check_access, choose, chromium_browser, press, serving, visit

__all__ = ["chromium_browser", "visit"]  # fixtures
pytestmark = pytest.mark.longer
TOKEN = "of-this-test-alone"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    pytest.importorskip("torch")
    from bundles.tiny import tiny_bundle

    folder = tiny_bundle(tmp_path_factory.mktemp("bundles") / "colours").folder
    spool = tmp_path_factory.mktemp("spool")
    predicting = open_predicting([folder], limits=Limits(), strength=Strength(1), spool=spool)
    app = make_application(access=Access(TOKEN, "rushes"), opens_on="predict", predicting=predicting)
    with serving(app, lifespan=True) as address:
        yield address
    assert list(spool.iterdir()) == [], "nothing that was sent is kept"


def red() -> FilePayload:
    data = io.BytesIO()
    Image.new("RGB", (96, 64), (210, 40, 30)).save(data, "PNG")
    return {"name": "red.png", "mimeType": "image/png", "buffer": data.getvalue()}


def test_a_picture_and_a_film_are_answered_by_the_bundle(visit: Visit, served: str, tmp_path: Path) -> None:
    film = write_film(tmp_path / "film.mp4", 100)
    page = visit(served, f"?token={TOKEN}#/predict")
    choose(page, red())
    expect(page.locator("#said")).to_contain_text(re.compile(r"^red, \d+"))
    expect(page.locator(".facts").first).to_contain_text("by colours")
    choose(page, {"name": "film.mp4", "mimeType": "video/mp4", "buffer": film.read_bytes()})
    expect(page.locator(".segment").first).to_be_visible()
    expect(page.locator(".answer")).to_contain_text("4 frames looked at")
    press(page, "ArrowRight")
    expect(page.locator("#said")).to_contain_text(re.compile("segment 1 of 1$"))
    check_access(page)


def test_a_raw_is_answered_and_a_broken_file_is_one_message(visit: Visit, served: str, tmp_path: Path) -> None:
    raw = write_raw(tmp_path / "field.dng").read_bytes()
    page = visit(served, f"?token={TOKEN}#/predict")
    page.allowed = ["422", "415"]  # type: ignore[attr-defined]
    choose(page, {"name": "field.dng", "mimeType": "", "buffer": raw})
    expect(page.locator(".facts").first).to_contain_text("camera raw, answered in")
    choose(page, {"name": "notes.jpg", "mimeType": "image/jpeg", "buffer": b"no picture at all"})
    expect(page.locator(".message.wrong")).to_contain_text("notes.jpg was not predicted")
    check_access(page)
