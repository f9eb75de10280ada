"""Previews as pages and cells."""

from __future__ import annotations

import json
import re
import subprocess
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

from datasets.previewed import TASK, noise, small_project, write_project, write_row
from rushes.datasets.preview import Preview, read_preview
from rushes.datasets.preview_page import format_preview_cell, format_preview_page
from rushes.labels.manifest import ManifestRow


class Reader(HTMLParser):
    """Collects what a page says and shows, and checks that elements close in order."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.images: list[dict[str, str | None]] = []
        self.charts: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.said = ""
        self.feed(page)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        stated = dict(attrs)
        if tag == "img":
            self.images.append(stated)
        if tag == "svg":
            self.charts.append(stated["aria-label"] or "")
        if tag == "a":
            self.links.append(stated["href"] or "")
        if "id" in stated:
            self.ids.append(stated["id"] or "")
        if tag not in ("img", "meta", "wbr", "br"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        pass

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.said += data


def looked_at(root: Path) -> Preview:
    return read_preview(small_project(root).manifest, root=root, task=TASK)


def test_each_sample_has_its_three_views_its_name_and_what_is_known_of_it(tmp_path: Path) -> None:
    page = Reader(format_preview_page(looked_at(tmp_path)))
    assert len(page.images) == 7 + 6  # the flat one has no standardised picture
    assert all(image["loading"] == "lazy" and image["alt"] for image in page.images)
    assert len(page.charts) == 6
    assert re.fullmatch(
        r"Histogram of 2,304 standardised values from −\d\.\d\d to \d\.\d\d, the most of them near .*; "
        r"normal fit with mean 0\.00, sd 1\.00",
        page.charts[0],
    )
    for words in (
        "Common · film · 00:00:08:12 · label by jonny",
        "Junk · film · label by jonny",
        "sky, fog & mist",
        "gray 77.0 ± 0.0",
        "64 × 36",
        "flat: standard deviation 0",
        "normal fit",
        "mean 0.00, sd 1.00",
        "6 samples, 4 shown",
        "black −",
    ):
        assert words in page.said


def test_what_could_not_be_shown_is_listed_at_the_head_and_in_its_place(tmp_path: Path) -> None:
    said = Reader(format_preview_page(looked_at(tmp_path))).said
    assert "2 pictures could not be shown" in said
    assert said.count("the file is missing") == 2
    assert "3 samples, 1 shown, 2 could not be shown" in said
    whole = Reader(format_preview_page(replace(looked_at(tmp_path), classes=()))).said
    assert "could not be shown" not in whole


def test_the_page_reaches_for_nothing_outside_itself_and_its_links_lead_somewhere(tmp_path: Path) -> None:
    text = format_preview_page(looked_at(tmp_path))
    page = Reader(text)
    assert "default-src 'none'" in text
    assert "<script" not in text
    assert not re.findall(r"(?:src|href)=\"(?!data:|#)", text)
    assert len(page.ids) == len(set(page.ids))
    assert {link.removeprefix("#") for link in page.links} <= set(page.ids)


def test_names_cannot_break_the_page_or_the_cell(tmp_path: Path) -> None:
    evil = '<img src=x onerror="a">&'
    row = write_row(tmp_path, "a", evil, noise(1))
    row = replace(row, name=evil, group=evil, origin=evil, timecode=evil, subjects=(evil,))
    lost = ManifestRow(f"frames/{evil}.png", evil, name=evil)
    found = read_preview(write_project(tmp_path, [row, lost]).manifest, root=tmp_path, task=TASK)
    for text in (format_preview_page(found), format_preview_cell(found)):
        page = Reader(text)
        assert [image["src"] for image in page.images if not (image["src"] or "").startswith("data:")] == []
        assert evil in page.said.replace("\u200b", "")


def test_a_cell_is_a_fragment_whose_styles_stay_inside_of_it(tmp_path: Path) -> None:
    cell = format_preview_cell(looked_at(tmp_path))
    assert "<html" not in cell
    assert Reader(cell).ids == []
    (style,) = re.findall(r"<style>(.*?)</style>", cell, re.DOTALL)
    plain = re.sub(r"@media [^{]+\{|/\*.*?\*/", "", style, flags=re.DOTALL)
    for rule in re.findall(r"([^{}]+)\{[^{}]*\}", plain):
        for selector in rule.split(","):
            assert selector.strip().startswith((".rushes-preview", "@page")), selector


def test_a_browser_shows_the_page(tmp_path: Path, chromium: str) -> None:
    path = tmp_path / "preview.html"
    path.write_text(format_preview_page(looked_at(tmp_path)), encoding="utf-8")
    done = subprocess.run(
        [chromium, "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom", f"--user-data-dir={tmp_path}/profile",
         path.as_uri()],
        capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    assert done.stdout.count("<figure") == 9


def test_the_page_fits_a_wide_and_a_narrow_window_and_shows_pictures_whole(tmp_path: Path, chromium: str) -> None:
    rows = [write_row(tmp_path, f"{'A_long_name_' * 8}{n}", "Common", noise(n, *size)) for n, size in enumerate(
        [(64, 36), (64, 36), (36, 64), (200, 20)])]  # fmt: skip
    lost = ManifestRow(f"frames/{'gone' * 40}.png", "Rare", name="gone" * 40)
    found = read_preview(write_project(tmp_path, [*rows, lost]).manifest, root=tmp_path, task=TASK)
    inner = json.dumps(format_preview_page(found)).replace("</", "<\\/")
    for width in (1280, 400):
        # In a frame, because a window of Chromium is never narrower than some 500 pixels.
        outer = f"""<iframe id=f style="width:{width}px;height:900px;border:0"></iframe><p id=p></p><script>
        f.srcdoc = {inner};
        f.onload = () => {{
          const d = f.contentDocument, stills = [...d.querySelectorAll('.still img')];
          const over = stills.filter(i => i.offsetHeight > i.parentElement.clientHeight + 1
            || i.offsetWidth > i.parentElement.clientWidth + 1).length;
          p.textContent = 'room ' + d.documentElement.clientWidth + ' used ' + d.documentElement.scrollWidth
            + ' stills ' + stills.length + ' over ' + over; }};</script>"""
        file = tmp_path / f"{width}.html"
        file.write_text(outer, encoding="utf-8")
        done = subprocess.run(
            [chromium, "--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=3000", "--dump-dom",
             file.as_uri()],
            capture_output=True, text=True, timeout=120, check=True,
        )  # fmt: skip
        found_widths = re.search(r"room (\d+) used (\d+) stills 8 over 0", done.stdout)
        assert found_widths, done.stdout[-300:]
        assert int(found_widths[2]) <= int(found_widths[1])
