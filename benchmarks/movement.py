"""Movement of shots (static, motion, push, pull) from explicit motion, beside a backbone and a GRU, same clips."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from benchmarks.fit_movement import CLIPS
from benchmarks.harness import Outcome, Say, Target, find_media
from benchmarks.movement_clips import KnownShot, real_shots, series_of, sources_of, truths_of, virtual_shots
from benchmarks.movement_peer import features_of, fit_gru, predict
from rushes.evaluation.intervals import Interval, bootstrap, bootstrap_difference
from rushes.footage.movement import MOVEMENTS, motion_features
from rushes.footage.movement_model import movement_model
from rushes.learning.measures import Tallies
from rushes.learning.measures import measure as score

TRAIN, TEST = CLIPS, 600
TARGET = Target("ours", 0.05)
_VIRTUAL, _REAL = 0.95, 0.80
_SEEDS = (0, 1, 2)

Classes = npt.NDArray[np.int64]


def measure(say: Say) -> Outcome:
    say("Movement of a shot (static, motion, push, pull): the model that comes with rushes, on the motion of the scan;")
    say("peer: MobileNetV2's features of 16 frames and a GRU, fitted to clips of the same train half, three seeds.")
    media = find_media()
    if media is None:
        say("Not measured: the folder of real footage is missing.")
        return Outcome("movement", None, None, "missing of macro-F1", TARGET)
    train = virtual_shots("train", media, count=TRAIN, say=say)
    parts = {
        "virtual-camera clips over unseen sources": virtual_shots("test", media, count=TEST, say=say),
        "real shots labelled by eye": real_shots(media),
    }
    seen = {shot.source for shot in train}
    learned = features_of(train, media, say)
    networks = [fit_gru(learned, truths_of(train), sources_of(train), seed=seed) for seed in _SEEDS]
    missing: list[tuple[float, float]] = []
    holds = True
    for name, shots in parts.items():
        assert not seen & {shot.source for shot in shots}, "no source stands on both sides"
        rows = np.stack([motion_features(series) for series in series_of(shots)])
        # The virtual clips have equal shares of the classes; to real shots the shares of films apply.
        model = movement_model()
        ours = (model.scores(rows) if name.startswith("real") else model.evidence(rows)).argmax(axis=1)
        features = features_of(shots, media, say)
        peer = np.mean([predict(network, features) for network in networks], axis=0).argmax(axis=1)
        figures = _compare(name, shots, ours, peer, say)
        missing.append((1 - figures[0], 1 - figures[1]))
        holds &= figures[2]
    return Outcome("movement", *missing[0], "missing of macro-F1", TARGET, condition=holds)


def _compare(
    name: str, shots: Sequence[KnownShot], ours: Classes, peer: Classes, say: Say
) -> tuple[float, float, bool]:
    """Say how both do, and return their macro-F1 and whether ours reaches what is promised beside the target."""
    truth = truths_of(shots)
    say(f"{len(shots)} {name}, {len({shot.source for shot in shots})} sources: "
        + ", ".join(f"{np.count_nonzero(truth == k)} {word}" for k, word in enumerate(MOVEMENTS)))  # fmt: skip
    majority = np.full(len(truth), np.bincount(truth).argmax())
    tallies = {"ours": _tallies(shots, ours), "GRU": _tallies(shots, peer), "majority": _tallies(shots, majority)}
    macro, f1 = {}, {}
    for who, counts in tallies.items():
        whole = score(Tallies(*(part.sum(axis=0) for part in (counts.found, counts.labelled, counts.predicted))))
        precision, recall, f1[who] = (np.nan_to_num(part) for part in (whole.precision, whole.recall, whole.f1))
        macro[who] = float(f1[who].mean())
        say(f"  {who}: macro-F1 {macro[who]:.3f} {_words(bootstrap(counts, seed=0).f1_macro)}, "
            f"accuracy {float(whole.accuracy):.3f}")  # fmt: skip
        for k, word in enumerate(MOVEMENTS):
            say(f"    {word:<8} precision {precision[k]:.3f}  recall {recall[k]:.3f}  F1 {f1[who][k]:.3f}")
    gain = bootstrap_difference(tallies["GRU"], tallies["ours"], seed=0).f1_macro
    say(f"  gained over the GRU: {macro['ours'] - macro['GRU']:+.3f} {_words(gain)}")
    ahead = gain.low is not None and gain.low > 0
    if name.startswith("real"):
        return macro["ours"], macro["GRU"], ahead and macro["ours"] >= _REAL
    return macro["ours"], macro["GRU"], ahead and bool(f1["ours"][2:].min() >= _VIRTUAL)


def _tallies(shots: Sequence[KnownShot], found: Classes) -> Tallies:
    """Return counts of (sources, MOVEMENTS)."""
    truth, sources = truths_of(shots), sources_of(shots)

    def counted(classes: Classes, kept: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
        table = np.zeros((sources.max() + 1, len(MOVEMENTS)), np.int64)
        np.add.at(table, (sources[kept], classes[kept]), 1)
        return table

    every = np.ones(len(truth), np.bool_)
    return Tallies(counted(truth, truth == found), counted(truth, every), counted(found, every))


def _words(interval: Interval) -> str:
    return f"[{interval.low:.3f} to {interval.high:.3f}]" if interval.low is not None else f"({interval.reason})"
