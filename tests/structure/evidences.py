"""Evidence of films that nobody shot, with the truth: set-ups and places are drawn, pictures are drawn around them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from rushes.structure.evidence import Evidence

FEATURES = 64
CLOSE_SECONDS, WIDE_SECONDS = 3.2, 5.5


@dataclass(frozen=True, slots=True)
class Kind:
    """What features are like.

    Attributes:
        common: how much all pictures share; with 0 unlike pictures are at a distance of 1, with 1.7 at a quarter.
        place: how much a place's set-ups share, beside 1 that is a set-up's own.
        shot, picture: how far a shot is from its set-up, and a picture from its shot.
        tone: how far a shot's tones are from its place's.
        alike: how much of tones and looks the places of a film share in thirds, as days, nights and rooms do.
    """

    common: float = 0.0
    place: float = 0.5
    shot: float = 0.25
    picture: float = 0.15
    tone: float = 0.35
    alike: float = 0.0


SCAN = Kind()
NETWORK = Kind(common=1.7, place=0.6, shot=0.45, picture=0.3)
NOISY = Kind(place=0.8, shot=0.6, picture=0.4, tone=0.9, alike=1.0)
KINDS = {"scan": SCAN, "network": NETWORK, "noisy": NOISY}


@dataclass(frozen=True, slots=True, repr=False)
class Truth:
    """Evidence and what is true of it.

    Attributes:
        setups: (shots,), -1 of blank ones.
        firsts: places at which scenes begin.
        dialogues: `[first, stop)` of each.
    """

    evidence: Evidence
    setups: tuple[int, ...]
    firsts: tuple[int, ...]
    dialogues: tuple[tuple[int, int], ...]

    def __repr__(self) -> str:
        return f"a film of {len(self.setups)} shots, scenes from {self.firsts}"


@dataclass(repr=False)
class Drawn:
    """A film while it is drawn, shot by shot; letters name the set-ups of a place."""

    kind: Kind = SCAN
    seed: int = 0
    pictures: int = 3
    faces: bool = True
    closeness: bool = True
    starts: list[float] = field(default_factory=list)
    stops: list[float] = field(default_factory=list)
    blank: list[bool] = field(default_factory=list)
    setups: list[int] = field(default_factory=list)
    looks: list[np.ndarray] = field(default_factory=list)
    tones: list[np.ndarray] = field(default_factory=list)
    shot_of: list[int] = field(default_factory=list)
    close: list[float] = field(default_factory=list)
    person: list[int] = field(default_factory=list)
    face_count: list[int] = field(default_factory=list)
    firsts: list[int] = field(default_factory=list)
    dialogues: list[tuple[int, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._draw = np.random.default_rng(self.seed)
        self._common = self._vector() * self.kind.common
        self._times = [(self._vector(), self._vector()) for _ in range(3)]
        self._known: dict[tuple[str, str], tuple[int, np.ndarray]] = {}
        self._places: dict[str, tuple[np.ndarray, np.ndarray]] = {}

    def scene(
        self,
        place: str,
        letters: str,
        *,
        close: str = "",
        people: Sequence[tuple[str, int]] = (),
        dialogue: tuple[int, int] | None = None,
    ) -> Drawn:
        """Add a scene: a letter is a shot, the same letter of the same place the same set-up.

        Args:
            close: letters that are medium close-ups.
            people: letters with the person whose face dominates them.
            dialogue: places within the scene, `[first, stop)`.
        """
        self.firsts.append(len(self.starts))
        if dialogue is not None:
            self.dialogues.append((self.firsts[-1] + dialogue[0], self.firsts[-1] + dialogue[1]))
        of = dict(people)
        for letter in letters:
            self._shot(place, letter, letter in close, of.get(letter, -1))
        return self

    def black(self, seconds: float = 1.0) -> Drawn:
        """Add a black shot; it counts to the scene before it."""
        self._time(seconds)
        self._facts(True, -1, 0.0 if self.closeness else np.nan, -1, 0)
        return self

    def truth(self) -> Truth:
        count = len(self.starts)
        rows = (len(self.looks), FEATURES)
        evidence = Evidence(
            np.array(self.starts, np.float64),
            np.array(self.stops, np.float64),
            np.array(self.blank, bool),
            _unit(np.array(self.looks, np.float32).reshape(rows)),
            np.array(self.shot_of, np.int64),
            _unit(np.array(self.tones, np.float32).reshape(rows)),
            np.array(self.close, np.float32),
            np.array(self.person, np.int64),
            np.array(self.face_count, np.int64),
        )
        numbers: dict[int, int] = {}
        setups = tuple(-1 if key < 0 else numbers.setdefault(key, len(numbers)) for key in self.setups)
        return Truth(evidence, setups, tuple(first for first in self.firsts if first < count), tuple(self.dialogues))

    def _shot(self, place: str, letter: str, close: bool, person: int) -> None:
        tone, shared = self._places.setdefault(place, self._place())
        own = self._common + self.kind.place * shared + self._vector()
        number, look = self._known.setdefault((place, letter), (len(self._known), own))
        tone = tone + self.kind.tone * self._vector()
        look = look + self.kind.shot * self._vector()
        self._time(float(self._draw.lognormal(np.log(CLOSE_SECONDS if close else WIDE_SECONDS), 0.4)))
        for _ in range(self.pictures):
            self.looks.append(look + self.kind.picture * self._vector())
            self.tones.append(1.7 * self._common_tone() + tone + self.kind.picture * self._vector())
            self.shot_of.append(len(self.blank))
        probability = np.clip(self._draw.normal(0.8 if close else 0.2, 0.15), 0, 1) if self.closeness else np.nan
        seen = person if self.faces and self._draw.random() > 0.1 else -1
        self._facts(False, number, float(probability), seen, int(person >= 0) if self.faces else -1)

    def _place(self) -> tuple[np.ndarray, np.ndarray]:
        tone, shared = self._times[int(self._draw.integers(len(self._times)))]
        return self.kind.alike * tone + self._vector(), self.kind.alike * shared + self._vector()

    def _common_tone(self) -> np.ndarray:
        return np.full(FEATURES, 1 / np.sqrt(FEATURES))

    def _time(self, seconds: float) -> None:
        start = self.stops[-1] if self.stops else 0.0
        self.starts.append(start)
        self.stops.append(start + seconds)

    def _facts(self, blank: bool, setup: int, close: float, person: int, face_count: int) -> None:
        self.blank.append(blank)
        self.setups.append(setup)
        self.close.append(close)
        self.person.append(person)
        self.face_count.append(face_count)

    def _vector(self) -> np.ndarray:
        return self._draw.normal(0, 1 / np.sqrt(FEATURES), FEATURES)


def _unit(rows: np.ndarray) -> np.ndarray:
    return (rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)).astype(np.float32)


def drawn_film(
    *, seed: int, scenes: int = 20, kind: Kind = SCAN, faces: bool = True, closeness: bool = True, pictures: int = 3
) -> Truth:
    """Return a film of dialogues with cutaways, with the camera moving in, of three; of walks, crowds and crosscuts.

    A third of the scenes returns to a place seen before, with set-ups seen before; some end in black.
    """
    draw = np.random.default_rng(1000 + seed)
    film = Drawn(kind, seed, pictures, faces, closeness)
    casts: dict[str, list[int]] = {}
    for number in range(scenes):
        returns = number > 2 and draw.random() < 0.33
        place = str(draw.integers(number)) if returns else str(number)
        cast = casts.setdefault(place, [int(person) for person in draw.permutation(6)[:3]])
        _SCENES[int(draw.integers(len(_SCENES)))](film, place, cast, draw)
        if draw.random() < 0.15:
            film.black()
    return film.truth()


def _dialogue(film: Drawn, place: str, cast: Sequence[int], draw: np.random.Generator) -> None:
    turns = int(draw.integers(6, 18))
    letters = "W" * int(draw.random() < 0.6)
    first = len(letters)
    for turn in range(turns):
        letters += "AB"[turn % 2]
        if 0 < turn < turns - 1 and draw.random() < 0.2:
            letters += "IW"[int(draw.random() < 0.5)]
    stop = len(letters)
    letters += "W" * int(draw.random() < 0.4)
    people = [("A", cast[0]), ("B", cast[1])]
    film.scene(place, letters, close="AB", people=people, dialogue=(first, stop))


def _moving_in(film: Drawn, place: str, cast: Sequence[int], draw: np.random.Generator) -> None:
    far, near = 2 * int(draw.integers(2, 4)), 2 * int(draw.integers(2, 5))
    letters = "W" + ("AB" * far)[:far] + ("CD" * near)[:near] + "W"
    people = [("A", cast[0]), ("B", cast[1]), ("C", cast[0]), ("D", cast[1])]
    film.scene(place, letters, close="ABCD", people=people, dialogue=(1, 1 + far + near))


def _three(film: Drawn, place: str, cast: Sequence[int], draw: np.random.Generator) -> None:
    letters, last = "W", "W"
    for _ in range(int(draw.integers(9, 15))):
        last = str(draw.choice([letter for letter in "ABC" if letter != last]))
        letters += last
    film.scene(place, letters + "W", close="ABC", people=list(zip("ABC", cast, strict=True)))


def _walk(film: Drawn, place: str, cast: Sequence[int], draw: np.random.Generator) -> None:
    film.scene(place, "KLMNOPQRS"[: int(draw.integers(3, 9))], people=[("L", cast[0])])


def _crowd(film: Drawn, place: str, cast: Sequence[int], draw: np.random.Generator) -> None:
    film.scene(place, "".join(draw.choice(list("EFGHIJ"), int(draw.integers(10, 25)))))


def _crosscut(film: Drawn, place: str, cast: Sequence[int], draw: np.random.Generator) -> None:
    film.scene(place, "XY" * int(draw.integers(3, 7)))


def _long_take(film: Drawn, place: str, cast: Sequence[int], draw: np.random.Generator) -> None:
    film.scene(place, "TUV"[: int(draw.integers(1, 4))])
    film.stops[-1] += 25.0


_SCENES = (_dialogue, _dialogue, _moving_in, _three, _walk, _crowd, _crosscut, _long_take)
