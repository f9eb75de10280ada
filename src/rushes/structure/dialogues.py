"""Dialogues of two: set-ups that answer each other, with what is cut in between, within one scene."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from rushes.structure.evidence import CLOSE, Evidence
from rushes.structure.parts import Dialogue, Scene
from rushes.structure.similarity import Likeness, chance

LEAST_CHANGES = 3  # from one side to the other: A B A B
LEAST_DIRECT = 2  # of these from one shot to the next, without a cutaway
MOST_CUTAWAYS = 3  # shots in a row that are of neither side
CUTAWAY_SECONDS = 20.0  # that such shots may last together
THRESHOLD = 0.5
_PACE = 2.2  # changes over which certainty grows
_ALTERNATION_ALONE = 0.64  # of full certainty, where nobody says what the shots show
_NO_FACE = 0.5  # and where faces are found in the film, but none in these shots
_ONE_FACE = 0.8  # and where one side's face is known, or both are and the shots are not close
_FAR_SHOTS = 0.4  # and where the shots are known not to be close
_CLOSE_SLOPE = 0.1  # of closeness, over which the answer turns
_CUTAWAY_LOSS = 0.5  # of certainty, where all are cutaways
_OWN_SHARE = 0.5  # of a side's shots that show one person, for the side to be that person's
_THIRD_SHARE = 0.4  # of the shots of the rarer side, from which on a third set-up takes part
_AROUND = 4  # shots before and after a run, among which a third set-up is looked for
_NEAR_TURN = 2  # shots between two runs of one dialogue whose set-ups both change

Indices = npt.NDArray[np.int64]
Sides = tuple[frozenset[int], frozenset[int]]


@dataclass(frozen=True, slots=True)
class _Run:
    """Shots of two sides that answer each other: their places, and which side each is of (0, 1)."""

    sides: Sides
    places: tuple[int, ...]
    of_side: tuple[int, ...]

    @property
    def span(self) -> tuple[int, int]:
        return self.places[0], self.places[-1] + 1

    @property
    def changes(self) -> int:
        return sum(a != b for a, b in pairwise(self.of_side))

    @property
    def direct(self) -> int:
        pairs = zip(pairwise(self.places), pairwise(self.of_side), strict=True)
        return sum(a != b and later == place + 1 for (place, later), (a, b) in pairs)

    @property
    def cutaways(self) -> tuple[int, ...]:
        return tuple(sorted(set(range(*self.span)) - set(self.places)))

    def shots_of(self, side: int) -> list[int]:
        return [place for place, of in zip(self.places, self.of_side, strict=True) if of == side]


@dataclass(frozen=True, slots=True)
class _Judged:
    """A run with how sure it is that it is a dialogue, and why."""

    run: _Run
    confidence: float
    support: float  # by what the shots show
    reason: str
    people: tuple[int | None, int | None]


def find_dialogues(
    evidence: Evidence, likeness: Likeness, setups: Indices, scenes: Sequence[Scene]
) -> tuple[tuple[Dialogue, ...], tuple[Dialogue, ...]]:
    """Return the dialogues of two of a film, in order, apart, each within one scene; and what was refused.

    Refused is, of each scene without a dialogue, the run that holds most, weighed as dialogues are against each other.

    Two set-ups that follow each other directly are taken up and down the scene as far as they answer each other over
    no more than MOST_CUTAWAYS other shots; then further set-ups of the same persons are taken into the sides. Only
    those of a confidence of THRESHOLD and above are dialogues. Alternation alone, where nobody says which shots are
    close or whose faces they show, needs five changes and few cutaways to reach it, and goes little beyond: films also
    cut to and fro between a hunter and the hunted, or a person and what is looked at.
    """
    found: list[_Judged] = []
    refused: list[_Judged] = []
    for scene in scenes:
        judged = _judged_of_scene(scene, evidence, likeness, setups)
        best = _best_apart(judged)
        found += best
        if judged and not best:
            refused.append(max(judged, key=lambda one: (one.confidence * len(one.run.places), len(one.run.places))))
    return tuple(_dialogue(one, setups) for one in found), tuple(_dialogue(one, setups) for one in refused)


def _judged_of_scene(scene: Scene, evidence: Evidence, likeness: Likeness, setups: Indices) -> list[_Judged]:
    """Return all runs of a scene, judged; one that holds a closer part is as well supported as that part."""
    judged = [_judge(run, scene, evidence, setups) for run in _runs_of_scene(scene, evidence, likeness, setups)]
    return [_with_close_part(one, judged) for one in judged]


def _with_close_part(one: _Judged, judged: Sequence[_Judged]) -> _Judged:
    """Return a run as supported by what the shots show where the camera has come closer on both, if that is more."""
    closer = max(
        (part.support for part in judged if part.confidence >= THRESHOLD and _is_part(part.run, one.run)), default=0.0
    )
    if not 0 < one.support < closer:
        return one
    return replace(
        one,
        confidence=one.confidence * closer / one.support,
        support=closer,
        reason=one.reason.replace("not both mostly medium close-ups", "both medium close-ups in a part of it"),
    )


def _is_part(part: _Run, run: _Run) -> bool:
    """Say whether a run is a stretch of another that has further set-ups on both sides."""
    own = part.sides if part.sides[0] < run.sides[0] else part.sides[::-1]
    nested = run.span[0] <= part.span[0] and part.span[1] <= run.span[1]
    return nested and own[0] < run.sides[0] and own[1] < run.sides[1]


def _runs_of_scene(scene: Scene, evidence: Evidence, likeness: Likeness, setups: Indices) -> list[_Run]:
    """Return all runs of a scene in which two sides answer each other; they may overlap."""
    keys = _keys(scene, evidence, setups)
    met = Counter(
        (min(a, b), max(a, b))
        for a, b in pairwise(keys.get(int(setups[shot]), -1) for shot in range(scene.first, scene.stop))
        if a != b and a >= 0 and b >= 0
    )
    members: dict[int, frozenset[int]] = {}
    for setup, key in keys.items():
        members[key] = members.get(key, frozenset()) | {setup}
    runs = [
        run
        for (a, b), times in met.items()
        if times >= LEAST_DIRECT
        for run in _runs((members[a], members[b]), scene, evidence, setups)
    ]
    runs = [_widened(run, scene, evidence, likeness, setups) for run in runs]
    return runs + _joined(runs, scene, evidence, likeness, setups)


def _keys(scene: Scene, evidence: Evidence, setups: Indices) -> dict[int, int]:
    """Return of each set-up of a scene the first that shows the same one person, or itself."""
    shots_of: dict[int, list[int]] = {}
    for shot in range(scene.first, scene.stop):
        if setups[shot] >= 0:
            shots_of.setdefault(int(setups[shot]), []).append(shot)
    first_of: dict[int, int] = {}
    keys = {}
    for setup, shots in shots_of.items():
        person = _person(shots, evidence)
        keys[setup] = setup if person is None else first_of.setdefault(person, setup)
    return keys


def _person(shots: Sequence[int], evidence: Evidence) -> int | None:
    """Return the person who dominates most of some shots; None where nobody does."""
    persons = Counter(int(evidence.person[shot]) for shot in shots if evidence.person[shot] >= 0)
    if not persons:
        return None
    person, times = min(persons.items(), key=lambda item: (-item[1], item[0]))
    return person if times >= _OWN_SHARE * len(shots) else None


def _closeness(shots: Sequence[int], evidence: Evidence) -> float:
    """Return how close some shots are on average, 0 to 1; NaN where nobody says."""
    values = evidence.close[list(shots)]
    values = values[~np.isnan(values)]
    return float(values.mean()) if len(values) else float("nan")


def _runs(sides: Sides, scene: Scene, evidence: Evidence, setups: Indices) -> list[_Run]:
    """Return where two sides answer each other in a scene, cutaways allowed for."""
    places = [shot for shot in range(scene.first, scene.stop) if setups[shot] in sides[0] or setups[shot] in sides[1]]
    pieces: list[list[int]] = []
    for place in places:
        if pieces and _bridged(pieces[-1][-1], place, evidence):
            pieces[-1].append(place)
        else:
            pieces.append([place])
    runs = (_run(sides, _trimmed(piece, sides, setups), setups) for piece in pieces)
    return [run for run in runs if run.changes >= LEAST_CHANGES and run.direct >= LEAST_DIRECT]


def _bridged(earlier: int, later: int, evidence: Evidence) -> bool:
    """Say whether what is cut in between two shots is short enough for a dialogue to go on over it."""
    if later - earlier - 1 > MOST_CUTAWAYS or evidence.blank[earlier:later].any():
        return False
    return bool(evidence.start_seconds[later] - evidence.stop_seconds[earlier] <= CUTAWAY_SECONDS)


def _trimmed(piece: list[int], sides: Sides, setups: Indices) -> list[int]:
    """Return a piece without ends that only repeat a side after a cutaway."""
    first, stop = 0, len(piece)
    of = [bool(setups[place] in sides[1]) for place in piece]
    while stop - first > 1 and of[stop - 1] == of[stop - 2] and piece[stop - 1] > piece[stop - 2] + 1:
        stop -= 1
    while stop - first > 1 and of[first] == of[first + 1] and piece[first + 1] > piece[first] + 1:
        first += 1
    return piece[first:stop]


def _run(sides: Sides, places: Sequence[int], setups: Indices) -> _Run:
    """Return a run, the side that is seen first before the other."""
    if setups[places[0]] in sides[1]:
        sides = sides[1], sides[0]
    return _Run(sides, tuple(places), tuple(int(setups[place] in sides[1]) for place in places))


def _widened(run: _Run, scene: Scene, evidence: Evidence, likeness: Likeness, setups: Indices) -> _Run:
    """Return a run with further set-ups of its persons: those that take over from a side's own."""
    while True:
        wider = [
            found
            for setup in sorted({int(s) for s in setups[scene.first : scene.stop]} - run.sides[0] - run.sides[1] - {-1})
            for side in (0, 1)
            if _takes_part(setup, side, run, scene, evidence, likeness, setups)
            for found in _runs(_with(run.sides, side, setup), scene, evidence, setups)
            if found.direct >= run.direct + 2 and set(run.places) <= set(found.places)
        ]
        if not wider:
            return run
        run = max(wider, key=lambda found: (found.direct, -found.places[0]))


