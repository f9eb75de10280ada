"""A film from left to right as layers of SVG on one axis of time: what belongs together, who is there, how it looks."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from fractions import Fraction

from rushes.evaluation.markup import counted
from rushes.structure.facts import ColourShare
from rushes.structure.film import Film
from rushes.structure.film_words import (
    NO_FACES,
    describe_subtitles,
    seconds,
    side_of,
    span_of,
    title_of,
    usable_subtitles,
)
from rushes.timelines.contact_sheet import format_length
from rushes.timelines.markup import text

SCALE_TASK = "scale"
OWN_LANES = 5  # of set-ups in a scene at most; one more below is for all that have no lane of their own
CAST_ROWS = 10  # characters with a row
LANE, ARCS = 9, 18  # pixels: a lane of set-ups, and the room above for what joins them
_ROW, _SIDE = 12, 14  # pixels
_TURN = 137.508  # degrees between the hues of one set-up and the next: those near each other are never alike
_STEPS = (0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200)  # seconds between marks of the axis
_MARKS = 10
_FEW_SCENES = 40  # of more, the lines through all layers are fainter, so that they do not hide what they part
_COLOURS = 420  # fills of the palette layer at most: nearly equal colours share one, so that the page stays light

Span = tuple[int, int]  # [start, stop) in slots


def draw_timeline(film: Film) -> str:
    """Return the layers as HTML; each is as wide as the film is long, so that a script can zoom by width alone."""
    layers = [
        _axis(film),
        _scenes(film),
        _dialogues(film),
        _setups(film),
        _scales(film),
        _characters(film),
        _palettes(film),
        _light(film),
        _rhythm(film),
        _subtitles(film),
    ]
    return "\n".join(layers) + _edges(film)


def lanes_of(film: Film) -> tuple[int, ...]:
    """Return the lane of each shot's set-up within its scene, -1 of a blank shot.

    The set-ups that a scene comes back to most have lanes of their own, in the order of their first shots; the last
    lane holds the rest.
    """
    setups, lanes = film.structure.setups, [-1] * len(film.structure.setups)
    rest = 0
    for scene in film.structure.scenes:
        counts = Counter(setup for setup in setups[scene.first : scene.stop] if setup >= 0)
        rest = max(rest, min(OWN_LANES, sum(count > 1 for count in counts.values())))
    for scene in film.structure.scenes:
        within = setups[scene.first : scene.stop]
        counted_here = Counter(setup for setup in within if setup >= 0)
        own = [setup for setup, count in counted_here.most_common(OWN_LANES) if count > 1]
        order = {setup: lane for lane, setup in enumerate(sorted(own, key=within.index))}
        for shot in range(scene.first, scene.stop):
            if setups[shot] >= 0:
                lanes[shot] = order.get(setups[shot], rest)
    return tuple(lanes)


def hues_of(film: Film) -> dict[int, int]:
    """Return the hue, in degrees, of every set-up that has more than one shot in the film."""
    counts = Counter(setup for setup in film.structure.setups if setup >= 0)
    again = sorted(setup for setup, count in counts.items() if count > 1)
    return {setup: round(place * _TURN + 250) % 360 for place, setup in enumerate(again)}


def axis_step(duration_seconds: float) -> float:
    """Return how many seconds lie between two marks of the axis, so that there are ten at most."""
    return next(
        (step for step in _STEPS if duration_seconds / step <= _MARKS), 3600 * math.ceil(duration_seconds / 36000)
    )


def _layer(
    name: str, title: str, band: str, *, height: float, rows: Sequence[tuple[float, str]] = (), note: str = ""
) -> str:
    """Return one layer: its name on the left, its band on the right.

    Args:
        rows: (share of the height, HTML) of names of rows within it.
        note: what its marks mean.
    """
    names = "".join(f'<span style="top:{100 * at:.2f}%">{word}</span>' for at, word in rows)
    explained = f' title="{text(note)}"' if note else ""
    return (
        f'<div class="layer {name}" style="--h:{height:g}px"><div class="name"><b{explained}>{text(title)}</b>'
        f'<div class="rows">{names}</div></div><div class="band">{band}</div></div>'
    )


def _absent(name: str, title: str, reason: str) -> str:
    return _layer(name, title, f'<p class="absent">{text(reason)}</p>', height=20)


def _svg(film: Film, label: str, height: float, drawn: str) -> str:
    return (
        f'<svg viewBox="0 0 {film.timeline.slot_count} {height:g}" preserveAspectRatio="none" role="img" '
        f'aria-label="{text(label)}">{drawn}</svg>'
    )


def _boxes(spans: Iterable[Span], top: float, height: float) -> str:
    """Return the data of a path that fills these spans."""
    return "".join(f"M{start} {top:g}h{stop - start}v{height:g}h{start - stop}z" for start, stop in spans)


def _shot_span(film: Film, shot: int) -> Span:
    place = film.timeline.shots[shot]
    return place.start_slot, place.stop_slot


def _merged(film: Film, shots: Iterable[int]) -> list[Span]:
    """Return the spans of rising shots, neighbours as one."""
    spans: list[Span] = []
    for shot in shots:
        start, stop = _shot_span(film, shot)
        if spans and spans[-1][1] == start:
            spans[-1] = (spans[-1][0], stop)
        else:
            spans.append((start, stop))
    return spans


def _percent(film: Film, slot: float) -> str:
    return f"{100 * slot / film.timeline.slot_count:.4f}%"


def _axis(film: Film) -> str:
    length = float(film.timeline.duration_seconds)
    step, rate = axis_step(length), float(film.timeline.rate)
    marks = "".join(
        f'<time style="left:{_percent(film, at * step * rate)}">{_clock(film, at * step)}</time>'
        for at in range(math.floor(length / step * 0.999) + 1)
    )
    return _layer("axis", "Time", f'<div class="marks" aria-hidden="true">{marks}</div>', height=22)


def _clock(film: Film, at_seconds: float) -> str:
    return (
        f"{at_seconds:g} s"
        if axis_step(float(film.timeline.duration_seconds)) < 1
        else format_length(Fraction(at_seconds))
    )


def _scenes(film: Film) -> str:
    scenes = film.structure.scenes
    spans = [_merged(film, range(scene.first, scene.stop))[0] for scene in scenes]
    drawn = "".join(
        f'<path class="{tint}" d="{_boxes(spans[first::2], 0, 28)}"/>' for first, tint in enumerate(("one", "other"))
    )
    drawn += "".join(
        f'<path class="edge" d="M{start} 0V28" stroke-opacity="{scene.confidence:.2f}"/>'
        for scene, (start, _) in zip(scenes[1:], spans[1:], strict=True)
    )
    links = "".join(
        f'<a href="#scene-{place + 1}" tabindex="-1" aria-label="Scene {place + 1}" '
        f'title="Scene {place + 1}, {span_of(film, scene.first, scene.stop)}" '
        f'style="left:{_percent(film, start)};width:{_percent(film, stop - start)}"><span>{place + 1}</span></a>'
        for place, (scene, (start, stop)) in enumerate(zip(scenes, spans, strict=True))
    )
    label = f"{counted(len(scenes), 'scene')} over the film's time; each has its card below"
    note = "The line where a scene begins is the stronger, the surer it is"
    return _layer("scenes", "Scenes", _svg(film, label, 28, drawn) + links, height=28, note=note)


def _edges(film: Film) -> str:
    """Return lines through all layers where scenes begin, as strong as they are sure."""
    lines = "".join(
        f'<path d="M{film.timeline.shots[scene.first].start_slot} 0V1" stroke-opacity="{scene.confidence:.2f}"/>'
        for scene in film.structure.scenes[1:]
    )
    size = f'viewBox="0 0 {film.timeline.slot_count} 1" preserveAspectRatio="none" aria-hidden="true"'
    few = min(1.0, _FEW_SCENES / len(film.structure.scenes))
    return f'\n<div class="over"><svg class="edges" style="--few:{few:.3f}" {size}>{lines}</svg></div>'


def _dialogues(film: Film) -> str:
    found, structure = film.structure.dialogues, film.structure
    if not found:
        return _absent("dialogues", "Dialogues", f"None: {structure.why_no_dialogue}.")
    ground: list[Span] = []
    cutaways: list[Span] = []
    sides: tuple[list[Span], list[Span]] = ([], [])
    for one in found:
        ground += _merged(film, range(one.first, one.stop))
        for shot in range(one.first, one.stop):
            side = side_of(structure, one, shot)
            (cutaways if side is None else sides[side]).append(_shot_span(film, shot))
    drawn = (
        f'<path class="ground" d="{_boxes(ground, 0, 2 * _SIDE + 1)}"/>'
        f'<path class="a" d="{_boxes(sides[0], 1, _SIDE - 1)}"/>'
        f'<path class="b" d="{_boxes(sides[1], _SIDE + 1, _SIDE - 1)}"/>'
        f'<path class="hollow" d="{_boxes(cutaways, 4, 2 * _SIDE - 7)}"/>'
    )
    label = f"{counted(len(found), 'dialogue')}: shots of one side above those of the other; a table is below"
    rows = [(0.25, "A"), (0.75, "B")]
    note = "Side A above side B; hollow: cutaways"
    return _layer("dialogues", "Dialogues", _svg(film, label, 2 * _SIDE + 1, drawn), height=29, rows=rows, note=note)


def _setups(film: Film) -> str:
    lanes, hues, setups = lanes_of(film), hues_of(film), film.structure.setups
    if max(setups, default=-1) < 0:
        return _absent("setups", "Set-ups", "None: every shot is blank.")
    boxes: dict[int | None, list[str]] = {}
    for shot, setup in enumerate(setups):
        if setup >= 0:
            top = ARCS + lanes[shot] * LANE
            own = setup if setup in hues else None
            boxes.setdefault(own, []).append(_boxes([_shot_span(film, shot)], top, LANE - 1))
    once = "".join(boxes.pop(None, []))
    drawn = f'<path class="once" d="{once}"/>' if once else ""
    arcs = _returns(film)
    for setup in sorted(one for one in boxes if one is not None):
        arc = f'<path class="arc" d="{arcs[setup]}"/>' if setup in arcs else ""
        drawn += f'<g style="--hue:{hues[setup]}"><path d="{"".join(boxes[setup])}"/>{arc}</g>'
    height = ARCS + (max(lanes) + 1) * LANE
    label = (
        f"{counted(len({setup for setup in setups if setup >= 0}), 'set-up')}, of which {len(hues)} are seen more than "
        f"once; {len(arcs)} come back in another scene. The scenes' cards name them"
    )
    note = (
        "One colour for one set-up, wherever in the film; a row for each that a scene comes back to, the lowest for "
        "the rest; grey: seen once. A bow joins a set-up to its return in a later scene"
    )
    return _layer(
        "setups", "Set-ups", _svg(film, label, height, drawn + '<path class="same"/>'), height=height, note=note
    )


def _returns(film: Film) -> dict[int, str]:
    """Return of each set-up that comes back in a later scene the data of bows from scene to scene."""
    scene_of = [place for place, scene in enumerate(film.structure.scenes) for _ in range(scene.first, scene.stop)]
    last: dict[int, int] = {}
    bows: dict[int, str] = {}
    for shot, setup in enumerate(film.structure.setups):
        before = last.get(setup)
        if setup >= 0 and before is not None and scene_of[before] != scene_of[shot]:
            start, stop = _shot_span(film, before)[1], _shot_span(film, shot)[0]
            bows[setup] = bows.get(setup, "") + f"M{start} {ARCS}C{start} 0 {stop} 0 {stop} {ARCS}"
        last[setup] = shot
    return bows


def scale_classes(film: Film) -> list[str]:
    """Return the shot scales that some shot was answered to have, in the task's order."""
    answered = dict.fromkeys(
        place.answers[SCALE_TASK].class_name for place in film.timeline.shots if SCALE_TASK in place.answers
    )
    ordered = [one.class_name for one in film.facts.scales]
    return [name for name in dict.fromkeys([*ordered, *answered]) if name in answered]


