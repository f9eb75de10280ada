"""What an import adds to the statements that are there already."""

from __future__ import annotations

from collections.abc import Iterable

from rushes.labels.label import Label
from rushes.labels.parse import Parsed
from rushes.labels.trust import current_statements


def plan_import(previous: Iterable[Label], parsed: Parsed, *, now: str) -> list[Label]:
    """Return the statements to append: those that change something, then withdrawals of what the sheet dropped.

    A label is withdrawn when the latest statement of its frame and origin came from this sheet, the sheet still
    speaks for that origin, and no row states it any more. Importing a sheet twice adds nothing the second time.
    While a sheet has faults nothing is withdrawn: a misspelt row is not a row that is gone.

    Args:
        previous: all statements so far, in the order in which they were made; other tasks are passed over.
        now: ISO 8601 UTC, the time of the withdrawals.
    """
    current = current_statements(label for label in previous if label.task == parsed.task)
    stated = {(label.frame, label.origin.casefold()) for label in parsed.labels}
    changed = []
    for label in parsed.labels:
        earlier = current.get(label.frame, {}).get(label.origin.casefold())
        if earlier is None or earlier.class_name != label.class_name:
            changed.append(label)
    if parsed.faults:
        return changed
    spoken_for = None if parsed.origins is None else {origin.casefold() for origin in parsed.origins}
    withdrawn = [
        Label(label.frame, label.task, None, label.origin, now, place=f"gone from {label.place}", sheet=parsed.sheet)
        for by_origin in current.values()
        for origin, label in by_origin.items()
        if label.sheet == parsed.sheet
        and label.class_name is not None
        and (spoken_for is None or origin in spoken_for)
        and (label.frame, origin) not in stated
    ]
    return changed + withdrawn
