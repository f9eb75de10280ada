"""Imports: what the labels of sheets change in a catalog, and the change."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from rushes.catalog.catalog import Catalog
from rushes.catalog.frame_refs import frame_refs
from rushes.errors import Fault
from rushes.footage.source import Source
from rushes.labels.columns import Columns
from rushes.labels.contradictions import set_contradictions_aside
from rushes.labels.frame_index import FrameIndex, FrameRef
from rushes.labels.groups import GroupChange, plan_groups
from rushes.labels.label import Label
from rushes.labels.parse import Parsed, parse_labels
from rushes.labels.plan import find_overtaken, gone_from, plan_import, plan_takeover
from rushes.labels.sheet import Sheet
from rushes.labels.sheets.links import parse_google_link
from rushes.labels.subjects import Subjects, plan_subjects
from rushes.labels.trust import current_statements
from rushes.project import Task


@dataclass(frozen=True, slots=True)
class Known:
    """What sheets are read against.

    Attributes:
        previous: the task's statements so far, the earliest first; those of other sheets are passed over.
        subjects: key of a sheet -> frame id -> what it said so far is in the picture.
        current: frame id -> what all say of it now, as `current_statements` gives it; read where rows state their time.
    """

    sources: tuple[Source, ...]
    index: FrameIndex
    previous: tuple[Label, ...]
    subjects: Mapping[str, Mapping[str, Subjects]] = field(default_factory=dict)
    current: Mapping[str, Sequence[Label]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Import:
    """What sheets state, and what that changes.

    Attributes:
        parsed: one per sheet, in their order.
        new: statements to append, withdrawals among them.
        held_back: key of a sheet -> how many statements would be withdrawn if the whole file were understood.
        overtaken: statements whose origin has said otherwise since, by the times stated, and that add nothing.
        groups: first 16 hex digits of a source's digest -> the group that a sheet puts it in.
        regrouped: the sources whose group changes.
        subjects: key of a sheet -> frame id -> what it says from now on is in the picture; () for no longer anything.
        subjects_held_back: of how many frames subjects would be withdrawn if the whole file were understood.
    """

    parsed: tuple[Parsed, ...]
    new: tuple[Label, ...]
    held_back: Mapping[str, int]
    groups: Mapping[str, str]
    regrouped: tuple[GroupChange, ...]
    subjects: Mapping[str, Mapping[str, Subjects]] = field(default_factory=dict)
    subjects_held_back: int = 0
    overtaken: tuple[Label, ...] = ()

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


def read_known(catalog: Catalog, task: Task, *, sheets: Sequence[str], dated: bool = False) -> Known:
    """Read what a catalog knows of frames and sources, and what sheets said of them so far.

    Args:
        sheets: keys of the sheets.
        dated: whether any of them says when its answers were given.
    """
    sources = catalog.sources()
    refs = frame_refs(catalog.frames(), sources, catalog.other_paths())
    said, subjects = what_sheets_said(catalog, task, sheets)
    current = current_statements(catalog.labels(task=task.name)) if dated else {}
    return Known(tuple(sources), FrameIndex(refs), said, subjects, current)


def what_sheets_said(
    catalog: Catalog, task: Task, sheets: Iterable[str]
) -> tuple[tuple[Label, ...], dict[str, dict[str, Subjects]]]:
    """Return the statements that sheets made so far, and key of a sheet -> frame id -> its subjects."""
    keys = list(dict.fromkeys(sheets))
    said = tuple(label for key in keys for label in catalog.labels_of_sheet(key, task=task.name))
    return said, {key: catalog.subjects_of_sheet(key) for key in keys}


def means_whole_file(place: str) -> bool:
    """Return whether a path or link means all worksheets of its file, not one of them."""
    link = parse_google_link(place)
    return link is None or link.gid is None


def find_absent(catalog: Catalog, task: Task, found: Sequence[Sheet], *, said: Collection[str]) -> list[Fault]:
    """Return what to say of worksheets of a file whose statements stand, and that were not read with the others.

    Args:
        found: the worksheets that the file has now.
        said: keys of those that were read, or of which it is said why not.
    """
    names = {sheet.key: sheet.name for sheet in found}
    files = {file: sheet.name.partition(" [")[0] for sheet in found if (file := sheet.key.rpartition("#")[0])}
    former = {key for sheet in found for key in sheet.former_keys}  # the same worksheets, under another key
    absent: list[Fault] = []
    for key in catalog.sheets(task=task.name) if files else ():
        file, _, worksheet = key.rpartition("#")
        if key in said or key in former or file not in files:
            continue
        current = current_statements(catalog.labels_of_sheet(key, task=task.name))
        count = sum(label.class_name is not None for labels in current.values() for label in labels)
        if count:
            message = (
                f"it was not read: it is gone, hidden, renamed or without its header, and {count:,} of its statements "
                "stand. Until it is back nothing of this file is withdrawn. To take back what it stated, leave its "
                "header alone in it, run rushes labels import, and then delete it. A link that names a worksheet "
                "(gid=…) is read for itself"
            )
            absent.append(Fault(names.get(key, f"{files[file]} [{worksheet}]"), None, None, message))
    return absent


def plan_imports(
    known: Known,
    sheets: Iterable[tuple[Sheet, Columns]],
    task: Task,
    *,
    default_origin: str,
    now: str,
    refused: Mapping[str, Mapping[int, Fault]] | None = None,
    unread: Sequence[Fault] = (),
) -> Import:
    """Decide what the worksheets of one file add to the statements there are, and which sources change their group.

    While any of them is not whole, or one was not read, nothing of any of them is withdrawn: a row that is gone from
    one may have moved to another.

    Args:
        sheets: the worksheets that were read.
        default_origin: the origin of class columns for which a sheet names none.
        now: ISO 8601 UTC, the time of the statements.
        refused: key of a sheet -> number of a row -> why its frame is not to be labelled.
        unread: what is wrong with the worksheets of the file that were not read.
    """
    wrong = refused or {}
    planned = list(sheets)
    parsed = set_contradictions_aside(
        [
            parse_labels(
                sheet, task, columns, known.index, default_origin=default_origin, now=now, refused=wrong.get(sheet.key)
            )
            for sheet, columns in planned
        ],
        sheet_names={sheet.key: sheet.name for sheet, _ in planned},
        frame_name=lambda frame: found.name if isinstance(found := known.index.frame(frame), FrameRef) else frame,
    )
    is_whole = not unread and all(one.is_whole for one in parsed)
    finds_all_frames = is_whole and not any(one.without_frames for one in parsed)
    # A sheet is compared with its own statements alone; others, which may be millions, are looked at once.
    said: dict[str, list[Label]] = {one.sheet: [] for one in parsed}
    formers = [(key, one) for (sheet, _), one in zip(planned, parsed, strict=True) for key in sheet.former_keys]
    said |= {key: [] for key, _ in formers}
    for label in known.previous:
        if label.sheet in said:
            said[label.sheet].append(label)
    held_back = {one.sheet: len(gone) for one in parsed if not is_whole and (gone := gone_from(said[one.sheet], one))}
    taken_over = [label for key, one in formers for label in plan_takeover(said[key], one, former=key, now=now)]
    groups = {short: group for one in parsed for short, group in one.groups.items()}
    beside = [_said_beside(known, one, set(said)) for one in parsed]
    stated = [
        label
        for one, elsewhere in zip(parsed, beside, strict=True)
        for label in plan_import(said[one.sheet], one, now=now, others_whole=is_whole, beside=elsewhere)
    ]
    added = {(label.sheet, label.frame, label.origin) for label in stated}
    changed = {one.sheet: words for one in parsed if (words := _changed_subjects(known, one, finds_all_frames))}
    changed |= {
        key: words for key, one in formers if (words := _subjects_taken_over(known, one, key, finds_all_frames))
    }
    return Import(
        parsed=parsed,
        new=(*stated, *taken_over),
        held_back=held_back,
        groups=groups,
        regrouped=tuple(plan_groups(known.sources, groups)),
        subjects=changed,
        subjects_held_back=sum(len(_subjects_gone_from(known, one)) for one in parsed if not finds_all_frames),
        overtaken=tuple(
            label
            for one, elsewhere in zip(parsed, beside, strict=True)
            for label in find_overtaken(one, elsewhere)
            if (label.sheet, label.frame, label.origin) not in added
        ),
    )


def _said_beside(known: Known, parsed: Parsed, sheets: Collection[str]) -> dict[tuple[str, str], list[Label]]:
    """Return frame and origin of rows that state their time -> what that origin says elsewhere now.

    Args:
        sheets: keys of those that are read with it, and what they say may move between them.
    """
    return {
        (frame, origin): [
            one
            for one in known.current.get(frame, ())
            if one.origin.casefold() == origin.casefold() and one.sheet not in sheets
        ]
        for frame, origin in parsed.dated
    }


def apply_import(catalog: Catalog, planned: Import) -> None:
    """Append the statements, and change the subjects and the groups: all of it or, on an error, nothing."""
    with catalog.at_once():
        catalog.append_labels(planned.new)
        for sheet, words_of in planned.subjects.items():
            catalog.set_subjects(sheet, words_of)
        catalog.set_groups((change.digest, change.after) for change in planned.regrouped)


def _changed_subjects(known: Known, parsed: Parsed, is_whole: bool) -> Mapping[str, Subjects]:
    if not parsed.has_subjects:
        return {}
    said = known.subjects.get(parsed.sheet, {})
    return plan_subjects(said, parsed.subjects, is_whole=is_whole)


def _subjects_taken_over(known: Known, parsed: Parsed, former: str, is_whole: bool) -> Mapping[str, Subjects]:
    """Return what is no longer said under a former key, since the sheet says it under its own or not any more."""
    said = known.subjects.get(former, {}) if parsed.has_subjects else {}
    return {frame: () for frame in said if frame in parsed.subjects or is_whole}


def _subjects_gone_from(known: Known, parsed: Parsed) -> list[str]:
    """Return the frames of which a sheet stated subjects that no row of it states any more."""
    said = known.subjects.get(parsed.sheet, {}) if parsed.has_subjects else {}
    return [frame for frame in said if frame not in parsed.subjects]
