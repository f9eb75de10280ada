"""Films for measuring: cuts, camera moves, moving things and grain, encoded as films are."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from fractions import Fraction
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmarks.harness import CACHE, ROOT, Say
from rushes.storage.files import whole_file

WIDTH, HEIGHT, RATE = 1920, 1080, 24
MINUTES = 3
_UNIT_SECONDS = (
    45  # painted and encoded once; the film repeats them, so that a frame every 8 s falls elsewhere each time
)
_LONG_MINUTES, _SMALL = 120, (160, 90)
_SHOT_SECONDS = 4.0  # mean length of a shot, as in films of the last decades
_MARGIN = 192  # pixels that the camera may move over

Pixels = npt.NDArray[np.uint8]


def make_films(keyframes: Sequence[int], *, say: Say) -> list[Path]:
    """Return films of the same pictures, H.264 by x264, painted once and then kept.

    Args:
        keyframes: of each film, after how many frames there is a keyframe at the latest; one stands at every cut.
    """
    films = {k: CACHE / f"film-{MINUTES}min-{WIDTH}x{HEIGHT}-keyframe{k}.mp4" for k in keyframes}
    missing = {k: film for k, film in films.items() if not film.is_file()}
    if missing:
        say(f"Painting {_UNIT_SECONDS} s of film, once; it is kept in {CACHE.relative_to(ROOT)}.")
        with tempfile.TemporaryDirectory() as folder:
            units = {k: Path(folder) / f"unit-{k}.mp4" for k in missing}
            _encode(units)
            for k, film in missing.items():
                with whole_file(film) as temporary:
                    _repeat(units[k], temporary, times=MINUTES * 60 // _UNIT_SECONDS)
    return list(films.values())


def make_long_film(*, say: Say) -> Path:
    """Return a film of two hours at 24 frames per second, 172,800 of them, small in pixels and bytes; made once."""
    film = CACHE / f"film-{_LONG_MINUTES}min-{_SMALL[0]}x{_SMALL[1]}.mp4"
    if not film.is_file():
        say(f"Making {_LONG_MINUTES} min of small film, once; it is kept in {CACHE.relative_to(ROOT)}.")
        with tempfile.TemporaryDirectory() as folder, whole_file(film) as temporary:
            unit = Path(folder) / "unit.mp4"
            _encode_small(unit)
            _repeat(unit, temporary, times=_LONG_MINUTES * 60 // _UNIT_SECONDS)
    return film


def paint_shots(seed: int = 0) -> Iterator[Pixels]:
    """Yield the frames of one unit of film: (height, width, 3) uint8, RGB."""
    dice = np.random.default_rng(seed)
    grain = _grain(dice)
    left = _UNIT_SECONDS * RATE
    while left:
        length = min(left, max(RATE // 2, round(RATE * dice.gamma(2.0, _SHOT_SECONDS / 2))))
        yield from _paint_shot(dice, length, grain)
        left -= length


def _paint_shot(dice: np.random.Generator, length: int, grain: Pixels) -> Iterator[Pixels]:
    import cv2

    place = _texture(dice, WIDTH + _MARGIN, HEIGHT + _MARGIN)
    thing = _texture(dice, 480, 640)
    outline = np.zeros((640, 480, 3), np.uint8)
    cv2.ellipse(outline, (240, 320), (200, 300), 0, 0, 360, (255, 255, 255), -1)
    start, stop = dice.integers(0, _MARGIN, (2, 2)) * (1 if dice.random() < 0.6 else 0)
    x, y = dice.integers(0, [WIDTH - 480, HEIGHT - 640])
    speed = dice.normal(0, 5, 2)
    for number in range(length):
        left, top = (start + (stop - start) * number // length).tolist()
        frame = place[top : top + HEIGHT, left : left + WIDTH].copy()
        at = int(np.clip(x + speed[0] * number, 0, WIDTH - 480)), int(np.clip(y + speed[1] * number, 0, HEIGHT - 640))
        cv2.copyTo(thing, outline, frame[at[1] : at[1] + 640, at[0] : at[0] + 480])
        down, along = dice.integers(0, 256, 2)
        rough = grain[down : down + HEIGHT, along : along + WIDTH]
        yield np.asarray(cv2.add(frame, rough, dst=frame), np.uint8)


def _texture(dice: np.random.Generator, width: int, height: int) -> Pixels:
    """Return a picture whose detail falls off with its fineness, as in photographs."""
    import cv2

    picture = np.zeros((height, width, 3), np.float32)
    for cells in (4, 8, 16, 32, 64, 128, 256):
        coarse = dice.normal(0, 90 / cells**0.5, (cells * 9 // 16 + 1, cells, 3)).astype(np.float32)
        picture += cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    return np.clip(picture + dice.uniform(70, 150, 3), 0, 255).astype(np.uint8)


def _grain(dice: np.random.Generator) -> Pixels:
    """Return grain to add, the same on all channels; a frame cuts its own window out of it."""
    import cv2

    rough = cv2.GaussianBlur(dice.normal(0, 6, (HEIGHT + 256, WIDTH + 256)).astype(np.float32), (0, 0), 0.8)
    grey = np.clip(rough + 6, 0, 12).astype(np.uint8)
    return np.repeat(grey[:, :, None], 3, axis=2)


def _encode(units: Mapping[int, Path]) -> None:
    """Paint the shots once and write them to every file, each with its own distance between keyframes."""
    import av

    with ExitStack() as opened:
        writers = []
        for keyframe, path in units.items():
            container = opened.enter_context(av.open(str(path), "w", format="mp4"))
            stream = container.add_stream("libx264", rate=RATE)
            stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
            stream.options = {"preset": "veryfast", "crf": "21", "x264-params": f"keyint={keyframe}"}
            writers.append((container, stream))
        for number, pixels in enumerate(paint_shots()):
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24").reformat(format="yuv420p")
            frame.pts, frame.time_base = number, Fraction(1, RATE)
            for container, stream in writers:
                container.mux(stream.encode(frame))
        for container, stream in writers:
            container.mux(stream.encode(None))


def _encode_small(path: Path) -> None:
    """Write one unit of a small film with B-frames: a bright bar that moves over grain."""
    import av

    dice = np.random.default_rng(0)
    with av.open(str(path), "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=RATE)
        (stream.width, stream.height), stream.pix_fmt = _SMALL, "yuv420p"
        stream.options = {"preset": "veryfast", "crf": "30", "x264-params": "keyint=48"}
        for number in range(_UNIT_SECONDS * RATE):
            pixels = dice.integers(90, 110, (_SMALL[1], _SMALL[0], 3), np.uint8)
            pixels[:, number % _SMALL[0]] = 250
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24").reformat(format="yuv420p")
            frame.pts, frame.time_base = number, Fraction(1, RATE)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def _repeat(unit: Path, path: Path, *, times: int) -> None:
    """Write the packets of a film so many times over, one after the other."""
    import av

    with av.open(str(path), "w", format="mp4") as film:
        target = None
        for turn in range(times):
            with av.open(str(unit)) as source:
                stream = source.streams.video[0]
                target = target or film.add_stream_from_template(stream)
                shift = round(turn * _UNIT_SECONDS / Fraction(stream.time_base or Fraction(1, RATE)))
                for packet in source.demux(stream):
                    if packet.dts is None or packet.pts is None:
                        continue
                    packet.pts, packet.dts, packet.stream = packet.pts + shift, packet.dts + shift, target
                    film.mux(packet)
