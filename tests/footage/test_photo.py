"""Photographs: smaller while they are decoded, upright, in sRGB, with their capture time."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from footage.stills import dated, looks_like_quarters, png_that_states, quarters, stored_as
from rushes.errors import MediaError
from rushes.footage.capture_time import parse_exif_time, seconds_apart
from rushes.footage.hdr import TRANSFER_HLG, TRANSFER_PQ, tone_map
from rushes.footage.photo import capture_time, is_photo, read_photo
from rushes.footage.picture import parse_size, resize

FORMATS = ("jpg", "png", "webp", "tif", "heic", "avif")


def save(image: Image.Image, path: Path, exif: Image.Exif) -> Path:
    import pillow_heif

    pillow_heif.register_heif_opener()
    image.save(path, exif=exif.tobytes(), quality=95)
    return path


def detailed(width: int, height: int) -> Image.Image:
    """Return a picture with detail at every scale, finer detail being fainter, as in photographs."""
    import cv2

    dice = np.random.default_rng(3)
    pixels = np.full((height, width, 3), 110, np.float32)
    for cells in (4, 16, 64, 256, 1024):
        coarse = dice.normal(0, 80 / cells**0.5, (cells * height // width, cells, 3)).astype(np.float32)
        pixels += cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR)
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


@pytest.mark.parametrize("extension", FORMATS)
@pytest.mark.parametrize("orientation", range(1, 9))
def test_each_orientation_comes_out_upright_in_each_format(tmp_path: Path, extension: str, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = save(stored_as(Image.fromarray(quarters(256, 192)), orientation), tmp_path / f"a.{extension}", exif)
    still = read_photo(path)
    assert (still.width_pixels, still.height_pixels) == (256, 192)
    assert looks_like_quarters(still.pixels, 30)
    assert looks_like_quarters(read_photo(path, size=parse_size("64x32")).pixels, 30)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_an_orientation_that_only_xmp_states_is_applied(tmp_path: Path, orientation: int) -> None:
    xmp = (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        f'<rdf:Description xmlns:tiff="http://ns.adobe.com/tiff/1.0/" tiff:Orientation="{orientation}"/>'
        "</rdf:RDF></x:xmpmeta>"
    )
    path = tmp_path / "a.jpg"
    stored_as(Image.fromarray(quarters(256, 192)), orientation).save(path, xmp=xmp.encode(), quality=95)
    assert looks_like_quarters(read_photo(path).pixels, 30)


@pytest.mark.parametrize("stated", [0, 9, 700])
def test_an_orientation_that_there_is_none_of_turns_nothing(tmp_path: Path, stated: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = stated
    assert looks_like_quarters(read_photo(save(Image.fromarray(quarters()), tmp_path / "a.png", exif)).pixels)


@pytest.mark.parametrize("extension", FORMATS)
def test_the_capture_time_is_read_with_its_fraction_and_offset_in_each_format(tmp_path: Path, extension: str) -> None:
    exif = dated("2024:05:01 12:30:00", fraction="250", offset="+02:00")
    path = save(Image.fromarray(quarters(256, 192)), tmp_path / f"a.{extension}", exif)
    assert read_photo(path).captured_at == capture_time(path) == "2024-05-01T12:30:00.250+02:00"


def test_what_is_no_time_is_left_out() -> None:
    assert parse_exif_time("2024:05:01 12:30:00", "00", "+02:00") == "2024-05-01T12:30:00+02:00"
    assert parse_exif_time("2024:05:01 12:30:00\0", "7\0", "   ") == "2024-05-01T12:30:00.7"
    assert parse_exif_time("2024:05:01 12:30:00", "x", "Z") == "2024-05-01T12:30:00"
    for text in ("", "0000:00:00 00:00:00", "    :  :     :  :  ", "2024:13:01 12:30:00"):
        assert parse_exif_time(text) is None
    assert seconds_apart("2024-05-01T12:30:00.250+02:00", "2024-05-01T10:30:01+00:00") == pytest.approx(0.75)
    assert seconds_apart("2024-05-01T12:30:00", "yesterday") is None


def test_the_time_of_capture_wins_over_that_of_the_last_change(tmp_path: Path) -> None:
    exif = dated("2024:05:01 12:30:00")
    exif[0x0132] = "2025:01:01 00:00:00"
    assert read_photo(save(Image.fromarray(quarters()), tmp_path / "a.jpg", exif)).captured_at == "2024-05-01T12:30:00"


@pytest.mark.parametrize("orientation", [1, 6])
@pytest.mark.parametrize("size", ["640", "300", "640x360", "2600"])
def test_a_jpeg_that_is_decoded_small_looks_like_the_whole_one_made_small(
    tmp_path: Path, size: str, orientation: int
) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = tmp_path / "a.jpg"
    detailed(2400, 1600).save(path, exif=exif, quality=92)
    wanted = parse_size(size)
    whole, small = read_photo(path), read_photo(path, size=wanted)
    assert (small.width_pixels, small.height_pixels) == (whole.width_pixels, whole.height_pixels)
    beside = resize(whole.pixels, wanted)
    assert small.pixels.shape == beside.shape
    assert np.abs(small.pixels.astype(int) - beside).mean() < 1


def linear_profile() -> bytes:
    """Return an ICC profile (ICC.1:2001) of sRGB's primaries in linear light, where 55 is what sRGB calls 128."""

    def xyz(*values: float) -> bytes:
        return b"XYZ \0\0\0\0" + b"".join(round(value * 65536).to_bytes(4, "big", signed=True) for value in values)

    text = b"linear\0"
    described = b"desc\0\0\0\0" + len(text).to_bytes(4) + text + bytes(78)
    curve = b"curv" + bytes(8)
    tags = {b"desc": described + bytes(-len(described) % 4), b"cprt": b"text\0\0\0\0none\0\0\0\0",
            b"wtpt": xyz(0.9642, 1, 0.8249), b"rXYZ": xyz(0.4361, 0.2225, 0.0139), b"gXYZ": xyz(0.3851, 0.7169, 0.0971),
            b"bXYZ": xyz(0.1431, 0.0606, 0.7141), b"rTRC": curve, b"gTRC": curve, b"bTRC": curve}  # fmt: skip
    table, data, at = len(tags).to_bytes(4), b"", 128 + 4 + 12 * len(tags)
    for name, content in tags.items():
        table += name + (at + len(data)).to_bytes(4) + len(content).to_bytes(4)
        data += content
    head = (
        b"\0\0\0\0" + b"\x02\x10\0\0" + b"mntrRGB XYZ " + bytes(12) + b"acsp" + bytes(28) + xyz(0.9642, 1, 0.8249)[8:]
    )
    head = (128 + len(table) + len(data)).to_bytes(4) + head + bytes(128 - 4 - len(head))
    return head + table + data


