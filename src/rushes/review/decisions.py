"""Decisions of a person: labels and marks in the catalog at once, and taken back without limit."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from rushes.catalog.catalog import Catalog
from rushes.catalog.review_journal import Change, Field, Kind, ReviewJournal, Step, read_marks, stacks_of
from rushes.labels.label import Label
from rushes.labels.standing import REVIEW
from rushes.labels.trust import current_statements, resolve

_ONE_BY_ONE = 50  # frames whose labels are asked for singly; of more, all of the task are read
DECISION: Field = "decision"
RATING: Field = "rating"
COLOR: Field = "color"
COLORS = ("red", "yellow", "green", "blue", "purple")


@dataclass(frozen=True, slots=True)
class State:
    """What stands of one photograph; None where nothing does.

    Attributes:
        class_name: what a person said in a review, or else the label that stands by trust.
        own: the class that a review on the page states; None where what stands came from elsewhere.
        rating: 0 to 5.
        color: one of COLORS.
    """

    class_name: str | None = None
    own: str | None = None
    rating: int | None = None
    color: str | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a request.

    Attributes:
        revision: of the review, after it.
        previous: before it.
        states: frame id -> what stands now, of what it was about.
        step: that was made, taken back or done again; None where nothing was.
    """

    revision: int
    previous: int
    states: Mapping[str, State]
    step: int | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """One field of one frame as a person wants it: a class, a rating or a colour as text; None for nothing."""

    frame: str
    field: Field
    value: str | None


class Decisions:
    """What was decided in one review; may be used by several threads, and by several processes at once."""

    def __init__(self, catalog: Catalog, *, task: str, review: str, trust: Sequence[str], title: str) -> None:
        """Open the decisions of a review.

        Args:
            review: key of what is reviewed, by which its steps are known again.
            trust: origins of labels, the most trusted first.
            title: of the review, for the place that its labels state.
        """
        self._catalog, self._task, self._trust = catalog, task, tuple(trust)
        self._journal = ReviewJournal(catalog, review)
        self._place = f"rushes review, {title}"
        self._lock = threading.Lock()
        self._steps: list[Step] = []  # those that were read: a journal is only appended to

    @property
    def revision(self) -> int:
        return self._journal.revision()

    def states(self, frames: Sequence[str] | None = None) -> dict[str, State]:
        """Return what stands of these frames, or of all that anything is known of."""
        if frames is None or len(frames) > _ONE_BY_ONE:
            labels = self._catalog.labels(task=self._task)
        else:
            labels = [label for frame in frames for label in self._catalog.labels_of(frame, task=self._task)]
        marks = read_marks(self._catalog, frames)
        found = states_of(labels, marks, self._trust)
        return found if frames is None else {frame: found.get(frame, State()) for frame in frames}

    def since(self, revision: int) -> Outcome:
        """Return what stands of the frames that steps after a revision changed."""
        frames = self._journal.changed_since(revision)
        return Outcome(self._journal.revision(), revision, self.states(frames) if frames else {})

    def decide(self, wanted: Sequence[Wanted], *, request: str | None = None) -> Outcome:
        """Let what a person wants stand, all of it or nothing; it is in the catalog when this returns.

        Args:
            request: what the page calls it. What was done under that name before is not done again.
        """
        frames = list(dict.fromkeys(one.frame for one in wanted))
        with self._change():
            previous = self._journal.revision()
            step = None if request is None else self._journal.step_of(request)
            if step is None:
                before = self.states(frames)
                step = self._append("do", plan_changes(wanted, before), request=request)
            return Outcome(self._journal.revision(), previous, self.states(frames), step)

    def undo(self, *, of: int | str | None = None, request: str | None = None) -> Outcome:
        """Take back the last step that stands, or a certain one; what was changed elsewhere since stays as it is.

        Args:
            of: number of the step, or the request that led to it. What stands of its photographs is told even where
                it cannot be taken back.
        """
        return self._turn("undo", of=of, request=request)

    def redo(self, *, of: int | str | None = None, request: str | None = None) -> Outcome:
        """Do again what was taken back last, or a certain step, as `undo`."""
        return self._turn("redo", of=of, request=request)

    def _turn(self, kind: Kind, *, of: int | str | None, request: str | None) -> Outcome:
        with self._change():
            previous = self._journal.revision()
            done_before = None if request is None else self._journal.step_of(request)
            if done_before is not None:
                moved = self._states_after(done_before)
                return Outcome(previous, previous, moved, done_before if moved else None)
            if of is not None:
                return self._turn_certain(kind, self._journal.step_of(of) if isinstance(of, str) else of, request)
            while (target := self._next(kind)) is not None:
                if frames := self._turn_step(kind, target, request):
                    return Outcome(self._journal.revision(), previous, self.states(frames), target)
            return Outcome(self._journal.revision(), previous, {})

    def _turn_certain(self, kind: Kind, step: int | None, request: str | None) -> Outcome:
        previous = self._journal.revision()
        moved = self._turn_step(kind, step, request) if step is not None and step in self._stack(kind) else []
        states = self._states_after(step) if step is not None else {}
        return Outcome(self._journal.revision(), previous, states, step if moved else None)

    def _turn_step(self, kind: Kind, step: int, request: str | None) -> list[str]:
        """Take a step back, or do it again, as far as what it changed still stands; return the frames that moved."""
        changes = turned(self._journal.changes(step), kind)
        standing = still_standing(changes, self.states(list(dict.fromkeys(change.frame for change in changes))))
        self._append(kind, standing, of_step=step, request=request)
        return list(dict.fromkeys(change.frame for change in standing))

    def _states_after(self, step: int) -> dict[str, State]:
        frames = list(dict.fromkeys(change.frame for change in self._journal.changes(step)))
        return self.states(frames) if frames else {}

    @contextmanager
    def _change(self) -> Iterator[None]:
        """Make all that is done inside one change, that no other thread or process crosses."""
        with self._lock:
            try:
                with self._catalog.at_once():
                    self._journal.hold()
                    yield
            except BaseException:
                self._steps.clear()  # what was read may not have come to be
                raise

    def _next(self, kind: Kind) -> int | None:
        """Return the step to take back or to do again; None where there is none."""
        stack = self._stack(kind)
        return stack[-1] if stack else None

    def _stack(self, kind: Kind) -> list[int]:
        self._steps += self._journal.steps(after=self._steps[-1].number if self._steps else 0)
        backward, forward = stacks_of(self._steps)
        return backward if kind == "undo" else forward

    def _append(
        self, kind: Kind, changes: Sequence[Change], *, of_step: int | None = None, request: str | None = None
    ) -> int | None:
        """Note a step and return its number; None where it does nothing that could be taken back."""
        if not changes and kind == "do":
            return None
        now = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
        self._catalog.append_labels(
            [
                Label(one.frame, self._task, one.after, REVIEW, now, self._place)
                for one in changes
                if one.field == DECISION
            ]
        )
        return self._journal.append(kind, changes, now=now, of_step=of_step, request=request)


