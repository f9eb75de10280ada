"""What a model says of what is reviewed: its answers, how sure it is of them, and which labels they speak against."""

from __future__ import annotations

import threading
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from rushes.learning.label_suspicion import Suspicion, measure_suspicion
from rushes.review.decisions import State

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Model:
    """Whose answers they are.

    Attributes:
        id: of a bundle its id, of a run its name.
        bundle: name of the bundle; None of a run.
        note: what is to be known of the answers, in sentences; "" where nothing is.
    """

    kind: Literal["run", "bundle", "cull"]
    name: str
    id: str
    bundle: str | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Said:
    """A model's answer to one item.

    Attributes:
        margin: by how much the answer is likelier than the next class; what a cull proposes, how far its score is from
            the threshold, as a share of what there is on that side of it.
        probabilities: (classes,) of all classes; None of a cull.
    """

    answer: str
    confidence: float
    margin: float
    probabilities: Floats | None = None


class Opinions:
    """What a model says of the items of one review; may be added to while others read."""

    def __init__(
        self,
        model: Model,
        classes: Sequence[str],
        *,
        total: int,
        trained_on: Collection[str] = (),
        groups: Mapping[str, str] | None = None,
    ) -> None:
        """Begin without an answer.

        Args:
            classes: of the model, in the order of its probabilities.
            total: how many answers there will be.
            trained_on: frames that the model was told the labels of, or others of their group.
            groups: frame id -> group.
        """
        self._model, self.classes, self._total = model, tuple(classes), total
        self._trained_on, self._groups = frozenset(trained_on), groups or {}
        self._place = {name: index for index, name in enumerate(self.classes)}
        self._lock = threading.Lock()
        self._said: dict[str, Said] = {}
        self._order: list[str] = []
        self._suspicion: Suspicion | None = None
        self._why_not = ""

    @property
    def count(self) -> int:
        """How many answers there are; they are told in the order in which they came."""
        return len(self._order)

    def add(self, said: Mapping[str, Said]) -> None:
        """Take in answers."""
        with self._lock:
            self._said |= said
            self._order += said

    def add_probabilities(self, frames: Sequence[str], probabilities: Floats) -> None:
        """Take in answers as (frames, classes) probabilities; rows that are no numbers are passed over."""
        self.add({frame: _said_of(self.classes, row) for frame, row in zip(frames, probabilities, strict=True)
                  if np.isfinite(row).all()})  # fmt: skip

    def give_up(self, why: str, *, left: int) -> None:
        """Say that so many answers will not come."""
        with self._lock:
            self._why_not = why
            self._total -= left

    def since(self, count: int) -> list[str]:
        """Return the frames whose answers came after the first so many."""
        with self._lock:
            return self._order[count:]

    def answers(self) -> dict[str, str]:
        """Return frame id -> the class that the model says."""
        with self._lock:
            return {frame: said.answer for frame, said in self._said.items()}

    def learn(self, states: Mapping[str, State]) -> None:
        """Hold labels against the answers anew, by what is labelled now."""
        with self._lock:
            honest = [
                (frame, said.probabilities, self._place[state.class_name])
                for frame, said in self._said.items()
                if said.probabilities is not None
                and frame not in self._trained_on
                and (state := states.get(frame)) is not None
                and state.class_name in self._place
            ]
        if honest:
            self._suspicion = measure_suspicion(
                self.classes,
                np.stack([row for _, row, _ in honest]),
                np.array([label for *_, label in honest], np.int64),
                groups=[self._groups.get(frame, frame) for frame, *_ in honest],
            )

    def table_of(self, frame: str, state: State) -> dict[str, Any]:
        """Return what is said of one item, ready for JSON, by what stands of it now."""
        said = self._said.get(frame)
        is_trained_on = frame in self._trained_on
        if said is None:
            return {**NO_OPINION, "trained_on": is_trained_on}
        return {
            "answer": said.answer,
            "confidence": round(said.confidence, 4),
            "margin": round(said.margin, 4),
            "doubt": round(1 - said.margin, 4),
            "disagrees": state.class_name is not None and state.class_name != said.answer,
            "error": None if is_trained_on else self._error_of(said, state),
            "trained_on": is_trained_on,
        }

    def probabilities_of(self, frame: str) -> dict[str, float]:
        """Return class -> probability of one item, the likeliest first; empty where no more than an answer is known."""
        said = self._said.get(frame)
        if said is None or said.probabilities is None:
            return {}
        ranked = sorted(zip(said.probabilities.tolist(), self.classes, strict=True), key=lambda one: -one[0])
        return {name: round(value, 4) for value, name in ranked}

    def model_table(self) -> dict[str, Any]:
        """Return whose answers they are and how many there are, ready for JSON."""
        refused = self._suspicion.refused if self._suspicion is not None else ""
        said = f"no label is called suspicious: {refused}" if refused else ""
        model = self._model
        return {
            "kind": model.kind,
            "name": model.name,
            "bundle": model.bundle,
            "id": model.id,
            "done": self.count,
            "total": max(self._total, self.count),
            "note": ". ".join(one for one in (model.note, self._why_not, said) if one),
        }

    def _error_of(self, said: Said, state: State) -> float | None:
        """Return how suspicious the label is; None where there is none, or a person has reviewed it."""
        label = self._place.get(state.class_name or "")
        if label is None or state.is_reviewed or said.probabilities is None or self._suspicion is None:
            return None
        found = self._suspicion.of(said.probabilities, label)
        return None if found is None else round(found, 4)


NO_OPINION: Mapping[str, Any] = {
    "answer": None, "confidence": None, "margin": None, "doubt": None, "disagrees": False, "error": None,
    "trained_on": False,
}  # fmt: skip


def _said_of(classes: Sequence[str], row: Floats) -> Said:
    first, *others = sorted(row.tolist(), reverse=True)
    return Said(classes[int(row.argmax())], first, first - others[0] if others else 1.0, row)
