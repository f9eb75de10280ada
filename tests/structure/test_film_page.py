"""A film as one page."""

from __future__ import annotations

import dataclasses
import json
import re
from fractions import Fraction
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Page

from rushes.footage.picture import encode_picture
from rushes.structure.facts import FilmFacts
from rushes.structure.film import Film
from rushes.structure.film_charts import bin_lengths
from rushes.structure.film_page import format_film_page
from rushes.structure.film_stills import choose_stills
from rushes.structure.film_timeline import hues_of, lanes_of
from rushes.structure.film_words import count_changes, side_of
from rushes.structure.parts import Dialogue, Scene, Structure
from rushes.timelines.shot_pictures import ShotPicture
from rushes.timelines.timeline import make_timeline
from structure.big_film import repeated_film
from structure.example import example_film
from timelines.shots_by_hand import index_of, shots_at, source_of
from web.browsing import check_access, chromium_browser, press

__all__ = ["chromium_browser"]

GREY = ShotPicture(encode_picture(np.full((90, 160, 3), 128, np.uint8), "webp", 80), 160, 90)
_EMPTY = ("img", "meta", "wbr", "br", "path", "polyline", "image", "use")


class Reader(HTMLParser):
    """Collects ids, links and rows by the card that they are in, and checks that elements close in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.rows: dict[str, list[list[str]]] = {}
        self.scripts: list[str] = []
        self.words = ""
        self._card = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        about = dict(attrs)
        if about.get("id"):
            self.ids.append(str(about["id"]))
        if tag in ("article", "section"):
            self._card = str(about.get("id", ""))
        if tag in ("a", "use") and about.get("href"):
            self.links.append(str(about["href"]))
        if tag not in _EMPTY:
            self.open.append(tag)
        if tag == "script":
            self.scripts.append("")
        if tag == "tr":
            self.rows.setdefault(self._card, []).append([])
        if tag in ("td", "th"):
            self.rows[self._card][-1].append("")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in _EMPTY:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open[-1:] == ["script"]:
            self.scripts[-1] += data
        elif "style" not in self.open:
            self.words += data
            if "td" in self.open or "th" in self.open:
                self.rows[self._card][-1][-1] += data


def read(page: str) -> Reader:
    reader = Reader()
    reader.feed(page)
    reader.close()
    assert reader.open == []
    assert len(set(reader.ids)) == len(reader.ids)
    assert {link[1:] for link in reader.links} <= set(reader.ids), "a link leads to nothing"
    return reader


def page_of(film: Film, picture: ShotPicture | None = GREY) -> Reader:
    return read(format_film_page(film, [picture] * len(film.timeline.shots)))


def test_every_shot_scene_dialogue_and_character_is_on_the_page() -> None:
    film = example_film()
    page = page_of(film)
    seen = [row[0] for at in range(6) for row in page.rows[f"scene-{at + 1}"][1:]]
    assert seen == [str(number + 1) for number in range(len(film.timeline.shots))]
    assert {"dialogue-1", "dialogue-2", "dialogue-3", *(f"character-{at}" for at in (1, 2, 3, 4))} <= set(page.ids)
    first = page.rows["scene-2"][2]
    assert first[1] == str(film.timeline.timecode_at(film.timeline.shots[5].start_slot))
    assert first[3:] == ["5", first[4], "Line 5 & its <answer>"]
    assert "Ada" in first[4]
    assert page.rows["dialogues"][1][2] == "9"


def test_the_script_is_told_of_every_shot() -> None:
    film = example_film()
    told = json.loads(page_of(film).scripts[0])
    assert told["slots"] == film.timeline.slot_count
    assert [shot[0] for shot in told["shots"]] == [place.start_slot for place in film.timeline.shots]
    assert [shot[7] for shot in told["shots"]][9:12] == [
        "dialogue 1, side A",
        "dialogue 1, side B",
        "dialogue 1, cutaway",
    ]


def test_the_page_reaches_for_nothing_outside_itself() -> None:
    text = format_film_page(example_film(), [GREY] * 44, [b"\xff\xd8\xff"])
    assert "default-src 'none'" in text
    assert not re.findall(r"(?:src|href|action)=\"(?!data:image/(?:webp|jpeg);base64,|#|\")", text)
    assert not re.findall(r"@import|url\((?!data:)|https?://(?!www\.w3\.org)", text)


def test_names_and_subtitles_cannot_break_the_page() -> None:
    film = example_film()
    assert film.characters is not None
    assert film.subtitles is not None
    evil = '</script><img src=x onerror="a">&$head \'שלום'
    hostile = dataclasses.replace(
        film,
        timeline=dataclasses.replace(film.timeline, name=evil, path=f"/films/{evil}"),
        characters=(dataclasses.replace(film.characters[0], name=evil), *film.characters[1:]),
        subtitles=dataclasses.replace(
            film.subtitles,
            name=evil,
            entries=(dataclasses.replace(film.subtitles.entries[0], text=evil), *film.subtitles.entries[1:]),
        ),
        subjects=tuple((evil,) for _ in film.timeline.shots),
        notes=(evil,),
        looks_by=evil,
        faces_by=evil,
    )
    text = format_film_page(hostile, [None] * 44)
    page = read(text)
    assert "<img" not in text
    assert text.count("</script>") == 2
    assert evil in page.words
    assert json.loads(page.scripts[0])["subtitles"][0][2] == evil


def test_each_picture_is_carried_once() -> None:
    text = format_film_page(example_film(), [GREY] * 44)
    assert text.count("data:image/webp") == 44
    assert set(re.findall(r'href="#p(\d+)"', text)) <= set(re.findall(r'id="p(\d+)"', text))


def test_pictures_of_a_long_film_are_shrunk_and_set_ups_keep_the_larger_ones() -> None:
    noise = np.random.default_rng(3).integers(0, 256, (180, 320, 3), np.uint8)
    large = ShotPicture(encode_picture(noise, "webp", 95), 320, 180)
    film = repeated_film(times=2)
    stills = choose_stills(film, [large] * len(film.timeline.shots), setup_bytes=200_000, shot_bytes=100_000)
    lead = stills.held[stills.leads[0]]
    others = [one for shot, one in stills.held.items() if shot not in stills.leads.values()]
    assert lead.width_pixels < 320
    assert sum(len(stills.held[shot].data) for shot in stills.leads.values()) <= 200_000
    assert sum(len(one.data) for one in others) <= 100_000
    assert None not in stills.stands_for


def test_a_shot_without_a_picture_is_shown_by_its_set_up() -> None:
    film = example_film()
    pictures = [None if shot == 9 else GREY for shot in range(44)]
    stills = choose_stills(film, pictures)
    assert stills.stands_for[9] == stills.leads[film.structure.setups[9]]
    assert "no picture" in page_of(film, None).words


def test_a_character_is_shown_by_a_face_or_by_no_picture_and_the_page_says_that_it_carries_faces() -> None:
    film = example_film()
    assert film.characters is not None
    face = encode_picture(np.full((8, 8, 3), 90, np.uint8), "jpeg", 80)
    text = format_film_page(film, [GREY] * 44, [face, None])
    shown = [card.partition("</li>")[0] for card in text.split('<li id="character-')[1:]]
    assert len(shown) == len(film.characters)
    assert 'alt="The face of Ada"' in shown[0]
    assert all("no picture" in card and "<img" not in card and "<use" not in card for card in shown[1:])
    names = sum(one.name is not None for one in film.characters)
    assert f"This page carries 1 face and {names} names of persons." in read(text).words
    nobody = dataclasses.replace(film, characters=tuple(dataclasses.replace(one, name=None) for one in film.characters))
    assert "of persons" not in page_of(nobody).words


def test_set_ups_have_rows_within_a_scene_and_one_colour_in_the_film() -> None:
    film = example_film()
    lanes, hues, setups = lanes_of(film), hues_of(film), film.structure.setups
    assert lanes[4:8] == (max(lanes), 0, 1, 0)
    assert lanes[36:38] == (0, 1)
    assert setups[36] == setups[5]
    assert set(hues) == {setup for setup in setups if setups.count(setup) > 1}


def test_a_dialogue_changes_as_often_as_its_sides_do() -> None:
    film = example_film()
    first = film.structure.dialogues[0]
    assert [side_of(film.structure, first, shot) for shot in range(5, 16)] == [0, 1, 0, 1, 0, 1, None, 0, 1, 0, 1]
    assert side_of(film.structure, first, 4) is None
    assert count_changes(film.structure, first) == 9


def test_lengths_are_counted_in_quarters_of_an_octave() -> None:
    assert bin_lengths([1.0, 1.1, 1.2, 2.0]) == (0, [2, 1, 0, 0, 1])


def bare_film(*, blank: bool) -> Film:
    """Return a film of one shot of which nothing is known."""
    index = index_of(50)
    timeline = make_timeline(source_of(index), index, shots_at([0, 50], blank=[1] if blank else []))
    count = 0 if blank else 1
    facts = FilmFacts(count, 2.0 * count, 2.0 * count, 2.0 * count, 2.0 * count, 2.0 * count, {"hard": 0})
    setups = (-1,) if blank else (0,)
    return Film(timeline, Structure(setups, (Scene(0, 1),), (1.0,)), facts, looks_by="scan")


def test_a_film_whose_dialogue_was_refused_says_why() -> None:
    film = bare_film(blank=False)
    refused = (
        Dialogue(16, 33, (15, 16), confidence=0.42, reason="11 changes between two set-ups; a third takes part"),
    )
    words = page_of(
        dataclasses.replace(film, structure=dataclasses.replace(film.structure, refused=refused)), None
    ).words
    said = "shots 17–33 come nearest, 0.42 of the 0.5 it takes: 11 changes between two set-ups; a third takes part."
    assert words.count(said) == 2
    assert "long enough" not in words


@pytest.mark.parametrize("blank", [False, True], ids=["one shot", "all black"])
def test_a_film_of_which_nothing_is_known_says_so_in_every_section(blank: bool) -> None:
    words = page_of(bare_film(blank=blank), None).words
    assert ("nothing but one even colour" if blank else "in a single shot") in words
    for said in (
        "No dialogue was found",
        "Faces were not looked for",
        "No subtitles were given",
        "no model said it",
        "Not measured over time",
        "too few shots",
        "There is nothing to note",
    ):
        assert said in words


def test_faces_that_were_not_found_are_told_from_faces_that_were_not_looked_for() -> None:
    film = dataclasses.replace(example_film(), characters=(), cast=((),) * 44)
    words = page_of(film).words
    assert "yunet + sface looked for them" in words
    assert "not looked for" not in words


def test_subtitles_of_another_film_are_named_and_left_out() -> None:
    film = example_film()
    assert film.subtitles is not None
    other = dataclasses.replace(film, subtitles=dataclasses.replace(film.subtitles, fit="other film"))
    page = page_of(other)
    assert "seem to be of another film" in page.words
    assert "Line 5" not in page.words
    assert json.loads(page.scripts[0])["subtitles"] == []


def test_a_film_in_a_cinema_s_length_has_few_elements_in_its_timeline() -> None:
    film = repeated_film(times=36)
    text = format_film_page(film, [None] * len(film.timeline.shots))
    timeline = text[text.index('<div class="tracks">') : text.index('<section class="full" id="scenes">')]
    assert len(film.timeline.shots) > 1_500
    assert timeline.count("<") < 5_000
    assert len(text) < 2_500_000


def opened(browser: Browser, film: Film, folder: Path, *, dark: bool = False, width: int = 1280) -> Page:
    file = folder / "film.html"
    file.write_text(format_film_page(film, [GREY] * len(film.timeline.shots)), encoding="utf-8")
    scheme = "dark" if dark else "light"
    context = browser.new_context(
        viewport={"width": width, "height": 800}, color_scheme=scheme, reduced_motion="reduce"
    )
    page = context.new_page()
    page.goto(file.as_uri())
    return page


def test_a_person_goes_through_the_timeline_by_keyboard_and_by_pointer(
    chromium_browser: Browser, tmp_path: Path
) -> None:
    film = example_film()
    page = opened(chromium_browser, film, tmp_path)
    slider = page.get_by_role("slider", name="Shot")
    slider.focus()
    press(page, "ArrowRight", "Shift+ArrowRight", "ArrowRight", "ArrowRight")
    assert slider.get_attribute("aria-valuenow") == "7"
    assert "dialogue 1, side B" in str(slider.get_attribute("aria-valuetext"))
    assert "Line 6 & its <answer>" in page.inner_text("#spoken")
    press(page, "+", "+", "-")
    assert page.evaluate(
        "document.querySelector('.tracks').clientWidth > 1.5 * document.querySelector('.film').clientWidth"
    )
    press(page, "0", "End", "Shift+ArrowLeft", "Enter")
    assert page.url.endswith("#scene-6")
    page.locator(".palette .band").hover(position={"x": 5, "y": 5})
    assert page.inner_text("#what").replace("\xa0", " ").startswith("Shot 1 of 44")
    page.select_option("#with", "2")
    assert page.locator(".scene:visible").count() == 2
    page.click("#dialogue-2 a[data-shot]")
    assert slider.get_attribute("aria-valuenow") == "23"
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    check_access(page)


@pytest.mark.longer
def test_the_page_breaks_no_rule_dark_and_narrow(chromium_browser: Browser, tmp_path: Path) -> None:
    page = opened(chromium_browser, example_film(), tmp_path, dark=True, width=400)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
    check_access(page)


def test_shots_are_told_at_their_time_whatever_the_rate() -> None:
    index = index_of(90, rate=Fraction(30000, 1001))
    timeline = make_timeline(source_of(index), index, shots_at([0, 30, 90]))
    film = dataclasses.replace(
        bare_film(blank=False), timeline=timeline, structure=Structure((0, 1), (Scene(0, 2),), (1.0, 0.0))
    )
    assert [shot[0] for shot in json.loads(page_of(film).scripts[0])["shots"]] == [0, 30]
