"""Films with known cuts: takes of real or painted footage joined by cuts, dissolves and fades, with traps between."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt

from benchmarks.harness import CACHE, ROOT, Say
from rushes.footage.shot import Cut
from rushes.storage.files import whole_file, write_json

WIDTH, HEIGHT, RATE = 640, 360, 24
_TAKE_FRAMES = 140  # of a take that is held in memory at the most
_SHORTEST = 14  # frames of a shot beside its transitions

Pixels = npt.NDArray[np.uint8]


_REAL_TAKES = {
    "fit": (
        "asl/again.mkv", "asl/bird.mkv", "asl/book.mkv", "asl/brother.mkv", "asl/eat.mkv", "asl/help.mkv",
        "asl/hungry.mkv", "asl/learn.mkv", "asl/milk.mkv", "asl/night.mkv",
        "trailer_shots/LS_motion.mp4", "trailer_shots/MS_pull.mp4", "formats/hdr10-av1.mp4",
        "formats/sample_with_increasing_timestamps_320w_240h.mp4", "formats/streamio_awesome_vfr.mov",
        "formats/internal_emulator_transformer_output_270_rotated.mp4", "formats/sample_sef_super_slow_motion.mp4",
    ),
    "judge": (
        "asl/no.mkv", "asl/please.mkv", "asl/school.mkv", "asl/sister.mkv", "asl/sorry.mkv", "asl/student.mkv",
        "asl/thanks.mkv", "asl/walk.mkv", "asl/want.mkv", "asl/yes.mkv", "trailer_shots/ECS_pull.mp4",
        "trailer_shots/MS_push.mp4", "formats/bear-vp9-odd-dimensions.webm", "formats/interlaced_tff_h264.mp4",
        "formats/sample_rotate_and_reflect.mp4", "nasa_13013_rotated.mp4",
    ),
}  # fmt: skip
_REAL_PICTURES = {"fit": ("flowers", 3, "fsac_spreadsheet", 7), "judge": ("archive3", 2, "shotscale_cinemanet", 5)}
_FILMS = {"fit": 12, "judge": 10}
_FIRST_SEED = {"fit": 0, "judge": 2000}
_TAKES = 8  # of each kind in a film

Half = Literal["fit", "judge"]


@dataclass(frozen=True, slots=True)
class KnownFilm:
    """A film and the cuts that are in it."""

    path: Path
    cuts: tuple[Cut, ...]


def make_known_films(half: Half, media: Path, *, say: Say) -> list[KnownFilm]:
    """Return films spliced from one half of the real takes and pictures; written once and then kept.

    The halves share no take and no picture, and the second joins them by other curves, so that what is fitted to one
    can be judged on the other. No film of which a person noted the cuts is in either.
    """
    from rushes.footage.pictures import read_picture

    folder = CACHE / f"cuts-{half}"
    films: list[KnownFilm] = []
    takes = [media / "videos" / name for name in _REAL_TAKES[half]]
    one, every_one, other, every_other = _REAL_PICTURES[half]
    pictures = [
        path
        for name, every in ((one, every_one), (other, every_other))
        for path in sorted((media / "images" / name).rglob("*.jpg"))[::every]
    ]
    for number in range(_FILMS[half]):
        path, seed = folder / f"{half}-{number}.mp4", _FIRST_SEED[half] + number
        kept = path.with_suffix(".json")
        if not kept.is_file():
            say(
                f"Splicing film {number + 1} of {_FILMS[half]} ({half}), once; it is kept in {CACHE.relative_to(ROOT)}."
            )
            dice = np.random.default_rng(seed + 77)
            shots = [_some_of(read_take(takes[place]), dice) for place in dice.permutation(len(takes))[:_TAKES]]
            shots += [
                move_over(read_picture(pictures[place]), dice) for place in dice.permutation(len(pictures))[:_TAKES]
            ]
            order = dice.permutation(len(shots))
            film = write_known_film(
                path,
                [shots[place] for place in order],
                seed=seed,
                quality=int(dice.integers(20, 32)),
                eased=half == "judge",
            )
            write_json(kept, [asdict(cut) for cut in film.cuts])
        films.append(KnownFilm(path, tuple(Cut(**cut) for cut in json.loads(kept.read_text(encoding="utf-8")))))
    return films


def _some_of(take: list[Pixels], dice: np.random.Generator) -> list[Pixels]:
    return take[: int(dice.integers(30, _TAKE_FRAMES + 1))]


def read_take(path: Path, *, start: int = 0) -> list[Pixels]:
    """Return frames of a film without cuts, brought to WIDTH x HEIGHT with black bars where its shape differs."""
    from rushes.footage.video import LostFrame, decode_frames, index_video

    index = index_video(path)
    wanted = range(start, min(index.frame_count, start + _TAKE_FRAMES))
    frames = decode_frames(path, index, wanted)
    return [_fitted(frame.pixels) for frame in frames if not isinstance(frame, LostFrame)]


def move_over(picture: Pixels, dice: np.random.Generator) -> list[Pixels]:
    """Return a take in which a camera pans and zooms over a still picture: slowly, or as fast as a whip pan."""
    import cv2

    height, width = picture.shape[:2]
    scale = 1.6 * max(WIDTH / width, HEIGHT / height)
    picture = np.asarray(cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC), np.uint8)
    height, width = picture.shape[:2]
    centre = np.array([width / 2, height / 2])
    room = np.array([width - WIDTH, height - HEIGHT]) / 2
    kind = dice.choice(["still", "slow", "fast", "zoom", "hand"], p=[0.2, 0.3, 0.2, 0.15, 0.15])
    count = int(dice.integers(40, _TAKE_FRAMES))
    along = np.linspace(-1, 1, count)
    if kind == "fast":  # all of the way in a fifth of the take
        along = np.tanh(along * 6)
    way = dice.uniform(-0.9, 0.9, 2) * room * {"still": 0, "slow": 0.4, "fast": 1, "zoom": 0.1, "hand": 0.1}[kind]
    shake = np.cumsum(dice.normal(0, 1, (count, 2)), axis=0) * (1.5 if kind == "hand" else 0.05)
    zoom = np.exp(np.linspace(0, dice.uniform(-0.35, 0.35), count)) if kind == "zoom" else np.ones(count)
    take = []
    for number in range(count):
        size = np.array([WIDTH, HEIGHT]) / zoom[number] * 1.0
        corner = np.clip(centre + way * along[number] + shake[number] - size / 2, 0, [width - 2, height - 2])
        matrix = np.array([[size[0] / WIDTH, 0, corner[0]], [0, size[1] / HEIGHT, corner[1]]])
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        frame = cv2.warpAffine(picture, matrix, (WIDTH, HEIGHT), flags=flags, borderMode=cv2.BORDER_REFLECT)
        take.append(np.asarray(frame, np.uint8))
    return take


def write_known_film(
    path: Path,
    takes: Sequence[Sequence[Pixels]],
    *,
    seed: int,
    quality: int = 24,
    traps: bool = True,
    eased: bool = False,
) -> KnownFilm:
    """Write takes one after the other, joined as the dice say, and return where the joints are.

    Three joints in five are hard cuts; the others are dissolves and fades of 8 to 40 frames, linear or eased. Traps
    stand within shots: flashes, a thing that crosses the picture, a change of exposure.
    """
    import av

    dice = np.random.default_rng(seed)
    cuts: list[Cut] = []
    with whole_file(path) as temporary, av.open(str(temporary), "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=RATE)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.options = {"preset": "veryfast", "crf": str(quality)}
        for number, pixels in enumerate(_joined(takes, dice, cuts, traps=traps, eased=eased)):
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24").reformat(format="yuv420p")
            frame.pts, frame.time_base = number, Fraction(1, RATE)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return KnownFilm(path, tuple(cuts))


def _joined(
    takes: Sequence[Sequence[Pixels]], dice: np.random.Generator, cuts: list[Cut], *, traps: bool, eased: bool
) -> Iterator[Pixels]:
    """Yield the frames of the film; note in `cuts` where its joints are."""
    place = 0
    before: list[Pixels] = []  # the end of the take before, still to be joined with the next
    for number, take in enumerate(takes):
        left = _trapped(take, dice) if traps else list(take)
        if number:
            kind = str(dice.choice(["hard", "dissolve", "fade"], p=[0.6, 0.25, 0.15]))
            length = min(int(dice.integers(8, 41)), len(before), max(0, len(left) - _SHORTEST))
            if kind == "hard" or length < 6:
                yield from before
                place += len(before)
                cuts.append(Cut(place, "hard", place, place))
            else:
                yield from before[: len(before) - length]
                place += len(before) - length
                joint = _dissolve if kind == "dissolve" else _fade
                frames = joint(before[len(before) - length :], left[:length], dice, _shares(length, eased=eased))
                middle = place + len(frames) // 2
                cuts.append(Cut(middle, "dissolve" if kind == "dissolve" else "fade", place, place + len(frames)))
                yield from frames
                place += len(frames)
                left = left[length:]
        keep = max(0, len(left) - 41)
        yield from left[:keep]
        place += keep
        before = left[keep:]
    yield from before


def _shares(length: int, *, eased: bool) -> npt.NDArray[np.float64]:
    """Return how much of the second picture each frame of a joint shows."""
    shares = (np.arange(length) + 1) / (length + 1)
    return shares**2 * (3 - 2 * shares) if eased else shares


def _dissolve(
    out: list[Pixels], into: list[Pixels], dice: np.random.Generator, shares: npt.NDArray[np.float64]
) -> list[Pixels]:
    return [_mixed(one, other, share) for one, other, share in zip(out, into, shares, strict=True)]


def _fade(
    out: list[Pixels], into: list[Pixels], dice: np.random.Generator, shares: npt.NDArray[np.float64]
) -> list[Pixels]:
    colour = np.full_like(out[0], 255 if dice.random() < 0.2 else 0)
    blank = [colour] * int(dice.integers(0, 10))
    falling = [_mixed(frame, colour, share) for frame, share in zip(out, shares, strict=True)]
    return falling + blank + [_mixed(colour, frame, share) for frame, share in zip(into, shares, strict=True)]


def _mixed(one: Pixels, other: Pixels, share: float) -> Pixels:
    import cv2

    return np.asarray(cv2.addWeighted(one, 1 - share, other, share, 0), np.uint8)


def _trapped(take: Sequence[Pixels], dice: np.random.Generator) -> list[Pixels]:
    """Return a take with what looks like a cut and is none."""
    import cv2

    frames = list(take)
    kind = str(dice.choice(["none", "flash", "thing", "exposure"], p=[0.55, 0.2, 0.15, 0.1]))
    if len(frames) < 40:
        return frames
    at = int(dice.integers(12, len(frames) - 24))
    if kind == "flash":
        light = float(dice.uniform(0.5, 0.95))
        for number in range(at, at + int(dice.integers(1, 5))):
            frames[number] = _mixed(frames[number], np.full_like(frames[number], 255), light)
            light *= 0.7
    elif kind == "thing":
        count = int(dice.integers(6, 16))
        colour = tuple(int(value) for value in dice.integers(0, 256, 3))
        for step in range(count):
            frame = frames[at + step].copy()
            centre = (round((step / count * 1.6 - 0.3) * WIDTH), HEIGHT // 2)
            cv2.ellipse(frame, centre, (WIDTH // 4, HEIGHT // 2), 0, 0, 360, colour, -1)
            frames[at + step] = frame
    elif kind == "exposure":
        gains = np.linspace(1, float(dice.choice([0.55, 1.6])), 20)
        for number in range(at, len(frames)):
            gain = float(gains[min(number - at, 19)])
            frames[number] = np.asarray(cv2.convertScaleAbs(frames[number], alpha=gain), np.uint8)
    return frames


def _fitted(pixels: Pixels) -> Pixels:
    from rushes.footage.picture import resize_exactly

    height, width = pixels.shape[:2]
    scale = min(WIDTH / width, HEIGHT / height)
    small = resize_exactly(pixels, max(2, round(width * scale)), max(2, round(height * scale)))
    frame = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    top, left = (HEIGHT - small.shape[0]) // 2, (WIDTH - small.shape[1]) // 2
    frame[top : top + small.shape[0], left : left + small.shape[1]] = small
    return frame
