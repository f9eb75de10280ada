"""What was reviewed, as a cull that a person made: for sidecars, with the journal and the undo of every cull."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from rushes.errors import UsageError
from rushes.inference.cull_outputs import Decided
from rushes.inference.verdicts import Cull, Verdict
from rushes.review.decisions import State
from rushes.review.session import Culling, Item, Review
from rushes.xmp.marks import Flag, Marks

CONTROL = "decided by a person"
_WHY = "decided in a review"


def culling_in(review: Review) -> Culling:
    """Return what picks in a review.

    Raises:
        UsageError: its task tells classes apart that are no pick and reject.
    """
    if review.culling is None:
        raise UsageError(
            f"the task '{review.task}' ({', '.join(review.classes)}) picks and rejects nothing, so that no sidecar can "
            "say what was decided. Its decisions are written as a sheet: rushes review sheet"
        )
    return review.culling


def marks_of_review(review: Review, states: Mapping[str, State]) -> dict[str, Decided]:
    """Return path -> what was said on the page of each photograph of which anything was: a flag, stars, a colour.

    Labels from elsewhere are not among it, and neither are frames of films and files in stores.
    """
    found = {}
    for item in review.items:
        marks = _marks_of(review, states.get(item.id, State()))
        if marks != Marks() and _can_have_sidecar(item):
            found[item.path] = Decided(marks)
    return found


def reviewed_cull(review: Review, states: Mapping[str, State], *, name: str, created_at: str) -> Cull:
    """Return the decisions of a review as a cull: a verdict for each photograph that was decided on the page.

    Args:
        created_at: ISO 8601, UTC.
    """
    culling = culling_in(review)
    decided = [(item, state) for item in review.items if (state := states.get(item.id)) and culling.word_of(state.own)]
    paths = [item.path for item in review.items if _can_have_sidecar(item)]
    verdicts = tuple(_verdict_of(item, state, culling) for item, state in decided if _can_have_sidecar(item))
    cull = review.cull
    return Cull(
        name=name,
        created_at=created_at,
        folder=cull.folder if cull else os.path.commonpath([str(Path(path).parent) for path in paths] or ["/"]),
        task=review.task,
        class_name=culling.pick,
        bundle=cull.bundle if cull else "",
        bundle_path=cull.bundle_path if cull else "",
        control=CONTROL,
        threshold=cull.threshold if cull else 0.5,
        verdicts=verdicts,
    )


def _marks_of(review: Review, state: State) -> Marks:
    label = state.color.capitalize() if state.color else None
    return Marks(rating=state.rating, label=label, flag=culling_in(review).word_of(state.own))


def _verdict_of(item: Item, state: State, culling: Culling) -> Verdict:
    flag: Flag = "pick" if state.own == culling.pick else "reject"
    score = item.verdict.score if item.verdict else float(flag == "pick")
    return Verdict(item.path, item.companions, flag, score, _WHY, captured_at=item.captured_at)


def _can_have_sidecar(item: Item) -> bool:
    return item.is_still and "://" not in item.path
