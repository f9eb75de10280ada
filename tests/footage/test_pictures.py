from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from footage.stills import QUARTERS, looks_like_quarters, quarters
from rushes.errors import MediaError
from rushes.footage.photo import read_photo
from rushes.footage.pictures import read_picture


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
