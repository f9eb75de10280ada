"""A film's structure as tables: one row per shot, scene, dialogue, character, subtitle, face or object."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from rushes.labels.subjects import unite_subjects
from rushes.structure.film import Film
from rushes.structure.parts import Dialogue
from rushes.structure.sightings import Sighting
from rushes.timelines.formats.csv import columns_of
from rushes.timelines.formats.json import table_of as table_of_shots

Kind = Literal["whole", "seconds", "share", "text", "yes or no", "wholes", "shares", "words"]
Row = Mapping[str, Any]

# Of the parts that consist of shots.
_SPAN: Mapping[str, Kind] = {
    "first_shot": "whole",
    "last_shot": "whole",
    "shot_count": "whole",
    "start": "whole",
    "stop": "whole",
    "start_timecode": "text",
    "stop_timecode": "text",
    "start_seconds": "seconds",
    "stop_seconds": "seconds",
    "duration_seconds": "seconds",
}
_FILM: Mapping[str, Kind] = {"name": "text", "source": "text"}
# Of a shot, after what a timeline's own table says of it.
OF_SHOT: Mapping[str, Kind] = {
    "setup": "whole",
    "scene": "whole",
    "boundary": "share",
    "dialogue": "whole",
    "side": "text",
    "characters": "words",
    "character_numbers": "wholes",
    "subjects": "words",
    "palette": "words",
    "palette_shares": "shares",
    "long_take": "yes or no",
    "subtitles": "text",
}
_OF_TIMELINE: Mapping[str, Kind] = {
    "shot": "whole",
    "start": "whole",
    "stop": "whole",
    "frames": "whole",
    "start_timecode": "text",
    "stop_timecode": "text",
    "start_seconds": "seconds",
    "stop_seconds": "seconds",
    "duration_seconds": "seconds",
    "cut": "text",
    "cut_start": "whole",
    "cut_stop": "whole",
    "confidence": "share",
    "blank": "yes or no",
    "typical": "whole",
    "sharpest": "whole",
    "start_pts": "whole",
    "time_base": "text",
    **_FILM,
    "video_path": "text",
}
_OF_SCENE: Mapping[str, Kind] = {
    "scene": "whole",
    **_SPAN,
    "average_shot_seconds": "seconds",
    "confidence": "share",
    "setups": "wholes",
    "dialogues": "wholes",
    "characters": "words",
    "character_numbers": "wholes",
    "subjects": "words",
    **_FILM,
}
_OF_DIALOGUE: Mapping[str, Kind] = {
    "dialogue": "whole",
    "scene": "whole",
    **_SPAN,
    "average_shot_seconds": "seconds",
    "confidence": "share",
    "setup_a": "whole",
    "setup_b": "whole",
    "more_setups_a": "wholes",
    "more_setups_b": "wholes",
    "character_a": "text",
    "character_b": "text",
    "shots_a": "wholes",
    "shots_b": "wholes",
    "seconds_a": "seconds",
    "seconds_b": "seconds",
    "cutaways": "wholes",
    "reason": "text",
    **_FILM,
}
_OF_CHARACTER: Mapping[str, Kind] = {
    "character": "whole",
    "title": "text",
    "given_name": "text",
    "shots": "wholes",
    "shot_count": "whole",
    "scenes": "wholes",
    "dialogues": "wholes",
    "seconds": "seconds",
    "faces": "whole",
    "best_frame": "whole",
    "box_left": "share",
    "box_top": "share",
    "box_width": "share",
    "box_height": "share",
    **_FILM,
}
_OF_SUBTITLE: Mapping[str, Kind] = {
    "subtitle": "whole",
    "start_seconds": "seconds",
    "stop_seconds": "seconds",
    "duration_seconds": "seconds",
    "text": "text",
    "first_shot": "whole",
    "last_shot": "whole",
    "scene": "whole",
    "dialogue": "whole",
    "characters": "words",
    **_FILM,
}


# Of what is seen in one frame.
_PLACE: Mapping[str, Kind] = {
    "ordinal": "whole",
    "seconds": "seconds",
    "timecode": "text",
    "shot": "whole",
    "scene": "whole",
}
_BOX: Mapping[str, Kind] = {
    "score": "share",
    "left": "share",
    "top": "share",
    "width": "share",
    "height": "share",
    "left_pixels": "whole",
    "top_pixels": "whole",
    "width_pixels": "whole",
    "height_pixels": "whole",
}
_OF_FACE: Mapping[str, Kind] = {**_PLACE, "character": "whole", "title": "text", **_BOX, **_FILM}
_OF_OBJECT: Mapping[str, Kind] = {**_PLACE, "word": "text", **_BOX, **_FILM}


@dataclass(frozen=True, slots=True)
class Table:
    """One kind of rows of a film.

    Attributes:
        columns: in their order, with what each holds: `seconds` and `share` (0 to 1) are fractions, `wholes`, `shares`
            and `words` lists. None is what is not known, an empty list what is known to be none.
        rows: one value per column, in the film's order.
    """

    columns: Mapping[str, Kind]
    rows: tuple[Row, ...]


def shots_table(film: Film) -> Table:
    """Return one row per shot: what a timeline says of it, what models answer, and what it belongs to."""
    tasks: dict[str, Kind] = {}
    for task in film.timeline.tasks:
        tasks |= zip(columns_of(task), ("text", "share", "text"), strict=True)
    table = table_of_shots(film.timeline)
    of_film = {
        "time_base": table["time_base"],
        "name": table["name"],
        "source": table["source"],
        "video_path": table["path"],
    }
    rows = []
    long_takes, said = frozenset(film.facts.long_takes), _said_over(film)
    for place, shot in enumerate(table["shots"]):
        cells = dict.fromkeys(tasks) | shot | of_film | _of_shot(film, place)
        cells |= {"long_take": place in long_takes, "subtitles": "\n".join(said[place]) or None}
        cells["frames"] = shot["stop"] - shot["start"]
        cells["duration_seconds"] = float(film.timeline.shots[place].duration_seconds)
        for task, answer in shot["answers"].items():
            cells |= zip(
                columns_of(task), (answer["class"], answer["probability"], answer["reason"] or None), strict=True
            )
        rows.append(cells)
    return _table({**_OF_TIMELINE, **tasks, **OF_SHOT}, rows)


def scenes_table(film: Film) -> Table:
    """Return one row per scene."""
    rows = []
    for number, scene in enumerate(film.structure.scenes):
        shots = range(scene.first, scene.stop)
        talks = [place + 1 for place in film.structure.dialogues_in(scene)]
        rows.append(
            {
                "scene": number + 1,
                **_span(film, scene.first, scene.stop),
                "confidence": scene.confidence,
                "setups": sorted({film.structure.setups[shot] + 1 for shot in shots} - {0}),
                "dialogues": talks,
                **_people(film, shots),
                "subjects": None
                if film.subjects is None
                else list(unite_subjects(film.subjects[shot] for shot in shots)),
            }
        )
    return _table(_OF_SCENE, _with_film(film, rows))


def dialogues_table(film: Film) -> Table:
    """Return one row per dialogue; `a` is the side that is seen first."""
    rows = []
    for number, found in enumerate(film.structure.dialogues):
        row: dict[str, Any] = {
            "dialogue": number + 1,
            "scene": film.structure.scene_of(found.first) + 1,
            **_span(film, found.first, found.stop),
            "confidence": found.confidence,
            "cutaways": [shot + 1 for shot in found.cutaways],
            "reason": found.reason or None,
        }
        for side, letter in enumerate("ab"):
            person = found.people[side]
            shots = [shot for shot in range(found.first, found.stop) if side_of(film, found, shot) == letter.upper()]
            row |= {
                f"setup_{letter}": found.sides[side] + 1,
                f"more_setups_{letter}": [setup + 1 for setup in found.more[side]],
                f"character_{letter}": None if person is None else title_of(film, person),
                f"shots_{letter}": [shot + 1 for shot in shots],
                f"seconds_{letter}": sum(float(film.timeline.shots[shot].duration_seconds) for shot in shots),
            }
        rows.append(row)
    return _table(_OF_DIALOGUE, _with_film(film, rows))


def characters_table(film: Film) -> Table:
    """Return one row per character; none where faces were not looked for."""
    rows = []
    for one in film.characters or ():
        talks = [place + 1 for place, found in enumerate(film.structure.dialogues) if one.number in found.people]
        rows.append(
            {
                "character": one.number + 1,
                "title": one.title,
                "given_name": one.name,
                "shots": [shot + 1 for shot in one.shots],
                "shot_count": len(one.shots),
                "scenes": sorted({film.structure.scene_of(shot) + 1 for shot in one.shots}),
                "dialogues": talks,
                "seconds": one.seconds,
                "faces": one.face_count,
                "best_frame": one.source_ordinal,
                **dict(zip(("box_left", "box_top", "box_width", "box_height"), one.box, strict=True)),
            }
        )
    return _table(_OF_CHARACTER, _with_film(film, rows))


def subtitles_table(film: Film) -> Table:
    """Return one row per subtitle; its characters are those seen meanwhile, which need not be who speaks."""
    rows = []
    for number, one in enumerate(film.subtitles.entries if film.subtitles else ()):
        shown = range(one.first, one.stop)
        rows.append(
            {
                "subtitle": number + 1,
                "start_seconds": one.start_seconds,
                "stop_seconds": one.stop_seconds,
                "duration_seconds": one.stop_seconds - one.start_seconds,
                "text": one.text,
                "first_shot": one.first + 1 if shown else None,
                "last_shot": one.stop if shown else None,
                "scene": film.structure.scene_of(one.first) + 1 if shown else None,
                "dialogue": dialogue_of(film, one.first) if shown else None,
                "characters": _people(film, shown)["characters"],
            }
        )
    return _table(_OF_SUBTITLE, _with_film(film, rows))


def faces_table(film: Film) -> Table:
    """Return one row per face in a frame that was looked at; none where faces were not looked for."""
    titles = {one.number: one.title for one in film.characters or ()}
    rows = [
        {
            **_sighting(film, one),
            "character": None if one.character is None else one.character + 1,
            "title": None if one.character is None else titles.get(one.character),
        }
        for one in film.faces or ()
    ]
    return _table(_OF_FACE, _with_film(film, rows))


def objects_table(film: Film) -> Table:
    """Return one row per thing in a frame that was looked at; none where no detector was asked."""
    rows = [{**_sighting(film, one), "word": one.word} for one in film.objects or ()]
    return _table(_OF_OBJECT, _with_film(film, rows))


# By the word that chooses one in a file's name, `film.scenes.csv`.
TABLES: Mapping[str, Callable[[Film], Table]] = {
    "shots": shots_table,
    "scenes": scenes_table,
    "dialogues": dialogues_table,
    "characters": characters_table,
    "subtitles": subtitles_table,
    "faces": faces_table,
    "objects": objects_table,
}


def side_of(film: Film, found: Dialogue, shot: int) -> str:
    """Return what a shot within a dialogue is: `A` (the side that is seen first), `B` or `cutaway`."""
    setup = film.structure.setups[shot]
    if shot not in found.cutaways:
        for letter, one, more in zip("AB", found.sides, found.more, strict=True):
            if setup == one or setup in more:
                return letter
    return "cutaway"


def dialogue_of(film: Film, shot: int) -> int | None:
    """Return the number, from 1, of the dialogue that a shot is in."""
    place = film.structure.dialogue_of(shot)
    return None if place is None else place + 1


def title_of(film: Film, character: int) -> str:
    """Return what to call a character by its number, from 0."""
    return next((one.title for one in film.characters or () if one.number == character), f"character {character + 1}")


def _of_shot(film: Film, place: int) -> dict[str, Any]:
    setup = film.structure.setups[place]
    number = dialogue_of(film, place)
    palette = film.facts.palettes[place] if film.facts.palettes else ()
    return {
        "setup": None if setup < 0 else setup + 1,
        "scene": film.structure.scene_of(place) + 1,
        "boundary": film.structure.boundaries[place],
        "dialogue": number,
        "side": None if number is None else side_of(film, film.structure.dialogues[number - 1], place),
        **_people(film, (place,)),
        "subjects": None if film.subjects is None else list(film.subjects[place]),
        "palette": [one.code for one in palette],
        "palette_shares": [one.share for one in palette],
    }


def _said_over(film: Film) -> list[list[str]]:
    """Return for each shot the texts of the subtitles that are shown over it."""
    said: list[list[str]] = [[] for _ in film.timeline.shots]
    for one in film.subtitles.entries if film.subtitles else ():
        for of_shot in said[one.first : one.stop] if one.text else ():
            of_shot.append(one.text)
    return said


def _sighting(film: Film, one: Sighting) -> dict[str, Any]:
    """Return where something was seen; pixels are those of the frame as it is shown, to the nearest one."""
    timeline = film.timeline
    across, down = timeline.width_pixels, timeline.height_pixels
    return {
        "ordinal": one.ordinal,
        "seconds": float(one.seconds),
        "timecode": str(timeline.timecode_at(timeline.slot_in(one.shot, one.seconds))),
        "shot": one.shot + 1,
        "scene": film.structure.scene_of(one.shot) + 1,
        "score": one.score,
        "left": one.left,
        "top": one.top,
        "width": one.width,
        "height": one.height,
        "left_pixels": round(one.left * across),
        "top_pixels": round(one.top * down),
        "width_pixels": round(one.width * across),
        "height_pixels": round(one.height * down),
    }


def _span(film: Film, first: int, stop: int) -> dict[str, Any]:
    opening, last = film.timeline.shots[first], film.timeline.shots[stop - 1]
    duration = float(last.stop_seconds - opening.start_seconds)
    return {
        "first_shot": first + 1,
        "last_shot": stop,
        "shot_count": stop - first,
        "start": opening.shot.start,
        "stop": last.shot.stop,
        "start_timecode": str(film.timeline.timecode_at(opening.start_slot)),
        "stop_timecode": str(film.timeline.timecode_at(last.stop_slot)),
        "start_seconds": float(opening.start_seconds),
        "stop_seconds": float(last.stop_seconds),
        "duration_seconds": duration,
        "average_shot_seconds": duration / (stop - first),
    }


def _people(film: Film, shots: Iterable[int]) -> dict[str, Any]:
    """Return who is seen in shots; None where nobody looked, which is not to see nobody."""
    if not film.cast:
        return {"characters": None, "character_numbers": None}
    seen = sorted({number for shot in shots for number in film.cast[shot]})
    return {
        "characters": [title_of(film, number) for number in seen],
        "character_numbers": [number + 1 for number in seen],
    }


def _with_film(film: Film, rows: Iterable[Row]) -> list[Row]:
    return [{**row, "name": film.timeline.name, "source": film.timeline.digest} for row in rows]


def _table(columns: Mapping[str, Kind], rows: Iterable[Row]) -> Table:
    return Table(columns, tuple({column: row[column] for column in columns} for row in rows))
