"""Films of many codings beside ffprobe and ffmpeg, frame by frame: the times, the pictures, the order, the names."""

from __future__ import annotations

import random
import struct
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from footage.painted import HEIGHT, WIDTH, ordinal_of, run_ffmpeg, write_film_with
from footage.test_against_ffprobe import times_by_ffprobe
from rushes.footage.sampling import name_frames
from rushes.footage.source import Source
from rushes.footage.video import DecodedFrame, decode_frames, index_video
from rushes.footage.video_index import VideoIndex
from rushes.timecode import timecode_at

X264 = ("-c:v", "libx264", "-pix_fmt", "yuv420p", "-preset", "veryfast", "-crf", "18")
X265 = ("-c:v", "libx265", "-pix_fmt", "yuv420p", "-preset", "ultrafast")
MPEG2 = ("-c:v", "mpeg2video", "-q:v", "3", "-g", "12", "-bf", "2")
LOOKAHEAD = ("-g", "20", "-lag-in-frames", "12", "-auto-alt-ref", "1", "-b:v", "1M")
PYRAMID = "keyint=20:min-keyint=5:bframes=3:b-pyramid=normal"
OPEN_HEVC = "keyint=10:min-keyint=10:open-gop=1:bframes=3:b-adapt=0:log-level=none"
CLOSED_HEVC = "keyint=10:open-gop=0:bframes=2:log-level=none"


@dataclass(frozen=True)
class Film:
    """One film to make: its file name, what the command line of ffmpeg says of it, and the chain of filters before."""

    name: str
    words: tuple[str, ...]
    rate: Fraction = Fraction(25)
    chain: str = "null"


