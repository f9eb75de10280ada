"""How the structure that was found of a film agrees with what a person says of it, as a value, words and a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

from rushes.structure.film import Film
from rushes.structure.parts import Structure
from rushes.structure.scores import (
    BoundaryScore,
    ClusterScore,
    DialogueScore,
    SceneScore,
    score_boundaries,
    score_clusters,
    score_dialogues,
    score_scenes,
)
from rushes.structure.truth import KnownStructure, StructureTruth, place_truth
from rushes.timelines.timeline import Timeline

SCHEMA = "structure-score/1"
NEAR = 1  # shots that a boundary may stand beside a known one in the second of the two scores
Span = tuple[float, float]


@dataclass(frozen=True, slots=True)
class FilmScore:
    """How a film's structure agrees with the truth; None of what the truth says nothing about.

    Attributes:
        exact, near: of the boundaries between scenes, with a tolerance of no shot and of `NEAR`.
        setups, characters: clusters of shots, by the truth's shots that share most time with those found.
    """

    name: str
    truth: str
    exact: BoundaryScore | None
    near: BoundaryScore | None
    scenes: SceneScore | None
    dialogues: DialogueScore | None
    setups: ClusterScore | None = None
    characters: ClusterScore | None = None


def score_film(film: Film, truth: StructureTruth) -> FilmScore:
    """Return how a film's structure agrees with a truth.

    Raises:
        SheetError: the truth is not of this film: it lies outside it, or over itself.
    """
    cast = [people[0] if len(people) == 1 else -1 for people in film.cast]
    known = place_truth(truth, film.timeline)
    return score_structure(film.timeline, film.structure, known, cast=cast, truth_name=truth.name)


def score_structure(
    timeline: Timeline, structure: Structure, known: KnownStructure, *, cast: Sequence[int] = (), truth_name: str = ""
) -> FilmScore:
    """Return how a structure agrees with what is known.

    Only what lies between the first and the last of the known scenes counts for scenes, so that a truth of a film's
    first act is scored by that act. Dialogues outside count as found in vain.

    Args:
        cast: of each shot the one character in it, -1 where there is none or several; () where nobody looked.
    """
    edges = [float(one.start_seconds) for one in timeline.shots] + [float(timeline.duration_seconds)]
    exact = near = scenes = None
    if known.scenes:
        begin, end = known.scenes[0][0], known.scenes[-1][1]
        found = [(edges[scene.first], edges[scene.stop]) for scene in structure.scenes]
        within = [(max(start, begin), min(stop, end)) for start, stop in found if start < end and stop > begin]
        known_places = [_nearest(edges, start) for start, _ in known.scenes[1:]]
        places = [_nearest(edges, start) for start, _ in within[1:]]
        exact, near = (score_boundaries(places, known_places, tolerance) for tolerance in (0, NEAR))
        scenes = score_scenes(within, known.scenes) if within else None
    dialogues = None
    if known.dialogues is not None:
        spans = [(edges[one.first], edges[one.stop]) for one in structure.dialogues]
        dialogues = score_dialogues(spans, known.dialogues)
    setups, people = _clusters(edges, structure, known, cast)
    return FilmScore(timeline.name, truth_name, exact, near, scenes, dialogues, setups, people)


def describe_score(score: FilmScore) -> list[str]:
    """Return what a score says, a line each: `scenes: F1 0.86 (…)`."""
    lines = []
    if score.exact is not None and score.near is not None:
        for found, words in ((score.exact, "at the very shot"), (score.near, "or at the shot beside it")):
            counts = found.counts
            lines.append(
                f"scene boundaries, {words}: precision {found.precision:.2f}, recall {found.recall:.2f}, "
                f"F1 {found.f1:.2f} ({counts.hits} found, {counts.false} false, {counts.missed} missed)"
            )
    if score.scenes is not None:
        lines.append(f"scenes: mean IoU {score.scenes.mean_iou:.2f} ({score.scenes.of_known:.2f} of the known, "
                     f"{score.scenes.of_found:.2f} of the found), coverage {score.scenes.coverage:.2f}, "
                     f"overflow {score.scenes.overflow:.2f}")  # fmt: skip
    if (talks := score.dialogues) is not None:
        counts = talks.counts
        lines.append(f"dialogues, IoU of {talks.overlap:g} or more: precision {talks.precision:.2f}, "
                     f"recall {talks.recall:.2f}, F1 {talks.f1:.2f} ({counts.hits} found, {counts.false} false, "
                     f"{counts.missed} missed); {talks.found_share:.0%} of their time was found, and "
                     f"{talks.true_share:.0%} of the time found is dialogue")  # fmt: skip
    for words, clusters in (("set-ups", score.setups), ("characters", score.characters)):
        if clusters is not None:
            lines.append(
                f"{words}: purity {clusters.purity:.2f}, inverse purity {clusters.inverse_purity:.2f}, "
                f"V {clusters.v_measure:.2f}, adjusted Rand {clusters.adjusted_rand:.2f} "
                f"({clusters.clusters} clusters, {clusters.classes} known, {clusters.covered:.0%} of the shots)"
            )
    return lines


def table_of_score(score: FilmScore) -> dict[str, Any]:
    """Return a score as plain values, schema `structure-score/1`."""
    return {
        "schema": SCHEMA,
        "film": score.name,
        "truth": score.truth,
        "boundaries": [
            {"tolerance_shots": one.tolerance, "precision": one.precision, "recall": one.recall, "f1": one.f1,
             **asdict(one.counts)}
            for one in (score.exact, score.near)
            if one is not None
        ],
        "scenes": None if score.scenes is None else asdict(score.scenes) | {"mean_iou": score.scenes.mean_iou},
        "dialogues": None if score.dialogues is None else _dialogues(score.dialogues),
        "setups": None if score.setups is None else _table_of_clusters(score.setups),
        "characters": None if score.characters is None else _table_of_clusters(score.characters),
    }  # fmt: skip


def _dialogues(score: DialogueScore) -> dict[str, Any]:
    return {
        "overlap": score.overlap,
        "precision": score.precision,
        "recall": score.recall,
        "f1": score.f1,
        "found_share": score.found_share,
        "true_share": score.true_share,
        **asdict(score.counts),
    }


def _table_of_clusters(score: ClusterScore) -> dict[str, Any]:
    return asdict(score) | {"v_measure": score.v_measure}


def _clusters(
    edges: Sequence[float], structure: Structure, known: KnownStructure, cast: Sequence[int]
) -> tuple[ClusterScore | None, ClusterScore | None]:
    """Return how set-ups and characters agree: of each found shot those of the known one that lies most over it."""
    if not known.shots:
        return None, None
    of_shot = [_most_over((start, stop), known) for start, stop in pairwise(edges)]
    setups = [None if place is None else known.shots[place][2] for place in of_shot]
    people = [None if place is None else known.shots[place][3] for place in of_shot]
    return (
        score_clusters(structure.setups, setups) if any(one is not None for one in setups) else None,
        score_clusters(cast, people) if cast and any(one is not None for one in people) else None,
    )


def _most_over(span: Span, known: KnownStructure) -> int | None:
    shared = [min(span[1], shot[1]) - max(span[0], shot[0]) for shot in known.shots]
    best = max(range(len(shared)), key=shared.__getitem__)
    return best if shared[best] > 0 else None


def _nearest(edges: Sequence[float], seconds: float) -> int:
    return min(range(len(edges)), key=lambda place: abs(edges[place] - seconds))
