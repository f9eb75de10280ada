"""Films spliced from real footage with known scenes and dialogues; made once, kept in the benchmarks' cache.

Each block is one scene: shots of one clip from one place, pictures of one programme, or two people who never met and
answer each other. Sign clips are all of one camera position: they are cut to head and shoulders, and the second
person is mirrored, as a reverse shot would be. Which shots of `videos/` belong to one place was seen by eye on
contact sheets; the labels `shots_by_eye.csv`, `asl_clips.csv` and `woman_talkshow_frames.csv` say the rest.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import numpy.typing as npt

from benchmarks.harness import CACHE, Say
from rushes.datasets.synthetic.films import encode_film
from rushes.storage.files import write_json

SIZE, RATE = (320, 180), Fraction(24)
SEEDS = range(12)
_STILL_SECONDS = 2.5  # in the middle, of a shot that is one picture
_DRIFT = 0.03  # of the picture's side that a still moves, so that it is no frozen frame

Pixels = npt.NDArray[np.uint8]
Box = tuple[float, float, float, float]  # left, top, right, bottom as shares
_ALL: Box = (0.0, 0.0, 1.0, 1.0)


@dataclass(frozen=True, slots=True)
class Take:
    """One shot: frames `[start, stop)` of a film, or a picture.

    Attributes:
        setup: a name for the camera position and the person; "" counts as one of its own.
        person: who is alone in it; "" where nobody is, or several are.
        close: it is a medium close-up of that person.
    """

    path: str
    start: int
    stop: int
    setup: str = ""
    person: str = ""
    close: bool = False
    box: Box = _ALL
    mirrored: bool = False


@dataclass(frozen=True, slots=True)
class Block:
    """One scene; `dialogue` is the places of its first side's shot and after its last one's, within the block."""

    name: str
    place: str
    takes: tuple[Take, ...]
    dialogue: tuple[int, int] | None = None


_ASL = {
    "p1": ("again", "brother", "help", "no", "student", "yes"),
    "p2": ("bird", "milk", "please", "sorry", "thanks"),
    "p3": ("book", "learn", "school", "walk"),
    "p4": ("eat", "night", "sister"),
}
_SHOW = {
    "host": (22, 24, 26, 29, 32, 45, 51, 54, 56),
    "blonde": (23, 25, 28, 31, 33, 40, 43, 49, 52, 57),
    "brown": (19, 21, 27, 30, 36, 38, 47, 55, 59, 61),
}
_SHOW_WIDE, _SHOW_TWO = (20, 34, 37, 39, 41, 58, 60), (35, 42, 44, 46, 48, 50, 53)
_HEADS: Box = (0.18, 0.0, 0.88, 0.70)


def _still(number: int, setup: str = "", person: str = "", *, seconds: float) -> Take:
    path = f"images/woman_talkshow/frames/shot{number:04d}.png"
    return Take(path, 0, round(seconds * RATE), setup, person, bool(person))


def _video(name: str, *edges: int) -> tuple[Take, ...]:
    return tuple(Take(f"videos/{name}", start, stop) for start, stop in pairwise(edges))


def _others() -> list[Block]:
    """Scenes without a dialogue, each of one clip; two of one place never follow each other."""
    letter, hutter = (
        Take("videos/nosferatu_1922_480p.mp4", 0, 69, "letter"),
        Take("videos/nosferatu_1922_480p.mp4", 72, 236, "hutter", "hutter"),
    )
    return [
        Block("writes a letter", "desk", (letter, hutter, Take("videos/nosferatu_1922_480p.mp4", 240, 400, "letter"),
                                          Take("videos/nosferatu_1922_480p.mp4", 497, 535, "hutter", "hutter"))),
        Block("rides through a forest", "forest",
              _video("nosferatu_1922_480p.mp4", 551, 683, 788, 852, 962, 1017, 1190)),
        Block("a street", "street", _video("bikes_brussels_272p.mp4", 0, 30, 76, 137, 187, 242)),
        Block("a meadow", "meadow", _video("bbb_opening_480p_30s.mp4", 60, 284, 377, 552, 719)),
        Block("a dog", "park", _video("sam2_dog.mp4", 0, 288)),
        Block("two men at a gate", "gate", _video("chaplin_360p.mp4", 0, 240)),
        Block("runners", "road", _video("openshot_runners.mp4", 0, 149)),
        Block("bottles", "table", _video("bottles_static_cam.mp4", 100, 320)),
        Block("a bird", "cage", _video("cockatoo_yuv444.mp4", 0, 200)),
        Block("old photographs", "photographs",
              tuple(_still(number, seconds=1.6) for number in (3, 5, 6, 7, 8, 10, 12, 13, 14))),
    ]  # fmt: skip


def _dialogues(draw: np.random.Generator) -> list[Block]:
    """Dialogues of people who never met, three of them; sign clips and the talk show each give one at most."""
    signers = [str(one) for one in draw.permutation(sorted(_ASL))[:2]]
    guests = [str(one) for one in draw.permutation(sorted(_SHOW))[:2]]
    alone = str(draw.permutation([one for one in sorted(_ASL) if one not in signers])[0])
    sides: dict[str, Sequence[Sequence[Take]]] = {
        "signers": [_signs(one, draw, mirrored=bool(side)) for side, one in enumerate(signers)],
        "guests": [[_still(number, one, one, seconds=_seconds(draw)) for number in _SHOW[one]] for one in guests],
        "call": [_signs(alone, draw, mirrored=False), _speaks(draw)],
    }
    between = {
        "signers": [Take("videos/mdn_toy_frog.webm", 0, 50), Take("videos/mdn_toy_elf.webm", 0, 40)],
        "guests": [
            _still(int(draw.choice(_SHOW_TWO)), "two", seconds=2.0),
            _still(int(draw.choice(_SHOW_WIDE)), "wide", seconds=2.0),
        ],
        "call": [Take("videos/mdn_toy_pig.webm", 0, 45)],
    }  # fmt: skip
    opening = {"guests": [_still(int(draw.choice(_SHOW_WIDE)), "wide", seconds=3.0)]}
    return [_answered(name, sides[name], between[name], opening.get(name, []), draw) for name in sides]


def _answered(
    name: str,
    sides: Sequence[Sequence[Take]],
    between: Sequence[Take],
    opening: Sequence[Take],
    draw: np.random.Generator,
) -> Block:
    """Return a dialogue: one side, the other, now and then something else, and now and then one side twice."""
    count = min(int(draw.integers(7, 15)), 2 * min(map(len, sides)))
    takes, side, used, cutaways = list(opening), int(draw.integers(2)), [0, 0], list(between)
    for number in range(count):
        if number >= 2 and cutaways and number < count - 1 and draw.random() < 0.2:
            takes.append(cutaways.pop())
        takes.append(sides[side][used[side] % len(sides[side])])
        used[side] += 1
        side = 1 - side
    return Block(f"dialogue of {name}", name, tuple(takes), (len(opening), len(takes)))


def _seconds(draw: np.random.Generator) -> float:
    return float(np.clip(np.exp(draw.normal(np.log(_STILL_SECONDS), 0.4)), 1.0, 8.0))


def _signs(person: str, draw: np.random.Generator, *, mirrored: bool) -> list[Take]:
    clips = [str(one) for one in draw.permutation(_ASL[person])]
    halves = [(clip, half) for half in (0, 1) for clip in clips]
    return [Take(f"videos/asl/{clip}.mkv", 4 + 22 * half, 26 + 22 * half, f"{person}{'m' * mirrored}", person, True,
                 _HEADS, mirrored) for clip, half in halves]  # fmt: skip


def _speaks(draw: np.random.Generator) -> list[Take]:
    """Return stretches of the talking head, at 60 frames per second, in the film's order."""
    starts = sorted(int(one) for one in draw.choice(np.arange(0, 1050, 140), 8, replace=False))
    return [Take("videos/mdn_talking_head_60fps.mp4", at, at + int(draw.integers(60, 140)), "speaker", "speaker", True)
            for at in starts]  # fmt: skip


