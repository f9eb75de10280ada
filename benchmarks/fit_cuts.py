"""`python -m benchmarks.fit_cuts`: fit what the cut detector knows to films with known cuts, and write it down.

It is fitted to films spliced from one half of the real takes and pictures; `benchmarks/cuts.py` judges on the other
half and on films whose cuts a person wrote down, which this never reads.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from benchmarks.cut_films import KnownFilm, make_known_films
from benchmarks.harness import ROOT, find_media
from rushes.footage.boosted import Boosted
from rushes.footage.cuts import WINDOW_FEATURES, hardness, staying, windows_of
from rushes.footage.scan import scan_film
from rushes.footage.signals import Signals
from rushes.footage.video import index_video
from rushes.storage.files import write_text

MODEL = ROOT / "src" / "rushes" / "footage" / "dissolves.json"
_TREES, _RATE, _SHARE, _LEAST = 80, 0.1, 0.7, 20
_SAME, _OTHER = 0.6, 0.0  # overlap from which a window is a dissolve, and up to which it is none

Rows = npt.NDArray[np.float32]
Truth = npt.NDArray[np.bool_]


def main() -> int:
    media = find_media()
    if media is None:
        print("fit_cuts: needs the folder of real footage; name it in RUSHES_MEDIA")
        return 2
    films = [(film, scan_of(film)) for film in make_known_films("fit", media, say=print)]
    fit_hard(films)
    rows, truth = windows_with_truth(films)
    model = fit_dissolves(rows, truth)
    levels = model.levels(rows)[:, 0]
    right = np.count_nonzero((levels > 0) == truth)
    print(f"dissolves: {len(truth):,} windows, {truth.sum()} of dissolves; {right / len(truth):.2%} right in the fit")
    write_text(MODEL, json.dumps(model.to_table(WINDOW_FEATURES), separators=(",", ":")).replace("},", "},\n") + "\n")
    print(f"written: {MODEL.relative_to(ROOT)}")
    return 0


def scan_of(film: KnownFilm) -> Signals:
    """Return the signals of a film."""
    return scan_film(film.path, index_video(film.path), source="").signals


def fit_hard(films: Sequence[tuple[KnownFilm, Signals]]) -> None:
    """Print the slope and the middle of the curve that makes `hardness` a confidence, and how much stays at a cut."""
    from sklearn.linear_model import LogisticRegression

    values: list[float] = []
    truth: list[bool] = []
    most = 0.0
    for film, signals in films:
        standing_out, stays = hardness(signals), staying(signals)
        hard = {cut.ordinal for cut in film.cuts if cut.kind == "hard"}
        near = {row for cut in film.cuts for row in range(cut.start - 2, cut.stop + 3)}
        most = max([most, *(float(stays[row]) for row in hard)])
        for row in range(1, signals.frame_count):
            if row in hard or (row not in near and signals.across[row] > 0.05):
                values.append(float(standing_out[row]))
                truth.append(row in hard)
    fitted = LogisticRegression(C=100).fit(np.array(values)[:, None], truth)
    slope = float(fitted.coef_[0, 0])
    middle = -float(fitted.intercept_[0]) / slope
    print(f"hard cuts: {sum(truth)} among {len(truth):,} steps; slope {slope:.2f}, middle {middle:.2f}")
    print(f"  at most {most:.2f} of the picture stays at one of them")
    print("  to be written as _HARD_SLOPE, _HARD_MIDDLE, _HARD_MOST_STAYING in src/rushes/footage/cuts.py")


def windows_with_truth(films: Sequence[tuple[KnownFilm, Signals]]) -> tuple[Rows, Truth]:
    """Return the features of windows that are dissolves or surely none, and which they are."""
    rows: list[Rows] = []
    truth: list[bool] = []
    for film, signals in films:
        for windows in windows_of(signals):
            for start, features in zip(windows.start.tolist(), windows.features, strict=True):
                overlap = [_overlap(start, start + windows.length, cut.start - 1, cut.stop) for cut in film.cuts]
                kinds = [cut.kind for cut, share in zip(film.cuts, overlap, strict=True) if share > _OTHER]
                gradual = max(
                    (s for s, cut in zip(overlap, film.cuts, strict=True) if cut.kind == "dissolve"), default=0
                )
                if "fade" in kinds or _OTHER < gradual < _SAME:
                    continue
                rows.append(features)
                truth.append(gradual >= _SAME)
    return np.array(rows, np.float32), np.array(truth)


def fit_dissolves(rows: Rows, truth: Truth) -> Boosted:
    """Return the model, fitted by scikit-learn's gradient boosting."""
    from sklearn.ensemble import GradientBoostingClassifier

    fitted = GradientBoostingClassifier(
        n_estimators=_TREES, max_depth=2, learning_rate=_RATE, subsample=_SHARE, min_samples_leaf=_LEAST, random_state=0
    ).fit(rows, truth)
    trees = [estimator.tree_ for estimator in fitted.estimators_[:, 0]]
    share = truth.mean()
    numbers = [_numbers_of(tree) for tree in trees]
    return Boosted(
        constants=np.array([np.log(share / (1 - share))]),
        features=np.array([asked for asked, _, _ in numbers], np.int64),
        thresholds=np.array([above for _, above, _ in numbers], np.float64),
        leaves=np.array([leaves for _, _, leaves in numbers], np.float64),
    )


def _numbers_of(tree: object) -> tuple[list[int], list[float], list[float]]:
    """Return questions, thresholds and leaves of a tree of depth two; a leaf that comes early is asked nothing more."""
    left, right, feature, threshold, value = (
        getattr(tree, name) for name in ("children_left", "children_right", "feature", "threshold", "value")
    )
    asked, above, leaves = [max(0, int(feature[0]))], [float(f"{threshold[0]:.6g}")], []
    for node in (left[0], right[0]):
        early = left[node] < 0
        asked.append(0 if early else int(feature[node]))
        above.append(0.0 if early else float(f"{threshold[node]:.6g}"))
        ends = (node, node) if early else (left[node], right[node])
        leaves += [float(f"{_RATE * value[end].item():.6g}") for end in ends]
    return asked, above, leaves


def _overlap(start: int, stop: int, first: int, last: int) -> float:
    """Return what two stretches share, of what both cover."""
    shared = max(0, min(stop, last) - max(start, first))
    return shared / (max(stop, last) - min(start, first))


if __name__ == "__main__":
    raise SystemExit(main())
