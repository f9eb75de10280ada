"""What the worksheets of one file say against each other."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from rushes.errors import Fault
from rushes.labels.label import Label
from rushes.labels.parse import Parsed


def set_contradictions_aside(
    parsed: Sequence[Parsed], *, sheet_names: Mapping[str, str], frame_name: Callable[[str], str]
) -> tuple[Parsed, ...]:
    """Return sheets without what two of them say otherwise, and with a fault for it in the later one.

    A frame to which two worksheets give two classes for one origin gets neither, as within one worksheet; a source that
    two put in two groups stays where it is.

    Args:
        parsed: the worksheets of one file, in their order.
        sheet_names: key of a sheet -> what messages call it.
        frame_name: id of a frame -> what messages call it.
    """
    if len(parsed) < 2:
        return tuple(parsed)
    first: dict[tuple[str, str], Label] = {}
    contested: set[tuple[str, str]] = set()
    first_group: dict[str, tuple[str, str]] = {}
    torn: set[str] = set()
    faults: list[list[Fault]] = []
    for one in parsed:
        against: dict[tuple[str, str, str | None, str | None, str], list[str]] = {}
        for label in one.labels:
            key = (label.frame, label.origin)
            earlier = first.setdefault(key, label)
            if earlier.class_name != label.class_name:
                contested.add(key)
                what = (label.place, earlier.place, label.class_name, earlier.class_name, label.origin)
                against.setdefault(what, []).append(label.frame)
        name = sheet_names[one.sheet]
        found = [_fault_of_classes(name, what, frames, frame_name) for what, frames in against.items()]
        for source, group in one.groups.items():
            where, before = first_group.setdefault(source, (name, group))
            if before != group:
                torn.add(source)
                message = f"the source {source} is in the group '{before}' in {where} and in '{group}' here. Keep one"
                found.append(Fault(name, None, None, message))
        faults.append(found)
    if not contested and not torn:
        return tuple(parsed)
    return tuple(
        replace(
            one,
            labels=tuple(label for label in one.labels if (label.frame, label.origin) not in contested),
            groups={source: group for source, group in one.groups.items() if source not in torn},
            faults=(*one.faults, *found),
        )
        for one, found in zip(parsed, faults, strict=True)
    )


def _fault_of_classes(
    sheet: str,
    what: tuple[str, str, str | None, str | None, str],
    frames: Sequence[str],
    frame_name: Callable[[str], str],
) -> Fault:
    place, earlier_place, class_name, earlier_class, origin = what
    more = f" and {len(frames) - 1} more frames" if len(frames) > 1 else ""
    message = (
        f"'{class_name}' for {frame_name(frames[0])}{more}, but '{earlier_class}' in {earlier_place}, both of origin "
        f"'{origin}'. Keep one"
    )
    entry = place.removeprefix(f"{sheet}, ")
    row = entry.removeprefix("row ")
    if row != entry and row.isdecimal():
        return Fault(sheet, int(row), None, message)
    return Fault(sheet, None, None, message, entry=entry)
