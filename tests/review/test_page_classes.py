"""The review tab in Chromium: any classes, many at once, the model's answer, two people, filters and orders."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from benchmarks.browser import Browser, open_browser
from benchmarks.review_standin import Standin, make_class_items, serve

from rushes.footage.picture import encode_picture
from rushes.review.people import person_from

CLASSES = ("ECS", "CS", "MS", "FS", "LS")
STILLS = [encode_picture(np.full((36, 64, 3), shade, np.uint8)) for shade in (60, 110, 160, 210)]
LIST = "document.querySelector('.list').textContent"
NOTICE = "document.querySelector('.notice').textContent"
TOAST = "document.querySelector('.toast').textContent"
NO_NAMES = ("", "-ann", "a/b", "a, b")
FEET = "[...document.querySelectorAll('.cell')].map(one => one.getAttribute('aria-label').split(', ')[1])"


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    with open_browser() as opened:
        yield opened


def review_of(count: int, classes: tuple[str, ...] = CLASSES, **more: Any) -> Standin:
    return Standin(make_class_items(count, classes), {"thumb": STILLS, "fit": STILLS}, classes=classes, **more)


def look(browser: Browser, address: str) -> None:
    browser.open("about:blank")
    browser.complaints.clear()
    browser.open(address)
    browser.wait_until("window.rushesReview?.ready && document.querySelector('.decided')")


def press(browser: Browser, *keys: str, **held: bool) -> None:
    for key in keys:
        browser.press(key, **held)


def settle(browser: Browser) -> None:
    browser.wait_until("rushesReview.unsaved() === 0")


def sent(standin: Standin) -> list[list[tuple[str, Any]]]:
    """Return what each request of decisions wanted."""
    return [
        [(change["id"], change["decision"]) for change in body["changes"]]
        for path, body in standin.told
        if path == "decisions"
    ]


def choose(browser: Browser, name: str) -> None:
    """Choose a filter or an order in the box that F opens."""
    press(browser, "f")
    browser.wait_until("document.querySelector('.choice-box')")
    browser.ask(f"document.querySelector('.choice-box input[value={name}]').click()")
    press(browser, "Escape")
    browser.wait_until("!document.querySelector('.choice-box')")


def narrow(browser: Browser, place: int, value: str) -> None:
    press(browser, "f")
    browser.wait_until("document.querySelector('.choice-box')")
    only = f"document.querySelectorAll('.narrow select')[{place}]"
    browser.ask(f"{only}.value = '{value}', {only}.dispatchEvent(new Event('change', {{ bubbles: true }}))")
    press(browser, "Escape")


def test_each_class_has_a_key_and_enter_takes_the_models_answer(browser: Browser) -> None:
    standin = review_of(12)
    with serve(standin) as address:
        look(browser, address)
        press(browser, "Home", "3", "Enter", "5", "e", "Enter", "ArrowLeft", "u")
        settle(browser)
        assert sent(standin) == [
            [("frame-00000", "MS")],
            [("frame-00001", standin.items[1]["answer"])],
            [("frame-00002", "LS")],
            [("frame-00003", standin.items[3]["answer"])],
            [("frame-00003", None)],
        ]
        assert [body["by"] for _, body in standin.told] == ["ann"] * 5
        assert standin.told[0][1]["changes"][0]["saw"] == {"decision": "CS", "by": None}
        buttons = "[...document.querySelectorAll('.actions .classes button')].map(one => one.innerText.split('\\n'))"
        assert browser.ask(f"{buttons}.map(one => one[0]).join('')") == "12345"
        assert browser.complaints == []


def test_classes_beyond_nine_take_letters_that_do_nothing_else_and_the_last_are_pressed(browser: Browser) -> None:
    many = tuple(f"class {number}" for number in range(22))
    standin = review_of(8, many)
    with serve(standin) as address:
        look(browser, address)
        press(browser, "Home", "9", "b", "y", "p", "x")
        browser.ask("[...document.querySelectorAll('.actions .classes button')].at(-1).click()")
        settle(browser)
        assert [decision for [(_, decision)] in sent(standin)] == ["class 8", "class 9", "class 19", "class 21"]


def test_a_selection_is_decided_in_one_step_that_one_undo_takes_back(browser: Browser) -> None:
    standin = review_of(40)
    before = [item["decision"] for item in standin.items]
    with serve(standin) as address:
        look(browser, address)
        press(browser, "Home")
        press(browser, "ArrowRight", "ArrowRight", "ArrowRight", "ArrowLeft", shift=True)
        browser.wait_until("rushesReview.selected() === 3")
        browser.wait_until("document.querySelector('.actions .of').textContent === '3 samples selected'")
        press(browser, "4")
        settle(browser)
        assert sent(standin) == [[(f"frame-{place:05d}", "FS") for place in range(3)]]
        press(browser, "z", control=True)
        settle(browser)
        assert [item["decision"] for item in standin.items] == before
        press(browser, "z", control=True, shift=True)
        settle(browser)
        assert [item["decision"] for item in standin.items[:3]] == ["FS"] * 3
        press(browser, "Escape", "End", "a")
        press(browser, "a", control=True)
        browser.wait_until("rushesReview.selected() === 40")
        press(browser, "Enter")
        settle(browser)
        assert [item["decision"] for item in standin.items] == [item["answer"] for item in standin.items]
        assert len([path for path, _ in standin.told if path == "decisions"]) == 2
        press(browser, "Escape")
        assert browser.ask("rushesReview.selected()") == 40, "what stands over the grid goes first: all are decided"
        press(browser, "Escape")
        assert browser.ask("rushesReview.selected()") == 0


def test_a_drag_selects_what_its_rectangle_touches(browser: Browser) -> None:
    with serve(review_of(40)) as address:
        look(browser, address)
        drag = """(() => { const grid = document.querySelector('.grid'), box = grid.getBoundingClientRect();
          const at = (kind, x, y) => grid.dispatchEvent(new PointerEvent(kind, { pointerType: 'mouse', pointerId: 1,
            clientX: box.left + x, clientY: box.top + y, bubbles: true, button: 0 }));
          grid.setPointerCapture = () => {}; at('pointerdown', 20, 60); at('pointermove', 300, 90);
          at('pointermove', 300, 300); at('pointerup', 300, 300); })()"""
        browser.ask(drag)
        assert browser.ask("rushesReview.selected()") == 4
        assert browser.ask("document.querySelector('.band')") is None


def test_what_another_person_decided_meanwhile_is_told_and_nothing_is_overwritten(browser: Browser) -> None:
    standin = review_of(12)
    with serve(standin) as address:
        look(browser, address)
        bobs = {"by": "bob", "changes": [{"id": f"frame-{place:05d}", "decision": "LS"} for place in (1, 2)]}
        standin.take("decisions", bobs)
        press(browser, "3", "3", "3")
        settle(browser)
        assert [item["decision"] for item in standin.items[1:4]] == ["LS", "LS", "MS"]
        browser.wait_until(f"{NOTICE}.includes('bob said') && {NOTICE}.includes('you said')")
        browser.wait_until(f"{FEET}.slice(1, 3).join() === 'LS by bob,LS by bob'")
        press(browser, "k")
        browser.wait_until(f"!{NOTICE}.includes('and 1 more') && {NOTICE}.includes('still-00002')")
        press(browser, "o")
        settle(browser)
        browser.wait_until("document.querySelector('.notice').hidden")
        assert [(item["decision"], item["by"]) for item in standin.items[1:3]] == [("LS", "bob"), ("MS", "ann")]
        press(browser, "z", control=True)
        settle(browser)
        assert standin.items[2]["decision"] == "LS", "one's own insisting is a step that undo takes back"


def test_what_another_person_decides_comes_in_and_one_decides_under_a_name(browser: Browser) -> None:
    standin = review_of(12)
    with serve(standin) as address:
        look(browser, address)
        standin.take("decisions", {"by": "bob", "changes": [{"id": "frame-00002", "decision": "FS"}]})
        browser.ask("rushesReview.look()")
        browser.wait_until(f"{FEET}[2] === 'FS by bob'")
        browser.ask("document.querySelector('.who').click()")
        browser.wait_until("document.querySelector('.naming input')")
        for name in NO_NAMES:
            browser.ask(f"document.querySelector('.naming input').value = {json.dumps(name)}")
            browser.ask("document.querySelector('.naming [type=submit]').click()")
            browser.wait_until("document.querySelector('.naming [role=alert]')?.textContent.includes(' name')")
        press(browser, "1")
        assert browser.ask("document.querySelector('.who').textContent") == "ann"
        browser.ask("document.querySelector('.naming input').value = ' Cleo  Parr '")
        browser.ask("document.querySelector('.naming [type=submit]').click()")
        browser.wait_until("document.querySelector('.who').textContent === 'Cleo Parr'")
        assert len(standin.told) == 1, "no key decides behind a dialog"
        press(browser, "1")
        settle(browser)
        assert standin.told[-1][1]["by"] == "Cleo Parr"
        browser.wait_until("document.querySelector('.who').textContent === 'cleo parr'")  # as the server has it
        look(browser, address)
        browser.wait_until("document.querySelector('.who').textContent === 'cleo parr'")
        browser.ask("localStorage.clear()")


def test_the_page_and_the_server_have_one_rule_for_names(browser: Browser) -> None:
    names = [
        *NO_NAMES,
        "ann",
        "ß",
        "Émile",
        "Zoë 2",
        "3d",
        "a@b.c",
        "_a",
        "x" * 40,
        "x" * 41,
        "王",
        "a\u00a0b",
        "٣",
        "a—b",
    ]
    with serve(review_of(4)) as address:
        look(browser, address)
        fault = f"import('/page/review/person.js').then(own => {json.dumps(names)}.map(one => own.faultOf(one) === ''))"
        assert browser.ask(fault) == [is_name(one) for one in names]


def is_name(text: str) -> bool:
    try:
        return bool(person_from(text))
    except ValueError:
        return False


def test_keys_are_the_dialogs_while_one_is_open_wherever_the_focus_is(browser: Browser) -> None:
    standin = review_of(12)
    with serve(standin) as address:
        look(browser, address)
        press(browser, "Home", "f", "1", "u", "Enter")
        browser.wait_until("!document.querySelector('dialog')")
        press(browser, "f")
        browser.ask("document.activeElement.blur()")
        press(browser, "3")
        browser.ask(
            "document.querySelector('.grid').dispatchEvent(new KeyboardEvent('keydown', { key: '3', bubbles: true }))"
        )
        press(browser, "Escape")
        browser.wait_until("!document.querySelector('dialog')")
        press(browser, "?", "3", "Escape")
        browser.wait_until("!document.querySelector('dialog')")
        assert standin.told == []
        press(browser, "2")
        settle(browser)
        assert sent(standin) == [[("frame-00000", "CS")]], "and the samples' again once it is closed"


def test_who_is_overruled_hears_of_it_and_has_the_last_word_by_key(browser: Browser) -> None:
    standin = review_of(12)
    with serve(standin) as address:
        look(browser, address)
        press(browser, "Home", "1", "1", "1")
        settle(browser)
        bobs = [{"id": f"frame-{place:05d}", "decision": name} for place, name in ((0, "MS"), (1, "MS"), (2, "ECS"))]
        standin.take("decisions", {"by": "bob", "over": True, "request": "b", "changes": bobs})
        browser.ask("rushesReview.look()")
        said = "document.querySelector('.notice [role=alert]')?.textContent"
        browser.wait_until(f"/^bob said 3 MS over your 1 ECS, (just now|\\d+ s ago)\\. still-00000/.test({said})")
        browser.wait_until(f"{FEET}.slice(0, 3).join() === 'MS by bob,MS by bob,ECS by bob'")
        press(browser, "o")
        settle(browser)
        browser.wait_until(f"{said}?.includes('still-00001')")
        press(browser, "k")
        browser.wait_until("document.querySelector('.notice').hidden")  # to agree overrules nobody
        stands = [(item["decision"], item["by"]) for item in standin.items[:3]]
        assert stands == [("ECS", "ann"), ("MS", "bob"), ("ECS", "bob")]
        standin.take("decisions", {"by": "bob", "over": True, "request": "c", "changes": bobs[:1]})
        browser.ask("rushesReview.look()")
        browser.wait_until(f"{said}?.includes('over your')")
        standin.take("undo", {"by": "bob", "request": "d", "of": "c"})
        browser.ask("rushesReview.look()")
        browser.wait_until("document.querySelector('.notice').hidden")  # bob has thought again


def test_undo_tells_what_stands_and_not_what_the_page_knew(browser: Browser) -> None:
    standin = review_of(12)
    with serve(standin) as address:
        look(browser, address)
        press(browser, "Home", "1")
        settle(browser)
        standin._done[-1][1][0].update(
            decision="MS", own=True, by="bob", origin="review:bob"
        )  # said unseen by this page
        press(browser, "z", control=True)
        browser.wait_until(f"{TOAST}.startsWith('Undone: still-00000.jpg, MS by bob')")
        browser.wait_until(f"{FEET}[0] === 'MS by bob'")


def test_fingers_select_several_by_a_long_touch_and_by_taps(browser: Browser) -> None:
    standin = review_of(12)
    touch = """(place, kind) => document.querySelectorAll('.cell')[place].dispatchEvent(new PointerEvent(kind,
      { pointerType: 'touch', pointerId: 1, bubbles: true, clientX: 9, clientY: 9 }))"""
    tap = "document.querySelectorAll('.cell')[%d].click()"
    with serve(standin) as address:
        look(browser, address)
        press(browser, "Home")
        browser.ask(f"({touch})(3, 'pointerdown')")
        browser.wait_until("rushesReview.selected() === 1")
        browser.ask(f"({touch})(3, 'pointerup')")
        for place in (3, 4, 6, 7, 6):  # the first is the finger that is lifted
            browser.ask(tap % place)
        browser.wait_until("document.querySelector('.actions .of').textContent === '3 samples selected'")
        browser.ask("document.querySelectorAll('.actions .classes button')[3].click()")
        settle(browser)
        assert sent(standin) == [[(f"frame-{place:05d}", "FS") for place in (3, 4, 7)]]
        browser.wait_until("rushesReview.selected() === 0")
        press(browser, "2")
        browser.wait_until(f"{TOAST}.startsWith('Nothing is selected yet')")
        browser.ask(tap % 5)
        press(browser, "2")
        settle(browser)
        browser.ask("document.querySelector('.picking.button').click()")
        browser.ask(tap % 8)
        press(browser, "1")
        settle(browser)
        assert sent(standin)[1:] == [[("frame-00005", "CS")], [("frame-00008", "ECS")]]


def test_a_low_window_with_long_names_leaves_four_fifths_to_the_pictures_beside_the_buttons(browser: Browser) -> None:
    many = tuple(f"a rather long class {letter} of many others" for letter in "abcdefghijklmnopqrstuvwx")
    with serve(review_of(8, many)) as address:
        for width, height in ((640, 430), (390, 844), (1280, 800)):
            browser.open("about:blank")
            browser.open(address, width=width, height=height)
            browser.wait_until("window.rushesReview?.ready && document.querySelector('.decided')")
            classes = "document.querySelector('.classes')"
            assert browser.ask(f"{classes}.offsetHeight <= Math.max(48, 0.21 * innerHeight)")
            assert browser.ask("document.querySelector('.view').offsetHeight / innerHeight") > 0.5
            cut = (
                f"[...{classes}.querySelectorAll('.name')].filter(one => one.scrollWidth > one.offsetWidth + 1).length"
            )
            assert browser.ask(cut) == 0
            assert browser.ask("document.querySelector('.who').offsetWidth > 30"), "who decides is always seen"


def test_lists_are_narrowed_by_class_answer_group_and_origin_and_put_in_order(browser: Browser) -> None:
    standin = review_of(60)
    items = standin.items
    with serve(standin) as address:
        look(browser, address)
        choose(browser, "disagreements")
        wrong = [item for item in items if item["decision"] not in (None, item["answer"])]
        browser.wait_until(f"{LIST} === 'Disagreements · {len(wrong)}'")
        choose(browser, "error")
        suspect = max(wrong, key=lambda item: item["error"])
        press(browser, "Home")
        browser.wait_until(f"rushesReview.focused() === '{suspect['id']}'")
        choose(browser, "all")
        choose(browser, "doubt")
        press(browser, "Home")
        doubtful = max(items, key=lambda item: item["doubt"])
        browser.wait_until(f"rushesReview.focused() === '{doubtful['id']}'")
        choose(browser, "drawn")
        press(browser, "Home", "ArrowRight")
        browser.wait_until("rushesReview.focused() === 'frame-00005'")
        narrow(browser, 2, "film 1")
        browser.wait_until(f"{LIST} === 'film 1 · {sum(item['group'] == 'film 1' for item in items)}'")
        narrow(browser, 3, "folder")
        both = [item for item in items if item["group"] == "film 1" and item["origin"] == "folder"]
        browser.wait_until(f"{LIST} === 'film 1, folder · {len(both)}'")
        narrow(browser, 0, "ECS")
        narrow(browser, 1, "LS")
        browser.wait_until("document.querySelector('.view').textContent.includes('No sample matches')")
        browser.ask("document.querySelector('.view button').click()")
        browser.wait_until(f"{LIST} === 'All · 60'")
        assert browser.complaints == []


def test_the_panel_tells_all_probabilities_and_who_said_what(browser: Browser) -> None:
    standin = review_of(12)
    with serve(standin) as address:
        look(browser, address)
        press(browser, "Home", "2", "ArrowLeft", "i")
        browser.wait_until("document.querySelectorAll('.shares dt').length === 5")
        browser.wait_until("document.querySelector('.history')?.textContent.includes('ann')")
        browser.wait_until("document.querySelector('.panel [aria-pressed=true]')?.textContent === '2CS'")


def test_progress_is_told_of_all_and_of_each_class(browser: Browser) -> None:
    standin = review_of(8)
    with serve(standin) as address:
        look(browser, address)
        press(browser, "Home", "1", "1", "2")
        told = "document.querySelector('.decided')?.getAttribute('aria-valuetext')"
        labelled = standin.items[4]["decision"]
        browser.wait_until(f"{told}?.startsWith('3 decided here, 1 labelled, of 8: ECS 2')")
        browser.wait_until(f"{told}.includes('{labelled}')")


def test_a_review_may_open_in_an_order_and_lists_what_else_is_reviewed(browser: Browser) -> None:
    standin = review_of(12, opens_in="doubt")
    doubtful = max((item for item in standin.items if item["decision"] is None), key=lambda item: item["doubt"])
    with serve(standin) as address:
        look(browser, address)
        assert browser.ask("rushesReview.focused()") == doubtful["id"]
        browser.wait_until("document.title === 'scale: A shoot · rushes'")
        browser.wait_until("document.querySelector('.bar h1').textContent === 'scale A shoot'")
