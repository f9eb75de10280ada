"""Generated raws and JPEGs: LibRaw develops them, and what their EXIF states is read back."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import rawpy
from PIL import Image

from footage.stills import looks_like_quarters, quarters
from rushes.datasets.synthetic.dng import BLACK, WHITE, dng_of, mosaic_of
from rushes.datasets.synthetic.exif import StatedExif, write_jpeg
from rushes.footage.camera import read_camera_facts
from rushes.footage.raw import describe_raw, read_raw
from rushes.footage.sources import capture_time_of_still

STATED = StatedExif(
    maker="Canon",
    model="Canon EOS R5",
    serial="012345",
    lens="RF 85mm F1.2",
    taken="2024:05:01 12:30:00",
    subsecond="25",
    offset="+02:00",
    exposure=1 / 250,
    aperture=1.8,
    iso=800,
    focal_length=85,
    exposure_bias=-0.67,
    focus_distance=2.5,
)


def test_a_generated_raw_develops_to_the_picture_it_was_made_from(tmp_path: Path) -> None:
    picture = quarters(640, 480)
    (tmp_path / "a.dng").write_bytes(dng_of(picture, STATED, preview_long_side=200))
    with rawpy.imread(str(tmp_path / "a.dng")) as raw:
        shown = raw.postprocess(use_camera_wb=True, no_auto_bright=True, output_bps=8, gamma=(2.4, 12.92))
        preview = np.asarray(Image.open(io.BytesIO(raw.extract_thumb().data)))
    assert shown.shape == (480, 640, 3)
    assert looks_like_quarters(shown)
    assert preview.shape == (150, 200, 3)
    assert looks_like_quarters(preview)


def test_the_sensor_and_the_preview_have_the_sizes_that_are_asked_for(tmp_path: Path) -> None:
    (tmp_path / "a.dng").write_bytes(dng_of(quarters(300, 200), STATED, sensor=(900, 600), preview_long_side=450))
    still = read_raw(tmp_path / "a.dng")
    assert (still.width_pixels, still.height_pixels) == (900, 600)
    assert still.pixels.shape == (300, 450, 3)


def test_a_generated_raw_and_a_jpeg_state_the_same_exposure(tmp_path: Path) -> None:
    (tmp_path / "a.dng").write_bytes(dng_of(quarters(), STATED))
    write_jpeg(tmp_path / "a.jpg", quarters(), STATED)
    raw, jpeg = read_camera_facts(tmp_path / "a.dng"), read_camera_facts(tmp_path / "a.jpg")
    assert raw == jpeg
    assert (raw.camera, raw.lens, raw.iso, raw.focal_length) == ("Canon EOS R5", "RF 85mm F1.2", 800, 85)
    assert (raw.exposure, raw.aperture) == (pytest.approx(1 / 250), pytest.approx(1.8))
    assert describe_raw(tmp_path / "a.dng")[1] == capture_time_of_still(tmp_path / "a.jpg")
    assert describe_raw(tmp_path / "a.dng")[1] == "2024-05-01T12:30:00.25+02:00"


def test_a_packet_of_xmp_is_embedded_as_it_is_given(tmp_path: Path) -> None:
    packet = b"<x:xmpmeta xmlns:x='adobe:ns:meta/'/>"
    assert dng_of(quarters(), STATED, xmp=packet).count(packet) == 1
    write_jpeg(tmp_path / "a.jpg", quarters(), STATED, xmp=packet)
    assert (tmp_path / "a.jpg").read_bytes().count(packet) == 1


def test_a_mosaic_holds_red_green_and_blue_in_the_order_of_bayer() -> None:
    def seen(color: tuple[int, int, int]) -> npt.NDArray[np.uint16]:
        return mosaic_of(np.full((2, 2, 3), color, np.uint8))

    assert seen((255, 0, 0)).tolist() == [[WHITE, BLACK], [BLACK, BLACK]]
    assert seen((0, 255, 0)).tolist() == [[BLACK, WHITE], [WHITE, BLACK]]
    assert seen((0, 0, 255)).tolist() == [[BLACK, BLACK], [BLACK, WHITE]]
