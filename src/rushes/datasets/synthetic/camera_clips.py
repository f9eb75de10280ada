"""Clips of a virtual camera over stills and resting shots, encoded as films are, for training alone."""

from __future__ import annotations

import hashlib
import json
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
import numpy.typing as npt

from rushes.cores import count_cores
from rushes.datasets.synthetic.camera_plan import (
    CAMERA_MOVEMENTS,
    CameraMovement,
    CameraPlan,
    plan_clip,
)
from rushes.errors import MediaError
from rushes.footage.kinds import PHOTO_EXTENSIONS, find_media
from rushes.footage.source import Unreadable
from rushes.progress import Progress, silent
from rushes.storage.files import digest_of_file, sweep_temporaries, whole_file

if TYPE_CHECKING:
    from rushes.footage.video_index import VideoIndex

ORIGIN = "synthetic"
_VERSION = 1  # of what is drawn; another one makes other files
LEAST_SIDE = 96  # pixels of a material's shorter side: the scan looks at pictures 160 wide
_LOOKED_SIDE = 160  # pixels of the long side at which detail is looked for
_LEAST_SPREAD = 6.0  # of 255: standard deviation of light; a wall in a photograph has more
_EDGE = 10.0  # of 255, from a pixel to the next but one: what is steeper is an edge
_LEAST_EDGES = 0.015  # share of the picture that is edge
_MOST_PLAIN = 0.75  # of the picture that is of one and the same light: a title card has so much ground
_SAME_LIGHT = 4  # of 255, to either side
_LARGEST_SIDE = 1280  # what is larger is read smaller
_LEAST_SECONDS = 0.5  # of a shot
_CLIP_SECONDS = 1.5  # how much of a shot stands for one still, when material is drawn
_SHOTS_SHARE = 0.5  # of the clips at most are of shots
_SHOT_PIXELS = 640  # long side of the frames of a shot
_HELD_STILLS = 16
_ENCODERS = ("libx264", "libopenh264", "mpeg4")
_BITS_PER_PIXEL = {"film": 0.25, "web": 0.05}  # for encoders without x264's scale of quality

Pixels = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Material:
    """What a virtual camera looks at: a still, or a shot whose own camera is at rest and whose subjects move.

    Attributes:
        path: a photograph, or a film.
        group: what must never stand on both sides of a split; the clips inherit it.
        start, stop: ordinals of the film's frames, half-open; 0 and None for a still.
        rate: frames per second of the film; None for a still.
        digest: SHA-256 of the file where it is known; else it is read for it.
    """

    path: Path
    group: str
    start: int = 0
    stop: int | None = None
    rate: Fraction | None = None
    digest: str | None = None

    def __post_init__(self) -> None:
        if (self.stop is None) != (self.rate is None):
            raise ValueError(f"a shot has a stop and a rate, a still neither; got {self.stop=}, {self.rate=}")
        if self.stop is not None and not 0 <= self.start < self.stop:
            raise ValueError(f"a shot needs 0 <= start < stop, got {self.start=}, {self.stop=}")
        if self.rate is not None and self.rate <= 0:
            raise ValueError(f"a film's rate is above 0, got {self.rate}")

    @property
    def seconds(self) -> float | None:
        """How long the shot is; None for a still."""
        return None if self.stop is None or self.rate is None else float((self.stop - self.start) / self.rate)

    def __str__(self) -> str:
        return str(self.path) if self.stop is None else f"{self.path}, frames {self.start} to {self.stop - 1}"


@dataclass(frozen=True, slots=True)
class VirtualClip:
    """A clip that a virtual camera made; for training alone, never for validation or test.

    Attributes:
        movement: its label, known for certain.
        group: that of its material.
        kind: how the movement is done: `zoom`, `dolly`, `pan`, `handheld`, `locked` …
        material: what it shows.
        plan: all that was drawn; `camera_view.log_zooms(plan)` is the true zoom.
    """

    path: Path
    movement: CameraMovement
    group: str
    frame_count: int
    rate: Fraction
    kind: str
    material: Material
    plan: CameraPlan