def _with(sides: Sides, side: int, setup: int) -> Sides:
    return (sides[0] | {setup}, sides[1]) if side == 0 else (sides[0], sides[1] | {setup})


def _takes_part(
    setup: int, side: int, run: _Run, scene: Scene, evidence: Evidence, likeness: Likeness, setups: Indices
) -> bool:
    """Say whether a set-up may be another of a side's person."""
    shots = [shot for shot in range(scene.first, scene.stop) if setups[shot] == setup]
    own, other = run.shots_of(side), run.shots_of(1 - side)
    people = _person(shots, evidence), _person(own, evidence)
    if _closeness(shots, evidence) < CLOSE or (None not in people and people[0] != people[1]):
        return False
    takes_over = shots[0] > own[-1] or shots[-1] < own[0]
    return takes_over and _unlike(shots, own, likeness) < _unlike(shots, other, likeness)


def _unlike(shots: Sequence[int], others: Sequence[int], likeness: Likeness) -> float:
    """Return how unlike some shots are to others in light and look, by chance; 2 where no window holds both."""
    pairs = [(min(a, b), abs(a - b) - 1) for a in shots for b in others if 0 < abs(a - b) <= likeness.looks.shape[1]]
    if not pairs:
        return 2.0
    rows, steps = (np.array(part) for part in zip(*pairs, strict=True))
    looks, tones = likeness.looks[rows, steps], likeness.tones[rows, steps]
    return float(np.mean(chance(looks, likeness.far_looks) + chance(tones, likeness.far_tones)))


