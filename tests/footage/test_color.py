"""Colours of films beside those of ffmpeg, and of what was encoded."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
import pytest

from footage.painted import run_ffmpeg
from rushes.footage.color import ToRgb
from rushes.footage.video import DecodedFrame, decode_frames, index_video

LOSSLESS = ("-c:v", "ffv1", "-pix_fmt")
HD = ("-colorspace", "bt709")
FINE_HEVC = ("-c:v", "libx265", "-x265-params", "crf=2:log-level=none", "-pix_fmt")
# What is encoded: the matrix and range of the conversion, what is stated of it, codec and pixel format.
FILMS: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "601 limited.mkv": ("bt601", "tv", ("-colorspace", "smpte170m", "-color_range", "tv", *LOSSLESS, "yuv420p")),
    "709 limited.mkv": ("bt709", "tv", (*HD, "-color_range", "tv", *LOSSLESS, "yuv420p")),
    "709 full.mkv": ("bt709", "pc", (*HD, "-color_range", "pc", *LOSSLESS, "yuv420p")),
    "709 full.mp4": ("bt709", "pc", (*HD, "-color_range", "pc", "-c:v", "libx264", "-crf", "1", "-pix_fmt", "yuv420p")),
    "unstated.mkv": ("bt601", "tv", (*LOSSLESS, "yuv420p")),
    "422.mkv": ("bt709", "tv", (*HD, *LOSSLESS, "yuv422p")),
    "444.mkv": ("bt709", "tv", (*HD, *LOSSLESS, "yuv444p")),
    "444 10 bit.mkv": ("bt709", "tv", (*HD, *LOSSLESS, "yuv444p10le")),
    "444 12 bit.mkv": ("bt709", "tv", (*HD, *LOSSLESS, "yuv444p12le")),
    "prores.mov": ("bt709", "tv", (*HD, "-c:v", "prores_ks", "-pix_fmt", "yuv422p10le")),
    "prores 4444.mov": ("bt709", "tv", (*HD, "-c:v", "prores_ks", "-pix_fmt", "yuv444p10le")),
    "hevc main10.mp4": ("bt709", "tv", (*HD, *FINE_HEVC, "yuv420p10le")),
    "dnxhr.mov": ("bt709", "tv", (*HD, "-c:v", "dnxhd", "-profile:v", "dnxhr_hq", "-pix_fmt", "yuv422p")),
    "v210.mov": ("bt709", "tv", (*HD, "-c:v", "v210", "-pix_fmt", "yuv422p10le")),
    "rgb h264.mp4": ("bt709", "pc", ("-c:v", "libx264rgb", "-crf", "1", "-pix_fmt", "rgb24")),
    "rgb.mkv": ("bt709", "pc", (*LOSSLESS, "gbrp")),
    "rgb 10 bit.mkv": ("bt709", "pc", (*LOSSLESS, "gbrp10le")),
    "rgb.avi": ("bt709", "pc", ("-c:v", "rawvideo", "-pix_fmt", "bgr24")),
    "png.mov": ("bt709", "pc", ("-c:v", "png", "-pix_fmt", "rgb24")),
    "palette.avi": ("bt709", "pc", ("-c:v", "rawvideo", "-pix_fmt", "pal8")),
    "gray.mkv": ("bt601", "pc", ("-color_range", "pc", *LOSSLESS, "gray")),
    "gray 10 bit.mkv": ("bt601", "pc", ("-color_range", "pc", *LOSSLESS, "gray10le")),
    "gray.mp4": ("bt601", "pc", ("-color_range", "pc", "-c:v", "libx264", "-crf", "1", "-pix_fmt", "gray")),
    "packed 422.avi": ("bt601", "tv", ("-c:v", "rawvideo", "-pix_fmt", "yuyv422")),
    "jpeg.avi": ("bt601", "pc", ("-c:v", "mjpeg", "-q:v", "2", "-pix_fmt", "yuvj444p")),
}


def write_test_card(
    ffmpeg: str, path: Path, matrix: str, range_: str, words: tuple[str, ...], *, size: str = "322x182"
) -> Path:
    source = ["-f", "lavfi", "-i", f"testsrc2=s={size}:r=25:d=0.2,format=gbrp"]
    flags = f"out_color_matrix={matrix}:out_range={range_}:flags=accurate_rnd+full_chroma_int"
    run_ffmpeg(ffmpeg, *source, "-vf", f"scale={flags}", *words, str(path))
    return path


def pictures(path: Path) -> npt.NDArray[np.uint8]:
    index = index_video(path)
    found = list(decode_frames(path, index, range(index.frame_count)))
    return np.stack([frame.pixels for frame in found if isinstance(frame, DecodedFrame)])


def pictures_by_ffmpeg(ffmpeg: str, path: Path, like: npt.NDArray[np.uint8], chain: str) -> npt.NDArray[np.uint8]:
    words = ["-i", str(path), "-vf", chain, "-vsync", "passthrough", "-f", "rawvideo", "-pix_fmt", "rgb24", "-"]
    return np.frombuffer(run_ffmpeg(ffmpeg, *words), np.uint8).reshape(like.shape)


def apart(one: npt.NDArray[np.uint8], other: npt.NDArray[np.uint8]) -> float:
    return float(np.abs(one.astype(int) - other).mean())


@pytest.mark.parametrize("name", FILMS)
@pytest.mark.filterwarnings("ignore:deprecated pixel format")
def test_colours_are_those_that_ffmpeg_gives(ffmpeg: str, tmp_path: Path, name: str) -> None:
    path = write_test_card(ffmpeg, tmp_path / name, *FILMS[name])
    found = pictures(path)
    assert len(found) == 5
    assert apart(found, pictures_by_ffmpeg(ffmpeg, path, found, "null")) < 2


@pytest.mark.parametrize("pixel_format", ["gray", "gray10le", "gray12le"])
def test_gray_of_the_limited_range_has_its_black_and_white(ffmpeg: str, tmp_path: Path, pixel_format: str) -> None:
    full, limited = (
        pictures(
            write_test_card(
                ffmpeg, tmp_path / f"{range_}.mkv", "bt601", range_, ("-color_range", range_, *LOSSLESS, pixel_format)
            )
        )
        for range_ in ("pc", "tv")
    )
    assert apart(full, limited) < 1


@pytest.mark.parametrize("size", ["1280x536", "960x720", "1920x1080", "720x1280"])
def test_high_definition_that_states_no_matrix_is_taken_for_bt709(ffmpeg: str, tmp_path: Path, size: str) -> None:
    words = (*LOSSLESS, "yuv420p")
    path = write_test_card(ffmpeg, tmp_path / "hd.mkv", "bt709", "tv", words, size=size)
    found = pictures(path)
    assert apart(found, pictures_by_ffmpeg(ffmpeg, path, found, "scale=in_color_matrix=bt709")) < 2


@pytest.mark.parametrize("size", ["720x576", "960x540"])
def test_what_is_smaller_is_taken_for_bt601(ffmpeg: str, tmp_path: Path, size: str) -> None:
    words = (*LOSSLESS, "yuv420p")
    path = write_test_card(ffmpeg, tmp_path / "sd.mkv", "bt601", "tv", words, size=size)
    found = pictures(path)
    assert apart(found, pictures_by_ffmpeg(ffmpeg, path, found, "scale=in_color_matrix=bt601")) < 2


@pytest.mark.parametrize("width", [16, 63, 64, 97, 320, 641])
@pytest.mark.parametrize("height", [47, 48])
@pytest.mark.parametrize("pixel_format", ["yuv420p10le", "yuv422p10le", "yuv444p12le", "yuv420p12le"])
def test_the_wide_gamut_of_bt2020_is_narrowed_at_any_size(width: int, height: int, pixel_format: str) -> None:
    frame = av.VideoFrame(width, height, pixel_format)
    scale = 4 if "12" in pixel_format else 1
    for plane, code in zip(frame.planes, (476, 475, 584), strict=True):  # red, green, blue 150, 110, 100
        plane.update(np.full((plane.height, plane.line_size // 2), code * scale, np.uint16).tobytes())
    frame.colorspace, frame.color_primaries, frame.color_trc, frame.color_range = 9, 9, 14, 1
    found = ToRgb(width, height, 0)(frame)
    assert found.shape == (height, width, 3)
    assert np.abs(found.astype(int) - (170, 104, 98)).max() <= 2  # by ffmpeg's zscale, of primaries 2020 to 709


@pytest.mark.parametrize(("transfer", "code"), [("smpte2084", 0.5807), ("arib-std-b67", 0.75)])
@pytest.mark.parametrize("size", [(64, 48), (63, 47), (161, 121)])
def test_paper_white_of_high_dynamic_range_is_light_gray_at_any_size(
    ffmpeg: str, tmp_path: Path, transfer: str, code: float, size: tuple[int, int]
) -> None:
    width, height = size
    luma = np.full((height, width), round(64 + 876 * code), "<u2").tobytes()
    chroma = np.full(((height + 1) // 2, (width + 1) // 2), 512, "<u2").tobytes()
    stated = ("-colorspace", "bt2020nc", "-color_primaries", "bt2020", "-color_trc", transfer, "-color_range", "tv")
    source = ("-f", "rawvideo", "-pix_fmt", "yuv420p10le", "-s", f"{width}x{height}", "-i", "-")
    path = tmp_path / "hdr.mkv"
    run_ffmpeg(ffmpeg, *source, *stated, *LOSSLESS, "yuv420p10le", str(path), stdin=(luma + chroma + chroma) * 2)
    found = pictures(path)
    assert found.shape == (2, height, width, 3)
    assert found.min() > 220
    assert found.max() < 235
    assert found.max() - found.min() <= 1


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    [
        "bbb_642x642_768kbps_30fps_vp9.webm", "bear-vp9-odd-dimensions.webm", "cinepak_100x75.avi",
        "interlaced_tff_h264.mp4", "internal_emulator_transformer_output_270_rotated.mp4", "prores_422_proxy.mov",
        "sample.flv", "sample_fragmented.mp4", "sample_rotate_and_reflect.mp4", "sample_sef_super_slow_motion.mp4",
        "sample_with_increasing_timestamps_320w_240h.mp4", "streamio_awesome_vfr.mov", "streamio_sideways.mov",
    ],
)  # fmt: skip
def test_every_frame_of_a_real_film_is_that_of_ffmpeg(ffmpeg: str, media: Path, name: str) -> None:
    path = media / "videos" / "formats" / name
    index = index_video(path)
    ordinals = range(min(60, index.frame_count))
    words = ["-i", str(path), "-vsync", "passthrough", "-frames:v", str(len(ordinals))]
    pixels = run_ffmpeg(ffmpeg, *words, "-f", "rawvideo", "-pix_fmt", "rgb24", "-")
    golden = np.frombuffer(pixels, np.uint8).reshape(-1, index.height_pixels, index.width_pixels, 3)
    assert len(golden) == len(ordinals)
    for frame in decode_frames(path, index, ordinals):
        assert isinstance(frame, DecodedFrame)
        assert apart(frame.pixels, golden[frame.ordinal]) < 2, frame.ordinal
