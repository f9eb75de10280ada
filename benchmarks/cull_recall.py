"""What a cull keeps of the good photographs of shoots that nothing was learned or chosen from, beside baselines."""

from __future__ import annotations

import csv
import tempfile
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from benchmarks.cull_shoots import (
    CLASSES,
    GOOD,
    WEIGHTS,
    Labelled,
    find_pictures,
    label_pictures,
    recipe_of_head,
    rotate,
    train_in,
    write_labelled,
)
from benchmarks.harness import Outcome, Say, Target, find_media
from rushes.datasets.photo_measures import read_photo_measures
from rushes.errors import MediaError
from rushes.evaluation.draws import draw_sums, interval_of
from rushes.evaluation.interval import Interval
from rushes.evaluation.scores import average_precision
from rushes.inference.cull_control import Control, ShootRecall, choose_control
from rushes.learning.predictions import Predictions, read_predictions, take_rows

if TYPE_CHECKING:
    from rushes.labels.manifest import Part
    from rushes.learning.runs import Run

TARGET = Target("ratio", 1)
ROTATIONS = 4
RECALLS = (0.95, 0.99)
_SHOOTS, _SCENES, _SEED = 16, 12, 8  # decided before anything was trained
_LONG_SIDE = 640  # pixels: a part of a picture of shared media holds no more detail
_BLOCKS = 8
_TALKSHOW = "labels/woman_talkshow_frames.csv"
# The design of the study's grid with the best macro-F1 on generated films, with 20 % removed, and as many units as the
# recipe `cnn` has: whole it takes four times as long here.
_DESIGN, _UNITS, _REMOVED = "cnn-6x6", [24, 24, 32, 32, 48], 0.2

OURS, PIXELS, MEASURES, CNN, SHARP, MAJORITY = "measured", "pixels", "measures", "cnn", "sharpness", "majority"
BASELINES = (CNN, SHARP, MAJORITY)
WORDS = {
    OURS: "a linear head on MobileNetV2's features and the measures (recipe cull-quality); stated beforehand as ours",
    PIXELS: "the same recipe without measures",
    MEASURES: "a linear head on the measures alone (the ablation of that run)",
    CNN: f"the study's {_DESIGN} from scratch on 128 x 128 gray, with the units of the recipe cnn, {_REMOVED:.0%} of "
    "the majority left out (docs/baselines.md)",
    SHARP: "the measure `sharpness` as the score; nothing is learned",
    MAJORITY: "one score for all, which picks all or none",
}

Answers = dict[str, Predictions]


@dataclass(frozen=True, slots=True)
class Judged:
    """How a model does on the shoots that were test, each once.

    Attributes:
        precisions: shoot -> average precision; shoots without a good photograph are not there.
        kept: recall that was asked for -> shoot -> what its threshold, chosen on validation, keeps.
    """

    precisions: Mapping[str, float]
    kept: Mapping[float, Mapping[str, ShootRecall]]

    @property
    def precision(self) -> float:
        return float(np.mean(list(self.precisions.values())))


def measure(say: Say) -> Outcome:
    media = find_media()
    if media is None:
        say("Not measured: it needs shared/media with its pictures and the MobileNetV2 weights (or RUSHES_MEDIA).")
        return Outcome("cull_recall", None, None, "missing of average precision", TARGET)
    say("How many good photographs a cull keeps on shoots that nothing was learned or chosen from.")
    say(f"Shoots stand in {ROTATIONS} parts of which one is test, the next validation and the others train, in turn: "
        "each shoot is test once. The threshold for a recall is chosen on validation by choose_control, as `rushes "
        "cull` does (a calibration moves no photograph past another, so scores are taken as they are). Average "
        "precision is of each shoot, then their mean; intervals are of 1000 draws of shoots. Draws do not know that "
        "shoots of one part share a model. Every setting was fixed before a test shoot was looked at.")  # fmt: skip
    for name, words in WORDS.items():
        say(f"  {name}: {words}")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        pictures = find_pictures(media, _SHOOTS * _SCENES)
        shoots = write_labelled(folder / "shoots", pictures, shoots=_SHOOTS, scenes=_SCENES, seed=_SEED,
                                long_side=_LONG_SIDE)  # fmt: skip
        good = sum(row.class_name == GOOD for row in shoots.rows)
        say(f"\nGenerated shoots: {_SHOOTS} of {_SCENES} scenes each, {len(shoots.rows)} photographs made of "
            f"{len(pictures)} photographs of shared media, {good} picked. Single photographs, bursts, brackets, stacks "
            "and panoramas, some out of focus, shaken, wrongly exposed, too close or tilted; of a burst only the best "
            "is picked, and 5 % of decisions go the other way, which no "
            "score of single photographs can know.")  # fmt: skip
        found = _judge_all(folder / "generated", shoots, media, say)
        outcome = _decide(found, say)
        talkshow = _talkshow(media)
        say(f"\nLabelled frames: {len(talkshow.rows)} shots of a talk show by {_TALKSHOW}, {_BLOCKS} blocks in their "
            "order as shoots. Good are medium close-ups (column mcu): a photographer who picks by framing, not by how "
            "well a picture came out. All are of one show with the same people, so it says nothing of other shows, and "
            "nothing of quality. It decides nothing here.")  # fmt: skip
        _judge_all(folder / "talkshow", talkshow, media, say)
    return outcome


