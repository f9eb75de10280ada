"""A film's shots as files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from rushes.errors import UsageError
from rushes.footage.picture import encode_picture
from rushes.timelines.shot_files import EXTENSIONS, needs_pictures, number_pages, plan_files, write_shots
from rushes.timelines.shot_pictures import ShotPicture
from rushes.timelines.timeline import make_timeline
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
        (["a.mov"], ["a.csv", "./a.csv"], "would be written over"),
        (["a.webp"], ["a.webp"], "would be written over"),
        (["a.mov"], ["a.cvs"], r"ends in '\.cvs', which is no format of shots\. Allowed: \.csv, \.json"),
        (["a.mov"], ["folder"], "has no extension"),
        (["a.mov"], ["a.edl", "b.mov"], r"'\.mov', which is no format .* Films stand before --write"),
    ],
)
def test_files_that_cannot_be_are_refused(films: list[str], patterns: list[str], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        plan_files([Path(film) for film in films], patterns)
