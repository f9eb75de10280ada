"""Films painted frame by frame into video files, with their truth."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path

import av
import cv2

from rushes.datasets.synthetic.paint import Pixels
from rushes.datasets.synthetic.scenes import FilmPlan, ShotPlan, plan_film
from rushes.datasets.synthetic.studio import Studio
from rushes.datasets.synthetic.truth import FilmTruth, ShotTruth
from rushes.progress import Progress, silent
from rushes.storage.files import whole_file

_X264: dict[str, object] = {
    "preset": "ultrafast",
    "crf": "26",
    "x264-params": "bframes=2:b-adapt=0:deblock=0,0:keyint=72",
}
_ENCODERS = ("libx264", "libopenh264", "mpeg4")


def render_films(
    folder: Path,
    *,
    films: int = 10,
    seed: int = 0,
    size: tuple[int, int] = (640, 360),
    shots: int = 20,
    processes: int = 2,
    progress: Progress = silent,
) -> list[FilmTruth]:
    """Render short films into a folder, named `TT_S01_E01.mp4` and on, and return what is known about them.

    The same arguments make the same films. A film stands in the folder once it is complete.

    Args:
        films: how many; each has its own colours, light, places, people, grain and frame rate.
        size: width and height of the frames in pixels, both even and at least 32.
        shots: per film, each 1 to 2 seconds long; a title and an end card come on top.
        processes: how many work at a time; with 1 all is done in this one.
        progress: counts shots.

    Raises:
        ValueError: a number is out of its range.
        RuntimeError: a process failed; the message ends with what it said.
    """
    if min(films, shots, processes) < 1 or min(size) < 32 or size[0] % 2 or size[1] % 2:
        raise ValueError(
            "films, shots and processes need to be above 0, the size even and at least 32x32, "
            f"got {films=}, {shots=}, {processes=}, {size=}"
        )
    folder.mkdir(parents=True, exist_ok=True)
    plans = [plan_film(index, seed=seed, shots=shots) for index in range(films)]
    paths = [folder / f"TT_S01_E{index + 1:02d}.mp4" for index in range(films)]
    total = sum(len(plan.shots) for plan in plans)
    progress(0, total)
    if min(processes, films) == 1:
        done = 0
        for plan, path in zip(plans, paths, strict=True):
            for _ in _rendered_shots(plan, path, size):
                done += 1
                progress(done, total, path.stem)
    else:
        shares = [range(first, films, processes) for first in range(min(processes, films))]
        work = [
            _Share(str(folder), tuple(share), tuple(paths[k].name for k in share), seed, size, shots)
            for share in shares
        ]
        with contextlib.closing(_done_elsewhere(work)) as names:
            for done, name in enumerate(names, 1):
                progress(done, total, name)
    return [_truth(plan, path) for plan, path in zip(plans, paths, strict=True)]


@dataclass(frozen=True, slots=True)
class _Share:
    """The films that one process renders: arguments of `plan_film`, and file names."""

    folder: str
    films: tuple[int, ...]
    names: tuple[str, ...]
    seed: int
    size: tuple[int, int]
    shots: int


_START = "from rushes.datasets.synthetic.films import render_share; render_share()"


def render_share() -> None:
    """Render what standard input asks for and print the film's name for each shot: a worker's whole life.

    A worker is a fresh interpreter that imports this module alone, so that it does not matter what the main
    module is and does when imported.
    """
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(1))  # so that a half-written film is removed
    table = json.load(sys.stdin)
    cv2.setNumThreads(1)
    for index, name in zip(table["films"], table["names"], strict=True):
        plan = plan_film(index, seed=table["seed"], shots=table["shots"])
        for _ in _rendered_shots(plan, Path(table["folder"]) / name, (table["size"][0], table["size"][1])):
            print(Path(name).stem, flush=True)


def _done_elsewhere(work: Sequence[_Share]) -> Generator[str, None, None]:
    """Yield a film's name for each shot that one of several processes has rendered; ends when all have ended."""
    package_home = str(Path(__file__).resolve().parents[3])
    known = os.environ.get("PYTHONPATH")
    environment = os.environ | {
        "PYTHONPATH": package_home + (os.pathsep + known if known else ""),
        "PYTHONSAFEPATH": "1",  # the folder we happen to be in holds no modules of ours
    }
    said: queue.SimpleQueue[str | None] = queue.SimpleQueue()
    workers: list[subprocess.Popen[str]] = []
    listeners: list[threading.Thread] = []

    def listen(worker: subprocess.Popen[str], share: _Share) -> None:
        assert worker.stdin is not None
        assert worker.stdout is not None
        with contextlib.suppress(OSError):
            worker.stdin.write(json.dumps(asdict(share)))
            worker.stdin.close()
        for line in worker.stdout:
            said.put(line.strip())
        said.put(None)

    with tempfile.TemporaryFile("w+") as complaints:
        try:
            for share in work:
                worker = subprocess.Popen(
                    [sys.executable, "-c", _START],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=complaints,
                    text=True,
                    env=environment,
                )
                workers.append(worker)
                listeners.append(threading.Thread(target=listen, args=(worker, share), daemon=True))
                listeners[-1].start()
            going = len(workers)
            while going:
                name = said.get()
                if name is None:
                    going -= 1
                else:
                    yield name
            if any(worker.wait() for worker in workers):
                complaints.seek(0)
                raise RuntimeError(f"rendering failed in a worker process:\n{complaints.read()[-4000:]}")
        finally:
            for worker in workers:
                worker.terminate()
            for worker in workers:
                try:
                    worker.wait(timeout=10)
                except subprocess.TimeoutExpired:
                    worker.kill()
                    worker.wait()
            for listener in listeners:
                listener.join()
            for worker in workers:
                if worker.stdout is not None:
                    worker.stdout.close()


