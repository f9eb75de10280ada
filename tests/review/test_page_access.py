"""The review tab for everyone: axe-core finds nothing in its views, light and dark, wide and narrow, by finger."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from benchmarks.review_standin import Standin, make_class_items, make_items, serve
from playwright.sync_api import Page

from rushes.footage.picture import encode_picture
from web.browsing import Visit, check_access, chromium_browser, press, visit

__all__ = ["chromium_browser", "visit"]

CLASSES = ("ECS", "CS", "MS", "FS", "LS")
STILLS = [encode_picture(np.full((36, 64, 3), shade, np.uint8)) for shade in (60, 210)]


def review_of(classes: tuple[str, ...] = CLASSES, count: int = 12) -> Standin:
    items = make_class_items(count, classes) if classes else make_items(count)
    return Standin(items, {"thumb": STILLS, "fit": STILLS}, classes=classes)


def open_at(visit: Visit, address: str, **how: Any) -> Page:
    """Open a review and return its page when everything of it is there."""
    server, _, review = address.partition("#")
    page = visit(server, f"#{review}", **how)
    page.wait_for_function("window.rushesReview?.ready")
    page.wait_for_selector(".decided")
    return page


@pytest.mark.parametrize("dark", [False, pytest.param(True, marks=pytest.mark.longer)], ids=["light", "dark"])
def test_grid_loupe_panel_and_notices_break_no_rule(visit: Visit, dark: bool) -> None:
    standin = review_of()
    with serve(standin) as address:
        page = open_at(visit, address, dark=dark)
        press(page, "Home", "1", "Shift+ArrowRight")
        page.wait_for_selector(".cell.selected")
        check_access(page)
        press(page, "Escape", "e", "i")
        page.wait_for_selector(".shares")
        check_access(page)
        press(page, "f")
        page.wait_for_selector(".choice-box")
        check_access(page)
        press(page, "Escape", "n")
        bobs = [{"id": item["id"], "decision": "LS"} for item in standin.items]
        standin.take("decisions", {"by": "bob", "changes": bobs})
        press(page, "3")
        page.wait_for_selector(".clash-box")
        check_access(page)


@pytest.mark.parametrize("classes", [CLASSES, ()], ids=["classes", "cull"])
def test_a_telephone_and_a_tablet_break_no_rule_and_have_room_for_fingers(
    visit: Visit, classes: tuple[str, ...]
) -> None:
    with serve(review_of(classes)) as address:
        for shape in ("phone", "tablet"):
            page = open_at(visit, address, shape=shape, dark=shape == "tablet", touch=True)
            check_access(page)
            press(page, "i", "e")
            page.wait_for_selector(".panel h2")
            check_access(page)
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
            low = "[...document.querySelectorAll('.actions button')].filter(one => one.offsetHeight < 44).length"
            assert page.evaluate(f"matchMedia('(pointer: coarse)').matches ? {low} : 0") == 0


def test_the_keys_of_the_tab_are_in_the_help_and_the_address_names_the_review(visit: Visit) -> None:
    standin = review_of()
    with serve(standin) as address:
        page = open_at(visit, address)
        press(page, "?")
        page.wait_for_selector("dialog[open]")
        assert "Accept the model's answer" in page.inner_text("dialog")
        check_access(page)
        press(page, "Escape", "Home", "Tab")
        assert page.evaluate("document.activeElement !== document.body")
