"""EXIF where cameras put it: in the boxes of a CR3, in the JPEG of a RAF, in Canon's maker note."""

from __future__ import annotations

import struct
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from rushes.datasets.synthetic.exif import (
    LONG,
    SHORT,
    UNDEFINED,
    Entry,
    StatedExif,
    exif_entries,
    format_directory,
    format_exif,
    image_entries,
    write_jpeg,
)
from rushes.errors import MediaError
from rushes.footage.camera import CameraFacts, read_camera_facts
from rushes.footage.exif_tags import read_exif_tags
from rushes.footage.raw import _stated_time

STATED = StatedExif("Canon", "Canon EOS R5", "77", taken="2024:05:01 12:30:00", subsecond="25", exposure=0.004,
                    aperture=8, iso=100, exposure_bias=-2)  # fmt: skip
FACTS = CameraFacts("Canon EOS R5", iso=100, aperture=8, exposure=0.004, exposure_bias=-2, serial="77")


def box(kind: bytes, content: bytes, *, large: bool = False) -> bytes:
    if large:
        return struct.pack(">I4sQ", 1, kind, 16 + len(content)) + content
    return struct.pack(">I4s", 8 + len(content), kind) + content


def tiff(entries: list[Entry]) -> bytes:
    return b"II*\0" + struct.pack("<I", 8) + format_directory(entries, at=8)


def file_info(centimetres: int) -> Entry:
    """Canon's FileInfo (147), whose 20th value is where the focus begins."""
    return (147, SHORT, (42, *[0] * 19, centimetres))


def cr3(centimetres: int = 0, *, large: bool = False) -> bytes:
    boxes = box(b"CNCV", b"CanonCR3_001/00.10.00/00.00.00")
    boxes += box(b"CMT1", tiff(image_entries(STATED))) + box(b"CMT2", tiff(exif_entries(STATED)))
    boxes += box(b"CMT3", tiff([file_info(centimetres)]))
    canon = box(b"uuid", bytes.fromhex("85c0b687820f11e08111f4ce462b6a48") + boxes)
    start = box(b"ftyp", b"crx \0\0\0\1crx isom")
    return start + box(b"free", bytes(8), large=large) + box(b"moov", canon) + box(b"mdat", bytes(64))


@pytest.mark.parametrize("large", [False, True])
def test_the_boxes_of_a_cr3_state_its_exposure_and_its_time_to_the_fraction(tmp_path: Path, large: bool) -> None:
    path = tmp_path / "a.cr3"
    path.write_bytes(cr3(large=large))
    assert read_camera_facts(path) == FACTS
    assert _stated_time(path) == "2024-05-01T12:30:00.25"


@pytest.mark.parametrize(("centimetres", "metres"), [(150, 1.5), (65535, float("inf")), (0, None)])
def test_the_note_of_a_cr3_states_how_far_away_it_focused(
    tmp_path: Path, centimetres: int, metres: float | None
) -> None:
    path = tmp_path / "a.cr3"
    path.write_bytes(cr3(centimetres))
    assert read_camera_facts(path).focus_distance == metres


def test_a_cr3_that_is_cut_off_states_what_is_left_of_it(tmp_path: Path) -> None:
    whole = cr3()
    for length in range(0, len(whole), 37):
        (tmp_path / "a.cr3").write_bytes(whole[:length])
        read_exif_tags(tmp_path / "a.cr3")


def test_the_jpeg_of_a_raf_states_its_exposure(tmp_path: Path) -> None:
    write_jpeg(tmp_path / "a.jpg", np.zeros((8, 8, 3), np.uint8), replace(STATED, maker="FUJIFILM", model="X-T5"))
    head = b"FUJIFILMCCD-RAW 0201".ljust(84, b"\0") + struct.pack(">I", 160)
    (tmp_path / "a.raf").write_bytes(head.ljust(160, b"\0") + (tmp_path / "a.jpg").read_bytes())
    found = read_camera_facts(tmp_path / "a.raf")
    assert (found.camera, found.exposure_bias, found.serial) == ("FUJIFILM X-T5", -2, "77")


def test_canons_note_in_a_cr2_states_how_far_away_it_focused(tmp_path: Path) -> None:
    shot_info: Entry = (4, SHORT, (48, *[0] * 18, 240, *[0] * 4))
    at_exif = 8 + len(format_directory([*image_entries(STATED), (34665, LONG, (0,))], at=8))
    blank = b"\xa5" * len(format_directory([shot_info], at=0))
    exif = format_directory([*exif_entries(STATED), (37500, UNDEFINED, blank)], at=at_exif)
    note = format_directory([shot_info], at=at_exif + exif.index(blank))  # its places count from the file's start
    data = tiff([*image_entries(STATED), (34665, LONG, (at_exif,))])
    (tmp_path / "a.cr2").write_bytes(data + exif.replace(blank, note))
    assert read_camera_facts(tmp_path / "a.cr2").focus_distance == 2.4


def test_a_distance_that_the_exif_states_is_in_metres_and_may_be_infinite(tmp_path: Path) -> None:
    write_jpeg(tmp_path / "a.jpg", np.zeros((8, 8, 3), np.uint8), replace(STATED, focus_distance=0.45))
    assert read_camera_facts(tmp_path / "a.jpg").focus_distance == pytest.approx(0.45)
    block = format_exif(replace(STATED, focus_distance=0.45))
    far = block.replace(struct.pack("<II", 9, 20), struct.pack("<II", 0xFFFFFFFF, 1))
    data = (tmp_path / "a.jpg").read_bytes()
    (tmp_path / "b.jpg").write_bytes(data.replace(block, far))
    assert read_camera_facts(tmp_path / "b.jpg").focus_distance == float("inf")


def test_a_file_that_is_gone_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(MediaError):
        read_exif_tags(tmp_path / "gone.cr3")
