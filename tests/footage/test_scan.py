from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import fields, replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from footage.painted import damage, ordinal_of, write_film, write_large_film
from footage.spliced import index_of, pan, still, write_frames
from rushes.errors import MediaError
from rushes.footage.scan import plan_segments, scan_film
from rushes.footage.scanner import warm_up_of
from rushes.footage.signals import Signals
from rushes.footage.video import DecodedFrame, index_video
from rushes.footage.video_index import VideoIndex
from rushes.storage.places import parse_place
from rushes.storage.reading import BLOCK_BYTES, held
from storage.servers import web_server


class Kept:
    """What a scan hands on, from any thread."""

    def __init__(self) -> None:
        self.frames: list[DecodedFrame] = []
        self._lock = threading.Lock()

    def __call__(self, frame: DecodedFrame) -> None:
        with self._lock:
            self.frames.append(frame)

    @property
    def painted(self) -> list[tuple[int, int]]:
        return sorted((frame.ordinal, ordinal_of(frame.pixels)) for frame in self.frames)


def same(one: Signals, other: Signals) -> bool:
    pairs = [(getattr(one, field.name), getattr(other, field.name)) for field in fields(Signals)]
    return all(
        np.array_equal(a, b, equal_nan=a.dtype.kind == "f") if isinstance(a, np.ndarray) else a == b for a, b in pairs
    )


def test_one_pass_gives_the_signals_of_every_frame_and_the_wanted_frames(tmp_path: Path) -> None:
    path = write_film(tmp_path / "film.mp4", 60)
    index = index_video(path)
    kept = Kept()
    scan = scan_film(path, index, source="abc", wanted=[0, 7, 8, 41, 59], keep=kept)
    assert kept.painted == [(o, o) for o in (0, 7, 8, 41, 59)]
    assert scan.signals.ordinal.tolist() == list(range(60))
    assert scan.signals.pts.tolist() == list(index.pts)
    assert scan.signals.source == "abc"
    assert scan.lost == ()
    assert scan.damaged_packets == 0
    assert scan.signals.keyframe.tolist() == [o in index.keyframes for o in range(60)]


@pytest.fixture(scope="module")
def long_film(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, VideoIndex]:
    frames = []
    for seed in range(12):
        frames += pan(seed, 90, seed % 3) if seed % 2 else still(seed, 90)
    path = write_frames(tmp_path_factory.mktemp("long") / "long.mp4", frames, rate=12)
    return path, index_video(path)


def test_a_film_that_is_cut_into_segments_gives_the_signals_of_one_go(long_film: tuple[Path, VideoIndex]) -> None:
    path, index = long_film
    segments = plan_segments(index, threads=2)
    assert len(segments) > 2
    wanted = range(0, index.frame_count, 50)
    one, many = Kept(), Kept()
    whole = scan_film(path, index, source="", wanted=wanted, keep=one, threads=1)
    divided = scan_film(path, index, source="", wanted=wanted, keep=many, threads=2)
    assert same(whole.signals, divided.signals)
    assert sorted(frame.ordinal for frame in many.frames) == list(wanted)
    before = {frame.ordinal: frame.pixels for frame in one.frames}
    assert all(np.array_equal(before[frame.ordinal], frame.pixels) for frame in many.frames)


@pytest.mark.longer
@pytest.mark.parametrize("threads", [2, 5])
def test_threads_that_scan_a_remote_film_fetch_it_about_once(tmp_path: Path, threads: int) -> None:
    pytest.importorskip("obstore", reason="the extra 'cloud' is not installed")
    path = write_large_film(tmp_path / "film.mp4", 3000)
    index = index_video(path)
    assert len(plan_segments(index, threads=threads)) > threads
    with web_server() as web:
        film = parse_place(web.put("/film.mp4", path.read_bytes()))
        with held(film):
            scan = scan_film(film, index, source="abc", threads=threads)
        assert web.sent["/film.mp4"] < 1.5 * path.stat().st_size
        assert len(web.asked) < path.stat().st_size / BLOCK_BYTES / 2  # each reads ahead
    assert same(scan.signals, scan_film(path, index, source="abc", threads=1).signals)


