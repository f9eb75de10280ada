"""The preview of a raw that LibRaw does not know."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from footage.stills import looks_like_quarters, quarters
from rushes.errors import MediaError
from rushes.footage.picture import PictureSize
from rushes.footage.raw import read_raw
from rushes.footage.raw_preview import read_preview_alone


def jpeg(width: int, height: int) -> bytes:
    data = io.BytesIO()
    Image.fromarray(quarters(width, height)).save(data, "JPEG", quality=92)
    return data.getvalue()


def unknown_raw(path: Path, *previews: bytes, orientation: int = 1) -> Path:
    """Write a file that begins as a TIFF, holds JPEGs, and is no raw of any camera."""
    head = struct.pack("<2sHIHHHIII", b"II", 42, 8, 1, 274, 3, 1, orientation, 0)
    path.write_bytes(head + b"\0" * 100 + b"\0\1\2".join(previews) + b"\0" * 5000)
    return path


def test_the_largest_jpeg_inside_is_shown(tmp_path: Path) -> None:
    still = read_preview_alone(unknown_raw(tmp_path / "x.nef", jpeg(160, 120), jpeg(800, 600), jpeg(320, 240)))
    assert still is not None
    assert (still.width_pixels, still.height_pixels) == (800, 600)
    assert looks_like_quarters(still.pixels)


def test_it_is_turned_as_the_raw_says(tmp_path: Path) -> None:
    still = read_preview_alone(unknown_raw(tmp_path / "x.nef", jpeg(800, 600), orientation=6))
    assert still is not None
    assert (still.width_pixels, still.height_pixels) == (600, 800)
    assert np.array_equal(still.pixels.shape[:2], (800, 600))


def test_a_thumbnail_stands_for_nothing(tmp_path: Path) -> None:
    assert read_preview_alone(unknown_raw(tmp_path / "x.nef", jpeg(320, 240))) is None


def test_a_sensor_that_is_packed_without_loss_is_no_preview(tmp_path: Path) -> None:
    packed = bytearray(jpeg(800, 600))
    place = packed.index(b"\xff\xc0")
    packed[place + 1] = 0xC3
    assert read_preview_alone(unknown_raw(tmp_path / "x.nef", bytes(packed))) is None


def test_a_raw_that_libraw_does_not_know_is_read_by_its_preview_and_says_so(tmp_path: Path) -> None:
    still = read_raw(unknown_raw(tmp_path / "x.nef", jpeg(1200, 900)), size=PictureSize(long_side=400))
    assert looks_like_quarters(still.pixels)
    assert max(still.pixels.shape[:2]) == 400
    assert "LibRaw does not know it" in still.flaw
    assert "its preview is shown" in still.flaw


def test_it_cannot_be_developed(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match="is not a camera raw that LibRaw knows"):
        read_raw(unknown_raw(tmp_path / "x.nef", jpeg(1200, 900)), development="half")


def test_a_file_that_only_has_the_name_of_a_raw_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.nef").write_bytes(b"words, " * 400)
    with pytest.raises(MediaError):
        read_raw(tmp_path / "x.nef")