def _joined(runs: Sequence[_Run], scene: Scene, evidence: Evidence, likeness: Likeness, setups: Indices) -> list[_Run]:
    """Return runs that go on where both set-ups change at once, as when the camera moves in on both persons."""
    found = []
    for earlier in runs:
        for later in runs:
            apart = later.places[0] - earlier.places[-1] - 1
            if not 0 <= apart <= _NEAR_TURN or (earlier.sides[0] | earlier.sides[1]) & (
                later.sides[0] | later.sides[1]
            ):
                continue
            straight, crossed = (
                sum(_unlike(earlier.shots_of(side), later.shots_of(side ^ turn), likeness) for side in (0, 1))
                for turn in (0, 1)
            )
            turn = int(crossed < straight)
            if _agree(earlier, later, turn, evidence):
                sides = earlier.sides[0] | later.sides[turn], earlier.sides[1] | later.sides[1 - turn]
                found += _runs(sides, scene, evidence, setups)
    return found


def _agree(earlier: _Run, later: _Run, turn: int, evidence: Evidence) -> bool:
    """Say whether the sides of two runs may be of the same persons: faces say so, or one run shows both close.

    Where nobody says how close shots are, their alternation has to do.
    """
    sides = [(earlier.shots_of(side), later.shots_of(side ^ turn)) for side in (0, 1)]
    people = [(_person(mine, evidence), _person(theirs, evidence)) for mine, theirs in sides]
    if any(None not in pair and pair[0] != pair[1] for pair in people):
        return False
    if all(None not in pair for pair in people):
        return True
    return any(not min(_closeness(pair[of], evidence) for pair in sides) < CLOSE for of in (0, 1))


