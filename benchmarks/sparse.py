"""One frame every 8 seconds of a film beside an OpenCV loop, key frames beside ffmpeg, and the index by the header."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from fractions import Fraction
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmarks.films import HEIGHT, MINUTES, RATE, WIDTH, make_films, make_long_film
from benchmarks.harness import Outcome, Say, Target, Timing, Turns, format_seconds, in_turns, time_call
from rushes.footage.picture import encode_picture
from rushes.footage.sampling import Every, EveryKeyframe, plan_ordinals
from rushes.footage.video import DecodedFrame, decode_frames, index_video, plan_runs
from rushes.footage.video_index import VideoIndex
from rushes.storage.files import digest_of_file

TARGET = Target("ratio", 10)
_EVERY_SECONDS = 8
_FILM, _STREAM = 250, 48  # x264's own distance between keyframes, and that of streams: two seconds

Picture = npt.NDArray[np.uint8]


def measure(say: Say) -> Outcome:
    say(f"Taking a frame every {_EVERY_SECONDS} s: rushes indexes, seeks and decodes what it must; "
        "OpenCV reads every frame and keeps some.")  # fmt: skip
    film, stream = make_films((_FILM, _STREAM), say=say)
    cases = {
        "x264's own keyframes": _compare(
            film, f"a keyframe at cuts, {_FILM} frames apart at the most, as x264 does by itself", say
        ),
        "keyframes as in streams": _compare(
            stream, f"the same pictures, keyframes {_STREAM} frames apart at the most, as in streams", say
        ),
    }
    _compare_keyframes(stream, say)
    _compare_indexing(make_long_film(say=say), say)
    slower, turns = min(cases.items(), key=lambda case: case[1].ratio)
    say(f"The line below is of the slower case: {slower}.")
    return Outcome("sparse", turns.ours_seconds, turns.peer_seconds, "s", TARGET)


def _compare(film: Path, words: str, say: Say) -> Turns:
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
        rounds=2,
    )
    _check(taken["ours"], taken["peer"])
    say(f"  {len(ordinals)} frames are wanted; from the keyframes before them on, {decoded:,} of {index.frame_count:,} "
        "are looked at, and those of them decoded that others need")  # fmt: skip
    say(f"  {turns}; of ours, the index took {format_seconds(indexing.wall_seconds)}")
    loop = time_call(lambda: _grab(film))
    say(f"  A loop that grabs every frame and retrieves the wanted ones only: {format_seconds(loop.wall_seconds)}, "
        f"{loop.wall_seconds / turns.ours_seconds:.1f} x ours on the wall")  # fmt: skip
    near = time_call(lambda: taken.update(near=_near(film)))
    say(f"  The quick way, --every {_EVERY_SECONDS}s --keyframes, the nearest keyframe of each multiple: "
        f"{len(taken['near'])} frames in {format_seconds(near.wall_seconds)}, "
        f"{turns.peer_seconds / near.wall_seconds:.0f} x on the wall")  # fmt: skip
    return turns


def _compare_keyframes(film: Path, say: Say) -> None:
    """Compare taking all keyframes with what the ffmpeg program takes for them, where there is one."""
    ffmpeg = shutil.which("ffmpeg")
    if ffmpeg is None:
        say("Keyframes alone: not measured, there is no ffmpeg on this machine")
        return
    say(f"Keyframes alone, {index_video(film).frame_count:,} frames of which {len(index_video(film).keyframes)} are; "
        "the peer is ffmpeg -skip_frame nokey")  # fmt: skip
    words = [ffmpeg, "-v", "error", "-skip_frame", "nokey", "-i", str(film)]
    with tempfile.TemporaryDirectory() as folder:
        ours, theirs = Path(folder) / "ours", Path(folder) / "theirs"
        ours.mkdir()
        theirs.mkdir()
        for title, call, program in (
            (
                "decoded as RGB, against decoded and dropped",
                lambda: _keyframes(film, None),
                [*words, "-f", "null", "-"],
            ),
            (
                "written as JPEG of full size",
                lambda: _keyframes(film, ours),
                [*words, "-fps_mode", "passthrough", "-q:v", "3", str(theirs / "%05d.jpg")],
            ),
        ):
            rounds = [(time_call(call), _time_program(program)) for _ in range(2)]
            turns = Turns(tuple(one for one, _ in rounds), tuple(other for _, other in rounds))
            say(f"  {title}: {turns}")
        if len(list(ours.iterdir())) != len(list(theirs.iterdir())):
            raise ValueError("rushes and ffmpeg wrote different numbers of keyframes")


def _compare_indexing(film: Path, say: Say) -> None:
    digest_of_file(film)
    found: dict[str, int] = {}
    turns = in_turns(
        lambda: found.update(ours=index_video(film).frame_count),
        lambda: found.update(peer=len(_packet_times(film))),
        rounds=3,
    )
    if found["ours"] != found["peer"]:
        raise ValueError(f"the header names {found['ours']} frames and the packets {found['peer']}")
    say(f"Index of {found['ours']:,} frames in {film.stat().st_size / 1e6:.0f} MB, by the header and the first frame; "
        "the peer is a loop over all packets")  # fmt: skip
    say(f"  {turns}; the loop reads the whole film, so that it takes the longer the larger the file is")


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


def _near(film: Path) -> list[Picture]:
    index = index_video(film)
    ordinals = plan_ordinals(index, EveryKeyframe(Fraction(_EVERY_SECONDS)))
    return [frame.pixels for frame in decode_frames(film, index, ordinals) if isinstance(frame, DecodedFrame)]


def _keyframes(film: Path, folder: Path | None) -> None:
    index = index_video(film)
    for frame in decode_frames(film, index, index.keyframes):
        if isinstance(frame, DecodedFrame) and folder is not None:
            (folder / f"{frame.ordinal:05d}.jpg").write_bytes(encode_picture(frame.pixels, "jpeg", 90))


def _packet_times(film: Path) -> list[int]:
    import av

    with av.open(str(film)) as container:
        return sorted(packet.pts for packet in container.demux(video=0) if packet.size and packet.pts is not None)


def _time_program(words: list[str]) -> Timing:
    """Return what another program takes, on the wall and on processors."""
    before, started = os.times(), time.perf_counter()
    subprocess.run(words, check=True, stdin=subprocess.DEVNULL)
    wall, after = time.perf_counter() - started, os.times()
    return Timing(wall, after.children_user + after.children_system - before.children_user - before.children_system)


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
