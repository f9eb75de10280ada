from __future__ import annotations

import pytest

from rushes.errors import SheetError
from rushes.labels.attribute_sheet import KnownFrame, attributes_of_sheet
from rushes.labels.sheets.files import parse_sheets

FRAMES = [
    KnownFrame(f"{number:016x}:0", f"IMG_{number:02d}", f"frames/shoot/IMG_{number:02d}.jpg",
               f"shoot {number // 3}", (f"IMG_{number:02d}", f"/cards/a/IMG_{number:02d}.CR3"))
    for number in range(6)
]  # fmt: skip


def read(text, frames=FRAMES):
    [sheet] = parse_sheets(text.encode(), name="people.csv", key="people.csv")
    return attributes_of_sheet(sheet, frames)


def test_rows_find_their_frames_by_name_picture_or_id():
    found = read(f"Frame,who\nimg_00,bride\nframes/shoot/IMG_01.jpg,groom\nIMG_02.jpg,guest\n{FRAMES[3].id},band\n")
    assert found.columns == {"who": ("bride", "groom", "guest", "band", None, None)}
    assert (found.key, found.remark) == (("frame", "Frame"), "")


def test_a_row_about_a_source_or_a_group_is_about_all_its_frames():
    assert read("film,light\nIMG_01,flash\nIMG_05.CR3,sun\n").columns["light"] == (
        None, "flash", None, None, None, "sun",
    )  # fmt: skip
    by_group = read("group,light\nShoot 1,sun\n")
    assert by_group.columns["light"] == (None, None, None, "sun", "sun", "sun")
    assert by_group.key == ("group", "group")


def test_a_column_called_name_may_name_groups():
    found = read("name,light\nshoot 0,sun\n")
    assert found.key == ("group", "name")
    assert found.columns["light"] == ("sun", "sun", "sun", None, None, None)


def test_rows_that_fit_nothing_are_counted_and_the_first_are_shown():
    found = read("frame,who\nIMG_00,bride\nIMG_77,groom\n,guest\nIMG_00,bride\nIMG_00,groom\nIMG_88,x\n\n")
    assert found.columns["who"][0] == "bride"
    assert len(found.unmatched) == 4
    assert found.remark == (
        "4 rows of the sheet could not be used: people.csv, row 3, frame: 'IMG_77' is no frame of the judged samples; "
        "people.csv, row 4, frame: the frame is empty; people.csv, row 6, frame: 'IMG_00' is there already and the "
        "first row counts; and 1 more"
    )


def test_a_name_that_several_frames_have_says_too_little():
    frames = [KnownFrame(f"{place}:0", f"f{place}", f"{place}/a.jpg", "g") for place in ("x", "y")]
    with pytest.raises(SheetError, match=r"'a\.jpg' fits 2 frames; write more of its path"):
        read("frame,who\na.jpg,bride\n", frames)
    assert read("frame,who\nx/a.jpg,bride\n", frames).columns["who"] == ("bride", None)


def test_numbers_are_numbers_where_all_of_a_column_are_and_several_words_are_subjects():
    rows = "".join(f'IMG_0{number},{number}.5,{number},{number % 2},"car, sea",{number}\n' for number in range(6))
    found = read(f"frame,age,rank,side,tags,mixed\n{rows}".replace(",5\n", ",unknown\n"))
    assert found.columns["age"] == (0.5, 1.5, 2.5, 3.5, 4.5, 5.5)
    assert found.columns["side"] == ("0", "1", "0", "1", "0", "1")  # two different ones: categories
    assert found.columns["tags"][0] == ("car", "sea")
    assert found.columns["mixed"] == ("0", "1", "2", "3", "4", "unknown")


def test_a_comma_may_stand_before_the_decimals():
    rows = "".join(f"IMG_0{number};{number},25\n" for number in range(6))
    assert read(f"frame;age\n{rows}").columns["age"][:2] == (0.25, 1.25)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("who,light\nbride,sun\n", "no column says which frame, source or group a row is about"),
        ("frame\nIMG_00\n", "beside 'frame' there is no column"),
        ("frame,who\nIMG_99,bride\n", "'IMG_99' is no frame of the judged samples"),
        ("frame,who\n", "the sheet holds no row"),
    ],
)
def test_a_sheet_that_says_nothing_of_the_frames_is_refused(text, said):
    with pytest.raises(SheetError, match=said):
        read(text)
