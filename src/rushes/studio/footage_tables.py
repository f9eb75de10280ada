"""Footage as the page is told of it: sources, groups, and a film with its shots and labels."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from typing import Any

from rushes.catalog.catalog import StoredFrame
from rushes.footage.source import Source
from rushes.labels.label import Label
from rushes.labels.shot_manifest import ShotRow
from rushes.structure.kept_answers import FilmAnswers, answer_table, answers_for
from rushes.timelines.timeline import Timeline, TimelineShot, measure_lengths

FOOTAGE_SCHEMA, FILM_SCHEMA = "footage/1", "film/1"
SHIPPED = "rushes"  # by whom an answer is that the scan alone gives


def source_table(
    source: Source, *, frames: int, shots: int | None, labels: Mapping[str, Mapping[str, int]]
) -> dict[str, Any]:
    """Return a source as plain values.

    Args:
        frames: of it in the catalog.
        shots: None where it was not scanned.
        labels: task -> class -> how many of its frames.
    """
    return {
        "source": source.digest,
        "name": source.name,
        "group": source.group,
        "kind": source.kind,
        "codec": source.codec,
        "width_pixels": source.width_pixels,
        "height_pixels": source.height_pixels,
        "rate": None if source.rate is None else str(source.rate),
        "frame_count": source.frame_count,
        "duration_seconds": None if source.duration_seconds is None else float(source.duration_seconds),
        "captured_at": source.captured_at,
        "start_timecode": source.start_timecode,
        "is_referenced": source.is_referenced,
        "frames": frames,
        "shots": shots,
        "labels": {task: dict(classes) for task, classes in labels.items()},
    }


def group_tables(sources: Iterable[Source]) -> list[dict[str, Any]]:
    """Return the groups by name, with how many sources of each kind and how many seconds they have."""
    groups: dict[str, dict[str, Any]] = {}
    for source in sorted(sources, key=lambda one: one.group):
        table = groups.setdefault(
            source.group, {"name": source.group, "films": 0, "photographs": 0, "duration_seconds": 0.0}
        )
        table["films" if source.kind == "video" else "photographs"] += 1
        table["duration_seconds"] += float(source.duration_seconds or 0)
    return list(groups.values())


def shot_tables(timeline: Timeline, said: Sequence[FilmAnswers]) -> list[dict[str, Any]]:
    """Return the shots of a film with what is known of each: what a bundle said before what the scan shows."""
    asked = answers_for([(place.shot.start, place.shot.stop) for place in timeline.shots], said)
    return [_shot_table(timeline, place, of_bundles) for place, of_bundles in zip(timeline.shots, asked, strict=True)]


def _shot_table(timeline: Timeline, place: TimelineShot, of_bundles: Mapping[str, Any]) -> dict[str, Any]:
    shot = place.shot
    measured = {task: answer_table(answer, by=SHIPPED) for task, answer in place.answers.items()}
    return {
        "number": place.number,
        "start": shot.start,
        "stop": shot.stop,
        "start_seconds": float(place.start_seconds),
        "stop_seconds": float(place.stop_seconds),
        "start_timecode": str(timeline.timecode_at(place.start_slot)),
        "stop_timecode": str(timeline.timecode_at(place.stop_slot)),
        "cut": None if shot.opening is None else shot.opening.kind,
        "confidence": None if shot.opening is None else shot.opening.confidence,
        "blank": shot.blank,
        "answers": measured | dict(of_bundles),
    }


def label_tables(
    source: Source, frames: Sequence[StoredFrame], labels: Mapping[str, Sequence[Label]], shots: Sequence[ShotRow]
) -> list[dict[str, Any]]:
    """Return what a source is labelled, in order of time: of a frame one moment, of a shot its stretch.

    Args:
        labels: task -> the labels that count for its frames.
        shots: its labelled shots.
    """
    times = {item.frame.id: (item.frame.pts - source.start_pts) * item.frame.time_base for item in frames}
    found = [
        _label_table(task, label.class_name or "", label.origin, times[label.frame], times[label.frame])
        for task, of_task in labels.items()
        for label in of_task
        if label.frame in times
    ]
    for row in shots:
        start, stop = row.start / row.rate, row.stop / row.rate
        found += [_label_table(task, name, row.origin, start, stop) for task, name in row.classes.items()]
    return sorted(found, key=lambda one: (one["start_seconds"], one["task"]))


def _label_table(task: str, class_name: str, origin: str, start: Fraction, stop: Fraction) -> dict[str, Any]:
    return {
        "task": task,
        "class": class_name,
        "origin": origin,
        "start_seconds": float(start),
        "stop_seconds": float(stop),
    }


def lengths_table(timeline: Timeline) -> dict[str, Any]:
    """Return how long the shots of a film are, and their cuts by kind."""
    lengths = measure_lengths(timeline)
    return {
        "average_seconds": float(lengths.average),
        "median_seconds": float(lengths.median),
        "cuts": dict(lengths.cuts),
    }
