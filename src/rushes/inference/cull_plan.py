"""What is proposed for each photograph of a shoot, from scores, series and a threshold."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from rushes.evaluation.thresholds import format_threshold
from rushes.footage.photo_measures import MEASURES, PhotoMeasures
from rushes.footage.series import KEPT_WHOLE, Series, SeriesFacts
from rushes.footage.signature import group_alike
from rushes.inference.reasons import find_reasons
from rushes.inference.verdicts import Reason, Seen, Verdict

AUDITED = 0.05  # share of the rejects that a person is asked to look at


@dataclass(frozen=True, slots=True)
class ScoredPhotograph:
    """A photograph that was looked at.

    Attributes:
        path: the file that it is known by.
        score: calibrated probability that it is kept, 0 to 1, as it is compared with a threshold.
        measures: None where nothing was measured.
        flaw: what is wrong with the file though it could be seen; "" for nothing.
        seen: size and time of its files before they were read; nothing of files in a store.
    """

    path: str
    companions: tuple[str, ...]
    score: float
    facts: SeriesFacts
    measures: PhotoMeasures | None = None
    flaw: str = ""
    seen: Seen = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Rules:
    """How verdicts follow from scores.

    Attributes:
        threshold: score from which on a photograph is picked.
        best_of_burst: how many of a burst are picked at most, the best ones; None lets the threshold decide alone.
        audited: share of the rejects that is drawn for a person to look at.
    """

    threshold: float
    best_of_burst: int | None = None
    audited: float = AUDITED


def plan_verdicts(
    photographs: Sequence[ScoredPhotograph], series: Sequence[Series], rules: Rules, *, seed: str
) -> tuple[Verdict, ...]:
    """Return the verdict of each photograph, in their order.

    A photograph is picked when its score reaches the threshold. A bracket, a focus stack or a panorama is one picture
    in the making: where one of its members is picked, all are. Of a burst, so many are picked as the threshold lets
    through, unless the rules bound them.

    Args:
        photographs: of one shoot.
        series: places in `photographs`; disjoint.
        seed: of the draw of rejects that are looked at; the same seed and photographs give the same draw.
    """
    scores = [one.score for one in photographs]
    place_of = {member: place for place, one in enumerate(series) for member in one.members}
    ranks = _ranks(scores, series)
    decided = [_decide(index, scores, series, place_of, ranks, rules) for index in range(len(photographs))]
    better = find_better(scores, series, [one.facts.signature for one in photographs])
    reasons = _reasons(photographs, series, place_of, better)
    drawn = draw_audit(
        [one.path for one, (pick, _) in zip(photographs, decided, strict=True) if not pick], rules.audited, seed=seed
    )
    return tuple(
        Verdict(
            path=one.path,
            companions=one.companions,
            verdict="pick" if pick else "reject",
            score=one.score,
            why=why,
            captured_at=one.facts.captured_at,
            series=place_of.get(index),
            rank=ranks.get(index),
            better="" if (best := better[index]) is None else photographs[best].path,
            reasons=reasons[index],
            measures=_stated(one.measures),
            audited=one.path in drawn,
        )
        for index, (one, (pick, why)) in enumerate(zip(photographs, decided, strict=True))
    )


def find_better(scores: Sequence[float], series: Sequence[Series], signatures: Sequence[int]) -> list[int | None]:
    """Return of each photograph the best one that shows the same; None where it is that one, or stands alone.

    What shows the same is a burst, or pictures whose signatures are alike. Members of a bracket, focus stack or
    panorama are no duplicates of each other.
    """
    whole = {member for one in series if one.kind in KEPT_WHOLE for member in one.members}
    likes = group_alike(np.array(signatures, np.uint64)).tolist() if len(scores) else []
    team = list(likes)
    for one in series:
        if one.kind == "burst":
            first = team[one.members[0]]
            for member in one.members:
                team[member] = first
    best: dict[int, int] = {}
    for index, which in enumerate(team):
        if index not in whole and (which not in best or scores[index] > scores[best[which]]):
            best[which] = index
    return [
        None if index in whole or best[which] == index or scores[best[which]] <= scores[index] else best[which]
        for index, which in enumerate(team)
    ]


def draw_audit(rejects: Sequence[str], share: float, *, seed: str) -> frozenset[str]:
    """Return the rejects that a person is asked to look at: a simple random sample, at least one where there are any.

    Each reject is as likely to be drawn as any other, so that what is found in them holds for all.
    """
    if not rejects or share <= 0:
        return frozenset()
    count = min(len(rejects), max(1, round(share * len(rejects))))
    ordered = sorted(rejects, key=lambda path: hashlib.sha256(f"{seed}\0{path}".encode()).digest())
    return frozenset(ordered[:count])


def _ranks(scores: Sequence[float], series: Sequence[Series]) -> dict[int, int]:
    """Return place of a photograph -> its rank within its series, the best first, from 1."""
    ranks: dict[int, int] = {}
    for one in series:
        falling = sorted(one.members, key=lambda member: (-scores[member], one.members.index(member)))
        ranks |= {member: rank for rank, member in enumerate(falling, start=1)}
    return ranks


def _decide(
    index: int,
    scores: Sequence[float],
    series: Sequence[Series],
    place_of: Mapping[int, int],
    ranks: Mapping[int, int],
    rules: Rules,
) -> tuple[bool, str]:
    """Return whether a photograph is picked, and what decided."""
    reaches = scores[index] >= rules.threshold
    score, threshold = tell_apart(scores[index], rules.threshold)
    said = f"score {score} {'reaches' if reaches else 'is below'} {threshold}"
    one = series[place_of[index]] if index in place_of else None
    if one is None:
        return reaches, said
    if one.kind in KEPT_WHOLE:
        best = max(scores[member] for member in one.members)
        if reaches:
            return True, said
        if best >= rules.threshold:
            return True, f"kept whole with its {one.kind}, the best of which has {format_score(best)}"
        return False, f"{said}; so are all {len(one.members)} of its {one.kind}"
    rank, bound = ranks[index], rules.best_of_burst
    if reaches and bound is not None and rank > bound:
        kept = "the best is" if bound == 1 else f"the best {bound} are"
        return False, f"{said}, but it is number {rank} of a burst of {len(one.members)}, of which {kept} picked"
    return reaches, f"{said}; number {rank} of a burst of {len(one.members)}"


def tell_apart(score: float, threshold: float) -> tuple[str, str]:
    """Return a score and a threshold with as many digits as show which is larger, three of the threshold at least."""
    shown, at = format_score(score), format_threshold(threshold)
    digits = 3
    while score != threshold and float(shown) == float(at) and digits < 9:
        shown, at = f"{score:.{digits}f}", f"{threshold:.{digits}f}"
        digits += 1
    return shown, at


def format_score(score: float) -> str:
    """Return a score for a person: two digits, three where two would round it to 0 or 1."""
    return f"{score:.2f}" if 0.005 <= score < 0.995 else f"{score:.3f}"


def _reasons(
    photographs: Sequence[ScoredPhotograph],
    series: Sequence[Series],
    place_of: Mapping[int, int],
    better: Sequence[int | None],
) -> list[tuple[Reason, ...]]:
    """Return what was measured for and against each; nothing of those that were not measured."""
    measured = [(index, one.measures) for index, one in enumerate(photographs) if one.measures is not None]
    row_of = {index: row for row, (index, _) in enumerate(measured)}
    found = find_reasons(
        [measures for _, measures in measured],
        groups=[place_of.get(index, -1) for index, _ in measured],
        better=[None if (best := better[index]) is None else row_of.get(best) for index, _ in measured],
        names=[Path(photographs[index].path).name for index, _ in measured],
    )
    every: list[tuple[Reason, ...]] = [()] * len(photographs)
    for (index, _), reasons in zip(measured, found, strict=True):
        every[index] = reasons
    return every


def _stated(measures: PhotoMeasures | None) -> dict[str, float | None]:
    if measures is None:
        return {}
    values = {name: float(getattr(measures, name)) for name in MEASURES}
    return {name: value if np.isfinite(value) else None for name, value in values.items()}
