"""A folder of photographs as a cull: looked at, put in order, and decided by what the photographer asks for."""

from __future__ import annotations

import filecmp
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt

from rushes.bundles.bundle import Bundle
from rushes.bundles.known_answers import PARTS, read_answers
from rushes.errors import MediaError, UsageError, did_you_mean
from rushes.footage.kinds import find_media, kind_of, natural_key
from rushes.footage.pairs import Photograph
from rushes.footage.photographs import find_photographs
from rushes.footage.series import find_series
from rushes.footage.source import Unreadable
from rushes.footage.sources import address_of
from rushes.inference.cull_control import Control, Promise, choose_control, expected_misses
from rushes.inference.cull_gathered import Gathered
from rushes.inference.cull_look import Looking, look_at_photographs, look_by_engine
from rushes.inference.cull_plan import Rules, ScoredPhotograph, plan_verdicts
from rushes.inference.predictor import Predictor
from rushes.inference.verdicts import Cull, Seen
from rushes.learning.calibration import calibrated
from rushes.learning.predictions import Predictions
from rushes.progress import Progress, silent
from rushes.scale.engine import Engine

_HEAD_BYTES = 64 << 10
# Words for a class of photographs to keep, the first that a bundle has being taken.
GOOD_WORDS = ("select", "pick", "keep", "keeper", "good", "yes")


@dataclass(frozen=True, slots=True)
class FoundPhotographs:
    """What lies in a folder.

    Attributes:
        photographs: each raw with what the camera wrote beside it as one, in natural order.
        videos: how many films were passed over.
        passed_over: what could not be listed.
        gathered: files that an earlier cull copied or linked here of photographs that are here, which were left out.
        twins: pairs of photographs of the same bytes.
    """

    photographs: tuple[Photograph, ...]
    videos: int
    passed_over: tuple[Unreadable, ...]
    gathered: tuple[Path, ...] = ()
    twins: tuple[tuple[Path, Path], ...] = ()


def find_shoot(folder: Path, *, gathered: Gathered | None = None) -> FoundPhotographs:
    """Return the photographs below a folder.

    Args:
        gathered: what earlier culls gathered.

    Raises:
        MediaError: there is no such folder, or no photograph in it.
    """
    passed_over: list[Unreadable] = []
    folder = Path(address_of(folder))
    files = [Path(address_of(file)) for file in find_media(folder, passed_over=passed_over.append)]
    copies = tuple(file for file in files if gathered is not None and gathered.is_of(file, folder))
    files = [file for file in files if file not in set(copies)] if copies else files
    stills = [file for file in files if kind_of(file) != "video"]
    if not stills:
        raise MediaError(folder, "holds no photograph and no camera raw. Name the folder of a shoot")
    photographs = tuple(find_photographs(stills))
    twins = tuple(_find_twins([Path(address_of(one.main)) for one in photographs]))
    return FoundPhotographs(photographs, len(files) - len(stills), tuple(passed_over), copies, twins)


def _find_twins(files: Sequence[Path]) -> Iterator[tuple[Path, Path]]:
    """Yield each file that has the bytes of an earlier one, behind that one; what cannot be read has none.

    Raws of one camera may be of one size, but state their time, number or shutter count near their beginning.
    """
    by_size: dict[int, list[Path]] = {}
    for file in files:
        with suppress(OSError):
            by_size.setdefault(file.stat().st_size, []).append(file)
    for alike in (group for group in by_size.values() if len(group) > 1):
        first: dict[bytes, Path] = {}
        for file in alike:
            with suppress(OSError):
                with file.open("rb") as opened:
                    earlier = first.setdefault(opened.read(_HEAD_BYTES), file)
                if earlier is not file and filecmp.cmp(earlier, file, shallow=False):
                    yield earlier, file


def good_class(bundle: Bundle, stated: str | None) -> str:
    """Return the class of photographs to keep: the one that is stated, or the one whose name says so.

    Raises:
        UsageError: the bundle has no such class, or none by whose name it could be told.
    """
    if stated is not None:
        if stated not in bundle.classes:
            raise UsageError(f"--class {stated}: {did_you_mean(stated, list(bundle.classes))}")
        return stated
    folded = {name.casefold(): name for name in bundle.classes}
    known = next((folded[word] for word in GOOD_WORDS if word in folded), None)
    if known is None:
        raise UsageError(
            f"which class of {bundle.task} is to be kept? Say it with --class: the bundle has "
            f"{', '.join(bundle.classes)}"
        )
    return known


