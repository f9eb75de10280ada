"""A film's shots as files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from rushes.errors import MediaError, UsageError
from rushes.footage.picture import encode_picture
from rushes.timelines.shot_files import (
    EXTENSIONS,
    needs_pictures,
    number_pages,
    plan_files,
    write_shots,
)
from rushes.timelines.shot_pictures import ShotPicture
from rushes.timelines.timeline import make_timeline
from rushes.timelines.written import check_places
from timelines.shots_by_hand import index_of, shots_at, small_timeline, source_of

GREY = ShotPicture(encode_picture(np.full((36, 64, 3), 128, np.uint8), "webp", 80), 64, 36)


@pytest.mark.parametrize("extension", EXTENSIONS)
def test_every_format_is_written_whole_where_it_is_wanted(extension: str, tmp_path: Path) -> None:
    path = tmp_path / "new" / f"shots{extension}"
    pictures = [GREY] * 3 if needs_pictures(path) else []
    assert write_shots(small_timeline(), path, pictures) == [path]
    assert path.stat().st_size > 200
    assert list(path.parent.iterdir()) == [path]


def test_only_contact_sheets_need_pictures() -> None:
    needing = {extension for extension in EXTENSIONS if needs_pictures(Path(f"a{extension}"))}
    assert needing == {".jpg", ".jpeg", ".png", ".webp", ".html"}


def test_a_sheet_of_many_shots_is_several_pages(tmp_path: Path) -> None:
    index = index_of(450)
    timeline = make_timeline(source_of(index), index, shots_at(range(451)))
    written = write_shots(timeline, tmp_path / "sheet.jpg", [GREY] * 450)
    assert [path.name for path in written] == ["sheet-001.jpg", "sheet-002.jpg", "sheet-003.jpg"]
    for path in written:
        with Image.open(path) as sheet:
            assert sheet.format == "JPEG"
            assert max(sheet.size) < 16_383


def test_one_page_keeps_its_name() -> None:
    assert number_pages(Path("sheet.png"), 1) == [Path("sheet.png")]


def test_each_film_gets_its_own_files() -> None:
    films = [Path("a/TT 1.mov"), Path("b/TT 2.mov")]
    assert plan_files(films, ["out/{name}.edl", "{name}/sheet.jpg"]) == [
        (Path("out/TT-1.edl"), Path("TT-1/sheet.jpg")),
        (Path("out/TT-2.edl"), Path("TT-2/sheet.jpg")),
    ]


@pytest.mark.parametrize(
    ("films", "patterns", "message"),
    [
        (["a.mov", "b.mov"], ["cut.edl"], r"cut\.edl would be written over for b\.mov\. Put \{name\} into it"),
        (["x/a.mov", "y/a.mov"], ["{name}.edl"], "Films of one name need two calls"),
        (["a.mov"], ["a.csv", "./a.csv"], r"--write \./a\.csv: a\.csv is named twice"),
        (["a.webp"], ["a.webp"], r"a\.webp is the film itself"),
        (["b.edl", "c.mov"], ["{name}.edl"], r"b\.edl is the film itself"),
        (["a.mov"], ["a.cvs"], r"ends in '\.cvs', which is no format of shots\. Allowed: \.csv, \.json"),
        (
            ["a.mov"],
            ["folder"],
            r"chooses the format, and there is none\. Write for example folder\.csv; allowed: \.csv",
        ),
        (["a.mov"], ["{nam}.edl"], r"'\{nam\}' stands for nothing\. Allowed: \{name\}"),
        (["a.mov"], ["{}.edl"], r"'\{\}' stands for nothing"),
        (["a.mov"], ["{name.edl"], r"'\{name\.edl' stands for nothing"),
        (["a.mov"], ["{name}/{x}/a.edl"], r"'\{x\}' stands for nothing"),
        (["a.mov"], ["name}.edl"], r"'\}' stands for nothing"),
        (["a.mov"], ["a.edl", "b.mov"], r"'\.mov', which is no format .* Films stand before --write"),
    ],
)
def test_files_that_cannot_be_are_refused(films: list[str], patterns: list[str], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        plan_files([Path(film) for film in films], patterns)


def test_places_are_tried_without_leaving_anything_behind(tmp_path: Path) -> None:
    old = tmp_path / "old.edl"
    old.write_text("older")
    check_places([tmp_path / "new" / "deep" / "a.edl", tmp_path / "new" / "b.csv", old])
    assert list(tmp_path.iterdir()) == [old]
    assert old.read_text() == "older"


def test_a_place_that_cannot_be_written_is_named_as_the_user_named_it(tmp_path: Path) -> None:
    wrong = tmp_path / "new" / f"{'a' * 300}.edl"
    with pytest.raises(UsageError, match=r"--write .*/new/a{300}\.edl: cannot be written \(File name too long\)"):
        check_places([tmp_path / "new" / "a.edl", wrong])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="no folder of this system refuses everybody")
def test_a_folder_that_takes_no_files_is_found_out() -> None:
    with pytest.raises(UsageError, match=r"--write /proc/cut\.edl: cannot be written \("):
        check_places([Path("/proc/cut.edl")])


def test_a_file_that_the_system_does_not_take_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    path = tmp_path / "file" / "cut.edl"
    with pytest.raises(MediaError, match=r"/file/cut\.edl: could not be written \((Not a directory|File exists)\)"):
        write_shots(small_timeline(), path, [])
