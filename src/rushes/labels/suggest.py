"""Suggested classes for frames that nobody labelled, from what their pictures show, with the reason for each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from rushes.errors import ProjectError
from rushes.footage.quality import Quality
from rushes.labels.neighbours import nearest_neighbours
from rushes.progress import Progress, silent
from rushes.project import SuggestSettings, Task

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]

_PAIRS = 4096  # of pictures, for the median distance
_STEEP = 4  # how suddenly a picture ceases to be a near-duplicate as it gets farther
_LEAST_LIKES = 1e-9  # below, distance alone decides
_SEED = 20261125
_SHARE_LEFT = 0.3  # of the frames up to a class, that the next one takes in what an error proposes


@dataclass(frozen=True, slots=True)
class QualityTest:
    """A test that makes a picture junk.

    Attributes:
        name: what fails it, as a person says it; also its key in the project.
        measure: attribute of Quality.
        fails_from: it fails at the threshold or above; else at the threshold or below.
        says: what is said of a picture that fails, with `value` and `limit`.
    """

    name: str
    measure: str
    fails_from: bool
    says: str


# The first that a picture fails is its reason.
QUALITY_TESTS = (
    QualityTest("black", "black", True, "black: {value:.0%} of it is black, from {limit:.0%} on it is junk"),
    QualityTest("flat", "contrast", False, "flat: its contrast is {value:.1f}, up to {limit:g} it is junk"),
    QualityTest("underexposed", "lights", False, "underexposed: its lights reach {value:.0f} of 255, up to {limit:g} "
                "it is junk"),
    QualityTest("overexposed", "white", True, "overexposed: {value:.0%} is blown out, from {limit:.0%} on it is junk"),
    QualityTest("blurred", "blur", True, "blurred: its blur is {value:.2f}, from {limit:g} on it is junk"),
    QualityTest("faded", "faded", True, "cross-fade: another picture shows through by {value:.0%}, from {limit:.0%} on "
                "it is junk"),
)  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Suggestions:
    """The class of each frame and what led to it; arrays have a row per frame.

    Attributes:
        frames: ids.
        ranked: the classes but for junk, in order.
        junk: class of what failed a test of quality; None where the task has none.
        class_index: (frames,), position in `ranked`; -1 is junk.
        failed_test: (frames,), position in QUALITY_TESTS; -1 for none.
        failed_value: (frames,), what was measured in that test.
        score: (frames,), 0 to 1, how rare; NaN for junk.
        share: (frames,), share of the frames that are no junk (of the project or the group) with a lower score.
        alone: (frames,), 0 to 1, share of the frames that are less alone; NaN for junk.
        twins: (frames,), how many other frames have the same picture.
        likes: (frames,), how many near-duplicates it has, as far as they are counted; one at the limit counts 0.37.
        nearest: (frames,), distance of the nearest frame.
        nearest_frame: (frames,), position of the nearest frame; -1 for junk and where there is no other.
        subject: (frames,), position in `subjects` of the scarcest; -1 where none is known.
        subjects: every subject, as first written.
        subject_counts: (subjects,), in how many frames it is.
        stayed: (frames,), whether an earlier suggestion stands that would not be made anew.
        edges: scope ("" for the project, or the group) -> the score up to which each ranked class but the last goes.
    """

    frames: tuple[str, ...]
    ranked: tuple[str, ...]
    junk: str | None
    settings: SuggestSettings
    class_index: Ints
    failed_test: Ints
    failed_value: Floats
    score: Floats
    share: Floats
    alone: Floats
    twins: Ints
    likes: Floats
    nearest: Floats
    nearest_frame: Ints
    subject: Ints
    subjects: tuple[str, ...]
    subject_counts: Ints
    stayed: npt.NDArray[np.bool_]
    edges: Mapping[str, tuple[float, ...]]

    def __len__(self) -> int:
        return len(self.frames)

    def class_of(self, place: int) -> str:
        """Return the class of the frame at a position."""
        index = int(self.class_index[place])
        return self.ranked[index] if index >= 0 else str(self.junk)


def check_suggestible(task: Task, *, where: object) -> None:
    """Raise ProjectError unless the project says how the task's classes are shared out."""
    if task.suggest.quantiles:
        return
    *counted, last = task.ranked
    left = [1 - _SHARE_LEFT ** (number + 1) for number in range(len(counted))]
    proposed = ", ".join(f'"{name}" = {share:.3g}' for name, share in zip(counted, left, strict=True))
    raise ProjectError(
        f"{where}: nothing says that the classes of {task.name} run from common to rare, and how many frames each "
        "holds. "
        f"If they do, write it, each up to which share of the frames ('{last}' takes what is left):\n"
        f"  [tasks.{task.name}.suggest]\n  quantiles = {{ {proposed} }}"
    )


