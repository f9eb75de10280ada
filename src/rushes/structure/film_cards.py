"""A film's scenes, dialogues and characters as cards and tables of HTML."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from rushes.evaluation.markup import counted, duration, number
from rushes.structure.film import Film
from rushes.structure.film_stills import Stills, show_portrait
from rushes.structure.film_table import show_table
from rushes.structure.film_timeline import CAST_ROWS, SCALE_TASK, setups_that_return
from rushes.structure.film_words import (
    NO_FACES,
    cast_of,
    count_changes,
    name_of,
    own_way,
    seconds,
    seconds_of,
    side_of,
    span_of,
    title_of,
    usable_subtitles,
)
from rushes.structure.parts import Character, Dialogue, Scene
from rushes.structure.portraits import PORTRAITS
from rushes.structure.subtitle import Subtitle
from rushes.timelines.contact_sheet import describe_opening
from rushes.timelines.markup import text
from rushes.timelines.timeline import TimelineShot

_STRIP = 18  # set-ups of a scene that are shown
_QUOTED = 2  # subtitles at the head of a scene
_LINKED = 14  # scenes of a character that are named one by one


def show_scenes(film: Film, stills: Stills) -> str:
    """Return a card for each scene, with the table of its shots folded in."""
    elsewhere = dict(setups_that_return(film))
    subtitles: dict[int, list[Subtitle]] = {}
    for one in usable_subtitles(film):
        subtitles.setdefault(one.first, []).append(one)
    return "\n".join(
        _scene(film, stills, place, scene, elsewhere, subtitles) for place, scene in enumerate(film.structure.scenes)
    )


def show_filter(film: Film) -> str:
    """Return what narrows the cards to scenes with a character or a dialogue, for a script."""
    if len(film.structure.scenes) < 2 or not (film.characters or film.structure.dialogues):
        return ""
    options = '<option value="">all scenes</option>'
    options += '<option value="dialogue">scenes with a dialogue</option>' if film.structure.dialogues else ""
    for one in film.characters or ():
        options += f'<option value="{one.number}" dir="auto">scenes with {text(one.title)}</option>'
    return (
        f'<p class="script narrow"><label>Show <select id="with">{options}</select></label> '
        '<span id="narrowed" role="status"></span></p>'
    )


def _scene(
    film: Film,
    stills: Stills,
    place: int,
    scene: Scene,
    elsewhere: dict[int, list[int]],
    subtitles: dict[int, list[Subtitle]],
) -> str:
    cast = cast_of(film, scene.first, scene.stop)
    inside = [(at, one) for at, one in enumerate(film.structure.dialogues) if scene.first <= one.first < scene.stop]
    sure = f"<span>begins here: {number(scene.confidence)}</span>" if place else ""
    people = f'<p class="people">With {", ".join(_character_link(film, one) for one in cast)}</p>' if cast else ""
    spoken = [one for shot in range(scene.first, scene.stop) for one in subtitles.get(shot, ())]
    quotes = "".join(f'<p dir="auto">{text(_on_one_line(one))}</p>' for one in spoken[:_QUOTED])
    marks = " ".join([*map(str, cast), *(["dialogue"] if inside else [])])
    length, shots = seconds_of(film, scene.first, scene.stop), scene.stop - scene.first
    each = f", {seconds(length / shots)} each on average" if shots > 1 else ""
    return (
        f'<article class="scene" id="scene-{place + 1}" data-with="{marks}" tabindex="-1">'
        f"<header><h3>Scene {place + 1}</h3>"
        f'<p class="when"><a href="#timeline" data-shot="{scene.first}" data-stop="{scene.stop}">'
        f"{span_of(film, scene.first, scene.stop)}</a> <span>{duration(length)}</span> "
        f"<span>{counted(shots, 'shot')}{each}</span> {sure}</p></header>"
        f"{people}{''.join(_dialogue_line(film, at, one) for at, one in inside)}"
        f"{_strip(film, stills, place, scene, elsewhere)}"
        f"{f'<blockquote>{quotes}</blockquote>' if quotes else ''}"
        f"{_shots(film, scene, subtitles)}</article>"
    )


def _dialogue_line(film: Film, at: int, one: Dialogue) -> str:
    reason = text(one.reason) or f"{count_changes(film.structure, one)} changes"
    return (
        f'<p class="talk"><a href="#dialogue-{at + 1}">Dialogue {at + 1}</a>, {span_of(film, one.first, one.stop)}: '
        f"{reason} (confidence {number(one.confidence)})</p>"
    )


def _strip(film: Film, stills: Stills, place: int, scene: Scene, elsewhere: dict[int, list[int]]) -> str:
    """Return the set-ups of a scene as pictures in the order of their first shots, with how often each is seen."""
    within = film.structure.setups[scene.first : scene.stop]
    counts = Counter(setup for setup in within if setup >= 0)
    if not counts:
        return '<p class="foot">Every shot of it is blank.</p>'
    shown = {setup for setup, _ in counts.most_common(_STRIP)}
    items = ""
    for setup in (one for one in dict.fromkeys(within) if one in shown):
        shot = scene.first + within.index(setup)
        others = [str(one) for one in elsewhere.get(setup, ()) if one != place + 1]
        also = f"<small>also in scene{'s' if len(others) > 1 else ''} {_listed(others)}</small>" if others else ""
        times = f" <b>×{counts[setup]}</b>" if counts[setup] > 1 else ""
        label = f"Set-up {setup + 1}, first in shot {shot + 1}"
        items += f"<li>{stills.still(shot, setup, label)}<span>set-up {setup + 1}{times}</span>{also}</li>"
    rest = len(counts) - len(shown)
    more = f'<li class="more">and {counted(rest, "set-up")} more, in the table of shots</li>' if rest else ""
    return f'<ul class="frames">{items}{more}</ul>'


def _listed(words: list[str]) -> str:
    shown = words[:4]
    if len(words) > len(shown):
        return f"{', '.join(shown)} …"
    return " and ".join([", ".join(shown[:-1]), shown[-1]]) if len(shown) > 1 else shown[0]


def _shots(film: Film, scene: Scene, subtitles: dict[int, list[Subtitle]]) -> str:
    spoken = any(shot in subtitles for shot in range(scene.first, scene.stop))
    rows = "".join(
        _shot(film, place, subtitles.get(place.number - 1, []), spoken)
        for place in film.timeline.shots[scene.first : scene.stop]
    )
    columns = ["shot", "start", "length", "set-up", "seen", *(["subtitles"] if spoken else [])]
    table = show_table(rows, columns, label=f"Shots {scene.first + 1} to {scene.stop}")
    title = "its shot" if scene.stop - scene.first == 1 else f"its {scene.stop - scene.first:,} shots"
    return f"<details><summary>Table of {title}</summary>{table}</details>"


def _shot(film: Film, place: TimelineShot, spoken: list[Subtitle], has_words: bool) -> str:
    shot = place.number - 1
    setup = film.structure.setups[shot]
    seen = "; ".join(own_way(piece) for piece in describe_seen(film, shot))
    words = "<br>".join(text(_on_one_line(one)) for one in spoken)
    said = f'<td dir="auto">{words}</td>' if has_words else ""
    return (
        f'<tr><th scope="row">{place.number}</th><td>{film.timeline.timecode_at(place.start_slot)}</td>'
        f"<td>{seconds(float(place.duration_seconds))}</td><td>{'blank' if setup < 0 else setup + 1}</td>"
        f"<td>{seen}</td>{said}</tr>"
    )


def describe_seen(film: Film, shot: int) -> list[str]:
    """Return what is known to be seen in a shot: how it begins, its scale, the people, the things."""
    place = film.timeline.shots[shot]
    answer = place.answers.get(SCALE_TASK)
    pieces = [describe_opening(place), f"{answer.class_name} {answer.probability:.0%}" if answer else ""]
    pieces += [name_of(film, number) for number in (film.cast[shot] if film.cast else ())]
    pieces += [", ".join(film.subjects[shot]) if film.subjects else ""]
    pieces += ["long take"] if shot in film.facts.long_takes else []
    return [piece for piece in pieces if piece]


def _on_one_line(one: Subtitle) -> str:
    return " ".join(one.text.split())


def _character_link(film: Film, number: int) -> str:
    known = any(one.number == number for one in film.characters or ())
    return f'<a href="#character-{number + 1}">{title_of(film, number)}</a>' if known else title_of(film, number)


def show_dialogues(film: Film, stills: Stills) -> str:
    """Return the table of dialogues, or that there is none."""
    found = film.structure.dialogues
    if not found:
        return f"<p>No dialogue was found: {text(film.structure.why_no_dialogue)}.</p>"
    rows = "".join(_dialogue(film, stills, at, one) for at, one in enumerate(found))
    columns = ("dialogue", "start and end", "changes", "side A", "side B", "cutaways", "confidence")
    words = dict.fromkeys(("start and end", "side A", "side B", "confidence"), "words")
    return show_table(rows, columns, label="Table of dialogues", style="numbers talks", classes=words)


def _dialogue(film: Film, stills: Stills, at: int, one: Dialogue) -> str:
    sides = "".join(f'<td class="words">{_side(film, stills, one, side)}</td>' for side in (0, 1))
    scene = film.structure.scene_of(one.first) + 1
    length = duration(seconds_of(film, one.first, one.stop))
    cutaways = ", ".join(str(shot + 1) for shot in one.cutaways[:12]) + (" …" if len(one.cutaways) > 12 else "")
    cut = f"{len(one.cutaways)}<small>{counted_shots(cutaways, len(one.cutaways))}</small>" if one.cutaways else "0"
    return (
        f'<tr id="dialogue-{at + 1}"><th scope="row">{at + 1}<small><a href="#scene-{scene}">scene {scene}</a></small>'
        f'</th><td class="words"><a href="#timeline" data-shot="{one.first}" data-stop="{one.stop}">'
        f"{span_of(film, one.first, one.stop)}</a><small>{length}, {counted(one.stop - one.first, 'shot')}</small></td>"
        f"<td>{count_changes(film.structure, one)}</td>{sides}<td>{cut}</td>"
        f'<td class="words">{number(one.confidence)}<small>{text(one.reason)}</small></td></tr>'
    )


def counted_shots(listed: str, count: int) -> str:
    """Return `shot 12` or `shots 12, 15`."""
    return f"shot{'' if count == 1 else 's'} {listed}"


def _side(film: Film, stills: Stills, one: Dialogue, side: int) -> str:
    shots = [shot for shot in range(one.first, one.stop) if side_of(film.structure, one, shot) == side]
    if not shots:
        return "no shot"
    person, more = one.people[side], one.more[side]
    setups = ", ".join(str(setup + 1) for setup in (one.sides[side], *more))
    who = _character_link(film, person) if person is not None else "nobody known"
    still = stills.still(shots[0], one.sides[side], f"Side {'AB'[side]}, shot {shots[0] + 1}")
    named = f"set-up{'s' if more else ''} {setups}"
    return f"{still}{who}<small>{named}, {counted(len(shots), 'shot')}</small>"


def show_characters(film: Film, portraits: Sequence[bytes | None]) -> str:
    """Return a card for each character that is seen long, a table of the others; or why there is none.

    Args:
        portraits: of the former, as JPEG.
    """
    if film.characters is None:
        return f"<p>{NO_FACES}</p>"
    if not film.characters:
        by = text(film.faces_by or "the detector")
        return f"<p>No face was found, and so no character: {by} looked for them.</p>"
    shown = film.characters[:PORTRAITS]
    lacking = [None] * (len(shown) - len(portraits))
    cards = "".join(_character(film, *pair) for pair in zip(shown, [*portraits, *lacking], strict=True))
    return f'<ul class="cast">{cards}</ul>{_further(film)}'


def _character(film: Film, one: Character, portrait: bytes | None) -> str:
    still = show_portrait(portrait, f"The face of {one.title}")
    seen = f"{duration(one.seconds)} in {counted(len(one.shots), 'shot')}, {counted(one.face_count, 'face')}"
    return (
        f'<li id="character-{one.number + 1}">{still}<div><b>{title_of(film, one.number)}</b>'
        f"<small>{seen}</small>"
        f"{_where(film, one)}{_scenes_of(film, one)}</div></li>"
    )


def _where(film: Film, one: Character) -> str:
    """Return the film as a line, the shots with this character marked."""
    boxes = "".join(
        f"M{place.start_slot} 0h{place.slot_count}v1h-{place.slot_count}z"
        for shot in one.shots
        for place in [film.timeline.shots[shot]]
    )
    size = f'viewBox="0 0 {film.timeline.slot_count} 1" preserveAspectRatio="none" aria-hidden="true"'
    return f'<svg class="where" {size}><path d="{boxes}"/></svg>'


def _scenes_of(film: Film, one: Character) -> str:
    seen = set(one.shots)
    scenes = [
        place + 1
        for place, scene in enumerate(film.structure.scenes)
        if any(shot in seen for shot in range(scene.first, scene.stop))
    ]
    links = ", ".join(f'<a href="#scene-{scene}">{scene}</a>' for scene in scenes[:_LINKED])
    rest = f" and {len(scenes) - _LINKED:,} more" if len(scenes) > _LINKED else ""
    return f'<small class="links">Scene{"s" if len(scenes) != 1 else ""} {links}{rest}</small>'


def _further(film: Film) -> str:
    rest = (film.characters or ())[PORTRAITS:]
    if not rest:
        return ""
    rows = "".join(
        f'<tr id="character-{one.number + 1}"><th scope="row">{title_of(film, one.number)}</th>'
        f"<td>{duration(one.seconds)}</td><td>{len(one.shots):,}</td><td>{_scenes_of(film, one)}</td></tr>"
        for one in rest
    )
    table = show_table(rows, ("character", "seen for", "shots", "where"), label="Further characters")
    more = f"{len(rest):,} more, each seen for a shorter time"
    return f"<details><summary>{more}</summary>{table}</details>"


def explain_rows(film: Film) -> str:
    """Return why not all characters have a row in the timeline; "" where they do."""
    count = len(film.characters or ())
    return f" The timeline has rows for the {CAST_ROWS} seen longest." if count > CAST_ROWS else ""
