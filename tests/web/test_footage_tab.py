"""The tabs of footage and runs, in Chromium."""

# ruff: noqa: F811

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page

from evaluation.boards import make_run, right_on
from rushes.catalog.catalog import open_catalog
from rushes.project import Project
from studio.kino import guarded, make_project, named, studio
from web.browsing import Visit, check_access, chromium_browser, press, said, serving, visit  # noqa: F401

SEEKING = "!document.querySelector('video').seeking"


def until(page: Page, expression: str) -> None:
    """Return once an expression holds; the page's own policy forbids Playwright's way of waiting for one."""
    for _ in range(400):
        if page.evaluate(expression):
            return
        page.wait_for_timeout(25)
    pytest.fail(f"{expression} does not come to hold")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    made = make_project(tmp_path_factory.mktemp("tabs") / "project")
    for name, right in (("first", 12), ("second", 20)):
        make_run(made.runs_folder / name, right_on(range(right)))
    report = "<!doctype html><title>r</title><p id=p>before</p><script>p.textContent = 'a report that ran'</script>"
    (made.runs_folder / "second" / "report.html").write_text(report)
    return made


@pytest.fixture(scope="module")
def address(project: Project) -> Iterator[str]:
    with studio(project) as app, serving(guarded(app)) as served:
        yield served


@pytest.fixture(scope="module")
def film(project: Project) -> str:
    with open_catalog(project.catalog_place) as catalog:
        return named(catalog, "three").digest


def test_films_are_walked_by_arrows_and_opened_by_enter(visit: Visit, address: str, film: str) -> None:
    page = visit(address, "?token=t#/footage")
    page.wait_for_selector(".film")
    assert said(page) == "2 films"
    press(page, "ArrowRight", "ArrowRight")
    assert page.evaluate("document.activeElement.querySelector('.name').textContent") == "three"
    check_access(page)
    press(page, "Enter")
    page.wait_for_selector(".shot")
    assert page.evaluate("location.hash") == f"#/footage/{film}"
    assert page.locator(".shot").count() == 3
    press(page, "Escape")
    page.wait_for_selector(".film")
    assert page.evaluate("document.activeElement.querySelector('.name')?.textContent") == "three", "where one was"
    press(page, "/")
    page.keyboard.type("odd")
    until(page, "document.querySelectorAll('.film').length === 1")


@pytest.mark.parametrize(
    ("shape", "dark"),
    [
        ("wide", False),
        pytest.param("tablet", True, marks=pytest.mark.longer),
        pytest.param("phone", True, marks=pytest.mark.longer),
    ],
)
def test_every_act_on_a_film_has_a_key(visit: Visit, address: str, film: str, shape: str, dark: bool) -> None:
    page = visit(address, f"?token=t#/footage/{film}", shape=shape, dark=dark, touch=shape != "wide")
    until(page, "document.querySelector('video')?.readyState > 1")
    press(page, "ArrowRight")
    assert said(page).startswith("Shot 2, 1.5 seconds, movement")
    until(page, SEEKING)
    assert page.evaluate("document.querySelector('video').currentTime") == pytest.approx(1.5 + 1 / 48, abs=0.01)
    press(page, "]")
    until(page, "Math.abs(document.querySelector('video').currentTime - 2.5) < 0.1")
    press(page, "Home", ".")
    until(page, "Math.abs(document.querySelector('video').currentTime - 1.5 / 24) < 0.01")
    press(page, "End", " ")
    until(page, "!document.querySelector('video').paused")
    press(page, " ")
    until(page, "document.querySelector('video').paused")
    press(page, "m")
    until(page, "document.querySelectorAll('.shot').length < 3")
    assert [page.locator(".shot[aria-current]").count(), page.locator(".facts .chip").count()] in ([1, 0], [0, 1])
    press(page, "Escape", "c")
    until(page, "document.querySelectorAll('.shot').length < 3")
    press(page, "Escape", "w")
    page.wait_for_selector(".strip:not(.even)")
    until(page, "[...document.querySelectorAll('.shot img')].every(one => one.complete && one.naturalWidth)")
    check_access(page)
    wide = "document.querySelector('#main').scrollWidth <= document.querySelector('#main').clientWidth"
    assert page.evaluate(wide), "nothing hangs over the edge"


