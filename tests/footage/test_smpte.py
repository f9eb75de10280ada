from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from footage.painted import run_ffmpeg, write_film, write_film_with
from rushes.footage.smpte import smpte_at
from rushes.footage.sources import read_source
from rushes.footage.video import index_video
from rushes.footage.video_index import VideoIndex

NTSC = Fraction(30000, 1001)
MPEG2 = ("-c:v", "mpeg2video", "-q:v", "3", "-g", "12", "-bf", "2")


def film(rate: Fraction, start: str | None, frame_count: int = 4000, step: int = 1) -> VideoIndex:
    pts = tuple(range(0, frame_count * step, step))
    return VideoIndex(pts, 1 / rate, rate, (0,), 8, 8, "h264", frame_count / rate, start_timecode=start)


@pytest.mark.parametrize(
    ("name", "words", "rate", "stated"),
    [
        ("tmcd.mov", ("-c:v", "libx264"), NTSC, "01:00:00;02"),
        ("tmcd.mp4", ("-c:v", "libx264"), NTSC, "01:00:00:02"),
        ("prores.mov", ("-c:v", "prores_ks"), Fraction(25), "10:00:00:00"),
        ("material.mxf", MPEG2, NTSC, "01:00:00;02"),
        ("program.mpg", MPEG2, NTSC, "01:00:00;02"),
        ("transport.ts", MPEG2, Fraction(25), "09:59:59:24"),
        ("camera.dv", ("-c:v", "dvvideo", "-s", "720x576", "-pix_fmt", "yuv420p"), Fraction(25), "00:10:00:12"),
        ("camera.avi", ("-c:v", "dvvideo", "-s", "720x480", "-pix_fmt", "yuv411p"), NTSC, "00:10:00;12"),
        ("double.mov", ("-c:v", "libx264"), Fraction(60000, 1001), "23:59:59;58"),
    ],
)
def test_the_start_timecode_is_read_where_each_kind_of_film_states_it(
    ffmpeg: str, tmp_path: Path, name: str, words: tuple[str, ...], rate: Fraction, stated: str
) -> None:
    path = write_film_with(ffmpeg, tmp_path / name, *words, "-timecode", stated, frame_count=12, rate=rate)
    index = index_video(path)
    assert (index.start_timecode, index.notes, index.constant_rate) == (stated, (), True)
    assert str(smpte_at(index, 0)) == stated
    assert read_source(path, group="g")[0].start_timecode == stated


def test_the_tag_of_a_matroska_file_is_read(ffmpeg: str, tmp_path: Path) -> None:
    path = write_film_with(ffmpeg, tmp_path / "a.mkv", "-c:v", "libx264", "-metadata", "timecode=01:02:03:04")
    assert index_video(path).start_timecode == "01:02:03:04"


def test_a_film_that_states_no_timecode_has_none(tmp_path: Path) -> None:
    index = index_video(write_film(tmp_path / "plain.mp4", 5))
    assert (index.start_timecode, smpte_at(index, 0)) == (None, None)


@pytest.mark.parametrize(
    ("stated", "rate", "taken", "note"),
    [
        ("01:00:00;02", Fraction(25), "01:00:00:02", "drop-frame counting exists at 29.97"),
        ("00:01:00;00", NTSC, "00:01:00;02", "passes this number over"),
        ("00:00:00:40", Fraction(25), None, "00 to 24"),
        ("soon", Fraction(25), None, "HH:MM:SS:FF"),
    ],
)
def test_a_timecode_that_cannot_be_is_put_right_or_passed_over_and_noted(
    ffmpeg: str, tmp_path: Path, stated: str, rate: Fraction, taken: str | None, note: str
) -> None:
    whole = write_film_with(ffmpeg, tmp_path / "a.mkv", "-c:v", "libx264", frame_count=12, rate=rate)
    path = tmp_path / "b.mkv"
    run_ffmpeg(ffmpeg, "-i", str(whole), "-c", "copy", "-metadata", f"timecode={stated}", str(path))
    index = index_video(path)
    assert index.start_timecode == taken
    assert (len(index.notes), index.warnings) == (1, ())
    assert note in index.notes[0]


def test_frames_are_counted_from_the_start_timecode() -> None:
    assert str(smpte_at(film(Fraction(24000, 1001), "01:00:00:00"), 1440)) == "01:01:00:00"
    drop = film(NTSC, "00:00:00;00")
    assert [str(smpte_at(drop, ordinal)) for ordinal in (1799, 1800, 3597, 3598)] == [
        "00:00:59;29", "00:01:00;02", "00:01:59;29", "00:02:00;02",
    ]  # fmt: skip
    assert str(smpte_at(film(Fraction(25), "23:59:59:24"), 1)) == "00:00:00:00"


def test_a_film_without_a_constant_rate_has_no_smpte_timecode(tmp_path: Path) -> None:
    variable = VideoIndex((0, 1, 2, 10), Fraction(1, 25), Fraction(25), (0,), 8, 8, "h264", Fraction(1),
                          start_timecode="01:00:00:00")  # fmt: skip
    assert not variable.constant_rate
    assert smpte_at(variable, 0) is None


@pytest.mark.parametrize("rate", [Fraction(24), Fraction(24000, 1001), NTSC, Fraction(50), Fraction(60000, 1001)])
@pytest.mark.parametrize("container", ["mp4", "mkv", "ts", "avi"])
def test_a_constant_rate_is_known_whatever_the_container_rounds_its_times_to(
    tmp_path: Path, rate: Fraction, container: str
) -> None:
    path = write_film(tmp_path / f"a.{container}", 40, rate=rate, codec="mpeg4" if container == "avi" else "libx264")
    index = index_video(path)
    assert (index.constant_rate, index.rate) == (True, rate)


def test_an_ordinal_outside_the_film_has_no_timecode() -> None:
    with pytest.raises(ValueError, match="0 to 3999"):
        smpte_at(film(Fraction(25), "00:00:00:00"), 4000)
