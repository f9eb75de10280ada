"""An hour of film sent to `rushes serve`, from the upload to the answer, beside a bare decode of the same film."""

from __future__ import annotations

import tempfile
import threading
import time
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import httpx

from benchmarks.films import make_films
from benchmarks.harness import Outcome, Say, Target, Timing, format_seconds, time_call
from benchmarks.hostile_uploads import Process, make_bundle, serve_apart
from benchmarks.transcoded import repeat, transcode
from rushes.footage.sampling import Every, plan_ordinals
from rushes.footage.video import decode_frames, index_video

TARGET = Target("ratio", 1)
_KEYFRAMES, _HEIGHT, _UNIT_SECONDS, _MINUTES = 250, 720, 45, 60
_EVERY_SECONDS = 1
_LOOK_SECONDS = 0.1


def measure(say: Say) -> Outcome:
    say(f"An hour of film, a frame every {_EVERY_SECONDS} s, by a MobileNetV2 of 224 pixels: POST /jobs to the answer; "
        "the peer decodes every frame and does nothing with it.")  # fmt: skip
    unit = transcode(
        make_films([_KEYFRAMES], say=say)[0], codec="libx264", height=_HEIGHT, seconds=_UNIT_SECONDS, say=say
    )
    film = repeat(unit, times=_MINUTES * 60 // _UNIT_SECONDS)
    index = index_video(film)
    say(f"Input: {index.frame_count:,} frames of H.264 in {film.stat().st_size / 1e6:,.0f} MB, a keyframe after "
        f"{index.frame_count / len(index.keyframes):.0f} frames on average")  # fmt: skip
    with tempfile.TemporaryDirectory() as folder, serve_apart(make_bundle(Path(folder)), Path(folder)) as process:
        seconds, answer, peaks = _ask(process, film)
    bare = time_call(lambda: _decode_all(film))
    ordinals = plan_ordinals(index, Every(Fraction(_EVERY_SECONDS)))
    sparse = time_call(lambda: sum(1 for _ in decode_frames(film, index, ordinals)))
    _say_times(say, seconds, answer, bare, sparse)
    say(
        f"  at most {max(peaks):.0f} MB in the process of the film, {len(answer['timeline']):,} stretches in the answer"
    )
    return Outcome("hour_film", seconds, bare.wall_seconds, "s", TARGET, answer["sampled_frames"] == len(ordinals))


def _say_times(say: Say, seconds: float, answer: dict[str, Any], bare: Timing, sparse: Timing) -> None:
    say(f"  answered in {format_seconds(seconds)}, of which the upload took "
        f"{format_seconds(answer['upload_seconds'])}; {answer['sampled_frames']:,} frames were looked at")  # fmt: skip
    say(f"  every frame decoded: {format_seconds(bare.wall_seconds)}; the sampled ones alone, by rushes: "
        f"{format_seconds(sparse.wall_seconds)}")  # fmt: skip
    say(f"  the answer takes {seconds / bare.wall_seconds:.2f} x the decode of every frame, and "
        f"{seconds / sparse.wall_seconds:.2f} x that of the sampled ones")  # fmt: skip


def _ask(process: Process, film: Path) -> tuple[float, dict[str, Any], list[float]]:
    """Return the seconds from the first byte sent to the answer, the answer, and what the worker's memory was."""
    peaks, over = [0.0], threading.Event()

    def watch() -> None:
        while not over.wait(0.5):
            with suppress(OSError):
                peaks.append(max(size for pid, size in process.memory().items() if pid != process.pid) / 1e6)

    watching = threading.Thread(target=watch)
    watching.start()
    try:
        with httpx.Client(base_url=process.address, timeout=600) as client:
            begun = time.monotonic()
            with film.open("rb") as file:
                posted = client.post("/jobs", files={"file": file}, data={"every": f"{_EVERY_SECONDS}s"})
            posted.raise_for_status()
            uploaded = time.monotonic() - begun
            while (table := client.get(posted.headers["location"]).json())["state"] in ("queued", "running"):
                time.sleep(_LOOK_SECONDS)
            seconds = time.monotonic() - begun
    finally:
        over.set()
        watching.join()
    if table["state"] != "done":
        raise RuntimeError(f"the job ended so: {table}")
    return seconds, table["result"] | {"upload_seconds": uploaded}, peaks


def _decode_all(film: Path) -> int:
    with av.open(str(film)) as container:
        stream = container.streams.video[0]
        stream.thread_type = "AUTO"
        return sum(1 for _ in container.decode(stream))
