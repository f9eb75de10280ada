"""Naming the characters of a film, by their faces, so that names stick."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
import numpy.typing as npt

from rushes.errors import UsageError
from rushes.footage.shot import Shot
from rushes.structure.characters import Cast
from rushes.subjects.face import Face
from rushes.subjects.kept_faces import FilmFaces
from rushes.subjects.names import Names

_REFERENCES = 16  # faces of a character that its name is kept by


def name_character(names: Names, faces: FilmFaces, cast: Cast, number: int, name: str) -> Names:
    """Return names in which a character of a film has a name.

    Two characters of one name are one person from then on; a name that the character had before is corrected.

    Raises:
        UsageError: there is no such character, the name cannot be kept, or the character has no face that can be told.
    """
    number = _checked(cast, number)
    chosen = _references(faces, cast, number)
    every = np.array([face.embedding for _, face in _told(faces, cast, number)], np.float32)
    return names.released(every, embedder=faces.embedder, but=name).with_name(name, chosen, embedder=faces.embedder)


def unname_character(names: Names, faces: FilmFaces, cast: Cast, number: int) -> Names:
    """Return names in which the faces of a character of a film are nobody's.

    Whoever it was taken for keeps the name in other films, and is told apart from it from then on.

    Raises:
        UsageError: there is no such character.
    """
    name = cast.characters[_checked(cast, number)].name
    told = _told(faces, cast, number)
    if not told:
        return names
    vectors = np.array([face.embedding for _, face in told], np.float32)
    left = names.released(vectors, embedder=faces.embedder)
    if name is None or left.person(name) is None:
        return left
    return left.with_strangers(name, vectors, embedder=faces.embedder)


def split_from_character(
    names: Names, faces: FilmFaces, cast: Cast, number: int, shots: Sequence[Shot], places: Collection[int]
) -> Names:
    """Return names in which the faces of a named character in some shots are not theirs.

    Args:
        shots: of the film.
        places: of those shots.

    Raises:
        UsageError: there is no such character, it has no name, or is not seen in the shots.
    """
    number = _checked(cast, number)
    name = cast.characters[number].name
    if name is None:
        raise UsageError(f"character {number + 1} has no name yet: name it first, then take shots from it")
    spans = [(shots[place].start, shots[place].stop) for place in places]
    wanted = {at for at, one in enumerate(faces.ordinals) if any(start <= one < stop for start, stop in spans)}
    theirs = [face.embedding for frame, face in _told(faces, cast, number) if frame in wanted]
    if not theirs:
        shown = ", ".join(str(place + 1) for place in sorted(places))
        raise UsageError(f"{name} is not seen in shot {shown}, or not so that it can be told")
    return names.with_strangers(name, np.array(theirs, np.float32), embedder=faces.embedder)


def _checked(cast: Cast, number: int) -> int:
    if not 0 <= number < len(cast.characters):
        count = len(cast.characters)
        raise UsageError(
            f"there is no character {number + 1}; "
            + (f"the film has {count}, counted from 1" if count else "no characters were found in the film")
        )
    return number


def _told(faces: FilmFaces, cast: Cast, number: int) -> list[tuple[int, Face]]:
    """Return the faces of a character that have a vector, each with the place of its frame."""
    members = [(frame, faces.faces[frame][place]) for frame, place in cast.members[number]]
    return [(frame, face) for frame, face in members if face.embedding is not None]


def _references(faces: FilmFaces, cast: Cast, number: int) -> npt.NDArray[np.float32]:
    """Return the vectors of the clearest faces of a character, from as many places of the film as can be."""
    told = _told(faces, cast, number)
    clear = [(frame, face) for frame, face in told if face.is_clear] or told
    if not clear:
        raise UsageError(f"character {number + 1} has no face by which it can be told again")
    # Of each stretch of the film the clearest, so that a name knows more than one light and one side.
    stretches = np.array_split(np.arange(len(clear)), min(_REFERENCES, len(clear)))
    chosen: list[Face] = [
        max((clear[place][1] for place in stretch.tolist()), key=lambda face: face.clarity * face.height**0.5)
        for stretch in stretches
    ]
    return np.array([face.embedding for face in chosen], np.float32)
