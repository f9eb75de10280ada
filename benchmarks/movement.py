"""Movement of shots (static, motion, push, pull) from explicit motion, beside a backbone and a GRU, same clips."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from benchmarks.fit_movement import CLIPS
from benchmarks.harness import Outcome, Say, Target, find_media
from benchmarks.movement_clips import KnownShot, real_shots, series_of, sources_of, truths_of, virtual_shots
from benchmarks.movement_peer import choose_settings, features_of, fit_gru, predict
from rushes.evaluation.interval import Interval
from rushes.evaluation.intervals import bootstrap, bootstrap_difference
from rushes.footage.movement import MOVEMENTS, motion_features
from rushes.footage.movement_model import Scores, movement_model, shares_of
from rushes.learning.measures import Tallies
from rushes.learning.measures import measure as score

TRAIN, TEST = CLIPS, 600
TARGET = Target("ours", 0.05)
_VIRTUAL, _REAL = 0.95, 0.80
_SEEDS = (0, 1, 2)

Classes = npt.NDArray[np.int64]


def measure(say: Say) -> Outcome:
    say("Movement of a shot (static, motion, push, pull): the model that comes with rushes, on the motion of the scan;")
    say("peer: MobileNetV2's features of 16 frames and a GRU, fitted to clips of the same train half, backwards too.")
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
    known = truths_of(train), sources_of(train)
    width, rate = choose_settings(learned, *known, say)
    networks = [fit_gru(learned, *known, width=width, rate=rate, seed=seed)[0] for seed in _SEEDS]
    missing: list[tuple[float, float]] = []
    holds = True
    model = movement_model()
    for name, shots in parts.items():
        assert not seen & {shot.source for shot in shots}, "no source stands on both sides"
        rows = np.stack([motion_features(series) for series in series_of(shots)])
        features = features_of(shots, media, say)
        peer = np.mean([predict(network, features) for network in networks], axis=0)
        shipped = model.scores(rows)
        if name.startswith("real"):
            # The shares of films apply to real shots; the peer gets the same prior.
            ours, peer = shipped, shares_of(np.log(np.maximum(peer, 1e-9)) + model.prior)
            say("Real shots: both with the prior of the classes' shares in films.")
        else:
            ours = model.evidence(rows)
            say("Virtual clips: scored without the prior of films, for their classes have equal shares.")
        figures = _compare(name, shots, ours.argmax(axis=1), peer.argmax(axis=1), say)
        _say_shipped(shots, shipped, say)
        missing.append((1 - figures[0], 1 - figures[1]))
        holds &= figures[2]
    return Outcome("movement", *missing[0], "missing of macro-F1", TARGET, condition=holds)


def _say_shipped(shots: Sequence[KnownShot], shipped: Scores, say: Say) -> None:
    """Say how the model does as it is shipped, with the prior of films, and how often what it is sure of is right."""
    truth, found, sure = truths_of(shots), shipped.argmax(axis=1), shipped.max(axis=1)
    counts = _tallies(shots, found)
    whole = score(Tallies(*(part.sum(axis=0) for part in (counts.found, counts.labelled, counts.predicted))))
    say(f"  as shipped, with the prior of films: macro-F1 {float(np.nan_to_num(whole.f1).mean()):.3f}")
    for low, high in pairwise((0.0, 0.8, 0.9, 0.95, 0.98, 1.01)):
        there = (sure >= low) & (sure < high)
        if there.any():
            say(f"  said at {low:.2f} or more: {there.sum()} shots, said {sure[there].mean():.3f}, "
                f"right {(found == truth)[there].mean():.3f}")  # fmt: skip


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
