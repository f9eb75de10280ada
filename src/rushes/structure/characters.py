"""find_characters: the faces of a film as the persons that they are of."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rushes.footage.shot import Shot
from rushes.structure.linkage import link
from rushes.structure.parts import Character
from rushes.structure.tracks import Spot, Track, find_tracks
from rushes.subjects.embedders import EmbedderKind
from rushes.subjects.face import Face
from rushes.subjects.kept_faces import FilmFaces, kind_of
from rushes.subjects.names import SAME_FACE, Names, Person

Floats = npt.NDArray[np.float32]

_MOST_LINKED = 4000  # tracks that are linked with each other; further ones are attached to what comes of it
_CHOSEN = 3  # nearest characters that an unclear track may be attached to
_AHEAD = 0.05  # cosine by which the nearest of them must be nearer than the next
_LARGE = 0.10  # of the picture's height: a face from which one shot makes a character
_LEADING_HEIGHT = 0.12  # of the picture's height: a face from which it can dominate
_LEADING_TIMES = 2.5  # how much larger than any other face of the frame it must be
_LEADING_SHARE = 0.5  # of the frames of the shot that were looked at


@dataclass(frozen=True, slots=True)
class Cast:
    """Who is seen in a film.

    Attributes:
        characters: the one seen longest first.
        of_shot: (shots,) numbers of the characters that are seen in each, rising.
        dominant: (shots,) the character whose face dominates it: at least 0.12 of the picture high and 2.5 times as
            large as any other face of the frame, in at least half of the frames that were looked at; -1 where none is.
        face_counts: (shots,) the most faces that one of its frames shows, told or not; -1 where none was looked at.
        members: (characters,) of each the faces: place in `FilmFaces.ordinals`, and place in that frame's faces.
    """

    characters: tuple[Character, ...]
    of_shot: tuple[tuple[int, ...], ...]
    dominant: tuple[int, ...]
    face_counts: tuple[int, ...]
    members: tuple[tuple[Spot, ...], ...]


@dataclass(slots=True)
class _Group:
    """A person in the making: tracks, the frames they are in, and the sum of their vectors."""

    tracks: list[Track]
    frames: set[int]
    total: Floats
    name: str | None = None

    def take(self, track: Track) -> None:
        self.tracks.append(track)
        self.frames.update(track.frames)

    def join(self, other: _Group) -> None:
        self.tracks += other.tracks
        self.frames |= other.frames
        self.total = self.total + other.total


def find_characters(faces: FilmFaces, shots: Sequence[Shot], seconds: Sequence[float], names: Names) -> Cast:
    """Return who is seen in a film.

    Faces of one shot are followed into tracks; clear tracks are linked by the mean cosine between groups, two faces
    of one frame never being one person; unclear ones are attached to whom they are nearest, or belong to nobody.
    Somebody counts as a character who is seen in two shots, or once with a face of a tenth of the picture's height,
    or who was named.

    Args:
        shots: of the film, in their order.
        seconds: (shots,) how long each lasts.
        names: who was named before, in this film or another.
    """
    shot_of = _shots_of(faces.ordinals, shots)
    kind = kind_of(faces.embedder)
    tracks = find_tracks(faces.faces, shot_of, near=kind.near)
    people = _Known.of(names, faces)
    groups = _named(_linked(tracks, kind, people), kind, people)
    _attach([track for track in tracks if not track.is_clear], groups, kind, people)
    groups = [group for group in groups if _counts(group, faces, shot_of)]
    return _cast(groups, faces, shots, seconds, shot_of)


@dataclass(frozen=True, slots=True, eq=False)
class _Known:
    """Those who were named, of whom the film's embedder has vectors."""

    people: tuple[Person, ...]
    references: tuple[Floats, ...]
    strangers: tuple[Floats, ...]

    @classmethod
    def of(cls, names: Names, faces: FilmFaces) -> _Known:
        every = [face.embedding for found in faces.faces for face in found if face.embedding is not None]
        length = len(every[0]) if every else 0
        empty = np.zeros((0, length), np.float32)
        people = tuple(
            person
            for person in names.people
            if length and person.references.get(faces.embedder, empty).shape[1] == length
        )
        return cls(
            people,
            tuple(person.references.get(faces.embedder, empty) for person in people),
            tuple(person.strangers.get(faces.embedder, empty) for person in people),
        )


