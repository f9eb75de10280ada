from __future__ import annotations

import pytest

from labels.catalogued import film_frames, photograph
from rushes.errors import SheetError
from rushes.labels.attribute_sheet import SheetFrames, attributes_of_sheet
from rushes.labels.sheets.files import parse_sheets

FRAMES = [photograph(f"/cards/a/IMG_{number:02d}.CR3", group=f"shoot {number // 3}") for number in range(6)]


def read(text, frames=FRAMES, others=()):
    [sheet] = parse_sheets(text.encode(), name="people.csv", key="people.csv")
    return attributes_of_sheet(sheet, SheetFrames(frames, others))


def test_rows_find_their_frames_by_name_picture_or_id():
    found = read(f"Frame,who\nimg_00,bride\nframes/IMG_01/IMG_01.jpg,groom\nIMG_02.jpg,guest\n{FRAMES[3].id},band\n")
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
        "4 rows of the sheet could not be used: people.csv, row 3, frame: 'IMG_77' is not in the catalog. Did you mean "
        "'IMG_05'?; "
        "people.csv, row 4, frame: the frame is empty; people.csv, row 6, frame: 'IMG_00' is there already and the "
        "first row counts; and 1 more"
    )


def test_photographs_of_the_same_name_are_told_apart_by_folder_path_or_source_and_never_guessed():
    twins = [photograph("/s/two/a/IMG_1.jpg"), photograph("/s/two/b/IMG_1.jpg", name="IMG_1-b264caf6")]
    with pytest.raises(SheetError, match=r"'IMG_1\.jpg' fits 2 frames: '/s/two/a/IMG_1\.jpg', '/s/two/b/IMG_1\.jpg'"):
        read("image,who\nIMG_1.jpg,Ann\nIMG_1.jpg,Bob\n", twins)
    for cells in (("a/IMG_1.jpg", "b/IMG_1.jpg"), ("A\\IMG_1.JPG", "/s/two/b/IMG_1.jpg"), ("", "IMG_1-b264caf6")):
        found = read(f"image,who\n{cells[0]},Ann\n{cells[1]},Bob\n", twins)
        assert found.columns["who"] == ("Ann" if cells[0] else None, "Bob")
    assert read("image,source,who\nIMG_1.jpg,IMG_1-b264caf6,Bob\n", twins).columns["who"] == (None, "Bob")
    # Nor is the twin guessed that happens to be judged.
    with pytest.raises(SheetError, match="fits 2 frames"):
        read("image,who\nIMG_1.jpg,Ann\n", twins[:1], twins)


def test_a_frame_of_a_film_may_be_its_number_beside_the_film():
    frames = film_frames("/films/a/scene.mov", [0, 24, 48])
    found = read("film,frame,who\nscene.mov,24,Ann\n/films/a/scene.mov,48,Bob\n", frames)
    assert found.columns["who"] == (None, "Ann", "Bob")
    found = read("frame,source,who\nIMG_00,Getty,Ann\n")  # no source of that name: a column like any other
    assert found.columns["who"][0] == "Ann"


def test_a_column_of_files_may_be_of_films():
    frames = film_frames("/films/a/scene.mov", [0, 24])
    found = read("file,light\na/scene.mov,sun\n", frames)
    assert found.columns["light"] == ("sun", "sun")
    assert found.key == ("source", "file")


def test_rows_about_frames_that_are_known_and_not_judged_are_counted_apart_from_faults():
    found = read("frame,who\nIMG_00,Ann\nIMG_04,Bob\nIMG_05,Bob\n", FRAMES[:3], FRAMES)
    assert (found.columns["who"], found.remark) == (("Ann", None, None), "")
    assert found.note == "2 rows of the sheet are about frames of the project that are not judged here."
    by_group = read("group,who\nshoot 0,Ann\nshoot 1,Bob\n", FRAMES[:3], FRAMES)
    assert (by_group.elsewhere, by_group.remark) == (1, "")


def test_a_sheet_that_fits_nothing_says_how_many_rows_and_what_would_fit():
    with pytest.raises(SheetError) as error:
        read("frame,who\nIMG_03,Ann\nIMG_98,Bob\nIMG_99,Bob\n", FRAMES[:3], FRAMES)
    assert str(error.value).splitlines()[0] == (
        "people.csv: of 3 rows none is about a frame of the judged samples: 1 is about others of the project, and 2 "
        "fit nothing. What would fit in 'frame': 'IMG_00'. The sheet's columns: 'frame', 'who'"
    )
    assert len(error.value.faults) == 3


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
        ("frame,who\nIMG_99,bride\n", "of 1 row none is about a frame of the judged samples"),
        ("frame,who\n", "the sheet holds no row"),
    ],
)
def test_a_sheet_that_says_nothing_of_the_frames_is_refused(text, said):
    with pytest.raises(SheetError, match=said):
        read(text)
