"""Film: all that is understood of one film, as one value."""

from __future__ import annotations

from dataclasses import dataclass

from rushes.labels.subjects import Subjects
from rushes.structure.facts import FilmFacts
from rushes.structure.parts import Character, Structure
from rushes.structure.sightings import SeenFace, SeenObject
from rushes.structure.subtitle import FilmSubtitles
from rushes.timelines.timeline import Timeline


@dataclass(frozen=True, slots=True)
class Film:
    """What is understood of one film.

    Attributes:
        timeline: its shots, with what models answer of each.
        structure: which of them belong together.
        facts: what was counted and measured.
        looks_by: what the shots were compared by: `scan`, or the name of a bundle or a backbone.
        closeness_by: what said which shots are medium close-ups; "" where nothing did.
        characters: the one seen longest first; None where faces were not looked for.
        faces_by: the models that found and compared faces; "" where none were.
        cast: (shots,) of each shot the characters that are seen in it, by number; () where faces were not looked for.
        subjects: (shots,) the words of what a detector sees in each; None where none was asked.
        subjects_by: the detector; "" where none was asked.
        subtitles: None where none are given.
        faces: every face of the frames that were looked at, without what persons are told by; None where nobody looked.
        objects: everything that a detector sees in them; None where none was asked.
        notes: what a person should know: what could not be looked at, and what would make it possible.
    """

    timeline: Timeline
    structure: Structure
    facts: FilmFacts
    looks_by: str
    closeness_by: str = ""
    characters: tuple[Character, ...] | None = None
    faces_by: str = ""
    cast: tuple[tuple[int, ...], ...] = ()
    subjects: tuple[Subjects, ...] | None = None
    subjects_by: str = ""
    subtitles: FilmSubtitles | None = None
    faces: tuple[SeenFace, ...] | None = None
    objects: tuple[SeenObject, ...] | None = None
    notes: tuple[str, ...] = ()