FILMS = {
    "H.264, B-pyramid": Film("a.mp4", (*X264, "-x264-params", PYRAMID)),
    "H.264, open GOP": Film("a.mkv", (*X264, "-x264-params", f"{PYRAMID}:open-gop=1")),
    "H.264, open GOP in a transport stream": Film("a.ts", (*X264, "-x264-params", f"{PYRAMID}:open-gop=1")),
    "H.264, several slices": Film("a.mov", (*X264, "-x264-params", f"{PYRAMID}:slices=4")),
    "H.264, interlaced (MBAFF)": Film("a.mp4", (*X264, "-x264-params", f"{PYRAMID}:tff=1"), chain="setfield=tff"),
    "H.264, interlaced, in a transport stream": Film(
        "a.ts", (*X264, "-x264-params", f"{PYRAMID}:bff=1"), chain="setfield=bff"
    ),
    "H.264, fragmented": Film("a.mp4", (*X264, "-g", "10", "-movflags", "frag_keyframe+empty_moov")),
    "H.264, periodic intra refresh": Film("a.mkv", (*X264, "-x264-params", "intra-refresh=1:keyint=12")),
    "H.264, 23.976": Film("a.mp4", X264, Fraction(24000, 1001)),
    "H.264, 59.94, milliseconds": Film("a.mkv", X264, Fraction(60000, 1001)),
    "H.264 in FLV": Film("a.flv", X264),
    "HEVC, open GOP": Film("a.mp4", (*X265, "-x265-params", OPEN_HEVC)),
    "HEVC, open GOP in a transport stream": Film("a.ts", (*X265, "-x265-params", OPEN_HEVC)),
    "HEVC, closed GOP": Film("a.mkv", (*X265, "-x265-params", CLOSED_HEVC)),
    "VP9, hidden frames": Film("a.webm", ("-c:v", "libvpx-vp9", "-cpu-used", "5", *LOOKAHEAD)),
    "VP9, hidden frames in MP4": Film("a.mp4", ("-c:v", "libvpx-vp9", "-cpu-used", "5", *LOOKAHEAD)),
    "VP8, hidden frames": Film("a.webm", ("-c:v", "libvpx", "-cpu-used", "5", *LOOKAHEAD)),
    "AV1": Film("a.mp4", ("-c:v", "libsvtav1", "-preset", "12", "-g", "20", "-crf", "30")),
    "AV1 in WebM": Film("a.webm", ("-c:v", "libaom-av1", "-cpu-used", "8", *LOOKAHEAD)),
    "MPEG-2 in a transport stream": Film("a.ts", MPEG2),
    "MPEG-2 in a program stream": Film("a.mpg", MPEG2),
    "MPEG-2 as on a DVD": Film("a.vob", (*MPEG2, "-f", "vob")),
    "MPEG-2, interlaced": Film("a.mpg", (*MPEG2, "-flags", "+ildct+ilme"), chain="setfield=tff"),
    "MPEG-2 in Matroska": Film("a.mkv", MPEG2, Fraction(30000, 1001)),
    "MPEG-2 in MXF": Film("a.mxf", MPEG2),
    "MPEG-2 alone": Film("a.m2v", MPEG2),
    "MPEG-1": Film("a.mpeg", ("-c:v", "mpeg1video", "-q:v", "3", "-g", "12", "-bf", "2")),
    "MPEG-4, B-frames in AVI": Film("a.avi", ("-c:v", "mpeg4", "-q:v", "3", "-bf", "2", "-g", "12")),
    "ProRes": Film("a.mov", ("-c:v", "prores_ks", "-pix_fmt", "yuv422p10le")),
    "ProRes, interlaced": Film("a.mov", ("-c:v", "prores_ks", "-flags", "+ildct"), chain="setfield=tff"),
    "Motion JPEG in AVI": Film("a.avi", ("-c:v", "mjpeg", "-q:v", "2", "-pix_fmt", "yuvj420p")),
    "Motion JPEG in MOV": Film("a.mov", ("-c:v", "mjpeg", "-q:v", "2", "-pix_fmt", "yuvj422p")),
    "DNxHR": Film("a.mov", ("-c:v", "dnxhd", "-profile:v", "dnxhr_sq", "-pix_fmt", "yuv422p"), chain="scale=288:192"),
    "FFV1": Film("a.mkv", ("-c:v", "ffv1", "-g", "1")),
    "variable rate": Film("a.mp4", (*X264, "-vsync", "vfr"), chain="setpts=(N+floor(N/3)+4*floor(N/7))/25/TB"),
    "first time at 10 s": Film("a.ts", (*X264, "-output_ts_offset", "10")),
    "times that pass the end of 33 bits": Film("a.ts", (*X264, "-g", "10", "-output_ts_offset", "95442.5")),
    "a delay before the picture (empty edit)": Film("a.mp4", (*X264, "-output_ts_offset", "1.5")),
}


def pictures_by_ffmpeg(ffmpeg: str, path: Path, width: int, height: int) -> npt.NDArray[np.uint8]:
    """Return (frames, height, width, 3): every frame as the program ffmpeg gives it, upright, at the size asked for."""
    words = ["-i", str(path), "-map", "0:v:0", "-vsync", "passthrough", "-vf", f"scale={width}:{height}:flags=area"]
    pixels = run_ffmpeg(ffmpeg, *words, "-f", "rawvideo", "-pix_fmt", "rgb24", "-")
    return np.frombuffer(pixels, np.uint8).reshape(-1, height, width, 3)


def decoded(path: Path, index: VideoIndex, ordinals: list[int]) -> dict[int, npt.NDArray[np.uint8]]:
    found = list(decode_frames(path, index, ordinals))
    assert all(isinstance(frame, DecodedFrame) for frame in found)
    return {frame.ordinal: frame.pixels for frame in found if isinstance(frame, DecodedFrame)}