def test_a_profile_counts_on_the_small_picture_too(tmp_path: Path) -> None:
    pixels = np.full((1200, 1600, 3), 55, np.uint8)
    pixels[:, 800:] = 200
    Image.fromarray(pixels).save(tmp_path / "a.jpg", icc_profile=linear_profile(), quality=95)
    size = parse_size("200")
    whole, small = read_photo(tmp_path / "a.jpg").pixels, read_photo(tmp_path / "a.jpg", size=size).pixels
    assert np.abs(resize(whole, size).astype(int) - small).mean() < 1
    assert abs(int(small[75, 20, 1]) - 128) <= 2


@pytest.mark.parametrize("size", [None, "100"])
def test_a_jpeg_that_is_cut_off_is_refused_at_every_size(tmp_path: Path, size: str | None) -> None:
    path = tmp_path / "a.jpg"
    detailed(1600, 1200).save(path, quality=90)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(MediaError, match="is cut off"):
        read_photo(path, size=parse_size(size) if size else None)


def test_progressive_and_grey_jpegs_and_jpegs_with_more_pictures_behind_are_made_small(tmp_path: Path) -> None:
    image = detailed(1600, 1200)
    image.save(tmp_path / "progressive.jpg", progressive=True, quality=90)
    image.convert("L").save(tmp_path / "grey.jpg", quality=90)
    image.save(tmp_path / "two.mpo", save_all=True, append_images=[image], quality=90)
    image.convert("CMYK").save(tmp_path / "print.jpg", quality=90)
    for name in ("progressive.jpg", "grey.jpg", "two.mpo", "print.jpg"):
        still = read_photo(tmp_path / name, size=parse_size("320"))
        assert (still.format, still.pixels.shape) == ("jpeg", (240, 320, 3))
        whole = resize(read_photo(tmp_path / name).pixels, parse_size("320")).astype(int)
        assert np.abs(still.pixels - whole).mean() < 1


def test_ten_bits_become_the_eight_that_they_mean(tmp_path: Path) -> None:
    import pillow_heif

    ramp = np.repeat(np.tile(np.linspace(0, 65535, 256).astype(np.uint16), (64, 1))[:, :, None], 3, axis=2)
    heif = pillow_heif.from_bytes("RGB;16", (256, 64), ramp.tobytes())
    heif.save(tmp_path / "deep.heic", quality=-1, chroma=444)
    pixels = read_photo(tmp_path / "deep.heic").pixels.astype(int)
    assert np.abs(pixels[32, :, 1] - np.arange(256)).max() <= 3


