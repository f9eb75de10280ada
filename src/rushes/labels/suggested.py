"""Suggestions as statements: which frames they may speak for, and what is then to be appended."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from rushes.labels.label import Label
from rushes.labels.parse import Parsed
from rushes.labels.plan import plan_import
from rushes.labels.suggest import Suggestions, describe_reason
from rushes.labels.trust import current_statements, resolve

ORIGIN = "unsupervised"
SHEET = "suggest"  # the key under which suggestions replace and withdraw each other, as the rows of a sheet do


def earlier_suggestions(previous: Iterable[Label]) -> dict[str, Label]:
    """Return frame id -> the suggestion that stands for it.

    Args:
        previous: statements of one task, in the order in which they were made.
    """
    own = current_statements(label for label in previous if label.sheet == SHEET)
    return {frame: said[-1] for frame, said in own.items() if said[-1].class_name is not None}


def closed_frames(previous: Iterable[Label], trust: Sequence[str], *, all_frames: bool) -> frozenset[str]:
    """Return the frames that may not be suggested for.

    They are those for which anything stands beside what was suggested before, a model's word aside. With
    `all_frames` they are only those for which a suggestion would come to stand in its place: where `trust` does not
    rank the origin of what stands above `unsupervised`.

    Args:
        previous: statements of one task, in the order in which they were made.
        trust: origins, the most trusted first.
    """
    rank = {origin.casefold(): place for place, origin in reversed(list(enumerate(trust)))}
    own = rank.get(ORIGIN, len(rank))
    standing = resolve((label for label in previous if label.sheet != SHEET), trust)
    return frozenset(
        frame
        for frame, answer in standing.items()
        if not all_frames or rank.get(answer.label.origin.casefold(), len(rank)) >= own
    )


def plan_statements(
    previous: Sequence[Label],
    suggestions: Suggestions,
    *,
    task: str,
    names: Sequence[str],
    closed: frozenset[str],
    unread: Iterable[str],
    now: str,
) -> list[Label]:
    """Return what to append: suggestions that are new or other than before, then withdrawals.

    Withdrawn is what was suggested for frames that are closed by now or gone from the catalog. What was suggested for
    a frame whose picture cannot be read at the moment stays as it is.

    Args:
        previous: statements of the task, in the order in which they were made.
        names: of the frames, in the order of the suggestions.
        closed: as `closed_frames` returns them.
        unread: frames of the catalog whose pictures could not be read.
        now: ISO 8601 UTC.
    """
    before = earlier_suggestions(previous)
    labels = [
        Label(
            frame,
            task,
            name,
            ORIGIN,
            now,
            # Only what is appended needs its reason.
            place=SHEET if was is not None and was.class_name == name else _place(suggestions, place, names),
            sheet=SHEET,
        )
        for place, frame in enumerate(suggestions.frames)
        if frame not in closed
        for name, was in [(suggestions.class_of(place), before.get(frame))]
    ]
    labels += [replace(before[frame], stated_at=now) for frame in unread if frame in before and frame not in closed]
    stated = Parsed(sheet=SHEET, task=task, labels=tuple(labels), origins=frozenset({ORIGIN}))
    return plan_import(previous, stated, now=now)


def _place(suggestions: Suggestions, place: int, names: Sequence[str]) -> str:
    return f"{SHEET}, {describe_reason(suggestions, place, names)}"