def check(ffmpeg: str, ffprobe: str, path: Path, *, apart: float = 2) -> list[int]:
    """Hold a film against the two programs and itself; return the ordinals that are painted into its frames.

    Args:
        apart: how far a picture may be from ffmpeg's, in levels, on average.
    """
    index = index_video(path)
    times = times_by_ffprobe(ffprobe, path)
    assert len(times) == index.frame_count
    wrong = [
        (ordinal, pts * index.time_base, time)
        for ordinal, (pts, time) in enumerate(zip(index.pts, times, strict=True))
        if time is not None and pts * index.time_base != time
    ]
    # Where ffprobe's own times jump back, in a program stream of tiny frames, they are counted here.
    stated = [time for time in times if time is not None]
    assert not wrong or (not index.exact and stated != sorted(set(stated)))

    dense = decoded(path, index, list(range(index.frame_count)))
    golden = pictures_by_ffmpeg(ffmpeg, path, index.width_pixels, index.height_pixels)
    assert len(dense) == len(golden) == index.frame_count
    for ordinal, picture in enumerate(golden):
        assert np.abs(dense[ordinal].astype(int) - picture).mean() < apart, f"frame {ordinal}"

    choose = random.Random(path.name)
    for count in (1, 1, 2, 5, 12):
        wanted = sorted(choose.sample(range(index.frame_count), min(count, index.frame_count)))
        sparse = decoded(path, index, wanted)
        assert sorted(sparse) == wanted
        assert all(np.array_equal(sparse[ordinal], dense[ordinal]) for ordinal in wanted), wanted

    source = Source("ab" * 32, str(path), "film", "film", "video", 8, 8, "h264")
    frames = name_frames(source, index, range(index.frame_count))
    assert len({frame.name for frame in frames}) == index.frame_count
    if index.constant_rate:
        expected = [str(timecode_at(ordinal / index.rate, index.rate)) for ordinal in range(index.frame_count)]
        assert [frame.timecode for frame in frames] == expected
    return [ordinal_of(as_stored(dense[ordinal], index.flip)) for ordinal in range(index.frame_count)]


def as_stored(picture: npt.NDArray[np.uint8], flip: int) -> npt.NDArray[np.uint8]:
    """Return an upright picture turned back."""
    if flip & 4:
        picture = picture.transpose(1, 0, 2)
    return picture[:: -1 if flip & 2 else 1, :: -1 if flip & 1 else 1]


def make(ffmpeg: str, folder: Path, film: Film, *, frame_count: int = 60) -> Path:
    path = folder / film.name
    return write_film_with(ffmpeg, path, *film.words, frame_count=frame_count, rate=film.rate, chain=film.chain)


@pytest.mark.parametrize("what", FILMS)
def test_every_frame_is_the_one_that_ffmpeg_and_the_painter_mean(
    ffmpeg: str, ffprobe: str, tmp_path: Path, what: str
) -> None:
    path = make(ffmpeg, tmp_path, FILMS[what])
    assert check(ffmpeg, ffprobe, path) == list(range(60))
    index = index_video(path)
    assert index.interlaced == ("interlaced" in what)
    assert index.constant_rate == (what != "variable rate")


@pytest.mark.slow
@pytest.mark.parametrize("what", FILMS)
def test_every_frame_of_longer_films_is_the_one_that_was_painted(
    ffmpeg: str, ffprobe: str, tmp_path: Path, what: str
) -> None:
    path = make(ffmpeg, tmp_path, FILMS[what], frame_count=400)
    assert check(ffmpeg, ffprobe, path) == list(range(400))
    index = index_video(path)
    for ordinal in random.Random(what).sample(range(400), 60):
        (picture,) = decoded(path, index, [ordinal]).values()
        assert ordinal_of(picture) == ordinal


