"""Contact sheets."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rushes.footage.picture import encode_picture
from rushes.timelines.contact_sheet import (
    PAGE_SHOTS,
    count_pages,
    describe_answers,
    describe_film,
    describe_opening,
    draw_sheets,
    format_length,
    format_seconds,
    layout_of,
    plan_layout,
)
from rushes.timelines.shot_pictures import ShotPicture
from rushes.timelines.timeline import Timeline, make_timeline
from timelines.shots_by_hand import answered_timeline, index_of, shots_at, small_timeline, source_of


def flat(color: tuple[int, int, int], width: int = 320, height: int = 180) -> ShotPicture:
    return ShotPicture(encode_picture(np.full((height, width, 3), color, np.uint8), "webp", 100), width, height)


def film_of(shot_count: int, path: str = "/films/TT_S01_E01.mov") -> Timeline:
    index = index_of(shot_count * 5)
    return make_timeline(source_of(index, path), index, shots_at(range(0, shot_count * 5 + 1, 5)))


def test_each_picture_stands_in_its_cell() -> None:
    colors = [(200, 40, 40), (40, 200, 40), (40, 40, 200)]
    timeline, pictures = small_timeline(), [flat(color) for color in colors]
    (sheet,) = draw_sheets(timeline, pictures)
    layout = layout_of(timeline, pictures)
    for number, color in enumerate(colors):
        left, top = layout.place_of(number)
        shown = sheet.getpixel((left + 160, top + 90))
        assert isinstance(shown, tuple)
        assert all(abs(found - wanted) <= 6 for found, wanted in zip(shown, color, strict=True))


def test_a_picture_that_is_lacking_leaves_an_empty_cell() -> None:
    timeline, pictures = small_timeline(), [None, flat((250, 250, 250)), None]
    (sheet,) = draw_sheets(timeline, pictures)
    left, top = layout_of(timeline, pictures).place_of(0)
    assert sheet.getpixel((left + 20, top + 20)) == sheet.getpixel((2, 2))


def test_a_film_without_any_picture_can_be_drawn() -> None:
    (sheet,) = draw_sheets(small_timeline(), [None, None, None])
    assert sheet.width >= 760


@given(st.integers(1, 3000), st.integers(64, 1024), st.floats(0.4, 2.5))
def test_pages_hold_all_shots_and_stay_within_what_picture_formats_hold(count: int, side: int, aspect: float) -> None:
    width, height = (side, max(1, round(side / aspect))) if aspect > 1 else (max(1, round(side * aspect)), side)
    layout = plan_layout(count, width, height)
    pages = -(-count // layout.capacity)
    assert layout.capacity * pages >= count
    assert layout.capacity * (pages - 1) < count
    assert layout.width <= 4200
    assert layout.height_of(layout.capacity) <= 10_000
    if pages > 1:
        assert layout.capacity <= PAGE_SHOTS + layout.columns


@given(st.integers(1, 400))
def test_no_cell_lies_on_another_or_off_the_page(count: int) -> None:
    layout = plan_layout(count, 320, 134)
    cells = [layout.place_of(number) for number in range(min(count, layout.capacity))]
    assert len(set(cells)) == len(cells)
    assert max(left for left, _ in cells) + layout.cell_width <= layout.width
    assert max(top for _, top in cells) + 134 < layout.height_of(len(cells))


def test_a_long_film_has_several_pages_of_even_length() -> None:
    timeline = film_of(450)
    pictures = [flat((90, 90, 90), 64, 36)] * 450
    pages = list(draw_sheets(timeline, pictures))
    assert len(pages) == count_pages(timeline, pictures) == 3
    assert len({page.size for page in pages}) == 1


@pytest.mark.parametrize("name", ["東京物語", "Ностальгия", "الرسالة", "a" * 160, "x", "long name " * 15])
def test_names_of_any_length_and_script_can_be_drawn(name: str) -> None:
    (sheet,) = draw_sheets(film_of(2, f"/films/{name}.mov"), [flat((9, 9, 9))] * 2)
    head = np.asarray(sheet)[44:92]
    assert head.max() > 200  # ink
    assert head[:, -40:].max() < 60  # and none of it on the margin


def test_what_stands_below_the_name_is_counted() -> None:
    assert describe_film(small_timeline()) == ["0:04", "3 shots", "average 1.3 s", "25 fps", "1920 x 1080"]
    index = index_of(1, rate=Fraction(24000, 1001))
    assert describe_film(make_timeline(source_of(index), index, shots_at([0, 1])))[1:3] == ["1 shot", "23.976 fps"]


def test_a_gradual_cut_and_a_blank_shot_are_named() -> None:
    assert [describe_opening(place) for place in small_timeline().shots] == ["", "", "dissolve, 12 frames / blank"]


def test_lengths_are_said_as_a_person_says_them() -> None:
    assert [format_seconds(Fraction(text)) for text in ("0.48", "4.81", "72")] == ["0.48 s", "4.8 s", "72 s"]
    assert [format_length(Fraction(seconds)) for seconds in (47, 600, 5648)] == ["0:47", "10:00", "1:34:08"]


def test_answers_have_a_line_of_their_own_in_the_caption() -> None:
    plain, answered = layout_of(small_timeline(), []), layout_of(answered_timeline(), [])
    assert answered.caption_height == plain.caption_height + 20
    assert describe_answers(answered_timeline().shots[0]) == "MS 61%   push 93%"
    (sheet,) = draw_sheets(answered_timeline(), [None] * 3)
    left, top = answered.place_of(0)
    line = np.asarray(sheet)[top + answered.picture_height + 36 :, left:][:20, : answered.cell_width]
    assert line.std() > 5
