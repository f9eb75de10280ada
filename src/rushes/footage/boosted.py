"""A small boosted model: trees of two questions each, kept as numbers in a JSON file."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources.abc import Traversable
from typing import Any

import numpy as np
import numpy.typing as npt

SCHEMA = "boosted/1"


@dataclass(frozen=True, slots=True, eq=False)
class Boosted:
    """Trees whose leaves are added up to a level: the logarithm of the odds.

    A tree asks its first question, then its second or its third by the answer; its four leaves stand for no-no, no-yes,
    yes-no and yes-yes, where yes is `feature > threshold`.

    Attributes:
        constant: the level without any tree.
        features: (trees, 3), which feature each question asks for.
        thresholds: (trees, 3).
        leaves: (trees, 4).
    """

    constant: float
    features: npt.NDArray[np.int64]
    thresholds: npt.NDArray[np.float64]
    leaves: npt.NDArray[np.float64]

    def levels(self, rows: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
        """Return the level of each row, (rows, features) -> (rows,)."""
        yes = rows[:, self.features] > self.thresholds  # (rows, trees, 3)
        leaf = np.where(yes[:, :, 0], 2 + yes[:, :, 2], yes[:, :, 1])
        return np.asarray(self.constant + self.leaves[np.arange(len(self.leaves)), leaf].sum(axis=1), np.float64)

    def to_table(self, names: Sequence[str]) -> dict[str, Any]:
        """Return the model as JSON keeps it; `names` are those of the features."""
        return {
            "schema": SCHEMA,
            "features": list(names),
            "constant": self.constant,
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
    table = json.loads(place.read_text(encoding="utf-8"))
    if table.get("schema") != SCHEMA or table.get("features") != list(names):
        raise ValueError(f"{place}: a model of schema {SCHEMA} with the features {', '.join(names)} is needed")
    trees = table["trees"]
    return Boosted(
        float(table["constant"]),
        np.array([tree["ask"] for tree in trees], np.int64),
        np.array([tree["above"] for tree in trees], np.float64),
        np.array([tree["leaves"] for tree in trees], np.float64),
    )
