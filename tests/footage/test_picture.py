from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from footage.stills import QUARTERS, looks_like_quarters, quarters
from rushes.errors import MediaError
from rushes.footage.capture_time import parse_exif_time
from rushes.footage.hdr import TRANSFER_HLG, TRANSFER_PQ, tone_map
from rushes.footage.orientation import flip_of_matrix, turn
from rushes.footage.photo import capture_time, read_photo
from rushes.footage.picture import PictureSize, decode_picture, encode_picture, parse_size, read_picture, resize


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.webp", "a.tif", "a.bmp", "a.gif", "a.avif", "a.ppm"])
def test_each_format_is_read(tmp_path: Path, name: str) -> None:
    Image.fromarray(quarters()).save(tmp_path / name)
    pixels = read_picture(tmp_path / name)
    assert (pixels.shape, pixels.dtype) == ((60, 80, 3), np.uint8)
    assert looks_like_quarters(pixels, 30)


def test_sixteen_bits_greys_palettes_and_cmyk_become_rgb(tmp_path: Path) -> None:
    ramp = np.tile(np.linspace(0, 65535, 80).astype(np.uint16), (60, 1))
    Image.fromarray(ramp).save(tmp_path / "deep.png")
    assert np.array_equal(read_picture(tmp_path / "deep.png")[0, :, 1], ramp[0] >> 8)
    Image.fromarray(quarters()).convert("P").save(tmp_path / "palette.png")
    assert looks_like_quarters(read_picture(tmp_path / "palette.png"), 60)
    Image.fromarray(quarters()).convert("CMYK").save(tmp_path / "print.jpg", quality=95)
    assert looks_like_quarters(read_picture(tmp_path / "print.jpg"), 40)
    Image.fromarray(np.linspace(0, 1, 100, dtype=np.float32).reshape(10, 10)).save(tmp_path / "float.tif")
    assert read_picture(tmp_path / "float.tif")[9, 9, 0] == 255
    Image.fromarray(quarters()).convert("1").save(tmp_path / "bits.png")
    assert read_picture(tmp_path / "bits.png").shape == (60, 80, 3)


def test_what_is_transparent_is_white_whatever_lies_beneath(tmp_path: Path) -> None:
    rgba = np.dstack([quarters(), np.full((60, 80), 255, np.uint8)])
    rgba[:30, :40, 3] = 0
    Image.fromarray(rgba).save(tmp_path / "glass.png")
    pixels = read_picture(tmp_path / "glass.png")
    assert tuple(pixels[5, 5]) == (255, 255, 255)
    assert tuple(pixels[5, 75]) == QUARTERS[1]


def test_the_first_picture_of_an_animation_is_taken(tmp_path: Path) -> None:
    frames = [Image.fromarray(quarters()), Image.new("RGB", (80, 60), (9, 9, 9))]
    frames[0].save(tmp_path / "moving.webp", save_all=True, append_images=frames[1:], lossless=True)
    assert looks_like_quarters(read_picture(tmp_path / "moving.webp"))


def test_a_picture_is_known_by_its_content_not_its_extension(tmp_path: Path) -> None:
    Image.fromarray(quarters()).save(tmp_path / "really.png")
    (tmp_path / "really.png").rename(tmp_path / "called.jpg")
    assert looks_like_quarters(read_picture(tmp_path / "called.jpg"))
    assert read_photo(tmp_path / "called.jpg").format == "png"


def test_when_a_photograph_was_taken_is_read(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0132] = "2024:05:01 12:30:00"
    Image.fromarray(quarters()).save(tmp_path / "dated.jpg", exif=exif)
    assert capture_time(tmp_path / "dated.jpg") == "2024-05-01T12:30:00"
    Image.fromarray(quarters()).save(tmp_path / "undated.jpg")
    assert capture_time(tmp_path / "undated.jpg") is None
    assert parse_exif_time("0000:00:00 00:00:00") is None


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("empty.jpg", b"", "0 bytes"),
        ("text.jpg", b"not a picture at all", "not a picture"),
        ("text.dng", b"not a raw at all", "no camera raw|not a camera raw"),
        ("film.mp4", b"\0\0\0\x18ftypisom", "is a film"),
    ],
)
def test_what_is_no_picture_is_refused_with_a_reason(tmp_path: Path, name: str, content: bytes, reason: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(MediaError, match=reason):
        read_picture(tmp_path / name)


def test_a_turn_that_heif_states_is_applied_once(tmp_path: Path) -> None:
    import pillow_heif

    heif = pillow_heif.from_pillow(Image.fromarray(quarters(256, 192)))
    heif.info["exif"] = b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0"
    heif.save(tmp_path / "turned.heic", quality=90)
    assert b"irot" in (tmp_path / "turned.heic").read_bytes()
    pixels = read_picture(tmp_path / "turned.heic")
    assert pixels.shape == (256, 192, 3)
    assert looks_like_quarters(np.rot90(pixels), 30)


@pytest.mark.parametrize("name", ["cut.jpg", "cut.png", "cut.webp", "cut.tif"])
def test_a_picture_that_is_cut_off_is_refused(tmp_path: Path, name: str) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8)
    Image.fromarray(noise).save(tmp_path / name)
    whole = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(whole[: len(whole) // 2])
    with pytest.raises(MediaError, match="Copy it again"):
        read_picture(tmp_path / name)


def test_a_decompression_bomb_is_refused(tmp_path: Path) -> None:
    Image.new("1", (20000, 20000)).save(tmp_path / "bomb.png")
    with pytest.raises(MediaError, match="Shrink it"):
        read_picture(tmp_path / "bomb.png")


def test_missing_files_and_folders_are_refused(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match="no such file"):
        read_picture(tmp_path / "gone.jpg")
    with pytest.raises(MediaError, match="folder"):
        read_picture(tmp_path)


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


def test_real_raws_are_read_upright(media: Path) -> None:
    sizes = {path.name: read_picture(path).shape for path in sorted((media / "raw").iterdir())}
    assert sizes["Blackmagic_cinema.dng"] == (1088, 2064, 3)
    assert max(sizes["canon_eos_6d_small.dng"]) >= 612
    assert max(sizes["Nikon_coolscan_iv_uncompressed.nef"]) >= 434


def test_every_hostile_picture_has_an_outcome(media: Path) -> None:
    outcomes: dict[str, str | tuple[int, ...]] = {}
    for path in sorted((media / "hostile").iterdir()):
        if path.suffix in {".mp4", ".flv", ".264", ".webm"}:
            continue
        try:
            outcomes[path.name] = read_picture(path).shape
        except MediaError as error:
            outcomes[path.name] = error.reason
    assert outcomes["exif_orientation_6.jpg"] == (700, 840, 3)
    assert outcomes["grey_4bit.tif"] == (4, 256, 3)
    assert outcomes["animated.gif"] == (77, 85, 3)
    assert outcomes["heic_iphone7.heic"] == (4032, 3024, 3)
    assert "cut off" in str(outcomes["truncated.jpg"])
    assert "no pixels" in str(outcomes["dng_pruned_iphone12.dng"])
    assert outcomes["raw_truncated_d70s_1.nef"] == (3008, 2000, 3)  # a whole JPEG, called a raw
    assert "not a camera raw" in str(outcomes["nef_pruned_58k.nef"])
    assert "camera raw" in str(outcomes["text_named.dng"])