def plan_suggestions(
    task: Task,
    features: Floats,
    *,
    frames: Sequence[str],
    groups: Sequence[str],
    quality: Quality,
    subjects: Mapping[str, Sequence[str]],
    earlier: Mapping[str, str],
    progress: Progress = silent,
) -> Suggestions:
    """Return a class for every frame, from junk by quality, then by how alone its picture and scarce its subjects are.

    A frame is alone by how few near-duplicates it has, junk left out: of its `neighbours` nearest frames each counts
    exp(-(distance / limit) ** 4), where the limit is `near` times the median distance between two pictures; those of
    the same picture count 1. Among frames without any, the one whose nearest are farther is more alone. Its subject
    counts by the fewest frames that any of its subjects is in; a frame of which nobody
    says what is in it counts as the middle one. Both are taken as ranks, weighed, and their mean ranked once more:
    the share of frames with a lower score decides. Frames of one picture get one class (within a group, where shares
    are taken per group), and so do all frames of one score: the commoner of two.

    Args:
        features: (frames, length), near for pictures that look alike, the same for the same picture.
        frames: ids, in the order of `features`.
        groups: of each frame.
        subjects: frame id -> what is in its picture; frames that are not suggested for count too.
        earlier: frame id -> the class that was suggested for it before; see `SuggestSettings.stay`.
        progress: told of different pictures.

    Raises:
        ValueError: the arguments are not of one length, or the task's classes have no quantiles.
    """
    settings = task.suggest
    if not len(features) == len(frames) == len(groups) == len(quality):
        raise ValueError(
            f"each frame needs features, a group and its quality, got {len(frames)} frames, {len(features)}, "
            f"{len(groups)} and {len(quality)}"
        )
    if list(settings.quantiles) != list(task.ranked[:-1]):
        raise ValueError(f"task {task.name} has no quantiles for its classes")
    failed_test, failed_value = _failed_tests(quality, settings, judged=task.junk is not None)
    good = np.flatnonzero(failed_test < 0)
    picture, count = _same_pictures(features[good])
    near = _near(features[good], picture, count, settings, progress)
    names, counts, scarcest = _scarcest_subjects([frames[row] for row in good.tolist()], subjects, picture, count)
    alone = _middle_ranks(near.aloneness)
    score = _scores(alone, scarcest, counts, settings)
    scopes = [groups[row] if settings.per == "group" else "" for row in good.tolist()]
    share, edges = _shares(score, scopes, tuple(settings.quantiles.values()))
    index = np.searchsorted(np.array(list(settings.quantiles.values())), share, side="right").astype(np.int64)
    kept = _stay(index, share, _earlier_of(frames, good, picture, count, earlier, task.ranked), settings)

    def spread(values: npt.NDArray[np.generic], missing: float) -> npt.NDArray[np.generic]:
        whole = np.full(len(frames), missing, values.dtype)
        whole[good] = values
        return whole

    return Suggestions(
        frames=tuple(frames),
        ranked=task.ranked,
        junk=task.junk,
        settings=settings,
        class_index=np.asarray(spread(kept, -1), np.int64),
        failed_test=failed_test,
        failed_value=failed_value,
        score=np.asarray(spread(score, np.nan), np.float32),
        share=np.asarray(spread(share, np.nan), np.float32),
        alone=np.asarray(spread(alone, np.nan), np.float32),
        twins=np.asarray(spread(np.bincount(picture, minlength=count)[picture] - 1, 0), np.int64),
        likes=np.asarray(spread(near.likes, np.nan), np.float32),
        nearest=np.asarray(spread(near.nearest, np.nan), np.float32),
        nearest_frame=np.asarray(spread(np.where(near.place >= 0, good[near.place], -1), -1), np.int64),
        subject=np.asarray(spread(scarcest, -1), np.int64),
        subjects=names,
        subject_counts=counts,
        stayed=np.asarray(spread(kept != index, 0), np.bool_),
        edges=edges,
    )


