from __future__ import annotations

import csv
import gc
import random
import threading
import time
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
import pytest

from footage.painted import HEIGHT, WIDTH, damage, ordinal_of, run_ffmpeg, write_film, write_sound
from rushes.errors import MediaError
from rushes.footage.color import ToRgb
from rushes.footage.sampling import name_frames
from rushes.footage.source import Source
from rushes.footage.video import DecodedFrame, LostFrame, decode_frames, index_video, plan_runs
from rushes.footage.video_index import VideoIndex
from rushes.timecode import timecode_at
from rushes.timelines.timeline import make_timeline
from timelines.shots_by_hand import shots_at

KINDS = {
    "h264 with B-frames.mp4": {"codec": "libx264"},
    "h264 open gop.mkv": {"codec": "libx264", "options": {"x264-params": "open-gop=1:keyint=10:bframes=3"}},
    "h264 transport stream.ts": {"codec": "libx264"},
    "h264 intra refresh.mp4": {"codec": "libx264", "options": {"x264-params": "intra-refresh=1:keyint=12"}},
    "h264 fragmented.mp4": {"codec": "libx264", "options": {}},
    "hevc.mp4": {"codec": "libx265", "options": {"x265-params": "keyint=10:log-level=none"}},
    "vp9.webm": {"codec": "libvpx-vp9", "options": {"g": "10", "deadline": "realtime", "cpu-used": "8"}},
    "vp8 with hidden frames.webm": {
        "codec": "libvpx",
        "options": {"g": "20", "auto-alt-ref": "1", "lag-in-frames": "10", "cpu-used": "4"},
    },
    "mjpeg.avi": {"codec": "mjpeg", "pixel_format": "yuvj420p"},
    "mpeg4 with B-frames.avi": {"codec": "mpeg4", "options": {"bf": "2", "g": "10"}},
    "mpeg2.mpg": {"codec": "mpeg2video", "options": {"bf": "2", "g": "10"}},
    "prores.mov": {"codec": "prores_ks", "pixel_format": "yuv422p10le"},
    "raw stream.264": {"codec": "libx264"},
    "reordered.avi": {"codec": "libx264"},
    "reordered 4.avi": {"codec": "mpeg4", "options": {"bf": "2", "g": "12"}},
}


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.filterwarnings("ignore:deprecated pixel format")
def test_each_wanted_frame_of_each_kind_of_film_is_the_one_that_was_painted(tmp_path: Path, name: str) -> None:
    path = write_film(tmp_path / name, 60, **KINDS[name])
    index = index_video(path)
    assert (index.frame_count, index.rate) == (60, Fraction(25))
    for wanted in ([0, 3, 4, 25, 59], [59], [29], range(60), [31, 5, 31, 45]):
        found = list(decode_frames(path, index, list(wanted)))
        assert [frame.ordinal for frame in found] == sorted(set(wanted))
        assert [ordinal_of(frame.pixels) for frame in found] == sorted(set(wanted))


def test_an_avi_of_reordered_frames_is_counted_and_keeps_its_rate(tmp_path: Path) -> None:
    index = index_video(write_film(tmp_path / "a.avi", 60))
    assert not index.exact
    assert index.constant_rate
    assert index.seconds_at(59) == Fraction(59, 25)
    told = write_film(tmp_path / "b.avi", 60, codec="mpeg4", options={"bf": "2"})
    assert index_video(told).exact


def test_times_of_a_variable_rate_are_kept(tmp_path: Path) -> None:
    steps = random.Random(0).choices([10, 20, 25, 200], k=40)
    times = [sum(steps[:place]) for place in range(40)]
    path = write_film(tmp_path / "variable.mov", 40, times=times)
    index = index_video(path)
    assert [index.seconds_at(ordinal) for ordinal in range(40)] == [Fraction(time, 600) for time in times]
    assert index.rate == pytest.approx(39 / (times[-1] / 600), rel=1e-3)
    assert [ordinal_of(frame.pixels) for frame in decode_frames(path, index, [7, 33])] == [7, 33]