def test_ten_bits_of_avif_become_the_eight_that_they_mean(tmp_path: Path) -> None:
    import av

    ramp = np.repeat(np.tile(np.linspace(0, 65535, 256).astype(np.uint16), (64, 1))[:, :, None], 3, axis=2)
    with av.open(str(tmp_path / "deep.avif"), "w", format="avif") as container:
        stream = container.add_stream("libsvtav1", rate=1, options={"crf": "10"})
        stream.width, stream.height, stream.pix_fmt = 256, 64, "yuv420p10le"
        frame = av.VideoFrame.from_ndarray(ramp, format="rgb48le").reformat(format="yuv420p10le")
        frame.pts = 0
        container.mux([*stream.encode(frame), *stream.encode()])
    still = read_photo(tmp_path / "deep.avif")
    assert still.format == "avif"
    assert np.abs(still.pixels.astype(int)[32, :, 1] - np.arange(256)).max() <= 3


@pytest.mark.parametrize("transfer", [TRANSFER_PQ, TRANSFER_HLG])
def test_a_heic_in_the_light_of_hdr_is_brought_to_srgb(tmp_path: Path, transfer: int) -> None:
    import pillow_heif

    ramp = np.repeat(np.tile(np.linspace(0, 65535, 256).astype(np.uint16), (64, 1))[:, :, None], 3, axis=2)
    heif = pillow_heif.from_bytes("RGB;16", (256, 64), ramp.tobytes())
    heif.save(
        tmp_path / "a.hif", format="HEIF", quality=-1, chroma=444, color_primaries=9,
        transfer_characteristics=transfer, matrix_coefficients=9, full_range_flag=1,
    )  # fmt: skip
    pixels = read_photo(tmp_path / "a.hif").pixels
    assert np.abs(pixels.astype(int) - tone_map(ramp, transfer)).mean() < 2


def test_a_heic_of_several_pictures_shows_its_primary_one(tmp_path: Path) -> None:
    import pillow_heif

    heif = pillow_heif.from_pillow(Image.new("RGB", (256, 192), (9, 9, 9)))
    heif.add_from_pillow(Image.fromarray(quarters(256, 192)))
    heif.save(tmp_path / "several.heic", primary_index=1, quality=90)
    assert looks_like_quarters(read_photo(tmp_path / "several.heic").pixels, 30)


def test_photographs_are_told_from_raws_by_their_first_bytes(tmp_path: Path) -> None:
    exif = Image.Exif()
    for extension in ("jpg", "png", "webp", "heic", "avif", "gif"):
        path = save(Image.fromarray(quarters(256, 192)), tmp_path / f"a.{extension}", exif)
        assert is_photo(path), extension
    for content in (b"II*\0\x08\0\0\0", b"FUJIFILMCCD-RAW ", b"\0\0\0\x18ftypcrx ", b""):
        (tmp_path / "raw").write_bytes(content)
        assert not is_photo(tmp_path / "raw")


def test_the_smallest_picture_there_is_stays_one_pixel(tmp_path: Path) -> None:
    Image.new("RGB", (1, 1), (5, 6, 7)).save(tmp_path / "a.png")
    assert read_photo(tmp_path / "a.png", size=parse_size("640")).pixels.tolist() == [[[5, 6, 7]]]


def test_pictures_beyond_the_limit_are_refused_by_their_headers(tmp_path: Path) -> None:
    Image.new("1", (16384, 16384)).save(tmp_path / "large.png")
    Image.new("1", (16384, 10900)).save(tmp_path / "just.png")
    (tmp_path / "bomb.png").write_bytes(png_that_states(60000, 60000))
    with pytest.raises(MediaError, match="is 16384x10900, more than the 178,000,000 pixels"):
        read_photo(tmp_path / "just.png")
    for name in ("large.png", "bomb.png"):
        with pytest.raises(MediaError, match=r"is larger than rushes opens .*Shrink it first"):
            read_photo(tmp_path / name, size=parse_size("640"))


def test_real_photographs_decoded_small_differ_by_less_than_two_levels(media: Path) -> None:
    size = parse_size("640")
    for number in range(1, 5):
        path = media / "hostile" / f"raw_truncated_d70s_{number}.nef"  # JPEGs of a camera, called raws
        whole, small = read_photo(path), read_photo(path, size=size)
        assert (whole.format, whole.pixels.shape) == ("jpeg", (3008, 2000, 3))
        assert np.abs(resize(whole.pixels, size).astype(int) - small.pixels).mean() < 2


def test_a_real_heic_is_upright_and_dated(media: Path) -> None:
    still = read_photo(media / "hostile" / "heic_iphone7.heic", size=parse_size("640"))
    assert still.pixels.shape == (640, 480, 3)
    assert still.captured_at == "2018-09-10T12:16:13.023"
