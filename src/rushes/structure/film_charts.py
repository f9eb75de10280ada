"""A film's facts as charts and tables of HTML: lengths of shots, scales, movements, colours, and figures by scene."""

from __future__ import annotations

import math
from collections.abc import Sequence

from rushes.evaluation.markup import amount, counted, duration, percent
from rushes.structure.facts import ColourShare, FilmFacts, ScaleShare
from rushes.structure.film import Film
from rushes.structure.film_table import show_table
from rushes.structure.film_words import seconds, seconds_of
from rushes.timelines.markup import text

_LEFT, _TOP, _WIDTH, _HEIGHT = 34.0, 22.0, 480.0, 150.0
_OCTAVE = 4  # bins of the histogram between a length and its double
_TICKS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 60, 120, 300, 600, 1800, 3600)


def show_lengths(film: Film) -> str:
    """Return the histogram of shot lengths with their average and median, and the same as a table."""
    lengths = [float(place.duration_seconds) for place in film.timeline.shots if not place.shot.blank]
    if len(lengths) < 2:
        return "<p>There are too few shots for a distribution of their lengths.</p>"
    first, counts = bin_lengths(lengths)
    rows = "".join(
        f'<tr><th scope="row">{seconds(2 ** ((first + at) / _OCTAVE))} to '
        f"{seconds(2 ** ((first + at + 1) / _OCTAVE))}</th><td>{count:,}</td></tr>"
        for at, count in enumerate(counts)
    )
    table = show_table(rows, ("length", "shots"), label="Shots by their length")
    said = "Each bar: shots within a quarter of an octave; the axis is logarithmic"
    return (
        f"<figure>{draw_histogram(first, counts, film.facts)}<figcaption>{said}</figcaption></figure>"
        f"<details><summary>The histogram as a table</summary>{table}</details>"
    )


def bin_lengths(lengths: Sequence[float]) -> tuple[int, list[int]]:
    """Return the first bin and the counts of all bins; bin `b` is of lengths from 2 ** (b / 4) seconds."""
    places = [math.floor(_OCTAVE * math.log2(max(length, 1e-3)) + 1e-9) for length in lengths]
    first, last = min(places), max(places)
    counts = [0] * (last - first + 1)
    for place in places:
        counts[place - first] += 1
    return first, counts


def draw_histogram(first: int, counts: Sequence[int], facts: FilmFacts) -> str:
    """Draw the counts of `bin_lengths` as SVG, the average and the median as lines."""
    wide, most = _WIDTH / len(counts), max(counts)
    low, high = 2 ** (first / _OCTAVE), 2 ** ((first + len(counts)) / _OCTAVE)
    bottom = _TOP + _HEIGHT

    def x(length: float) -> float:
        within = (_OCTAVE * math.log2(min(max(length, low), high)) - first) / len(counts)
        return _LEFT + within * _WIDTH

    bars = "".join(
        f"M{_LEFT + at * wide + 0.75:.1f} {bottom:.1f}v-{_HEIGHT * count / most:.1f}h{wide - 1.5:.1f}V{bottom:.1f}z"
        for at, count in enumerate(counts)
        if count
    )
    ticks = "".join(
        f'<text x="{x(value):.1f}" y="{bottom + 17:.1f}" text-anchor="middle">{value:g} s</text>'
        f'<path class="mark" d="M{x(value):.1f} {bottom:.1f}v4"/>'
        for value in _TICKS
        if low <= value <= high
    )
    middle, average = x(facts.median_shot_seconds), x(facts.average_shot_seconds)
    lines = _line(middle, "second", f"median {seconds(facts.median_shot_seconds)}", middle <= average)
    lines += _line(average, "main", f"average {seconds(facts.average_shot_seconds)}", middle > average)
    label = (
        f"Histogram of {counted(sum(counts), 'shot')}: average {seconds(facts.average_shot_seconds)}, median "
        f"{seconds(facts.median_shot_seconds)}; a table follows"
    )
    return (
        f'<svg class="chart lengths" viewBox="0 0 {_LEFT + _WIDTH + 30:.0f} {bottom + 24:.0f}" role="img" '
        f'aria-label="{text(label)}"><text x="{_LEFT - 6:.0f}" y="{_TOP + 8:.0f}" text-anchor="end">{most:,}</text>'
        f'<path class="mark" d="M{_LEFT} {bottom:.1f}h{_WIDTH}"/><path class="bars" d="{bars}"/>{ticks}{lines}</svg>'
    )