def states_of(
    labels: Iterable[Label], marks: Mapping[str, Mapping[str, str]], trust: Sequence[str]
) -> dict[str, State]:
    """Return frame id -> what stands of it by labels of one task and by marks."""
    every = list(labels)
    resolved = resolve(every, trust)
    found: dict[str, State] = {}
    for frame, statements in current_statements(every).items():
        reviews = [one for one in statements if one.origin.casefold() == REVIEW and one.class_name is not None]
        last = reviews[-1] if reviews else None
        standing = last or (resolved[frame].label if frame in resolved else None)
        own = last.class_name if last is not None and not last.sheet else None
        found[frame] = State(standing.class_name if standing else None, own)
    for frame, of_frame in marks.items():
        state = found.get(frame, State())
        rating = of_frame.get(RATING)
        found[frame] = State(state.class_name, state.own, int(rating) if rating else None, of_frame.get(COLOR))
    return found


def plan_changes(wanted: Sequence[Wanted], states: Mapping[str, State]) -> list[Change]:
    """Return the changes that bring photographs to what is wanted; of two wishes for one field the last counts."""
    last = {(one.frame, one.field): one.value for one in wanted}
    return [
        Change(frame, field, before, value)
        for (frame, field), value in last.items()
        if (before := value_of(states[frame], field)) != value
    ]


def turned(changes: Sequence[Change], kind: Kind) -> list[Change]:
    """Return the changes that take back a step (`undo`), or the step's own (`redo`)."""
    if kind != "undo":
        return list(changes)
    return [Change(one.frame, one.field, one.after, one.before) for one in changes]


def still_standing(changes: Sequence[Change], states: Mapping[str, State]) -> list[Change]:
    """Return those changes whose value before is what stands: the others were changed elsewhere since."""
    return [one for one in changes if value_of(states[one.frame], one.field) == one.before]


def value_of(state: State, field: Field) -> str | None:
    """Return what the review itself says in a field, as the journal writes it."""
    if field == RATING:
        return None if state.rating is None else str(state.rating)
    return state.own if field == DECISION else state.color
