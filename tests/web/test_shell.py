"""The shell of the page: its tabs, its keys, and what it says where it cannot be opened."""

from __future__ import annotations

import json
import re
from http import HTTPStatus
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Response
from playwright.sync_api import expect

from rushes.web.page_files import page_router
from rushes.web.replies import json_reply, problem_reply
from web.browsing import Visit, check_access, chromium_browser, press, serving, visit
from web.standin import Standin

__all__ = ["chromium_browser", "visit"]  # fixtures
ROOT = Path(__file__).resolve().parents[2]
KEYMAP: list[dict[str, Any]] = json.loads((ROOT / "src/rushes/web/page/keymap.json").read_text(encoding="utf-8"))


def test_a_key_has_one_meaning_at_a_time() -> None:
    everywhere = [key for row in KEYMAP if row["tab"] == "app" for key in row["keys"]]
    for tab, group in {(row["tab"], row.get("group")) for row in KEYMAP}:  # what a group is of may be out of sight
        rows = [row for row in KEYMAP if (row["tab"], row.get("group")) == (tab, group)]
        keys = [key for row in rows for key in row["keys"]] + (everywhere if tab != "app" else [])
        assert len(keys) == len(set(keys)), (tab, group)
        assert len(rows) == len({row["act"] for row in rows}), (tab, group)


def test_the_page_documents_the_keys_that_it_has() -> None:
    text = (ROOT / "docs" / "page.md").read_text(encoding="utf-8")
    told = set(re.findall(r"^\| (`.+`) \| (.+?) \|$", text, re.MULTILINE))
    for row in KEYMAP:
        if row["tab"] in ("app", "predict"):
            keys = " ".join(f"`{'Space' if key == ' ' else key}`" for key in row["keys"])
            assert (keys, row["says"]) in told


def test_the_overlay_of_keys_lists_the_keymap_and_gives_the_focus_back(visit: Visit) -> None:
    with serving(Standin().app()) as address:
        page = visit(address)
        page.locator(".drop-here .primary").focus()
        press(page, "?")
        shown = page.locator("dialog dd").all_inner_texts()
        assert sorted(shown) == sorted(row["says"] for row in KEYMAP if row["tab"] in ("app", "predict"))
        check_access(page)
        press(page, "Escape")
        expect(page.locator("dialog")).to_have_count(0)
        expect(page.locator(".drop-here .primary")).to_be_focused()
        page.locator(".skip").press("Enter")
        expect(page.locator("#main")).to_be_focused()


def test_a_tab_is_opened_by_its_address_and_left_with_all_that_it_bound(visit: Visit) -> None:
    app = FastAPI()

    @app.get("/page/runs/tab.js")
    def tab() -> Response:
        return Response(
            "export function mount(root, app) { const show = (route) => { root.append(...route.rest); return true; };"
            " show(app.route); app.say('there'); return { title: 'Runs', unmount() {}, follow: show }; }",
            media_type="text/javascript",
        )

    @app.get("/app.json")
    def config() -> Response:
        return json_reply({"tabs": ["predict", "runs"], "opens_on": "predict", "bundles": [], "limits": {}})

    app.include_router(page_router())
    with serving(app) as address:
        page = visit(address, "#/nothing-like-it")
        expect(page.locator(".opening")).to_contain_text("No bundle is served")
        check_access(page)
        press(page, ">")
        expect(page).to_have_title("Runs · rushes")
        assert page.evaluate("location.hash") == "#/runs"
        page.evaluate("location.hash = '#/runs/2026-01%20a'")
        expect(page.locator("#main .tab")).to_have_text("2026-01 a")
        expect(page.locator("#said")).to_have_text("there")  # it was told of the address, not opened anew
        press(page, "o")
        press(page, "<")
        expect(page.locator("nav [aria-current=page]")).to_have_text("Predict")


def test_a_page_whose_token_is_missing_says_what_to_do(visit: Visit) -> None:
    app = FastAPI()

    @app.get("/app.json")
    def config() -> Response:
        return problem_reply(
            HTTPStatus.UNAUTHORIZED, "the token is missing. Open the address that 'rushes serve' printed"
        )

    app.include_router(page_router())
    with serving(app) as address:
        page = visit(address)
        page.allowed = ["401"]  # type: ignore[attr-defined]
        expect(page.locator(".message")).to_contain_text("Open the address that 'rushes serve' printed")