def _judge_all(folder: Path, labelled: Labelled, media: Path, say: Say) -> dict[str, Judged]:
    """Say how each model does on shoots it never saw, and return it."""
    turns = [_answer(folder, labelled, parts, media) for parts in rotate(labelled.groups, ROTATIONS)]
    found = {name: _judge([answers[name] for answers in turns]) for name in WORDS}
    say(f"  {'':<10} {'average precision':<24}" + "".join(
        f"{f'asked {recall}: recall':<27}{'kept of all':<24}{'precision':<11}" for recall in RECALLS
    ))  # fmt: skip
    for name, judged in found.items():
        say(f"  {name:<10} {_estimate(judged.precisions):<24}" + "".join(_line(judged, asked) for asked in RECALLS))
    if labelled.qualities:
        known = _judge([_by_quality(answers[OURS], labelled.qualities) for answers in turns])
        say(f"  who knew what was done to each photograph: average precision {_estimate(known.precisions)}")
        alone = [f"{name} {_estimate(_of_singles([answers[name] for answers in turns], labelled))}" for name in WORDS]
        say(f"  average precision on the {len(labelled.singles)} single photographs alone, which no other frame of a "
            f"series decides on: {', '.join(alone)}")  # fmt: skip
    _say_shoots(found, say)
    return found


def _answer(folder: Path, labelled: Labelled, parts: Mapping[str, Part], media: Path) -> dict[str, Answers]:
    """Return model -> what it answers on the validation and test shoots of one turn."""
    weights = media / WEIGHTS
    runs = {
        OURS: train_in(folder, labelled, parts, recipe_of_head(weights, measures=True)),
        PIXELS: train_in(folder, labelled, parts, recipe_of_head(weights, measures=False)),
        CNN: train_in(folder, labelled, parts, _recipe_of_cnn()),
    }
    answers = {name: _answers_of(run) for name, run in runs.items()}
    sharpness = _sharpness_of(folder, labelled)
    return answers | {
        MEASURES: _of_measures(runs[OURS]),
        SHARP: {part: _scored(one, sharpness) for part, one in answers[OURS].items()},
        MAJORITY: {part: _scored(one, dict.fromkeys(one.frames, 0.5)) for part, one in answers[OURS].items()},
    }


def _recipe_of_cnn() -> dict[str, Any]:
    return {
        "schema": "recipe/2",
        "name": "cnn",
        "task": "select",
        "model": {"kind": "cnn", "design": _DESIGN, "units": _UNITS},
        "balance": {"loss": "plain", "remove": _REMOVED},
    }


def _answers_of(run: Run) -> Answers:
    return {part: read_predictions(run.predictions_file(part)) for part in ("validation", "test")}


def _of_measures(run: Run) -> Answers:
    from rushes.learning.ablation import read_ablation

    kept = read_ablation(run)
    assert kept is not None
    return dict(kept.answers["measures"])


def _sharpness_of(folder: Path, labelled: Labelled) -> dict[str, float]:
    measured = read_photo_measures(labelled.rows, project_root=labelled.root, cache_folder=folder / "cache")
    return {frame: one.sharpness for frame, one in measured.items() if not isinstance(one, MediaError)}


def _scored(answered: Predictions, scores: Mapping[str, float]) -> Predictions:
    """Return predictions with other scores, 0 to 1, for the same photographs."""
    good = np.array([scores[frame] for frame in answered.frames], np.float32)
    columns = {GOOD: good, CLASSES[0]: 1 - good}
    return replace(answered, probabilities=np.stack([columns[name] for name in answered.classes], axis=1))


def _by_quality(answers: Answers, qualities: Mapping[str, float]) -> Answers:
    scores = {frame: 1 / (1 + float(np.exp(-quality))) for frame, quality in qualities.items()}
    return {part: _scored(one, scores) for part, one in answers.items()}


def _judge(turns: Sequence[Answers]) -> Judged:
    precisions: dict[str, float] = {}
    kept: dict[float, dict[str, ShootRecall]] = defaultdict(dict)
    for answers in turns:
        precisions |= _precisions(answers["test"])
        for asked in RECALLS:
            promise = choose_control(Control("recall", asked), answers, class_name=GOOD)
            assert promise.test is not None
            kept[asked] |= {shoot.shoot: shoot for shoot in promise.test.shoots}
    return Judged(precisions, kept)


