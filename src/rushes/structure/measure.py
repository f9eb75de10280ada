"""The facts of a film, from its shots, its scan, the palettes of its shots and its picture's area."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

import numpy as np
import numpy.typing as npt

from rushes.footage.shot import CutKind
from rushes.footage.signals import Signals
from rushes.structure.facts import ColourShare, FilmFacts, PictureArea, ScaleShare
from rushes.structure.palette import merge_palettes
from rushes.structure.rhythm import find_long_takes, smooth_rhythm
from rushes.structure.tones import trace_tones
from rushes.timelines.timeline import Timeline, TimelineShot

# From the nearest to the farthest, as tables list them; classes of other names follow in the order they come up in.
_ORDERS = {
    "scale": ("ECS", "CS", "MCU", "MS", "FS", "LS"),
    "movement": ("static", "motion", "push", "pull"),
}


def measure_facts(
    timeline: Timeline,
    signals: Signals,
    *,
    palettes: Sequence[Sequence[ColourShare]] = (),
    area: PictureArea | None = None,
    scale_task: str = "scale",
    scale_by: str = "",
) -> FilmFacts:
    """Return what can be counted and measured of a film. Blank shots are left out of all but its duration; the light
    of a film that has no other is theirs.

    Args:
        signals: the film's scan.
        palettes: one per shot, () of one without a picture; or none at all.
        area: as `area_of` tells it; what is black beside it does not darken the tones.
        scale_task: the task of which the timeline's answers are the shots' scales.
        scale_by: who answered it.

    Raises:
        ValueError: there are palettes, and not one per shot.
    """
    if palettes and len(palettes) != len(timeline.shots):
        raise ValueError(f"a film has one palette per shot: {len(timeline.shots)}, got {len(palettes)}")
    shown = [place for place, one in enumerate(timeline.shots) if not one.shot.blank]
    shots = [timeline.shots[place] for place in shown]
    starts = np.array([float(one.start_seconds) for one in shots], np.float64)
    stops = np.array([float(one.stop_seconds) for one in shots], np.float64)
    lengths = stops - starts
    duration = float(timeline.duration_seconds)
    takes = find_long_takes(lengths)
    film_palette = merge_palettes([palettes[place] for place in shown], lengths.tolist()) if palettes else ()
    return FilmFacts(
        shot_count=len(shots),
        duration_seconds=duration,
        average_shot_seconds=float(lengths.mean()) if shots else 0.0,
        median_shot_seconds=float(median(lengths)) if shots else 0.0,
        shortest_shot_seconds=float(lengths.min()) if shots else 0.0,
        longest_shot_seconds=float(lengths.max()) if shots else 0.0,
        cuts=_cuts(shots),
        rhythm=smooth_rhythm(starts, stops, duration=duration),
        tones=trace_tones(
            signals,
            _frames_of(shots or timeline.shots, signals),
            area=area,
            width=timeline.width_pixels,
            height=timeline.height_pixels,
        ),
        palette=film_palette,
        palettes=_shown_palettes(timeline.shots, palettes) if palettes else (),
        area=area,
        long_takes=tuple(shown[place] for place in takes.places),
        long_take_seconds=takes.from_seconds,
        scales=_shares(shots, scale_task),
        scale_by=scale_by,
        movements=_shares(shots, "movement"),
    )


def _shown_palettes(
    shots: Sequence[TimelineShot], palettes: Sequence[Sequence[ColourShare]]
) -> tuple[tuple[ColourShare, ...], ...]:
    """Return the palettes of shots, without the black of those that are blank."""
    return tuple(() if one.shot.blank else tuple(palette) for one, palette in zip(shots, palettes, strict=True))


def _cuts(shots: Sequence[TimelineShot]) -> dict[CutKind, int]:
    """Return how many shots begin with a cut of each kind."""
    cuts: dict[CutKind, int] = {"hard": 0, "fade": 0, "dissolve": 0}
    for one in shots:
        if one.shot.opening is not None:
            cuts[one.shot.opening.kind] += 1
    return cuts


def _shares(shots: Sequence[TimelineShot], task: str) -> tuple[ScaleShare, ...]:
    """Return of each class of a task how many shots are of it, and for how long; () where nobody answered it."""
    seconds: dict[str, list[float]] = {}
    for one in shots:
        if task in one.answers:
            seconds.setdefault(one.answers[task].class_name, []).append(float(one.duration_seconds))
    usual = _ORDERS.get(task, ())
    names = sorted(seconds, key=lambda name: usual.index(name) if name in usual else len(usual))
    return tuple(ScaleShare(name, len(seconds[name]), sum(seconds[name])) for name in names)


def _frames_of(shots: Sequence[TimelineShot], signals: Signals) -> npt.NDArray[np.bool_]:
    """Return which frames of a scan are of these shots."""
    kept = np.zeros(signals.film_frames, np.bool_)
    for one in shots:
        kept[one.shot.start : one.shot.stop] = True
    return np.asarray(kept[signals.ordinal], np.bool_)
