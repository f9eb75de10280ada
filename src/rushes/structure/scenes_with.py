"""Which scenes of a film a character is in."""

from __future__ import annotations

from rushes.errors import UsageError, did_you_mean
from rushes.structure.film import Film
from rushes.structure.parts import Character


def character_named(film: Film, named: str) -> Character:
    """Return the character of a film that a name, in any case, or a number counted from 1 means.

    Raises:
        UsageError: it means none, or faces were not looked for.
    """
    if film.characters is None:
        raise UsageError(f"who is in {film.timeline.name} is not known: faces were not looked for. Add --faces")
    folded = named.strip().casefold()
    for one in film.characters:
        if folded in (str(one.number + 1), (one.name or "").casefold(), one.title.casefold()) and folded:
            return one
    names = [one.name for one in film.characters if one.name]
    count = len(film.characters)
    hint = did_you_mean(named, names) if names else "None of them is named yet: rushes faces name FILM NUMBER NAME"
    raise UsageError(f"{film.timeline.name} has no character '{named}'; it has {count}, counted from 1. {hint}")


def scenes_with(film: Film, character: Character) -> list[int]:
    """Return the places of the scenes in which a character is seen, in order."""
    return sorted({film.structure.scene_of(shot) for shot in character.shots})
