"""Films as predictions about their shots: the cuts are found, or stated, and each shot is answered."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from rushes.bundles.shot_bundle import ShotBundle, open_shot_bundle
from rushes.datasets.shot_frames import rows_of
from rushes.datasets.shot_sample import ShotSample, UnusableShot
from rushes.datasets.shot_samples import cuts_inside, read_found_shots
from rushes.errors import MediaError
from rushes.footage.cuts import is_blank
from rushes.footage.found_shots import FoundShots, find_shots, why_no_film
from rushes.footage.kinds import find_media, kind_of
from rushes.footage.movement import motion_features, motion_series
from rushes.footage.movement_words import NOT_FOLLOWED, TOO_SHORT, describe_motion, longest_part
from rushes.footage.photo import is_animation
from rushes.footage.shot import Shot
from rushes.footage.source import Unreadable
from rushes.inference.predict import NoteFetched, forget
from rushes.inference.prediction import Scores
from rushes.inference.shot_list import ShotList
from rushes.inference.shot_prediction import ShotPrediction, ShotsPrediction
from rushes.inference.shot_predictor import ShotPredictor
from rushes.progress import Progress, noting, silent
from rushes.scale.engine import Engine, Lost, Seat, Work, in_order
from rushes.storage.places import Place
from rushes.storage.reading import Fetched, held, local_state, require_unchanged
from rushes.timelines.timeline import timecode_of_frame

_BUNDLE = "bundle"
_FILM_SECONDS = 6 * 3600.0  # a film of three hours, scanned at half its speed
_WORTH_FILMS = 4  # from here on processes of their own are started: a film takes minutes
_NAMED = 3  # shots in a warning
_NO_FRAMES = np.zeros((0, 1, 1, 3), np.uint8)


def find_films(places: Iterable[Place]) -> tuple[list[Place], list[Unreadable], int]:
    """Return the films at places and below folders, what cannot be read, and how many stills were passed over.

    Stills in folders are passed over; one that is named is what cannot be read.
    """
    films: list[Place] = []
    unreadable: list[Unreadable] = []
    stills = 0
    for place in places:
        try:
            files = find_media(place, passed_over=unreadable.append)
        except MediaError as error:
            unreadable.append(Unreadable(error.path, error.reason))
            continue
        if list(files) == [place]:
            film = kind_of(place) not in ("photo", "raw")
            films += [place] if film else []
            unreadable += (
                [] if film else [Unreadable(str(place), why_no_film(place) if is_animation(place) else _STILL)]
            )
            continue
        found = [file for file in files if kind_of(file) == "video"]
        stills += len(files) - len(found)
        films += found
        if not found:
            unreadable.append(Unreadable(str(place), "holds no video, and this bundle answers about the shots of "
                                                     "films. Name a film, or another folder"))  # fmt: skip
    return films, unreadable, stills


SCANNED, ANSWERED = "frames scanned", "shots looked at"  # what is counted, one after the other
_STILL = "is a photograph, and this bundle answers about the shots of films. Give a video, or a bundle of pictures"


def predict_shots(
    predictor: ShotPredictor,
    film: Place,
    *,
    stated: ShotList | None = None,
    scans: Path | None = None,
    threads: int = 0,
    progress: Progress = silent,
    note_fetched: NoteFetched = forget,
) -> ShotsPrediction | Unreadable:
    """Return the prediction for the shots of a film; a film that cannot be read says why.

    The film is scanned once, or its kept scan is read: from it come the cuts and the motion. Frames, where the bundle
    looks at any, are then decoded sparsely, for which ones they are follows from the cuts.

    Args:
        stated: the shots, where they are known; None finds them.
        scans: folder in which scans are kept; None keeps none.
        threads: for decoding; 0 takes one per core.
        progress: told of the frames that are scanned, and then, from the start again, of shots; the note says which.
        note_fetched: told what came over the network for a remote film.
    """
    before = local_state(film)
    try:
        with held(film) as remote:
            found = find_shots(film, scans=scans, threads=threads, progress=noting(progress, SCANNED))
            shots = found.shots if stated is None else _stated_shots(stated, found, film)
            predicted = tuple(
                answer_shots(predictor, film, found, shots, threads=threads, progress=noting(progress, ANSWERED))
            )
            if remote is not None:
                note_fetched(remote.fetched)
        require_unchanged(film, before)
    except MediaError as error:
        return Unreadable(str(film), error.reason)
    warnings = list(found.index.warnings)
    if found.unkept is not None:
        warnings.append(f"the scan was not kept: {found.unkept}. The answers are whole")
    warnings += _warn_of_cuts(shots, found)
    if not found.index.constant_rate:
        warnings.append("its frames do not stand evenly: timecodes keep to the nearest frames, seconds are exact")
    return ShotsPrediction(
        path=str(film),
        source=found.source.digest,
        shots=predicted,
        duration_seconds=found.index.duration_seconds,
        lost_frames=found.lost_frames,
        warnings=tuple(warnings),
    )


@dataclass(frozen=True, slots=True)
class AnsweredFilm:
    """The prediction for a film, and what of it came over the network."""

    answer: ShotsPrediction | Unreadable
    fetched: tuple[Fetched, ...] = ()


def predict_films(
    engine: Engine,
    bundle: ShotBundle,
    films: Sequence[Place],
    *,
    runtime: str,
    stated: ShotList | None = None,
    scans: Path | None = None,
    progress: Progress = silent,
) -> Iterator[AnsweredFilm]:
    """Give the prediction for each film, in their order, by an engine; else as `predict_shots`.

    A film that ended its process, or took too long, is Unreadable.

    Args:
        progress: counts films; where there is one only, and it is read in this process, as `predict_shots` says.

    Raises:
        BundleError: the bundle cannot be run.
    """
    here = _InThisProcess(progress) if len(films) == 1 else silent
    work = Work(
        partial(build_shots, runtime=runtime, stated=stated, keeps=scans is not None, progress=here),
        "films",
        files={_BUNDLE: bundle.folder},
        fills=scans,
        together=1,
        seconds=_FILM_SECONDS,
        worth=_WORTH_FILMS,
    )
    for done in in_order(engine.map(work, films, progress=silent if len(films) == 1 else progress)):
        answer = done.answer
        yield AnsweredFilm(Unreadable(str(done.item), answer.reason)) if isinstance(answer, Lost) else answer


class _InThisProcess:
    """Progress that is told by the process that asks; sent to another, it is silent there."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress

    def __call__(self, done: int, total: int | None, note: str = "") -> None:
        self._progress(done, total, note)

    def __reduce__(self) -> tuple[Callable[[], Progress], tuple[()]]:
        return _silent, ()


