"""A film that nobody shot, understood in full: what writers, pages and tables are tested with."""

from __future__ import annotations

import colorsys
import math
import random
from collections import Counter
from fractions import Fraction
from itertools import pairwise

from rushes.footage.shot import Cut
from rushes.structure.facts import ColourShare, FilmFacts, PictureArea, RhythmPoint, ScaleShare, TonePoint
from rushes.structure.film import Film
from rushes.structure.parts import Character, Dialogue, Scene, Structure
from rushes.structure.sightings import SeenFace, SeenObject
from rushes.structure.subtitle import FilmSubtitles, Subtitle
from rushes.timelines.timeline import ShotAnswer, make_timeline, with_answers
from timelines.shots_by_hand import index_of, shots_at, source_of

_RATE = Fraction(24)
_NAMES = ("Ada", None, "Grace", None)
# Each scene: the set-ups of its shots, and which character each set-up shows (None: a view without a dominant face).
_SCENES: tuple[tuple[str, dict[str, int | None]], ...] = (
    ("WWXY", {"W": None, "X": None, "Y": None}),
    ("WABABABIABAB", {"W": None, "A": 0, "B": 1, "I": None}),
    ("VWVXV", {"V": 2, "W": None, "X": None}),
    ("WCDCDCICDDC", {"W": None, "C": 0, "D": 2, "I": 3}),
    ("WXYZ", {"W": None, "X": 3, "Y": None, "Z": None}),
    ("ABABABAB", {"A": 0, "B": 1}),  # the second scene's place once more
)


def example_film(*, seed: int = 7) -> Film:
    """Return a film of six scenes and three dialogues; the last scene's set-ups were seen in the second already."""
    draw = random.Random(seed)
    shots, setups, people, edges = [], {}, [], [0]
    for number, (letters, shows) in enumerate(_SCENES):
        for letter in letters:
            key = (1, letter) if number == 5 else (number, letter)
            setups.setdefault(key, len(setups))
            shots.append(setups[key])
            people.append(shows[letter])
            close = shows[letter] is not None
            edges.append(edges[-1] + round(_RATE * max(0.8, draw.gauss(3.0 if close else 5.5, 1.2))))
    found = shots_at(edges, [None, *(Cut(edge, "hard", edge, edge, 0.97) for edge in edges[1:-1])])
    index = index_of(edges[-1], rate=_RATE)
    timeline = make_timeline(source_of(index), index, found, has_sound=True)
    scales = ["MCU" if person is not None else draw.choice(["LS", "MS", "FS"]) for person in people]
    timeline = with_answers(
        timeline, [{"scale": ShotAnswer(scale, round(draw.uniform(0.6, 0.98), 2), "")} for scale in scales]
    )
    return _understood(timeline, tuple(shots), people, scales, draw)


def _understood(timeline, setups, people, scales, draw) -> Film:  # type: ignore[no-untyped-def]
    firsts = [0]
    for letters, _ in _SCENES:
        firsts.append(firsts[-1] + len(letters))
    scenes = tuple(
        Scene(first, stop, 1.0 if first == 0 else round(draw.uniform(0.6, 0.95), 3)) for first, stop in pairwise(firsts)
    )
    boundaries = [round(draw.uniform(0.02, 0.4), 3) for _ in setups]
    for scene in scenes:
        boundaries[scene.first] = scene.confidence
    dialogues = (
        Dialogue(5, 16, (setups[5], setups[6]), cutaways=(11,), people=(0, 1), confidence=0.93,
                 reason="9 changes between two set-ups, both mostly medium close-ups"),
        Dialogue(22, 32, (setups[22], setups[23]), cutaways=(27,), people=(0, 2), confidence=0.81,
                 reason="7 changes between two set-ups, both mostly medium close-ups"),
        Dialogue(36, 44, (setups[36], setups[37]), people=(0, 1), confidence=0.97,
                 reason="7 changes between two set-ups, both mostly medium close-ups"),
    )  # fmt: skip
    cast = tuple(() if person is None else (person,) for person in people)
    lengths = [float(place.duration_seconds) for place in timeline.shots]
    characters = tuple(
        Character(
            number,
            name,
            tuple(place for place, of_shot in enumerate(cast) if number in of_shot),
            sum(lengths[place] for place, of_shot in enumerate(cast) if number in of_shot),
            face_count=2 * sum(number in of_shot for of_shot in cast),
            source_ordinal=next(
                timeline.shots[place].shot.typical for place, of_shot in enumerate(cast) if number in of_shot
            ),
            box=(0.4, 0.2, 0.18, 0.32),
        )
        for number, name in enumerate(_NAMES)
    )
    return Film(
        timeline,
        Structure(setups, scenes, tuple(boundaries), dialogues),
        _facts(timeline, lengths, scales, draw),
        looks_by="scan",
        closeness_by="scale-2026-11-26",
        characters=characters,
        faces_by="yunet + sface",
        cast=cast,
        subjects=tuple(("person", "cup") if person is not None else ("car", "tree") for person in people),
        subjects_by="yolox-s",
        subtitles=_subtitles(timeline, people),
        faces=tuple(
            SeenFace(**_seen(timeline, place), left=0.4, top=-0.05, width=0.18, height=0.32, score=0.9, character=whose)
            for place, person in enumerate(people)
            if person is not None
            for whose in (person, None)
        ),
        objects=tuple(
            SeenObject(**_seen(timeline, place), left=0.1, top=0.2, width=0.3, height=0.4, score=0.75, word="car")
            for place, person in enumerate(people)
            if person is None
        ),
        notes=("the film has no chapter marks",),
    )


