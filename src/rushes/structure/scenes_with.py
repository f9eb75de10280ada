"""Which scenes of a film a character is in."""

from __future__ import annotations

import re
import unicodedata

from rushes.errors import UsageError, did_you_mean
from rushes.structure.film import Film
from rushes.structure.parts import Character

_NUMBER = re.compile(r"(?:character )?([1-9][0-9]*)")


def is_number(named: str) -> bool:
    """Return whether words may be a character's number: `2`, or `character 2`."""
    return _NUMBER.fullmatch(named.strip().casefold()) is not None


def character_named(film: Film, named: str, *, may_be_number: bool = True) -> Character:
    """Return the character of a film that a name, in any case, or a number counted from 1 means.

    A name comes before a number: who is called `2` is found by it, and the second one by `character 2`.

    Args:
        may_be_number: whether a number is taken for one.

    Raises:
        UsageError: it means none, or faces were not looked for.
    """
    if film.characters is None:
        raise UsageError(f"who is in {film.timeline.name} is not known: faces were not looked for. Add --faces")
    folded = " ".join(unicodedata.normalize("NFC", named).split()).casefold()
    for one in film.characters:
        if one.name is not None and one.name.casefold() == folded:
            return one
    number = _NUMBER.fullmatch(folded) if may_be_number else None
    for one in film.characters:
        if number is not None and one.number + 1 == int(number[1]):
            return one
    names = [one.name for one in film.characters if one.name]
    count = len(film.characters)
    hint = did_you_mean(named, names) if names else "None of them is named yet: rushes faces name FILM NUMBER NAME"
    raise UsageError(f"{film.timeline.name} has no character '{named}'; it has {count}, counted from 1. {hint}")


def scenes_with(film: Film, character: Character) -> list[int]:
    """Return the places of the scenes in which a character is seen, in order."""
    return sorted({film.structure.scene_of(shot) for shot in character.shots})
