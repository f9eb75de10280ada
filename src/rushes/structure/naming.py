"""Naming the characters of a film, by their faces, so that names stick."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import numpy.typing as npt

from rushes.errors import UsageError
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
    chosen = _references(faces, cast, _checked(cast, number))
    return names.with_name(name, chosen, embedder=faces.embedder)


def unname_character(names: Names, faces: FilmFaces, cast: Cast, number: int) -> Names:
    """Return names in which the faces of a character of a film are nobody's.

    Whoever it was taken for keeps the name in other films, and is told apart from it from then on.

    Raises:
        UsageError: there is no such character.
    """
    theirs = [
        face.embedding
        for frame, place in cast.members[_checked(cast, number)]
        if (face := faces.faces[frame][place]).embedding is not None
    ]
    if not theirs:
        return names
    vectors, name = np.array(theirs, np.float32), cast.characters[number].name
    left = names.without_faces(vectors, embedder=faces.embedder)
    if name is None or left.person(name) is None:
        return left
    return left.with_strangers(name, vectors, embedder=faces.embedder)


def split_from_character(
    names: Names, faces: FilmFaces, cast: Cast, number: int, shots: Collection[int], shot_of: Collection[int]
) -> Names:
    """Return names in which the faces of a named character in some shots are not theirs.

    Args:
        shots: places of shots.
        shot_of: of each frame that was looked at, the place of its shot.

    Raises:
        UsageError: there is no such character, it has no name, or is not seen in the shots.
    """
    name = cast.characters[_checked(cast, number)].name
    if name is None:
        raise UsageError(f"character {number + 1} has no name yet; name it first, then take shots from it")
    of_frame = list(shot_of)
    theirs = [
        face.embedding
        for frame, place in cast.members[number]
        if of_frame[frame] in shots and (face := faces.faces[frame][place]).embedding is not None
    ]
    if not theirs:
        shown = ", ".join(str(shot + 1) for shot in sorted(shots))
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


def _references(faces: FilmFaces, cast: Cast, number: int) -> npt.NDArray[np.float32]:
    """Return the vectors of the clearest faces of a character, from as many places of the film as can be."""
    members = [(frame, faces.faces[frame][place]) for frame, place in cast.members[number]]
    told = [(frame, face) for frame, face in members if face.embedding is not None]
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