def _linked(tracks: Sequence[Track], kind: EmbedderKind, known: _Known) -> list[_Group]:
    """Return clear tracks as groups of one person each."""
    clear = sorted((track for track in tracks if track.is_clear), key=lambda track: -track.weight)
    first, rest = clear[:_MOST_LINKED], clear[_MOST_LINKED:]
    if not first:
        return []
    vectors = np.array([track.vector for track in first], np.float32)
    apart = list(_of_one_frame(first))
    together = []
    for references, strangers in zip(known.references, known.strangers, strict=True):
        theirs = _holding(first, references)
        together.append(np.flatnonzero(theirs))
        alike = theirs | (vectors @ references.mean(axis=0) >= kind.joined) if len(references) else theirs
        others = _holding(first, strangers)
        apart += [np.array([place, other]) for place in np.flatnonzero(others)
                  for other in np.flatnonzero(alike & ~others)]  # fmt: skip
    labels = link(vectors, joined=kind.joined, apart=apart, together=together)
    groups: dict[int, _Group] = {}
    for label, track in zip(labels.tolist(), first, strict=True):
        group = groups.setdefault(label, _Group([], set(), np.zeros_like(track.vector)))
        group.take(track)
        group.total = group.total + track.vector
    found = list(groups.values())
    _attach(rest, found, kind, known)
    return found


def _of_one_frame(tracks: Sequence[Track]) -> Iterable[npt.NDArray[np.int64]]:
    """Give the places of tracks that share a frame: they are of different persons."""
    in_frame: dict[int, list[int]] = {}
    for place, track in enumerate(tracks):
        for frame in track.frames:
            in_frame.setdefault(frame, []).append(place)
    return (np.array(places) for places in in_frame.values() if len(places) > 1)


def _holding(tracks: Sequence[Track], faces: Floats) -> npt.NDArray[np.bool_]:
    """Return which tracks hold one of the very faces."""
    if not len(faces):
        return np.zeros(len(tracks), np.bool_)
    return np.array([bool((track.vectors @ faces.T >= SAME_FACE).any()) for track in tracks], np.bool_)


def _named(groups: list[_Group], kind: EmbedderKind, known: _Known) -> list[_Group]:
    """Return groups with the names of those who were named before; groups of one name are one person.

    What a person said comes first: a group that holds the very faces that were named has the name. The others get the
    name they are nearest to, by the measure by which groups are linked, unless they share a frame with who has it.
    """
    if not known.people or not groups:
        return groups
    held = np.array([[_holding(group.tracks, faces).sum() for faces in known.references] for group in groups], np.int64)
    barred = np.array([[_holding(group.tracks, faces).any() for faces in known.strangers] for group in groups])
    owners: dict[int, _Group] = {}
    free = []
    for place, group in enumerate(groups):
        person = int(held[place].argmax())
        if held[place, person] == 0:
            free.append(place)
        elif person in owners:
            owners[person].join(group)
        else:
            owners[person] = group
    means = np.array(
        [faces.mean(axis=0) if len(faces) else np.zeros_like(groups[0].total) for faces in known.references]
    )
    near = np.zeros((len(free), means.shape[1]), np.float32)
    for row, place in enumerate(free):
        near[row] = groups[place].total / len(groups[place].tracks)
    alike = near @ means.T
    alike[barred[free]] = -1
    left = set(free)
    for at in np.argsort(-alike, axis=None, kind="stable").tolist():
        row, person = divmod(at, len(known.people))
        place = free[row]
        if alike[row, person] < kind.joined:
            break
        if place not in left or (person in owners and owners[person].frames & groups[place].frames):
            continue
        left.discard(place)
        if person in owners:
            owners[person].join(groups[place])
        else:
            owners[person] = groups[place]
    for person, group in owners.items():
        group.name = known.people[person].name
    return [*owners.values(), *(groups[place] for place in sorted(left))]


def _attach(tracks: Sequence[Track], groups: Sequence[_Group], kind: EmbedderKind, known: _Known) -> None:
    """Add tracks to the groups that they are nearest to, the surest first; what is near to none is left out."""
    told = [track for track in tracks if len(track.vectors)]
    if not told or not groups:
        return
    middles = np.array([group.total / max(float(np.linalg.norm(group.total)), 1e-9) for group in groups])
    barred = {person.name: _holding(told, faces) for person, faces in zip(known.people, known.strangers, strict=True)}
    choices: list[tuple[float, int, int]] = []
    for start in range(0, len(told), 1024):
        alike = np.array([track.vector for track in told[start : start + 1024]]) @ middles.T
        count = min(_CHOSEN, len(groups))
        best = np.argpartition(-alike, count - 1, axis=1)[:, :count]
        for row, chosen in enumerate(best.tolist()):
            choices += [(float(alike[row, group]), start + row, group) for group in chosen]
    choices.sort(reverse=True)
    of_track: dict[int, list[float]] = {}
    for cosine, place, _ in choices:
        of_track.setdefault(place, []).append(cosine)
    done: set[int] = set()
    tried = dict.fromkeys(of_track, 0)
    for cosine, place, number in choices:
        if cosine < kind.near:
            break
        group, track = groups[number], told[place]
        tried[place] += 1
        is_barred = group.name is not None and group.name in barred and bool(barred[group.name][place])
        if place in done or is_barred or not group.frames.isdisjoint(track.frames):
            continue
        done.add(place)
        rivals = of_track[place][tried[place] :]
        if track.is_clear or not rivals or cosine - rivals[0] >= _AHEAD:
            group.take(track)


