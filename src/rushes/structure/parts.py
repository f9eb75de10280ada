"""The values Scene, Dialogue, Character and Structure: which shots of a film belong together."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from itertools import pairwise


@dataclass(frozen=True, slots=True)
class Scene:
    """Consecutive shots in one place and time.

    Attributes:
        first, stop: places of its shots, `[first, stop)`, counted from 0.
        confidence: how sure it is that a scene begins here and the one before has ended, 0 to 1; 0.5 is the threshold;
            1 of a film's first.
    """

    first: int
    stop: int
    confidence: float = 1.0

    def __post_init__(self) -> None:
        if not 0 <= self.first < self.stop or not 0 <= self.confidence <= 1:
            raise ValueError(f"a scene needs 0 <= first < stop and a confidence from 0 to 1, got {self!r}")


@dataclass(frozen=True, slots=True)
class Dialogue:
    """Consecutive shots in which two set-ups answer each other, with what is cut in between.

    Attributes:
        first, stop: places of its shots, `[first, stop)`.
        sides: the two set-ups, the one that is seen first before the other; a side may hold further set-ups of the
            same person, which are in `more`.
        more: for each side, further set-ups that belong to it (a closer one of the same person).
        cutaways: places of shots within it that are of neither side.
        people: for each side the character whose face it mostly shows; None where it is not known.
        confidence: how sure it is, 0 to 1; 0.5 is the threshold.
        reason: what speaks for it, in words: `7 changes between two set-ups, both mostly medium close-ups`.
    """

    first: int
    stop: int
    sides: tuple[int, int]
    more: tuple[tuple[int, ...], tuple[int, ...]] = ((), ())
    cutaways: tuple[int, ...] = ()
    people: tuple[int | None, int | None] = (None, None)
    confidence: float = 1.0
    reason: str = ""

    def __post_init__(self) -> None:
        if not 0 <= self.first < self.stop or self.sides[0] == self.sides[1] or not 0 <= self.confidence <= 1:
            raise ValueError(f"a dialogue needs shots, two sides and a confidence from 0 to 1, got {self!r}")
        if any(not self.first < place < self.stop - 1 for place in self.cutaways):
            raise ValueError(f"cutaways lie within a dialogue, got {self!r}")


@dataclass(frozen=True, slots=True)
class Character:
    """One person of a film, as a cluster of faces.

    Attributes:
        number: from 0, the one seen longest first.
        name: as a person gave it; None of one without.
        shots: places of the shots in which the face is seen.
        seconds: how long these shots last.
        face_count: how many faces the cluster has.
        source_ordinal: the frame of the film that shows the face best.
        box: left, top, width, height of it there, as shares of the picture's sides.
    """

    number: int
    name: str | None
    shots: tuple[int, ...]
    seconds: float
    face_count: int
    source_ordinal: int
    box: tuple[float, float, float, float]

    @property
    def title(self) -> str:
        """What to call the character: the name, or a number counted from 1."""
        return self.name or f"character {self.number + 1}"


@dataclass(frozen=True, slots=True)
class Structure:
    """Which shots of a film belong together.

    Attributes:
        setups: (shots,) of each shot the number of its set-up: shots from one camera position, wherever in the film.
            Numbers count from 0 in the order of their first shots; -1 of a blank shot.
        scenes: they tile the film.
        boundaries: (shots,) how sure it is that a scene begins with the shot, 0 to 1; 1 of the first.
        dialogues: in order, apart from each other, each within one scene.
        refused: of each scene without a dialogue in which two set-ups answer each other, where they came nearest to
            one: of a confidence below 0.5, with the reason in words. It is no part of what was found, and not written.
    """

    setups: tuple[int, ...]
    scenes: tuple[Scene, ...]
    boundaries: tuple[float, ...]
    dialogues: tuple[Dialogue, ...] = ()
    refused: tuple[Dialogue, ...] = ()

    def __post_init__(self) -> None:
        count = len(self.setups)
        ends = [0, *(scene.stop for scene in self.scenes)]
        if [scene.first for scene in self.scenes] != ends[:-1] or ends[-1] != count or len(self.boundaries) != count:
            raise ValueError(f"scenes tile the shots from 0 to {count}, got stops at {ends[1:]}")
        for before, after in pairwise(self.dialogues):
            if after.first < before.stop:
                raise ValueError(f"dialogues stand apart, got {before!r} and {after!r}")

    @property
    def why_no_dialogue(self) -> str:
        """Why no dialogue was found, in words; empty where one was."""
        if self.dialogues:
            return ""
        if not self.refused:
            return "no two set-ups answer each other for long enough"
        nearest = max(self.refused, key=lambda one: one.confidence * (one.stop - one.first - len(one.cutaways)))
        sure = f"{math.floor(nearest.confidence * 100) / 100:.2f}"  # 0.499 is not 0.50
        return f"shots {nearest.first + 1}–{nearest.stop} come nearest, {sure} of the 0.5 it takes: {nearest.reason}"

    def scene_of(self, shot: int) -> int:
        """Return the place of the scene that a shot is in.

        Raises:
            IndexError: the film has no such shot.
        """
        if not 0 <= shot < len(self.setups):
            raise IndexError(f"there is no shot {shot}; the film has {len(self.setups)}")
        return bisect_right(self.scenes, shot, key=_first) - 1

    def dialogue_of(self, shot: int) -> int | None:
        """Return the place of the dialogue that a shot is in; None outside of any."""
        before = bisect_right(self.dialogues, shot, key=_first) - 1
        return before if before >= 0 and shot < self.dialogues[before].stop else None

    def dialogues_in(self, scene: Scene) -> range:
        """Return the places of the dialogues that begin in a scene."""
        return range(*(bisect_left(self.dialogues, end, key=_first) for end in (scene.first, scene.stop)))


def _first(part: Scene | Dialogue) -> int:
    return part.first