def test_a_remote_film_that_is_gone_in_the_middle_of_a_scan_ends_it(tmp_path: Path) -> None:
    pytest.importorskip("obstore", reason="the extra 'cloud' is not installed")
    path = write_large_film(tmp_path / "film.mp4", 900)
    index = index_video(path)
    with web_server() as web:
        film = parse_place(web.put("/film.mp4", path.read_bytes()))
        web.before = lambda asked, number: number == 7 and web.files.pop(asked, None)
        with held(film), pytest.raises(MediaError, match="no longer there"):
            scan_film(film, index, source="abc", threads=2)


def test_where_no_seek_leads_to_a_segment_the_film_is_scanned_in_one_go(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = write_film(tmp_path / "film.mkv", 700, options={"x264-params": "keyint=10:scenecut=0:bframes=0"})
    index = index_video(path)
    # Its first half goes after it was indexed: a seek into it comes out behind what is sought.
    with av.open(str(path)) as source, av.open(str(tmp_path / "half.mkv"), "w") as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.pts is not None and packet.pts >= index.pts[400]:
                packet.stream = stream
                target.mux(packet)
    kept = Kept()
    with caplog.at_level("INFO"):
        scan = scan_film(tmp_path / "half.mkv", index, source="", wanted=[100, 450, 699], keep=kept, threads=2)
    assert "seeking leads astray" in caplog.text
    assert [frame.ordinal for frame in scan.lost] == list(range(400))
    assert scan.signals.ordinal.tolist() == list(range(400, 700))
    assert kept.painted == [(450, 450), (699, 699)]


SOUGHT_OTHERWISE = {
    "stream.ts": {"codec": "libx264"},
    "mpeg.ts": {"codec": "mpeg2video"},
    "refresh.mp4": {"codec": "libx264", "options": {"x264-params": "intra-refresh=1:keyint=24"}},
    "refresh.mkv": {"codec": "libx264", "options": {"x264-params": "intra-refresh=1:keyint=24"}},
    "open.mkv": {"codec": "libx264", "options": {"x264-params": "open-gop=1:keyint=24:bframes=3"}},
}


@pytest.mark.parametrize("name", SOUGHT_OTHERWISE)
def test_films_that_are_hard_to_seek_give_every_frame(tmp_path: Path, name: str) -> None:
    path = write_film(tmp_path / name, 700, **SOUGHT_OTHERWISE[name])  # type: ignore[arg-type]
    index = index_video(path)
    assert len(plan_segments(index, threads=2)) > 1
    kept = Kept()
    divided = scan_film(path, index, source="", wanted=range(0, 700, 50), keep=kept, threads=2)
    assert divided.is_whole
    assert divided.lost == ()
    assert kept.painted == [(ordinal, ordinal) for ordinal in range(0, 700, 50)]
    assert same(divided.signals, scan_film(path, index, source="", threads=1).signals)


def test_a_damaged_keyframe_at_a_seam_costs_no_more_than_in_one_go(tmp_path: Path) -> None:
    path = write_film(tmp_path / "film.mp4", 700, options={"x264-params": "keyint=10:scenecut=0"})
    index = index_video(path)
    seam = plan_segments(index, threads=2)[1]
    assert seam.seek is not None
    damage(path, seam.seek, seam.seek + 1)
    one, divided = (scan_film(path, index, source="", threads=threads) for threads in (1, 2))
    assert divided.is_whole
    assert [frame.ordinal for frame in divided.lost] == [frame.ordinal for frame in one.lost]
    assert divided.damaged_packets == one.damaged_packets


def test_a_film_of_which_nothing_can_be_decoded_says_so(tmp_path: Path) -> None:
    path = write_film(tmp_path / "film.mp4", 30)
    index = index_video(path)
    damage(path, 0, 30)
    with pytest.raises(MediaError, match="gave no frame: all of its data is damaged"):
        scan_film(path, index, source="")


def test_opencv_has_its_threads_back_after_scans_side_by_side(tmp_path: Path) -> None:
    import cv2

    before = cv2.getNumThreads()
    films = [write_film(tmp_path / f"{number}.mp4", 60) for number in range(3)]
    threads = [
        threading.Thread(target=lambda film=film: scan_film(film, index_video(film), source="")) for film in films
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert cv2.getNumThreads() == before


@given(
    keys=st.lists(st.integers(1, 30_000), max_size=300),
    frame_count=st.integers(1, 30_000),
    threads=st.integers(1, 8),
    rate=st.sampled_from([Fraction(24), Fraction(30000, 1001), Fraction(5), Fraction(120)]),
)
def test_segments_are_the_whole_film_in_order(
    keys: Sequence[int], frame_count: int, threads: int, rate: Fraction
) -> None:
    keyframes = tuple(sorted({0, *(key for key in keys if key < frame_count)}))
    index = replace(index_of(frame_count, rate), keyframes=keyframes)
    segments = plan_segments(index, threads=threads)
    assert segments[0].start == 0
    assert segments[-1].stop == frame_count
    assert all(one.stop == other.start for one, other in pairwise(segments))
    for segment in segments:
        assert segment.first <= segment.start < segment.stop <= segment.end <= frame_count
        assert segment.seek in (None, *keyframes)
        assert segment.start == 0 or segment.start - segment.first == warm_up_of(rate)


def test_a_film_without_exact_times_is_scanned_by_counting(tmp_path: Path) -> None:
    path = write_film(tmp_path / "raw.h264", 30)
    index = index_video(path)
    assert not index.exact
    kept = Kept()
    scan = scan_film(path, index, source="", wanted=[3, 29], keep=kept)
    assert kept.painted == [(3, 3), (29, 29)]
    assert scan.signals.frame_count == 30


def test_a_scan_that_is_stopped_returns_what_it_has(tmp_path: Path) -> None:
    path = write_film(tmp_path / "film.mp4", 200)
    index = index_video(path)
    scan = scan_film(path, index, source="", stopped=lambda: True)
    assert 0 < scan.signals.frame_count < 200
    assert scan.lost == ()


def test_damaged_frames_are_lost_and_the_rest_goes_on(tmp_path: Path) -> None:
    path = write_film(tmp_path / "film.mp4", 60, options={"x264-params": "keyint=10:scenecut=0"})
    index = index_video(path)
    damage(path, 20, 30)
    scan = scan_film(path, index, source="")
    lost = {frame.ordinal for frame in scan.lost}
    assert lost & set(range(20, 30))
    assert scan.damaged_packets >= len(lost)
    assert sorted([*lost, *scan.signals.ordinal.tolist()]) == list(range(60))


def test_progress_ends_at_all_frames(tmp_path: Path) -> None:
    path = write_film(tmp_path / "film.mp4", 120)
    told: list[tuple[int, int | None]] = []
    scan_film(path, index_video(path), source="", progress=lambda done, total, note="": told.append((done, total)))
    assert told[-1] == (120, 120)
    assert [done for done, _ in told] == sorted(done for done, _ in told)


def test_what_is_outside_the_film_is_refused(tmp_path: Path) -> None:
    path = write_film(tmp_path / "film.mp4", 20)
    index = index_video(path)
    with pytest.raises(ValueError, match="ordinals are 0 to 19"):
        scan_film(path, index, source="", wanted=[20])
    with pytest.raises(MediaError, match="no such file"):
        scan_film(tmp_path / "gone.mp4", index, source="")


def test_an_error_of_the_one_who_keeps_frames_comes_through(long_film: tuple[Path, VideoIndex]) -> None:
    path, index = long_film

    def keep(frame: DecodedFrame) -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        scan_film(path, index, source="", wanted=[500], keep=keep, threads=2)