def test_shots_are_found_and_a_preview_is_made_and_played_from_the_page(visit: Visit, address: str) -> None:
    page = visit(address, "?token=t#/footage")
    page.click(".film >> text=odd")
    page.wait_for_selector("text=The shots of this film were not found yet")
    check_access(page)
    page.allowed = ["ERR_FAILED"]  # type: ignore[attr-defined]
    gone = re.compile(r"/footage/[0-9a-f]{64}(/events)?$")
    page.route(gone, lambda route: route.abort())
    press(page, "g")
    page.wait_for_selector("text=The server does not answer. Is it still running?")
    assert "It failed" in page.inner_text("#said-now")
    page.unroute(gone)
    page.get_by_role("button", name="Find its shots").press("Enter")
    page.wait_for_selector(".shot")
    until(page, "document.activeElement.classList.contains('shot')")
    page.get_by_role("button", name="Make a preview to play").press("Enter")
    until(page, "document.querySelector('video')?.readyState > 1")
    until(page, "document.activeElement.ariaLabel === 'Play'")
    press(page, "Enter")
    until(page, "document.querySelector('video').currentTime > 0.05")


def test_shots_are_downloaded_under_the_name_of_the_film(
    visit: Visit,
    address: str,
    film: str,
    tmp_path: Path,
) -> None:
    page = visit(address, f"?token=t#/footage/{film}")
    page.wait_for_selector(".downloads")
    page.locator(".downloads summary").press("Enter")
    with page.expect_download() as download:
        page.click(".downloads a:has-text('edl')")
    download.value.save_as(tmp_path / "shots.edl")
    assert download.value.suggested_filename == "three.edl"
    assert "three.mp4" in (tmp_path / "shots.edl").read_text()


@pytest.mark.parametrize(("shape", "dark"), [("wide", True), pytest.param("phone", False, marks=pytest.mark.longer)])
def test_runs_are_ordered_marked_and_compared_by_key(
    visit: Visit,
    address: str,
    shape: str,
    dark: bool,
) -> None:
    page = visit(address, "?token=t#/runs", shape=shape, dark=dark)
    page.wait_for_selector(".run-link")
    names = "[...document.querySelectorAll('.run-link')].map(one => one.dataset.run)"
    assert page.evaluate(names) == ["second", "first"]
    check_access(page)
    press(page, "i")
    assert page.evaluate(names) == ["first", "second"]
    assert said(page) == "ordered by Macro-F1 on validation, the lowest first"
    press(page, "ArrowDown", "x", "ArrowDown", "x", "c")
    page.wait_for_selector("text=Two runs on validation")
    page.wait_for_selector("text=f1_macro")
    assert page.locator("thead a").all_inner_texts() == ["first", "second"]
    assert page.evaluate("document.activeElement.textContent") == "Two runs on validation"
    check_access(page)
    press(page, "Escape")
    page.wait_for_selector(".run-link")


def test_the_report_runs_in_a_frame_that_reaches_nothing(visit: Visit, address: str) -> None:
    page = visit(address, "?token=t#/runs/second")
    frame = page.frame_locator("iframe.report")
    frame.locator("text=a report that ran").wait_for()
    assert page.evaluate("document.querySelector('iframe').contentDocument") is None, "an origin of its own"
    check_access(page)


SHOWN = {" ": "Space", "ArrowUp": "↑", "ArrowDown": "↓", "ArrowLeft": "←", "ArrowRight": "→", "Escape": "Esc"}


@pytest.mark.parametrize("tab", ["footage", "runs"])
def test_every_key_of_the_keymap_is_in_the_documentation(tab: str) -> None:
    root = Path(__file__).resolve().parents[2]
    keymap = json.loads((root / "src" / "rushes" / "web" / "page" / "keymap.json").read_text())
    told = (root / "docs" / "page_footage.md").read_text().partition(f"### Keys of {tab}")[2].partition("\n## ")[0]
    keys = " ".join(line.split("|")[1] + line.split("|")[2] for line in told.splitlines() if line.startswith("| "))
    for act in (one for one in keymap if one["tab"] == tab):
        for key in act["keys"]:
            parts = [key] if len(key) == 1 else key.split("+")
            shown = "+".join(SHOWN.get(part, part.upper() if len(part) == 1 else part) for part in parts)
            assert shown in keys or (shown in "↑↓←→" and "arrows" in keys), (tab, key)