@pytest.mark.parametrize("rate", [Fraction(24), Fraction(24000, 1001), Fraction(30000, 1001), Fraction(60)])
@pytest.mark.parametrize("container", ["mp4", "mkv"])
def test_the_rate_is_the_one_that_was_meant(tmp_path: Path, rate: Fraction, container: str) -> None:
    index = index_video(write_film(tmp_path / f"film.{container}", 50, rate=rate))
    assert index.rate == rate
    assert float(index.duration_seconds) == pytest.approx(50 / rate, abs=0.002)


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_a_turned_film_is_upright(tmp_path: Path, degrees: int) -> None:
    path = write_film(tmp_path / "turned.mp4", 3, rotation=degrees)
    index = index_video(path)
    frame = next(iter(decode_frames(path, index, [2])))
    assert isinstance(frame, DecodedFrame)
    upright = (WIDTH, HEIGHT) if degrees == 180 else (HEIGHT, WIDTH)
    assert (index.width_pixels, index.height_pixels) == frame.pixels.shape[1::-1] == upright
    # The display matrix turns counter-clockwise by `degrees`; turning back shows what was painted.
    assert ordinal_of(np.rot90(frame.pixels, -degrees // 90)) == 2


def test_pixels_that_are_not_square_are_made_square(tmp_path: Path) -> None:
    path = write_film(tmp_path / "wide.mp4", 3, aspect=Fraction(4, 3))
    index = index_video(path)
    frame = next(iter(decode_frames(path, index, [1])))
    assert isinstance(frame, DecodedFrame)
    assert (index.width_pixels, index.height_pixels) == frame.pixels.shape[1::-1] == (128, 64)
    assert ordinal_of(frame.pixels) == 1


def test_colours_come_out_as_they_were_painted(tmp_path: Path) -> None:
    path = write_film(tmp_path / "colours.mp4", 3, options={"crf": "4"})
    frame = next(iter(decode_frames(path, index_video(path), [1])))
    assert isinstance(frame, DecodedFrame)
    assert np.abs(frame.pixels[48, 24].astype(int) - (220, 30, 30)).max() < 12
    assert np.abs(frame.pixels[48, 72].astype(int) - (30, 30, 220)).max() < 12


def test_a_film_of_one_frame_is_a_film(tmp_path: Path) -> None:
    path = write_film(tmp_path / "one.mp4", 1)
    index = index_video(path)
    assert (index.frame_count, index.rate, index.duration_seconds) == (1, 25, Fraction(1, 25))
    assert len(list(decode_frames(path, index, [0]))) == 1


def test_when_a_film_was_taken_is_read(tmp_path: Path) -> None:
    path = write_film(tmp_path / "dated.mp4", 2, metadata={"creation_time": "2024-05-01T12:30:00Z"})
    assert index_video(path).captured_at == "2024-05-01T12:30:00+00:00"


def test_an_ordinal_outside_the_film_is_a_bug_of_the_caller(tmp_path: Path) -> None:
    path = write_film(tmp_path / "film.mp4", 5)
    with pytest.raises(ValueError, match="0 to 4"):
        list(decode_frames(path, index_video(path), [5]))
    assert list(decode_frames(path, index_video(path), [])) == []


def test_damaged_frames_are_lost_and_the_rest_goes_on(tmp_path: Path) -> None:
    path = write_film(tmp_path / "damaged.mp4", 60, options={"x264-params": "keyint=10:scenecut=0"})
    index = index_video(path)
    damage(path, 20, 30)
    found = list(decode_frames(path, index, range(60)))
    assert [frame.ordinal for frame in found] == list(range(60))
    whole = {frame.ordinal for frame in found if isinstance(frame, DecodedFrame)}
    assert whole >= {*range(18), *range(32, 60)}
    assert {frame.ordinal for frame in found if isinstance(frame, LostFrame)} & set(range(20, 30))
    assert all(ordinal_of(f.pixels) == f.ordinal for f in found if isinstance(f, DecodedFrame) and f.ordinal < 18)


def test_a_film_cut_off_at_its_end_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    path = write_film(tmp_path / "short.mkv", 60)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) * 2 // 3])
    index = index_video(path)
    assert 10 < index.frame_count < 60
    found = list(decode_frames(path, index, range(index.frame_count)))
    assert [frame.ordinal for frame in found] == list(range(index.frame_count))
    assert ordinal_of(found[5].pixels) == 5  # type: ignore[union-attr]

    (warning,) = index.warnings
    seconds = float(index.duration_seconds)
    assert warning == f"it is cut off: its frames end at {seconds:.1f} s of the 2.4 s it states"


def test_a_film_that_states_a_longer_end_than_it_shows_is_not_called_cut_off_where_no_byte_is_missing(
    ffmpeg: str, tmp_path: Path
) -> None:
    film = write_film(tmp_path / "a.mkv", 25)
    long, bare, piped = (tmp_path / name for name in ("long.mkv", "bare.webm", "piped.mkv"))
    tone = ("-f", "lavfi", "-i", "sine=duration=5")
    run_ffmpeg(ffmpeg, "-i", str(film), *tone, "-c:v", "copy", "-c:a", "libopus", str(long))
    run_ffmpeg(ffmpeg, "-i", str(film), *tone, "-c:v", "vp9", "-c:a", "libopus", "-cues_to_front", "1", str(bare))
    piped.write_bytes(run_ffmpeg(ffmpeg, "-i", str(film), "-c", "copy", "-f", "matroska", "-"))
    assert [index_video(path).warnings for path in (film, long, bare, piped)] == [(), (), (), ()]


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.ts", "a.mov"])
@pytest.mark.parametrize("rate", [24, 25, 30, 50])
@pytest.mark.parametrize("missing", [(20, 21, 40), (56, 57, 58), (1, 30, 58)])
def test_a_film_that_lacks_some_frames_keeps_its_rate_and_its_shots_stand_in_time(
    tmp_path: Path, name: str, rate: int, missing: tuple[int, ...]
) -> None:
    slots = [slot for slot in range(60) if slot not in missing]
    whole = write_film(tmp_path / f"whole-{name}", 60, rate=Fraction(rate), options={"g": "1"})
    with av.open(str(whole)) as film, av.open(str(tmp_path / name), "w") as lacking:
        stream = lacking.add_stream_from_template(film.streams.video[0])
        for slot, packet in enumerate(packet for packet in film.demux(video=0) if packet.size):
            if slot not in missing:
                packet.stream = stream
                lacking.mux(packet)
    index = index_video(tmp_path / name)
    assert (index.rate, index.constant_rate) == (rate, False)
    source = Source("ab" * 32, str(tmp_path / name), "a", "a", "video", WIDTH, HEIGHT, "h264")
    timeline = make_timeline(source, index, shots_at([0, 10, 50, 57]))
    assert [place.start_slot for place in timeline.shots] == [0, slots[10], slots[50]]
    assert timeline.slot_count == 60
    named = name_frames(source, index, range(57))
    assert [frame.timecode for frame in named] == [str(timecode_at(Fraction(slot, rate), index.rate)) for slot in slots]


def test_a_film_whose_times_vary_gets_no_rate_that_it_does_not_keep(tmp_path: Path) -> None:
    times = [24 * slot + (0, 0, 9)[slot % 3] for slot in range(45)]
    assert index_video(write_film(tmp_path / "a.mov", 45, times=times)).rate != 25
    half = [slot for slot in range(90) if slot % 4 < 2]  # every other pair is missing: 25 is not its rate
    assert index_video(write_film(tmp_path / "b.mov", 45, times=[24 * slot for slot in half])).rate < 14


def test_a_film_whose_index_comes_first_says_that_it_is_cut_off(tmp_path: Path) -> None:
    path = write_film(tmp_path / "whole.mp4", 60)
    with (
        av.open(str(path)) as whole,
        av.open(str(tmp_path / "fast.mp4"), "w", options={"movflags": "faststart"}) as fast,
    ):
        stream = fast.add_stream_from_template(whole.streams.video[0])
        for packet in whole.demux(video=0):
            if packet.size:
                packet.stream = stream
                fast.mux(packet)
    data = (tmp_path / "fast.mp4").read_bytes()
    (tmp_path / "fast.mp4").write_bytes(data[: len(data) * 2 // 3])
    index = index_video(tmp_path / "fast.mp4")
    assert index.frame_count < 60
    assert any("cut off" in warning for warning in index.warnings)


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("empty.mp4", b"", "0 bytes"),
        ("text.mp4", b"To be filmed tomorrow.\n" * 20, "text file"),
        ("playlist.mp4", b"#EXTM3U\n#EXTINF:10,\nhttp://127.0.0.1:9/film.ts\n", "is an HLS playlist"),
        ("noise.mkv", random.Random(1).randbytes(4000), "not a film"),
        ("bare.mp4", b"\0\0\0\x18ftypisom\0\0\2\0isomiso2", "moov"),
    ],
)
def test_what_is_no_film_is_refused_with_a_reason(tmp_path: Path, name: str, content: bytes, reason: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(MediaError, match=reason):
        index_video(tmp_path / name)


def test_a_missing_film_a_folder_and_sound_alone_are_refused(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match="no such file"):
        index_video(tmp_path / "gone.mp4")
    with pytest.raises(MediaError, match="folder"):
        index_video(tmp_path)
    with pytest.raises(MediaError, match="only audio"):
        index_video(write_sound(tmp_path / "sound.mp4"))


def test_a_film_whose_index_was_never_written_says_so(tmp_path: Path) -> None:
    path = write_film(tmp_path / "cut.mp4")
    path.write_bytes(path.read_bytes()[:3000])
    with pytest.raises(MediaError, match="cut off"):
        index_video(path)


def test_runs_jump_over_keyframes_and_decode_through_short_gaps() -> None:
    index = VideoIndex(tuple(range(100)), Fraction(1, 25), Fraction(25), (0, 30, 60, 90), 8, 8, "h264", Fraction(4))
    runs = [(run.keyframe, run.ordinals) for run in plan_runs(index, [2, 28, 31, 65, 66, 99])]
    assert runs == [(None, (2, 28, 31)), (60, (65, 66)), (90, (99,))]


def test_where_seeking_is_a_search_only_a_long_gap_is_jumped_over() -> None:
    index = VideoIndex(
        tuple(range(100)), Fraction(1, 25), Fraction(25), (0, 30, 60, 90), 8, 8, "h264", Fraction(4), seek_gap=48
    )
    runs = [(run.keyframe, run.ordinals) for run in plan_runs(index, [2, 31, 65, 99])]
    assert runs == [(None, (2, 31, 65, 99))]


# Films of moving detail, in which frames refer to one another as far as the coding allows.
LAYERED = {
    "pyramid of 8.mp4": ("libx264", {"x264-params": "keyint=40:bframes=8:b-pyramid=normal:b-adapt=0:ref=6:scenecut=0"}),
    "strict pyramid.mkv": ("libx264", {"x264-params": "keyint=40:bframes=5:b-pyramid=strict:ref=4"}),
    "open gop.mp4": ("libx264", {"x264-params": "keyint=30:open-gop=1:bframes=3:b-pyramid=normal:b-adapt=0"}),
    "intra refresh.mp4": ("libx264", {"x264-params": "keyint=30:intra-refresh=1:bframes=3"}),
    "interlaced.mp4": ("libx264", {"x264-params": "keyint=30:interlaced=1:tff=1:bframes=3"}),
    "stream.ts": ("libx264", {"x264-params": "keyint=30:bframes=3:b-pyramid=normal"}),
    "hevc pyramid.mp4": ("libx265", {"x265-params": "keyint=40:bframes=8:b-adapt=0:scenecut=0:log-level=none"}),
    "hevc open gop.mkv": ("libx265", {"x265-params": "keyint=30:open-gop=1:bframes=4:log-level=none"}),
    "hevc layers.mp4": ("libx265", {"x265-params": "keyint=40:temporal-layers=3:bframes=5:log-level=none"}),
    "mpeg2.mpg": ("mpeg2video", {"bf": "2", "g": "15"}),
    "mpeg2.mkv": ("mpeg2video", {"bf": "4", "g": "15"}),
    "mpeg1.mpg": ("mpeg1video", {"bf": "2", "g": "15"}),
    "mpeg4.mp4": ("mpeg4", {"bf": "2", "g": "30"}),
    "vp9.webm": ("libvpx-vp9", {"g": "40", "auto-alt-ref": "1", "lag-in-frames": "16", "cpu-used": "4"}),
    "vp9 at once.mp4": ("libvpx-vp9", {"g": "40", "deadline": "realtime", "cpu-used": "8"}),
    "av1.mp4": ("libsvtav1", {"g": "40", "preset": "10", "svtav1-params": "lp=1"}),
}


def write_moving_film(path: Path, codec: str, options: dict[str, str]) -> list[npt.NDArray[np.uint8]]:
    """Write a film of 90 frames of moving, grainy detail; return its pixels, decoded from the first to the last."""
    dice = np.random.default_rng(0)
    ground = dice.integers(0, 255, (37, 45, 3), np.uint8).repeat(8, 0).repeat(8, 1)
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=25, options=options)
        stream.width, stream.height, stream.pix_fmt = 160, 96, "yuv420p"
        for ordinal in range(90):
            x, y = int(60 + 50 * np.sin(ordinal / 5)), int(60 + 50 * np.cos(ordinal / 7))
            seen = ground[y : y + 96, x : x + 160].astype(int)
            pixels = np.clip(seen + dice.integers(-6, 6, seen.shape), 0, 255).astype(np.uint8)
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24").reformat(format="yuv420p")
            frame.pts, frame.time_base = ordinal, Fraction(1, 25)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    to_rgb = ToRgb(160, 96, 0)
    with av.open(str(path)) as container:
        return [to_rgb(frame) for frame in container.decode(video=0)]


@pytest.mark.parametrize("name", LAYERED)
def test_leaving_out_frames_that_none_refers_to_changes_no_pixel(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    straight = write_moving_film(path, *LAYERED[name])
    index = index_video(path)
    assert index.frame_count == len(straight) == 90
    dice = random.Random(name)
    samples = [sorted(dice.sample(range(90), dice.choice([1, 1, 2, 4, 10, 30]))) for _ in range(12)]
    for wanted in [*samples, list(index.keyframes), list(range(0, 90, 7))]:
        for threads in (1, 2):
            found = list(decode_frames(path, index, wanted, threads=threads))
            assert [frame.ordinal for frame in found] == wanted
            for frame in found:
                assert isinstance(frame, DecodedFrame)
                assert np.array_equal(frame.pixels, straight[frame.ordinal]), (frame.ordinal, wanted, threads)


@pytest.mark.parametrize("threads", [1, 2, 3, 8])
def test_runs_that_are_decoded_side_by_side_come_in_order(tmp_path: Path, threads: int) -> None:
    path = write_film(tmp_path / "film.mp4", 200, options={"x264-params": "keyint=10:scenecut=0"})
    index = index_video(path)
    wanted = list(range(3, 200, 16))
    found = list(decode_frames(path, index, wanted, threads=threads))
    assert [ordinal_of(frame.pixels) for frame in found if isinstance(frame, DecodedFrame)] == wanted


def decoding_threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("decode-")]


def test_decoding_that_is_given_up_leaves_no_thread_behind(tmp_path: Path) -> None:
    path = write_film(tmp_path / "film.mp4", 200, options={"x264-params": "keyint=10:scenecut=0"})
    index = index_video(path)
    frames = decode_frames(path, index, range(3, 200, 16), threads=3)
    assert next(frames).ordinal == 3
    assert decoding_threads()
    frames.close()  # type: ignore[attr-defined]
    assert not decoding_threads()
    assert len(list(decode_frames(path, index, range(3, 200, 16), threads=3))) == 13
    assert not decoding_threads()


def test_a_film_that_goes_while_it_is_decoded_is_an_error_and_leaves_no_thread_behind(tmp_path: Path) -> None:
    path = write_film(tmp_path / "film.mp4", 200, options={"x264-params": "keyint=10:scenecut=0"})
    index = index_video(path)
    path.unlink()
    with pytest.raises(MediaError, match="no such file"):
        list(decode_frames(path, index, range(3, 200, 16), threads=3))
    assert not decoding_threads()


def test_few_frames_are_decoded_ahead_of_what_is_taken(tmp_path: Path) -> None:
    path = write_film(tmp_path / "film.mp4", 400, options={"x264-params": "keyint=10:scenecut=0"})
    index = index_video(path)
    frames = decode_frames(path, index, range(3, 400, 16), threads=2)
    next(frames)
    time.sleep(0.5)  # as long as it takes to decode all of it, several times over
    with_pixels = [item for item in gc.get_objects() if type(item) is DecodedFrame]
    assert 1 <= len(with_pixels) <= 10
    frames.close()  # type: ignore[attr-defined]


def test_damaged_frames_are_lost_where_runs_are_decoded_side_by_side(tmp_path: Path) -> None:
    path = write_film(tmp_path / "damaged.mp4", 100, options={"x264-params": "keyint=10:scenecut=0"})
    index = index_video(path)
    damage(path, 20, 30)
    wanted = list(range(4, 100, 10))
    found = list(decode_frames(path, index, wanted, threads=2))
    assert [frame.ordinal for frame in found] == wanted
    assert [frame.ordinal for frame in found if isinstance(frame, LostFrame)] == [24]
    assert all(ordinal_of(frame.pixels) == frame.ordinal for frame in found if isinstance(frame, DecodedFrame))


def test_an_encoder_named_in_the_first_packet_only_is_allowed_for_after_a_jump(media: Path) -> None:
    path = media / "videos" / "cockatoo_yuv444.mp4"  # of an x264 whose 4:4:4 decoders must mend
    index = index_video(path)
    to_rgb = ToRgb(index.width_pixels, index.height_pixels, index.flip)
    with av.open(str(path)) as container:
        straight = [to_rgb(frame) for frame in container.decode(video=0)]
    for threads in (1, 2):
        for frame in decode_frames(path, index, [100, 200], threads=threads):
            assert isinstance(frame, DecodedFrame)
            assert np.array_equal(frame.pixels, straight[frame.ordinal])


@pytest.mark.longer
@pytest.mark.slow
def test_the_index_of_every_real_film_is_what_decoding_all_of_it_gives(media: Path) -> None:
    with (media / "MANIFEST.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["path"].startswith("videos/")]
    for row in rows:
        path = media / row["path"]
        index = index_video(path)
        assert index.frame_count == int(row["frames_decoded"]), row["path"]
        wanted = sorted(random.Random(row["path"]).sample(range(index.frame_count), min(5, index.frame_count)))
        to_rgb = ToRgb(index.width_pixels, index.height_pixels, index.flip)
        seen: list[int | None] = []
        pixels: list[npt.NDArray[np.uint8]] = []
        with av.open(str(path)) as container:
            container.streams.video[0].thread_type = "AUTO"
            for ordinal, frame in enumerate(container.decode(video=0)):
                seen.append(frame.pts)
                if ordinal in wanted:
                    pixels.append(to_rgb(frame))
        assert list(index.pts) == seen, row["path"]
        found = [frame for frame in decode_frames(path, index, wanted) if isinstance(frame, DecodedFrame)]
        assert [frame.ordinal for frame in found] == wanted, row["path"]
        for frame, straight in zip(found, pixels, strict=True):
            assert np.array_equal(frame.pixels, straight), f"{row['path']}, frame {frame.ordinal}"
        assert found[0].pixels.shape == (index.height_pixels, index.width_pixels, 3), row["path"]


def test_every_hostile_film_has_an_outcome(media: Path) -> None:
    outcomes = {}
    for path in sorted((media / "hostile").iterdir()):
        if path.suffix not in {".mp4", ".flv", ".264", ".webm"}:
            continue
        try:
            index = index_video(path)
        except MediaError as error:
            outcomes[path.name] = error.reason
            continue
        found = list(decode_frames(path, index, range(index.frame_count)))
        assert [frame.ordinal for frame in found] == list(range(index.frame_count)), path.name
        outcomes[path.name] = f"{sum(isinstance(frame, DecodedFrame) for frame in found)}/{index.frame_count}"
    assert "moov" in outcomes["broken_header.mp4"]
    assert "box 'free'" in outcomes["malformed_free_box.mp4"]
    assert "encrypted" in outcomes["fragmented_uuid_no_frames.mp4"]
    assert outcomes["invalid_nalu.mp4"] == "26/30"
    assert outcomes["mdat_too_long.mp4"] == "30/30"
    assert outcomes["failing_audio.mp4"] == "280/280"
