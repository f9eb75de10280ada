"""The marks of a photograph, wherever its editor put them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from rushes.errors import XmpError
from rushes.xmp.marks import CullMark, Marks
from rushes.xmp.merge import merge_mark
from rushes.xmp.profiles import PROFILES, list_sidecars, sidecars_of, unread_sidecar
from rushes.xmp.reading import FoundMarks, read_marks, read_sidecar
from xmp.sidecars import sidecar
from xmp.test_embedded import app1, jpeg


def stars(count: int, changed: str = "") -> bytes:
    return sidecar(f'xmp:Rating="{count}"' + (f' xmp:MetadataDate="{changed}"' if changed else ""))


def raw(folder: Path, name: str = "DSC_0012.NEF") -> Path:
    path = folder / name
    path.write_bytes(b"MM\0*\0\0\0\0")
    return path


@pytest.mark.parametrize("name", ["DSC_0012.xmp", "DSC_0012.XMP", "DSC_0012.NEF.xmp", "dsc_0012.nef.Xmp"])
def test_a_sidecar_is_found_where_any_profile_puts_it(name: str, tmp_path: Path) -> None:
    photograph = raw(tmp_path)
    (tmp_path / name).write_bytes(stars(3))
    found = read_marks(photograph)
    assert found == FoundMarks(Marks(rating=3), Marks(rating=3), str(tmp_path / name), (tmp_path / name,))
    assert read_marks(photograph, listed={tmp_path: list_sidecars(tmp_path)}) == found


def test_sidecars_of_other_photographs_are_none_of_it(tmp_path: Path) -> None:
    photograph = raw(tmp_path)
    for name in ("DSC_0012.CR3.xmp", "DSC_0012_01.NEF.xmp", "DSC_00122.xmp", "DSC_0012.NEF.txt"):
        (tmp_path / name).write_bytes(stars(3))
    assert read_marks(photograph) == FoundMarks()


def test_a_sidecar_beside_a_companion_counts_where_the_photograph_has_none(tmp_path: Path) -> None:
    photograph = raw(tmp_path)
    (tmp_path / "jpeg").mkdir()
    companion = tmp_path / "jpeg" / "DSC_0012.JPG"
    companion.write_bytes(jpeg(app1(stars(2))))
    assert read_marks(photograph, [companion]).where == f"embedded in {companion}"
    beside = companion.with_name("DSC_0012.JPG.xmp")
    beside.write_bytes(stars(3))
    assert read_marks(photograph, [companion]).marks == Marks(rating=3)
    (tmp_path / "DSC_0012.xmp").write_bytes(stars(4))
    found = read_marks(photograph, [companion])
    assert found.marks == Marks(rating=4)
    assert found.sidecars == (tmp_path / "DSC_0012.xmp", beside)


def test_of_two_sidecars_the_one_changed_last_is_believed(tmp_path: Path) -> None:
    photograph = raw(tmp_path)
    stem, name = tmp_path / "DSC_0012.xmp", tmp_path / "DSC_0012.NEF.xmp"
    stem.write_bytes(stars(1))
    name.write_bytes(stars(2))
    os.utime(stem, (2_000, 2_000))
    os.utime(name, (1_000, 1_000))
    assert read_marks(photograph).marks == Marks(rating=1)
    os.utime(name, (3_000, 3_000))
    assert read_marks(photograph).marks == Marks(rating=2)
    stem.write_bytes(stars(5, "2024-05-03T10:00:00Z"))  # a file may be copied, and the time in it stays
    name.write_bytes(stars(4, "2024-05-03T13:00:00+02:00"))
    assert read_marks(photograph).marks == Marks(rating=4)


@pytest.mark.parametrize(
    ("inside", "beside", "believed"),
    [
        ("", "", 2),
        ("2024-05-03T10:00:00Z", "", 2),
        ("", "2024-05-03T10:00:00Z", 2),
        ("2024-05-03T10:00:00Z", "2024-05-03T10:00:00Z", 2),
        ("2024-05-03T12:00:00Z", "2024-05-03T13:00:00+02:00", 1),
        ("2024-05-03T12:00:00Z", "2024-05-03T13:00:00-02:00", 2),
    ],
)
def test_what_stands_inside_goes_first_only_where_it_says_that_it_is_later(
    inside: str, beside: str, believed: int, tmp_path: Path
) -> None:
    photograph = tmp_path / "a.jpg"
    photograph.write_bytes(jpeg(app1(stars(1, inside))))
    (tmp_path / "a.xmp").write_bytes(stars(2, beside))
    assert read_marks(photograph).marks == Marks(rating=believed)


def test_what_a_cull_wrote_is_shown_and_is_not_the_photographers(tmp_path: Path) -> None:
    photograph = tmp_path / "a.jpg"
    photograph.write_bytes(jpeg(app1(stars(4))))
    mark = CullMark("reject", 0.1, "b-12", 0.5)
    beside = tmp_path / "a.xmp"
    beside.write_bytes(merge_mark(None, mark, PROFILES["adobe"], photograph_name="a.jpg").data)
    found = read_marks(photograph)
    assert (found.marks, found.where, found.cull) == (Marks(rating=4), f"embedded in {photograph}", mark)
    assert found.shown == Marks(flag="reject")


def test_a_sidecar_that_cannot_be_read_is_told_of_and_passed_over(tmp_path: Path) -> None:
    photograph = tmp_path / "a.jpg"
    photograph.write_bytes(jpeg(app1(stars(4))))
    (tmp_path / "a.xmp").write_bytes(b"<html></html>")
    (tmp_path / "a.jpg.xmp").mkdir()
    found = read_marks(photograph)
    assert found.marks == Marks(rating=4)
    assert len(found.faults) == 2
    assert "cannot be read" in found.faults[0]
    assert found.faults[1].startswith(f"{tmp_path / 'a.xmp'}: the sidecar is XML, but not XMP")
    photograph.write_bytes(jpeg(app1(b"<html>")))
    assert "the XMP inside it is not XML" in read_marks(photograph).faults[2]
    assert "cannot be read" in read_marks(tmp_path / "gone.jpg").faults[0]


def test_a_sidecar_of_twenty_megabytes_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "a.xmp"
    path.write_bytes(b" " * (20 << 20))
    with pytest.raises(XmpError, match="more than the 16,777,216 bytes"):
        read_sidecar(path)


def test_a_profile_says_where_its_sidecar_stands(tmp_path: Path) -> None:
    photograph = raw(tmp_path)
    names = {name: profile.name_beside(photograph.name) for name, profile in PROFILES.items()}
    assert names == {
        "adobe": "DSC_0012.xmp",
        "bridge": "DSC_0012.xmp",
        "photomechanic": "DSC_0012.xmp",
        "darktable": "DSC_0012.NEF.xmp",
        "digikam": "DSC_0012.NEF.xmp",
    }
    (tmp_path / "DSC_0012.XMP").write_bytes(stars(1))
    assert sidecars_of(photograph) == (tmp_path / "DSC_0012.XMP",)
    assert sidecars_of(tmp_path / "nowhere" / "a.jpg") == ()


def test_a_dot_within_a_name_is_no_extension(tmp_path: Path) -> None:
    photograph = raw(tmp_path, "2024.05.01 first.look.NEF")
    name = PROFILES["adobe"].name_beside(photograph.name)
    assert name == "2024.05.01 first.look.xmp"
    (tmp_path / name).write_bytes(stars(3))
    assert read_marks(photograph).marks == Marks(rating=3)


@pytest.mark.parametrize("name", PROFILES)
def test_where_an_editor_reads_no_sidecar_of_a_jpeg_it_is_said(name: str) -> None:
    warned = unread_sidecar(Path("a.JPG"), PROFILES[name])
    assert bool(warned) == (name in ("adobe", "bridge", "photomechanic"))
    assert warned == unread_sidecar(Path("a.dng"), PROFILES[name])
    assert unread_sidecar(Path("a.NEF"), PROFILES[name]) == ""