def plan_real_story(seed: int) -> list[Block]:
    """Return the scenes of one film: three dialogues, apart from each other, among five other scenes."""
    draw = np.random.default_rng([seed, 31])
    others = [_others()[int(place)] for place in draw.permutation(len(_others()))[:5]]
    talks = _dialogues(draw)
    order: list[Block] = [others[0]]
    for talk, other in zip(talks, others[1:4], strict=True):
        order += [talk, other]
    order.append(others[4])
    return order


def table_of_blocks(blocks: Sequence[Block], lengths: Sequence[int]) -> dict[str, Any]:
    """Return the truth of a film, `structure-truth/1`; `lengths` are the frames of its shots, in order."""
    shots: list[dict[str, Any]] = []
    scenes: list[dict[str, Any]] = []
    dialogues: list[dict[str, Any]] = []
    start = 0
    for block in blocks:
        first = len(shots)
        for place, take in enumerate(block.takes):
            length = lengths[len(shots)]
            shots.append({
                "start": start, "stop": start + length, "setup": take.setup or f"{block.name} {place}",
                "characters": [take.person] if take.person else [], "close": take.close,
            })  # fmt: skip
            start += length
        scenes.append({"first_shot": first + 1, "last_shot": len(shots), "kind": block.name})
        if block.dialogue is not None:
            dialogues.append({"first_shot": first + block.dialogue[0] + 1, "last_shot": first + block.dialogue[1]})
    return {"schema": "structure-truth/1", "shots": shots, "scenes": scenes, "dialogues": dialogues}