def describe_reason(suggestions: Suggestions, place: int, names: Sequence[str]) -> str:
    """Return why the frame at a position got its class, in a line.

    Args:
        names: of all frames, in the order of the suggestions.
    """
    test = int(suggestions.failed_test[place])
    if test >= 0:
        failed = QUALITY_TESTS[test]
        limit = getattr(suggestions.settings, failed.name)
        return failed.says.format(value=float(suggestions.failed_value[place]), limit=limit)
    said = [_describe_nearness(suggestions, place, names)]
    subject = int(suggestions.subject[place])
    if subject >= 0:
        held = int(suggestions.subject_counts[subject])
        said.append(f"'{suggestions.subjects[subject]}' is in {held:,} {'frame' if held == 1 else 'frames'}")
    if suggestions.stayed[place]:
        said.append(f"near an edge, and was {suggestions.class_of(place)} before")
    return "; ".join(said)


def count_suggested(suggestions: Suggestions, rows: Sequence[int]) -> dict[str, int]:
    """Return class -> how many of the rows have it, junk first; every class is there."""
    counted = np.bincount(
        suggestions.class_index[np.asarray(rows, np.int64)] + 1, minlength=len(suggestions.ranked) + 1
    )
    names = [] if suggestions.junk is None else [suggestions.junk]
    first = 1 - len(names)
    return dict(zip([*names, *suggestions.ranked], counted[first:].tolist(), strict=True))


def median_likes(suggestions: Suggestions, rows: Sequence[int]) -> dict[str, float]:
    """Return class -> the median number of near-duplicates of its frames among the rows; no junk, no empty class."""
    asked = np.asarray(rows, np.int64)
    of = {name: suggestions.likes[asked[suggestions.class_index[asked] == place]]
          for place, name in enumerate(suggestions.ranked)}  # fmt: skip
    return {name: float(np.median(likes)) for name, likes in of.items() if len(likes)}


def choose_examples(suggestions: Suggestions, rows: Sequence[int], *, per_class: int) -> list[int]:
    """Return at most `per_class` of the rows for each class, evenly from its commonest to its rarest; junk by test."""
    chosen: list[int] = []
    asked = np.asarray(rows, np.int64)
    for index in range(-1, len(suggestions.ranked)):
        members = asked[suggestions.class_index[asked] == index]
        ids = np.array([suggestions.frames[row] for row in members.tolist()], np.str_)
        how = suggestions.failed_test[members] if index < 0 else suggestions.score[members]
        members = members[np.lexsort((ids, how))]
        places = np.linspace(0, len(members) - 1, min(per_class, len(members))).round().astype(np.int64)
        chosen += members[places].tolist()
    return chosen


def _describe_nearness(suggestions: Suggestions, place: int, names: Sequence[str]) -> str:
    other, twins = int(suggestions.nearest_frame[place]), int(suggestions.twins[place])
    if other < 0:
        return "the only picture"
    rank = f"more alone than {float(suggestions.alone[place]):.1%} of frames"
    if twins:
        return f"{rank}: the same picture as {names[other]}" + (f" and {twins - 1:,} more" if twins > 1 else "")
    likes, most = float(suggestions.likes[place]), suggestions.settings.neighbours
    counted = (
        "no near-duplicate" if likes < 0.05 else f"{likes:.1f} near-duplicates" if likes < most else "many of them"
    )
    return f"{rank}: {counted}, the nearest frame is {names[other]} at {float(suggestions.nearest[place]):.2f}"