def _scales(film: Film) -> str:
    classes = scale_classes(film)
    if not classes:
        return _absent("scales", "Shot scale", "Not known: no model said it.")
    drawn = ""
    for row, name in enumerate(classes):
        shots = [
            shot
            for shot, place in enumerate(film.timeline.shots)
            if SCALE_TASK in place.answers and place.answers[SCALE_TASK].class_name == name
        ]
        strength = 1 - 0.6 * row / max(1, len(classes) - 1)
        drawn += f'<path style="--w:{strength:.2f}" d="{_boxes(_merged(film, shots), row * _ROW, _ROW - 2)}"/>'
    rows = [((row + 0.5) / len(classes), text(name)) for row, name in enumerate(classes)]
    label = f"Shot scale over time, in the rows {', '.join(classes)}; figures are under Facts"
    height = len(classes) * _ROW
    return _layer("scales", "Shot scale", _svg(film, label, height, drawn), height=height, rows=rows)


def _characters(film: Film) -> str:
    if film.characters is None:
        return _absent("characters", "Characters", NO_FACES)
    if not film.characters:
        return _absent("characters", "Characters", f"None: {film.faces_by or 'the detector'} found no face.")
    shown = film.characters[:CAST_ROWS]
    paths = "".join(
        f'<path d="{_boxes(_merged(film, sorted(one.shots)), row * _ROW + 1, _ROW - 2)}"/>'
        for row, one in enumerate(shown)
    )
    rules = "".join(f"M0 {(row + 0.5) * _ROW:g}H{film.timeline.slot_count}" for row in range(len(shown)))
    lines = f'<path class="rule" d="{rules}"/>'
    rows = [((row + 0.5) / len(shown), title_of(film, one.number)) for row, one in enumerate(shown)]
    rest = len(film.characters) - len(shown)
    label = f"Shots in which {counted(len(shown), 'character')} are seen; all of them are listed below"
    height = len(shown) * _ROW
    note = f"The {len(shown)} seen longest; {counted(rest, 'more', 'more')} below" if rest else ""
    return _layer(
        "characters", "Characters", _svg(film, label, height, lines + paths), height=height, rows=rows, note=note
    )


