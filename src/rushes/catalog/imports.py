"""Imports: what the labels of sheets change in a catalog, and the change."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from rushes.catalog.catalog import Catalog
from rushes.catalog.frame_refs import frame_refs
from rushes.errors import Fault
from rushes.footage.source import Source
from rushes.labels.columns import Columns
from rushes.labels.frame_index import FrameIndex
from rushes.labels.groups import GroupChange, plan_groups
from rushes.labels.label import Label
from rushes.labels.parse import Parsed, parse_labels
from rushes.labels.plan import gone_from, plan_import
from rushes.labels.sheet import Sheet
from rushes.project import Task


@dataclass(frozen=True, slots=True)
class Known:
    """What sheets are read against.

    Attributes:
        previous: every statement of the task so far, the earliest first.
    """

    sources: tuple[Source, ...]
    index: FrameIndex
    previous: tuple[Label, ...]


@dataclass(frozen=True, slots=True)
class Import:
    """What sheets state, and what that changes.

    Attributes:
        parsed: one per sheet, in their order.
        new: statements to append, withdrawals among them.
        held_back: key of a sheet that is not whole -> how many statements would otherwise be withdrawn.
        groups: first 16 hex digits of a source's digest -> the group that a sheet puts it in.
        regrouped: the sources whose group changes.
    """

    parsed: tuple[Parsed, ...]
    new: tuple[Label, ...]
    held_back: Mapping[str, int]
    groups: Mapping[str, str]
    regrouped: tuple[GroupChange, ...]

    @property
    def faults(self) -> tuple[Fault, ...]:
        """What must be put right, sheet by sheet."""
        return tuple(fault for parsed in self.parsed for fault in parsed.faults)

    @property
    def unmatched(self) -> tuple[Fault, ...]:
        """Rows that address no catalogued frame, sheet by sheet."""
        return tuple(fault for parsed in self.parsed for fault in parsed.unmatched)


def read_known(catalog: Catalog, task: Task) -> Known:
    """Read what a catalog knows of frames, sources and a task's labels."""
    sources = catalog.sources()
    refs = frame_refs(catalog.frames(), sources, catalog.other_paths())
    return Known(tuple(sources), FrameIndex(refs), tuple(catalog.labels(task=task.name)))


def plan_imports(
    known: Known,
    sheets: Iterable[tuple[Sheet, Columns]],
    task: Task,
    *,
    default_origin: str,
    now: str,
    refused: Mapping[str, Mapping[int, Fault]] | None = None,
) -> Import:
    """Decide what sheets add to the statements that are there, and which sources they put in another group.

    Args:
        default_origin: the origin of class columns for which a sheet names none.
        now: ISO 8601 UTC, the time of the statements.
        refused: key of a sheet -> number of a row -> why its frame is not to be labelled.
    """
    wrong = refused or {}
    parsed = tuple(
        parse_labels(
            sheet, task, columns, known.index, default_origin=default_origin, now=now, refused=wrong.get(sheet.key)
        )
        for sheet, columns in sheets
    )
    # A sheet is compared with its own statements alone; others, which may be millions, are looked at once.
    said: dict[str, list[Label]] = {one.sheet: [] for one in parsed}
    for label in known.previous:
        if label.sheet in said:
            said[label.sheet].append(label)
    held_back = {
        one.sheet: len(gone) for one in parsed if not one.is_whole and (gone := gone_from(said[one.sheet], one))
    }
    groups = {short: group for one in parsed for short, group in one.groups.items()}
    return Import(
        parsed=parsed,
        new=tuple(label for one in parsed for label in plan_import(said[one.sheet], one, now=now)),
        held_back=held_back,
        groups=groups,
        regrouped=tuple(plan_groups(known.sources, groups)),
    )


def apply_import(catalog: Catalog, planned: Import) -> None:
    """Append the statements, then change the groups."""
    catalog.append_labels(planned.new)
    catalog.set_groups((change.digest, change.after) for change in planned.regrouped)
