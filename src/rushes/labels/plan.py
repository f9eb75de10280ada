"""What an import adds to the statements that are there already."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from rushes.labels.label import Label
from rushes.labels.parse import Parsed


def plan_import(previous: Iterable[Label], parsed: Parsed, *, now: str, others_whole: bool = True) -> list[Label]:
    """Return the statements to append: those that are new for this sheet, then withdrawals of what it dropped.

    Only the sheet's own earlier statements count: what another sheet or a review says neither makes a statement
    superfluous nor is withdrawn with it. Importing a sheet twice adds nothing the second time. Unless the sheet
    is whole nothing is withdrawn: a row that was misspelt is not a row that is gone.

    Args:
        previous: all statements so far, in the order in which they were made; other tasks are passed over.
        now: ISO 8601 UTC, the time of the withdrawals.
        others_whole: whether all other worksheets of its file are whole; a row may have moved to one that is not.
    """
    said = _said_by_sheet(previous, parsed)
    changed = []
    for label in parsed.labels:
        earlier = said.get((label.frame, label.origin.casefold()))
        if earlier is None or earlier.class_name != label.class_name:
            changed.append(label)
    if not (parsed.is_whole and others_whole):
        return changed
    return changed + [
        replace(label, class_name=None, stated_at=now, place=f"gone from {label.place}")
        for label in _dropped(said, parsed)
    ]


def gone_from(previous: Iterable[Label], parsed: Parsed) -> list[Label]:
    """Return the statements of this sheet that stand and that no row of it makes any more.

    They are what `plan_import` withdraws from a whole sheet and holds back from one that is not. A statement counts
    only for an origin that the sheet still speaks for.
    """
    return _dropped(_said_by_sheet(previous, parsed), parsed)


def _said_by_sheet(previous: Iterable[Label], parsed: Parsed) -> Mapping[tuple[str, str], Label]:
    """Return (frame, origin in lower case) -> what the sheet said last of it, withdrawals included."""
    said: dict[tuple[str, str], Label] = {}
    for label in previous:
        if label.task == parsed.task and label.sheet == parsed.sheet:
            said[label.frame, label.origin.casefold()] = label
    return said


def _dropped(said: Mapping[tuple[str, str], Label], parsed: Parsed) -> list[Label]:
    stated = {(label.frame, label.origin.casefold()) for label in parsed.labels}
    spoken_for = None if parsed.origins is None else {origin.casefold() for origin in parsed.origins}
    return [
        label
        for (frame, origin), label in said.items()
        if label.class_name is not None
        and (spoken_for is None or origin in spoken_for)
        and (frame, origin) not in stated
    ]


def plan_takeover(previous: Iterable[Label], parsed: Parsed, *, former: str, now: str) -> list[Label]:
    """Return the withdrawals of what a sheet stated under a former key and from now on states under its own.

    Of a sheet that is not whole, what no row of it states is left standing.

    Args:
        previous: all statements so far, in the order in which they were made; those under other keys are passed over.
        former: the key under which the sheet was read before.
        now: ISO 8601 UTC, the time of the withdrawals.
    """
    under_former = replace(parsed, sheet=former)
    said = _said_by_sheet(previous, under_former)
    stated = {(label.frame, label.origin.casefold()) for label in parsed.labels}
    gone = _dropped(said, parsed) if parsed.is_whole else []
    taken_over = [label for pair, label in said.items() if pair in stated and label.class_name is not None]
    return [
        *(replace(one, class_name=None, stated_at=now, place=f"now of {parsed.sheet}") for one in taken_over),
        *(replace(one, class_name=None, stated_at=now, place=f"gone from {one.place}") for one in gone),
    ]
