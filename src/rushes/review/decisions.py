"""Decisions of persons: labels and marks in the catalog at once, and taken back without limit."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from rushes.catalog.catalog import Catalog
from rushes.catalog.review_journal import Change, Field, Kind, Mark, ReviewJournal, Step, read_marks, stacks_of
from rushes.labels.label import Label
from rushes.labels.standing import standing_review
from rushes.labels.trust import current_statements, is_review, origin_of_person, person_of, resolve

_ONE_BY_ONE = 50  # frames whose labels are asked for singly; of more, all of the task are read
DECISION: Field = "decision"
RATING: Field = "rating"
COLOR: Field = "color"
COLORS = ("red", "yellow", "green", "blue", "purple")


@dataclass(frozen=True, slots=True)
class State:
    """What stands of one sample; None where nothing does.

    Attributes:
        class_name: what a person said in a review, or else the label that stands by trust.
        own: the class that a review on the page states, whoever did; None where what stands came from elsewhere.
        rating: 0 to 5.
        color: one of COLORS.
        by: whose review stands; None of one without a name, and where no review stands.
        origin: of the label that stands.
        at: when that was stated.
        said: person -> the class that this person states on the page, overruled or not; "" is one without a name.
        marks: rating and colour with their origins.
    """

    class_name: str | None = None
    own: str | None = None
    rating: int | None = None
    color: str | None = None
    by: str | None = None
    origin: str | None = None
    at: str = field(default="", compare=False)
    said: Mapping[str, str] = field(default_factory=dict, compare=False)
    marks: Mapping[str, Mark] = field(default_factory=dict, compare=False)

    @property
    def is_reviewed(self) -> bool:
        """Whether what stands is a person's review."""
        return self.origin is not None and is_review(self.origin)

    def is_of_another(self, person: str) -> bool:
        """Whether what stands is a review, and another person's."""
        return self.is_reviewed and (self.by or "") != person