@pytest.mark.parametrize(
    ("what", "start", "container"),
    [
        ("H.264, B-pyramid", "0.5", "mp4"),
        ("H.264, B-pyramid", "0.8", "mov"),
        ("H.264, B-pyramid", "0.5", "mkv"),
        ("H.264, open GOP", "1.1", "mp4"),
        ("H.264, open GOP", "0.85", "mkv"),
        ("H.264, open GOP in a transport stream", "1.0", "ts"),
        ("HEVC, open GOP", "0.9", "mp4"),
        ("HEVC, open GOP", "0.42", "mkv"),
        ("HEVC, open GOP in a transport stream", "1.1", "ts"),
        ("VP9, hidden frames in MP4", "1.0", "mp4"),
        ("MPEG-2 in Matroska", "0.9", "mkv"),
        ("ProRes", "0.9", "mov"),
    ],
)
def test_a_film_cut_without_coding_it_anew_shows_what_ffmpeg_shows(
    ffmpeg: str, ffprobe: str, tmp_path: Path, what: str, start: str, container: str
) -> None:
    whole = make(ffmpeg, tmp_path, FILMS[what])
    path = tmp_path / f"cut.{container}"
    run_ffmpeg(ffmpeg, "-ss", start, "-i", str(whole), "-t", "1.2", "-c", "copy", str(path))
    painted = check(ffmpeg, ffprobe, path)
    assert len(painted) > 15  # the cut begins at a keyframe; at its end, frames lack that refer to later ones
    assert painted == sorted(set(painted))


@pytest.mark.parametrize("first", [0, 7])
def test_an_edit_list_that_ends_early_ends_the_film(ffmpeg: str, ffprobe: str, tmp_path: Path, first: int) -> None:
    path = make(ffmpeg, tmp_path, FILMS["H.264, B-pyramid"])
    data = bytearray(path.read_bytes())
    place = data.index(b"elst") + 12  # version, flags and count of edits come before the first
    _, media_time = struct.unpack_from(">Ii", data, place)
    ticks_per_frame = 512  # at 25 frames per second, ffmpeg chooses 12,800 ticks in a second for the track
    struct.pack_into(">Ii", data, place, 1000, media_time + first * ticks_per_frame)  # 1000 of 1000 a second
    path.write_bytes(data)
    painted = check(ffmpeg, ffprobe, path)
    assert painted[:25] == list(range(first, first + 25))
    assert len(painted) < 60 - first


@pytest.mark.parametrize("container", ["mp4", "mov"])
@pytest.mark.parametrize(
    "matrix",
    [(1, 0, 0, 1), (-1, 0, 0, 1), (1, 0, 0, -1), (-1, 0, 0, -1), (0, 1, -1, 0), (0, -1, 1, 0), (0, 1, 1, 0),
     (0, -1, -1, 0)],
)  # fmt: skip
def test_a_film_turned_or_mirrored_is_upright(
    ffmpeg: str, ffprobe: str, tmp_path: Path, container: str, matrix: tuple[int, ...]
) -> None:
    path = write_film_with(ffmpeg, tmp_path / f"turned.{container}", *X264, frame_count=12)
    data = bytearray(path.read_bytes())
    a, b, c, d = (value * 0x10000 for value in matrix)
    struct.pack_into(">9i", data, data.index(b"tkhd") + 44, a, b, 0, c, d, 0, 0, 0, 0x40000000)
    path.write_bytes(data)
    assert check(ffmpeg, ffprobe, path) == list(range(12))
    index = index_video(path)
    assert (index.width_pixels, index.height_pixels) == ((HEIGHT, WIDTH) if matrix[0] == 0 else (WIDTH, HEIGHT))


@pytest.mark.parametrize("aspect", ["4/3", "16/11", "12/11", "8/9", "64/45"])
@pytest.mark.parametrize("container", ["mp4", "mkv", "ts"])
def test_pixels_that_are_not_square_are_made_square(
    ffmpeg: str, ffprobe: str, tmp_path: Path, aspect: str, container: str
) -> None:
    path = write_film_with(ffmpeg, tmp_path / f"wide.{container}", *X264, frame_count=12, chain=f"setsar={aspect}")
    assert check(ffmpeg, ffprobe, path, apart=3) == list(range(12))  # edges are enlarged in two ways
    index = index_video(path)
    assert (index.width_pixels, index.height_pixels) == (round(WIDTH * Fraction(aspect)), HEIGHT)