def _silent() -> Progress:
    return silent


def build_shots(
    seat: Seat, *, runtime: str, stated: ShotList | None, keeps: bool, progress: Progress
) -> Callable[[Sequence[Place]], list[AnsweredFilm]]:
    """Return what answers films about their shots, with the bundle loaded."""
    predictor = ShotPredictor(open_shot_bundle(seat.files[_BUNDLE]), threads=seat.threads, runtime=runtime)
    scans = seat.folder if keeps else None

    def answer(films: Sequence[Place]) -> list[AnsweredFilm]:
        found = []
        for film in films:
            fetched: list[Fetched] = []
            predicted = predict_shots(
                predictor, film, stated=stated, scans=scans, threads=seat.threads, progress=progress,
                note_fetched=fetched.append,
            )  # fmt: skip
            found.append(AnsweredFilm(predicted, tuple(fetched)))
        return found

    return answer


def answer_shots(
    predictor: ShotPredictor,
    film: Place,
    found: FoundShots,
    shots: Sequence[Shot],
    *,
    threads: int = 0,
    progress: Progress = silent,
) -> Iterator[ShotPrediction]:
    """Yield a bundle's answers for shots of a film that was scanned, in their order; blank ones are not answered.

    Raises:
        MediaError: the film cannot be opened.
    """
    asked = [shot for shot in shots if not shot.blank]
    answered: dict[Shot, ShotPrediction] = {}
    waiting: list[tuple[Shot, ShotSample]] = []
    numbers = {shot: number for number, shot in enumerate(shots, start=1)}

    def answer() -> None:
        for (shot, sample), scores in zip(waiting, predictor.scores([one for _, one in waiting]), strict=True):
            plain = _unanswered(found, shot, numbers[shot], note="; ".join(_notes(predictor, sample)))
            reasons = _reasons(predictor, found, sample, plain, scores)
            answered[shot] = replace(plain, scores=scores, reasons=reasons, above=predictor.find_above(scores))
        waiting.clear()

    for shot, sample in zip(asked, _samples_of(predictor, film, found, asked, threads, progress), strict=True):
        if isinstance(sample, UnusableShot):
            answered[shot] = _unanswered(found, shot, numbers[shot], note=sample.reason)
        else:
            waiting.append((shot, sample))
        if len(waiting) == predictor.batch_size:
            answer()
    answer()
    for shot in shots:
        yield answered.get(shot) or _unanswered(found, shot, numbers[shot], note="blank")


