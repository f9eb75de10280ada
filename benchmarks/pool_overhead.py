"""What the pool and the cluster's engine cost, beside a bare ProcessPoolExecutor on the same files and pictures."""

from __future__ import annotations

import io
import multiprocessing
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from PIL import Image, ImageFilter

from benchmarks.harness import Outcome, Say, Target, Turns, format_seconds, in_turns, time_call
from rushes.errors import RushesError, is_installed
from rushes.scale.choose import open_engine
from rushes.scale.engine import Chore, Engine, Seat, Work, in_order

TARGET = Target("ours", 1.1)
_WORKERS = 2
_ROUNDS, _ROUNDS_ON_RAY = 5, 2
_FILES, _PICTURES = 2_000, 20_000
_LOOKS = 50  # pictures that differ; the files are copies of them

Task = tuple[Callable[[str], Any], Sequence[Path], int]  # what is done with a file, the files, how many go at once


def measure(say: Say) -> Outcome:
    say(f"The same work in {_WORKERS} processes: by the pool, and by concurrent.futures.ProcessPoolExecutor (spawn, "
        f"map with the same chunks). Both start their processes anew each time; {_ROUNDS} rounds.")  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        tasks: dict[str, Task] = {
            f"{_FILES:,} photographs of 1,600 x 1,066 (digest and decode)": (
                read_file, write_pictures(Path(folder, "files"), count=_FILES, size=(1600, 1066)), 8
            ),
            f"{_PICTURES:,} pictures of 160 x 120 (decode and signature)": (
                look_at, write_pictures(Path(folder, "pictures"), count=_PICTURES, size=(160, 120)), 64
            ),
        }  # fmt: skip
        ratios = [_compare(task, what, say) for what, task in tasks.items()]
        _try_ray(tasks, say)
    return Outcome("pool_overhead", max(ratios), 1.0, "x the bare pool's time, the worse of two", TARGET)


def _compare(task: Task, what: str, say: Say) -> float:
    """Return the median over the rounds of our time / the bare pool's."""
    do, paths, together = task
    answers: dict[str, list[Any]] = {}

    def by_pool() -> None:
        with closing(open_engine("here", workers=_WORKERS)) as engine:
            answers["ours"] = by_engine(engine, task)

    def by_executor() -> None:
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(_WORKERS, mp_context=context) as pool:
            answers["peer"] = list(pool.map(do, map(str, paths), chunksize=together))

    turns = in_turns(by_pool, by_executor, rounds=_ROUNDS)
    if answers["ours"] != answers["peer"]:
        raise RuntimeError(f"{what}: the answers differ")
    ratio = ratio_of(turns)
    say(f"{what}: pool {format_seconds(turns.ours_seconds)}, bare pool {format_seconds(turns.peer_seconds)} (medians); "
        f"{ratio:.2f} x in the median of the rounds. The answers are equal.")  # fmt: skip
    return ratio


def ratio_of(turns: Turns) -> float:
    """Return our time / the peer's, the median over the rounds: what else the machine does changes between them."""
    pairs = zip(turns.ours, turns.peer, strict=True)
    return median(ours.wall_seconds / peer.wall_seconds for ours, peer in pairs)


def _try_ray(tasks: dict[str, Task], say: Say) -> None:
    if not is_installed("ray"):
        say("Ray is not installed: the cluster's engine was not measured.")
        return
    try:
        with closing(open_engine("ray", workers=_WORKERS)) as engine:
            start = time_call(lambda: by_engine(engine, (read_file, [], 1)))
            say(f"On Ray, which is here already or is started in {format_seconds(start.wall_seconds)}:")
            for what, task in tasks.items():
                _compare_started(engine, task, what, say)
    except RushesError as error:
        say(f"Ray does not start here: {error}")


def _compare_started(engine: Engine, task: Task, what: str, say: Say) -> None:
    """Tell what an engine that runs already takes, beside the bare pool with its start."""
    do, paths, together = task
    context = multiprocessing.get_context("spawn")

    def by_executor() -> None:
        with ProcessPoolExecutor(_WORKERS, mp_context=context) as pool:
            list(pool.map(do, map(str, paths), chunksize=together))

    turns = in_turns(lambda: by_engine(engine, task), by_executor, rounds=_ROUNDS_ON_RAY)
    say(f"{what}: Ray {format_seconds(turns.ours_seconds)}, bare pool {format_seconds(turns.peer_seconds)} (medians); "
        f"{ratio_of(turns):.2f} x in {_ROUNDS_ON_RAY} rounds.")  # fmt: skip


def by_engine(engine: Engine, task: Task) -> list[Any]:
    """Return the answers of an engine, in the order of the paths."""
    do, paths, together = task
    work: Work[str, Any] = Work(partial(build, do), "looking", together=together)
    return [done.answer for done in in_order(engine.map(work, [str(path) for path in paths]))]


def build(do: Callable[[str], Any], seat: Seat) -> Chore:
    return lambda paths: [do(path) for path in paths]


def read_file(path: str) -> tuple[str, int, int]:
    """Return the digest of a photograph, and how large it is once decoded."""
    from rushes.footage.pictures import read_picture
    from rushes.storage.files import digest_of_file

    height, width = read_picture(Path(path)).shape[:2]
    return digest_of_file(Path(path)), height, width


def look_at(path: str) -> int:
    """Return the signature of a picture."""
    from rushes.footage.pictures import read_picture
    from rushes.footage.signature import signature_of

    return signature_of(read_picture(Path(path)))


def write_pictures(folder: Path, *, count: int, size: tuple[int, int]) -> list[Path]:
    """Write so many JPEGs of blurred noise, which compress about as photographs do, and return where they are."""
    folder.mkdir(parents=True)
    dice = np.random.default_rng(0)
    looks = []
    for _ in range(min(_LOOKS, count)):
        noise = Image.fromarray(dice.integers(0, 256, (size[1] // 4, size[0] // 4, 3), np.uint8))
        data = io.BytesIO()
        noise.resize(size).filter(ImageFilter.GaussianBlur(2)).save(data, "JPEG", quality=85)
        looks.append(data.getvalue())
    paths = [folder / f"{number:05d}.jpg" for number in range(count)]
    for number, path in enumerate(paths):
        path.write_bytes(looks[number % len(looks)])
    return paths