def _precisions(answered: Predictions) -> dict[str, float]:
    column = answered.classes.index(GOOD)
    good, groups = answered.truth == column, np.array(answered.groups)
    found = {}
    for group in sorted(set(answered.groups)):
        there = groups == group
        score = average_precision(good[there], answered.probabilities[there, column])
        if score.value is not None:
            found[group] = score.value
    return found


def _of_singles(turns: Sequence[Answers], labelled: Labelled) -> dict[str, float]:
    """Return shoot -> average precision on its photographs that belong to no series."""
    found: dict[str, float] = {}
    for answers in turns:
        rows = [row for row, frame in enumerate(answers["test"].frames) if frame in labelled.singles]
        found |= _precisions(take_rows(answers["test"], rows))
    return found


def _decide(found: Mapping[str, Judged], say: Say) -> Outcome:
    """Say how far ours is from the others, and return the outcome beside the best baseline."""
    ours, best = found[OURS], max(BASELINES, key=lambda name: found[name].precision)
    for name in (best, *(other for other in WORDS if other not in (OURS, best))):
        say(f"  {OURS} - {name}: average precision {_estimate(_gained(ours, found[name]))}"
            f"{', the best baseline' if name == best else ''}")  # fmt: skip
    gained = _interval(list(_gained(ours, found[best]).values()))
    above = _interval(list(found[best].precisions.values())).high
    holds = gained.low is not None and gained.low > 0 and above is not None and ours.precision > above
    say(f"The line below: what {OURS} and {best} miss of an average precision of 1. Beside the ratio it must hold that "
        f"what {OURS} gains has an interval above 0, and that it lies above the interval of {best}.")  # fmt: skip
    return Outcome(
        "cull_recall", 1 - ours.precision, 1 - found[best].precision, "missing of average precision", TARGET,
        condition=holds,
    )  # fmt: skip


def _gained(ours: Judged, other: Judged) -> dict[str, float]:
    return {shoot: value - other.precisions[shoot] for shoot, value in ours.precisions.items()}


def _interval(values: Sequence[float]) -> Interval:
    sums = np.stack([np.array(values), np.ones(len(values))], axis=1)
    drawn = draw_sums(sums, seed=0)
    return interval_of(drawn[:, 0] / drawn[:, 1], len(values), is_difference=True)


def _estimate(values: Mapping[str, float]) -> str:
    return f"{np.mean(list(values.values())):.3f} {_words(_interval(list(values.values())))}"


def _line(judged: Judged, asked: float) -> str:
    counts = _counts(judged.kept[asked].values())
    total, drawn = counts.sum(axis=0), draw_sums(counts, seed=0)

    def share(part: int, whole: int) -> str:
        with np.errstate(invalid="ignore", divide="ignore"):
            interval = interval_of(drawn[:, part] / drawn[:, whole], len(counts))
        return f"{total[part] / max(total[whole], 1):.3f} {_words(interval)}"

    return f"{share(3, 1):<27}{share(2, 0):<24}{total[3] / max(total[2], 1):<11.3f}"


def _counts(shoots: Any) -> npt.NDArray[np.int64]:
    """Return (shoots, 4) photographs, good ones, picked, and good ones that are picked."""
    return np.array([[one.photographs, one.keepers, one.picked, one.kept] for one in shoots], np.int64)


def _say_shoots(found: Mapping[str, Judged], say: Say) -> None:
    say(f"  By shoot: average precision, and good ones kept and all picked where {RECALLS[0]} was asked for")
    say(f"  {'shoot':<10}{'all':>5}{'good':>6}  " + "".join(f"{name:<22}" for name in found))
    for shoot, own in sorted(found[OURS].kept[RECALLS[0]].items()):
        cells = []
        for judged in found.values():
            one, precision = judged.kept[RECALLS[0]][shoot], judged.precisions.get(shoot)
            cells.append(f"{'  -  ' if precision is None else f'{precision:.3f}'} {one.kept:>3} good {one.picked:>3}")
        say(f"  {shoot:<10}{own.photographs:>5}{own.keepers:>6}  " + "".join(f"{cell:<22}" for cell in cells))


def _words(interval: Interval) -> str:
    return f"[{interval.low:.3f}, {interval.high:.3f}]" if interval.low is not None else "[-]"


def _talkshow(media: Path) -> Labelled:
    """Return the shots of a talk show, in blocks of neighbours."""
    with (media / _TALKSHOW).open(newline="", encoding="utf-8") as file:
        shots = sorted(csv.DictReader(file), key=lambda row: int(row["shot"]))
    return label_pictures(
        media,
        [(row["file"], row["mcu"] == "yes", f"block-{place * _BLOCKS // len(shots) + 1}")
         for place, row in enumerate(shots)],
        long_side=_LONG_SIDE,
    )  # fmt: skip
