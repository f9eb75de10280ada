"""Films whose structure is known, watched once: what their shots are like, and what is true of them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmarks.harness import CACHE, Say
from benchmarks.real_stories import make_real_stories, read_table
from rushes.datasets.synthetic.story import render_story
from rushes.footage.found_shots import FoundShots, find_shots
from rushes.storage.files import write_json
from rushes.structure.evidence import Evidence
from rushes.structure.looked_at import plan_looks
from rushes.structure.scan_looks import looks_of_scan, tones_of_scan
from rushes.structure.truth import KnownStructure, parse_truth, place_truth
from rushes.timelines.timeline import Timeline, make_timeline

SCENES = 8  # of one painted story
_ERRS = 0.1  # of the shots: how often the stand-in for a bundle of medium close-ups is wrong

Span = tuple[float, float]


@dataclass(frozen=True, slots=True, eq=False)
class Story:
    """A film whose structure is known.

    Attributes:
        evidence: what the scan alone says of its shots; nobody looked for faces or medium close-ups.
        close: (shots,) whether each is a medium close-up, as the truth's shot over it says.
    """

    name: str
    path: Path
    found: FoundShots
    timeline: Timeline
    known: KnownStructure
    evidence: Evidence
    close: npt.NDArray[np.bool_]

    @property
    def edges(self) -> npt.NDArray[np.float64]:
        """(shots + 1,) seconds at which shots begin, and the film ends."""
        return np.append(self.evidence.start_seconds, self.evidence.stop_seconds[-1])

    def spans(self, spans: Sequence[tuple[int, int]]) -> list[Span]:
        """Return shots `[first, stop)` in seconds."""
        edges = self.edges
        return [(float(edges[first]), float(edges[stop])) for first, stop in spans]


def painted_stories(seeds: Sequence[int], *, say: Say) -> list[Story]:
    """Return painted stories; each is rendered once and kept."""
    folder = CACHE / "stories"
    folder.mkdir(parents=True, exist_ok=True)
    stories = []
    for seed in seeds:
        film, truth = folder / f"story-{SCENES}-{seed:03d}.mp4", folder / f"story-{SCENES}-{seed:03d}.json"
        if not truth.is_file():
            say(f"  painting the story of seed {seed}, once")
            write_json(truth, render_story(film, seed=seed, scenes=SCENES).to_table())
        stories.append(read_story(film, truth))
    return stories


def spliced_stories(media: Path, *, say: Say) -> list[Story]:
    """Return films spliced from real footage, and the talk show."""
    return [read_story(film, truth) for film, truth in make_real_stories(media, say=say)]


def read_story(film: Path, truth: Path) -> Story:
    """Return a film as it is scanned, with its truth."""
    found = find_shots(film, scans=CACHE / "scans")
    timeline = make_timeline(found.source, found.index, found.shots)
    table = read_table(truth)
    known = place_truth(parse_truth(json.dumps(table), name=truth.name), timeline)
    return Story(film.stem, film, found, timeline, known, evidence_of(found, timeline), _close(timeline, table))


def with_closeness(story: Story) -> Evidence:
    """Return the evidence with what a bundle that errs in one shot of ten would say of medium close-ups."""
    draw = np.random.default_rng([len(story.close), 77])
    said = story.close ^ (draw.random(len(story.close)) < _ERRS)
    return replace(story.evidence, close=np.where(said, 0.85, 0.15).astype(np.float32))


def evidence_of(found: FoundShots, timeline: Timeline) -> Evidence:
    """Return what the scan alone says of the shots of a film."""
    looked = plan_looks(found.shots, found.index.rate)
    ordinals = np.array([ordinal for of_shot in looked for ordinal in of_shot], np.int64)
    count = len(found.shots)
    return Evidence(
        start_seconds=np.array([float(one.start_seconds) for one in timeline.shots]),
        stop_seconds=np.array([float(one.stop_seconds) for one in timeline.shots]),
        blank=np.array([shot.blank for shot in found.shots], np.bool_),
        looks=looks_of_scan(found.signals, ordinals),
        shot_of=np.repeat(np.arange(count), [len(of_shot) for of_shot in looked]),
        tones=tones_of_scan(found.signals, ordinals),
        close=np.full(count, np.nan, np.float32),
        person=np.full(count, -1, np.int64),
        face_count=np.full(count, -1, np.int64),
    )


def _close(timeline: Timeline, table: dict[str, object]) -> npt.NDArray[np.bool_]:
    shots = table["shots"]
    assert isinstance(shots, list)
    starts = np.array([shot["start"] for shot in shots])
    close = np.array([bool(shot["close"]) for shot in shots])
    middles = [(one.shot.start + one.shot.stop) // 2 for one in timeline.shots]
    return np.asarray(close[np.searchsorted(starts, middles, side="right") - 1], np.bool_)