def _judge(run: _Run, scene: Scene, evidence: Evidence, setups: Indices) -> _Judged:
    sides = run.shots_of(0), run.shots_of(1)
    people = _person(sides[0], evidence), _person(sides[1], evidence)
    support, words = _support(sides, people, evidence)
    cutaways, third = run.cutaways, _third_part(run, scene, evidence, setups)
    first, stop = run.span
    certainty = 1 - float(np.exp(-(run.changes - 1) / _PACE))
    certainty *= support * (1 - _CUTAWAY_LOSS * len(cutaways) / (stop - first)) * (1 - third)
    reason = f"{run.changes} changes between two set-ups, {words}"
    if cutaways:
        reason += f"; {len(cutaways)} cutaway{'s' if len(cutaways) > 1 else ''}"
    if third:
        reason += "; a third takes part"
    return _Judged(run, certainty, support, reason, people)


def _support(
    sides: tuple[list[int], list[int]], people: tuple[int | None, int | None], evidence: Evidence
) -> tuple[float, str]:
    """Return which share of full certainty what the shots show allows, and what that is in words."""
    closeness = min(_closeness(side, evidence) for side in sides)
    asked = not np.isnan(closeness)
    close = _FAR_SHOTS
    if asked:
        close += (1 - _FAR_SHOTS) / (1 + float(np.exp(-(closeness - CLOSE) / _CLOSE_SLOPE)))
    if None not in people:
        words = "each with the face of another person"
        if people[0] == people[1]:
            return 0.0, "both with the face of one person"
        if not asked or closeness >= CLOSE:
            return 1.0, words + (", both mostly medium close-ups" if asked else "")
        return max(_ONE_FACE, close), words
    if asked:
        return close, "both mostly medium close-ups" if closeness >= CLOSE else "not both mostly medium close-ups"
    if people != (None, None):
        return _ONE_FACE, "one of them with the face of one person"
    if (evidence.face_count > 0).any() and (evidence.face_count[sides[0] + sides[1]] >= 0).all():
        return _NO_FACE, "without a face that dominates"
    return _ALTERNATION_ALONE, "by alternation alone: nothing says whether they are close"


def _third_part(run: _Run, scene: Scene, evidence: Evidence, setups: Indices) -> float:
    """Return how much a third takes part, 0 to 1: a set-up, or all those of one person, nearly as often as a side.

    It is looked for shortly before and after the run too: among three who talk, two talk to each other for a while.
    Who is seen on one side of it only is met afterwards, or was before. Where nothing says what shots show, it is not
    looked for there: it might be the view of the place.
    """
    first, stop = run.span
    shots = list(range(first, stop))
    told = bool(evidence.face_count[shots].max() >= 0 or not np.isnan(evidence.close[shots]).all())
    around = _AROUND if told else 0
    places = sorted(set(range(max(scene.first, first - around), min(scene.stop, stop + around))) - set(run.places))
    seen: dict[int, list[int]] = {}
    keys = _keys(scene, evidence, setups)
    for place in places:
        if setups[place] >= 0 and not evidence.close[place] < CLOSE and evidence.face_count[place] <= 1:
            seen.setdefault(keys[int(setups[place])], []).append(place)
    mixed = [len(shots) for shots in seen.values() if len(shots) > 1 - told and shots[0] < stop and shots[-1] >= first]
    share = max(mixed, default=0) / min(len(run.shots_of(0)), len(run.shots_of(1)))
    return min(1.0, share) if share >= _THIRD_SHARE else 0.0


def _best_apart(judged: Sequence[_Judged]) -> list[_Judged]:
    """Return those that stand apart from each other and hold the most shots, weighed by how sure they are."""
    usable = sorted((one for one in judged if one.confidence >= THRESHOLD), key=lambda one: one.run.span[::-1])
    best: list[tuple[float, list[_Judged]]] = [(0.0, [])]
    for number, one in enumerate(usable):
        before = sum(other.run.span[1] <= one.run.span[0] for other in usable[:number])
        value = best[before][0] + one.confidence * len(one.run.places)
        best.append((value, [*best[before][1], one]) if value > best[-1][0] else best[-1])
    return best[-1][1]


def _dialogue(judged: _Judged, setups: Indices) -> Dialogue:
    run = judged.run
    seen: tuple[list[int], list[int]] = ([], [])
    for place, side in zip(run.places, run.of_side, strict=True):
        if setups[place] not in seen[side]:
            seen[side].append(int(setups[place]))
    first, stop = run.span
    more = tuple(seen[0][1:]), tuple(seen[1][1:])
    return Dialogue(
        first, stop, (seen[0][0], seen[1][0]), more, run.cutaways, judged.people, judged.confidence, judged.reason
    )