def known_answers(bundle: Bundle) -> dict[str, Predictions]:
    """Return part -> what a bundle answered there, as it calibrates its answers.

    Raises:
        BundleError: they were altered, or cannot be understood.
    """
    answers = {part: read_answers(bundle, part, bundle.classes) for part in PARTS}
    return {part: calibrated(one, bundle.calibration) for part, one in answers.items() if one is not None}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a cull is asked for.

    Attributes:
        class_name: of the photographs to keep.
        best_of_burst: how many of a burst are picked at most; None for no bound.
        audited: share of the rejects that is put up for review.
    """

    control: Control
    class_name: str
    best_of_burst: int | None = None
    audited: float = 0.05


def cull_folder(
    predictor: Predictor,
    folder: Path,
    found: FoundPhotographs,
    looking: Looking,
    wanted: Wanted,
    *,
    name: str,
    now: datetime,
    engine: Engine | None = None,
    progress: Progress = silent,
) -> tuple[Cull, Seen]:
    """Return the proposal for a shoot, with sizes and times of its files as they were judged.

    Nothing but what was seen of photographs is written anywhere.

    Args:
        engine: looks at photographs; None looks in this process.

    Raises:
        UsageError: a recall is asked for that the bundle's validation cannot tell.
        MediaError: the folder went away.
    """
    bundle = predictor.bundle
    answers = known_answers(bundle)
    if wanted.control.kind == "recall":  # what cannot be chosen is said before an hour of reading
        choose_control(wanted.control, answers, class_name=wanted.class_name)
    seen: list[ScoredPhotograph] = []
    lost: list[Unreadable] = list(found.passed_over)
    failed = {} if engine is None else look_by_engine(engine, bundle, found.photographs, looking, progress=progress)
    lost += failed.values()
    photographs = [one for one in found.photographs if str(one.main) not in failed]
    for one in look_at_photographs(predictor, photographs, looking, progress=progress):
        if isinstance(one, Unreadable):
            lost.append(one)
        else:
            seen.append(one)
            lost += [Unreadable(one.path, one.flaw)] if one.flaw else []
    ordered = in_order(seen)
    scores = np.array([one.score for one in ordered], np.float32)
    promise = choose_control(wanted.control, answers, class_name=wanted.class_name, scores=scores)
    series = find_series([one.facts for one in ordered])
    rules = Rules(promise.threshold, wanted.best_of_burst, wanted.audited)
    verdicts = plan_verdicts(ordered, series, rules, seed=f"{bundle.id} {folder.name}")
    rejected = np.array([one.verdict == "reject" for one in verdicts], np.bool_)
    made = Cull(
        name=name,
        created_at=f"{now:%Y-%m-%dT%H:%M:%SZ}",
        folder=address_of(folder),
        task=bundle.task,
        class_name=wanted.class_name,
        bundle=bundle.id,
        bundle_path=str(bundle.folder.resolve()),
        control=str(wanted.control),
        threshold=promise.threshold,
        verdicts=verdicts,
        series=tuple(series),
        unreadable=tuple(lost),
        promise=promise_table(promise, scores, rejected),
        takes_measures=bundle.measures is not None,
    )
    return made, {path: state for one in seen for path, state in one.seen.items()}


def in_order(photographs: Sequence[ScoredPhotograph]) -> list[ScoredPhotograph]:
    """Return photographs as they were taken, those without a time last, by name."""
    return sorted(
        photographs,
        key=lambda one: (one.facts.captured_at is None, one.facts.captured_at or "", natural_key(one.path)),
    )


def promise_table(
    promise: Promise, scores: npt.NDArray[np.float32], rejected: npt.NDArray[np.bool_]
) -> Mapping[str, object]:
    """Return what can be said of a cull, as plain values: the promise, and the misses that are expected here."""
    likely, low, high = expected_misses(scores, rejected, promise.threshold, promise)
    expected = {"keepers": float(scores.sum()), "misses": likely, "misses_low": low, "misses_high": high}
    return promise.to_table() | {"here": expected}
