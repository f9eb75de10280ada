"""The Predict tab in Chromium: every act by keyboard, every state read by axe-core."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import FilePayload, Page, expect

from footage.painted import write_film
from rushes.footage.kinds import PHOTO_EXTENSIONS, RAW_EXTENSIONS, VIDEO_EXTENSIONS
from web.browsing import Visit, check_access, choose, chromium_browser, drop, press, said, serving, visit
from web.standin import SHOTS, Standin, bundle, picture_answer

__all__ = ["chromium_browser", "visit"]  # fixtures


def picture(name: str = "wide.png") -> FilePayload:
    data = io.BytesIO()
    Image.new("RGB", (96, 64), (120, 140, 90)).save(data, "PNG")
    return {"name": name, "mimeType": "image/png", "buffer": data.getvalue()}


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> FilePayload:
    path = write_film(tmp_path_factory.mktemp("film") / "film.mp4", 200, options={"movflags": "faststart"})
    return {"name": "film.mp4", "mimeType": "video/mp4", "buffer": path.read_bytes()}


def other_bytes(name: str, kind: str = "") -> FilePayload:
    return {"name": name, "mimeType": kind, "buffer": b"nothing that a browser shows"}


def heard(page: Page, words: str) -> None:
    """Wait until a screen reader is told."""
    expect(page.locator("#said")).to_contain_text(words.replace(" %", "\xa0%"))


def seconds(page: Page) -> float:
    return float(page.evaluate("document.querySelector('video').currentTime"))


def test_a_picture_is_chosen_answered_and_explained_by_keys_alone(visit: Visit) -> None:
    standin = Standin()
    with serving(standin.app()) as address:
        page = visit(address)
        check_access(page)
        choose(page, picture())
        heard(page, "MS, 93 %")
        assert page.locator(".verdict").inner_text().replace("\xa0", " ").split("\n") == ["MS", "93 %"]
        assert "reaches its threshold of 50" in page.locator(".threshold").inner_text()
        names = page.locator(".bar input").evaluate_all("all => all.map(one => one.ariaLabel.replaceAll('\\xa0', ' '))")
        assert names[0] == "MS, 93 %, reaches its threshold of 50 %"
        assert names[-1] == "LS, 2 %, below its threshold of 90 %"
        press(page, "h")
        expect(page.get_by_alt_text("Heat map of MS")).to_be_visible()
        press(page, "-", "-")
        assert page.locator(".heat").evaluate("one => one.style.opacity") == "0.4"
        press(page, "c")
        expect(page.get_by_alt_text("Heat map of ECS")).to_be_visible()
        press(page, "Shift+C")
        expect(page.get_by_alt_text("Heat map of MS")).to_be_visible()
        assert [fields.get("class") for path, fields in standin.told if path == "/explain"] == ["MS", "ECS"], "kept"
        check_access(page)
        press(page, "h")
        expect(page.locator(".heat")).to_have_count(0)


@pytest.mark.longer
def test_an_answer_is_copied_and_downloaded(visit: Visit, film: FilePayload) -> None:
    with serving(Standin().app()) as address:
        page = visit(address)
        choose(page, picture("a.png"), picture("b,c.png"))
        heard(page, "MS, 93 %")
        expect(page.locator(".said.done")).to_have_count(2)
        press(page, "Control+c")
        heard(page, "Copied as JSON")
        assert json.loads(page.evaluate("navigator.clipboard.readText()"))["scores"]["MS"] == 0.93
        with page.expect_download() as download:
            press(page, "Control+Shift+s")
        rows = Path(download.value.path()).read_text(encoding="utf-8").splitlines()
        assert rows[0] == "file,kind,predicted_class,confidence,ECS,CS,MS,FS,LS"
        assert [row[:20] for row in rows[1:]] == ["a.png,photo,MS,0.93,", '"b,c.png",photo,MS,0']
        choose(page, film)
        heard(page, "MS, 61 %")
        with page.expect_download() as download:
            press(page, "Control+Shift+s")
        assert download.value.suggested_filename == "film.csv"
        rows = Path(download.value.path()).read_text(encoding="utf-8").splitlines()
        assert rows[2].startswith("film.mp4,scale,00:00:02:00,00:00:03:05,2,3.2,MS,0.93,")
        with page.expect_download() as download:
            press(page, "Control+s")
        told = json.loads(Path(download.value.path()).read_text(encoding="utf-8"))
        assert (told["file"], len(told["timeline"])) == ("film.mp4", 4)


def test_several_files_are_a_list_that_keys_walk(visit: Visit) -> None:
    standin = Standin(upload_bytes=10_000)
    standin.answers["b.png"] = picture_answer("scale-b0", "LS", 0.47)
    large = picture("large.png") | {"buffer": bytes(10_001)}
    with serving(standin.app()) as address:
        page = visit(address, dark=True)
        choose(page, picture("a.png"), picture("b.png"), large)
        expect(page.locator(".said.done")).to_have_count(2)
        expect(page.locator(".said.failed")).to_have_count(1)
        press(page, "PageDown")
        heard(page, "b.png: LS, 47 %")
        assert "not sure enough" in page.locator(".threshold").inner_text()
        assert page.locator(".bar.best .class").evaluate("one => getComputedStyle(one).fontWeight") == "600"
        check_access(page)
        press(page, "End")
        expect(page.locator(".message.wrong")).to_contain_text(
            "It has 10\xa0kB; the server takes files of up to 10\xa0kB."
        )
        assert sum(path == "/predict" for path, _ in standin.told) == 2, "what is too large is not sent"
        press(page, "Delete", "Home")
        heard(page, "a.png: MS, 93 %")
        expect(page.locator(".file")).to_have_count(2)
        press(page, "Delete", "Delete")
        expect(page.locator(".invitation")).to_be_visible()


def test_a_video_is_a_job_whose_progress_is_seen_and_which_can_be_stopped(visit: Visit, film: FilePayload) -> None:
    standin = Standin(held=True)
    with serving(standin.app()) as address:
        page = visit(address)
        choose(page, film)
        expect(page.locator(".underway .step")).to_have_text("Looking: 3 of 8")
        assert page.locator(".underway [role=progressbar]").get_attribute("aria-valuenow") == "38"
        check_access(page)
        press(page, "Escape")
        heard(page, "film.mp4: stopped")
        expect(page.locator(".answer")).to_contain_text("Stopped.")
        for _ in range(400):  # the page does not wait for the reply either
            if standin.ended:
                break
            page.wait_for_timeout(25)
        assert standin.ended == ["job-0"]
        standin.held = False
        press(page, "r")
        heard(page, "MS, 61 %")
        assert "8 frames looked at; thresholds reached: MS in 4 of them" in page.locator(".answer").inner_text()
        expect(page.locator(".threshold")).to_have_count(0), "a threshold is of a single frame"  # type: ignore[func-returns-value]


@pytest.mark.parametrize("dark", [False, pytest.param(True, marks=pytest.mark.longer)], ids=["light", "dark"])
def test_the_timeline_of_a_video_is_walked_by_arrows_and_by_a_press(
    visit: Visit, film: FilePayload, dark: bool
) -> None:
    standin = Standin()
    with serving(standin.app()) as address:
        page = visit(address, dark=dark, shape="tablet" if dark else "wide", touch=dark)
        choose(page, film)
        expect(page.locator(".segment")).to_have_count(4)
        page.wait_for_function("document.querySelector('video').readyState >= 2")
        press(page, "ArrowRight")
        heard(page, "MS, 93 %, 00:00:02:00 to 00:00:03:05, segment 2 of 4")
        assert 2 <= seconds(page) < 2.1
        press(page, "End")
        heard(page, "segment 4 of 4")
        press(page, "ArrowLeft")
        expect(page.locator("tr[aria-current] button")).to_have_text("00:00:03:05")
        page.locator(".lane").click(position={"x": 2, "y": 5})
        page.wait_for_function("document.querySelector('video').currentTime < 0.3")
        expect(page.locator(".segment[aria-selected=true]")).to_contain_text("LS")
        page.locator(".table button").nth(1).press("Enter")
        heard(page, "segment 2 of 4")
        press(page, "h")
        expect(page.get_by_alt_text("Heat map of MS at 0:02")).to_be_visible()
        assert standin.told[-1][1]["file"] == "frame.png", "only the frame that is seen is sent"
        check_access(page)
        press(page, "k")
        page.wait_for_function("!document.querySelector('video').paused")
        expect(page.locator(".heat")).to_have_count(0)
        press(page, "k")
        page.wait_for_function("document.querySelector('video').paused")


@pytest.mark.longer
def test_a_bundle_of_shots_has_a_row_for_each_task(visit: Visit, film: FilePayload) -> None:
    with serving(Standin(bundles=(bundle(), SHOTS)).app()) as address:
        page = visit(address)
        choose(page, film)
        heard(page, "MS, 61 %")
        press(page, "b")
        heard(page, "scale: MS, 61 %; movement: static, 55 %")
        assert page.locator(".timeline .task").all_inner_texts()[:2] == ["scale", "movement"]
        press(page, "ArrowDown", "ArrowRight")
        heard(page, "push, 80 %, 00:00:02:00 to 00:00:03:05, zoom 1.2 %/s, segment 2 of 4")
        assert "the film is cut off" in page.locator(".answer").inner_text()
        check_access(page)
        press(page, "b")
        heard(page, "Bundle scale-b0")
        expect(page.locator(".verdict")).to_have_count(1), "the first answer was kept"  # type: ignore[func-returns-value]


def test_a_busy_server_is_asked_again_in_sight_and_a_refusal_is_one_message(visit: Visit, film: FilePayload) -> None:
    standin = Standin(busy=2)
    with serving(standin.app()) as address:
        page = visit(address, shape="phone")
        page.allowed = ["429", "422", "415"]  # type: ignore[attr-defined]
        choose(page, picture())
        expect(page.locator(".underway")).to_contain_text("The server is busy. Trying again in 200\xa0ms (2 of 8)")
        heard(page, "MS, 93 %")
        assert len(standin.told) == 1
        standin.refuses = "this file is cut off after 4 kB"
        press(page, "r")
        expect(page.locator(".message.wrong")).to_contain_text("this file is cut off after 4 kB")
        assert "this file is cut off after 4 kB" in page.inner_text("#said-now")
        check_access(page)
        standin.refuses, standin.deaf = "", True
        choose(page, film)
        expect(page.locator(".verdict")).to_be_visible()  # the events broke off: it was asked for


def test_what_the_browser_cannot_show_comes_from_the_server_without_heat(visit: Visit) -> None:
    standin = Standin()
    with serving(standin.app()) as address:
        page = visit(address)
        page.allowed = ["422", "415", "DEMUXER", "blob:"]  # type: ignore[attr-defined]
        choose(page, other_bytes("field.nef"))
        expect(page.get_by_alt_text("field.nef, as the server shows it")).to_be_visible()
        assert [path for path, _ in standin.told if path != "/predict"] == ["/preview"], "no heat unasked"
        press(page, "h", "-")
        expect(page.get_by_alt_text("Heat map of MS")).to_be_visible()
        assert page.locator(".heat").evaluate("one => one.style.opacity") == "0.5"
        assert standin.told[-1][1]["overlay"] == "false"
        check_access(page)
        press(page, "h")
        standin.previews = False
        choose(page, other_bytes("other.dng"))
        expect(page.locator(".unseeable")).to_contain_text("The server gives no picture of it either: the file is cut")
        expect(page.locator(".file img")).to_have_count(1)
        standin.previews = True
        choose(page, other_bytes("tape.mkv", "video/x-matroska"))
        expect(page.get_by_alt_text("tape.mkv at 0:00, as the server shows it")).to_be_visible()
        press(page, "ArrowRight")
        heard(page, "segment 2 of 4")
        expect(page.get_by_alt_text("tape.mkv at 0:02, as the server shows it")).to_be_visible()
        assert standin.told[-1][1]["at_seconds"] == "2.020"


def test_a_file_is_sent_once_whatever_it_is_called(visit: Visit) -> None:
    standin = Standin()
    with serving(standin.app()) as address:
        page = visit(address)
        page.allowed = ["415"]  # type: ignore[attr-defined]
        choose(page, picture("still.unknown") | {"mimeType": ""})
        heard(page, "MS, 93 %")
        choose(page, {"name": "notes.txt", "mimeType": "text/plain", "buffer": b"no picture, no film"})
        expect(page.locator(".message.wrong")).to_contain_text("the file is text. Taken are JPEG")
        assert [path for path, _ in standin.told if path != "/preview"] == ["/predict", "/jobs"]


def test_another_tab_leaves_files_and_jobs_alone_and_the_focus_goes_where_the_eye_does(
    visit: Visit, film: FilePayload
) -> None:
    standin = Standin(held=True, tabs=("predict", "runs"))
    with serving(standin.app()) as address:
        page = visit(address)
        page.allowed = ["404"]  # type: ignore[attr-defined]
        choose(page, picture())
        heard(page, "MS, 93 %")
        choose(page, film)
        expect(page.locator(".underway .step")).to_have_text("Looking: 3 of 8")
        press(page, ">")
        expect(page.locator("#main")).to_be_focused()  # the stand-in has no runs, hence no heading
        standin.held = False
        heard(page, "Predict, film.mp4: MS, 61 %")
        assert standin.ended == []
        press(page, "<")
        expect(page.locator("h1")).to_be_focused()
        expect(page.locator(".segment")).to_have_count(4)
        assert [path for path, _ in standin.told] == ["/predict", "/jobs"], "nothing is asked anew"
        page.get_by_label("Take this file off the list").press("Enter")
        expect(page.get_by_label("Take this file off the list")).to_be_focused()
        page.get_by_label("Take this file off the list").press("Enter")
        expect(page.locator(".drop-here .button")).to_be_focused()


def test_files_are_dropped_and_pasted(visit: Visit) -> None:
    with serving(Standin().app()) as address:
        page = visit(address)
        drop(page, ".invitation", [picture("dropped.png")])
        heard(page, "MS, 93 %")
        drop(page, "body", [picture("pasted.png")], kind="paste")
        expect(page.locator(".file-name")).to_have_text("pasted.png")
        expect(page.locator(".file")).to_have_count(2)


def test_a_file_is_taken_for_a_video_where_rushes_takes_it_for_one(visit: Visit) -> None:
    with serving(Standin().app()) as address:
        page = visit(address)
        found = page.evaluate(
            """async (endings) => {
              const { isVideo } = await import('/page/predict/session.js');
              return endings.filter((one) => isVideo({ name: `a${one.toUpperCase()}`, type: '' }));
            }""",
            sorted(PHOTO_EXTENSIONS | RAW_EXTENSIONS | VIDEO_EXTENSIONS),
        )
        assert set(found) == VIDEO_EXTENSIONS
        assert said(page) == ""
