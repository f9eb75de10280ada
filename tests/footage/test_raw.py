"""Camera raws: the preview first, half size second, full size on request."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from footage.stills import looks_like_quarters, quarters, write_jpeg, write_raw
from rushes.datasets.synthetic.dng import dng_of
from rushes.datasets.synthetic.exif import StatedExif
from rushes.errors import MediaError
from rushes.footage.picture import parse_size, resize
from rushes.footage.pictures import read_picture
from rushes.footage.raw import describe_raw, is_enough, read_raw
from rushes.footage.sources import read_still


def test_a_preview_that_fills_the_size_is_taken_and_brought_to_it(tmp_path: Path) -> None:
    still = read_raw(write_raw(tmp_path / "a.dng", sensor=(3000, 2000), preview_width=720), size=parse_size("640"))
    assert still.pixels.shape == (427, 640, 3)
    assert (still.width_pixels, still.height_pixels) == (3000, 2000)
    assert looks_like_quarters(still.pixels)


def test_a_preview_that_is_smaller_than_the_size_falls_to_half_size(tmp_path: Path) -> None:
    path = write_raw(tmp_path / "a.dng", sensor=(3000, 2000), preview_width=720)
    still = read_raw(path, size=parse_size("1000"))
    assert still.pixels.shape == (667, 1000, 3)
    assert not looks_like_quarters(still.pixels)  # the sensor is grey
    assert read_raw(path, size=parse_size("1500x1000")).pixels.shape == (1000, 1500, 3)


def test_half_and_full_develop_whatever_preview_there_is(tmp_path: Path) -> None:
    path = write_raw(tmp_path / "a.dng", sensor=(1200, 800))
    assert read_raw(path).pixels.shape == (480, 720, 3)
    assert read_raw(path, development="half").pixels.shape == (400, 600, 3)
    full = read_raw(path, development="full")
    assert full.pixels.shape == (800, 1200, 3)
    assert not looks_like_quarters(full.pixels)
    assert read_raw(path, development="full", size=parse_size("640")).pixels.shape == (427, 640, 3)


@pytest.mark.parametrize("size", [None, "300", "90x150"])
@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_a_preview_comes_out_as_the_camera_was_held(tmp_path: Path, orientation: int, size: str | None) -> None:
    still = read_raw(write_raw(tmp_path / "a.dng", orientation=orientation), size=parse_size(size) if size else None)
    whole = (800, 1200) if orientation > 4 else (1200, 800)
    assert (still.width_pixels, still.height_pixels) == whole
    assert looks_like_quarters(still.pixels)
    shown = (150, 90) if size == "90x150" else (whole[1] * 300 // 1200, whole[0] * 300 // 1200)
    assert size is None or still.pixels.shape[:2] == shown


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_a_preview_that_states_its_own_orientation_is_turned_once(tmp_path: Path, orientation: int) -> None:
    path = write_raw(tmp_path / "a.dng", orientation=orientation, own_exif=True)
    for size in (None, parse_size("300")):
        still = read_raw(path, size=size)
        assert looks_like_quarters(still.pixels)
        assert (still.width_pixels < still.height_pixels) == (orientation > 4)


def test_a_raw_that_states_no_time_has_that_of_its_preview(tmp_path: Path) -> None:
    path = write_raw(tmp_path / "a.dng", own_exif=True, taken="2024:05:01 12:30:00")
    path.write_bytes(path.read_bytes().replace(b"2024:05:01 12:30:00\0", b"    :  :     :  :  \0"))
    assert read_raw(path).captured_at == describe_raw(path)[1] == "2024-06-01T12:30:00"


def test_a_preview_is_enough_where_it_fills_the_size_or_half_of_the_raw() -> None:
    assert is_enough((1620, 1080), (6000, 4000))
    assert is_enough((640, 424), (1224, 816))
    assert not is_enough((160, 120), (3008, 2000))
    assert is_enough((720, 480), (6000, 4000), parse_size("640"))
    assert not is_enough((620, 414), (6000, 4000), parse_size("640"))
    assert is_enough((620, 414), (1200, 800), parse_size("640"))  # half of the raw holds no more
    assert is_enough((720, 480), (6000, 4000), parse_size("640x360"))
    assert not is_enough((480, 720), (4000, 6000), parse_size("640x360"))


def test_a_raw_whose_pixels_are_cut_off_is_seen_by_its_preview_or_refused_with_what_was_found(tmp_path: Path) -> None:
    path = write_raw(tmp_path / "a.dng", sensor=(3000, 2000), preview_width=720)
    path.write_bytes(path.read_bytes()[:1_000_000])
    for development in ("preview", "half", "full"):
        still = read_raw(path, size=parse_size("640"), development=development)  # type: ignore[arg-type]
        assert looks_like_quarters(still.pixels)
        assert "is cut off" in still.flaw
        assert "it can be seen and not developed" in still.flaw
    with pytest.raises(MediaError, match=r"cut off .*1,000,000 bytes for 3000x2000.* preview .*720x480"):
        read_raw(path, size=parse_size("1200"))


def test_a_picture_that_is_called_a_raw_is_read_as_the_picture_it_is(tmp_path: Path) -> None:
    Image.fromarray(quarters()).save(tmp_path / "a.png")
    (tmp_path / "a.png").rename(tmp_path / "a.nef")
    source, still = read_still(tmp_path / "a.nef", group="g")
    assert (source.kind, source.codec) == ("photo", "png")
    assert looks_like_quarters(still.pixels)
    assert looks_like_quarters(read_picture(tmp_path / "a.nef"))


def test_what_is_no_raw_is_refused(tmp_path: Path) -> None:
    (tmp_path / "text.dng").write_text("not a raw at all")
    for read in (read_raw, describe_raw):
        with pytest.raises(MediaError, match="no camera raw"):
            read(tmp_path / "text.dng")


def test_the_capture_time_of_a_raw_is_read_once_with_its_pixels(tmp_path: Path) -> None:
    path = write_raw(tmp_path / "a.dng", taken="2024:05:01 12:30:00")
    assert read_raw(path).captured_at == "2024-05-01T12:30:00"
    assert describe_raw(path) == ((1200, 800), "2024-05-01T12:30:00")
    undated = write_raw(tmp_path / "b.dng", taken="")
    assert read_raw(undated).captured_at is None
    assert describe_raw(undated)[1] is None


def test_a_raw_is_shown_by_the_jpeg_beside_it_unless_it_is_to_be_developed(tmp_path: Path) -> None:
    raw = write_raw(tmp_path / "a.dng", sensor=(1200, 800), preview_width=80)
    jpeg = write_jpeg(tmp_path / "a.jpg")
    source, still = read_still(raw, group="g", companion=jpeg, size=parse_size("640"))
    assert (source.kind, source.codec, source.width_pixels, source.captured_at) == (
        "raw",
        "dng",
        1200,
        "2024-05-01T12:30:00",
    )
    assert still.pixels.shape == (427, 640, 3)
    assert looks_like_quarters(still.pixels)
    for development in ("half", "full"):
        _, developed = read_still(raw, group="g", companion=jpeg, development=development)  # type: ignore[arg-type]
        assert not looks_like_quarters(developed.pixels)
    small = write_jpeg(tmp_path / "small.jpg", quarters(90, 60))
    assert not looks_like_quarters(read_still(raw, group="g", companion=small, size=parse_size("640"))[1].pixels)


def test_real_raws_at_the_size_of_frames_are_what_they_are_at_full_size(media: Path) -> None:
    for path in sorted((media / "raw").iterdir()):
        size = parse_size("640")
        whole, small = read_raw(path), read_raw(path, size=size)
        assert max(small.pixels.shape) <= 640
        if whole.pixels.shape[0] * small.pixels.shape[1] == whole.pixels.shape[1] * small.pixels.shape[0]:
            assert np.abs(resize(whole.pixels, size).astype(int) - small.pixels).mean() < 2, path.name


def test_real_raws_state_when_they_were_taken(media: Path) -> None:
    assert describe_raw(media / "raw" / "canon_eos_6d_small.dng") == ((1224, 816), "2019-06-06T07:29:51")
    pruned = media / "hostile" / "dng_pruned_iphone12.dng"
    assert describe_raw(pruned) == ((3024, 4032), "2020-12-29T14:24:45.700-05:00")


def test_a_scan_whose_white_libraw_states_wrongly_is_not_developed_white(media: Path) -> None:
    path = media / "raw" / "Nikon_coolscan_iv_uncompressed.nef"
    developed = read_raw(path).pixels
    assert developed.shape == (593, 869, 3)
    assert (developed.min(axis=2) >= 250).mean() < 0.05
    preview = read_raw(path, size=parse_size("320")).pixels.astype(float).mean(axis=2)
    small = resize(developed, parse_size("320")).astype(float).mean(axis=2)
    assert np.corrcoef(preview.ravel(), small[: preview.shape[0], : preview.shape[1]].ravel())[0, 1] > 0.8


def test_an_overexposed_raw_stays_white(tmp_path: Path) -> None:
    stated = StatedExif(maker="X", model="Y", taken="2024:05:01 12:30:00")
    path = tmp_path / "a.dng"
    path.write_bytes(dng_of(np.full((80, 120, 3), 255, np.uint8), stated))
    assert (read_raw(path, development="half").pixels[::8, ::8] >= 250).mean() > 0.9
