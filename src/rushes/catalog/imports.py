"""Imports: what the labels of sheets change in a catalog, and the change."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from rushes.catalog.catalog import Catalog
from rushes.catalog.frame_refs import frame_refs
from rushes.errors import Fault
from rushes.footage.source import Source
from rushes.labels.columns import Columns
from rushes.labels.frame_index import FrameIndex
from rushes.labels.groups import GroupChange, plan_groups
from rushes.labels.label import Label
from rushes.labels.parse import Parsed, parse_labels
from rushes.labels.plan import gone_from, plan_import, plan_takeover
from rushes.labels.sheet import Sheet
from rushes.labels.subjects import Subjects, plan_subjects
from rushes.project import Task


@dataclass(frozen=True, slots=True)
class Known:
    """What sheets are read against.

    Attributes:
        previous: every statement of the task so far, the earliest first.
        subjects: key of a sheet -> frame id -> what it said so far is in the picture.
    """

    sources: tuple[Source, ...]
    index: FrameIndex
    previous: tuple[Label, ...]
    subjects: Mapping[str, Mapping[str, Subjects]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Import:
    """What sheets state, and what that changes.

    Attributes:
        parsed: one per sheet, in their order.
        new: statements to append, withdrawals among them.
        held_back: key of a sheet that is not whole -> how many statements would otherwise be withdrawn.
        groups: first 16 hex digits of a source's digest -> the group that a sheet puts it in.
        regrouped: the sources whose group changes.
        subjects: key of a sheet -> frame id -> what it says from now on is in the picture; () for no longer anything.
        subjects_held_back: of how many frames subjects would be withdrawn if their sheet were whole.
    """

    parsed: tuple[Parsed, ...]
    new: tuple[Label, ...]
    held_back: Mapping[str, int]
    groups: Mapping[str, str]
    regrouped: tuple[GroupChange, ...]
    subjects: Mapping[str, Mapping[str, Subjects]] = field(default_factory=dict)
    subjects_held_back: int = 0

    @property
    def faults(self) -> tuple[Fault, ...]:
        """What must be put right, sheet by sheet."""
        return tuple(fault for parsed in self.parsed for fault in parsed.faults)

    @property
    def unmatched(self) -> tuple[Fault, ...]:
        """Rows that address no catalogued frame, sheet by sheet."""
        return tuple(fault for parsed in self.parsed for fault in parsed.unmatched)

    @property
    def subjects_set(self) -> int:
        """How many frames get other subjects."""
        return len({frame for words_of in self.subjects.values() for frame, words in words_of.items() if words})

    @property
    def subjects_withdrawn(self) -> int:
        """How many frames of which a sheet no longer says what is in the picture."""
        every = [pair for words_of in self.subjects.values() for pair in words_of.items()]
        return len({frame for frame, words in every if not words} - {frame for frame, words in every if words})


def read_known(catalog: Catalog, task: Task) -> Known:
    """Read what a catalog knows of frames, sources, subjects and a task's labels."""
    sources = catalog.sources()
    refs = frame_refs(catalog.frames(), sources, catalog.other_paths())
    return Known(tuple(sources), FrameIndex(refs), tuple(catalog.labels(task=task.name)), catalog.subjects_by_sheet())


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
    sheets = list(sheets)
    parsed = tuple(
        parse_labels(
            sheet, task, columns, known.index, default_origin=default_origin, now=now, refused=wrong.get(sheet.key)
        )
        for sheet, columns in sheets
    )
    # A sheet is compared with its own statements alone; others, which may be millions, are looked at once.
    said: dict[str, list[Label]] = {one.sheet: [] for one in parsed}
    formers = [(key, one) for (sheet, _), one in zip(sheets, parsed, strict=True) for key in sheet.former_keys]
    said |= {key: [] for key, _ in formers}
    for label in known.previous:
        if label.sheet in said:
            said[label.sheet].append(label)
    held_back = {
        one.sheet: len(gone) for one in parsed if not one.is_whole and (gone := gone_from(said[one.sheet], one))
    }
    taken_over = [label for key, one in formers for label in plan_takeover(said[key], one, former=key, now=now)]
    groups = {short: group for one in parsed for short, group in one.groups.items()}
    return Import(
        parsed=parsed,
        new=(*(label for one in parsed for label in plan_import(said[one.sheet], one, now=now)), *taken_over),
        held_back=held_back,
        groups=groups,
        regrouped=tuple(plan_groups(known.sources, groups)),
        subjects={one.sheet: changed for one in parsed if (changed := _changed_subjects(known, one))}
        | {key: taken for key, one in formers if (taken := _subjects_taken_over(known, one, former=key))},
        subjects_held_back=sum(len(_subjects_gone_from(known, one)) for one in parsed if not _finds_all_frames(one)),
    )


def apply_import(catalog: Catalog, planned: Import) -> None:
    """Append the statements, and change the subjects and the groups: all of it or, on an error, nothing."""
    with catalog.at_once():
        catalog.append_labels(planned.new)
        for sheet, words_of in planned.subjects.items():
            catalog.set_subjects(sheet, words_of)
        catalog.set_groups((change.digest, change.after) for change in planned.regrouped)


def _changed_subjects(known: Known, parsed: Parsed) -> Mapping[str, Subjects]:
    if not parsed.has_subjects:
        return {}
    said = known.subjects.get(parsed.sheet, {})
    return plan_subjects(said, parsed.subjects, is_whole=_finds_all_frames(parsed))


def _subjects_taken_over(known: Known, parsed: Parsed, *, former: str) -> dict[str, Subjects]:
    """Return what is no longer said under a former key, since the sheet says it under its own or not any more."""
    said = known.subjects.get(former, {}) if parsed.has_subjects else {}
    return {frame: () for frame in said if frame in parsed.subjects or _finds_all_frames(parsed)}


def _subjects_gone_from(known: Known, parsed: Parsed) -> list[str]:
    """Return the frames of which a sheet stated subjects that no row of it states any more."""
    said = known.subjects.get(parsed.sheet, {}) if parsed.has_subjects else {}
    return [frame for frame in said if frame not in parsed.subjects]


def _finds_all_frames(parsed: Parsed) -> bool:
    return parsed.is_whole and not parsed.without_frames
