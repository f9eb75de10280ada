"""What is a shoot, what it is called, and what in it is no photograph."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from footage.stills import write_jpeg, write_raw
from rushes.catalog.ingest import plan_ingest
from rushes.catalog.shoots import find_exports, name_shoots, parts_taken_for_shoots, shoot_of
from rushes.storage.places import Place, parse_place
from storage.servers import s3_store

PARTS = st.lists(st.sampled_from(["a", "b", "Wedding", "wedding", "2024"]), min_size=1, max_size=4)


def place(text: str) -> Place:
    return parse_place(text)


def test_a_shoot_is_the_folder_directly_below_the_place() -> None:
    for root in ("/photos", "s3://bucket/photos", "s3://bucket/photos/"):
        folder = root.rstrip("/")
        assert str(shoot_of(place(f"{folder}/wedding/raw/day 1/a.nef"), place(root))).rstrip("/") == f"{folder}/wedding"
        assert str(shoot_of(place(f"{folder}/a.nef"), place(root))).rstrip("/") == folder
        assert str(shoot_of(place(f"{folder}/a.nef"), place(f"{folder}/a.nef"))).rstrip("/") == folder
    assert shoot_of(place("s3://bucket/wedding/a.nef"), place("s3://bucket")) == place("s3://bucket/wedding/")


def test_shoots_of_one_name_stay_apart() -> None:
    shoots = [place("/a/wedding"), place("/b/wedding"), place("/b/concert"), place("s3://bucket/b/wedding/")]
    assert name_shoots(shoots, {}) == {
        shoots[0]: "a/wedding",
        shoots[1]: "b/wedding",
        shoots[2]: "concert",
        shoots[3]: "bucket/b/wedding",
    }
    assert name_shoots(shoots[:1], {"/c/wedding/1.nef": "wedding"}) == {shoots[0]: "a/wedding"}


def test_a_shoot_keeps_the_name_that_it_has() -> None:
    shoots = [place("/a/wedding"), place("/b/wedding")]
    known = {"/a/wedding/raw/1.nef": "wedding", "/b/wedding/1.nef": "b/wedding", "/b/wedding/2.nef": "somebody's"}
    assert name_shoots(shoots, known) == {shoots[0]: "wedding", shoots[1]: "b/wedding"}
    both = {"/a/wedding/1.nef": "wedding", "/b/wedding/1.nef": "wedding"}  # taken in by folder, before
    assert len(set(name_shoots(shoots, both).values())) == 2


@given(st.lists(PARTS, min_size=1, max_size=6))
def test_no_two_shoots_are_of_one_group_and_asking_again_changes_nothing(folders: list[list[str]]) -> None:
    shoots: list[Place] = [Path("/", *parts) for parts in folders]
    named = name_shoots(shoots, {})
    groups = [group.casefold() for group in named.values()]
    assert len(groups) == len(set(groups)) == len(set(shoots))
    assert name_shoots(shoots, {f"{shoot}/1.nef": group for shoot, group in named.items()}) == named


def test_pictures_made_of_a_raw_are_no_photographs(tmp_path: Path) -> None:
    shoot, taken = tmp_path / "wedding", "2024:05:01 12:30:00"
    write_raw(shoot / "raw" / "DSC_1.dng", sensor=(96, 64), preview_width=96, taken=taken)
    for name, at in (("raw/DSC_1.JPG", taken), ("out/DSC_1-Edit.jpg", taken), ("out/DSC_1 (2).jpg", ""),
                     ("body b/DSC_1.jpg", "2024:05:01 19:00:00"), ("out/DSC_12.jpg", taken)):  # fmt: skip
        write_jpeg(shoot / name, taken=at)
    (shoot / "raw" / "DSC_1.xmp").write_text("<x/>")
    write_jpeg(tmp_path / "DSC_1.jpg", taken=taken)  # of another shoot
    exports: dict[Place, Place] = {}
    wanted, missing = plan_ingest(
        [tmp_path], group=None, class_folders=None, shoots={}, passed_over=exports.__setitem__
    )
    assert missing == []
    assert sorted(PurePosixPath(str(one)).name for one in exports) == ["DSC_1 (2).jpg", "DSC_1-Edit.jpg"]
    assert {(item.path.name, item.group, len(item.companions)) for item in wanted} == {
        ("DSC_1.dng", "wedding", 1),
        ("DSC_1.jpg", "wedding", 0),
        ("DSC_12.jpg", "wedding", 0),
        ("DSC_1.jpg", tmp_path.name, 0),
    }


def test_the_names_decide_where_no_times_are_known() -> None:
    files = [place(f"s3://bucket/wedding/{name}") for name in ("raw/DSC_1.nef", "raw/DSC_1.jpg", "out/DSC_1-Edit.tif")]
    around = dict.fromkeys(files, place("s3://bucket/wedding/"))
    assert find_exports(files, around, lambda file: None) == {files[2]: files[0]}


def test_a_group_that_a_person_gave_is_kept(tmp_path: Path) -> None:
    photo = write_jpeg(tmp_path / "wedding" / "raw" / "1.jpg")
    for known, group in ((("ann"), "ann"), ("raw", "wedding"), ("wedding", "wedding")):
        wanted, _ = plan_ingest([tmp_path], group=None, class_folders=None, shoots={str(photo): known})
        assert [item.group for item in wanted] == [group]


def test_folders_within_a_shoot_are_known_by_their_names() -> None:
    assert parts_taken_for_shoots(["2024-05 wedding", "RAW", "x/select"]) == ["RAW", "x/select"]


def test_the_shoots_of_a_bucket_are_its_folders(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))  # where profiles of a person's own could be
    with s3_store("rushes-shoots") as bucket:
        for name, value in bucket.environment.items():
            monkeypatch.setenv(name, value)
        for key in ("2024/a/raw/1.nef", "2024/a/raw/1.xmp", "2024/a/out/1-Edit.jpg", "2024/b/1.jpg", "2024/2.jpg"):
            bucket.put(key, b"not read")
        for root in ("s3://rushes-shoots/2024", "s3://rushes-shoots/2024/"):
            wanted, missing = plan_ingest([parse_place(root)], group=None, class_folders=None, shoots={})
            assert missing == []
            assert {item.path.name: item.group for item in wanted} == {"1.nef": "a", "1.jpg": "b", "2.jpg": "2024"}
