"""Which files are one photograph."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from rushes.footage.pairs import Photograph, companions_of, pair_stills, part_by_time

SHOOT = Path("shoot")


def paired(*names: str) -> list[tuple[str, ...]]:
    found = pair_stills([SHOOT / name for name in names])
    return [tuple(str(path.relative_to(SHOOT)) for path in (one.main, *one.companions)) for one in found]


def test_a_raw_and_the_jpeg_or_heic_of_its_name_are_one_photograph() -> None:
    assert paired("DSC_0012.JPG", "DSC_0012.NEF", "DSC_0013.NEF") == [
        ("DSC_0012.NEF", "DSC_0012.JPG"),
        ("DSC_0013.NEF",),
    ]
    assert paired("a.cr3", "a.HIF", "a.jpeg") == [("a.cr3", "a.HIF", "a.jpeg")]


def test_case_does_not_part_them_and_the_raw_of_the_same_case_is_preferred() -> None:
    assert paired("DSC_1.NEF", "dsc_1.jpg") == [("DSC_1.NEF", "dsc_1.jpg")]
    assert paired("dsc_1.nef", "DSC_1.NEF", "DSC_1.jpg") == [("dsc_1.nef",), ("DSC_1.NEF", "DSC_1.jpg")]


def test_other_folders_exports_films_and_pictures_without_a_raw_stand_alone() -> None:
    for names in (("a/1.NEF", "b/1.JPG"), ("1.NEF", "1.tif"), ("1.NEF", "1.NEF.jpg"), ("1.NEF", "1.png"),
                  ("IMG_1.HEIC", "IMG_1.MOV"), ("IMG_1.HEIC", "IMG_1.JPG"), ("1.NEF", "1.mp4")):  # fmt: skip
        assert paired(*names) == [(name,) for name in names]


def test_two_raws_of_one_name_are_two_photographs() -> None:
    assert paired("1.NEF", "1.DNG", "1.JPG") == [("1.NEF", "1.JPG"), ("1.DNG",)]


@given(st.lists(st.sampled_from(["a.NEF", "A.nef", "a.JPG", "A.jpg", "b.HEIC", "b.CR3", "c.mp4", "c.jpg", "x/a.JPG"])))
def test_every_file_is_in_exactly_one_photograph(names: list[str]) -> None:
    found = [name for one in paired(*names) for name in one]
    assert sorted(found) == sorted(set(names))


def test_what_was_taken_at_another_time_is_another_photograph() -> None:
    raw, jpeg, heic = (SHOOT / name for name in ("1.NEF", "1.JPG", "1.HEIC"))
    photograph = Photograph(raw, (jpeg, heic))
    times = {raw: "2024-05-01T12:30:00", jpeg: "2024-05-01T12:30:02", heic: "2021-01-01T00:00:00"}
    assert part_by_time(photograph, times) == [Photograph(raw, (jpeg,)), Photograph(heic)]
    assert part_by_time(photograph, {**times, raw: None}) == [photograph]
    assert part_by_time(photograph, {}) == [photograph]


def test_times_with_and_without_an_offset_are_compared_by_the_camera_clock() -> None:
    raw, jpeg = SHOOT / "1.NEF", SHOOT / "1.JPG"
    pair = Photograph(raw, (jpeg,))
    near = {raw: "2024-05-01T12:30:00", jpeg: "2024-05-01T12:30:00.25+02:00"}
    same_instant = {raw: "2024-05-01T12:30:00+02:00", jpeg: "2024-05-01T10:30:00+00:00"}
    other = {raw: "2024-05-01T12:30:00+02:00", jpeg: "2024-05-01T12:30:00+00:00"}
    assert part_by_time(pair, near) == part_by_time(pair, same_instant) == [pair]
    assert len(part_by_time(pair, other)) == 2


def test_companions_are_told_from_copies() -> None:
    seen = ["/card/DSC_1.JPG", "/copy/DSC_1.NEF", "/card/renamed.jpg", "/card/dsc_1.hif"]
    assert companions_of("/card/DSC_1.NEF", seen) == ["/card/DSC_1.JPG", "/card/dsc_1.hif"]
