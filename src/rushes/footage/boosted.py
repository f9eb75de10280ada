"""A small boosted model: trees of a few questions each, kept as numbers in a JSON file."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources.abc import Traversable
from typing import Any

import numpy as np
import numpy.typing as npt

SCHEMA = "boosted/1"  # one level alone, trees of two questions deep
SCHEMA_OF_CLASSES = "boosted/2"


@dataclass(frozen=True, slots=True, eq=False)
class Boosted:
    """Trees whose leaves are added up to levels: the logarithm of the odds, or of each class's share.

    A tree asks question 0 first; after question k comes 2k + 1 where the answer was no, and 2k + 2 where it was yes,
    that is `feature > threshold`. Its leaves stand in the order of the answers, no before yes. Every class has as many
    trees, and those of one class stand together.

    Attributes:
        constants: (classes,), the levels without any tree; one alone where there are two classes.
        features: (trees, questions), which feature each question asks for.
        thresholds: (trees, questions).
        leaves: (trees, questions + 1).
    """

    constants: npt.NDArray[np.float64]
    features: npt.NDArray[np.int64]
    thresholds: npt.NDArray[np.float64]
    leaves: npt.NDArray[np.float64]

    def __post_init__(self) -> None:
        trees, ends = self.leaves.shape
        if ends & (ends - 1) or self.features.shape != (trees, ends - 1) or self.thresholds.shape != (trees, ends - 1):
            raise ValueError(f"trees ask 1, 3, 7 … questions and have a leaf more, got {self.features.shape}, {ends}")
        if trees % len(self.constants):
            raise ValueError(f"{trees} trees cannot be shared out among {len(self.constants)} classes")

    def levels(self, rows: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
        """Return the levels of each row, (rows, features) -> (rows, classes)."""
        trees, questions = self.features.shape
        yes = rows[:, self.features] > self.thresholds  # (rows, trees, questions)
        at = np.zeros((len(rows), trees), np.int64)
        while questions and at.size and at.min() < questions:
            at = 2 * at + 1 + np.take_along_axis(yes, at[:, :, None], axis=2)[:, :, 0]
        found = self.leaves[np.arange(trees), at - questions]
        shared = found.reshape(len(rows), len(self.constants), trees // len(self.constants))
        return np.asarray(self.constants + shared.sum(axis=2), np.float64)

    def to_table(self, names: Sequence[str]) -> dict[str, Any]:
        """Return the model as JSON keeps it; `names` are those of the features."""
        one = len(self.constants) == 1 and self.leaves.shape[1] == 4
        constants = self.constants.tolist()
        return {
            "schema": SCHEMA if one else SCHEMA_OF_CLASSES,
            "features": list(names),
            **({"constant": constants[0]} if one else {"constants": constants}),
            "trees": [
                {"ask": asked, "above": above, "leaves": leaves}
                for asked, above, leaves in zip(
                    self.features.tolist(), self.thresholds.tolist(), self.leaves.tolist(), strict=True
                )
            ],
        }


def read_boosted(place: Traversable, names: Sequence[str]) -> Boosted:
    """Return the model in a JSON file.

    Raises:
        ValueError: it is of another schema, or was fitted to other features than `names`.
    """
    try:
        return parse_boosted(json.loads(place.read_text(encoding="utf-8")), names)
    except ValueError as error:
        raise ValueError(f"{place}: {error}") from None


def parse_boosted(table: dict[str, Any], names: Sequence[str]) -> Boosted:
    """Return the model that `to_table` gave; raise ValueError as `read_boosted` does."""
    if table.get("schema") not in (SCHEMA, SCHEMA_OF_CLASSES) or table.get("features") != list(names):
        raise ValueError(
            f"a model of schema {SCHEMA} or {SCHEMA_OF_CLASSES} with the features {', '.join(names)} is needed"
        )
    trees = table["trees"]
    return Boosted(
        np.array(table.get("constants", [table.get("constant")]), np.float64),
        np.array([tree["ask"] for tree in trees], np.int64),
        np.array([tree["above"] for tree in trees], np.float64),
        np.array([tree["leaves"] for tree in trees], np.float64),
    )