def make_real_stories(media: Path, *, say: Say) -> list[tuple[Path, Path]]:
    """Return the films and their truths, as files."""
    folder = CACHE / "real-stories"
    pairs = [(folder / f"spliced-{seed:02d}.mp4", folder / f"spliced-{seed:02d}.json") for seed in SEEDS]
    pairs.append((folder / "talkshow.mp4", folder / "talkshow.json"))
    if not all(truth.is_file() for _, truth in pairs):
        say(f"Splicing {len(pairs)} films of real footage, once.")
    for seed, (film, truth) in zip(SEEDS, pairs, strict=False):
        if not truth.is_file():
            _make(media, plan_real_story(seed), film, truth)
    if not pairs[-1][1].is_file():
        _make(media, [_opening(), _talk_show()], *pairs[-1])
    return pairs


def _opening() -> Block:
    return Block("opening", "opening", tuple(_still(number, seconds=2.0) for number in range(3, 17)))


def _talk_show() -> Block:
    """The programme as it was cut: three who talk, in single shots, in twos and together."""
    draw = np.random.default_rng(62)
    of = {number: (name, name) for name, numbers in _SHOW.items() for number in numbers}
    of |= {18: ("blonde", "blonde"), 17: ("host sits", "host")}
    of |= dict.fromkeys(_SHOW_WIDE, ("wide", "")) | dict.fromkeys(_SHOW_TWO, ("two", ""))
    return Block(
        "talk", "studio", tuple(_still(number, *of[number], seconds=_seconds(draw)) for number in range(17, 62))
    )


def _make(media: Path, blocks: Sequence[Block], film: Path, truth: Path) -> None:
    film.parent.mkdir(parents=True, exist_ok=True)
    lengths = []
    with encode_film(film, RATE, SIZE) as write:
        for number, take in enumerate(take for block in blocks for take in block.takes):
            length = 0
            for picture in _pictures(media, take, number):
                write(np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2YUV_I420), np.uint8))
                length += 1
            if not length:
                raise RuntimeError(f"{take.path} has no frame from {take.start} to {take.stop}")
            lengths.append(length)
    write_json(truth, table_of_blocks(blocks, lengths) | {"film": film.name})


def _pictures(media: Path, take: Take, number: int) -> Iterator[Pixels]:
    """Yield the frames of a shot at the film's rate and size."""
    path = media / take.path
    if path.suffix == ".png":
        picture = np.asarray(cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB), np.uint8)
        for place in range(take.stop):
            way = _DRIFT * place / take.stop * (1 if number % 2 else -1)
            yield _fitted(picture, (_DRIFT + way, _DRIFT, 1 - _DRIFT + way, 1 - _DRIFT), mirrored=False)
        return
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        rate = float(stream.average_rate or RATE)
        step, due = max(1.0, rate / float(RATE)), float(take.start)
        for ordinal, frame in enumerate(container.decode(stream)):
            if ordinal >= take.stop:
                break
            if ordinal >= due:
                due += step
                yield _fitted(frame.to_ndarray(format="rgb24"), take.box, mirrored=take.mirrored)


def _fitted(picture: Pixels, box: Box, *, mirrored: bool) -> Pixels:
    """Return the part of a picture that fills the film's frame."""
    height, width = picture.shape[:2]
    left, top, right, bottom = box[0] * width, box[1] * height, box[2] * width, box[3] * height
    scale = max(SIZE[0] / (right - left), SIZE[1] / (bottom - top))
    middle = (left + right) / 2, top + (bottom - top) / 2
    move = np.array([[scale, 0, SIZE[0] / 2 - middle[0] * scale], [0, scale, SIZE[1] / 2 - middle[1] * scale]])
    small = cv2.warpAffine(picture, move, SIZE, flags=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR,
                           borderMode=cv2.BORDER_REPLICATE)  # fmt: skip
    return np.ascontiguousarray(small[:, ::-1] if mirrored else small, np.uint8)


def read_table(path: Path) -> dict[str, Any]:
    """Return a truth as plain values."""
    table: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return table
