"""`python -m benchmarks.fit_movement`: fit what reads movement to virtual-camera clips, and write it down.

It is fitted to clips over the train half of the clear-rights media alone; its settings are chosen by cross-validation
over sources within that half. `benchmarks/movement.py` judges on the other half and on real shots labelled by eye.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from benchmarks.harness import ROOT, find_media
from benchmarks.movement_clips import series_of, sources_of, truths_of, virtual_shots
from rushes.footage.boosted import Boosted
from rushes.footage.motion import MEAN_RADIUS
from rushes.footage.movement import MOVEMENTS, SERIES_COLUMNS, MotionSeries, Values, backwards, motion_features
from rushes.footage.movement_model import FILM_SHARES, MovementModel, prior_of, shares_of
from rushes.footage.scanner import SLOW_STEPS
from rushes.storage.files import write_text

MODEL = ROOT / "src" / "rushes" / "footage" / "movement.json"
CLIPS = 1200
_FOLDS = 6
# A camera in a hand that people call static: frame widths, frame widths a second, logarithm a second.
_SWAY, _DRIFT, _CREEP, _CREEPING = 0.009, 0.022, 0.02, 0.5
_NOISE = 0.12 / 160  # frame widths: how exactly a corner is followed
_GROWTHS = ("zoom", "ring_zoom", "centre_zoom", "zoom_x", "zoom_y", "spread_zoom")
_AS_GOOD = 0.01  # of macro-F1
_FLOOR = 0.02  # of the shares of films in every answer: clips are cleaner than films, and teach too much certainty
_PLAYED_BACKWARDS = np.array([0, 1, 3, 2])  # a push becomes a pull

Truth = npt.NDArray[np.int64]
Scores = npt.NDArray[np.float64]


def main() -> int:
    media = find_media()
    if media is None:
        print("fit_movement: needs the folder of real footage; name it in RUSHES_MEDIA")
        return 2
    shots = virtual_shots("train", media, count=CLIPS, say=print)
    model = fit_whole(lessons_of(list(series_of(shots)), truths_of(shots), sources_of(shots)))
    write_text(MODEL, json.dumps(model.to_table(), separators=(",", ":")).replace("},", "},\n") + "\n")
    print(f"written: {MODEL.relative_to(ROOT)}, {MODEL.stat().st_size / 1024:.0f} KB")
    return 0


def fit_whole(lessons: Lessons) -> MovementModel:
    """Return the model, its calibration and prior set by cross-validation over sources."""
    evidence, truth = out_of_fold(lessons), lessons.truth
    found, real = evidence.argmax(axis=1), lessons.real
    print(f"{real.sum():,} clips, {lessons.sources.max() + 1} sources, {_FOLDS} folds: macro-F1 "
          f"{macro_f1(truth[real], found[real]):.3f}; swayed: {np.mean(found[~real] == 0):.1%} static")  # fmt: skip
    strength = choose_prior(evidence, truth)
    prior = prior_of(FILM_SHARES, strength)
    sharpness = calibrate(evidence, truth, prior)
    print(f"prior at {strength:.2f} of its full strength; sharpness with it {sharpness:.2f}")
    _say_how_sure(as_shipped(evidence, sharpness, prior), truth)
    model = fit_once(lessons.rows, truth)
    return replace(model, sharpness=sharpness, prior=prior, floor=_FLOOR * np.array(FILM_SHARES))


@dataclass(frozen=True, slots=True, eq=False)
class Lessons:
    """What is learned from, a row per shot: features, classes and sources; `real` says which are clips as they are."""

    rows: Values
    truth: Truth
    sources: Truth
    real: npt.NDArray[np.bool_]


def lessons_of(series: Sequence[MotionSeries], truth: Truth, sources: Truth) -> Lessons:
    """Return clips as they are, and those at rest once more as a hand-held camera would have taken them."""
    dice = np.random.default_rng(0)
    rest = np.flatnonzero(truth == MOVEMENTS.index("static"))
    swayed = [sway(series[row], dice) for row in rest]
    rows = np.stack([motion_features(one) for one in [*series, *swayed]])
    again = np.concatenate([np.arange(len(series)), rest])
    return Lessons(rows, truth[again], sources[again], np.arange(len(rows)) < len(series))


def sway(series: MotionSeries, dice: np.random.Generator) -> MotionSeries:
    """Return what would be measured had the camera been in a hand: it wanders, drifts and creeps a little.

    People call that static, as MovieShots' definition does with a slight shake. The least that the virtual camera
    moves where its label is motion, push or pull is about where this ends.
    """
    size, drift = _SWAY * 10 ** dice.uniform(-1, 0), _DRIFT * dice.uniform(0, 1)
    creep = _CREEP * dice.uniform(-1, 1) * (dice.random() < _CREEPING)
    angle = dice.uniform(0, 2 * np.pi)
    values = series.values.copy()
    end = series.seconds.astype(np.float64)
    for slow, steps in (("", 1), ("slow_", SLOW_STEPS)):
        span = np.maximum(series.seconds_each.astype(np.float64), 1e-3) * steps
        measured = values[:, SERIES_COLUMNS.index(f"{slow}support")] > 0
        moved = np.zeros(len(values))
        for axis, part in (("x", np.cos(angle)), ("y", np.sin(angle))):
            rate = drift * part + (_wander(end, size, axis, angle) - _wander(end - span, size, axis, angle)) / span
            moved = np.hypot(moved, rate * span)
            for name in ("pan", "ring_pan"):
                values[:, SERIES_COLUMNS.index(f"{slow}{name}_{axis}")] += np.where(measured, rate, 0)
        for name in _GROWTHS:
            values[:, SERIES_COLUMNS.index(f"{slow}{name}")] += np.where(measured, creep, 0)
        vote = np.tanh(creep * span * MEAN_RADIUS / _NOISE)
        for name in ("outward", "spread_vote"):
            column = values[:, SERIES_COLUMNS.index(f"{slow}{name}")]
            column[:] = np.clip(column + np.where(measured, vote, 0), -1, 1)
        # Corners at rest no longer are, and their flow comes from afar.
        goes = measured & (moved > 3 * _NOISE)
        values[goes, SERIES_COLUMNS.index(f"{slow}still")] *= 0.05
        values[goes, SERIES_COLUMNS.index(f"{slow}rest")] = -np.abs(values[goes, SERIES_COLUMNS.index(f"{slow}rest")])
        values[goes, SERIES_COLUMNS.index(f"{slow}focus")] = 4.0
        values[goes, SERIES_COLUMNS.index(f"{slow}focus_vote")] *= 0.2
    return replace(series, values=values)


def _wander(seconds: npt.NDArray[np.float64], size: float, axis: str, phase: float) -> npt.NDArray[np.float64]:
    """Return where a hand holds the picture at these times: three slow waves of this standard deviation together."""
    dice = np.random.default_rng([int(1e6 * phase), axis == "x"])
    rates, starts = np.exp(dice.uniform(np.log(0.3), np.log(2.5), 3)), dice.uniform(0, 2 * np.pi, 3)
    waves = np.sin(2 * np.pi * np.outer(seconds, rates) + starts) / np.sqrt(rates)
    return np.asarray(size * waves.sum(axis=1) / np.sqrt((1 / rates).sum() / 2), np.float64)


def out_of_fold(lessons: Lessons, **settings: float) -> Scores:
    """Return evidence of each clip from a model that saw no clip of its source, (clips, MOVEMENTS)."""
    found = np.zeros((len(lessons.rows), len(MOVEMENTS)))
    for held in folds_of(lessons.sources):
        model = fit_once(lessons.rows[~held], lessons.truth[~held], **settings)
        found[held] = model.evidence(lessons.rows[held])
    return found


def folds_of(sources: Truth) -> Iterator[npt.NDArray[np.bool_]]:
    """Yield for each fold which clips it holds."""
    order = np.random.default_rng(0).permutation(sources.max() + 1)
    for fold in range(_FOLDS):
        yield np.isin(sources, order[fold::_FOLDS])


def fit_once(
    rows: Values,
    truth: Truth,
    *,
    rounds: float = 120,
    depth: float = 3,
    rate: float = 0.08,
    least: float = 20,
    columns: float = 0.3,
    penalty: float = 0.03,
    share: float = 0.5,
) -> MovementModel:
    """Return a model without calibration, fitted by scikit-learn to shots as they are and as they would be backwards.

    Args:
        rounds, depth, rate, least, columns: of the trees: how many for each class, questions from top to leaf, step,
            fewest clips at a leaf, and share of the features that each question may choose from.
        penalty: of the regression's weights: scikit-learn's C.
        share: of the trees in the average.
    """
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.linear_model import LogisticRegression

    both = np.concatenate([rows, backwards(rows)])
    truths = np.concatenate([truth, _PLAYED_BACKWARDS[truth]])
    boosted = HistGradientBoostingClassifier(
        max_iter=int(rounds), max_depth=int(depth), learning_rate=rate, min_samples_leaf=2 * int(least),
        max_features=columns, early_stopping=False, random_state=0, l2_regularization=1.0,
    ).fit(both, truths)  # fmt: skip
    means = both.mean(axis=0).astype(np.float64)
    scales = np.maximum(both.std(axis=0), 1e-3).astype(np.float64)
    even = np.clip((both - means) / scales, -4, 4)
    linear = LogisticRegression(C=penalty, max_iter=2000).fit(even, truths)
    return MovementModel(
        trees=_trees_of(boosted, int(depth)),
        means=_short(means), scales=_short(scales), weights=_short(linear.coef_), constants=_short(linear.intercept_),
        trees_share=share, sharpness=1.0, prior=np.zeros(len(MOVEMENTS)), floor=np.zeros(len(MOVEMENTS)),
    )  # fmt: skip


def calibrate(evidence: Scores, truth: Truth, prior: Scores) -> float:
    """Return the sharpness at which the shipped probabilities of held-out clips, weighed to films, are most likely."""
    weights, rows = weights_of(truth), np.arange(len(truth))
    choices = np.arange(0.2, 2.01, 0.05)
    losses = [-weights @ np.log(as_shipped(evidence, one, prior)[rows, truth]) for one in choices]
    return float(round(choices[int(np.argmin(losses))], 2))


def as_shipped(evidence: Scores, sharpness: float, prior: Scores) -> Scores:
    """Return the probabilities that the model would give of this evidence, the floor included."""
    shares = shares_of(sharpness * np.log(np.maximum(evidence, 1e-9)) + prior)
    return np.asarray((1 - _FLOOR) * shares + _FLOOR * np.array(FILM_SHARES), np.float64)


def weights_of(truth: Truth) -> Scores:
    """Return what each clip counts for its class to have the share that it has in films, (clips,)."""
    return np.asarray(np.array(FILM_SHARES)[truth] / np.bincount(truth)[truth], np.float64)


def _say_how_sure(probabilities: Scores, truth: Truth) -> None:
    """Say of held-out clips, weighed to films, how often what is said this surely is right."""
    weights, sure = weights_of(truth), probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == truth
    for low, high in pairwise((0.0, 0.6, 0.8, 0.9, 0.95, 0.98, 1.01)):
        there = (sure >= low) & (sure < high)
        if there.any():
            said, true = (float(np.average(one[there], weights=weights[there])) for one in (sure, right))
            print(f"  said at {low:.2f} or more: {there.sum()} clips, said {said:.3f}, right {true:.3f}")


def choose_prior(evidence: Scores, truth: Truth) -> float:
    """Return how strongly the shares of films are to count for the best macro-F1 in films.

    Held-out clips are weighed so that their classes have the shares that they have in films. Of strengths that are as
    good as the best, to what such figures are worth, the least is taken.
    """
    weights = weights_of(truth)
    choices = np.arange(0, 1.01, 0.1)
    scores = []
    for one in choices:
        prior = prior_of(FILM_SHARES, one)
        found = as_shipped(evidence, calibrate(evidence, truth, prior), prior).argmax(axis=1)
        scores.append(macro_f1(truth, found, weights))
    print("  macro-F1 in films by strength of the prior: " + ", ".join(f"{s:.3f}" for s in scores))
    return float(round(choices[int(np.argmax(np.array(scores) >= max(scores) - _AS_GOOD))], 2))


def macro_f1(truth: Truth, found: Truth, weights: Scores | None = None) -> float:
    """Return the mean F1 of MOVEMENTS."""
    from sklearn.metrics import f1_score

    return float(f1_score(truth, found, average="macro", labels=range(len(MOVEMENTS)), sample_weight=weights))


def _trees_of(fitted: object, depth: int) -> Boosted:
    """Return the numbers of scikit-learn's trees; those of a class together."""
    rounds = fitted._predictors  # type: ignore[attr-defined]
    trees = [_filled(rounds[one][name].nodes, depth) for name in range(len(MOVEMENTS)) for one in range(len(rounds))]
    return Boosted(
        constants=_short(np.ravel(fitted._baseline_prediction)),  # type: ignore[attr-defined]
        features=np.array([asked for asked, _, _ in trees], np.int64),
        thresholds=np.array([above for _, above, _ in trees], np.float64),
        leaves=np.array([leaves for _, _, leaves in trees], np.float64),
    )


def _filled(nodes: npt.NDArray[np.void], depth: int) -> tuple[list[int], list[float], list[float]]:
    """Return questions, thresholds and leaves of a tree; a leaf that comes early is asked nothing that matters."""
    at, asked, above = [0], [], []
    for _ in range(depth):
        below: list[int] = []
        for number in at:
            node = nodes[number]
            early = bool(node["is_leaf"])
            asked.append(0 if early else int(node["feature_idx"]))
            above.append(0.0 if early else float(f"{node['num_threshold']:.5g}"))
            below += [number, number] if early else [int(node["left"]), int(node["right"])]
        at = below
    return asked, above, [float(f"{nodes[number]['value']:.4g}") for number in at]


def _short(values: npt.NDArray[np.floating]) -> Scores:
    """Return numbers to five digits, as they are written down."""
    return np.array([float(f"{value:.5g}") for value in np.ravel(values)], np.float64).reshape(np.shape(values))


if __name__ == "__main__":
    raise SystemExit(main())
