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
    """A person in the making.

    Attributes:
        frames: in which it is seen; groups of one name share them.
        total: the sum of the vectors of the clear tracks.
    """

    tracks: list[Track]
    frames: set[int]
    total: Floats
    name: str | None = None

    def take(self, track: Track) -> None:
        self.tracks.append(track)
        self.frames.update(track.frames)

    def call(self, name: str, frames: set[int]) -> None:
        frames |= self.frames
        self.name, self.frames = name, frames


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
    groups = _linked(tracks, kind, people)
    _name(groups, kind, people)
    # Before groups of one name become one: a mean of what was seen close and from far is near to neither.
    _attach([track for track in tracks if not track.is_clear], groups, kind, people)
    groups = [group for group in _united(groups) if _counts(group, faces, shot_of)]
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

    def sides(self, kind: EmbedderKind) -> list[Floats]:
        """Return of each person the means of references that are alike: somebody seen close, or from far, or old."""
        found = []
        for references in self.references:
            labels = link(references, joined=kind.joined)
            of_label = [references[labels == label].mean(axis=0) for label in sorted(set(labels.tolist()))]
            found.append(np.array(of_label, np.float32).reshape(len(of_label), references.shape[1]))
        return found


def _linked(tracks: Sequence[Track], kind: EmbedderKind, known: _Known) -> list[_Group]:
    """Return clear tracks as groups of one person each."""
    clear = sorted((track for track in tracks if track.is_clear), key=lambda track: -track.weight)
    first, rest = clear[:_MOST_LINKED], clear[_MOST_LINKED:]
    if not first:
        return []
    vectors = np.array([track.vector for track in first], np.float32)
    apart = list(_of_one_frame(first))
    for references, strangers in zip(known.references, known.strangers, strict=True):
        others = _holding(first, strangers)
        if not others.any() or not len(references):
            continue
        # Whoever a person said is not this one is kept from all that look like this one.
        alike = (vectors @ references.T).max(axis=1) >= kind.joined
        apart += [np.array([place, other]) for place in np.flatnonzero(others)
                  for other in np.flatnonzero(alike & ~others)]  # fmt: skip
    labels = link(vectors, joined=kind.joined, apart=apart)
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


def _name(groups: Sequence[_Group], kind: EmbedderKind, known: _Known) -> None:
    """Give groups the names of those who were named before.

    What a person said comes first: a group that holds the very faces that were named has the name. The others get the
    name they are nearest to, by the measure by which groups are linked, unless they share a frame with who has it.
    """
    if not known.people or not groups:
        return
    frames: dict[str, set[int]] = {person.name: set() for person in known.people}
    held = np.array([[_holding(group.tracks, faces).sum() for faces in known.references] for group in groups], np.int64)
    for group, counts in zip(groups, held, strict=True):
        if counts.any():
            name = known.people[int(counts.argmax())].name
            group.call(name, frames[name])
    sides_of = known.sides(kind)
    alike = np.full((len(groups), len(known.people)), -1.0, np.float32)
    for row, group in enumerate(groups):
        if group.name is not None:
            continue
        mean = group.total / len(group.tracks)
        for person, (sides, strangers) in enumerate(zip(sides_of, known.strangers, strict=True)):
            if len(sides) and not _holding(group.tracks, strangers).any():
                alike[row, person] = (sides @ mean).max()
    for at in np.argsort(-alike, axis=None, kind="stable").tolist():
        row, person = divmod(at, len(known.people))
        group, name = groups[row], known.people[person].name
        if alike[row, person] < kind.joined:
            break
        if group.name is None and group.frames.isdisjoint(frames[name]):
            group.call(name, frames[name])


def _united(groups: Sequence[_Group]) -> list[_Group]:
    """Return groups, those of one name as one."""
    found: list[_Group] = []
    of_name: dict[str, _Group] = {}
    for group in groups:
        if group.name in of_name:
            of_name[group.name].tracks.extend(group.tracks)
            continue
        found.append(group)
        if group.name is not None:
            of_name[group.name] = group
    return found


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
    of_track: dict[int, list[tuple[float, int]]] = {}
    for cosine, place, number in choices:
        of_track.setdefault(place, []).append((cosine, number))
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
        rivals = [
            other
            for other, at in of_track[place][tried[place] :]
            if group.name is None or groups[at].name != group.name
        ]
        if track.is_clear or not rivals or cosine - rivals[0] >= _AHEAD:
            group.take(track)
            if track.is_clear:
                group.total = group.total + track.vector


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
