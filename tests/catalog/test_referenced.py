"""Frames that are referred to where their pictures are."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

from rushes.catalog.catalog import open_catalog
from rushes.catalog.referenced import Referenced, pictures_by_name, plan_referenced, referenced_digest
from rushes.footage.source import Source
from rushes.storage.places import Remote
from rushes.timecode import Timecode

BASE = Remote("s3", "studio", "S01/E01/")
NOW = "2026-11-25T12:00:00Z"


def planned(
    pictures: dict[str, str] | None, *, known: Source | None = None, base: Remote = BASE, rate: Fraction = Fraction(24)
) -> Referenced:
    rows = {2: Timecode(0, 0, 1, 0), 3: Timecode(0, 1, 0, 12), 4: Timecode(0, 0, 1, 0)}
    return plan_referenced(
        rows,
        stem="TT_S01_E01",
        base=base,
        rate=rate,
        pictures=pictures,
        known=known,
        group="TT_S01_E01",
        sheet="E01",
        column="FRAME NUMBER",
    )


def test_pictures_are_those_directly_in_the_folder_and_the_likeliest_of_a_name() -> None:
    keys = [
        "S01/E01/a.png",
        "S01/E01/a.JPG",
        "S01/E01/deep/b.jpg",
        "S01/E01/c.txt",
        "S01/E02/d.jpg",
        "S01/E01/e.f.webp",
    ]
    assert pictures_by_name(BASE, keys) == {"a": "S01/E01/a.JPG", "e.f": "S01/E01/e.f.webp"}


def test_a_frame_has_its_time_from_its_name_and_its_picture_where_it_was_found() -> None:
    found = planned({"tt_s01_e01_frm-00-00-01-00": "S01/E01/TT_S01_E01_FRM-00-00-01-00.png"})
    (frame,) = found.frames
    assert (frame.frame.ordinal, frame.frame.pts, frame.frame.time_base) == (24, 24, Fraction(1, 24))
    assert frame.frame.id == f"{referenced_digest(BASE, 'TT_S01_E01')[:16]}:24"
    assert (frame.image, frame.sha256, frame.signature, frame.size) == (
        "s3://studio/S01/E01/TT_S01_E01_FRM-00-00-01-00.png", "", None, ""
    )  # fmt: skip
    assert {row: str(fault) for row, fault in found.missing.items()} == {
        3: "E01, row 3, FRAME NUMBER: there is no picture of 'TT_S01_E01_FRM-00-01-00-12' in s3://studio/S01/E01/. "
        "Put it there, or delete the row"
    }
    assert found.source is not None
    assert (found.source.name, found.source.group, found.source.path) == ("TT_S01_E01", "TT_S01_E01", str(BASE))
    assert found.source.is_referenced


def test_pictures_that_nobody_looked_for_are_taken_to_be_jpegs() -> None:
    found = planned(None)
    assert [item.image.rpartition("/")[2] for item in found.frames] == [
        "TT_S01_E01_FRM-00-00-01-00.jpg", "TT_S01_E01_FRM-00-01-00-12.jpg"
    ]  # fmt: skip
    assert not found.missing
    assert planned({}).source is None


def test_an_episode_whose_pictures_move_stays_the_same_source_with_its_group(tmp_path: Path) -> None:
    with open_catalog(tmp_path / "catalog.db") as catalog:
        first = planned(None)
        assert first.source is not None
        catalog.add_source(first.source, now=NOW)
        catalog.add_frames(first.frames, now=NOW)
        catalog.set_groups([(first.source.digest, "house")])
        (known,) = catalog.sources()
        moved = planned(None, known=known, base=Remote("s3", "archive", "E01/"))
        assert moved.source is not None
        stored = catalog.add_source(moved.source, now=NOW)
        catalog.add_frames(moved.frames, now=NOW)
        assert (stored.digest, stored.group, stored.path) == (first.source.digest, "house", "s3://archive/E01/")
        assert [item.frame.id for item in catalog.frames()] == [item.frame.id for item in first.frames]
        assert {item.image.partition("TT_")[0] for item in catalog.frames()} == {"s3://archive/E01/"}
        assert all(item.signature is None for item in catalog.frames_of([known.digest]))


def test_a_film_that_is_taken_in_later_stays_in_the_group_of_its_referenced_frames(tmp_path: Path) -> None:
    with open_catalog(tmp_path / "catalog.db") as catalog:
        known = planned(None).source
        assert known is not None
        catalog.add_source(known, now=NOW)
        film = Source(
            "f" * 64, "TT_S01_E01.mp4", "TT_S01_E01", "TT_S01_E01", "video", 64, 36, "h264", rate=Fraction(24)
        )
        stored = catalog.add_source(film, now=NOW)
        assert (stored.name, stored.group) == ("TT_S01_E01-ffffffff", "TT_S01_E01")
        again = catalog.add_source(known, now=NOW)
        assert (again.name, again.group) == ("TT_S01_E01", "TT_S01_E01")
