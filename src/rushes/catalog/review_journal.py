"""ReviewJournal: what was marked in reviews, and step by step how, so that every step can be taken back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, cast

from sqlalchemy import func, insert, select

from rushes.catalog import schema
from rushes.catalog.catalog import Catalog

Field = Literal["decision", "rating", "color"]
Kind = Literal["do", "undo", "redo"]
_ROWS_PER_STATEMENT = 500


@dataclass(frozen=True, slots=True)
class Change:
    """What one step did to one field of one frame; None where nothing was or is stated.

    Attributes:
        before, after: of a decision, the class that the person's own review stated. Before is None, too, where that
            was not what stood.
    """

    frame: str
    field: Field
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class Step:
    """What a person did in one go.

    Attributes:
        number: later steps have higher ones; the last of a review is its revision.
        of_step: of an undo or redo, the step that it is of.
        person: who did it; "" of a review without a name.
    """

    number: int
    kind: Kind
    of_step: int | None = None
    person: str = ""


@dataclass(frozen=True, slots=True)
class Mark:
    """A rating or a colour as it stands, as text, and the origin that gave it."""

    value: str
    origin: str = "review"
    stated_at: str = field(default="", compare=False)


class ReviewJournal:
    """The steps of one review, and the marks of all; both are only ever appended.

    What reads and then writes is to be done within `Catalog.at_once`, so that two processes do not cross.
    """

    def __init__(self, catalog: Catalog, review: str) -> None:
        """Open the journal of a review by its key."""
        self._catalog = catalog
        self._review = review

    def steps(self, *, after: int = 0) -> list[Step]:
        """Return the steps of this review with higher numbers, in order."""
        table = schema.review_steps
        wanted = select(table.c.number, table.c.kind, table.c.of_step, table.c.person).where(
            table.c.review == self._review, table.c.number > after
        )
        with self._catalog.reading() as connection:
            return [Step(*row) for row in connection.execute(wanted.order_by(table.c.number))]

    def revision(self) -> int:
        """Return the number of the last step of this review; 0 before the first."""
        table = schema.review_steps
        with self._catalog.reading() as connection:
            found = connection.execute(select(func.max(table.c.number)).where(table.c.review == self._review))
            return int(found.scalar_one() or 0)

    def step_of(self, request: str) -> int | None:
        """Return the last step that a request led to; None where it has not been done."""
        table = schema.review_steps
        wanted = select(table.c.number).where(table.c.review == self._review, table.c.request == request)
        with self._catalog.reading() as connection:
            found = connection.execute(wanted.order_by(table.c.number.desc())).scalars().first()
        return None if found is None else int(found)

    def changes(self, step: int) -> list[Change]:
        """Return what a step did."""
        table = schema.review_changes
        wanted = select(table).where(table.c.step == step).order_by(table.c.frame, table.c.field)
        with self._catalog.reading() as connection:
            return [_change_from_row(row) for row in connection.execute(wanted)]

    def changed_since(self, step: int) -> list[str]:
        """Return the frames that steps of this review with higher numbers changed, each once."""
        steps, changes = schema.review_steps, schema.review_changes
        wanted = select(changes.c.frame).join(steps, steps.c.number == changes.c.step)
        wanted = wanted.where(steps.c.review == self._review, steps.c.number > step).distinct()
        with self._catalog.reading() as connection:
            return [str(frame) for frame in connection.execute(wanted.order_by(changes.c.frame)).scalars()]

    def append(
        self,
        kind: Kind,
        changes: Sequence[Change],
        *,
        now: str,
        origin: str,
        person: str,
        of_step: int | None = None,
        request: str | None = None,
    ) -> int:
        """Note a step, with the marks that it sets, and return its number; its labels are not appended here.

        Args:
            origin: of the marks.
            person: whose step it is.
        """
        values = {"review": self._review, "kind": kind, "of_step": of_step, "request": request, "stated_at": now,
                  "person": person}  # fmt: skip
        with self._catalog.writing() as connection:
            made = connection.execute(insert(schema.review_steps).values(**values)).inserted_primary_key
            number = int(made[0]) if made is not None else 0
            rows = [
                {"step": number, "frame": one.frame, "field": one.field, "before": one.before, "after": one.after}
                for one in changes
            ]
            marked = [
                {"frame": one.frame, "field": one.field, "value": one.after, "origin": origin, "stated_at": now}
                for one in changes
                if one.field != "decision"
            ]
            for batch in _batches(rows):
                connection.execute(insert(schema.review_changes), batch)
            for batch in _batches(marked):
                connection.execute(insert(schema.marks), batch)
        return number


def read_marks(catalog: Catalog, frames: Sequence[str] | None = None) -> dict[str, Mapping[str, Mark]]:
    """Return frame id -> `rating` and `color` as they stand; of these frames, or of all. What has none is left out."""
    table = schema.marks
    wanted = select(table.c.frame, table.c.field, table.c.value, table.c.origin, table.c.stated_at)
    wanted = wanted.order_by(table.c.number)
    found: dict[str, dict[str, Mark | None]] = {}
    with catalog.reading() as connection:
        if frames is None:
            rows: list[Any] = list(connection.execute(wanted))
        else:
            rows = []
            for start in range(0, len(frames), _ROWS_PER_STATEMENT):
                some = frames[start : start + _ROWS_PER_STATEMENT]
                rows += connection.execute(wanted.where(table.c.frame.in_(some)))
    for row in rows:
        mark = None if row.value is None else Mark(row.value, row.origin, row.stated_at)
        found.setdefault(row.frame, {})[row.field] = mark
    standing = {
        frame: {name: mark for name, mark in of_frame.items() if mark is not None} for frame, of_frame in found.items()
    }
    return {frame: of_frame for frame, of_frame in standing.items() if of_frame}


def stacks_of(steps: Iterable[Step]) -> tuple[list[int], list[int]]:
    """Return the steps that can be taken back and those that can be done again, in both the next one last."""
    backward: list[int] = []
    forward: list[int] = []
    for step in steps:
        if step.kind == "do":
            backward.append(step.number)
            forward.clear()
        elif step.of_step is not None:
            leaves, joins = (backward, forward) if step.kind == "undo" else (forward, backward)
            if step.of_step in leaves:
                leaves.remove(step.of_step)
                joins.append(step.of_step)
    return backward, forward


def _change_from_row(row: Any) -> Change:
    return Change(row.frame, cast("Field", row.field), row.before, row.after)


def _batches(rows: list[dict[str, Any]]) -> Iterable[list[dict[str, Any]]]:
    for start in range(0, len(rows), _ROWS_PER_STATEMENT):
        yield rows[start : start + _ROWS_PER_STATEMENT]
