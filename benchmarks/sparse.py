"""One frame every 8 seconds of a film, beside an OpenCV loop that reads every frame."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmarks.films import HEIGHT, MINUTES, RATE, WIDTH, make_films
from benchmarks.harness import Outcome, Say, Target, Timing, Turns, format_seconds, in_turns, time_call
from rushes.footage.sampling import Every, plan_ordinals
from rushes.footage.video import DecodedFrame, VideoIndex, decode_frames, index_video, plan_runs
from rushes.storage.files import digest_of_file

TARGET = Target("ratio", 10)
_EVERY_SECONDS = 8
_FILM, _STREAM = 250, 48  # x264's own distance between keyframes, and that of streams: two seconds

Picture = npt.NDArray[np.uint8]


def measure(say: Say) -> Outcome:
    say(f"Taking a frame every {_EVERY_SECONDS} s: rushes indexes, seeks and decodes what it must; "
        "OpenCV reads every frame and keeps some.")  # fmt: skip
    film, stream = make_films((_FILM, _STREAM), say=say)
    turns = _compare(
        film, f"a keyframe at cuts, {_FILM} frames apart at the most, as x264 does by itself", say, rounds=2
    )
    loop = time_call(lambda: _grab(film))
    say(f"  A loop that grabs every frame and retrieves the wanted ones only: {format_seconds(loop.wall_seconds)}, "
        f"{loop.wall_seconds / turns.ours_seconds:.1f} x ours on the wall")  # fmt: skip
    _compare(stream, f"the same pictures, keyframes {_STREAM} frames apart at the most, as in streams", say, rounds=1)
    return Outcome("sparse", turns.ours_seconds, turns.peer_seconds, "s", TARGET)


def _compare(film: Path, words: str, say: Say, *, rounds: int) -> Turns:
    digest_of_file(film)  # from here on the file is in memory, for both
    index, indexing = _index(film)
    ordinals = plan_ordinals(index, Every(Fraction(_EVERY_SECONDS)))
    decoded = sum(run.ordinals[-1] - (run.keyframe or 0) + 1 for run in plan_runs(index, ordinals))
    say(f"Input: {MINUTES} min, {WIDTH} x {HEIGHT}, {RATE} per second, H.264, "
        f"{film.stat().st_size * 8 / MINUTES / 60 / 1e6:.1f} Mbit/s; {words}")  # fmt: skip
    taken: dict[str, list[Picture]] = {}
    turns = in_turns(
        lambda: taken.update(ours=_ours(film)),
        lambda: taken.update(peer=_peer(film)),
        rounds=rounds,
    )
    _check(taken["ours"], taken["peer"])
    say(f"  {len(ordinals)} frames are wanted; from the keyframes before them on, {decoded:,} of {index.frame_count:,} "
        "must be decoded")  # fmt: skip
    say(f"  {turns}; of ours, the index took {format_seconds(indexing.wall_seconds)}")
    return turns


def _check(ours: list[Picture], peer: list[Picture]) -> None:
    """Raise ValueError unless both took the same frames; OpenCV shows all films in BT.601, so that colours differ."""
    if len(ours) != len(peer):
        raise ValueError(f"rushes took {len(ours)} frames and OpenCV {len(peer)}")
    for number, (one, other) in enumerate(zip(ours, peer, strict=True)):
        alike = float(np.corrcoef(one[::4, ::4, 1].ravel(), other[::4, ::4, 1].ravel())[0, 1])
        if alike < 0.95:
            raise ValueError(f"frame {number} is not the same in both: their pixels correlate by {alike:.3f} only")


def _index(film: Path) -> tuple[VideoIndex, Timing]:
    kept: list[VideoIndex] = []
    timing = time_call(lambda: kept.append(index_video(film)))
    return kept[0], timing


def _ours(film: Path) -> list[Picture]:
    index = index_video(film)
    ordinals = plan_ordinals(index, Every(Fraction(_EVERY_SECONDS)))
    return [frame.pixels for frame in decode_frames(film, index, ordinals) if isinstance(frame, DecodedFrame)]


def _peer(film: Path) -> list[Picture]:
    import cv2

    capture = cv2.VideoCapture(str(film))
    kept: list[Picture] = []
    number = 0
    while True:
        there, pixels = capture.read()
        if not there:
            return kept
        if number % (_EVERY_SECONDS * RATE) == 0:
            kept.append(np.asarray(cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB), np.uint8))
        number += 1


def _grab(film: Path) -> None:
    import cv2

    capture, number = cv2.VideoCapture(str(film)), 0
    while capture.grab():
        if number % (_EVERY_SECONDS * RATE) == 0:
            capture.retrieve()
        number += 1
