"""The queue for review of labels that are likely wrong: what is disputed between twins, doubts, and checks."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence

import numpy as np

from rushes.datasets.disputed_twins import Dispute
from rushes.labels.manifest import ManifestRow
from rushes.learning.label_errors import LabelDoubts, LabelError, rank_disagreements
from rushes.learning.review_queue import Asked, ReviewQueue, queue_of
from rushes.timecode import timecode_to_show

ASKED_OF_A_DISPUTE = 4
_DISPUTED_SHARE = 0.5  # of a queue


def plan_error_queue(
    doubts: LabelDoubts,
    disputes: Sequence[Dispute],
    *,
    parts: Collection[str],
    part_of: Callable[[ManifestRow], str | None],
    settled: Collection[str],
    length: int | None,
    checks: float,
    seed: int = 0,
) -> ReviewQueue:
    """Return whom to ask about: twins that are labelled differently, then the likeliest errors, with checks among them.

    A queue that is longer than the list of errors is filled with what else the model sees otherwise. Of each dispute a
    few frames are asked about, the rarer labels first, and twins take half of a queue at most.

    Args:
        parts: of the samples that are asked about; others are judged, but never queued.
        part_of: of a row of a dispute; None where it is in no part.
        settled: ids of frames that a person has reviewed.
        length: how many at most; None asks about every one that is doubted.
        checks: the share that is drawn where label and model agree.
        seed: of the checks.
    """
    known = frozenset(settled)
    room = None if length is None else int(length * _DISPUTED_SHARE)
    asked: dict[str, Asked] = {}
    for one in disputes:
        for row in _asked_of(one, known, parts, part_of):
            if row.frame_id not in asked and (room is None or len(asked) < room):
                asked[row.frame_id] = _ask_of_dispute(one, row, part_of(row) or "")
    for error in (*doubts.errors, *(rank_disagreements(doubts) if length is not None else ())):
        if error.frame not in known and error.frame not in asked and error.part in parts:
            asked[error.frame] = _ask_of_error(error)
    agreed = [
        row for row in _agreed(doubts) if doubts.parts[row] in parts and doubts.predictions.frames[row] not in known
    ]
    rows = [_check(doubts, row) for row in sorted(agreed, key=lambda row: doubts.predictions.frames[row])]
    rows = [one for one in rows if one.frame not in asked]
    whole = len(asked) if length is None else length
    if length is None and checks < 1:
        whole = round(len(asked) / (1 - checks))
    return queue_of(list(asked.values()), rows, length=whole, checks=checks, seed=seed)


def _asked_of(
    dispute: Dispute, known: Collection[str], parts: Collection[str], part_of: Callable[[ManifestRow], str | None]
) -> Iterable[ManifestRow]:
    """Return the frames of a dispute that a person is asked about, at least one of each of its first two classes."""
    free = [row for row in dispute.rows if row.frame_id not in known and part_of(row) in parts]
    firsts = list({row.class_name: row for row in reversed(free)}.values())
    return [*firsts, *(row for row in free if row not in firsts)][:ASKED_OF_A_DISPUTE]


def _ask_of_dispute(dispute: Dispute, row: ManifestRow, part: str) -> Asked:
    others = next(name for name in dispute.counts if name != row.class_name)
    return Asked(
        frame=row.frame_id,
        name=row.name,
        image=row.img_ref,
        labelled=row.class_name,
        predicted=others,
        confidence=0.0,
        margin=0.0,
        kind="doubt",
        part=part,
        group=row.group,
        timecode=timecode_to_show(row.timecode, name=row.name),
        stated_by=row.origin,
        why=dispute.sentence,
    )


def _ask_of_error(error: LabelError) -> Asked:
    return Asked(
        frame=error.frame,
        name=error.name,
        image=error.image,
        labelled=error.labelled,
        predicted=error.suggested,
        confidence=error.confidence,
        margin=max(error.confidence - error.doubted, 0.0),
        kind="doubt",
        part=error.part,
        group=error.group,
        timecode=error.timecode,
        stated_by=error.stated_by,
    )


def _agreed(doubts: LabelDoubts) -> list[int]:
    """Return the rows where label and model agree and nothing is doubted."""
    doubted = {one.row for one in (*doubts.errors, *doubts.reviewed)}
    same = np.flatnonzero(doubts.predictions.predicted == doubts.predictions.truth).tolist()
    return [row for row in same if row not in doubted]


def _check(doubts: LabelDoubts, row: int) -> Asked:
    predictions = doubts.predictions
    name = predictions.classes[predictions.truth[row]]
    return Asked(
        frame=predictions.frames[row],
        name=predictions.names[row],
        image=predictions.images[row],
        labelled=name,
        predicted=name,
        confidence=float(predictions.probabilities[row, predictions.truth[row]]),
        margin=0.0,
        kind="check",
        part=doubts.parts[row],
        group=predictions.groups[row],
        timecode=timecode_to_show(predictions.timecodes[row], name=predictions.names[row]),
        stated_by=predictions.origins[row],
    )
