"""What it costs to measure the camera's motion, beside the bare decode of the same 1080p H.264, one core each."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.films import make_films
from benchmarks.harness import Outcome, Say, Target, find_media, in_turns
from rushes.footage.motion import follow, prepare
from rushes.footage.movement_model import read_movement
from rushes.footage.planes import Shrinker
from rushes.footage.scan import scan_film
from rushes.footage.scanner import SLOW_STEPS, motion_stride
from rushes.footage.video import index_video
from rushes.footage.video_index import VideoIndex
from rushes.storage.files import digest_of_file

if TYPE_CHECKING:
    import av

TARGET = Target("ours", 0.3)
_SECONDS = 10
_SHOT_SECONDS = 2.5
_ROUNDS = 5


def measure(say: Say) -> Outcome:
    import cv2

    say(
        "The movement branch on decoded frames (made small, corners found, followed to the next measured frame and over"
    )
    say(
        "three, eight times a second; features and scores of a shot every 2.5 s), beside PyAV decoding the same frames."
    )
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        cost = _compare(make_films([48], say=say)[0], "1080p, H.264, painted", say)
        media = find_media()
        if media is not None:
            _compare(media / "videos" / "trailer_shots" / "LS_motion.mp4", "1080p, H.264, a trailer's shot", say)
    finally:
        cv2.setNumThreads(threads)
    return Outcome("movement_cost", cost, None, "x of the decode", TARGET)


def _compare(film: Path, words: str, say: Say) -> float:
    """Return the processor time of the branch as a share of that of the decode."""
    digest_of_file(film)  # from here on the file is in memory
    index = index_video(film)
    count = min(index.frame_count, round(index.rate * _SECONDS))
    stride = motion_stride(index.rate)
    frames = [frame for ordinal, frame in enumerate(_decoded(film, count)) if ordinal % stride == 0]
    signals = scan_film(film, index, source="").signals
    length = max(1, round(index.rate * _SHOT_SECONDS))

    def branch() -> None:
        _follow_all(frames, index, stride)
        for start in range(0, count, length):
            read_movement(signals, start, min(count, start + length))

    def decode() -> None:
        for _ in _decoded(film, count):
            pass

    turns = in_turns(branch, decode, rounds=_ROUNDS)
    cost = 1 / turns.cpu_ratio
    per_second = turns.over(count)
    say(f"Input: {words}, {count} frames, {len(frames)} of them measured")
    say(f"  branch {1000 * per_second.ours_seconds:.2f} ms a frame of the film, decode "
        f"{1000 * per_second.peer_seconds:.2f} ms: {cost:.2f} of its processor time "
        f"(medians of {_ROUNDS})")  # fmt: skip
    return cost


def _follow_all(frames: list[av.VideoFrame], index: VideoIndex, stride: int) -> None:
    shrink = Shrinker(index.width_pixels, index.height_pixels, index.flip)
    seen = []
    for number, frame in enumerate(frames):
        now = prepare(shrink(frame).luma, float(index.seconds_at(number * stride)))
        for before in {1, SLOW_STEPS}:
            if number >= before:
                follow(seen[number - before], now)
        seen.append(now)


def _decoded(film: Path, count: int) -> Iterator[av.VideoFrame]:
    import av

    with av.open(str(film)) as container:
        stream = container.streams.video[0]
        stream.thread_type = "NONE"
        stream.codec_context.thread_count = 1
        yield from islice(container.decode(stream), count)
