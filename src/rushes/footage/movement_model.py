"""The movement of a shot's camera as the model that comes with rushes reads it from the scan."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

import numpy as np
import numpy.typing as npt

from rushes.footage.boosted import Boosted, parse_boosted
from rushes.footage.cuts import is_blank
from rushes.footage.movement import (
    FEATURES,
    MOVEMENTS,
    Values,
    backwards,
    motion_features,
    motion_series,
)
from rushes.footage.movement_words import NOT_FOLLOWED, TOO_SHORT, describe_motion
from rushes.footage.signals import Signals

SCHEMA = "movement/2"
# Shares of the classes in films: the 8,149 test shots of MovieShots that have one of the four movements.
FILM_SHARES = (0.6705, 0.2927, 0.027, 0.0098)
MIRRORED = np.array([MOVEMENTS.index(name) for name in ("static", "motion", "pull", "push")])  # played backwards
TRUSTED = FEATURES.index("trusted")  # share of the pairs that count
FARTHEST = 4.0  # spreads from the mean: what is measured farther out counts no more than this in the regression

Scores = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Movement:
    """What the camera does in a shot.

    Attributes:
        scores: probability of each of MOVEMENTS, in that order; they sum to 1.
        reason: what was measured, in one line.
        note: why the scores say no more than what is usual in films; None where something was measured.
    """

    scores: Mapping[str, float]
    reason: str
    note: str | None = None

    @property
    def predicted_class(self) -> str:
        """The most probable of MOVEMENTS."""
        return max(self.scores, key=lambda name: self.scores[name])


@dataclass(frozen=True, slots=True, eq=False)
class MovementModel:
    """Boosted trees and a logistic regression whose probabilities are averaged.

    Both see a shot as it is and as it would be backwards, where a push is a pull; so neither has a liking for one.

    Attributes:
        trees: levels of (rows, MOVEMENTS).
        means, scales: (FEATURES,), what the regression's features are brought to the same size by.
        weights: (MOVEMENTS, FEATURES); `constants`: (MOVEMENTS,).
        trees_share: of the average.
        sharpness: factor of the average's logarithm, which makes the probabilities true to what was counted.
        prior: (MOVEMENTS,), added to the logarithm: how much rarer each class is in films than in what was fitted to.
        floor: (MOVEMENTS,), probability that each class keeps whatever was measured: clips that a model is fitted to
            are cleaner than films, and nothing is certain.
    """

    trees: Boosted
    means: Scores
    scales: Scores
    weights: Scores
    constants: Scores
    trees_share: float
    sharpness: float
    prior: Scores
    floor: Scores

    def scores(self, features: Values) -> Scores:
        """Return probabilities, (rows, FEATURES) -> (rows, MOVEMENTS).

        Of shots in which nothing could be followed they are FILM_SHARES: the model has nothing to go by.
        """
        shares = shares_of(self.sharpness * np.log(np.maximum(self.evidence(features), 1e-9)) + self.prior)
        measured = np.asarray(features)[:, TRUSTED, None] > 0
        return np.where(measured, (1 - self.floor.sum()) * shares + self.floor, np.array(FILM_SHARES))

    def evidence(self, features: Values) -> Scores:
        """Return probabilities where all classes are equally frequent and nothing was calibrated."""
        both = [self._one_way(features), self._one_way(backwards(features))[:, MIRRORED]]
        return np.asarray((both[0] + both[1]) / 2, np.float64)

    def _one_way(self, features: Values) -> Scores:
        trees = shares_of(self.trees.levels(features))
        even = np.clip((features - self.means) / self.scales, -FARTHEST, FARTHEST)
        linear = shares_of(even @ self.weights.T + self.constants)
        return self.trees_share * trees + (1 - self.trees_share) * linear

    def to_table(self) -> dict[str, Any]:
        """Return the model as JSON keeps it."""
        return {
            "schema": SCHEMA,
            "classes": list(MOVEMENTS),
            "trees_share": self.trees_share,
            "sharpness": self.sharpness,
            "prior": self.prior.tolist(),
            "floor": self.floor.tolist(),
            "linear": {
                "means": self.means.tolist(),
                "scales": self.scales.tolist(),
                "constants": self.constants.tolist(),
                "weights": self.weights.tolist(),
            },
            "boosted": self.trees.to_table(FEATURES),
        }


def parse_movement_model(table: Mapping[str, Any]) -> MovementModel:
    """Return the model that `to_table` gave.

    Raises:
        ValueError: it is of another schema, or was fitted to other classes or features.
    """
    if table.get("schema") != SCHEMA or table.get("classes") != list(MOVEMENTS):
        raise ValueError(f"a model of schema {SCHEMA} with the classes {', '.join(MOVEMENTS)} is needed")
    linear = table["linear"]
    return MovementModel(
        trees=parse_boosted(table["boosted"], FEATURES),
        means=np.array(linear["means"], np.float64),
        scales=np.array(linear["scales"], np.float64),
        weights=np.array(linear["weights"], np.float64),
        constants=np.array(linear["constants"], np.float64),
        trees_share=float(table["trees_share"]),
        sharpness=float(table["sharpness"]),
        prior=np.array(table["prior"], np.float64),
        floor=np.array(table["floor"], np.float64),
    )


def read_movement_model(place: Traversable) -> MovementModel:
    """Return the model in a JSON file; raise ValueError as `parse_movement_model` does, with the file's name."""
    try:
        return parse_movement_model(json.loads(place.read_text(encoding="utf-8")))
    except ValueError as error:
        raise ValueError(f"{place}: {error}") from None


@cache
def movement_model() -> MovementModel:
    """Return the model that comes with rushes; `python -m benchmarks.fit_movement` fits it."""
    return read_movement_model(files("rushes.footage") / "movement.json")


def read_movement(signals: Signals, start: int, stop: int) -> Movement:
    """Return what the camera does in the frames `[start, stop)`, both ordinals, of a film.

    Where nothing can be measured, in a shot of a frame or two, on a black picture, where nothing could be followed, or
    beyond the film's end, the scores are the shares of the classes in films, and `note` says why.
    """
    first, last = (int(row) for row in np.searchsorted(signals.ordinal, [start, stop]))
    series = motion_series(signals, start, stop)
    if last > first and bool(is_blank(signals.between(first, last)).all()):
        return _usual("the picture is one even colour", "blank")
    if not len(series.seconds):
        return _usual(TOO_SHORT, "too short" if last > first else "no frames")
    if not series.trusted.any():
        return _usual(NOT_FOLLOWED, "nothing could be followed")
    scores = movement_model().scores(motion_features(series)[None])[0]
    named = dict(zip(MOVEMENTS, scores.tolist(), strict=True))
    return Movement(named, describe_motion(series, max(named, key=lambda name: named[name])))


def _usual(reason: str, note: str) -> Movement:
    return Movement(dict(zip(MOVEMENTS, np.array(FILM_SHARES).tolist(), strict=True)), reason, note)


def shares_of(levels: npt.NDArray[np.floating]) -> Scores:
    """Return the softmax of levels, row by row."""
    raised = np.exp(levels - levels.max(axis=1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=1, keepdims=True), np.float64)


def prior_of(shares: Sequence[float], strength: float) -> Scores:
    """Return what is added to the logarithms of probabilities fitted on equal shares, for other shares."""
    return np.asarray(strength * np.log(np.array(shares) / sum(shares) * len(shares)), np.float64)
