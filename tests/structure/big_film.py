"""A film as long as in a cinema, made of the example again and again: what pages are measured and stretched with."""

from __future__ import annotations

import dataclasses
from fractions import Fraction

from rushes.footage.shot import Cut
from rushes.structure.facts import ColourShare, RhythmPoint, TonePoint
from rushes.structure.film import Film
from rushes.structure.parts import Dialogue, Scene, Structure
from rushes.structure.subtitle import FilmSubtitles, Subtitle
from rushes.timelines.timeline import make_timeline, with_answers
from structure.example import example_film
from timelines.shots_by_hand import index_of, shots_at, source_of

_EVERY = 3  # repetitions after which set-ups come back


def repeated_film(*, times: int) -> Film:
    """Return the example film so many times over, each with other shot lengths; its set-ups return now and then."""
    parts = [example_film(seed=seed) for seed in range(times)]
    edges, answers = [0], []
    for part in parts:
        for place in part.timeline.shots:
            edges.append(edges[-1] + place.shot.frame_count)
            answers.append(place.answers)
    cuts = [None, *(Cut(edge, "hard", edge, edge, 0.9) for edge in edges[1:-1])]
    index = index_of(edges[-1], rate=Fraction(24))
    timeline = with_answers(make_timeline(source_of(index), index, shots_at(edges, cuts)), answers)
    film, count = parts[0], len(parts[0].timeline.shots)
    own = max(film.structure.setups) + 1
    starts = [float(timeline.shots[count * at].start_seconds) for at in range(times)]
    return dataclasses.replace(
        film,
        timeline=timeline,
        structure=_structure(parts, count, own),
        characters=tuple(
            dataclasses.replace(one, shots=tuple(shot + count * at for at in range(times) for shot in one.shots))
            for one in film.characters or ()
        ),
        cast=tuple(shown for part in parts for shown in part.cast),
        subjects=tuple(words for part in parts for words in part.subjects or ()),
        subtitles=_subtitles(parts, starts, count),
        facts=dataclasses.replace(
            film.facts,
            shot_count=count * times,
            cuts={"hard": count * times - 1},
            duration_seconds=float(timeline.duration_seconds),
            long_takes=tuple(shot + count * at for at in range(times) for shot in parts[at].facts.long_takes),
            palettes=tuple(_tinted(palette, at) for at, part in enumerate(parts) for palette in part.facts.palettes),
            rhythm=tuple(
                RhythmPoint(one.seconds + start, one.shot_seconds)
                for part, start in zip(parts, starts, strict=True)
                for one in part.facts.rhythm[::6]
            ),
            tones=tuple(
                TonePoint(one.seconds + start, one.brightness + 20 * (at % 4) - 30, one.contrast)
                for at, (part, start) in enumerate(zip(parts, starts, strict=True))
                for one in part.facts.tones[::20]
            ),
        ),
    )


def _structure(parts: list[Film], count: int, own: int) -> Structure:
    setups, scenes, boundaries, dialogues = [], [], [], []
    for at, part in enumerate(parts):
        first, shift = count * at, own * (at if at % _EVERY else 0)
        setups += [setup + shift for setup in part.structure.setups]
        scenes += [
            Scene(one.first + first, one.stop + first, one.confidence if first + one.first else 1.0)
            for one in part.structure.scenes
        ]
        boundaries += part.structure.boundaries
        dialogues += [
            dataclasses.replace(
                one,
                first=one.first + first,
                stop=one.stop + first,
                sides=(one.sides[0] + shift, one.sides[1] + shift),
                cutaways=tuple(shot + first for shot in one.cutaways),
            )
            for one in part.structure.dialogues
        ]
    numbers = {setup: number for number, setup in enumerate(dict.fromkeys(setups))}
    renamed: list[Dialogue] = [
        dataclasses.replace(one, sides=(numbers[one.sides[0]], numbers[one.sides[1]])) for one in dialogues
    ]
    return Structure(tuple(numbers[one] for one in setups), tuple(scenes), tuple(boundaries), tuple(renamed))


def _subtitles(parts: list[Film], starts: list[float], count: int) -> FilmSubtitles | None:
    first = parts[0].subtitles
    if first is None:
        return None
    entries = tuple(
        Subtitle(
            one.start_seconds + start, one.stop_seconds + start, one.text, one.first + count * at, one.stop + count * at
        )
        for at, (part, start) in enumerate(zip(parts, starts, strict=True))
        for one in (part.subtitles.entries if part.subtitles else ())
    )
    return dataclasses.replace(first, entries=entries)


def _tinted(palette: tuple[ColourShare, ...], at: int) -> tuple[ColourShare, ...]:
    return tuple(
        ColourShare((one.red + 5 * at) % 256, one.green, (one.blue + 3 * at) % 256, one.share) for one in palette
    )