def _seen(timeline, place):  # type: ignore[no-untyped-def]
    ordinal = timeline.shots[place].shot.typical
    return {"ordinal": ordinal, "seconds": Fraction(ordinal) / _RATE, "shot": place}


def _facts(timeline, lengths, scales, draw) -> FilmFacts:  # type: ignore[no-untyped-def]
    total = float(timeline.duration_seconds)
    palettes = tuple(_palette(setup / 12, draw) for setup in range(len(lengths)))
    counted = Counter(scales)
    return FilmFacts(
        shot_count=len(lengths),
        duration_seconds=total,
        average_shot_seconds=total / len(lengths),
        median_shot_seconds=sorted(lengths)[len(lengths) // 2],
        shortest_shot_seconds=min(lengths),
        longest_shot_seconds=max(lengths),
        cuts={"hard": len(lengths) - 1, "fade": 0, "dissolve": 0},
        rhythm=tuple(RhythmPoint(at * total / 60, 3.5 + math.sin(at / 6)) for at in range(61)),
        tones=tuple(
            TonePoint(at * total / 200, 95 + 40 * math.sin(at / 17), 45 + 9 * math.cos(at / 9)) for at in range(201)
        ),
        palette=_palette(0.07, draw),
        palettes=palettes,
        area=PictureArea(0, 138, 1920, 942, 1920 / 804, "2.39:1"),
        long_takes=(sorted(range(len(lengths)), key=lambda place: -lengths[place])[0],),
        long_take_seconds=6.5,
        scales=tuple(
            ScaleShare(name, counted[name], sum(t for t, s in zip(lengths, scales, strict=True) if s == name))
            for name in ("MCU", "MS", "FS", "LS")
        ),
        scale_by="scale-2026-11-26",
    )  # fmt: skip


def _palette(hue: float, draw: random.Random) -> tuple[ColourShare, ...]:
    shares = sorted((draw.random() + 0.1 for _ in range(5)), reverse=True)
    colours = []
    for rank, share in enumerate(shares):
        red, green, blue = colorsys.hls_to_rgb((hue + 0.07 * rank) % 1, 0.2 + 0.12 * rank, 0.45)
        colours.append(ColourShare(round(255 * red), round(255 * green), round(255 * blue), share / sum(shares)))
    return tuple(colours)


def _subtitles(timeline, people) -> FilmSubtitles:  # type: ignore[no-untyped-def]
    entries = tuple(
        Subtitle(
            float(place.start_seconds) + 0.2,
            float(place.stop_seconds) - 0.2,
            f"Line {number} & its <answer>",
            number,
            number + 1,
        )
        for number, (place, person) in enumerate(zip(timeline.shots, people, strict=True))
        if person is not None
    )
    return FilmSubtitles("TT_S01_E01.srt", entries, 0.0, "fits", "compared with the loudness of the sound")
