"""Contact sheets as pages."""

from __future__ import annotations

import json
import re
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
from hypothesis import given, settings

from rushes.footage.picture import encode_picture
from rushes.timelines.contact_page import format_contact_page
from rushes.timelines.shot_pictures import ShotPicture
from rushes.timelines.timeline import Timeline, make_timeline
from timelines.shots_by_hand import PUSH, answered_timeline, index_of, shots_at, small_timeline, source_of, timelines

GREY = ShotPicture(encode_picture(np.full((90, 160, 3), 128, np.uint8), "webp", 80), 160, 90)


class Reader(HTMLParser):
    """Collects the cells of rows, and checks that elements close in order."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.open: list[str] = []
        self.images: list[dict[str, str | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "img":
            self.images.append(dict(attrs))
        if tag not in ("img", "meta", "wbr", "br"):
            self.open.append(tag)
        if tag == "tr":
            self.rows.append([])
        if tag == "td":
            self.rows[-1].append("")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        pass

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and "td" in self.open:
            self.rows[-1][-1] += data


def read(page: str) -> Reader:
    reader = Reader()
    reader.feed(page)
    assert reader.open == []
    return reader


def test_the_page_shows_every_shot_with_its_picture_and_row() -> None:
    page = read(format_contact_page(small_timeline(), [GREY, None, GREY]))
    assert [image["alt"] for image in page.images] == ["Shot 1", "Shot 3"]
    assert page.rows[1:] == [
        ["1", "00:00:00:00", "00:00:01:15", "1.600 s", "40", "", ""],
        ["2", "00:00:01:15", "00:00:02:20", "1.200 s", "30", "hard cut", "0.98"],
        ["3", "00:00:02:20", "00:00:04:00", "1.200 s", "30", "dissolve, 12 frames / blank", "0.71"],
    ]


def test_the_page_reaches_for_nothing_outside_itself() -> None:
    text = format_contact_page(small_timeline(), [GREY] * 3)
    assert "default-src 'none'" in text
    assert not re.findall(r"(?:src|href)=\"(?!data:)", text)
    assert "<script" not in text


def test_a_name_cannot_break_the_page() -> None:
    text = format_contact_page(small_timeline('/films/<img src=x onerror="a">&.mov'), [None] * 3)
    assert read(text).images == []


@settings(deadline=None)
@given(timelines())
def test_frames_of_all_rows_are_those_of_the_film(timeline: Timeline) -> None:
    page = read(format_contact_page(timeline, [None] * len(timeline.shots)))
    assert sum(int(row[4].replace(",", "")) for row in page.rows[1:]) == timeline.frame_count


def test_the_page_fits_a_wide_and_a_narrow_window(chromium: str, tmp_path: Path) -> None:
    index = index_of(200)
    timeline = make_timeline(source_of(index, f"/films/{'A_long_name_' * 8}.mov"), index, shots_at(range(0, 201, 5)))
    text = format_contact_page(timeline, [GREY] * 40)
    for width in (1280, 400):
        # In a frame, because a window of Chromium is never narrower than some 500 pixels.
        inner = json.dumps(text).replace("</", "<\\/")
        outer = f"""<iframe id=f style="width:{width}px;height:900px;border:0"></iframe><p id=p></p><script>
        f.srcdoc = {inner};
        f.onload = () => {{ const d = f.contentDocument.documentElement; p.textContent = 'room ' + d.clientWidth +
        ' used ' + d.scrollWidth; }};</script>"""
        file = tmp_path / f"{width}.html"
        file.write_text(outer, encoding="utf-8")
        done = subprocess.run(
            [chromium, "--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=3000", "--dump-dom",
             file.as_uri()],
            capture_output=True, text=True, timeout=120, check=True,
        )  # fmt: skip
        found = re.search(r"room (\d+) used (\d+)", done.stdout)
        assert found, done.stderr
        assert int(found[2]) <= int(found[1])


def test_answers_stand_under_the_picture_and_with_their_reason_in_the_table() -> None:
    page = format_contact_page(answered_timeline(), [GREY] * 3)
    assert '<span class="answers">MS 61%   push 93%</span>' in page
    assert "<th>Scale</th><th>Movement</th>" in page
    assert [row[-2:] for row in read(page).rows[1:]] == [
        ["MS 61%", f"push 93% {PUSH.reason}"],
        ["", "static 80%"],
        ["", ""],
    ]


def test_a_page_without_answers_has_no_column_for_them() -> None:
    assert "<th>Sure</th></tr>" in format_contact_page(small_timeline(), [GREY] * 3)
