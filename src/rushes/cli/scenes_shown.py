"""What `rushes scenes` prints of a film: its scenes, dialogues, characters, subjects, and facts in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rushes.cli.door import Door, plural, table_of, with_lines_below

if TYPE_CHECKING:
    from rushes.structure.film import Film

_SCENES_SHOWN, _CHARACTERS_SHOWN, _SUBJECTS_SHOWN = 200, 24, 8
_INDENT = 4  # characters before what stands below a row


def show_film(door: Door, film: Film, chosen: Sequence[int], noted: set[str]) -> None:
    """Print what was found of a film.

    Args:
        chosen: places of the scenes that are shown.
        noted: notes that were printed of another film, to which those of this one are added: none is said twice.
    """
    structure, facts = film.structure, film.facts
    door.say(f"{film.timeline.name}  {_headline(film)}")
    _show_scenes(door, film, chosen)
    _show_dialogues(door, film, chosen)
    _show_characters(door, film)
    _show_subjects(door, film, chosen)
    for line in _facts_in_words(film):
        door.say(line)
    for note in film.notes:
        if note not in noted:
            door.warn(f"{film.timeline.path}: {note}")
    noted.update(film.notes)
    if not structure.dialogues and facts.shot_count:
        door.say(f"no two-character dialogue was found: {structure.why_no_dialogue}")


def _headline(film: Film) -> str:
    from rushes.structure.film_words import count_shots

    structure = film.structure
    said = [
        count_shots(film),
        plural(len(structure.scenes), "scene"),
        plural(len(structure.dialogues), "dialogue"),
    ]
    if film.characters is not None:
        said.append(plural(len(film.characters), "character"))
    return f"{float(film.timeline.duration_seconds):.1f} s, {', '.join(said)}; compared by {film.looks_by}"


def _span(film: Film, first: int, stop: int) -> list[object]:
    timeline = film.timeline
    opening, last = timeline.shots[first], timeline.shots[stop - 1]
    seconds = float(last.stop_seconds - opening.start_seconds)
    shots = f"{first + 1}–{stop}" if stop > first + 1 else f"{stop}"
    return [timeline.timecode_at(opening.start_slot), timeline.timecode_at(last.stop_slot), f"{seconds:8.2f}", shots]


def _show_scenes(door: Door, film: Film, chosen: Sequence[int]) -> None:
    """Print the scenes; who is in each, and which dialogue, stands below it, so that a narrow terminal holds it all."""
    rows: list[list[object]] = []
    below: list[str] = []
    for place in chosen[:_SCENES_SHOWN]:
        scene = film.structure.scenes[place]
        within = range(scene.first, scene.stop)
        setups = {film.structure.setups[shot] for shot in within} - {-1}
        sure = f"{scene.confidence:.2f}" if place else ""  # that the first begins is no finding
        rows.append([place + 1, *_span(film, scene.first, scene.stop), len(setups), sure])
        below.append(_found_in(film, within))
    _show(door, ["scene", "start", "end", "seconds", "shots", "set-ups", "sure"], rows, below)
    if len(chosen) > _SCENES_SHOWN:
        door.say(f"and {len(chosen) - _SCENES_SHOWN} more; --json and the files of --write hold them all")


def _found_in(film: Film, within: range) -> str:
    """Return which dialogues and characters are in a stretch of shots, in words; "" for none."""
    talks = [f"dialogue {number}" for number, one in enumerate(film.structure.dialogues, 1) if one.first in within]
    people = sorted({number for shot in within for number in (film.cast[shot] if film.cast else ())})
    named = ", ".join((film.characters or ())[number].title for number in people)
    return "; ".join([*talks, *([named] if named else [])])


def _show_dialogues(door: Door, film: Film, chosen: Sequence[int]) -> None:
    rows: list[list[object]] = []
    below: list[str] = []
    for number, one in enumerate(film.structure.dialogues, 1):
        if film.structure.scene_of(one.first) not in chosen:
            continue
        people = [f"set-up {setup + 1}" if person is None else (film.characters or ())[person].title
                  for setup, person in zip(one.sides, one.people, strict=True)]  # fmt: skip
        rows.append([number, *_span(film, one.first, one.stop), f"{one.confidence:.2f}"])
        below.append(f"{' and '.join(people)}: {one.reason}")
    if rows:
        _show(door, ["dialogue", "start", "end", "seconds", "shots", "sure"], rows, below)


def _show(door: Door, columns: Sequence[str], rows: Sequence[Sequence[object]], below: Sequence[str]) -> None:
    table = table_of(None, columns, rows, whole=columns)
    door.show(with_lines_below(door.out, table, below, indent=_INDENT) if any(below) else table)


def _show_characters(door: Door, film: Film) -> None:
    if not film.characters:
        return
    rows: list[list[object]] = [
        [one.number + 1, one.name or "", len(one.shots), f"{one.seconds:8.1f}",
         len({film.structure.scene_of(shot) for shot in one.shots}), one.face_count]
        for one in film.characters[:_CHARACTERS_SHOWN]
    ]  # fmt: skip
    door.show(table_of(None, ["character", "name", "shots", "seconds", "scenes", "faces"], rows))
    if len(film.characters) > _CHARACTERS_SHOWN:
        door.say(f"and {len(film.characters) - _CHARACTERS_SHOWN} more; --json holds them all")


def _show_subjects(door: Door, film: Film, chosen: Sequence[int]) -> None:
    """Print the commonest subjects of each scene, with the number of shots that each is in."""
    if film.subjects is None:
        return
    from rushes.structure.film_words import count_subjects

    rows: list[list[object]] = []
    for place in chosen[:_SCENES_SHOWN]:
        counts = count_subjects(film, film.structure.scenes[place])
        said = ", ".join(f"{word} {shots}" for word, shots in counts[:_SUBJECTS_SHOWN])
        more = f" and {len(counts) - _SUBJECTS_SHOWN} more" if len(counts) > _SUBJECTS_SHOWN else ""
        rows.append([place + 1, f"{said}{more}" if said else "none"])
    door.show(table_of(None, ["scene", "subjects, and in how many shots"], rows))


def _facts_in_words(film: Film) -> list[str]:
    """Return what was counted and measured of the film, a line each."""
    from rushes.structure.film_words import describe_bars, describe_light

    facts = film.facts
    if not facts.shot_count:
        return [f"every shot is blank: there is nothing to measure but its light, {describe_light(facts)}"]
    lines = [
        f"average shot {facts.average_shot_seconds:.2f} s, median {facts.median_shot_seconds:.2f} s, "
        f"{facts.shortest_shot_seconds:.2f} to {facts.longest_shot_seconds:.2f} s; "
        f"{plural(len(facts.long_takes), 'long take')} (from {facts.long_take_seconds:.1f} s)"
    ]
    if facts.scales:
        total = sum(one.seconds for one in facts.scales) or 1.0
        shares = ", ".join(f"{one.class_name} {one.seconds / total:.0%}" for one in facts.scales if one.shots)
        lines.append(f"scale by time: {shares}")
    if facts.area is not None:
        area = facts.area
        more = "; its format varies" if area.varies else ""
        format = area.name or f"{area.aspect:.2f}:1"
        bars = describe_bars(area, width=film.timeline.width_pixels, height=film.timeline.height_pixels)
        lines.append(f"picture {area.right - area.left} × {area.bottom - area.top}, {format}, {bars}{more}")
    if facts.palette:
        lines.append("colours " + ", ".join(f"{one.code} {one.share:.0%}" for one in facts.palette))
    if film.subtitles is not None:
        found = film.subtitles
        by = f" by {found.offset_seconds:+.1f} s" if found.fit == "moved" else ""
        lines.append(f"subtitles {found.name}: {plural(len(found.entries), 'line')}, {found.fit}{by} ({found.reason})")
        lines += [f"subtitles {found.name}: {note}" for note in found.notes]
    return lines
