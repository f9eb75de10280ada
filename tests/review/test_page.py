"""The page of a review, in Chromium."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from benchmarks.browser import Browser, open_browser
from benchmarks.review_standin import Standin, make_items, serve

from rushes.footage.picture import encode_picture

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "src" / "rushes" / "web" / "page" / "review"
STILLS = [encode_picture(np.full((40, 60, 3), shade, np.uint8)) for shade in (60, 110, 160, 210)]
LARGE = encode_picture(np.full((1000, 1500, 3), 90, np.uint8))
LABELS = "[...document.querySelectorAll('.cell')].map(one => one.getAttribute('aria-label').split(', ')[1])"
CHOICE = "document.querySelector('.choice-box input[value=%s]').click()"


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    with open_browser() as opened:
        yield opened


def review_of(count: int) -> Standin:
    return Standin(make_items(count), {"thumb": STILLS, "fit": STILLS})


def look(browser: Browser, address: str, *, width: int = 1280) -> None:
    browser.open("about:blank")  # what the page before complains of when its server is gone is not of this one
    browser.complaints.clear()
    browser.open(address, width=width)
    browser.wait_until("window.rushesReview?.ready && document.querySelector('.decided')")


def press(browser: Browser, *keys: str) -> None:
    for key in keys:
        browser.press(key)


def settle(browser: Browser) -> None:
    browser.wait_until("rushesReview.unsaved() === 0")


def changes_of(standin: Standin) -> list[dict[str, Any]]:
    found = [change for path, body in standin.told if path == "decisions" for change in body["changes"]]
    return [{name: value for name, value in change.items() if name != "saw"} for change in found]


def test_keys_change_what_the_server_was_told_of_the_focused_photograph(browser: Browser) -> None:
    standin = review_of(12)
    with serve(standin) as address:
        look(browser, address)
        press(browser, "p", "x", "3", "6", "ArrowLeft", "u", "End", "x", "0")
        settle(browser)
        assert changes_of(standin) == [
            {"id": "frame-00000", "decision": "select"},
            {"id": "frame-00001", "decision": "reject"},
            {"id": "frame-00002", "rating": 3},
            {"id": "frame-00003", "color": "red"},
            {"id": "frame-00011", "decision": "reject"},
            {"id": "frame-00011", "rating": 0},
        ], "a key that changes nothing is not sent"
        press(browser, "a", "Home", "ArrowRight", "p", "6", "6")
        settle(browser)
        assert browser.ask("rushesReview.focused()") == "frame-00001", "it stays where it is when A is pressed"
        assert changes_of(standin)[-1] == {"id": "frame-00001", "color": None}
        assert browser.complaints == []


@pytest.mark.parametrize("view", ["g", "e", "c", "n"])
def test_the_key_acts_on_the_one_photograph_with_the_ring_in_every_view(browser: Browser, view: str) -> None:
    standin = review_of(12)
    with serve(standin) as address:
        look(browser, address)
        press(browser, "ArrowRight", "ArrowRight", view, "ArrowRight")
        browser.wait_until("rushesReview.shown() === 'frame-00003'")
        selector = {"g": ".cell.focused", "e": ".strip .focused", "c": ".tile.focused", "n": ".tile.focused"}[view]
        browser.wait_until(f"document.querySelector('.view {selector}')?.dataset.id === 'frame-00003'")
        assert browser.ask(f"document.querySelectorAll('.view {selector}').length") == 1
        press(browser, "x")
        settle(browser)
        assert changes_of(standin) == [{"id": "frame-00003", "decision": "reject"}]
        browser.wait_until("rushesReview.focused() === 'frame-00004'")
        assert browser.complaints == []


def test_undo_takes_back_without_limit_and_redo_does_again(browser: Browser) -> None:
    standin = review_of(6)
    with serve(standin) as address:
        look(browser, address)
        press(browser, "p", "4")
        settle(browser)
        look(browser, address)  # another page: only the server knows what there is to undo
        press(browser, "x")
        for _ in range(4):
            browser.press("z", control=True)
        settle(browser)
        assert [(item["decision"], item["rating"]) for item in standin.items[:2]] == [(None, None)] * 2
        browser.wait_until("document.querySelector('.toast').textContent.includes('nothing left to undo')")
        for _ in range(3):
            browser.press("z", control=True, shift=True)
        settle(browser)
        assert [item["decision"] for item in standin.items].count("select") == 1
        assert [item["rating"] for item in standin.items].count(4) == 1
        shown = "[...document.querySelectorAll('.cell .marks svg')].map(one => one.getAttribute('aria-label')).join()"
        browser.wait_until(f"{shown}.includes('picked') && {shown}.includes('rejected')")


def test_what_was_decided_while_the_server_was_gone_is_kept_over_a_reload_and_sent_once(browser: Browser) -> None:
    standin = review_of(6)
    with serve(standin) as address:
        look(browser, address)
        press(browser, "p")
        settle(browser)
    press(browser, "x", "5")
    browser.wait_until("document.querySelector('.notice').textContent.includes('does not answer')")
    assert browser.ask("rushesReview.unsaved()") == 2
    browser.wait_until("document.querySelector('.bar').textContent.includes('2 unsaved')")
    with serve(standin) as address:
        look(browser, address)
        settle(browser)
        assert changes_of(standin)[1:] == [
            {"id": "frame-00001", "decision": "reject"},
            {"id": "frame-00002", "rating": 5},
        ]
        assert browser.ask("document.querySelector('.notice').hidden")


def test_each_of_two_tabs_takes_back_its_own_and_shows_what_stands(browser: Browser) -> None:
    standin = review_of(12)
    here, there = browser.tab, browser.new_tab()
    with serve(standin) as address:
        look(browser, address)
        press(browser, "p")
        settle(browser)
        browser.turn_to(there)
        look(browser, address)
        press(browser, "End", "x")
        settle(browser)
        browser.turn_to(here)
        browser.press("z", control=True)
        settle(browser)
        assert [item["decision"] for item in standin.items] == [None] * 11 + ["reject"]
        browser.wait_until(f"{LABELS}.at(0) === 'undecided' && {LABELS}.at(-1) === 'rejected'")


def test_what_another_review_at_the_same_port_refuses_is_kept_and_sent_when_its_own_is_back(browser: Browser) -> None:
    standin = review_of(6)
    with serve(standin) as address:
        look(browser, address)
        press(browser, "p")
        settle(browser)
    press(browser, "x")
    browser.press("z", control=True)
    other = review_of(6)
    other.key, other.port = "stand-in/of a folder below", standin.port
    with serve(other):
        browser.wait_until("document.querySelector('.notice').textContent.includes('Another review')")
        assert (browser.ask("rushesReview.unsaved()"), other.told) == (2, [])
        look(browser, address.replace(standin.slug, other.slug))
        settle(browser)
        assert other.told == [], "a page adopts what was left of its own review, and of no other"
        browser.open("about:blank")
        browser.open(address)
        browser.wait_until("document.body.textContent.includes('There is no such review')")
    with serve(standin):
        look(browser, address)
        settle(browser)
        assert [path for path, _ in standin.told] == ["decisions", "decisions", "undo"]
        assert [item["decision"] for item in standin.items] == ["select"] + [None] * 5


def test_a_label_from_elsewhere_is_shown_apart_and_a_key_that_agrees_decides(browser: Browser) -> None:
    standin = review_of(6)
    standin.items[0]["decision"] = standin.items[1]["decision"] = "select"
    with serve(standin) as address:
        look(browser, address)
        press(browser, "Home")
        browser.wait_until(f"{LABELS}[0] === 'picked by a label from elsewhere'")
        assert browser.ask("document.querySelector('.cell.focused .sign-other-pick') !== null")
        press(browser, "u", "p")
        settle(browser)
        assert changes_of(standin) == [{"id": "frame-00001", "decision": "select"}], "U has nothing of a person to take"
        browser.wait_until(f"{LABELS}[1] === 'picked'")
        browser.press("z", control=True)
        settle(browser)
        browser.wait_until(f"{LABELS}[1] === 'picked by a label from elsewhere'")
        assert "nothing" not in browser.ask("document.querySelector('.toast').textContent").lower()


def test_a_key_decides_on_nothing_that_is_out_of_sight(browser: Browser) -> None:
    standin = review_of(200)
    with serve(standin) as address:
        look(browser, address)
        browser.ask("document.querySelector('.grid').scrollTop = 2000")
        press(browser, "p")
        browser.wait_until("document.querySelector('.toast').textContent.includes('Nothing was decided')")
        assert browser.ask("document.querySelector('.grid').scrollTop") == 0
        assert (browser.ask("rushesReview.focused()"), standin.told) == ("frame-00000", [])
        press(browser, "p")
        settle(browser)
        assert changes_of(standin) == [{"id": "frame-00000", "decision": "select"}]


def test_what_stands_for_a_photograph_is_said_under_it_and_is_not_its_pixels(browser: Browser) -> None:
    kept = {"thumb": STILLS, "fit": STILLS, "full": STILLS}
    flaw = "a kept picture of 60 × 40 pixels stands for the file, which is gone"
    note, scale = "document.querySelector('.note')?.textContent", "document.querySelector('.scale')?.textContent"
    with serve(Standin(make_items(6), kept, flaws={"fit": flaw, "full": flaw})) as address:
        look(browser, address)
        press(browser, "e")
        browser.wait_until(f"{note} === 'A' + {json.dumps(flaw[1:])}")
        press(browser, "z")
        browser.wait_until(f"{scale} === 'kept picture 60 × 40 of 6,000 × 4,000'")
    with serve(Standin(make_items(6), kept)) as address:
        look(browser, address)
        press(browser, "e", "z")
        browser.wait_until(f"{scale} === 'preview 60 × 40 of 6,000 × 4,000'")
        assert browser.ask(note) == ""
    cut_off = {"thumb": STILLS, "fit": STILLS, "full": [LARGE[:100]]}
    with serve(Standin(make_items(6), cut_off)) as address:
        look(browser, address)
        press(browser, "e", "z")
        browser.wait_until(f"{note} === 'Not 1:1: the file cannot be decoded whole' && {scale} === ''")
        assert browser.ask("rushesReview.quality()") == "fit"


def test_five_thousand_photographs_scroll_without_an_element_for_each(browser: Browser) -> None:
    with serve(review_of(5_000)) as address:
        look(browser, address)
        height = browser.ask("document.querySelector('.grid').scrollHeight")
        most = 0
        for part in (0.2, 0.5, 0.9):
            browser.ask(f"document.querySelector('.grid').scrollTop = {part} * {height}")
            browser.wait_until("document.querySelectorAll('.cell').length > 10")
            most = max(most, browser.ask("document.querySelectorAll('.cell').length"))
        assert most < 200
        press(browser, "End")
        browser.wait_until("rushesReview.shown() === 'frame-04999'")
        assert browser.ask("document.querySelector('.grid').scrollHeight") == height
        press(browser, "Home", "PageDown", "PageDown", "PageDown")
        at = "document.querySelector('.cell.focused').getBoundingClientRect().top"
        before = browser.ask(at)
        press(browser, "-")
        assert abs(browser.ask(at) - before) < 2, "the focused one stays in its place when cells are resized"
        assert browser.complaints == []


def test_the_list_stays_as_it_is_until_it_is_made_anew(browser: Browser) -> None:
    with serve(review_of(12)) as address:
        look(browser, address)
        press(browser, "p", "x", "f")
        browser.ask(CHOICE % "undecided")
        label = "document.querySelector('.list').textContent"
        browser.wait_until(f"{label} === 'Undecided · 10'")
        press(browser, "Escape", "p", "p")
        browser.wait_until("document.querySelector('.stale.there')?.textContent === '2 no longer match'")
        press(browser, "r")
        browser.wait_until(f"{label} === 'Undecided · 8'")
        press(browser, "f")
        browser.ask(CHOICE % "audit")
        browser.wait_until("document.querySelector('.audit').textContent.includes('0 of 1 looked at')")
        browser.wait_until("document.querySelector('.choice-box').textContent.includes('In the order of the draw')")
        assert browser.complaints == []


def test_a_zoom_keeps_its_place_on_the_next_photograph_and_compare_zooms_together(browser: Browser) -> None:
    standin = Standin(make_items(12, width=1500, height=1000), {"thumb": STILLS, "fit": STILLS, "full": [LARGE]})
    with serve(standin) as address:
        look(browser, address)
        press(browser, "ArrowRight", "ArrowRight", "e", "z")
        browser.wait_until("document.querySelector('.scale')?.textContent === '100 %'")
        press(browser, "ArrowRight")
        browser.wait_until("rushesReview.quality() === 'full' && rushesReview.shown() === 'frame-00003'")
        browser.wait_until("document.querySelector('.scale')?.textContent === '100 %'")
        press(browser, "c", " ")
        browser.wait_until("rushesReview.quality() === 'full'")
        assert browser.ask("document.querySelectorAll('.compare .tile').length") == 3, "the whole burst"


@pytest.mark.parametrize("view", ["g", "e", "c", "n"])
def test_nothing_is_wider_than_a_telephone_and_its_buttons_decide(browser: Browser, view: str) -> None:
    standin = review_of(12)
    with serve(standin) as address:
        look(browser, address, width=390)
        press(browser, view, "i")
        browser.wait_until("document.querySelector('.panel').textContent.includes('the subject is sharp')")
        press(browser, "f")
        browser.wait_until("document.querySelector('.choice-box').innerText.includes('Redo')")
        assert "Make the list anew" in browser.ask("document.querySelector('.choice-box').innerText")
        press(browser, "Escape")
        parts = "[...document.querySelectorAll('.review > .bar, .view, .panel, .actions')]"
        wide = f"{parts}.map(one => one.getBoundingClientRect())"
        assert browser.ask(f"{wide}.every(box => box.left >= 0 && box.right <= 390)")
        browser.ask("document.querySelector('.actions .pick').click()")
        settle(browser)
        assert changes_of(standin) == [{"id": "frame-00000", "decision": "select"}]
        assert browser.complaints == []


def test_every_button_and_every_photograph_has_a_name(browser: Browser) -> None:
    with serve(review_of(12)) as address:
        look(browser, address)
        press(browser, "i")
        browser.wait_until("document.querySelector('.panel .choice')")
        nameless = "[...document.querySelectorAll('button, [role=option], [role=img], input')].filter(one => "
        nameless += "!one.textContent.trim() && !one.getAttribute('aria-label')).map(one => one.outerHTML)"
        assert browser.ask(nameless) == []
        assert browser.ask("document.activeElement.getAttribute('aria-activedescendant')") == "cell-0"


def test_when_all_is_decided_the_page_says_what_comes_next(browser: Browser) -> None:
    with serve(review_of(4)) as address:
        look(browser, address)
        press(browser, "p", "p", "x", "p")
        browser.wait_until("document.querySelector('.notice').textContent.includes('All 4 are decided')")
        press(browser, "Escape", "f")
        browser.wait_until("document.querySelector('.notice').hidden")
        browser.ask(CHOICE % "rejects")
        press(browser, "Escape", "u", "r")
        browser.wait_until("document.querySelector('.view').textContent.includes('No sample matches')")


def test_every_key_of_the_tab_stands_in_the_documentation_as_the_keymap_says_it() -> None:
    told = json.loads((PAGE.parent / "keymap.json").read_text(encoding="utf-8"))
    rows = [(shown(one["keys"]), one["says"]) for one in told if one["tab"] == "review"]
    table = (ROOT / "docs" / "review.md").read_text(encoding="utf-8")
    assert len(rows) > 20
    assert [f"| {keys} | {says} |" for keys, says in rows if f"| {keys} | {says} |" not in table] == []


def test_the_letters_that_classes_may_have_do_nothing_else() -> None:
    told = json.loads((PAGE.parent / "keymap.json").read_text(encoding="utf-8"))
    [offered] = re.findall(r'OFFERED = "(\w+)"', (PAGE / "classes.js").read_text(encoding="utf-8"))
    ours = [one for one in told if one["tab"] in ("review", "app")]
    assert next(one["keys"] for one in ours if one["act"] == "class") == list(offered)
    others = [
        key for one in ours if one["act"] != "class" and one.get("group") != "Decide in a cull" for key in one["keys"]
    ]
    assert set(offered) & set(others) == set()
    assert len(others) == len(set(others))


def shown(keys: list[str]) -> str:
    """Return keys as the documentation writes them: `0–5`, `Shift ←`."""
    signs = {"ArrowLeft": "←", "ArrowRight": "→", "ArrowUp": "↑", "ArrowDown": "↓", "Escape": "Esc", " ": "Space",
             "PageUp": "Page ↑", "PageDown": "Page ↓", "-": "−"}  # fmt: skip
    digits = [key for key in keys if key.isdigit()]
    parts = [f"{digits[0]}–{digits[-1]}"] if digits else []
    for key in keys:
        if not key.isdigit():
            names = ["+"] if key == "+" else key.split("+")
            parts.append(" ".join(signs.get(one, one.upper() if len(one) == 1 else one) for one in names))
    return ", ".join(parts)


def test_the_page_asks_nobody_but_its_own_server() -> None:
    for part in PAGE.iterdir():
        found = re.findall(r"(?:https?:)?//[\w.-]+\.\w+", part.read_text(encoding="utf-8"))
        assert [one for one in found if "www.w3.org" not in one] == [], part.name
        assert part.suffix in (".js", ".css")
