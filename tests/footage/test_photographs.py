"""Photographs from files."""

from __future__ import annotations

from pathlib import Path

import pytest

from footage.stills import looks_like_quarters, write_jpeg, write_raw
from rushes.errors import MediaError
from rushes.footage.pairs import Photograph
from rushes.footage.photographs import find_photographs, read_photograph
from rushes.footage.picture import PictureSize

SIZE = PictureSize(long_side=400)


def test_a_raw_and_the_jpeg_of_its_time_are_one_photograph_and_another_times_jpeg_is_not(tmp_path: Path) -> None:
    raw = write_raw(tmp_path / "a.dng", taken="2024:05:01 12:30:00")
    beside = write_jpeg(tmp_path / "a.jpg", taken="2024:05:01 12:30:01")
    other = write_raw(tmp_path / "b.dng", taken="2024:05:01 12:30:00")
    stranger = write_jpeg(tmp_path / "b.jpg", taken="2025:05:01 12:30:00")
    found = find_photographs([raw, beside, other, stranger])
    assert found == [Photograph(raw, (beside,)), Photograph(other), Photograph(stranger)]


def test_a_raw_that_cannot_be_read_is_seen_by_the_jpeg_beside_it_and_says_so(tmp_path: Path) -> None:
    raw = tmp_path / "a.nef"
    raw.write_bytes(b"no raw" * 50)
    beside = write_jpeg(tmp_path / "a.jpg")
    still = read_photograph(Photograph(raw, (beside,)), size=SIZE)
    assert looks_like_quarters(still.pixels)
    assert still.flaw.endswith("a.jpg stands for it")


def test_a_companion_that_cannot_be_read_gives_way_to_the_preview(tmp_path: Path) -> None:
    raw = write_raw(tmp_path / "a.dng", preview_width=720)
    beside = write_jpeg(tmp_path / "a.jpg")
    beside.write_bytes(beside.read_bytes()[:300])
    still = read_photograph(Photograph(raw, (beside,)), size=SIZE)
    assert looks_like_quarters(still.pixels)
    assert still.format == "dng"


def test_where_no_file_can_be_read_every_reason_is_said(tmp_path: Path) -> None:
    raw, beside = tmp_path / "a.nef", tmp_path / "a.jpg"
    raw.write_bytes(b"no raw" * 50)
    beside.write_bytes(b"no picture")
    with pytest.raises(MediaError, match=r"a\.nef: .*; a\.jpg "):
        read_photograph(Photograph(raw, (beside,)), size=SIZE)
