"""A film's structure as plain values, `film-structure/1`: what JSON, pages and programs are given."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import asdict
from typing import Any

from rushes.labels.subjects import unite_subjects
from rushes.structure.facts import ColourShare, FilmFacts
from rushes.structure.film import Film
from rushes.structure.parts import Character, Dialogue, Scene
from rushes.structure.subtitle import FilmSubtitles
from rushes.timelines.formats.json import table_of as table_of_shots

SCHEMA = "film-structure/1"


def table_of(film: Film) -> dict[str, Any]:
    """Return a film's structure as plain values; shots, scenes and dialogues are counted from 1 in it."""
    shots = table_of_shots(film.timeline)
    long_takes = frozenset(film.facts.long_takes)
    said = [_of_shot(film, place, long_takes) for place in range(len(film.timeline.shots))]
    return shots | {
        "schema": SCHEMA,
        "looks_by": film.looks_by,
        "closeness_by": film.closeness_by or None,
        "faces_by": film.faces_by or None,
        "subjects_by": film.subjects_by or None,
        "shots": [shot | more for shot, more in zip(shots["shots"], said, strict=True)],
        "scenes": [_scene(film, place, scene) for place, scene in enumerate(film.structure.scenes)],
        "dialogues": [_dialogue(film, place, found) for place, found in enumerate(film.structure.dialogues)],
        "characters": None if film.characters is None else [_character(film, one) for one in film.characters],
        "facts": _facts(film.facts),
        "subtitles": None if film.subtitles is None else _subtitles(film.subtitles),
        "notes": list(film.notes),
    }


def _of_shot(film: Film, place: int, long_takes: Set[int]) -> dict[str, Any]:
    setup = film.structure.setups[place]
    return {
        "setup": None if setup < 0 else setup + 1,
        "scene": film.structure.scene_of(place) + 1,
        "boundary": film.structure.boundaries[place],
        "characters": [number + 1 for number in film.cast[place]] if film.cast else None,
        "subjects": None if film.subjects is None else list(film.subjects[place]),
        "palette": [_colour(one) for one in film.facts.palettes[place]] if film.facts.palettes else [],
        "long_take": place in long_takes,
    }


def _span(film: Film, first: int, stop: int) -> dict[str, Any]:
    """Return where shots `[first, stop)` begin and end, as a timeline's table says it of one shot."""
    opening, last = film.timeline.shots[first], film.timeline.shots[stop - 1]
    return {
        "first_shot": first + 1,
        "last_shot": stop,
        "start": opening.shot.start,
        "stop": last.shot.stop,
        "start_timecode": str(film.timeline.timecode_at(opening.start_slot)),
        "stop_timecode": str(film.timeline.timecode_at(last.stop_slot)),
        "start_seconds": float(opening.start_seconds),
        "stop_seconds": float(last.stop_seconds),
    }


def _scene(film: Film, place: int, scene: Scene) -> dict[str, Any]:
    seen = {number for shot in range(scene.first, scene.stop) for number in (film.cast[shot] if film.cast else ())}
    return {
        "scene": place + 1,
        **_span(film, scene.first, scene.stop),
        "confidence": scene.confidence,
        "setups": sorted({film.structure.setups[shot] + 1 for shot in range(scene.first, scene.stop)} - {0}),
        "characters": sorted(number + 1 for number in seen) if film.cast else None,
        "subjects": (None if film.subjects is None else list(unite_subjects(film.subjects[scene.first : scene.stop]))),
    }


def _dialogue(film: Film, place: int, found: Dialogue) -> dict[str, Any]:
    return {
        "dialogue": place + 1,
        **_span(film, found.first, found.stop),
        "scene": film.structure.scene_of(found.first) + 1,
        "confidence": found.confidence,
        "sides": [
            {
                "setup": setup + 1,
                "more": [other + 1 for other in more],
                "character": None if person is None else person + 1,
                "shots": [
                    shot + 1
                    for shot in range(found.first, found.stop)
                    if film.structure.setups[shot] in (setup, *more) and shot not in found.cutaways
                ],
            }
            for setup, more, person in zip(found.sides, found.more, found.people, strict=True)
        ],
        "cutaways": [shot + 1 for shot in found.cutaways],
        "reason": found.reason,
    }


def _character(film: Film, one: Character) -> dict[str, Any]:
    return {
        "character": one.number + 1,
        "name": one.name,
        "title": one.title,
        "shots": [shot + 1 for shot in one.shots],
        "scenes": sorted({film.structure.scene_of(shot) + 1 for shot in one.shots}),
        "seconds": one.seconds,
        "faces": one.face_count,
        "best_frame": one.source_ordinal,
        "box": list(one.box),
    }


def _facts(facts: FilmFacts) -> dict[str, Any]:
    table = asdict(facts)
    del table["palettes"]  # each stands with its shot
    return table | {
        "palette": [_colour(one) for one in facts.palette],
        "long_takes": [shot + 1 for shot in facts.long_takes],
        "scale_by": facts.scale_by or None,
    }


def _colour(one: ColourShare) -> dict[str, Any]:
    return {"colour": one.code, "share": one.share}


def _subtitles(found: FilmSubtitles) -> dict[str, Any]:
    return {
        "name": found.name,
        "offset_seconds": found.offset_seconds,
        "speed": found.speed,
        "fit": found.fit,
        "reason": found.reason,
        "notes": list(found.notes),
        "entries": [
            {
                "start_seconds": one.start_seconds,
                "stop_seconds": one.stop_seconds,
                "text": one.text,
                "first_shot": one.first + 1 if one.stop > one.first else None,
                "last_shot": one.stop if one.stop > one.first else None,
            }
            for one in found.entries
        ],
    }
