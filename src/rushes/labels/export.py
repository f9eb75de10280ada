"""The labels of frames as rows to write: resolved, or every statement, each with where it comes from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from rushes.labels.frame_index import FrameRef
from rushes.labels.label import Label
from rushes.labels.provenance import Standing, explain
from rushes.labels.subjects import Subjects
from rushes.labels.trust import Resolved, resolve

# An import finds the columns of classes, of origins, of subjects and of the picture; beside it the others mean nothing.
PICTURE, CLASS, ORIGIN = "image", "class", "origin"
_ABOUT = (PICTURE, "name", CLASS, ORIGIN)
_WHERE = ("subjects", "source", "ordinal", "timecode")
RESOLVED_COLUMNS = (*_ABOUT, "stated_at", "place", "sheet", "overruled", *_WHERE)
STATEMENT_COLUMNS = (*_ABOUT, "said", "fate", "why", "stated_at", "place", "sheet", *_WHERE)


@dataclass(frozen=True, slots=True)
class ExportedFrame:
    """A frame and what is to be written of it.

    Attributes:
        resolved: its label; None where it has none.
        statements: every statement about it in the order made; () where only the label is written.
    """

    frame: FrameRef
    resolved: Resolved | None
    statements: tuple[Standing, ...] = ()
    subjects: Subjects = ()


def plan_export(
    frames: Sequence[FrameRef],
    labels: Iterable[Label],
    trust: Sequence[str],
    *,
    subjects: Mapping[str, Subjects],
    all_statements: bool,
    unlabelled: bool,
) -> list[ExportedFrame]:
    """Return the frames to write, in their order.

    Args:
        labels: statements of one task, in the order in which they were made.
        subjects: frame id -> what is in its picture.
        all_statements: write what every origin said, models and withdrawals included, not only what stands.
        unlabelled: write frames that have no label too.
    """
    said: dict[str, list[Label]] = {}
    for label in labels:
        said.setdefault(label.frame, []).append(label)
    resolved = resolve((label for of_frame in said.values() for label in of_frame), trust)
    exported = []
    for ref in frames:
        answer, statements = resolved.get(ref.id), said.get(ref.id, [])
        if answer is None and not unlabelled and not (all_statements and statements):
            continue
        explained = tuple(explain(statements, trust)) if all_statements else ()
        exported.append(ExportedFrame(ref, answer, explained, subjects.get(ref.id, ())))
    return exported


def resolved_cells(exported: ExportedFrame) -> tuple[str, ...]:
    """Return the row of a frame under `RESOLVED_COLUMNS`; a frame without a label has empty cells."""
    label = exported.resolved.label if exported.resolved is not None else None
    overruled = exported.resolved.overruled if exported.resolved is not None else ()
    return (
        exported.frame.image,
        exported.frame.name,
        (label.class_name or "") if label else "",
        label.origin if label else "",
        label.stated_at if label else "",
        label.place if label else "",
        label.sheet if label else "",
        "; ".join(f"{other.class_name} by {other.origin}" for other in overruled),
        *_where(exported),
    )


def statement_cells(exported: ExportedFrame) -> Iterator[tuple[str, ...]]:
    """Give a row for each statement about a frame under `STATEMENT_COLUMNS`, or one with empty cells.

    `class` is filled where the statement is what its origin says now, so that reading the rows again gives the same
    labels; `said` is what was said in any case. Subjects stand in the first row of a frame alone.
    """
    about, where = (exported.frame.image, exported.frame.name), _where(exported)
    if not exported.statements:
        yield (*about, *[""] * (len(STATEMENT_COLUMNS) - len(about) - len(where)), *where)
    for place, standing in enumerate(exported.statements):
        label = standing.label
        is_read = standing.counts or standing.fate == "prediction"
        yield (
            *about,
            (label.class_name or "") if is_read else "",
            label.origin,
            label.class_name or "",
            standing.fate,
            standing.why,
            label.stated_at,
            label.place,
            label.sheet,
            *(where if place == 0 else ("", *where[1:])),
        )


def _where(exported: ExportedFrame) -> tuple[str, ...]:
    frame = exported.frame
    return "; ".join(exported.subjects), frame.source_name, str(frame.ordinal), frame.timecode