def make_clips(
    folder: Path,
    materials: Sequence[Material],
    *,
    count: int,
    seed: int = 0,
    movements: Sequence[CameraMovement] = CAMERA_MOVEMENTS,
    width: int | None = None,
    threads: int = 0,
    progress: Progress = silent,
    refused: Callable[[Unreadable], None] = lambda _: None,
) -> list[VirtualClip]:
    """Make clips of a virtual camera in a folder, and return them; those that are there already are left as they are.

    The same materials, seed and count give the same clips, and a greater count the same first ones. A file's name
    holds a digest of all that it is made of, and it stands there once it is whole: what was interrupted goes on.
    The clips are for training: each carries its material's group and counts as of origin ORIGIN; a validation or test
    part never holds one.

    Args:
        movements: taken in turns.
        width: of the frames in pixels, even; drawn for each clip from 320 to 640 where None.
        threads: 0 takes all cores.
        progress: counts clips.
        refused: hears of each material that cannot be read, is too small, or shows too little (a title, black);
            another takes its place.

    Raises:
        ValueError: a number out of its range, no materials, or no such movement.
        MediaError: none of the materials can be used.
    """
    if count < 1 or threads < 0 or not movements or not materials:
        raise ValueError(
            "count is at least 1, threads at least 0, and there are movements and materials, "
            f"got {count=}, {threads=}, {len(movements)} movements, {len(materials)} materials"
        )
    folder.mkdir(parents=True, exist_ok=True)
    sweep_temporaries(folder)
    shelf = _Shelf()
    orders = _orders(materials, count, seed)
    clips: list[VirtualClip] = []
    progress(0, count)
    with ThreadPoolExecutor(threads or count_cores()) as pool:
        try:
            jobs = [
                pool.submit(_make, folder, order, movements[k % len(movements)], (seed, k), width, shelf)
                for k, order in enumerate(orders)
            ]
            for job in jobs:
                try:
                    clips.append(job.result())
                finally:
                    for one in shelf.newly_refused():
                        refused(one)
                progress(len(clips), count, clips[-1].path.stem)
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    return clips


def stills_in(folder: Path, *, group_of: Callable[[Path], str] = lambda path: path.stem) -> list[Material]:
    """Return the photographs below a folder as materials, in natural order.

    Args:
        group_of: what a picture's group is; each is a group of its own where this is not given.
    """
    found = [Path(str(path)) for path in find_media(folder) if path.suffix.lower() in PHOTO_EXTENSIONS]
    return [Material(path, group_of(path)) for path in found]


class LabelledShot(Protocol):
    """What `resting_shots` asks of a labelled shot; a `ShotRow` is one."""

    @property
    def video(self) -> str: ...
    @property
    def start(self) -> int: ...
    @property
    def stop(self) -> int: ...
    @property
    def rate(self) -> Fraction: ...
    @property
    def group(self) -> str: ...
    @property
    def source(self) -> str: ...
    @property
    def classes(self) -> Mapping[str, str]: ...


def resting_shots(
    shots: Iterable[LabelledShot], *, task: str = "movement", path_of: Callable[[str], Path] = Path
) -> list[Material]:
    """Return as materials the labelled shots that are static and last half a second or longer.

    Args:
        task: whose class is asked; without regard to capitals.
        path_of: where a shot's video lies.
    """
    resting = [shot for shot in shots if shot.classes.get(task, "").casefold() == "static"]
    found = [
        Material(path_of(shot.video), shot.group, shot.start, shot.stop, shot.rate, shot.source) for shot in resting
    ]
    return [one for one in found if (one.seconds or 0) >= _LEAST_SECONDS]


def _orders(materials: Sequence[Material], count: int, seed: int) -> Iterator[list[Material]]:
    """Yield for each clip the materials to try, first the one that it is to show.

    Each comes up before any comes up again, in an order of its own each time, so that no picture goes with a movement.
    """
    stills = [one for one in materials if one.stop is None]
    shots = [one for one in materials if one.stop is not None]
    windows = sum((one.seconds or 0) / _CLIP_SECONDS for one in shots)
    share = min(_SHOTS_SHARE, windows / max(windows + len(stills), 1e-9)) if stills else 1.0
    dice = np.random.default_rng([seed, 0])
    places = {one: place for place, one in enumerate(materials)}
    piles: dict[bool, list[Material]] = {True: [], False: []}
    for _ in range(count):
        moving = bool(dice.random() < share)
        kind = shots if moving else stills
        if not piles[moving]:
            piles[moving] = [kind[k] for k in dice.permutation(len(kind))]
        first = piles[moving].pop()
        start = places[first]
        yield [first, *materials[start + 1 :], *materials[:start]]