def _failed_tests(quality: Quality, settings: SuggestSettings, *, judged: bool) -> tuple[Ints, Floats]:
    """Return (frames,) the first test that each fails, -1 for none, and what was measured in it."""
    failed = np.full(len(quality), -1, np.int64)
    value = np.full(len(quality), np.nan, np.float32)
    for number, test in enumerate(QUALITY_TESTS if judged else ()):
        measured, limit = getattr(quality, test.measure), getattr(settings, test.name)
        fails = (measured >= limit if test.fails_from else measured <= limit) & (failed < 0)
        if test.name == "faded":
            fails &= measured > 0
        failed[fails] = number
        value[fails] = measured[fails]
    return failed, value


def _same_pictures(features: Floats) -> tuple[Ints, int]:
    """Return (frames,) the number of each frame's picture, whose order hangs on the pictures alone; their count."""
    if not len(features):
        return np.empty(0, np.int64), 0
    plain = np.ascontiguousarray(features, np.float32) + np.float32(0)  # so that -0 is 0
    rows = plain.view(np.dtype((np.void, plain.shape[1] * plain.itemsize))).ravel()
    unique, picture = np.unique(rows, return_inverse=True)
    return picture.astype(np.int64), len(unique)


@dataclass(frozen=True, slots=True, eq=False)
class _Near:
    """How alone each frame is, how many near-duplicates it has, and the nearest frame; (frames,) each."""

    aloneness: Floats
    likes: Floats
    nearest: Floats
    place: Ints


def _near(features: Floats, picture: Ints, count: int, settings: SuggestSettings, progress: Progress) -> _Near:
    held = np.bincount(picture, minlength=count)
    first, last = np.full(count, len(picture)), np.full(count, -1)
    np.minimum.at(first, picture, np.arange(len(picture)))
    np.maximum.at(last, picture, np.arange(len(picture)))
    if len(picture) < 2:
        nothing = np.zeros(len(picture), np.float32)
        return _Near(nothing, nothing, nothing, np.full(len(picture), -1, np.int64))
    different = features[first]
    found = nearest_neighbours(different, settings.neighbours, progress=progress)
    # The frames of the same picture come first, at distance 0; each neighbour stands for all frames of its picture.
    weights = np.concatenate([held[:, None] - 1, held[found.places]], axis=1)
    distances = np.concatenate([np.zeros((count, 1), np.float32), found.distances], axis=1)
    so_far = np.minimum(np.cumsum(weights, axis=1), settings.neighbours)
    used = np.diff(so_far, axis=1, prepend=0)
    typical = _typical_distance(different)
    likes = (used * np.exp(-((distances / (settings.near * typical)) ** _STEEP))).sum(axis=1)
    mean = (used * distances).sum(axis=1) / used.sum(axis=1)
    aloneness = 1e-3 * mean / typical - np.log(likes + _LEAST_LIKES)
    alone = held == 1
    nearest = np.where(alone, distances[:, -1], 0)
    place = last.copy()
    if found.places.shape[1]:
        nearest = np.where(alone, distances[:, 1], 0)
        place = np.where(alone, first[found.places[:, 0]], last)
    place = np.asarray(place, np.int64)[picture]
    # The last frame of a picture names its first, all others name the last.
    own = place == np.arange(len(picture))
    place[own] = first[picture[own]]
    return _Near(
        aloneness[picture].astype(np.float32),
        likes[picture].astype(np.float32),
        nearest[picture].astype(np.float32),
        place,
    )


def _typical_distance(different: Floats) -> float:
    """Return the median distance between two of the pictures, by a sample of pairs; 1 where there is one picture."""
    if len(different) < 2:
        return 1.0
    dice = np.random.default_rng(_SEED)
    one = dice.integers(0, len(different), _PAIRS)
    other = (one + dice.integers(1, len(different), _PAIRS)) % len(different)
    return float(np.median(np.linalg.norm(different[one] - different[other], axis=1)))


