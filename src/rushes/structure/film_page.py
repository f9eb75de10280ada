"""A film that was understood, as one self-contained HTML page around its timeline."""

from __future__ import annotations

import json
from collections.abc import Sequence
from importlib import resources
from string import Template
from typing import Any

from rushes.evaluation.frame import filled, page_part
from rushes.structure.film import Film
from rushes.structure.film_cards import (
    describe_seen,
    explain_rows,
    show_characters,
    show_dialogues,
    show_filter,
    show_scenes,
)
from rushes.structure.film_charts import show_lengths, show_palette, show_scene_figures, show_shares
from rushes.structure.film_stills import Stills, choose_stills
from rushes.structure.film_timeline import ARCS, LANE, draw_timeline, lanes_of
from rushes.structure.film_words import (
    describe_finds,
    describe_subtitles,
    list_facts,
    seconds,
    side_of,
    summarise,
    tell_personal,
    usable_subtitles,
)
from rushes.timelines.markup import breakable, text
from rushes.timelines.shot_pictures import ShotPicture


def format_film_page(film: Film, pictures: Sequence[ShotPicture | None], portraits: Sequence[bytes | None] = ()) -> str:
    """Return the page as HTML; it needs no network and no file beside it, and is read without its script too.

    Args:
        pictures: one for each shot, of its typical frame; None is shown as an empty frame. Of a long film they are
            carried smaller, one of each set-up before those of the other shots.
        portraits: as `cut_portraits` gives them; who has none is shown by an empty frame.
    """
    stills = choose_stills(film, pictures)
    name = film.timeline.name
    style = page_part("report.css") + _page("film.css")
    return Template(_page("film.html")).substitute(
        head=filled("scripted_head.html", title=f"{text(name)}: the film", style=style),
        name=breakable(name),
        summary=text(summarise(film)),
        finds=text(describe_finds(film)),
        facts="".join(f"<dt>{text(word)}</dt><dd>{text(said)}</dd>" for word, said in list_facts(film)),
        view=stills.view,
        timeline=draw_timeline(film),
        narrow=show_filter(film),
        scenes=show_scenes(film, stills),
        dialogues=show_dialogues(film, stills),
        rows=explain_rows(film),
        characters=show_characters(film, portraits),
        personal=tell_personal(film, portraits),
        lengths=show_lengths(film),
        scales=show_shares(film.facts.scales, what="shot scale", by=film.facts.scale_by),
        movements=show_shares(film.facts.movements, what="camera movement", by=""),
        palette=show_palette(film.facts.palette),
        figures=show_scene_figures(film),
        notes=_notes(film),
        looks=text("the scan's own measures of each frame" if film.looks_by == "scan" else film.looks_by),
        pictures=stills.markup(),
        data=_embedded(_told(film, stills)),
        script=page_part("report.js") + _page("film.js"),
        file=text(film.timeline.file_name),
        digest=film.timeline.digest,
    )


def _notes(film: Film) -> str:
    """Return what was not looked at and how it can be, and how the subtitles fit."""
    said = [*film.notes, *([describe_subtitles(film.subtitles)] if film.subtitles else [])]
    if not said:
        return "<p>There is nothing to note.</p>"
    return f'<ul class="notes">{"".join(f"<li><bdi>{text(one)}</bdi></li>" for one in said)}</ul>'


def _told(film: Film, stills: Stills) -> dict[str, Any]:
    """Return what the script tells of a shot under the pointer; places count from 0, words are for people."""
    rate = float(film.timeline.rate)
    scenes, lanes = film.structure.scenes, lanes_of(film)
    scene_of = [place for place, scene in enumerate(scenes) for _ in range(scene.first, scene.stop)]
    roles = _roles(film)
    return {
        "slots": film.timeline.slot_count,
        "rate": rate,
        "scenes": [scene.first for scene in scenes],
        "lanes": lanes,
        "lane": [ARCS, LANE],
        "shots": [
            [
                place.start_slot,
                stills.stands_for[shot] if stills.stands_for[shot] is not None else -1,
                str(film.timeline.timecode_at(place.start_slot)),
                seconds(float(place.duration_seconds)),
                scene_of[shot],
                film.structure.setups[shot],
                describe_seen(film, shot),
                roles.get(shot, ""),
            ]
            for shot, place in enumerate(film.timeline.shots)
        ],
        "subtitles": [
            [round(one.start_seconds * rate), round(one.stop_seconds * rate), " ".join(one.text.split())]
            for one in usable_subtitles(film)
        ],
    }


def _roles(film: Film) -> dict[int, str]:
    """Return for each shot of a dialogue what it is in it: `dialogue 2, side A`."""
    roles = {}
    for at, one in enumerate(film.structure.dialogues):
        for shot in range(one.first, one.stop):
            side = side_of(film.structure, one, shot)
            roles[shot] = f"dialogue {at + 1}, " + ("cutaway" if side is None else f"side {'AB'[side]}")
    return roles


def _embedded(value: Any) -> str:
    """Return JSON that can stand in a script element: nothing in it ends the element."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")


def _page(name: str) -> str:
    return (resources.files("rushes.structure") / "page" / name).read_text(encoding="utf-8")