def _counts(group: _Group, faces: FilmFaces, shot_of: Sequence[int]) -> bool:
    if group.name is not None or len({track.shot for track in group.tracks}) > 1:
        return True
    return any(face.is_clear and face.height >= _LARGE for _, face in _faces_of(group, faces))


def _faces_of(group: _Group, faces: FilmFaces) -> Iterable[tuple[Spot, Face]]:
    for track in group.tracks:
        for frame, place in track.spots:
            yield (frame, place), faces.faces[frame][place]


def _cast(
    groups: Sequence[_Group],
    faces: FilmFaces,
    shots: Sequence[Shot],
    seconds: Sequence[float],
    shot_of: Sequence[int],
) -> Cast:
    """Return groups as characters, numbered by how long the shots last that they are seen in."""
    seen = [sorted({track.shot for track in group.tracks}) for group in groups]
    long = [sum(seconds[shot] for shot in theirs) for theirs in seen]
    order = sorted(range(len(groups)), key=lambda place: (-long[place], seen[place]))
    characters, members = [], []
    for number, place in enumerate(order):
        group = groups[place]
        spots = sorted(spot for spot, _ in _faces_of(group, faces))
        (frame, _), best = max(_faces_of(group, faces), key=lambda one: one[1].clarity * one[1].height ** 0.5)
        characters.append(
            Character(number, group.name, tuple(seen[place]), float(long[place]), len(spots), faces.ordinals[frame],
                      (best.left, best.top, best.width, best.height))
        )  # fmt: skip
        members.append(tuple(spots))
    of_shot: list[list[int]] = [[] for _ in shots]
    for character in characters:
        for shot in character.shots:
            of_shot[shot].append(character.number)
    whose = {spot: number for number, spots in enumerate(members) for spot in spots}
    counts = [-1] * len(shots)
    for frame, shot in enumerate(shot_of):
        if shot >= 0:
            counts[shot] = max(counts[shot], len(faces.faces[frame]))
    return Cast(
        tuple(characters),
        tuple(tuple(numbers) for numbers in of_shot),
        _dominant(faces, whose, shot_of, len(shots)),
        tuple(counts),
        tuple(members),
    )


def _dominant(faces: FilmFaces, whose: dict[Spot, int], shot_of: Sequence[int], shot_count: int) -> tuple[int, ...]:
    """Return of each shot the character whose face dominates it; -1 where none does."""
    looked = [0] * shot_count
    leading: list[dict[int, int]] = [{} for _ in range(shot_count)]
    for frame, shot in enumerate(shot_of):
        if shot < 0:
            continue
        looked[shot] += 1
        by_size = sorted(enumerate(faces.faces[frame]), key=lambda one: -one[1].area)
        if not by_size or by_size[0][1].height < _LEADING_HEIGHT:
            continue
        if len(by_size) > 1 and by_size[0][1].area < _LEADING_TIMES * by_size[1][1].area:
            continue
        number = whose.get((frame, by_size[0][0]), -1)
        leading[shot][number] = leading[shot].get(number, 0) + 1
    found = []
    for count, led in zip(looked, leading, strict=True):
        most = max(led, key=lambda number: led[number], default=-1)
        found.append(most if most >= 0 and led[most] >= _LEADING_SHARE * count else -1)
    return tuple(found)


def _shots_of(ordinals: Sequence[int], shots: Sequence[Shot]) -> list[int]:
    """Return the place of the shot that each frame is in; -1 of one outside them."""
    starts = [shot.start for shot in shots]
    places = [bisect_right(starts, ordinal) - 1 for ordinal in ordinals]
    return [
        place if place >= 0 and ordinal < shots[place].stop else -1
        for place, ordinal in zip(places, ordinals, strict=True)
    ]
