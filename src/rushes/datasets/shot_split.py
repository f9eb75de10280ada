"""The split of labelled shots: one for all tasks, which divides no group and leaves no copy on the other side."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import replace

from rushes.datasets.split import Split, SplitKind, plan_split
from rushes.errors import SplitError
from rushes.labels.manifest import ManifestRow, Part
from rushes.labels.shot_manifest import SHOTS, ShotRow, joint_rows, rows_of
from rushes.project import SplitSettings

_SHOWN = 5


def plan_shot_split(
    rows: Sequence[ShotRow],
    tasks: Sequence[str],
    *,
    kind: SplitKind,
    settings: SplitSettings,
    known: Split | None = None,
) -> Split:
    """Decide which shots are train, validation and test, for all tasks at once.

    A grouped split is even over the classes of every task. Groups that hold the same video under two names stand on one
    side. A mixed split shuffles the shots of each joint class (`MS push`); a stated one takes the parts that the data
    set was published with.

    Args:
        rows: those without a class of any of the tasks are in no part.
        tasks: their names.
        known: an earlier split, whose groups stay where they are.

    Raises:
        SplitError: there are too few shots or groups for three parts, or a stated split lacks one.
    """
    joint = joint_rows(rows, tasks)
    groups = {row.group for row in joint}
    if len(joint) < 3:
        raise SplitError(f"so few labelled shots cannot be split in three parts: {len(joint)}. Label more")
    if kind != "grouped":
        return plan_split(joint, task=SHOTS, kind=kind, settings=settings)
    first = join_copies(rows, known)
    if len({first[group] for group in groups}) < 3:
        raise SplitError(_too_few(groups, first))
    # A shot counts once for its class in each task. Over joint classes, of which many are rare, the split would be even
    # over pairs that nobody asks for, at the price of the classes themselves.
    counted = [
        replace(row, group=first[row.group], class_name=f"{task} {row.class_name}")
        for task in tasks
        for row in rows_of(rows, task)
    ]
    split = plan_split(counted, task=SHOTS, kind=kind, settings=settings, known=_under_first_names(known, first))
    return _under_own_names(split, joint, first)


def _too_few(groups: Collection[str], first: dict[str, str]) -> str:
    """Return why there is no grouped split, with the groups that count as one since they hold the same video."""
    joined: dict[str, list[str]] = defaultdict(list)
    for group in sorted(groups):
        joined[first[group]].append(group)
    shown = ", ".join(" with ".join(f"'{name}'" for name in names[:_SHOWN]) for names in joined.values())
    why = " (those joined by 'with' hold the same video, byte for byte)" if len(joined) < len(groups) else ""
    return (
        "a grouped split of shots needs at least three groups, one for each of train, validation and test; found "
        f"{len(joined)}: {shown}{why}. Label shots of another film, name finer groups in a column 'group', or ask for "
        'split = "mixed", whose scores flatter'
    )


def join_copies(rows: Sequence[ShotRow], known: Split | None = None) -> dict[str, str]:
    """Return group -> the first of the groups that it must not be parted from, since they hold the same video.

    Args:
        known: groups that stand in two parts of it already are not joined.
    """
    first = {row.group: row.group for row in rows}
    places: dict[str, Part] = dict(known.groups) if known is not None else {}

    def root(group: str) -> str:
        while first[group] != group:
            group = first[group]
        return group

    group_of: dict[str, str] = {}
    for row in rows:
        one, other = sorted((root(group_of.setdefault(row.source, row.group)), root(row.group)))
        here, there = places.get(one), places.get(other)
        if one != other and (here is None or there is None or here == there):
            first[other] = one
            if place := here or there:
                places[one] = place
    return {group: root(group) for group in first}


def _under_first_names(known: Split | None, first: dict[str, str]) -> Split | None:
    if known is None:
        return None
    return replace(known, groups={first.get(group, group): part for group, part in known.groups.items()})


def _under_own_names(split: Split, joint: Sequence[ManifestRow], first: dict[str, str]) -> Split:
    """Return a split of joined groups with each group under its own name."""
    groups = {row.group: split.groups[first[row.group]] for row in joint}
    copies: dict[str, list[str]] = {}
    for group in sorted(groups):
        copies.setdefault(first[group], []).append(group)
    joined = [names for names in copies.values() if len(names) > 1]
    notes = list(split.notes)
    if joined:
        shown = "; ".join(", ".join(names[:3]) for names in joined[:3])
        notes.append(f"{len(joined)} sets of groups hold the same video and were kept together: {shown}")
    return replace(split, groups=dict(sorted(groups.items())), notes=tuple(notes))