def _palettes(film: Film) -> str:
    palettes = film.facts.palettes
    if not any(palettes):
        return _absent("palette", "Palette", "Not measured: no shot has a picture that shows colours.")
    fills: dict[str, list[str]] = {}
    nearest = _nearest(one for palette in palettes for one in palette)
    for shot, palette in enumerate(palettes):
        start, stop = _shot_span(film, shot)
        top, total = 0.0, sum(one.share for one in palette) or 1.0
        for one in sorted(palette, key=_luma, reverse=True):
            height = 56 * one.share / total
            fills.setdefault(nearest[one.red, one.green, one.blue], []).append(
                f"M{start} {top:.1f}h{stop - start}v{height:.1f}h{start - stop}z"
            )
            top += height
    drawn = "".join(f'<path fill="{code}" d="{"".join(boxes)}"/>' for code, boxes in fills.items())
    note = "The colours that most of each shot is near to, light ones above dark ones, as high as their share"
    label = "Colours of each shot, as high as their share; the film's palette is under Facts"
    return _layer("palette", "Palette", _svg(film, label, 56, drawn), height=56, note=note)


def _luma(one: ColourShare) -> float:
    return 0.2126 * one.red + 0.7152 * one.green + 0.0722 * one.blue


def _nearest(colours: Iterable[ColourShare]) -> dict[tuple[int, int, int], str]:
    """Return for each colour the fill that is drawn: the average of those nearly equal to it."""
    all_of_them = {(one.red, one.green, one.blue) for one in colours}
    for step in (1, 4, 8, 12, 16, 24, 32, 64):
        cells: dict[tuple[int, ...], list[tuple[int, int, int]]] = {}
        for colour in all_of_them:
            cells.setdefault(tuple(value // step for value in colour), []).append(colour)
        if len(cells) <= _COLOURS:
            break
    fills: dict[tuple[int, int, int], str] = {}
    for members in cells.values():
        mean = [round(sum(values) / len(members)) for values in zip(*members, strict=True)]
        fills |= dict.fromkeys(members, "#" + "".join(f"{value:02x}" for value in mean))
    return fills


def _light(film: Film) -> str:
    tones = film.facts.tones
    if len(tones) < 2:
        return _absent("light", "Light", "Not measured over time.")
    rate = float(film.timeline.rate)

    def at(value: float) -> str:
        return f"{52 * (1 - min(max(value, 0), 255) / 255):.1f}"

    xs = [f"{one.seconds * rate:.0f}" for one in tones]
    upper = [f"{x} {at(one.brightness + one.contrast)}" for x, one in zip(xs, tones, strict=True)]
    lower = [f"{x} {at(one.brightness - one.contrast)}" for x, one in zip(xs, tones, strict=True)]
    middle = " ".join(f"{x},{at(one.brightness)}" for x, one in zip(xs, tones, strict=True))
    drawn = (
        f'<path class="around" d="M{"L".join([*upper, *reversed(lower)])}z"/><polyline class="line" points="{middle}"/>'
    )
    brightest = max(tones, key=lambda one: one.brightness)
    label = f"Brightness over time with contrast around it, brightest at {format_length(Fraction(brightest.seconds))}"
    rows = [(0.08, "white"), (0.92, "black")]
    note = "Mean luma of the picture; the band is one standard deviation to either side"
    return _layer("light", "Light", _svg(film, label, 52, drawn), height=52, rows=rows, note=note)


def _rhythm(film: Film) -> str:
    facts = film.facts
    if facts.shot_count < 2:
        return _absent(
            "rhythm", "Rhythm", "A film of one shot has no cutting rhythm." if facts.shot_count else "No shot."
        )
    lengths = [max(1e-3, float(place.duration_seconds)) for place in film.timeline.shots]
    low, high = math.log(max(0.1, min(lengths)) * 0.8), math.log(max(lengths) * 1.15)
    rate = float(film.timeline.rate)

    def at(value: float) -> float:
        return 64 * min(1.0, max(0.0, 1 - (math.log(max(value, 1e-3)) - low) / (high - low)))

    step = f"M0 {at(lengths[0]):.1f}" + "".join(
        f"V{at(length):.1f}H{place.stop_slot}" for length, place in zip(lengths, film.timeline.shots, strict=True)
    )
    ticks = [value for value in (0.2, 0.5, 1, 2, 5, 10, 20, 60, 180, 600) if low < math.log(value) < high]
    ticks = ticks if len(ticks) <= 4 else ticks[:: math.ceil(len(ticks) / 4)]
    grid = "".join(f"M0 {at(value):.1f}H{film.timeline.slot_count}" for value in ticks)
    takes = "".join(
        _boxes([_shot_span(film, shot)], round(at(lengths[shot]), 1), round(64 - at(lengths[shot]), 1))
        for shot in facts.long_takes
    )
    curve = " ".join(f"{one.seconds * rate:.0f},{at(one.shot_seconds):.1f}" for one in facts.rhythm)
    drawn = (
        f'<path class="rule" d="{grid}"/><path class="takes" d="{takes}"/><path class="steps" d="{step}"/>'
        f'<polyline class="line" points="{curve}"/>'
    )
    label = (
        f"How long shots are over time, on a logarithmic axis from {seconds(min(lengths))} to {seconds(max(lengths))}, "
        f"with {counted(len(facts.long_takes), 'long take')} marked"
    )
    rows = [(at(value) / 64, f"{value:g} s") for value in ticks]
    note = "Length of every shot (thin) and of shots around each moment (line); filled: long takes. Logarithmic"
    return _layer("rhythm", "Rhythm", _svg(film, label, 64, drawn), height=64, rows=rows, note=note)


def _subtitles(film: Film) -> str:
    if film.subtitles is None:
        return _absent("subtitles", "Subtitles", "No subtitles were given.")
    entries = usable_subtitles(film)
    if not entries:
        return _absent("subtitles", "Subtitles", describe_subtitles(film.subtitles))
    rate, last = float(film.timeline.rate), film.timeline.slot_count
    spans = [
        (start, max(start + 1, stop))
        for one in entries
        for start, stop in [(max(0, round(one.start_seconds * rate)), min(last, round(one.stop_seconds * rate)))]
    ]
    drawn = f'<path d="{_boxes(spans, 0, 14)}"/>'
    label = f"When {counted(len(entries), 'subtitle')} are shown; their words are in the tables of shots"
    return _layer("subtitles", "Subtitles", _svg(film, label, 14, drawn), height=14)


def setups_that_return(film: Film) -> list[tuple[int, list[int]]]:
    """Return (set-up, numbers of its scenes from 1) of every set-up that is seen in more than one scene."""
    scenes: dict[int, list[int]] = {}
    for place, scene in enumerate(film.structure.scenes):
        for setup in dict.fromkeys(film.structure.setups[scene.first : scene.stop]):
            scenes.setdefault(setup, []).append(place + 1)
    return [(setup, found) for setup, found in sorted(scenes.items()) if setup >= 0 and len(found) > 1]
