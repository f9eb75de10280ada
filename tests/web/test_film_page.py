"""The page of a film whose structure is found, in Chromium."""

# ruff: noqa: F811

from __future__ import annotations

from collections.abc import Iterator

import pytest

from rushes.project import Project
from studio.kino import guarded, studio
from studio.story import SHOTS
from studio.test_structure import make_story
from web.browsing import Visit, check_access, chromium_browser, press, said, serving, visit  # noqa: F401
from web.test_footage_tab import until


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> tuple[Project, str]:
    return make_story(tmp_path_factory.mktemp("film-page") / "project")


@pytest.fixture
def address(story: tuple[Project, str]) -> Iterator[str]:
    with studio(story[0]) as app, serving(guarded(app)) as served:
        yield served


@pytest.mark.parametrize(("shape", "dark"), [("wide", False), pytest.param("phone", True, marks=pytest.mark.longer)])
def test_scenes_are_found_walked_named_and_wiped_by_key(
    visit: Visit, address: str, story: tuple[Project, str], shape: str, dark: bool
) -> None:
    page = visit(address, f"?token=t#/footage/{story[1]}", shape=shape, dark=dark, touch=shape != "wide")
    until(page, "document.querySelector('video')?.readyState > 1")
    press(page, "f")
    page.wait_for_selector("dialog >> text=Faces are data about persons")
    assert not page.is_checked("dialog [type=checkbox]"), "nobody's faces are looked for unasked"
    check_access(page)
    page.check("dialog [type=checkbox]")
    page.get_by_role("button", name="Find scenes").last.press("Enter")
    page.wait_for_selector(".scene-head")
    assert page.locator(".scene-head h2").all_inner_texts() == ["Scene 1", "Scene 2", "Scene 3"]
    check_access(page)

    press(page, "Home", "Shift+ArrowRight")
    assert said(page) == "Scene 2"
    press(page, "Home", "d")
    assert said(page) == "Dialogue 1"
    press(page, "p")
    until(page, "!document.querySelector('video').paused")
    page.evaluate("document.querySelector('video').currentTime = 7.3")
    until(page, "document.querySelector('video').paused")
    assert page.evaluate("document.querySelector('video').currentTime") < 7.7, "it stops where the dialogue does"

    press(page, "2")
    page.get_by_role("button", name="Shots of dialogue 1").press("Enter")
    until(page, "document.querySelectorAll('.shot').length === 7")
    press(page, "Escape")
    until(page, f"document.querySelectorAll('.shot').length === {SHOTS}")

    page.locator(".downloads summary").press("Enter")
    page.wait_for_selector("a:has-text('Table of scenes')")
    check_access(page)
    press(page, "Escape")
    page.wait_for_selector(".downloads .menu", state="hidden")

    press(page, "3")
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.method) if "characters" in request.url else None)
    page.fill("[aria-label='Name of character 2']", "Eve")
    press(page, "Tab")
    until(page, "document.querySelector('.face:nth-child(2)').innerText.includes('Not kept yet: Enter keeps it')")
    check_access(page)
    page.focus("[aria-label='Name of character 2']")
    press(page, "Escape")
    until(page, "document.querySelector('[aria-label=\"Name of character 2\"]').value === ''")
    page.fill("[aria-label='Name of character 2']", "Ada")
    press(page, "Enter", "Tab")
    until(page, "document.querySelector('#said').textContent.startsWith('character 2 is Ada now')")
    assert sent.count("POST") == 1, "Enter keeps it, once, and nothing else does"
    page.get_by_role("button", name="Every scene with Ada").press("Enter")
    page.wait_for_selector("h2 >> text=Every scene with Ada")
    check_access(page)
    press(page, "Control+z")
    until(page, "document.querySelector('#said').textContent.startsWith('The last name is taken back')")
    until(page, "document.querySelector('[aria-label=\"Name of character 2\"]').value === ''")

    press(page, "/")
    page.keyboard.type("line 8")
    until(page, "document.querySelectorAll('.lines li').length === 1")
    press(page, "Enter")
    until(page, "document.querySelector('.facts h2').textContent.startsWith('Shot 9')")
    until(page, "document.querySelector('.caption')?.textContent === 'Line 8 & its <answer>'")
    check_access(page)
    page.evaluate("document.activeElement.blur()")
    press(page, "5", "+", "-")
    page.wait_for_selector("text=How it was found")
    check_access(page)
    wide = "document.querySelector('#main').scrollWidth <= document.querySelector('#main').clientWidth"
    assert page.evaluate(wide), "nothing hangs over the edge"

    press(page, "3")
    page.get_by_role("button", name="Delete all face data").press("Enter")
    page.get_by_role("button", name="Delete", exact=True).press("Enter")
    assert list(story[0].faces_folder.rglob("*.jpg")), "asked once"
    check_access(page)
    page.get_by_role("button", name="Yes, delete all of it").press("Enter")
    page.wait_for_selector("text=Nobody was looked for")
    assert not [path for path in story[0].faces_folder.rglob("*") if path.is_file()]
