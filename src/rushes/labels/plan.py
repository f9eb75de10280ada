"""What an import adds to the statements that are there already."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from rushes.labels.label import Label
from rushes.labels.parse import Parsed


def plan_import(
    previous: Iterable[Label],
    parsed: Parsed,
    *,
    now: str,
    others_whole: bool = True,
    beside: Mapping[tuple[str, str], Sequence[Label]] = MappingProxyType({}),
) -> list[Label]:
    """Return the statements to append: those that are new for this sheet, then withdrawals of what it dropped.

    Only the sheet's own earlier statements count: what another sheet or a review says neither makes a statement
    superfluous nor is withdrawn with it. A row that says when it was stated may be a copy, though, and an old one: it
    adds nothing where its origin says the same on the page, or has said otherwise since. Importing a sheet twice adds
    nothing the second time. Unless the sheet is whole nothing is withdrawn: a row that was misspelt is not a row that
    is gone.

    Args:
        previous: all statements so far, in the order in which they were made; other tasks are passed over.
        now: ISO 8601 UTC, the time of the withdrawals.
        others_whole: whether all other worksheets of its file are whole; a row may have moved to one that is not.
        beside: frame and origin of rows that state their time -> what that origin says of the frame elsewhere now, on
            the page or in other sheets, in the order made.
    """
    said = _said_by_sheet(previous, parsed)
    changed = []
    for label in parsed.labels:
        earlier = said.get((label.frame, label.origin.casefold()))
        if (label.frame, label.origin) in parsed.dated:
            news = _news_of(label, earlier, beside.get((label.frame, label.origin), ()), now)
            changed += [news] if news is not None else []
        elif earlier is None or earlier.class_name != label.class_name:
            changed.append(label)
    if not (parsed.is_whole and others_whole):
        return changed
    return changed + [
        replace(label, class_name=None, stated_at=now, place=f"gone from {label.place}")
        for label in _dropped(said, parsed)
    ]


def find_overtaken(parsed: Parsed, beside: Mapping[tuple[str, str], Sequence[Label]]) -> list[Label]:
    """Return the statements of rows whose origin has said otherwise since, by the times stated, outside of the sheet.

    Args:
        beside: as `plan_import` takes it.
    """
    dated = [label for label in parsed.labels if (label.frame, label.origin) in parsed.dated]
    return [label for label in dated if _is_overtaken(label, beside.get((label.frame, label.origin), ()))]


def _news_of(label: Label, earlier: Label | None, elsewhere: Sequence[Label], now: str) -> Label | None:
    """Return what a row that states its time adds; None where it adds nothing.

    Args:
        earlier: what the sheet said last.
        elsewhere: what its origin says outside of the sheet now.
    """
    standing = next((one.class_name for one in reversed(elsewhere) if one.class_name is not None), None)
    if earlier is not None and earlier.class_name == label.class_name:
        says_again = label.stated_at > earlier.stated_at and standing not in (None, label.class_name)
        return label if says_again and not _is_overtaken(label, elsewhere) else None
    if earlier is not None and earlier.class_name is not None and earlier.stated_at >= label.stated_at:
        return replace(label, stated_at=now)  # somebody changed the answer, and left its time as it was
    of_page = [one for one in elsewhere if not one.sheet and one.class_name == label.class_name]
    if _is_overtaken(label, elsewhere) or (of_page and standing == label.class_name):
        return None
    is_changed = any(one.stated_at == label.stated_at and one.class_name != label.class_name for one in elsewhere)
    return replace(label, stated_at=now) if is_changed else label


def _is_overtaken(label: Label, elsewhere: Sequence[Label]) -> bool:
    """Return whether its origin said otherwise later, or took it back on the page; what a sheet drops is no answer."""
    return any(
        one.stated_at > label.stated_at
        and one.class_name != label.class_name
        and (one.class_name is not None or not one.sheet)
        for one in elsewhere
    )


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