def _truth(plan: FilmPlan, path: Path) -> FilmTruth:
    shots, start = [], 0
    for shot in plan.shots:
        shots.append(ShotTruth(start, start + shot.frames, shot.scale, shot.camera.movement))
        start += shot.frames
    return FilmTruth(path, plan.title, plan.look.rate, tuple(shots))


def _rendered_shots(plan: FilmPlan, path: Path, size: tuple[int, int]) -> Iterator[ShotPlan]:
    """Write a film, yielding each shot once it is in; the file stands at `path` when all are."""
    studio = Studio(plan, size)
    ordinal = 0
    with encode_film(path, plan.look.rate, size) as write:
        for shot in plan.shots:
            for planes in studio.frames(shot, ordinal):
                write(planes)
                ordinal += 1
            if shot is not plan.shots[-1]:
                yield shot
    yield plan.shots[-1]


@contextlib.contextmanager
def encode_film(path: Path, rate: Fraction, size: tuple[int, int]) -> Iterator[Callable[[Pixels], None]]:
    """Give what takes the frames of a film, planar YUV 4:2:0, in order; the file stands at `path` on leaving."""
    with whole_file(path) as temporary, av.open(str(temporary), "w") as container:
        stream = container.add_stream(_encoder(), rate=rate)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height = size
        stream.pix_fmt = "yuv420p"
        stream.time_base = 1 / rate
        stream.thread_count = 1
        if stream.codec.name == "libx264":
            stream.options = dict(_X264)
        else:
            stream.bit_rate = 2_500_000
        ordinals = itertools.count()

        def write(planes: Pixels) -> None:
            frame = av.VideoFrame.from_ndarray(planes, format="yuv420p")
            frame.pts, frame.time_base = next(ordinals), 1 / rate
            container.mux(stream.encode(frame))

        yield write
        container.mux(stream.encode(None))


def _encoder() -> str:
    for name in _ENCODERS:
        try:
            av.Codec(name, "w")
        except ValueError:
            continue
        return name
    raise RuntimeError(f"PyAV has none of the video encoders {', '.join(_ENCODERS)}")
