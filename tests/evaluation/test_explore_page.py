from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from PIL import Image

from evaluation.explored import CLASSES, facts_of, rows_of, split_of
from rushes.evaluation.explore import Exploration, explore
from rushes.evaluation.explore_page import format_exploration_page, read_exploration_page
from rushes.labels.manifest import ManifestRow
from rushes.learning.recipe_files import parse_recipe

ROWS = rows_of()
WHOLE = explore(
    ROWS,
    CLASSES,
    facts=facts_of(ROWS),
    split=split_of(ROWS),
    split_name="light-grouped.json",
    recipe=parse_recipe({"name": "evened", "balance": {"loss": "focal"}}, where="r.toml"),
)


def page_of(found: Exploration) -> str:
    return format_exploration_page(found, {}, manifest="light-manifest.jl", task="light")


class Tags(HTMLParser):
    """Checks that every tag that is opened is closed, in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag not in ("meta", "br", "img", "wbr"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def check(page: str) -> None:
    tags = Tags()
    tags.feed(page)
    assert tags.open == []
    ids = set(re.findall(r'<section[^>]* id="([^"]+)"', page))
    assert set(re.findall(r'href="#([^"]+)"', page)) <= ids
    assert "://" not in page
    assert "$" not in re.sub(r"<script>.*</script>", "", page, flags=re.DOTALL)


def test_the_page_is_whole_and_needs_no_network() -> None:
    page = page_of(WHOLE)
    check(page)
    assert "<strong>120 samples</strong> of 3 classes in 4 groups." in page
    assert "light-grouped.json" in page
    for heading in ("Classes", "Balance", "Groups", "Parts", "Labels", "What looks alone tell", "Light and sharpness"):
        assert f"<h2>{heading}</h2>" in page


def test_the_confound_stands_first_among_the_tells_and_is_marked() -> None:
    page = page_of(WHOLE)
    table = page[page.index('<table class="numbers tells">') :]
    assert re.search(r'<tr class=strong><th scope="row">Night</th><td class="words">darker', table)
    assert "Its loss is focal" in page


def test_every_strip_says_its_numbers() -> None:
    page = page_of(WHOLE)
    assert page.count('role="img"') == 5 * 3
    assert re.search(r'aria-label="Night: 5 % below 0\.\d+, a quarter below', page)


def test_without_a_split_there_are_no_parts_and_without_a_recipe_it_is_said_how() -> None:
    page = page_of(explore(ROWS, CLASSES, facts=facts_of(ROWS)))
    check(page)
    assert 'id="parts"' not in page
    assert "since there is no split yet" in page
    assert "--recipe NAME" in page


def test_without_pictures_the_page_says_why() -> None:
    page = page_of(explore(ROWS, CLASSES))
    check(page)
    assert "Sizes, exposure and sharpness are left out: nobody asked for them." in page
    assert "What looks alone tell" not in page


@pytest.mark.parametrize(
    "found",
    [
        explore(ROWS[1:2], CLASSES, facts=facts_of(ROWS)),
        explore(ROWS[:1], CLASSES, facts=facts_of(ROWS)),
        explore(rows_of(classes=("Day",)), ("Day",), facts=facts_of(rows_of(classes=("Day",)))),
        explore(rows_of(films=1), CLASSES, facts=facts_of(rows_of(films=1))),
        explore([ManifestRow("a.jpg", "Day")], ("Day",)),
    ],
    ids=["one sample", "one lost picture", "one class", "one group", "no group"],
)
def test_a_poor_manifest_gives_a_page(found: Exploration) -> None:
    check(page_of(found))


def test_five_hundred_classes_give_a_page_that_can_be_read() -> None:
    classes = [f"class {number}" for number in range(500)]
    rows = rows_of(classes=classes, per_film=600, films=4)
    found = explore(rows, classes, facts=facts_of(rows), split=split_of(rows))
    page = page_of(found)
    check(page)
    assert "440 rarer classes not listed." in page
    assert page.count('role="img"') == 5 * 24
    assert len(page) < 400_000


def test_names_are_escaped() -> None:
    rows = [ManifestRow(f"{n}<i>.jpg", "<script>", group="<u>", origin="<s>", source=f"{n:016x}" * 4) for n in range(9)]
    page = page_of(explore(rows, ["<script>"], facts=facts_of(rows)))
    check(page)
    for mark in ("<u>", "<s>", "<script>:", "0<i>"):
        assert mark not in page


def test_the_pictures_furthest_out_are_carried_inside(tmp_path) -> None:
    (tmp_path / "frames").mkdir()
    for row in ROWS[1:]:
        Image.new("RGB", (64, 36), (90, 80, 120)).save(tmp_path / row.img_ref)
    page = read_exploration_page(WHOLE, manifest="light-manifest.jl", task="light", root=tmp_path)
    check(page)
    assert page.count("data:image/webp") == len(WHOLE.spreads.outliers if WHOLE.spreads else ())
    assert page == read_exploration_page(WHOLE, manifest="light-manifest.jl", task="light", root=tmp_path)


def test_an_outlier_whose_picture_went_away_is_shown_without(tmp_path) -> None:
    page = read_exploration_page(WHOLE, manifest="light-manifest.jl", task="light", root=tmp_path)
    check(page)
    assert '<span class="lost">no picture</span>' in page