def _make(
    folder: Path,
    order: Sequence[Material],
    movement: CameraMovement,
    seed: tuple[int, int],
    width: int | None,
    shelf: _Shelf,
) -> VirtualClip:
    """Make one clip of the first material that can be used."""
    for material in order:
        digest = shelf.digest(material)
        if digest is None:
            continue
        dice = np.random.default_rng([seed[0], 1, seed[1]])
        plan, ordinals = _planned(material, movement, dice, width)
        path = folder / f"{movement}-{_key(plan, digest, ordinals)}.mp4"
        if not path.is_file():
            pictures = shelf.pictures(material, ordinals)
            if pictures is None:
                continue
            _encode(path, plan, pictures)
        return VirtualClip(path, movement, material.group, plan.frame_count, plan.rate, plan.kind, material, plan)
    raise MediaError(
        order[0],
        f"and the {len(order) - 1} other materials: none can be used. Give pictures that open and whose sides have at "
        f"least {LEAST_SIDE} pixels",
    )


def _planned(
    material: Material, movement: CameraMovement, dice: np.random.Generator, width: int | None
) -> tuple[CameraPlan, tuple[int, ...]]:
    """The plan of a clip, and the ordinals of the film's frames it shows; none for a still."""
    if material.stop is None or material.rate is None or material.seconds is None:
        return plan_clip(movement, dice, width=width), ()
    step = max(1, round(material.rate / 30))
    rate = material.rate / step
    plan = plan_clip(
        movement,
        dice,
        width=width,
        rate=rate,
        longest_seconds=max(material.seconds, _LEAST_SECONDS),
        moving_material=True,
    )
    drawn = max(plan.shown) + 1
    room = max(0, material.stop - material.start - drawn * step)
    first = material.start + int(dice.integers(room + 1))
    return plan, tuple(min(first + k * step, material.stop - 1) for k in range(drawn))


def _key(plan: CameraPlan, digest: str, ordinals: Sequence[int]) -> str:
    made_of = {"version": _VERSION, "plan": plan.to_table(), "material": digest, "ordinals": list(ordinals)}
    return hashlib.sha256(json.dumps(made_of, sort_keys=True).encode()).hexdigest()[:24]