def _line(at: float, style: str, word: str, on_left: bool) -> str:
    """Return a line through the histogram with its name beside its top."""
    where = f'x="{at + (-5 if on_left else 5):.1f}" y="{_TOP - 8:.1f}" text-anchor="{"end" if on_left else "start"}"'
    return (
        f'<path class="{style}" d="M{at:.1f} {_TOP - 6:.1f}V{_TOP + _HEIGHT:.1f}"/>'
        f'<text class="name {style}" {where}>{word}</text>'
    )


def show_shares(shares: Sequence[ScaleShare], *, what: str, by: str) -> str:
    """Return how much of the film is of each class, by shots and by seconds; or that nobody said.

    Args:
        what: `shot scale`.
        by: the bundle that said it.
    """
    if not shares:
        return f"<p>The {what} of the shots is not known: no model said it.</p>"
    shots, length = sum(one.shots for one in shares) or 1, sum(one.seconds for one in shares) or 1.0
    most = max(max(one.shots / shots, one.seconds / length) for one in shares) or 1.0
    rows = "".join(
        f'<tr><th scope="row">{text(one.class_name)}</th>{_share(one.shots / shots, most, f"{one.shots:,}")}'
        f"{_share(one.seconds / length, most, duration(one.seconds))}</tr>"
        for one in shares
    )
    said = f'<p class="foot">Answered by {text(by)}.</p>' if by else ""
    wide = {"by shots": "wide", "by time": "wide"}
    return show_table(rows, (what, *wide), label=f"Film by {what}", style="numbers shares", classes=wide) + said


def _share(share: float, most: float, absolute: str) -> str:
    return f'<td class="wide">{amount(share / most)}<small>{percent(share)}, {absolute}</small></td>'


def show_palette(palette: Sequence[ColourShare]) -> str:
    """Return the film's colours, as wide as their share, each with its code."""
    if not palette:
        return "<p>No colours were measured: no shot has a picture that shows any.</p>"
    total = sum(one.share for one in palette) or 1.0
    items = "".join(
        f'<li style="flex-grow:{1000 * one.share / total:.0f}"><i style="background:{one.code}"></i>'
        f"<span>{percent(one.share / total)} <code>{one.code}</code></span></li>"
        for one in palette
    )
    return f'<ul class="colours">{items}</ul>'


def show_scene_figures(film: Film) -> str:
    """Return length, rhythm and light of each scene as a table: what the curves of the timeline show."""
    rows = "".join(_figures(film, place) for place in range(len(film.structure.scenes)))
    columns = ("scene", "length", "shots", "average shot", "set-ups", "brightness", "contrast")
    table = show_table(rows, columns, label="Figures by scene", style="numbers")
    return f"<details><summary>Length, rhythm and light of every scene as a table</summary>{table}</details>"


def _figures(film: Film, place: int) -> str:
    scene = film.structure.scenes[place]
    length, shots = seconds_of(film, scene.first, scene.stop), scene.stop - scene.first
    start = float(film.timeline.shots[scene.first].start_seconds)
    tones = [one for one in film.facts.tones if start <= one.seconds < start + length]
    light = (
        f"<td>{sum(one.brightness for one in tones) / len(tones):.0f}</td>"
        f"<td>{sum(one.contrast for one in tones) / len(tones):.0f}</td>"
        if tones
        else "<td>–</td><td>–</td>"
    )
    setups = len({setup for setup in film.structure.setups[scene.first : scene.stop] if setup >= 0})
    return (
        f'<tr><th scope="row"><a href="#scene-{place + 1}">{place + 1}</a></th><td>{duration(length)}</td>'
        f"<td>{shots:,}</td><td>{seconds(length / shots)}</td><td>{setups}</td>{light}</tr>"
    )
