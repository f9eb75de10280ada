"""Provenance: what became of every statement about a frame, and why."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from rushes.labels.label import Label
from rushes.labels.trust import current_statements, is_of_model, ranks_of, resolve

Fate = Literal["stands", "agrees", "overruled", "replaced", "withdrawn", "withdrawal", "prediction"]


@dataclass(frozen=True, slots=True)
class Standing:
    """One statement and what became of it.

    Attributes:
        fate: `stands` (it is the answer), `agrees` (a less trusted one that says the same), `overruled` (by a more
            trusted one), `replaced` (by a later one of its origin), `withdrawn`, `withdrawal` (it takes back an
            earlier one), or `prediction` (a model's).
        why: in a sentence.
    """

    label: Label
    fate: Fate
    why: str

    @property
    def counts(self) -> bool:
        """Whether it is what its origin says now."""
        return self.fate in ("stands", "agrees", "overruled")


def explain(statements: Sequence[Label], trust: Sequence[str]) -> list[Standing]:
    """Return what became of each statement about one frame and task, in the order in which they were made.

    Args:
        statements: of one frame and one task, in the order in which they were made.
        trust: origins, the most trusted first.

    Raises:
        ValueError: the statements are of several frames or tasks.
    """
    if len({label.frame for label in statements}) > 1:
        raise ValueError("statements are explained one frame at a time")
    current = [label for labels in current_statements(statements).values() for label in labels]
    answer = next((resolved.label for resolved in resolve(statements, trust).values()), None)
    last_of_origin = {label.origin.casefold(): label for label in current if label.class_name is not None}
    why = _Why(ranks_of(trust), len(trust))
    return [
        _standing(label, statements[place + 1 :], answer, last_of_origin.get(label.origin.casefold()), why)
        for place, label in enumerate(statements)
    ]


@dataclass(frozen=True, slots=True)
class _Why:
    """Why one statement stands before another, in words."""

    rank_of: Callable[[str], int]
    unranked: int

    def before(self, answer: Label, other: Label) -> str:
        rank = self.rank_of(answer.origin)
        if rank < self.rank_of(other.origin):
            return "is trusted more"
        return "said so later; " + (
            "neither is in the project's trust" if rank == self.unranked else "both are trusted alike"
        )

    def trusted(self, label: Label) -> str:
        if self.rank_of(label.origin) < self.unranked:
            return f"no origin that is trusted more than '{label.origin}' says anything"
        return "no origin of the project's trust says anything, and this is the latest of the others"


def _standing(label: Label, later: Sequence[Label], answer: Label | None, last: Label | None, why: _Why) -> Standing:
    following = next((other for other in later if _same_mouth(label, other)), None)
    if label.class_name is None:
        where = f"'{label.sheet}' no longer states it" if label.sheet else "it was taken back"
        return Standing(label, "withdrawal", where)
    if following is not None and following.class_name is None:
        return Standing(
            label, "withdrawn", f"taken back on {following.stated_at}: {following.place or following.origin}"
        )
    if following is not None:
        who = "the same sheet" if label.sheet else "the same origin"
        return Standing(label, "replaced", f"{who} said {following.class_name} later, on {following.stated_at}")
    if last is not None and label is not last:
        by = last.place or "a statement without a sheet"
        return Standing(label, "replaced", f"the latest of '{label.origin}' is {last.class_name} ({by})")
    if is_of_model(label.origin):
        return Standing(label, "prediction", "what a model says is never a label")
    if answer is None or label is answer:
        return Standing(label, "stands", why.trusted(label))
    if label.class_name == answer.class_name:
        return Standing(label, "agrees", f"'{answer.origin}' says the same, and {why.before(answer, label)}")
    return Standing(label, "overruled", f"'{answer.origin}' says {answer.class_name}, and {why.before(answer, label)}")


def _same_mouth(label: Label, other: Label) -> bool:
    return (label.origin.casefold(), label.sheet) == (other.origin.casefold(), other.sheet)