class _Shelf:
    """Materials as they are read, by several threads; one that cannot be read is reported once."""

    def __init__(self) -> None:
        self._refused: list[Unreadable] = []
        self._lock = threading.Lock()
        self._digests: dict[Path, str | None] = {}
        self._bad: set[Material] = set()
        self._stills: OrderedDict[Path, Pixels] = OrderedDict()
        self._indexes: dict[Path, VideoIndex] = {}

    def digest(self, material: Material) -> str | None:
        """Return the SHA-256 of a material's file; None where it cannot be read, now or earlier."""
        with self._lock:
            if material in self._bad:
                return None
            if material.digest is not None:
                return material.digest
            if material.path in self._digests:
                return self._digests[material.path]
        try:
            digest = digest_of_file(material.path)
        except OSError as error:
            self._refuse(material, f"cannot be read ({error.strerror or error}). See that it is there")
            return None
        with self._lock:
            self._digests[material.path] = digest
        return digest

    def pictures(self, material: Material, ordinals: Sequence[int]) -> list[Pixels] | None:
        """Return a still, or these frames of a shot; None where they cannot be used, which is reported."""
        try:
            found = self._shot(material, ordinals) if ordinals else [self._still(material.path)]
        except MediaError as error:
            self._refuse(material, error.reason)
            return None
        height, width = found[0].shape[:2]
        if min(width, height) < LEAST_SIDE:
            self._refuse(material, f"is {width}x{height} pixels inside its black bars. Give a picture whose sides have "
                         f"at least {LEAST_SIDE}")  # fmt: skip
            return None
        plain = next(filter(None, map(why_plain, (found[0], found[len(found) // 2]))), "")
        if plain:
            self._refuse(material, f"{plain}: no camera can be seen to move over it. Give pictures that show a scene")
            return None
        return found

    def _refuse(self, material: Material, reason: str) -> None:
        with self._lock:
            if material in self._bad:
                return
            self._bad.add(material)
            self._refused.append(Unreadable(str(material), reason))

    def newly_refused(self) -> list[Unreadable]:
        """Return the materials that were refused since this was last asked."""
        with self._lock:
            said, self._refused = self._refused, []
        return said

    def _still(self, path: Path) -> Pixels:
        from rushes.datasets.letterbox import find_letterbox
        from rushes.footage.photo import read_photo
        from rushes.footage.picture import PictureSize

        with self._lock:
            if path in self._stills:
                self._stills.move_to_end(path)
                return self._stills[path]
        pixels = read_photo(path, size=PictureSize(long_side=_LARGEST_SIDE)).pixels
        box = find_letterbox(pixels)
        pixels = np.ascontiguousarray(pixels[box.top : box.bottom, box.left : box.right])
        with self._lock:
            self._stills[path] = pixels
            while len(self._stills) > _HELD_STILLS:
                self._stills.popitem(last=False)
        return pixels

    def _shot(self, material: Material, ordinals: Sequence[int]) -> list[Pixels]:
        """Return frames of a shot without its bars, which the first one tells for all."""
        from rushes.datasets.letterbox import find_letterbox
        from rushes.footage.picture import PictureSize, resize
        from rushes.footage.video import DecodedFrame, decode_frames, index_video

        with self._lock:
            index = self._indexes.get(material.path)
        if index is None:
            index = index_video(material.path)
            with self._lock:
                self._indexes[material.path] = index
        if ordinals[-1] >= len(index.pts):
            raise MediaError(material.path, f"has {len(index.pts)} frames, the shot goes on to {ordinals[-1]}. "
                             "Correct the shot list")  # fmt: skip
        found: dict[int, Pixels] = {}
        for frame in decode_frames(material.path, index, sorted(set(ordinals)), threads=1):
            if not isinstance(frame, DecodedFrame):
                raise MediaError(material.path, f"frame {frame.ordinal} cannot be decoded: {frame.reason}")
            height, width = frame.pixels.shape[:2]
            if min(width, height) < LEAST_SIDE:
                return [frame.pixels]
            shrunk = resize(frame.pixels, PictureSize(long_side=max(_SHOT_PIXELS, _side_for(width, height))))
            found[frame.ordinal] = shrunk
        box = find_letterbox(found[ordinals[0]])
        return [found[k][box.top : box.bottom, box.left : box.right] for k in ordinals]


def why_plain(pixels: Pixels) -> str:
    """Return why a picture shows too little for a movement over it to be seen, such as a title or black; "" otherwise.

    Args:
        pixels: (height, width, 3), RGB.
    """
    import cv2

    from rushes.footage.picture import PictureSize, resize

    light = cv2.cvtColor(resize(pixels, PictureSize(long_side=_LOOKED_SIDE)), cv2.COLOR_RGB2GRAY).astype(np.float32)
    if float(light.std()) < _LEAST_SPREAD:
        return "is nearly of one colour"
    counts = np.bincount(light.astype(np.intp).ravel(), minlength=256).astype(np.float64)
    plain = float(np.convolve(counts, np.ones(2 * _SAME_LIGHT + 1), "same").max()) / light.size
    if plain > _MOST_PLAIN:
        return f"has one even ground over {plain:.0%} of it, as a title has"
    edges = np.hypot(light[1:-1, 2:] - light[1:-1, :-2], light[2:, 1:-1] - light[:-2, 1:-1]) > _EDGE
    return "" if float(edges.mean()) >= _LEAST_EDGES else "has next to no detail"


def _side_for(width: int, height: int) -> int:
    """The long side at which the short one is still long enough."""
    return -(-LEAST_SIDE * max(width, height) // min(width, height))


def _encode(path: Path, plan: CameraPlan, pictures: Sequence[Pixels]) -> None:
    """Draw and encode a clip; the file stands there once it is whole."""
    import av

    from rushes.datasets.synthetic.camera_render import draw_clip

    with ExitStack() as stack:
        temporary = stack.enter_context(whole_file(path))
        container = stack.enter_context(av.open(str(temporary), "w"))
        stream = container.add_stream(_encoder(), rate=plan.rate)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height = plan.frame_size
        stream.pix_fmt = "yuv420p"
        stream.time_base = 1 / plan.rate
        stream.thread_count = 1  # or the bytes would depend on the machine
        if stream.codec.name == "libx264":
            coding = plan.coding
            stream.options = {"preset": coding.preset, "crf": str(coding.quality), "g": str(coding.keyframe_frames)}
        else:
            pixels = plan.frame_size[0] * plan.frame_size[1] * float(plan.rate)
            stream.bit_rate = round(_BITS_PER_PIXEL[plan.coding.name] * pixels)
        for ordinal, planes in enumerate(draw_clip(plan, pictures)):
            frame = av.VideoFrame.from_ndarray(planes, format="yuv420p")
            frame.pts, frame.time_base = ordinal, 1 / plan.rate
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def _encoder() -> str:
    import av

    for name in _ENCODERS:
        try:
            av.Codec(name, "w")
        except ValueError:
            continue
        return name
    raise RuntimeError(f"PyAV has none of the video encoders {', '.join(_ENCODERS)}")