def _scarcest_subjects(
    frames: Sequence[str], subjects: Mapping[str, Sequence[str]], picture: Ints, count: int
) -> tuple[tuple[str, ...], Ints, Ints]:
    """Return every subject, in how many frames each is, and (frames,) the scarcest of each frame's picture, or -1."""
    written: dict[str, str] = {}
    counted: Counter[str] = Counter()
    stated: list[tuple[str, ...]] = []
    for frame in frames:
        folded = dict.fromkeys(word.strip().casefold() for word in subjects.get(frame, ()) if word.strip())
        for word in subjects.get(frame, ()):
            written.setdefault(word.strip().casefold(), word.strip())
        counted.update(folded.keys())
        stated.append(tuple(folded))
    order = sorted(counted, key=lambda word: (counted[word], word))  # the scarcest first
    number = {word: place for place, word in enumerate(order)}
    none = len(order)
    of_picture = np.full(count, none, np.int64)
    for row, words in enumerate(stated):
        if words:
            of_picture[picture[row]] = min(of_picture[picture[row]], min(number[word] for word in words))
    scarcest = of_picture[picture]
    return (
        tuple(written[word] for word in order),
        np.array([counted[word] for word in order], np.int64),
        np.where(scarcest == none, -1, scarcest),
    )


def _scores(alone: Floats, scarcest: Ints, counts: Ints, settings: SuggestSettings) -> Floats:
    """Return (frames,) the weighed mean of both ranks; of the first alone where no subject is known at all."""
    known = scarcest >= 0
    if not known.any() or not settings.subjects:
        return alone
    scarce = np.full(len(alone), 0.5, np.float32)
    scarce[known] = _middle_ranks(-counts[scarcest[known]].astype(np.float32))
    both = settings.density * alone + settings.subjects * scarce
    return np.asarray(both / (settings.density + settings.subjects), np.float32)


def _middle_ranks(values: Floats) -> Floats:
    """Return (n,) the share of values that are less, equals counted half: 0 to 1."""
    ordered = np.sort(values)
    below = np.searchsorted(ordered, values, side="left") + np.searchsorted(ordered, values, side="right")
    return np.asarray(below / max(2 * len(values), 1), np.float32)


def _shares(
    score: Floats, scopes: Sequence[str], quantiles: Sequence[float]
) -> tuple[npt.NDArray[np.float64], dict[str, tuple[float, ...]]]:
    """Return (frames,) the share of frames of the same scope with a lower score, and the edges of each scope."""
    names, scope = np.unique(np.array(scopes, np.str_), return_inverse=True)
    share = np.empty(len(score), np.float64)
    edges: dict[str, tuple[float, ...]] = {}
    for number, name in enumerate(names.tolist()):
        rows = np.flatnonzero(scope == number)
        ordered = np.sort(score[rows])
        share[rows] = np.searchsorted(ordered, score[rows], side="left") / len(rows)
        last = np.minimum(np.ceil(np.array(quantiles) * len(rows) - 1e-9).astype(np.int64), len(rows)) - 1
        edges[str(name)] = tuple(float(ordered[place]) for place in last)
    return share, edges


def _earlier_of(
    frames: Sequence[str], good: Ints, picture: Ints, count: int, earlier: Mapping[str, str], ranked: Sequence[str]
) -> Ints:
    """Return (good frames,) what was suggested for each one's picture before, -1 where nothing or several were."""
    number = {name: place for place, name in enumerate(ranked)}
    least, most = np.full(count, len(ranked)), np.full(count, -1)
    for row, frame in enumerate(frames[place] for place in good.tolist()):
        before = number.get(earlier.get(frame, ""), -1)
        if before >= 0:
            least[picture[row]] = min(least[picture[row]], before)
            most[picture[row]] = max(most[picture[row]], before)
    return np.where(least == most, most, -1)[picture].astype(np.int64)


def _stay(index: Ints, share: npt.NDArray[np.floating], before: Ints, settings: SuggestSettings) -> Ints:
    """Return the classes, an earlier one where the frame lies no farther beyond its edges than it may."""
    ends = np.array([0.0, *settings.quantiles.values(), 1.0])
    widths = np.diff(ends)
    slack = settings.stay * np.array([min(one, other) for one, other in pairwise(widths.tolist())])
    low, high = ends[:-1].copy(), ends[1:].copy()
    low[1:] -= slack
    high[:-1] += slack
    known = before >= 0
    stays = known & (share >= low[before]) & (share < high[before])
    return np.where(stays, before, index)