def _samples_of(
    predictor: ShotPredictor,
    film: Place,
    found: FoundShots,
    shots: Sequence[Shot],
    threads: int,
    progress: Progress,
) -> Iterator[ShotSample | UnusableShot]:
    """Yield what the bundle is shown of each shot: frames are decoded only where it looks at any."""
    if predictor.bundle.looks:
        with held(film):
            yield from read_found_shots(
                film,
                found.index,
                found.signals,
                shots,
                predictor.bundle.reading,
                faces=predictor.faces,
                threads=threads,
                progress=progress,
            )
        return
    for shot in shots:
        series = motion_series(found.signals, shot.start, shot.stop)
        cuts = cuts_inside(shot, _cuts_of(found), found.signals.rate)
        yield ShotSample(_NO_FRAMES, np.zeros(0, np.int64), None, series, motion_features(series), cuts)


def _cuts_of(found: FoundShots) -> list[int]:
    return [shot.opening.ordinal for shot in found.shots if shot.opening is not None]


def _notes(predictor: ShotPredictor, sample: ShotSample) -> tuple[str, ...]:
    """Return what to know of a shot: where its motion says nothing, an answer about it is what is usual."""
    notes = sample.notes
    if sample.cuts:
        notes += (f"a cut lies inside it, at frame {', '.join(map(str, sample.cuts))}",)
    if predictor.moving and not sample.series.trusted.any():
        notes += (NOT_FOLLOWED if len(sample.series.seconds) else TOO_SHORT,)
    return notes


def _warn_of_cuts(shots: Sequence[Shot], found: FoundShots) -> list[str]:
    """Return what to say where stated shots have cuts inside: their list is wrong, or they are no single shots."""
    cuts = _cuts_of(found)
    inside = [(number, cuts_inside(shot, cuts, found.signals.rate)) for number, shot in enumerate(shots, start=1)]
    named = [f"shot {number} at frame {', '.join(map(str, there))}" for number, there in inside if there]
    if not named:
        return []
    more = f", and {len(named) - _NAMED} more" if len(named) > _NAMED else ""
    return [
        f"{len(named)} of {len(shots)} stated shots have a cut inside ({'; '.join(named[:_NAMED])}{more}), and each is "
        "answered as one. Check where they begin and end: rushes shots FILM prints the cuts"
    ]


def _reasons(
    predictor: ShotPredictor,
    found: FoundShots,
    sample: ShotSample,
    plain: ShotPrediction,
    scores: Mapping[str, Scores],
) -> dict[str, str]:
    """Return what was measured for each answer about movement: over a cut nothing is added up."""
    series, where = sample.series, ""
    if sample.cuts:
        start, stop = longest_part(plain.start, plain.stop, sample.cuts)
        series, where = motion_series(found.signals, start, stop), f", in frames {start} to {stop - 1}"
    answers = replace(plain, scores=scores).answers
    return {task: describe_motion(series, answers[task].class_name.casefold()) + where for task in predictor.moving}


def _unanswered(found: FoundShots, shot: Shot, number: int, *, note: str) -> ShotPrediction:
    index = found.index
    ends = index.duration_seconds if shot.stop == index.frame_count else index.seconds_at(shot.stop)
    return ShotPrediction(
        number=number,
        start=shot.start,
        stop=shot.stop,
        start_seconds=index.seconds_at(shot.start),
        stop_seconds=ends,
        start_timecode=str(timecode_of_frame(index, shot.start)),
        stop_timecode=str(timecode_of_frame(index, shot.stop)),
        note=note,
    )


def _stated_shots(stated: ShotList, found: FoundShots, film: Place) -> list[Shot]:
    """Return the shots that a list states of a film.

    Raises:
        MediaError: the list is of other films, or goes beyond the film's end.
    """
    shots = []
    for start, stop in stated.of_film(film, digest=found.source.digest, frame_count=found.index.frame_count):
        rows = rows_of(found.signals, start, stop)
        blank = bool(rows.frame_count and is_blank(rows).all())
        shots.append(Shot(found.source.digest, start, stop, None, start, start, blank))
    return shots