@dataclass(frozen=True, slots=True)
class Conflict:
    """What was not done, since another person had said otherwise and the page had not seen it.

    Attributes:
        value: what stands: a class, a rating or a colour as text.
        by: who said so; None of a review without a name.
    """

    frame: str
    field: Field
    value: str
    by: str | None
    at: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a request.

    Attributes:
        revision: of the review, after it.
        previous: before it.
        states: frame id -> what stands now, of what it was about.
        step: that was made, taken back or done again; None where nothing was.
        conflicts: what was not done.
    """

    revision: int
    previous: int
    states: Mapping[str, State]
    step: int | None = None
    conflicts: tuple[Conflict, ...] = ()


@dataclass(frozen=True, slots=True)
class Saw:
    """What the page showed where a person decided; of a rating or colour only where `marks` has it."""

    decision: str | None = None
    by: str | None = None
    marks: Mapping[str, str | None] = field(default_factory=dict)


_NOTHING_SEEN = Saw()


@dataclass(frozen=True, slots=True)
class Wanted:
    """One field of one frame as a person wants it: a class, a rating or a colour as text; None for nothing."""

    frame: str
    field: Field
    value: str | None
    saw: Saw = _NOTHING_SEEN


class Decisions:
    """What was decided in one review; may be used by several threads, and by several processes at once.

    Each step is of one person. A person's decision is a label of the origin `review:<person>`, and that person alone
    takes it back.
    """

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

    def from_elsewhere(self) -> dict[str, str]:
        """Return frame id -> the class that stands there by other origins than reviews."""
        others = [label for label in self._catalog.labels(task=self._task) if not is_review(label.origin)]
        return {frame: one.label.class_name or "" for frame, one in resolve(others, self._trust).items()}

    def history(self, frame: str) -> list[Label]:
        """Return every statement about one frame, by whomever, the latest first."""
        return self._catalog.labels_of(frame, task=self._task)[::-1]

    def since(self, revision: int) -> Outcome:
        """Return what stands of the frames that steps after a revision changed."""
        frames = self._journal.changed_since(revision)
        return Outcome(self._journal.revision(), revision, self.states(frames) if frames else {})

    def decide(
        self, wanted: Sequence[Wanted], *, by: str = "", over: bool = False, request: str | None = None
    ) -> Outcome:
        """Let what a person wants stand; it is in the catalog when this returns.

        What another person's review says, and the page had not seen, is left as it is and told; the rest is done.

        Args:
            by: the person; "" for one without a name.
            over: let it stand also over what the page had not seen.
            request: what the page calls it. What was done under that name before is not done again.
        """
        frames = list(dict.fromkeys(one.frame for one in wanted))
        with self._change():
            previous = self._journal.revision()
            step = None if request is None else self._journal.step_of(request)
            before = self.states(frames)
            conflicts = () if over else conflicts_of(wanted, before, by)
            if step is None:
                held = {(one.frame, one.field) for one in conflicts}
                free = [one for one in wanted if (one.frame, one.field) not in held]
                step = self._append("do", plan_changes(free, before, by), by=by, request=request)
            return Outcome(self._journal.revision(), previous, self.states(frames), step, conflicts)

    def undo(self, *, by: str = "", of: int | str | None = None, request: str | None = None) -> Outcome:
        """Take back a person's last step that stands, or a certain one; what was changed elsewhere since stays.

        Steps without a name, made before persons were told apart, are everybody's.

        Args:
            of: number of the step, or the request that led to it. What stands of its frames is told even where it
                cannot be taken back.
        """
        return self._turn("undo", by=by, of=of, request=request)

    def redo(self, *, by: str = "", of: int | str | None = None, request: str | None = None) -> Outcome:
        """Do again what was taken back last, or a certain step, as `undo`."""
        return self._turn("redo", by=by, of=of, request=request)

    def _turn(self, kind: Kind, *, by: str, of: int | str | None, request: str | None) -> Outcome:
        with self._change():
            previous = self._journal.revision()
            done_before = None if request is None else self._journal.step_of(request)
            if done_before is not None:
                moved = self._states_after(done_before)
                return Outcome(previous, previous, moved, done_before if moved else None)
            if of is not None:
                number = self._journal.step_of(of) if isinstance(of, str) else of
                return self._turn_certain(kind, number, by, request)
            while stack := self._stack(kind, by):
                if frames := self._turn_step(kind, stack[-1], by, request):
                    return Outcome(self._journal.revision(), previous, self.states(frames), stack[-1].number)
            return Outcome(self._journal.revision(), previous, {})

    def _turn_certain(self, kind: Kind, number: int | None, by: str, request: str | None) -> Outcome:
        previous = self._journal.revision()
        step = next((one for one in self._stack(kind, by) if one.number == number), None)
        moved = self._turn_step(kind, step, by, request) if step is not None else []
        states = self._states_after(number) if number is not None else {}
        return Outcome(self._journal.revision(), previous, states, number if moved else None)

    def _turn_step(self, kind: Kind, step: Step, by: str, request: str | None) -> list[str]:
        """Take a step back, or do it again, as far as what it changed still stands; return the frames that moved."""
        changes = turned(self._journal.changes(step.number), kind)
        states = self.states(list(dict.fromkeys(change.frame for change in changes)))
        standing = still_standing(changes, states, step.person)
        self._append(kind, standing, by=by, said_by=step.person, of_step=step.number, request=request)
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
                    yield
            except BaseException:
                self._steps.clear()  # what was read may not have come to be
                raise

    def _stack(self, kind: Kind, by: str) -> list[Step]:
        """Return the steps that a person can take back, or do again, the next one last."""
        self._steps += self._journal.steps(after=self._steps[-1].number if self._steps else 0)
        of_number = {step.number: step for step in self._steps}
        everybodys = {step.number for step in self._steps if step.kind == "do" and not step.person}
        mine = [step for step in self._steps if step.person in (by, "") or step.of_step in everybodys]
        backward, forward = stacks_of(mine)
        return [of_number[number] for number in (backward if kind == "undo" else forward)]

    def _append(
        self,
        kind: Kind,
        changes: Sequence[Change],
        *,
        by: str,
        said_by: str | None = None,
        of_step: int | None = None,
        request: str | None = None,
    ) -> int | None:
        """Note a step and return its number; None where it does nothing that could be taken back.

        Args:
            said_by: whose statements change; None takes the person whose step it is.
        """
        if not changes and kind == "do":
            return None
        now = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
        origin = origin_of_person(by if said_by is None else said_by)
        self._catalog.append_labels(
            [
                Label(one.frame, self._task, one.after, origin, now, self._place)
                for one in changes
                if one.field == DECISION
            ]
        )
        return self._journal.append(
            kind, changes, now=now, origin=origin_of_person(by), person=by, of_step=of_step, request=request
        )


def states_of(
    labels: Iterable[Label], marks: Mapping[str, Mapping[str, Mark]], trust: Sequence[str]
) -> dict[str, State]:
    """Return frame id -> what stands of it by labels of one task and by marks."""
    every = list(labels)
    resolved = resolve(every, trust)
    found: dict[str, State] = {}
    for frame, statements in current_statements(every).items():
        review = standing_review(statements, trust)
        standing = review or (resolved[frame].label if frame in resolved else None)
        found[frame] = _state_of(standing, review, statements)
    for frame, of_frame in marks.items():
        rating, color = of_frame.get(RATING), of_frame.get(COLOR)
        found[frame] = replace(
            found.get(frame, State()),
            rating=int(rating.value) if rating else None,
            color=color.value if color else None,
            marks=of_frame,
        )
    return found


def _state_of(standing: Label | None, review: Label | None, statements: Sequence[Label]) -> State:
    if standing is None:
        return State()
    said = {
        person_of(one.origin) or "": one.class_name
        for one in statements
        if is_review(one.origin) and not one.sheet and one.class_name is not None
    }
    return State(
        class_name=standing.class_name,
        own=review.class_name if review is not None and not review.sheet else None,
        by=person_of(standing.origin),
        origin=standing.origin,
        at=standing.stated_at,
        said=said,
    )


def conflicts_of(wanted: Sequence[Wanted], states: Mapping[str, State], by: str) -> tuple[Conflict, ...]:
    """Return what another person's review says otherwise than what is wanted, and the page had not seen.

    To take a decision of one's own away is never against another's.
    """
    found = []
    for one in wanted:
        state = states[one.frame]
        if one.field == DECISION:
            unseen = (state.class_name, state.by) != (one.saw.decision, one.saw.by)
            if state.is_of_another(by) and unseen and one.value is not None and one.value != state.class_name:
                found.append(Conflict(one.frame, one.field, state.class_name or "", state.by, state.at))
        elif (mark := state.marks.get(one.field)) is not None and one.field in one.saw.marks:
            is_known = mark.value in (one.value, one.saw.marks[one.field])
            if mark.origin.casefold() != origin_of_person(by) and not is_known:
                found.append(Conflict(one.frame, one.field, mark.value, person_of(mark.origin), mark.stated_at))
    return tuple(found)


def plan_changes(wanted: Sequence[Wanted], states: Mapping[str, State], by: str) -> list[Change]:
    """Return the changes that bring frames to what is wanted; of two wishes for one field the last counts.

    A decision that another person's overrules is not what stands: to say the same again is a change.
    """
    last = {(one.frame, one.field): one.value for one in wanted}
    changes = []
    for (frame, name), value in last.items():
        state = states[frame]
        before = value_of(state, name, by)
        if name == DECISION and value is None and state.is_of_another(by):
            before = state.said.get(by)
        if before != value:
            changes.append(Change(frame, name, before, value))
    return changes


def turned(changes: Sequence[Change], kind: Kind) -> list[Change]:
    """Return the changes that take back a step (`undo`), or the step's own (`redo`)."""
    if kind != "undo":
        return list(changes)
    return [Change(one.frame, one.field, one.after, one.before) for one in changes]


def still_standing(changes: Sequence[Change], states: Mapping[str, State], by: str) -> list[Change]:
    """Return those changes whose value before is what stands: the others were changed elsewhere since.

    What a person takes away may have been overruled by another meanwhile; what is said again may not.

    Args:
        by: whose statements they are.
    """

    def is_there(one: Change) -> bool:
        state = states[one.frame]
        if one.field == DECISION and one.after is None:
            return state.said.get(by) == one.before
        if one.field == DECISION and state.is_of_another(by):
            return False
        return value_of(state, one.field, by) == one.before

    return [one for one in changes if is_there(one)]


def value_of(state: State, name: Field, by: str) -> str | None:
    """Return what a person's own review says in a field, where that is what stands, as the journal writes it."""
    if name == RATING:
        return None if state.rating is None else str(state.rating)
    if name == COLOR:
        return state.color
    return state.own if state.own is not None and (state.by or "") == by else None
