"""The review tab on the server that comes with rushes: its guard, its policy, and the catalog behind it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from playwright.sync_api import Page

from review.shoots import TOKEN, make_project, opened, served, take_in, wait_for
from rushes.labels.label import Label
from rushes.review import gather
from rushes.review.opinions import Model, Opinions
from rushes.review.session import Opening
from web.browsing import Visit, chromium_browser, press, visit

__all__ = ["chromium_browser", "visit"]

CLASSES = ("CS", "MS", "LS")
SURE, TORN, WRONG = (0.9, 0.06, 0.04), (0.35, 0.34, 0.31), (0.1, 0.1, 0.8)


def until(page: Page, expression: str) -> None:
    """Wait until something is true in the page; its policy forbids what Playwright's own waiting evaluates there."""
    wait_for(lambda: bool(page.evaluate(expression)))


def settled(page: Page) -> None:
    until(page, "rushesReview.unsaved() === 0")


def test_a_task_of_three_classes_is_reviewed_by_two_people_from_key_to_catalog(tmp_path: Path, visit: Visit) -> None:
    project = make_project(tmp_path)
    with opened(project) as catalog:
        take_in(catalog, project, project.root / "shoot")
        review = gather.review_of_task(catalog, project.task("scale"), project=project)
        frames = [item.id for item in review.items]
        catalog.append_labels([Label(frames[1], "scale", "CS", "folder", "2026-11-01T12:00:00Z")])
        opinions = Opinions(Model("run", "first", "2026-11-26-first"), CLASSES, total=len(frames))
        opening = Opening("ann", order="doubt")
        with served(review, catalog, project, opinions=opinions, opening=opening) as server:
            page = visit(f"http://127.0.0.1:{server.port}/", f"?token={TOKEN}")
            until(page, "window.rushesReview?.ready")
            assert "token" not in page.url
            rows = np.array([SURE, WRONG, TORN, SURE, SURE, SURE], np.float32)
            opinions.add_probabilities(frames, rows)
            page.evaluate("rushesReview.look()")
            until(page, f"rushesReview.focused() === '{frames[2]}'")  # the least sure, once it is answered
            press(page, "Enter", "2")
            settled(page)
            second = page.evaluate("rushesReview.focused()")
            assert server.post("decisions", {"by": "bob", "changes": [{"id": second, "decision": "LS"}]}).status == 200
            press(page, "1")
            page.wait_for_selector(".clash-box")
            assert "bob said" in page.inner_text(".clash-box")
            press(page, "o", "ArrowLeft")
            settled(page)
            press(page, "i")
            until(page, "document.querySelectorAll('.shares dt').length === 3")
            until(page, "document.querySelectorAll('.history li').length >= 2")
        told = [(one.class_name, one.origin) for one in catalog.labels_of(second, task="scale")]
        assert told == [("LS", "review:bob"), ("CS", "review:ann")]
        assert [one.class_name for one in catalog.labels_of(frames[2], task="scale")] == ["CS"]
