from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from footage.stills import looks_like_quarters, quarters
from rushes.errors import MediaError
from rushes.footage.capture_time import parse_exif_time
from rushes.footage.hdr import TRANSFER_HLG, TRANSFER_PQ, tone_map
from rushes.footage.orientation import flip_of_matrix, turn
from rushes.footage.photo import capture_time
from rushes.footage.picture import PictureSize, decode_picture, encode_picture, parse_size, resize


def test_when_a_photograph_was_taken_is_read(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0132] = "2024:05:01 12:30:00"
    Image.fromarray(quarters()).save(tmp_path / "dated.jpg", exif=exif)
    assert capture_time(tmp_path / "dated.jpg") == "2024-05-01T12:30:00"
    Image.fromarray(quarters()).save(tmp_path / "undated.jpg")
    assert capture_time(tmp_path / "undated.jpg") is None
    assert parse_exif_time("0000:00:00 00:00:00") is None


def test_a_long_side_keeps_the_aspect_and_enlarges_nothing() -> None:
    pixels = quarters(800, 600)
    assert resize(pixels, parse_size("400")).shape == (300, 400, 3)
    assert resize(pixels.transpose(1, 0, 2), parse_size("400")).shape == (400, 300, 3)
    assert resize(pixels, parse_size("2000")) is pixels
    assert resize(pixels, parse_size("64x36")).shape == (36, 64, 3)
    assert resize(pixels, parse_size("1600x900")).shape == (900, 1600, 3)
    assert resize(np.zeros((1, 3000, 3), np.uint8), parse_size("100")).shape == (1, 100, 3)


def test_sizes_are_read_and_written_alike() -> None:
    assert str(parse_size("640")) == "640"
    assert str(parse_size(" 640 x 360 ")) == "640x360"
    for wrong in ("", "0", "640x", "640x0", "-3", "big", "640,360"):
        with pytest.raises(ValueError, match="Allowed: 640"):
            parse_size(wrong)
    with pytest.raises(ValueError, match="long side"):
        PictureSize(long_side=640, width=640, height=360)


@pytest.mark.parametrize("format", ["jpeg", "webp", "png"])
def test_what_is_encoded_is_decoded(format: str) -> None:
    data = encode_picture(quarters(), format, 92)  # type: ignore[arg-type]
    assert looks_like_quarters(decode_picture(data), 20)
    assert Image.open(io.BytesIO(data)).format == format.upper()


def test_bytes_that_are_cut_off_empty_or_no_picture_are_refused() -> None:
    noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8)
    for data in (encode_picture(noise, "jpeg")[:-600], b"", b"nothing of the kind", encode_picture(noise, "png")[:50]):
        with pytest.raises(MediaError, match="Extract it again"):
            decode_picture(data, name="a.jpg")


def test_only_pictures_are_encoded() -> None:
    with pytest.raises(ValueError, match="height, width, 3"):
        encode_picture(np.zeros((4, 4), np.uint8))
    with pytest.raises(ValueError, match="1 to 100"):
        encode_picture(quarters(), "jpeg", 0)


def test_flip_codes_turn_as_libraw_does() -> None:
    pixels = quarters()
    assert np.array_equal(turn(pixels, 3), np.rot90(pixels, 2))
    assert np.array_equal(turn(pixels, 6), np.rot90(pixels, -1))
    assert np.array_equal(turn(pixels, 5), np.rot90(pixels, 1))


def test_display_matrices_become_flip_codes() -> None:
    one = 65536
    assert flip_of_matrix([one, 0, 0, 0, one, 0, 0, 0, 1 << 30]) == 0
    assert flip_of_matrix([0, one, 0, -one, 0, 0, 0, 0, 1 << 30]) == 6
    assert flip_of_matrix([0, -one, 0, one, 0, 0, 0, 0, 1 << 30]) == 5
    assert flip_of_matrix([-one, 0, 0, 0, -one, 0, 0, 0, 1 << 30]) == 3
    assert flip_of_matrix([-one, 0, 0, 0, one, 0, 0, 0, 1 << 30]) == 1


@pytest.mark.parametrize("transfer", [TRANSFER_PQ, TRANSFER_HLG])
def test_tone_mapping_keeps_black_order_and_grey(transfer: int) -> None:
    ramp = np.repeat(np.linspace(0, 65535, 64).astype(np.uint16)[None, :, None], 3, axis=2)
    mapped = tone_map(ramp, transfer).astype(int)
    assert mapped[0, 0].max() == 0
    assert mapped[0, -1].min() >= 250
    assert (np.diff(mapped[0, :, 1]) >= 0).all()
    assert np.ptp(mapped, axis=2).max() <= 2


def test_paper_white_of_hdr10_is_bright_and_not_clipped() -> None:
    code = round(65535 * 0.58)  # 203 cd/m2 in PQ
    value = int(tone_map(np.full((1, 1, 3), code, np.uint16), TRANSFER_PQ)[0, 0, 1])
    assert 200 < value < 250
